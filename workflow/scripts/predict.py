from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.deployment.predict import predict

predict(snakemake.input.model, [snakemake.input.examples], snakemake.output.labels)
