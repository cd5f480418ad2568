from self_training.logs import log_to

log_to(snakemake.log[0])

import pandas as pd

from self_training import significance, storage

means = significance.means_over_folds(pd.read_csv(snakemake.input.scores))
storage.save_json(snakemake.output.statistics, significance.compare_methods(means))
