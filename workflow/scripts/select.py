from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import generations, search, storage

given = [storage.load_json(path) for path in snakemake.input.choices]
searched = storage.by_fold(snakemake.input.predictions, len(snakemake.output.choices))
for fold, identity in enumerate(snakemake.params.identities):
    split = storage.load_arrays(snakemake.input.splits[fold])
    choice = given[fold] if given else None
    candidates = search.propose(**snakemake.params.search, choice=choice, **identity)
    states = [storage.load_tree(predictions) for predictions in searched[fold]]
    scores = generations.score_candidates(split, candidates, states)
    storage.save_json(snakemake.output.choices[fold], search.select(candidates, scores))
