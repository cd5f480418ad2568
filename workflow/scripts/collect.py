from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import scores, storage

table, generations = scores.collect([storage.load_json(path) for path in snakemake.input.scores])
storage.save_csv(snakemake.output.scores, table)
storage.save_csv(snakemake.output.generations, generations)
