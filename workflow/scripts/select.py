from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.methods.search import choose_in_folds

choices = choose_in_folds(snakemake.input, snakemake.params)
for choice, path in zip(choices, snakemake.output.choices, strict=True):
    storage.save_json(path, choice)
