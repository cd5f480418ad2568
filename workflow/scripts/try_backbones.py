from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.storage import load_array, load_json, save_json
from self_training.training.trial import try_backbones

examples = load_array(snakemake.input.examples, memory_mapped=True)
classes = len(load_json(snakemake.input.classes))
save_json(snakemake.output.tried, try_backbones(examples, classes, snakemake.params.trainings))
