"""Whether a config fits the scores from elsewhere that it names."""

import pandas as pd

from self_training.errors import ConfigError, ScoresError
from self_training.evaluation.external_scores import combine, read
from self_training.study import budgets, fair_controls
from self_training.study.checks import (
    no_group_of_an_unknown_dataset,
    no_unknown_control_of_statistics,
)
from self_training.study.config import external_scores

# Ten methods on twenty datasets of ten folds took 8 s, forty on ten took 2 minutes.
MOST_METHODS, MOST_ROWS = 50, 20_000


def check_external_scores(config: dict) -> None:
    """Check the tables of scores that a config names, and that the config fits them.

    Raises: ScoresError for a table; ConfigError for a dataset of which only label budgets are
        known, for a method that has the name of one of the study's own, for folds that the study
            does not have, and for a control or a group of the statistics that nobody has scores of.
    """
    tables = [read(path) for path in external_scores(config)]
    expanded = budgets.expand(config).get("datasets", {})
    for name in [name for table in tables for name in table["dataset"].unique()]:
        if name in config.get("datasets", {}) and name not in expanded:
            several = [other for other in expanded if expanded[other].get("original") == name]
            expected = f"scores at a label budget ({', '.join(several)})"
            raise ConfigError.of("external_scores", expected, name)
    own = fair_controls.add(config).get("methods", {})
    _check_amount(tables, list(own))
    _check_methods(tables, list(own))
    _check_folds(tables, list(expanded), config.get("outer_folds", 0) * config.get("repeats", 1))
    # One more time where all scores are collected, with the study's own.
    combine(tables[0][:0], tables)
    methods = [*own, *(name for table in tables for name in table["method"])]
    no_unknown_control_of_statistics(config, list(dict.fromkeys(methods)))
    elsewhere = {name.partition("@")[0]: None for table in tables for name in table["dataset"]}
    others = [name for name in elsewhere if name not in config.get("datasets", {})]
    no_group_of_an_unknown_dataset(config, others)


def _check_amount(tables: list[pd.DataFrame], own: list[str]) -> None:
    """Forbid more than can be compared in minutes: every two methods are, on every dataset."""
    rows = sum(map(len, tables))
    if rows > MOST_ROWS:
        expected = f"at most {MOST_ROWS} rows of scores; means over folds are a row each"
        raise ConfigError.of("external_scores", expected, rows)
    methods = len({*own, *(name for table in tables for name in table["method"])})
    if methods > MOST_METHODS:
        expected = f"at most {MOST_METHODS} methods, with the study's own; leave some out"
        raise ConfigError.of("external_scores", expected, methods)


def _check_methods(tables: list[pd.DataFrame], own: list[str]) -> None:
    """Forbid scores from elsewhere that would count as those of a method of the study."""
    for table in tables:
        taken = next((name for name in table["method"] if name in own), None)
        if taken is not None:
            raise ScoresError(
                f"{table['source'].iloc[0]}: Expected methods of other names than the study's "
                f"({', '.join(own)}). Received '{taken}', whose scores would be taken for the "
                "study's. Rename the method in the file."
            )


def _check_folds(tables: list[pd.DataFrame], own: list[str], folds: int) -> None:
    """Forbid folds that are numbered in another way than those that they are paired with.

    Args:
        own: datasets of the study, each label budget by itself.
        folds: of each of them, of all repeats.
    """
    numbered: dict[str, dict[frozenset[int], str]] = {}
    for table in tables:
        source = table["source"].iloc[0]
        with_folds = table.dropna(subset=["fold"])
        for (dataset, method), rows in with_folds.groupby(["dataset", "method"], sort=False):
            found = frozenset(rows["fold"].tolist())
            others = found - set(range(folds))
            if dataset in own and others:
                raise ScoresError(
                    f"{source}: Expected folds of '{dataset}' from 0 to {folds - 1}, as the study "
                    "numbers its own, since folds are paired by their numbers. Received fold "
                    f"{min(others)} of '{method}'. Number them from 0, or leave the column out and "
                    "give means."
                )
            before = numbered.setdefault(str(dataset), {})
            for step in (-1, 1):
                shifted = frozenset(fold + step for fold in found)
                if shifted in before:
                    raise ScoresError(
                        f"{source}: Expected folds of '{dataset}' that are numbered as those of "
                        f"'{before[shifted]}', from {min(shifted)} to {max(shifted)}, since folds "
                        f"are paired by their numbers. Received folds from {min(found)} to "
                        f"{max(found)} of '{method}'. Number both from 0."
                    )
            before.setdefault(found, str(method))
