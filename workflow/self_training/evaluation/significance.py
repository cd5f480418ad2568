"""Tests of the differences between methods, over datasets and on each of them: numbers alone.

Over datasets the unit is a dataset's mean over its outer folds, and over its label budgets where it
has several; these share examples and are no independent observations. Primary are Wilcoxon's
signed-rank tests with Holm's correction: what they say of two methods does not depend on who else
is in the study, as the classic mean ranks of Friedman and Nemenyi do (Benavoli, Corani, Mangili
2016, JMLR 17).
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scikit_posthocs import posthoc_nemenyi_friedman
from scipy import stats
from statsmodels.stats.multitest import multipletests

from self_training.errors import ScoresError
from self_training.evaluation.comparison import (
    Reason,
    UnsharedFolds,
    budgets_by_name,
    means_over_budgets,
    means_over_folds,
    paired,
)
from self_training.evaluation.differences import (
    ALPHA,
    bayesian_signed_rank,
    corrected_t_test,
    mean_interval,
    rank_biserial,
    wilcoxon,
)

ROPE = 0.01


class Comparison(NamedTuple):
    """What comes out of comparing methods.

    Attributes:
        statistics: all tests, JSON-able. What cannot be computed is None beside a `reason`, a code
            of `Reason`.
        means: (datasets, methods) the mean accuracies that were tested, with the label budgets of a
            dataset as one row.
        unshared: the datasets of which not every method has a score of every fold.
        missing: methods without a score -> the datasets, each label budget by itself, on which it
            is these that have none.
        joined: dataset -> what it is called at each of its label budgets, if it has several.
    """

    statistics: dict
    means: pd.DataFrame
    unshared: list[UnsharedFolds]
    missing: dict[tuple[str, ...], list[str]]
    joined: dict[str, list[str]]


def compare_methods(
    scores: pd.DataFrame,
    control: str | None = None,
    rope: float = ROPE,
    budgets: dict[str, list[str]] | None = None,
) -> Comparison:
    """Compare all methods of a study over datasets, and on every dataset.

    Args:
        scores: one row per dataset, method and fold, with `accuracy`; see `paired`.
        control: the method that others are compared with; the first when None.
        rope: differences of accuracy up to this are taken for practically none.
        budgets: of the study's datasets with several label budgets, handed on in the result.

    Raises: ScoresError, when there is no method of the name of the control.
    """
    methods = list(dict.fromkeys(scores["method"]))
    control = methods[0] if control is None else control
    if control not in methods:
        raise ScoresError(
            f"statistics.control: Expected one of {', '.join(methods)}. Received: '{control}'."
        )
    comparable, unshared = paired(scores)
    each = means_over_folds(comparable).reindex(
        index=list(dict.fromkeys(scores["dataset"])), columns=methods
    )
    joined = budgets_by_name(each.index)
    means = means_over_budgets(each, joined)
    complete = means.dropna()
    result = {
        "metric": "accuracy",
        "methods": methods,
        "datasets": len(complete),
        "datasets_with_missing_scores": len(means) - len(complete),
        "budgets": budgets or {},
        "control": control,
        "alpha": ALPHA,
        "rope": rope,
        **_mean_ranks(complete),
    }
    pairs = [_compare_pair(means, a, b, rope) for a, b in combinations(methods, 2)]
    _correct(pairs, "p_holm")
    _correct([pair for pair in pairs if control in (pair["a"], pair["b"])], "p_holm_control")
    result["post_hoc"]["wilcoxon_holm"] = _symmetric(methods, pairs, "p_holm")
    result["post_hoc"]["wilcoxon_holm_control"] = {
        ({pair["a"], pair["b"]} - {control}).pop(): pair["p_holm_control"]
        for pair in pairs
        if control in (pair["a"], pair["b"])
    }
    result["pairs"] = pairs
    all_folds = scores.groupby("dataset")["fold"].nunique()
    result["per_dataset"] = [
        {"dataset": dataset, "a": a, "b": b} | corrected_t_test(rows, a, b, all_folds[dataset])
        for dataset, rows in comparable.groupby("dataset", sort=False)
        for a, b in combinations(methods, 2)
    ]
    _correct(result["per_dataset"], "p_holm")
    return Comparison(result, means, unshared, _missing(each), joined)


def _missing(means: pd.DataFrame) -> dict[tuple[str, ...], list[str]]:
    """Return the datasets on which scores are missing, by the methods that have none there."""
    lacking: dict[tuple[str, ...], list[str]] = {}
    for dataset, row in means.iterrows():
        if row.isna().any():
            lacking.setdefault(tuple(row.index[row.isna()]), []).append(dataset)
    return lacking


def _mean_ranks(means: pd.DataFrame) -> dict:
    """Return average ranks, Friedman's test in both forms, and Nemenyi's (Demsar 2006, 3.2).

    Friedman's statistic is corrected for ties; ranks: 1 is best, ties share the mean rank.
    """
    (datasets, k), methods = means.shape, list(means.columns)
    ranks = stats.rankdata(-means.to_numpy(), axis=1).mean(axis=0) if datasets else [None] * k
    nothing = {"statistic": None, "p_value": None}
    result: dict = {
        "average_ranks": {
            method: None if rank is None else float(rank)
            for method, rank in zip(methods, ranks, strict=True)
        },
        "omnibus": {"friedman": nothing, "iman_davenport": nothing},
        "post_hoc": {"nemenyi": None},
        "critical_difference": None,
    }
    if k < 3:
        reason = Reason.TOO_FEW_METHODS
    elif datasets < 2:
        reason = Reason.TOO_FEW_DATASETS
    elif (means.nunique(axis=1) == 1).all():
        reason = Reason.ALL_METHODS_EQUAL
    else:
        reason = None
    if reason is not None:
        result["omnibus"] = {name: nothing | {"reason": reason} for name in result["omnibus"]}
        return result
    statistic, p_value = (float(value) for value in stats.friedmanchisquare(*means.to_numpy().T))
    result["omnibus"] = {
        "friedman": {"statistic": statistic, "p_value": p_value, "degrees_of_freedom": k - 1},
        "iman_davenport": iman_davenport(statistic, datasets, k),
    }
    # Positions as labels: scikit-posthocs sorts columns by name.
    p_values = posthoc_nemenyi_friedman(means.to_numpy()).to_numpy()
    result["post_hoc"]["nemenyi"] = {
        method: {other: float(p_values[i, j]) for j, other in enumerate(methods) if other != method}
        for i, method in enumerate(methods)
    }
    result["critical_difference"] = critical_difference(k, datasets)
    return result


def iman_davenport(friedman: float, datasets: int, methods: int) -> dict:
    """Return the F-form of Friedman's statistic, which is less conservative (Demsar 2006, 3.2)."""
    first, second = methods - 1, (methods - 1) * (datasets - 1)
    degrees = {"degrees_of_freedom": [first, second]}
    rest = datasets * first - friedman
    if rest <= 1e-9 * friedman:
        # Every dataset ranks the methods the same way: the statistic is infinite.
        return {"statistic": None, "p_value": 0.0, "reason": Reason.ONE_ORDER} | degrees
    statistic = (datasets - 1) * friedman / rest
    p_value = stats.f.sf(statistic, first, second)
    return {"statistic": float(statistic), "p_value": float(p_value)} | degrees


