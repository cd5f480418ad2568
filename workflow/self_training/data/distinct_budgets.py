"""Whether the label budgets of a dataset come to different numbers of labels."""

from itertools import pairwise

from self_training.data.class_counts import labels_of_class
from self_training.errors import DatasetError


def check_distinct_budgets(
    counts: dict[str, int],
    budgets: list[dict],
    *,
    dataset: str,
    outer_folds: int,
    draw: str = "stratified",
    has_test: bool = False,
) -> None:
    """Raise DatasetError when two label budgets keep as many labels of every class in every fold.

    They would be the same networks, trained twice, and a point of a learning curve that says that
    more labels bring nothing.

    Args:
        counts: examples of known label per class name.
        budgets: of `study.budgets.of`, the smallest first; each passes `check_class_counts`.
        dataset: its name in the config.
        draw: of a random one, labels are a part of all examples and not of each class.
        has_test: of a dataset with a test file the pool is all of the training file.
    """
    sizes = list(counts.values()) if draw == "stratified" else [sum(counts.values())]
    # Test folds have the rounded up or the rounded down part of a class; a test file has none.
    pools = (
        sizes
        if has_test
        else [
            size - part for size in sizes for part in (-(-size // outer_folds), size // outer_folds)
        ]
    )
    kept = [[labels_of_class(pool, **budget) for pool in pools] for budget in budgets]
    for one, other in pairwise(range(len(budgets))):
        if kept[one] == kept[other]:
            ((key, value),) = budgets[one].items()
            repeated = budgets[other][key]
            raise DatasetError(
                f"datasets.{dataset}.{key}: Expected label budgets that keep different numbers of "
                f"labels. Received: {value} and {repeated}, which both keep {_show(kept[one])} "
                f"{'of every class' if draw == 'stratified' else 'labels'} in a pool. Leave one of "
                "them out."
            )


def _show(kept: list[int]) -> str:
    low, high = min(kept), max(kept)
    return f"{low}" if low == high else f"{low} to {high}"
