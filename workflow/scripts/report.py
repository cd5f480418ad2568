from self_training.logs import log_to

log_to(snakemake.log[0])

import pandas as pd

from self_training import report, storage

report.write(
    snakemake.output.report,
    config=snakemake.params.config,
    scores=pd.read_csv(snakemake.input.scores),
    generations=pd.read_csv(snakemake.input.generations),
    timings=pd.read_csv(snakemake.input.timings),
    statistics=storage.load_json(snakemake.input.statistics),
)
