"""What foreign examples do: differences to controls, and pseudo-labels, at every share of them."""

import pandas as pd

from self_training.evaluation import label_budgets

AXIS = "out_of_class"


def compare(scores: pd.DataFrame, generations: pd.DataFrame, statistics: dict) -> list[dict]:
    """Return a row per dataset with several shares of foreign examples, share and method.

    Args:
        scores: of `tables.collect_scores`, a row per fold (see `comparison.over_seeds`).
        generations: of `tables.collect_generations`.
        statistics: of `significance.Comparison`, or what `statistics.json` holds.

    Returns: of `label_budgets.compare`, with the share (`value`), and what `pseudo_labeled` says.
    """
    return [
        row | pseudo_labeled(generations, row["budget"], row["method"])
        for row in label_budgets.compare(scores, statistics, AXIS)
    ]


def pseudo_labeled(generations: pd.DataFrame, dataset: str, method: str) -> dict[str, float | None]:
    """Return which part of the foreign examples was pseudo-labeled, and of all others.

    Args:
        generations: of `tables.collect_generations`, all outer folds of which count together, and
            all generations of each, every time that an example is offered to teachers.

    Returns: `foreign_part` and `own_part` of those that teachers were asked about, None where there
        were none; and the mean confidences `foreign_confidence` and `own_confidence` of what was
        pseudo-labeled, None where nothing was.
    """
    rows = generations[(generations["dataset"] == dataset) & (generations["method"] == method)]
    rows = rows[rows["generation"] > 0]
    found = {}
    for name, offered, selected in (
        ("foreign", rows["foreign_offered"], rows["foreign_selected"]),
        (
            "own",
            rows["offered"] - rows["foreign_offered"],
            rows["selected"] - rows["foreign_selected"],
        ),
    ):
        confidence = (rows[f"{name}_confidence"] * selected).sum()
        found[f"{name}_part"] = selected.sum() / offered.sum() if offered.sum() else None
        found[f"{name}_confidence"] = confidence / selected.sum() if selected.sum() else None
    return {name: None if value is None else float(value) for name, value in found.items()}
