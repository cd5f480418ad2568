from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.training.generator import adapt_job

adapt_job(snakemake)
