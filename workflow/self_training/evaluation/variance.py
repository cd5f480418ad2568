"""Where the variance of scores comes from: the data of a fold, or the seed of a training."""

import pandas as pd


def components(scores: pd.DataFrame) -> list[dict]:
    """Return the variance of each method's accuracy on each dataset, divided by its sources.

    Folds are groups of a one-way analysis of variance with random effects, and training seeds the
    observations in them (Bouthillier et al. 2021, Accounting for variance in machine learning
    benchmarks, MLSys). What differs between folds are test examples, labeled examples and the order
    of the unlabeled ones. A negative estimate is 0.

    Args:
        scores: of `tables.collect_scores`, with `training_seed`; rows without are left out.

    Returns: `dataset`, `method`, `folds`, `seeds`, `mean`, and the standard deviations `of_data`
        and `of_seeds`, for those that have at least two folds of two seeds each.
    """
    rows = []
    known = scores.dropna(subset=["training_seed"]) if "training_seed" in scores else scores[:0]
    for (dataset, method), some in known.groupby(["dataset", "method"], sort=False):
        folds = some.groupby("fold")["accuracy"].agg(["count", "mean", "var"])
        seeds = int(folds["count"].min())
        if len(folds) < 2 or seeds < 2:
            continue
        of_seeds = folds["var"].mean()
        of_data = max(0.0, folds["mean"].var() - of_seeds / seeds)
        rows.append(
            {
                "dataset": dataset,
                "method": method,
                "folds": len(folds),
                "seeds": seeds,
                "mean": float(folds["mean"].mean()),
                "of_data": float(of_data**0.5),
                "of_seeds": float(of_seeds**0.5),
            }
        )
    return rows
