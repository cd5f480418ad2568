from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.hub_files import fetch_encoder

fetch_encoder(snakemake.output.files, **snakemake.params.encoder)
