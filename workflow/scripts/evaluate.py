from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training import scores, storage

evaluation = scores.evaluate(
    labels=np.load(snakemake.input.labels),
    split=storage.load_arrays(snakemake.input.split),
    predictions=storage.load_tree(snakemake.input.predictions),
    pseudo_labels=[storage.load_tree(path) for path in snakemake.input.pseudo_labels],
    hyper_parameters=storage.load_json(snakemake.input.choice)["hyper_parameters"],
    histories=[storage.load_json(path)["runs"] for path in snakemake.input.histories],
)
identity = {
    "dataset": snakemake.wildcards.dataset,
    "method": snakemake.wildcards.method,
    "fold": int(snakemake.wildcards.fold),
}
storage.save_json(snakemake.output.scores, identity | evaluation)
