from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import significance, storage

scores = storage.load_csv(snakemake.input.scores)
statistics = significance.compare_methods(scores, **snakemake.params.settings)
storage.save_json(snakemake.output.statistics, statistics)
