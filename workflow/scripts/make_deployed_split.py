from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.split import save_split
from self_training.data.splits import make_deployed_split
from self_training.storage import load_array, load_json

labels = load_array(snakemake.input.labels)
class_names = load_json(snakemake.input.classes)
split = make_deployed_split(labels, class_names, **snakemake.params.settings)
save_split(snakemake.output.split, split)
