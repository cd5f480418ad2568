"""Tests of all methods at once, with datasets counted as independent, as the study of 2021 did.

That they are not (parts of one source) makes these tests reject too often, and what they say of two
methods depends on who else is in the study (Benavoli, Corani, Mangili 2016, JMLR 17). They are here
for comparison; the tests that verdicts come from are in `significance`.
"""

import numpy as np
import pandas as pd
from scikit_posthocs import posthoc_nemenyi_friedman
from scipy import stats

from self_training.evaluation.comparison import Reason
from self_training.evaluation.differences import ALPHA, SEED

# All orders of methods are tried where there are at most so many, or else so many random ones.
PERMUTATIONS = 99_999
NOTHING: dict = {"statistic": None, "p_value": None}


def compare_all(means: pd.DataFrame) -> dict:
    """Return average ranks, Friedman's test, and Nemenyi's (Demsar 2006, 3.2).

    Friedman's statistic is corrected for ties; ranks: 1 is best, ties share the mean rank.

    Args:
        means: (datasets, methods) mean accuracies, without gaps.

    Returns: `average_ranks`, `omnibus` (Friedman's test by the chi-squared distribution, by
        permutation, and its F-form), `post_hoc` and `critical_difference`; None with a reason where
        there is nothing to test.
    """
    (datasets, k), methods = means.shape, list(means.columns)
    ranks = stats.rankdata(-means.to_numpy(), axis=1)
    average = ranks.mean(axis=0).tolist() if datasets else [None] * k
    tests = ("friedman", "friedman_permutation", "iman_davenport")
    result: dict = {
        "average_ranks": dict(zip(methods, average, strict=True)),
        "omnibus": {},
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
        result["omnibus"] = {name: NOTHING | {"reason": reason} for name in tests}
        return result
    statistic, p_value = (float(value) for value in stats.friedmanchisquare(*means.to_numpy().T))
    result["omnibus"] = {
        "friedman": {"statistic": statistic, "p_value": p_value, "degrees_of_freedom": k - 1},
        "friedman_permutation": {"statistic": statistic, "p_value": permutation_p(ranks)},
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


def permutation_p(ranks: np.ndarray) -> float:
    """Return the p of Friedman's statistic among all orders of the methods on every dataset.

    Exact where there are at most PERMUTATIONS of them (3 methods on 6 datasets); or else of that
    many random ones, p = (b + 1) / (n + 1), so that it is never 0 (Phipson & Smyth 2010).

    Args:
        ranks: (datasets, methods).
    """

    def statistic(*columns, axis):
        # Friedman's statistic grows with this alone: sums of ranks have one mean.
        return sum(column.sum(axis=axis) ** 2 for column in columns)

    test = stats.permutation_test(
        tuple(ranks.T),
        statistic,
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=PERMUTATIONS,
        batch=10_000,
        rng=np.random.default_rng(SEED),
    )
    return float(test.pvalue)


def iman_davenport(friedman: float, datasets: int, methods: int) -> dict:
    """Return the F-form of Friedman's statistic, an approximation for many datasets (Demsar 2006,
    3.2).

    Returns: `statistic`, `p_value` and `degrees_of_freedom`; where every dataset ranks the methods
        the same way, the statistic is infinite, and there is no p.
    """
    first, second = methods - 1, (methods - 1) * (datasets - 1)
    degrees = {"degrees_of_freedom": [first, second]}
    rest = datasets * first - friedman
    if rest <= 1e-9 * friedman:
        return NOTHING | {"reason": Reason.ONE_ORDER} | degrees
    statistic = (datasets - 1) * friedman / rest
    p_value = stats.f.sf(statistic, first, second)
    return {"statistic": float(statistic), "p_value": float(p_value)} | degrees


def critical_difference(methods: int, datasets: int, alpha: float = ALPHA) -> float:
    """Return Nemenyi's critical difference of average ranks (Demsar 2006, section 3.2.2)."""
    q = stats.studentized_range.ppf(1 - alpha, methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * datasets)))
