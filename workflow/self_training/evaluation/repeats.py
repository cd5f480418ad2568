"""How far apart the repeats of the outer cross-validation are: how much one split decides."""

import pandas as pd


def means(scores: pd.DataFrame) -> list[dict]:
    """Return, per dataset and method, the mean accuracy over the folds of each repeat.

    Each repeat is what a study without repeats might have seen: it has another partition into outer
    folds, other labeled examples and other initial weights.

    Args:
        scores: of `tables.collect_scores`, a row per fold (see `comparison.over_seeds`), with
            `repeat`; rows without, of scores from elsewhere, are left out.

    Returns: `dataset`, `method`, `values` (one per repeat), and of these `mean`, `std` (n - 1),
        `lowest` and `highest`. No row where there is one repeat.
    """
    return [
        {"dataset": dataset, "method": method} | _describe(table[method])
        for dataset, table in _tables(scores)
        for method in table
    ]


def differences(scores: pd.DataFrame, fair: list[dict]) -> list[dict]:
    """Return, per dataset and method with a fair control, its difference to it in each repeat.

    Args:
        scores: as of `means`.
        fair: of the statistics (see `significance.Comparison`).

    Returns: `control` and `ahead` (in how many repeats the method is ahead), beside what `means`
        returns, of method minus control over the folds that both have a score of.
    """
    rows = []
    for dataset, table in _tables(scores):
        for method, control in ((entry["method"], entry["control"]) for entry in fair):
            if not {method, control} <= set(table):
                continue
            row = _describe(table[method] - table[control])
            rows.append(
                {"dataset": dataset, "method": method, "control": control}
                | row
                | {"ahead": sum(value > 0 for value in row["values"])}
            )
    return rows


def _tables(scores: pd.DataFrame):
    """Yield each dataset that has several repeats, and its accuracies by (repeat, fold), method."""
    known = scores.dropna(subset=["repeat"]) if "repeat" in scores else scores[:0]
    for dataset, rows in known.groupby("dataset", sort=False):
        if rows["repeat"].nunique() > 1:
            table = rows.pivot(index=["repeat", "fold"], columns="method", values="accuracy")
            yield dataset, table[list(dict.fromkeys(rows["method"]))]


def _describe(of_folds: pd.Series) -> dict:
    values = of_folds.groupby("repeat").mean().round(12)
    return {
        "values": values.tolist(),
        "mean": float(values.mean()),
        "std": float(values.std()),
        "lowest": float(values.min()),
        "highest": float(values.max()),
    }
