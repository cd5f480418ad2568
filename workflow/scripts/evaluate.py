from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training import provenance, scores, storage

labels = np.load(snakemake.input.labels)
folds = len(snakemake.output.scores)
predictions = storage.by_fold(snakemake.input.predictions, folds)
pseudo_labels = storage.by_fold(snakemake.input.pseudo_labels, folds)
histories = [storage.load_json(path) for path in snakemake.input.histories]
jobs = [history["job"] for history in histories]
origin = provenance.of_score(**snakemake.params.provenance, jobs=jobs)
for fold, identity in enumerate(snakemake.params.identities):
    evaluation = scores.evaluate(
        labels=labels,
        split=storage.load_arrays(snakemake.input.splits[fold]),
        predictions=[storage.load_tree(path) for path in predictions[fold]],
        pseudo_labels=[storage.load_tree(path) for path in pseudo_labels[fold]],
        hyper_parameters=storage.load_json(snakemake.input.choices[fold])["hyper_parameters"],
        histories=[history["folds"][fold] for history in histories],
    )
    where = {
        "dataset": snakemake.wildcards.dataset,
        "method": snakemake.wildcards.method,
        "fold": identity["outer_fold"],
    }
    score = where | evaluation | {"provenance": origin}
    storage.save_json(snakemake.output.scores[fold], score)
