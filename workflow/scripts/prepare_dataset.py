from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.datasets import prepare
from self_training.image.readers import read

prepare(
    snakemake.params.path,
    snakemake.wildcards.dataset,
    snakemake.params.settings,
    read,
    snakemake.output.images,
    snakemake.output.labels,
    snakemake.output.classes,
    snakemake.output.ids,
)
