from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.methods import states, teachers
from self_training.methods.predictions import stack_members
from self_training.training.job import end_job, train_job

batch, classes = teachers.load_batch(snakemake.input, snakemake.params)
trained = train_job(snakemake, batch, classes)
paths = zip(snakemake.output.search, snakemake.output.final, strict=True)
for runs, results, of_fold in zip(batch, trained, paths, strict=True):
    list(map(states.save, of_fold, teachers.by_phase(stack_members(runs, results))))
end_job(snakemake)
