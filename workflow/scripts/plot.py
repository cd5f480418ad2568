from self_training.logs import log_to

log_to(snakemake.log[0])

from self_training import storage
from self_training.evaluation.comparison import over_seeds
from self_training.report import drawings, drawings_of_axes, figures, style  # noqa: F401

tables = {name: storage.load_csv(snakemake.input[name]) for name in figures.TABLES}
tables["scores"] = over_seeds(tables["scores"])
statistics = storage.load_json(snakemake.input.statistics)
for name, svg, png in zip(
    snakemake.params.names, snakemake.output.svg, snakemake.output.png, strict=True
):
    style.save(figures.draw(name, tables, statistics), svg, png)
