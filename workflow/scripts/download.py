from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.archives import make_archive
from self_training.dotted_paths import find

make_archive(snakemake.output.archive, snakemake.params.settings, find(snakemake.params.read))
