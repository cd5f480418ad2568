from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.data.test_file import load_labels
from self_training.evaluation import temperature

held_out = temperature.load_held_out(snakemake.input)
calibration = temperature.calibrate(load_labels(snakemake.input), held_out)
storage.save_json(snakemake.output.calibration, calibration)
