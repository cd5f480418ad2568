from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.report import answer, sheets, summary_md
from self_training.study.config import kinds_of_methods

names = ("scores", "generations", "class_balance", "timings")
tables = {name: storage.load_csv(snakemake.input[name]) for name in names}
statistics = storage.load_json(snakemake.input.statistics)
config = snakemake.params.config
own = statistics, kinds_of_methods(config)
given = answer.of_study(tables["scores"], tables["generations"], *own)
figures = dict(zip(snakemake.params.titles, snakemake.input.figures, strict=True))
tables["data_checks"] = [storage.load_json(path) for path in snakemake.input.data_checks]
written = {"config": config, "statistics": statistics, "answer": given, "figures": figures}
sheets.write(snakemake.output.report, **tables, **written, synthetic=snakemake.input.synthetic)
summary_md.write(snakemake.output.summary, config, given)
