from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import generations, search, storage
from self_training.batch import train_batch

split = storage.load_arrays(snakemake.input.split)
chains = search.chains(search.read_candidates(storage.load_json(snakemake.input.candidates)))
predictions = storage.load_tree(snakemake.input.predictions)
phase, generation = snakemake.wildcards.phase, int(snakemake.wildcards.generation)
if generation == 1:
    predictions = generations.teachers_of(predictions, split, chains)
pseudo_labels = storage.load_tree(snakemake.input.pseudo_labels)
runs, names = generations.student_runs(
    split, phase, chains, generation, pseudo_labels, snakemake.params.identity
)
trained, history = train_batch(
    runs,
    snakemake.input.images,
    int(split["classes"]),
    snakemake.params.training,
    snakemake.output.get("models"),
)
predictions |= generations.stack_members(trained, names)
storage.save_tree(snakemake.output.predictions, predictions)
storage.save_json(snakemake.output.history, history)
