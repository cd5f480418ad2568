from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training import generations, storage
from self_training.batch import train_job
from self_training.runs import FINAL

splits = [storage.load_arrays(path) for path in snakemake.input.splits]
hidden = snakemake.input.get("labels")
histories = [storage.load_json(path) for path in snakemake.input.histories]
batch = [
    generations.control_runs(
        split,
        members=snakemake.params.members,
        identity=identity,
        labels=None if hidden is None else np.load(hidden),
        histories=[history["folds"][fold] for history in histories],
    )
    for fold, (split, identity) in enumerate(zip(splits, snakemake.params.identities, strict=True))
]
trained = train_job(snakemake, batch, int(splits[0]["classes"]))
for path, results in zip(snakemake.output.predictions, trained, strict=True):
    storage.save_tree(path, generations.stack_members(results, [(FINAL,)] * len(results)))
