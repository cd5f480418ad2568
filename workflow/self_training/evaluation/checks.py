"""Whether a config fits the scores from elsewhere that it names."""

from self_training.errors import ConfigError
from self_training.evaluation.external_scores import read
from self_training.study import budgets, fair_controls
from self_training.study.checks import (
    no_group_of_an_unknown_dataset,
    no_unknown_control_of_statistics,
)
from self_training.study.config import external_scores


def check_external_scores(config: dict) -> None:
    """Check the tables of scores that a config names, and that the config fits them.

    Raises: ScoresError for a table; ConfigError for a dataset of which only label budgets are
        known, and for a control or a group of the statistics that nobody has scores of.
    """
    tables = [read(path) for path in external_scores(config)]
    expanded = budgets.expand(config).get("datasets", {})
    for name in [name for table in tables for name in table["dataset"].unique()]:
        if name in config.get("datasets", {}) and name not in expanded:
            several = [other for other in expanded if expanded[other].get("original") == name]
            expected = f"scores at a label budget ({', '.join(several)})"
            raise ConfigError.of("external_scores", expected, name)
    own = fair_controls.add(config).get("methods", {})
    methods = [*own, *(name for table in tables for name in table["method"])]
    no_unknown_control_of_statistics(config, list(dict.fromkeys(methods)))
    elsewhere = {name.partition("@")[0]: None for table in tables for name in table["dataset"]}
    others = [name for name in elsewhere if name not in config.get("datasets", {})]
    no_group_of_an_unknown_dataset(config, others)
