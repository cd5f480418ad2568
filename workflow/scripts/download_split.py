from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.hub_files import fetch_split
from self_training.data.hub_splits import Split

fetch_split(snakemake.output.files, Split(**snakemake.params.split))
