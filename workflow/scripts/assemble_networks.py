from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.deployment.assembly import assemble

assemble(snakemake.input, snakemake.params.length, snakemake.output.networks)
