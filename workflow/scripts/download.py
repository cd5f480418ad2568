from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.archives import make_archive
from self_training.image.readers import read

make_archive(snakemake.output.archive, snakemake.params.settings, read)
