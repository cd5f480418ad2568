from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.dotted_paths import find
from self_training.storage import load_json, save_array

texts = load_json(snakemake.input.texts)
encode = find(snakemake.params.encoder)
save_array(snakemake.output.examples, encode(texts, **snakemake.params.settings))
