from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import significance, storage

means = significance.means_over_folds(storage.load_csv(snakemake.input.scores))
storage.save_json(snakemake.output.statistics, significance.compare_methods(means))
