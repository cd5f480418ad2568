"""What unequal classes do, at every ratio: differences to controls, and how the rarest fares."""

import pandas as pd

from self_training.evaluation import label_budgets

AXIS = "imbalance"
# What accuracy hardly sees: the mean recall over classes, and that of the rarest class.
OF_CLASSES = ("tpr", "rarest_recall")


def compare(scores: pd.DataFrame, statistics: dict) -> list[dict]:
    """Return a row per dataset with several ratios of imbalance, ratio and method.

    Args:
        scores: of `tables.collect_scores`, a row per fold (see `comparison.over_seeds`).
        statistics: of `significance.Comparison`, or what `statistics.json` holds.

    Returns: of `label_budgets.compare`, with the ratio (`value`), the means over folds of
        OF_CLASSES, and as `fair_NAME` those of the method's fair control; None where it has none,
        or nobody knows.
    """
    fair = {entry["method"]: entry["control"] for entry in statistics["fair"]}
    means = scores.reindex(columns=["dataset", "method", *OF_CLASSES])
    means = means.groupby(["dataset", "method"])[list(OF_CLASSES)].mean()

    def mean(dataset: str, method: str | None, name: str) -> float | None:
        value = means[name].get((dataset, method))
        return None if pd.isna(value) else float(value)

    return [
        row
        | {name: mean(row["budget"], row["method"], name) for name in OF_CLASSES}
        | {
            f"fair_{name}": mean(row["budget"], fair.get(row["method"]), name)
            for name in OF_CLASSES
        }
        for row in label_budgets.compare(scores, statistics, AXIS)
    ]
