from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.methods import consistency, states
from self_training.methods.predictions import stack_members
from self_training.training.job import end_job, train_job

phase, params = snakemake.wildcards.phase, snakemake.params
batch, classes = consistency.load_batch(snakemake.input, params, phase)
trained = train_job(snakemake, batch, classes)
for runs, results, path in zip(batch, trained, snakemake.output.predictions, strict=True):
    states.save(path, stack_members(runs, results))
end_job(snakemake)
