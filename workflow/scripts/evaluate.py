from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training import provenance, storage
from self_training.evaluation import scores

params = snakemake.params
labels = np.load(snakemake.input.labels)
classes = storage.load_json(snakemake.input.classes)
jobs = [storage.load_json(path)["job"] for path in snakemake.input.histories]
origin = {"provenance": provenance.of_score(**params.provenance, jobs=jobs)}
of_job = {key: snakemake.wildcards[key] for key in ("dataset", "method")}
chains = scores.load_final_chains(snakemake.input)
folds = [scores.of_fold(identity, params.outer_folds) for identity in params.identities]
for fold, chain, path in zip(folds, chains, snakemake.output.scores, strict=True):
    scored = scores.evaluate(labels, classes, chain)
    storage.save_json(path, of_job | fold | scored | origin)
