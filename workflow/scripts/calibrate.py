from self_training.logs import log_to

log_to(snakemake.log[0])

import numpy as np

from self_training import storage
from self_training.evaluation import temperature

held_out = temperature.load_held_out(snakemake.input)
calibration = temperature.calibrate(np.load(snakemake.input.labels), held_out)
storage.save_json(snakemake.output.calibration, calibration)
