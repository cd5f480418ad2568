"""Tests of the difference between two methods: over datasets, and over the folds of one of them."""

import numpy as np
import pandas as pd
from baycomp import SignedRankTest
from scipy import stats

from self_training.evaluation import draws
from self_training.evaluation.comparison import Reason

ALPHA = 0.05
SEED = 0  # Of posterior samples; statistics are the same today and tomorrow.
POSTERIOR_SAMPLES = 20_000
# Below so many units the Bayesian test is sure too often: of normal differences around 0, and with
# no rope, it says P(better) > 0.95 in 23 % of cases of 2 units, in 11 % of 4 and in 8 % of 7.
LEAST_FOR_PROBABILITIES = 7


def mean_interval(difference: np.ndarray) -> list[float] | None:
    """Return the 95 % t interval of a mean over units.

    A bootstrap over as few units as studies have is too narrow (docs/statistics.md).

    Returns: its two ends, or None where nothing says how much units differ: fewer than 2 of them,
        or no two that differ.
    """
    if len(difference) < 2 or np.ptp(difference) == 0:
        return None
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    half = stats.t.ppf(1 - ALPHA / 2, len(difference) - 1) * error
    return [float(difference.mean() - half), float(difference.mean() + half)]


def wilcoxon(difference: np.ndarray) -> dict:
    """Return Wilcoxon's signed-rank test, two-sided; zeros count half (Demsar 2006, 3.1.3).

    Exact for up to 50 differences, or 13 if there are ties or zeros; otherwise by the normal
    approximation.

    Returns: `statistic`, the smaller sum of ranks, and `p_value`.
    """
    nothing = {"statistic": None, "p_value": None}
    if len(difference) == 0:
        return nothing | {"reason": Reason.NO_COMMON_DATASET}
    if not difference.any():
        return nothing | {"p_value": 1.0, "reason": Reason.BOTH_EQUAL}
    test = stats.wilcoxon(difference, zero_method="zsplit", method="auto")
    return {"statistic": float(test.statistic), "p_value": float(test.pvalue)}


def rank_biserial(difference: np.ndarray) -> float | None:
    """Return the matched-pairs rank-biserial correlation (Kerby 2014), 0 when all are equal."""
    nonzero = difference[difference != 0]
    if len(nonzero) == 0:
        return 0.0 if len(difference) else None
    ranks = stats.rankdata(np.abs(nonzero))
    return float((ranks * np.sign(nonzero)).sum() / ranks.sum())


def bayesian_signed_rank(difference: np.ndarray, rope: float) -> dict:
    """Return the probabilities that b is worse than a, equivalent within the rope, or better.

    Benavoli, Mangili, Corani, Zaffalon, Ruggeri 2014 (ICML), by baycomp.

    Args:
        difference: (units,) b - a, rounded; one as large as the rope counts as within it.

    Returns: `p_worse`, `p_equivalent` and `p_better`; None each for fewer units than
        LEAST_FOR_PROBABILITIES.
    """
    names = ("p_worse", "p_equivalent", "p_better")
    if len(difference) < LEAST_FOR_PROBABILITIES:
        return dict.fromkeys(names)
    if rope == 0 and not difference.any():
        return dict(zip(names, (0.5, 0.0, 0.5), strict=True))
    # Its cost grows with the square of the units; the samples' error, at most 0.011, does not.
    samples = POSTERIOR_SAMPLES if len(difference) <= 200 else POSTERIOR_SAMPLES // 10
    probabilities = SignedRankTest.probs(
        np.zeros(len(difference)),
        difference,
        rope + 1e-9 if rope else 0,
        nsamples=samples,
        random_state=SEED,
    )
    if rope == 0:
        probabilities = (probabilities[0], 0.0, probabilities[1])
    return dict(zip(names, map(float, probabilities), strict=True))


