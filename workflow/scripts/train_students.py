from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import generations, search, storage
from self_training.batch import train_job

phase, generation = snakemake.wildcards.phase, int(snakemake.wildcards.generation)
choices = [storage.load_json(path) for path in snakemake.input.choices]
before = [storage.load_tree(path) for path in snakemake.input.previous]
states, batch = [], []
for fold, identity in enumerate(snakemake.params.identities):
    split = storage.load_arrays(snakemake.input.splits[fold])
    choice = choices[fold] if choices else None
    chains = search.chains(search.propose(**snakemake.params.search, choice=choice, **identity))
    predictions = storage.load_tree(snakemake.input.predictions[fold])
    states.append(generations.of_teachers(split, chains, generation, predictions))
    pseudo_labels = generations.label(
        split,
        chains,
        generation,
        states[fold],
        before[fold] if before else {},
        **snakemake.params.labeling,
    )
    storage.save_tree(snakemake.output.pseudo_labels[fold], pseudo_labels)
    batch.append(
        generations.student_runs(split, phase, chains, generation, pseudo_labels, identity)
    )
runs = [[run for run, _ in named] for named in batch]
trained = train_job(snakemake, runs, int(split["classes"]))
for fold, (state, named, results) in enumerate(zip(states, batch, trained, strict=True)):
    students = generations.stack_members(results, [name for _, name in named])
    storage.save_tree(snakemake.output.predictions[fold], state | students)
