from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.report import sheets

sheets.write(
    snakemake.output.report,
    config=snakemake.params.config,
    scores=storage.load_csv(snakemake.input.scores),
    generations=storage.load_csv(snakemake.input.generations),
    class_balance=storage.load_csv(snakemake.input.class_balance),
    data_checks=[storage.load_json(path) for path in snakemake.input.data_checks],
    timings=storage.load_csv(snakemake.input.timings),
    statistics=storage.load_json(snakemake.input.statistics),
    figures=dict(zip(snakemake.params.titles, snakemake.input.figures, strict=True)),
)
