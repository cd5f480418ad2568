from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.evaluation import significance
from self_training.report import findings

scores = storage.load_csv(snakemake.input.scores)
comparison = significance.compare_methods(scores, **snakemake.params.settings)
storage.save_json(snakemake.output.statistics, findings.describe(comparison))
