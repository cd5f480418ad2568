from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import generations, search, storage

split = storage.load_arrays(snakemake.input.split)
chains = search.chains(search.read_candidates(storage.load_json(snakemake.input.candidates)))
predictions = storage.load_tree(snakemake.input.predictions)
generation = int(snakemake.wildcards.generation)
if generation == 1:
    predictions = generations.teachers_of(predictions, split, chains)
previous = storage.load_tree(snakemake.input.previous) if snakemake.input.previous else {}
pseudo_labels = generations.label(
    split, chains, generation, predictions, previous, **snakemake.params.settings
)
storage.save_tree(snakemake.output.pseudo_labels, pseudo_labels)
