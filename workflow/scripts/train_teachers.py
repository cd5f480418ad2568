from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.split import load_split
from self_training.methods import states, teachers
from self_training.methods.predictions import stack_members
from self_training.training.job import end_job, train_job

splits = [load_split(path) for path in snakemake.input.splits]
batch = [
    teachers.runs(some, identity=identity, **snakemake.params.teachers)
    for some, identity in zip(splits, snakemake.params.identities, strict=True)
]
trained = train_job(snakemake, batch, splits[0].classes)
paths = zip(snakemake.output.search, snakemake.output.final, strict=True)
for runs, results, of_fold in zip(batch, trained, paths, strict=True):
    list(map(states.save, of_fold, teachers.by_phase(stack_members(runs, results))))
end_job(snakemake)
