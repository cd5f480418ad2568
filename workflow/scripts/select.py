from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import generations, search, storage

split = storage.load_arrays(snakemake.input.split)
candidates = search.read_candidates(storage.load_json(snakemake.input.candidates))
states = [storage.load_tree(path) for path in snakemake.input.predictions]
scores = generations.score_candidates(split, candidates, states)
storage.save_json(snakemake.output.choice, search.select(candidates, scores))
