"""Which method speaks for itself on a dataset: the rule of `deploy: auto`, and of advice.

Students must be shown to help over their fair control; what is trained on labels alone has nothing
to show. Of these the one with the highest mean accuracy is chosen, and among equals the simplest.
"""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from self_training.evaluation.judging import may_be_deployed
from self_training.study.methods import CHAIN, CONTROL, TEACHER

SIMPLEST_FIRST = (TEACHER, CONTROL, CHAIN)


class Choice(NamedTuple):
    """What is chosen for a dataset.

    Attributes:
        method: the chosen one.
        means: the mean accuracy of every method that was chosen among, students that are not shown
            to help included; rounded, so that the last bits break no tie.
        candidates: the methods that may be chosen.
        helping: those of them with students.
        tied: the candidates that are as good as the chosen one, itself included.
    """

    method: str
    means: dict[str, float]
    candidates: list[str]
    helping: list[str]
    tied: list[str]


def choose(
    scores: pd.DataFrame, statistics: dict, dataset: str, kinds: dict[str, str]
) -> Choice | None:
    """Choose the method for a dataset.

    Args:
        scores: one row per dataset, method and fold, with `accuracy`.
        statistics: of `significance.Comparison`, or what `statistics.json` holds.
        dataset: its name; with several label budgets, that at the largest.
        kinds: the kind (of `study.methods`) of every method that may be chosen.

    Returns: None where none of the methods that are trained on labels alone has a score.
    """
    means = means_of(scores, dataset, kinds)
    students = [name for name in means if kinds[name] == CHAIN]
    helping = [name for name in students if may_be_deployed(statistics, name, dataset)]
    candidates = [name for name in means if name in helping or name not in students]
    if set(candidates) <= set(helping):
        return None
    best = max(means[name] for name in candidates)
    tied = [name for name in candidates if means[name] == best]
    chosen = min(tied, key=lambda name: SIMPLEST_FIRST.index(kinds[name]))
    return Choice(chosen, means, candidates, helping, tied)


def means_of(scores: pd.DataFrame, dataset: str, methods: Iterable[str]) -> dict[str, float]:
    """Return the mean accuracy of those of some methods that have scores on a dataset."""
    rows = scores[scores["dataset"] == dataset]
    found = rows.groupby("method")["accuracy"].mean().round(12).dropna()
    return {name: float(found[name]) for name in methods if name in found}
