from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.foreign import make_outer_folds
from self_training.data.split import save_split
from self_training.storage import load_array, load_json

labels, foreign = load_array(snakemake.input.labels), load_array(snakemake.input.foreign)
class_names = load_json(snakemake.input.classes)
settings, repeat = snakemake.params.settings, snakemake.params.repeat
splits = make_outer_folds(labels, class_names, foreign, repeat=repeat, **settings)
for split, path in zip(splits, snakemake.output.splits, strict=True):
    save_split(path, split)
