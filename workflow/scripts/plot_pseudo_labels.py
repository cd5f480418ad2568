from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.data.prepared import load_examples
from self_training.dotted_paths import find
from self_training.report import style

for index, svg in enumerate(snakemake.output.svg):
    examples = storage.load_json(snakemake.input.scores[index])["examples"]
    arrays = load_examples(snakemake.input.examples[index])
    classes = storage.load_json(snakemake.input.classes[index])
    with style.in_style():
        figure = find(snakemake.params.drawn_by[index])(examples, arrays, classes)
    style.save(figure, svg, snakemake.output.png[index])
