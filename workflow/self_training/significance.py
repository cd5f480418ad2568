"""Tests of the differences between methods over datasets (Demsar 2006, JMLR 7, section 3.2)."""

import numpy as np
import pandas as pd
from scikit_posthocs import posthoc_nemenyi_friedman
from scipy.stats import friedmanchisquare, rankdata, studentized_range

ALPHA = 0.05


def means_over_folds(scores: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Return a table (datasets, methods) of means over outer folds, in the order of the scores.

    Rounded, so that the last bits of a mean do not break ties.
    """
    table = scores.pivot_table(metric, "dataset", "method", aggfunc="mean", sort=False)
    return table[list(dict.fromkeys(scores["method"]))].round(12)


def compare_methods(means: pd.DataFrame) -> dict:
    """Test whether methods differ over datasets.

    The unit is a dataset's mean over its folds; folds share training examples and are no
    independent observations.

    Args:
        means: (datasets, methods) mean accuracies.

    Returns: average ranks (1 is best; ties share the mean rank), Friedman's test (corrected for
        ties), Nemenyi's p for each pair, Nemenyi's critical difference of average ranks at ALPHA,
        and a reading in words. What can't be computed is None, with the reason.
    """
    datasets, methods = len(means), list(means.columns)
    ranks = pd.DataFrame(rankdata(-means.to_numpy(), axis=1), columns=methods).mean()
    result = {
        "metric": "mean accuracy over outer folds",
        "datasets": datasets,
        "methods": methods,
        "alpha": ALPHA,
        "average_ranks": {method: float(ranks[method]) for method in methods},
        "omnibus": {"friedman": {"statistic": None, "p_value": None}},
        "post_hoc": {"nemenyi": None},
        "critical_difference": None,
    }
    if len(methods) < 3:
        reason = f"Friedman's test needs at least 3 methods; this study has {len(methods)}."
    elif datasets < 2:
        reason = f"Friedman's test needs at least 2 datasets; this study has {datasets}."
    elif (means.nunique(axis=1) == 1).all():
        reason = "All methods score the same on every dataset; there is no difference to test."
    else:
        reason = None
    if reason is not None:
        result["omnibus"]["friedman"]["reason"] = reason
        result["reading"] = [reason]
        return result
    statistic, p_value = friedmanchisquare(*means.to_numpy().T)
    result["omnibus"]["friedman"] = {"statistic": float(statistic), "p_value": float(p_value)}
    # Positions as labels: scikit-posthocs sorts columns by name.
    pairs = posthoc_nemenyi_friedman(means.to_numpy()).to_numpy()
    result["post_hoc"]["nemenyi"] = {
        method: {other: float(pairs[i, j]) for j, other in enumerate(methods) if other != method}
        for i, method in enumerate(methods)
    }
    result["critical_difference"] = critical_difference(len(methods), datasets)
    result["reading"] = _read(result)
    return result


def critical_difference(methods: int, datasets: int, alpha: float = ALPHA) -> float:
    """Return Nemenyi's critical difference of average ranks (Demsar 2006, section 3.2.2)."""
    q = studentized_range.ppf(1 - alpha, methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * datasets)))


def _read(result: dict) -> list[str]:
    p_value, datasets = result["omnibus"]["friedman"]["p_value"], result["datasets"]
    ranks = result["average_ranks"]
    best = [method for method, rank in ranks.items() if rank == min(ranks.values())]
    reading = [
        f"Friedman's test finds {'a' if p_value < ALPHA else 'no'} difference between the methods "
        f"over {datasets} datasets (p = {p_value:.3g}, level {ALPHA})."
    ]
    if p_value < ALPHA:
        pairs = result["post_hoc"]["nemenyi"]
        apart = [
            f"{method} and {other} (p = {p:.3g})"
            for i, method in enumerate(pairs)
            for j, (other, p) in enumerate(pairs[method].items())
            if j >= i and p < ALPHA
        ]
        reading.append(
            "By Nemenyi's test, these differ: " + "; ".join(apart) + "."
            if apart
            else "By Nemenyi's test, no single pair of methods differs."
        )
    reading.append(
        f"Best average rank: {', '.join(best)} ({ranks[best[0]]:.2f}; 1 would be always best)"
        + (", by a difference that may be chance." if p_value >= ALPHA else ".")
    )
    if datasets < 10:
        reading.append(
            f"{datasets} datasets are few: only very regular differences can show, and that none "
            "shows does not mean that there is none."
        )
    return reading
