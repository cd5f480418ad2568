"""What can be compared: scores of the same folds, and means of the same label budgets."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

import pandas as pd
from pandas.api.types import is_numeric_dtype

# What the names of datasets call the values of axes other than that of label budgets.
NAMED_BY = {"foreign": "out_of_class", "imbalance": "imbalance"}


class Reason(StrEnum):
    """Why a test has no statistic, or no p; `report.findings` says each in words."""

    TOO_FEW_METHODS = "too_few_methods"
    TOO_FEW_DATASETS = "too_few_datasets"
    ALL_METHODS_EQUAL = "all_methods_equal"
    ONE_ORDER = "one_order"
    NO_COMMON_DATASET = "no_common_dataset"
    BOTH_EQUAL = "both_equal"
    TOO_FEW_FOLDS = "too_few_folds"
    ONE_DIFFERENCE = "one_difference"
    NO_FAIR_CONTROL = "no_fair_control"
    NO_TEST_EXAMPLES = "no_test_examples"
    NO_STUDENTS = "no_students"


class UnsharedFolds(NamedTuple):
    """A dataset of which not every method has a score of every fold.

    Attributes:
        dataset: its name.
        shared: how many folds all methods have a score of; with 0 of them, no fold is left out.
        others: how many folds only some methods have a score of.
    """

    dataset: str
    shared: int
    others: int


def over_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """Return scores with one row per dataset, method and fold: the means over training seeds.

    What is no number is that of the first seed, but for `not_learned`, which is of any, and
    `right`, which is of all.

    Args:
        scores: of `tables.collect_scores`; those from elsewhere have no training seed.
    """
    if "training_seed" not in scores or scores["training_seed"].nunique() < 2:
        return scores
    keys = ["dataset", "method", "fold"]
    how: dict[str, Any] = {
        name: "mean" if is_numeric_dtype(scores[name]) else "first"
        for name in scores
        if name not in keys
    }
    if "not_learned" in how:
        how["not_learned"] = _any_of
    if "right" in how:
        how["right"] = _all_of
    means = scores.groupby(keys, sort=False, dropna=False, as_index=False).agg(how)
    return means[[*scores]]


def _all_of(texts: pd.Series) -> str | None:
    """Return what `draws.unpack` takes the mean of; None where a text is missing."""
    known = texts.dropna()
    return " ".join(known) if len(known) == len(texts) else None


def _any_of(reasons: pd.Series) -> str:
    given = [reason for reason in reasons.fillna("") if reason]
    return given[0] if given else ""


def paired(scores: pd.DataFrame) -> tuple[pd.DataFrame, list[UnsharedFolds]]:
    """Return the scores on the folds that all methods share, and where some had to be left out.

    On each dataset methods are compared on the folds that all of them have a score of, so that no
    mean is over easier folds than another. A method without any score of a dataset has no mean. Of
    two methods alone, see `of_pair`.

    Args:
        scores: one row per dataset, method and fold, which is missing where only a mean is known.
    """
    scores = scores.dropna(subset=["accuracy"])
    unshared, kept = [], []
    for dataset, rows in scores.groupby("dataset", sort=False):
        with_folds = rows.dropna(subset=["fold"])
        folds = {method: set(some["fold"]) for method, some in with_folds.groupby("method")}
        shared = set.intersection(*folds.values()) if folds else set()
        others = {fold for some in folds.values() for fold in some} - shared
        if others:
            unshared.append(UnsharedFolds(dataset, len(shared), len(others)))
        if others and shared:
            rows = rows[rows["fold"].isna() | rows["fold"].isin(shared)]
        kept.append(rows)
    return (pd.concat(kept) if kept else scores), unshared


def of_pair(scores: pd.DataFrame, a: str, b: str) -> pd.DataFrame:
    """Return what two methods are compared by: their scores on the folds that both have.

    It does not depend on what scores other methods have. Datasets on which both have folds, and
    none in common, are left out.

    Args:
        scores: one row per dataset, method and fold; see `paired`.
    """
    comparable, unshared = paired(scores[scores["method"].isin((a, b))])
    apart = [folds.dataset for folds in unshared if not folds.shared]
    return comparable[~comparable["dataset"].isin(apart)]


def without_students(scores: pd.DataFrame, method: str) -> list[str]:
    """Return the datasets on which no result of a method has students, so that it is its teachers.

    Args:
        scores: of `tables.collect_scores`; of those from elsewhere nobody knows, and none is named.
    """
    if "generations_trained" not in scores:
        return []
    own = scores[scores["method"] == method]
    none = own["generations_trained"].eq(0).groupby(own["dataset"], sort=False).all()
    return [str(dataset) for dataset in none.index[none]]


def means_over_folds(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a table (datasets, methods) of mean accuracies over outer folds, in the scores' order.

    Rounded, so that the last bits of a mean do not break ties; NaN where there is no score.
    """
    table = scores.pivot_table("accuracy", "dataset", "method", aggfunc="mean", sort=False)
    methods, datasets = (list(dict.fromkeys(scores[name])) for name in ("method", "dataset"))
    return table.reindex(index=datasets, columns=methods).round(12)


def means_over_budgets(means: pd.DataFrame, budgets: dict[str, list[str]]) -> pd.DataFrame:
    """Return a table (datasets, methods) in which the label budgets of a dataset are one row.

    NaN where a method misses a score at one of them: means are over the same budgets.

    Args:
        means: (datasets, methods), each label budget as a dataset of its own.
        budgets: dataset -> what it is called at each of its label budgets.
    """
    dataset_of = {name: dataset for dataset, names in budgets.items() for name in names}
    units = [dataset_of.get(name, name) for name in means.index]
    groups = means.groupby(units, sort=False)
    return groups.agg(lambda column: column.mean(skipna=False)).round(12)


def means_over_groups(means: pd.DataFrame, groups: dict[str, str]) -> pd.DataFrame:
    """Return a table (groups, methods) of means over the datasets of a group that have all scores.

    Datasets made from one source are no independent observations; groups are.

    Args:
        means: (datasets, methods), in which label budgets are one row (see `means_over_budgets`).
        groups: dataset -> its group; a dataset that is not there is a group by itself.
    """
    complete = means.dropna()
    names = [groups.get(dataset, dataset) for dataset in complete.index]
    return complete.groupby(names, sort=False).mean().round(12)


def budgets_by_name(datasets: Iterable[str]) -> dict[str, list[str]]:
    """Return, per dataset that occurs with several label budgets, what it is called at each; and so
    of values of another axis (see `value_by_name`).

    By its name, `DATASET@BUDGET`, as studies call it; scores from elsewhere may have such names.
    """
    found: dict[str, list[str]] = {}
    for name in datasets:
        found.setdefault(name.partition("@")[0], []).append(name)
    return {dataset: names for dataset, names in found.items() if len(names) > 1}


def value_by_name(dataset: str) -> tuple[str, float] | None:
    """Return which axis other than that of label budgets the name of a dataset says a value of, as
    studies call it, such as `DATASET@foreign_SHARE`, and that value; None where it says none."""
    found = re.fullmatch(rf".*@({'|'.join(NAMED_BY)})_(\d[\d.]*(e-\d+)?)", dataset)
    return (NAMED_BY[found[1]], float(found[2])) if found else None
