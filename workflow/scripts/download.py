from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.archives import make_archive

make_archive(snakemake.output.archive, snakemake.params.settings)
