from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import generations, search, storage
from self_training.batch import train_batch

phase, generation = snakemake.wildcards.phase, int(snakemake.wildcards.generation)
states, batch = [], []
for fold, identity in enumerate(snakemake.params.identities):
    split = storage.load_arrays(snakemake.input.splits[fold])
    chains = search.read_chains(storage.load_json(snakemake.input.candidates[fold]))
    predictions = storage.load_tree(snakemake.input.predictions[fold])
    states.append(generations.of_teachers(split, chains, generation, predictions))
    pseudo_labels = storage.load_tree(snakemake.input.pseudo_labels[fold])
    batch.append(
        generations.student_runs(split, phase, chains, generation, pseudo_labels, identity)
    )
trained, timing = train_batch(
    [[run for run, _ in named] for named in batch],
    snakemake.input.images,
    int(split["classes"]),
    snakemake.params.training,
    snakemake.output.get("models"),
)
job = {"rule": snakemake.rule} | dict(snakemake.wildcards.items())
storage.save_json(snakemake.output.timing, job | timing)
for fold, (state, named, results) in enumerate(zip(states, batch, trained, strict=True)):
    students = generations.stack_members(results, [name for _, name in named])
    storage.save_tree(snakemake.output.predictions[fold], state | students)
    storage.save_json(snakemake.output.histories[fold], [result.record for result in results])
