from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.evaluation import significance
from self_training.evaluation.comparison import over_seeds
from self_training.report import findings

scores = over_seeds(storage.load_csv(snakemake.input.scores))
comparison = significance.compare_methods(scores, **snakemake.params.settings)
storage.save_json(snakemake.output.statistics, findings.describe(comparison))
