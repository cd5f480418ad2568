from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.datasets import prepare
from self_training.image import readers, thumbnails

prepare(
    snakemake.params.path,
    snakemake.wildcards.dataset,
    snakemake.params.settings,
    readers.read,
    thumbnails.thumbnails,
    # Of examples, labels, classes, ids, duplicates and labels of the test file.
    *snakemake.output,
)
