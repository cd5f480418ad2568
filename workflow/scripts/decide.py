from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.deployment.decision import decide
from self_training.evaluation.comparison import over_seeds

scores = over_seeds(storage.load_csv(snakemake.input.scores))
statistics = storage.load_json(snakemake.input.statistics)
decision = decide(scores, statistics, **snakemake.params.settings)
storage.save_json(snakemake.output.decision, decision)
