from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.data.prepared import load_examples
from self_training.data.shown import load_fold
from self_training.dotted_paths import find
from self_training.report import style

inputs = snakemake.input
for index, svg in enumerate(snakemake.output.svg):
    examples = storage.load_json(inputs.scores[index])["examples"]
    arrays = load_examples(inputs.examples[index])
    classes = storage.load_json(inputs.classes[index])
    fold = load_fold(inputs.splits[index], inputs.ids[index])
    with style.in_style():
        figure = find(snakemake.params.drawn_by[index])(examples, arrays, classes, fold)
    style.save(figure, svg, snakemake.output.png[index])