def corrected_t_test(rows: pd.DataFrame, a: str, b: str, outer_folds: int) -> dict:
    """Test the difference b - a on one dataset, over the outer folds that both have a score of.

    For scores from elsewhere, n_test/n_train is taken as 1 / (K - 1). Draws of labels, which share
    their test examples, have a test of their own.

    Args:
        rows: scores of a dataset.
        outer_folds: K, of the dataset; see `outer_folds_of`.

    Returns: of `t_test_of_folds`, or of `draws.t_test`.
    """
    rows = rows[rows["method"].isin((a, b))].dropna(subset=["fold", "accuracy"])
    if draws.are_draws(rows):
        return draws.test_pair(rows, a, b)
    table = rows.pivot(index="fold", columns="method", values="accuracy")
    table = table.reindex(columns=[a, b]).dropna()
    differences = (table[b] - table[a]).round(12).to_numpy(float)
    if len(differences) < 2:
        return t_test_of_folds(differences, np.nan)
    ratio = _test_to_train(rows[rows["fold"].isin(table.index)], outer_folds)
    return t_test_of_folds(differences, ratio)


def t_test_of_folds(differences: np.ndarray, ratio: float) -> dict:
    """Test whether differences over outer folds have a mean of 0.

    The folds' training sets overlap, so the variance of the mean is taken as
    (1/n + n_test/n_train) times that of the differences, with n - 1 degrees of freedom (Nadeau &
    Bengio 2003). Of a cross-validation with K folds that is repeated R times, n is K R (Bouckaert &
    Frank 2004, Evaluating the replicability of significance tests for comparing learning
    algorithms, PAKDD).

    Args:
        differences: (folds,), rounded.
        ratio: n_test / n_train.

    Returns: `folds`; mean `difference`, its 95 % `interval` and the two-sided `p_value`; None with
        a reason where the folds are too few or not known, and but for the difference where it is
        the same in all of them.
    """
    folds = len(differences)
    result: dict = {"folds": folds, "difference": None, "interval": None, "p_value": None}
    if folds < 2:
        return result | {"reason": Reason.TOO_FEW_FOLDS}
    mean, variance = differences.mean(), differences.var(ddof=1)
    result["difference"] = float(mean)
    if np.ptp(differences) == 0:
        # Folds that do not differ say nothing of how much they would; so if all differences are 0.
        return result | {"reason": Reason.ONE_DIFFERENCE}
    error = np.sqrt((1 / folds + ratio) * variance)
    half = stats.t.ppf(1 - ALPHA / 2, folds - 1) * error
    result["interval"] = [float(mean - half), float(mean + half)]
    result["p_value"] = float(2 * stats.t.sf(abs(mean) / error, folds - 1))
    return result


def outer_folds_of(folds: int, repeats: int) -> int:
    """Return how many outer folds one repeat of a dataset's cross-validation has, at least 2.

    Args:
        folds: of all repeats together, of which some may miss.
    """
    return max(2, -(-folds // repeats))


def _test_to_train(rows: pd.DataFrame, outer_folds: int) -> float:
    """Return n_test / n_train of outer folds; of scores from elsewhere by their number.

    Examples of unknown label, which are the same ones in every fold, are no part of either. Those
    that unequal classes leave out count: without them folds have no more in common than with them.
    """
    ratio = 1 / (outer_folds - 1)
    if {"test", "labeled", "unlabeled"} <= set(rows):
        train = rows["labeled"] + rows["unlabeled"] - rows.get("unknown", 0)
        if "left_out" in rows:
            train += rows["left_out"].fillna(0)
        ratio = float(np.nan_to_num((rows["test"] / train).mean(), nan=ratio))
    return ratio


def fold_interval(rows: pd.DataFrame, repeats: int = 1) -> float:
    """Return half the width of the 95 % interval of one method's mean over the folds of a dataset.

    With the variance of `corrected_t_test`; 0 where the folds are too few or not known, and of
    draws of labels where it is not known which test examples are right.

    Args:
        rows: scores of the method on the dataset.
        repeats: of the cross-validation.
    """
    values = rows.dropna(subset=["fold"])["accuracy"].to_numpy()
    if len(values) < 2:
        return 0.0
    if draws.are_draws(rows):
        return draws.half_width_of_mean(rows)
    ratio = _test_to_train(rows, outer_folds_of(len(values), repeats))
    error = np.sqrt((1 / len(values) + ratio) * values.var(ddof=1))
    return float(stats.t.ppf(1 - ALPHA / 2, len(values) - 1) * error)


def smallest_p(units: int) -> float:
    """Return the smallest p that Wilcoxon's two-sided test can give for so many differences."""
    return min(1.0, 2 / 2**units)


def could_show(units: int, tests: int) -> bool:
    """Return whether so many units are enough for a pair to differ at ALPHA, as one of `tests` that
    Holm's correction is over."""
    return smallest_p(units) * tests < ALPHA
