from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.methods import states
from self_training.methods.generation import load_generations
from self_training.training.job import end_job, train_job

phase, number = snakemake.wildcards.phase, int(snakemake.wildcards.generation)
generations = load_generations(snakemake.input, snakemake.params, phase, number)
for generation, path in zip(generations, snakemake.output.pseudo_labels, strict=True):
    states.save(path, generation.pseudo_labels)
batch = [generation.runs for generation in generations]
trained = train_job(snakemake, batch, generations[0].split.classes)
predicted = [some.predictions(results) for some, results in zip(generations, trained, strict=True)]
for predictions, path in zip(predicted, snakemake.output.predictions, strict=True):
    states.save(path, predictions)
end_job(snakemake)
