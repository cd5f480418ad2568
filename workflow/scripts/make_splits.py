from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training.data.split import save_split
from self_training.data.splits import make_splits
from self_training.storage import load_json

labels = np.load(snakemake.input.labels)
class_names = load_json(snakemake.input.classes)
splits = make_splits(labels, class_names, **snakemake.params.settings)
paths = snakemake.output.splits
# Training seeds share the folds.
for split, path in zip(splits * (len(paths) // len(splits)), paths, strict=True):
    save_split(path, split)
