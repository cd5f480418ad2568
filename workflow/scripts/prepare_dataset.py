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
    # Of examples, labels, classes, ids, duplicates, labels of the test file, and foreign ones.
    *snakemake.output,
    checks=list(map(find, snakemake.params.checked_by)),
)
