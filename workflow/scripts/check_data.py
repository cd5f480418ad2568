from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training.data.data_check import look
from self_training.image.thumbnails import thumbnails
from self_training.storage import load_json, save_json

seen = look(
    np.load(snakemake.input.labels),
    load_json(snakemake.input.classes),
    thumbnails(np.load(snakemake.input.images, mmap_mode="r")),
    load_json(snakemake.input.duplicates),
    snakemake.params.identity,
    snakemake.params.budgets,
)
save_json(snakemake.output.checked, seen)
