from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training import storage
from self_training.dotted_paths import find
from self_training.report import style

for index, svg in enumerate(snakemake.output.svg):
    examples = storage.load_json(snakemake.input.scores[index])["examples"]
    arrays = np.load(snakemake.input.examples[index], mmap_mode="r")
    classes = storage.load_json(snakemake.input.classes[index])
    with style.in_style():
        figure = find(snakemake.params.drawn_by[index])(examples, arrays, classes)
    style.save(figure, svg, snakemake.output.png[index])
