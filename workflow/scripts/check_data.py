from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training.data.data_check import look
from self_training.data.prepared import load_examples
from self_training.dotted_paths import find
from self_training.storage import load_array, load_json, save_json

seen = look(
    load_array(snakemake.input.labels),
    load_json(snakemake.input.classes),
    find(snakemake.params.compared_by["features"])(load_examples(snakemake.input.examples)),
    load_json(snakemake.input.duplicates),
    *(snakemake.params[name] for name in ("identity", "budgets")),
)
save_json(snakemake.output.checked, seen)
