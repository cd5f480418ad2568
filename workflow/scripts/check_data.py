from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.data_check import check_sides, is_black, look
from self_training.data.examples import marked
from self_training.data.prepared import load_examples
from self_training.dotted_paths import find
from self_training.storage import load_array, load_json, save_json

inputs = snakemake.input
examples, classes = load_examples(inputs.examples), load_json(inputs.classes)
dataset, least_sides = snakemake.wildcards.dataset, snakemake.params.least_sides
check_sides(dataset, examples.shape, least_sides)
labels = marked(load_array(inputs.labels), load_array(inputs.foreign))
features = find(snakemake.params.compared_by["features"])(examples)
asked = (snakemake.params[name] for name in ("identity", "budgets"))
seen = look(labels, classes, features, load_json(inputs.duplicates), *asked)
save_json(snakemake.output.checked, seen | {"black": is_black(examples)})
