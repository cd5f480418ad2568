from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import generations, storage
from self_training.batch import train_job
from self_training.runs import FINAL

splits = [storage.load_arrays(path) for path in snakemake.input.splits]
batch = [
    generations.teacher_runs(split, identity=identity, **snakemake.params.teachers)
    for split, identity in zip(splits, snakemake.params.identities, strict=True)
]
trained = train_job(snakemake, batch, int(splits[0]["classes"]))
for fold, (runs, results) in enumerate(zip(batch, trained, strict=True)):
    predictions = generations.stack_members(results, [(run.identity["part"],) for run in runs])
    storage.save_tree(snakemake.output.final[fold], {(FINAL,): predictions.pop((FINAL,))})
    storage.save_tree(snakemake.output.search[fold], predictions)
