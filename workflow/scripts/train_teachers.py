from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data import split
from self_training.methods import states, teachers
from self_training.training.job import train_job

splits = [split.load(path) for path in snakemake.input.splits]
batch = [
    teachers.runs(some, identity=identity, **snakemake.params.teachers)
    for some, identity in zip(splits, snakemake.params.identities, strict=True)
]
trained = train_job(snakemake, batch, splits[0].classes)
for fold, (runs, results) in enumerate(zip(batch, trained, strict=True)):
    search, final = teachers.by_phase(states.stack_members(runs, results))
    states.save(snakemake.output.search[fold], search)
    states.save(snakemake.output.final[fold], final)
