from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import generations, search, storage

searched = storage.by_fold(snakemake.input.predictions, len(snakemake.output.choices))
for fold, path in enumerate(snakemake.output.choices):
    split = storage.load_arrays(snakemake.input.splits[fold])
    candidates = search.read_candidates(storage.load_json(snakemake.input.candidates[fold]))
    states = [storage.load_tree(predictions) for predictions in searched[fold]]
    scores = generations.score_candidates(split, candidates, states)
    storage.save_json(path, search.select(candidates, scores))