def critical_difference(methods: int, datasets: int, alpha: float = ALPHA) -> float:
    """Return Nemenyi's critical difference of average ranks (Demsar 2006, section 3.2.2)."""
    q = stats.studentized_range.ppf(1 - alpha, methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * datasets)))


def _compare_pair(means: pd.DataFrame, a: str, b: str, rope: float) -> dict:
    """Compare method b with method a on the datasets that both have scores of.

    Returns: the mean difference b - a and its 95 % interval (bootstrap over datasets, BCa); wins,
        ties and losses of b; Wilcoxon's signed-rank test; its effect size, the rank-biserial
        correlation (Kerby 2014: -1 when b always loses, 1 when it always wins); and the Bayesian
        signed-rank test's probabilities that b is worse, practically equivalent or better.
    """
    both = means[[a, b]].dropna()
    difference = (both[b] - both[a]).round(12).to_numpy()
    pair = {
        "a": a,
        "b": b,
        "datasets": len(difference),
        "mean_difference": float(difference.mean()) if len(difference) else None,
        "interval": mean_interval(difference),
        "wins": int((difference > 0).sum()),
        "ties": int((difference == 0).sum()),
        "losses": int((difference < 0).sum()),
        "rank_biserial": rank_biserial(difference),
        **wilcoxon(difference),
    }
    return pair | bayesian_signed_rank(difference, rope)


def _correct(tests: list[dict], name: str) -> None:
    """Add p values with Holm's correction over all tests that have one."""
    for test in tests:
        test[name] = None
    tested = [test for test in tests if test["p_value"] is not None]
    if tested:
        corrected = multipletests([test["p_value"] for test in tested], ALPHA, "holm")[1]
        for test, p_value in zip(tested, corrected, strict=True):
            test[name] = float(p_value)


def _symmetric(methods: list[str], pairs: list[dict], name: str) -> dict:
    table: dict[str, dict] = {method: {} for method in methods}
    for pair in pairs:
        table[pair["a"]][pair["b"]] = table[pair["b"]][pair["a"]] = pair[name]
    return {method: {other: table[method][other] for other in methods if other != method}
            for method in methods}  # fmt: skip
