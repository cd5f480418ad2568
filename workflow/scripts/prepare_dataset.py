from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.datasets import prepare

prepare(
    snakemake.input.archive,
    snakemake.wildcards.dataset,
    snakemake.params.classes,
    snakemake.output.images,
    snakemake.output.labels,
    snakemake.output.classes,
)
