from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training import figures, storage

figure = figures.draw_pseudo_labels(
    storage.load_json(snakemake.input.scores)["examples"],
    np.load(snakemake.input.images, mmap_mode="r"),
    storage.load_json(snakemake.input.classes),
)
figures.save(figure, snakemake.output.svg, snakemake.output.png)
