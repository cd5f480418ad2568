from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.datasets import prepare
from self_training.dotted_paths import find

prepare(
    snakemake.params.path,
    snakemake.wildcards.dataset,
    snakemake.params.settings,
    find(snakemake.params.read),
    find(snakemake.params.compared_by["for_duplicates"]),
    snakemake.output.examples,
    snakemake.output.labels,
    snakemake.output.classes,
    snakemake.output.ids,
    snakemake.output.duplicates,
)
