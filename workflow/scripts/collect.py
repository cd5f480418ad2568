from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.evaluation import external_scores, tables

evaluations = [storage.load_json(path) for path in snakemake.input.scores]
jobs = [storage.load_json(path)["job"] for path in snakemake.input.histories]
external = [external_scores.read(path) for path in snakemake.input.external]
storage.save_csv(snakemake.output.scores, tables.collect_scores(evaluations, external))
storage.save_csv(snakemake.output.generations, tables.collect_generations(evaluations))
storage.save_csv(snakemake.output.reliability, tables.collect_reliability(evaluations))
storage.save_csv(snakemake.output.class_balance, tables.collect_class_balance(evaluations))
storage.save_csv(snakemake.output.timings, tables.collect_timings(jobs))
