"""Whether the label budgets of a dataset come to different numbers of labels, and ratios of unequal
classes to different numbers of examples."""

from collections.abc import Sequence
from itertools import pairwise

from self_training.data.class_counts import labels_of_class
from self_training.data.imbalance_counts import hidden_of, sizes
from self_training.errors import DatasetError


def check_distinct_budgets(
    counts: dict[str, int],
    budgets: list[dict],
    *,
    dataset: str,
    outer_folds: int,
    draw: str = "stratified",
    has_test: bool = False,
    ratios: Sequence[float] = (),
) -> None:
    """Raise DatasetError when two label budgets keep as many labels of every class in every fold,
    or two ratios of unequal classes as many labels and unlabeled examples.

    They would be the same networks, trained twice, and a point of a learning curve that says that
    more labels bring nothing.

    Args:
        counts: examples of known label per class name.
        budgets: of `study.budgets.of`, the smallest first; each passes `check_class_counts`.
        dataset: its name in the config.
        draw: of a random one, labels are a part of all examples and not of each class.
        has_test: of a dataset with a test file the pool is all of the training file.
        ratios: of `imbalance_counts.sizes`, the smallest first.
    """
    if ratios:
        ((_, first),) = budgets[0].items()
        # Test folds have the rounded up or the rounded down part of a class.
        hidden = [
            min(hidden_of(counts, first, outer_folds, has_test, fewest)) for fewest in (True, False)
        ]
        _check_ratios(ratios, dataset, len(counts), (first, *hidden))
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


def _check_ratios(
    ratios: Sequence[float], dataset: str, classes: int, firsts: tuple[int, ...]
) -> None:
    """Raise DatasetError when two ratios come to the same numbers.

    Args:
        firsts: how many labels, and how many unlabeled examples, the most frequent class has in
            some fold.
    """
    kept = [[sizes(first, ratio, classes) for first in firsts] for ratio in ratios]
    for (one, of_one), (other, of_other) in pairwise(zip(ratios, kept, strict=True)):
        if of_one == of_other:
            labels, unlabeled = (some[-1] for some in of_one[:2])
            raise DatasetError(
                f"datasets.{dataset}.imbalance: Expected ratios that keep different numbers of "
                f"labels or unlabeled examples. Received: {one:g} and {other:g}, "
                f"which both keep {labels} labels and {unlabeled} unlabeled examples of the rarest "
                "class, and as many of every other one. Leave one of them out."
            )


def _show(kept: list[int]) -> str:
    low, high = min(kept), max(kept)
    return f"{low}" if low == high else f"{low} to {high}"
