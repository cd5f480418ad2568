from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.datasets import write_digits

write_digits(snakemake.output.archive)
