from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training import storage
from self_training.image import show
from self_training.report import style

for index, svg in enumerate(snakemake.output.svg):
    examples = storage.load_json(snakemake.input.scores[index])["examples"]
    images = np.load(snakemake.input.examples[index], mmap_mode="r")
    classes = storage.load_json(snakemake.input.classes[index])
    with style.in_style():
        figure = show.draw_pseudo_labels(examples, images, classes)
    style.save(figure, svg, snakemake.output.png[index])
