from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.deployment.deploy import deploy

deploy(snakemake.input, snakemake.params, snakemake.output.model)
