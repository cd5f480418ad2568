"""With how many labels a method pays: its differences to controls at every label budget."""

import pandas as pd

from self_training.evaluation.differences import ALPHA
from self_training.evaluation.significance import on_dataset


def references(statistics: dict) -> list[str]:
    """Return what methods are compared with: all fair controls, and the control.

    Args:
        statistics: of `significance.Comparison`, or what `statistics.json` holds.
    """
    fair = [entry["control"] for entry in statistics["fair"] if entry["control"] is not None]
    return list(dict.fromkeys([*fair, statistics["control"]]))


def compare(scores: pd.DataFrame, statistics: dict, axis: str = "budgets") -> list[dict]:
    """Return a row per dataset with several label budgets, budget and method that has a score.

    Args:
        scores: of `tables.collect_scores`, a row per fold (see `comparison.over_seeds`).
        statistics: of `significance.Comparison`, or what `statistics.json` holds.
        axis: what of the statistics names these datasets, and what they are called at each budget;
            or at each value of another axis, with these values.

    Returns: `dataset`, `budget` (the dataset's name at it), `labels` (see `count_labels`),
        `method`; `value`, of another axis; of its accuracies `folds` (how many), `mean` and `std`;
        and `against`, per reference but the method itself the test of the statistics (method minus
        reference): `difference`, `interval`, `p_value`, `p_holm` and, where there is no p,
        `reason`.
    """
    scores = scores.dropna(subset=["accuracy"])
    rows = []
    for dataset, budgets in statistics.get(axis, {}).items():
        for budget in budgets:
            of_budget = scores[scores["dataset"] == budget]
            for method in statistics["methods"]:
                own = of_budget[of_budget["method"] == method]
                if own.empty:
                    continue
                rows.append(
                    {
                        "dataset": dataset,
                        "budget": budget,
                        "labels": count_labels(of_budget),
                        "method": method,
                        **({"value": budgets[budget]} if isinstance(budgets, dict) else {}),
                        "folds": int(own["fold"].notna().sum()),
                        "mean": float(own["accuracy"].mean()),
                        "std": float(own["accuracy"].std()),
                        "against": {
                            other: on_dataset(statistics, budget, method, other)
                            for other in references(statistics)
                            if other != method
                        },
                    }
                )
    return rows


def count_labels(rows: pd.DataFrame) -> tuple[int, int]:
    """Return the smallest and the largest number of labels of a dataset's outer folds."""
    return int(rows["labeled"].min()), int(rows["labeled"].max())


def verdict(test: dict) -> str | None:
    """Return `ahead` or `behind` where the corrected p says so, or else `neither`; None where
    nothing is tested."""
    if test["p_holm"] is None:
        return None
    if test["p_holm"] >= ALPHA:
        return "neither"
    return "ahead" if test["difference"] > 0 else "behind"
