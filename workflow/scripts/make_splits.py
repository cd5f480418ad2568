from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training import splits, storage

labels = np.load(snakemake.input.labels)
class_names = storage.load_json(snakemake.input.classes)
folds = splits.make_splits(labels, class_names, **snakemake.params.settings)
for split, path in zip(folds, snakemake.output.splits, strict=True):
    storage.save_arrays(path, split)
