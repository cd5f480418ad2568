from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.dotted_paths import find
from self_training.text.generated import filter_files

encode = find(snakemake.params.encoder)
filter_files(snakemake.input, snakemake.output, snakemake.params, encode)
