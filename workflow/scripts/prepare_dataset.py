from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.datasets import prepare

prepare(
    snakemake.params.path,
    snakemake.wildcards.dataset,
    snakemake.params.settings,
    snakemake.output.images,
    snakemake.output.labels,
    snakemake.output.classes,
)
