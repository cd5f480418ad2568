from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import generations, search, storage

generation = int(snakemake.wildcards.generation)
previous = [storage.load_tree(path) for path in snakemake.input.previous]
for fold, path in enumerate(snakemake.output.pseudo_labels):
    split = storage.load_arrays(snakemake.input.splits[fold])
    chains = search.read_chains(storage.load_json(snakemake.input.candidates[fold]))
    predictions = storage.load_tree(snakemake.input.predictions[fold])
    pseudo_labels = generations.label(
        split,
        chains,
        generation,
        generations.of_teachers(split, chains, generation, predictions),
        previous[fold] if previous else {},
        **snakemake.params.settings,
    )
    storage.save_tree(path, pseudo_labels)
