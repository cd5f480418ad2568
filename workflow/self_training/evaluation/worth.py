"""How many labels a gain is worth, and whether more labels would help, by a curve of budgets."""

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from self_training.evaluation.differences import ALPHA, corrected_t_test, outer_folds_of
from self_training.evaluation.draws import are_draws, with_more


class Budget(NamedTuple):
    """A point of a method's curve over label budgets.

    Attributes:
        dataset: what the dataset is called at this budget.
        labels: the mean number of labels over outer folds.
        accuracy: the mean over outer folds.
    """

    dataset: str
    labels: float
    accuracy: float


def curve(scores: pd.DataFrame, budgets: list[str], method: str) -> list[Budget]:
    """Return a method's curve over the label budgets of a dataset, the fewest labels first.

    Args:
        scores: of `tables.collect_scores`, a row per fold (see `comparison.over_seeds`).
        budgets: what the dataset is called at each of its label budgets.
    """
    if not budgets:
        return []
    own = scores[(scores["method"] == method) & scores["dataset"].isin(budgets)]
    means = own.dropna(subset=["accuracy"]).groupby("dataset")[["labeled", "accuracy"]].mean()
    points = (Budget(*point) for point in means.itertuples())
    return sorted(points, key=lambda point: point.labels)


def labels_for(points: list[Budget], dataset: str, gain: float) -> float:
    """Return with how many labels a curve is higher than at a budget by a gain, for the first time.

    Linear in the logarithm of the number of labels between budgets; infinite where the largest
    budget is not enough, since what lies beyond it nobody measured.

    Args:
        points: of `curve`.
        dataset: what the dataset is called at the budget to begin with.
        gain: of accuracy, above 0.
    """
    start = next(index for index, point in enumerate(points) if point.dataset == dataset)
    wanted = points[start].accuracy + gain
    for fewer, more in pairwise(points[start:]):
        if more.accuracy >= wanted:
            share = (wanted - fewer.accuracy) / (more.accuracy - fewer.accuracy)
            return fewer.labels * (more.labels / fewer.labels) ** share
    return math.inf


def last_step(scores: pd.DataFrame, budgets: list[str], method: str) -> dict:
    """Test whether a method gains between the two largest label budgets, over their folds.

    Args:
        scores, budgets: as of `curve`.

    Returns: of `corrected_t_test`, with `labels` of both budgets; {} for fewer than two of them.
    """
    points = curve(scores, budgets, method)
    if len(points) < 2:
        return {}
    fewer, more = points[-2:]
    own = scores[(scores["method"] == method) & scores["dataset"].isin(budgets)]
    # Budgets of a dataset have the same outer folds, so they are paired as methods are.
    rows = own.assign(method=own["dataset"])
    test = corrected_t_test(rows, fewer.dataset, more.dataset, _outer_folds(own))
    return test | {"labels": [fewer.labels, more.labels]}


def growth(generations: pd.DataFrame, scores: pd.DataFrame, dataset: str, method: str) -> dict:
    """Test whether students of the last generation are better than those of the first.

    Only where each generation is offered further unlabeled examples (`schedule: slices`): there the
    last students had more of them. With `steps` they were trained as long; with `epochs`, longer.
    Not over draws of labels on one test set.

    Args:
        generations: of `tables.collect_generations`.
        scores: as of `curve`.

    Returns: of `corrected_t_test`; {} where no chain has two generations of slices, or of draws.
    """
    own = generations[(generations["dataset"] == dataset) & (generations["method"] == method)]
    trained = own[(own["generation"] > 0) & own["accuracy"].notna()]
    rows = scores[(scores["dataset"] == dataset) & (scores["method"] == method)]
    # Of draws, tests must know which test examples the first students had right, which no file has.
    if trained.empty or are_draws(rows) or (trained["offered"] >= rows["unlabeled"].max()).any():
        return {}
    by_fold = trained.sort_values("generation").groupby(["fold", "training_seed"])
    ends = by_fold["accuracy"].agg(["first", "last", "count"])
    ends = ends[ends["count"] > 1].groupby("fold")[["first", "last"]].mean()
    if ends.empty:
        return {}
    long = ends.stack().rename("accuracy").rename_axis(["fold", "method"]).reset_index()
    sizes = rows.drop_duplicates("fold").drop(columns=["method", "accuracy"])
    table = long.merge(sizes, on="fold")
    return corrected_t_test(table, "first", "last", _outer_folds(rows))


def half_width(test: dict, folds: int, repeats: int) -> float:
    """Return what half the width of an interval over folds would be with so many repeats, or that
    of draws of labels with so many times as many.

    As wide as a corrected t interval of the same variance: (1/n + 1/(K - 1)) of it, for n = K x
    repeats folds (Bouckaert & Frank 2004, PAKDD).

    Args:
        test: of `corrected_t_test`, with an interval.
        folds: K, of one repeat.
    """
    if "draws" in test:
        return with_more(test, folds * repeats)
    low, high = test["interval"]
    now, then = (_spread(count, folds) for count in (test["folds"], folds * repeats))
    return (high - low) / 2 * then / now


def _spread(count: int, folds: int) -> float:
    return float(stats.t.ppf(1 - ALPHA / 2, count - 1) * np.sqrt(1 / count + 1 / (folds - 1)))


def _outer_folds(rows: pd.DataFrame) -> int:
    repeats = rows["repeat"].nunique() if "repeat" in rows else 1
    return outer_folds_of(rows["fold"].nunique(), max(1, repeats))
