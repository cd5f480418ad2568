from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training import figures, storage

for index, svg in enumerate(snakemake.output.svg):
    figure = figures.draw_pseudo_labels(
        storage.load_json(snakemake.input.scores[index])["examples"],
        np.load(snakemake.input.images[index], mmap_mode="r"),
        storage.load_json(snakemake.input.classes[index]),
    )
    figures.save(figure, svg, snakemake.output.png[index])
