from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import generations, storage
from self_training.batch import train_batch

split = storage.load_arrays(snakemake.input.split)
runs = generations.teacher_runs(split, identity=snakemake.params.identity, **snakemake.params.teachers)
trained, history = train_batch(
    runs,
    snakemake.input.images,
    int(split["classes"]),
    snakemake.params.training,
    snakemake.output.models,
)
predictions = generations.stack_members(trained, [(run.identity["part"],) for run in runs])
storage.save_tree(snakemake.output.final, {("final",): predictions.pop(("final",))})
storage.save_tree(snakemake.output.search, predictions)
storage.save_json(snakemake.output.history, history)
