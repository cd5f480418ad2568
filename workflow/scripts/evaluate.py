from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import provenance, storage
from self_training.data.examples import marked
from self_training.data.test_file import load_labels
from self_training.evaluation import scores

files, params = snakemake.input, snakemake.params
labels = marked(load_labels(files), storage.load_array(files.foreign))
jobs = [storage.load_json(path)["job"] for path in files.histories]
origin = {"provenance": provenance.of_score(**params.provenance, jobs=jobs)}
of_job = {key: snakemake.wildcards[key] for key in ("dataset", "method")}
chains = scores.load_final_chains(files, params)
folds = [scores.of_fold(identity, params.outer_folds) for identity in params.identities]
for fold, chain, path in zip(folds, chains, snakemake.output.scores, strict=True):
    scored = scores.evaluate(labels, storage.load_json(files.classes), chain)
    storage.save_json(path, of_job | fold | scored | origin)
