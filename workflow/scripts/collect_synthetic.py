from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.evaluation import synthetic

counts, shown = synthetic.collect(snakemake.input, snakemake.params)
storage.save_csv(snakemake.output.counts, counts)
storage.save_json(snakemake.output.examples, shown)
