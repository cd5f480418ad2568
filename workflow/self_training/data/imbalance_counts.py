"""How many labels and unlabeled examples each class has where classes are made unequal.

The protocol is that of Kim et al. 2020 (*Distribution aligning refinery of pseudo-label for
imbalanced semi-supervised learning*, NeurIPS) and Wei et al. 2021 (CReST, CVPR): of C classes, in
their order, the class k = 0, 1, ... has the first one's number times ratio ** (-k / (C - 1)).
"""

import math
from collections.abc import Sequence

from self_training.errors import DatasetError

# How many unlabeled examples classes have: as labels, or the other way round.
ALIKE, REVERSED = "alike", "reversed"


def sizes(first: int, ratio: float, classes: int) -> list[int]:
    """Return how many examples each class has, rounded to the next number, half of one up.

    Args:
        first: of the first class, which has the most.
        ratio: how many times as many that is as the last class has, before rounding.
    """
    exact = [first / ratio ** (label / (classes - 1)) for label in range(classes)]
    # A power may be off in its last digits, which decide where a number is half of one.
    return [math.floor(round(value, 9) + 0.5) for value in exact]


def unlabeled_sizes(hidden: Sequence[int], ratio: float, unlabeled: str) -> list[int]:
    """Return how many unlabeled examples of each class are kept of a pool.

    The most frequent class has as many as every class has: so what is kept at a larger ratio is
    among what is kept at a smaller one, however unequal classes have been before.

    Args:
        hidden: per class, examples of the pool that have no label at a ratio of 1 either.
        unlabeled: ALIKE or REVERSED.
    """
    kept = sizes(min(hidden), ratio, len(hidden))
    return kept[::-1] if unlabeled == REVERSED else kept


def check_imbalance(
    counts: dict[str, int],
    *,
    imbalance: float | None = None,
    unlabeled_imbalance: str = ALIKE,
    dataset: str,
    outer_folds: int,
    inner_folds: int,
    unknown: int = 0,
    has_test: bool = False,
    labels_per_class: int = 0,
    **_other_budget,
) -> None:
    """Raise DatasetError unless every class is left labels and an unlabeled example, where classes
    are made unequal.

    Args:
        counts: examples of known label per class name, of which `class_counts.check_class_counts`
            has found nothing wrong.
        imbalance: the ratio of `sizes`; None of classes that stay as they are.
        unlabeled_imbalance: of `unlabeled_sizes`.
        labels_per_class: of the first class.
        dataset, outer_folds, inner_folds, unknown, has_test: of `check_class_counts`.
    """
    if imbalance is None:
        return
    key = f"datasets.{dataset}.imbalance"
    if unknown:
        raise DatasetError(
            f"{key}: Expected a known label of every example, as it says how many of each class "
            f"are unlabeled. Received {unknown} of unknown label, of which nobody can say their "
            "class. Leave these out, or imbalance."
        )
    needed = max(1, inner_folds)
    for name, labels in zip(counts, sizes(labels_per_class, imbalance, len(counts)), strict=True):
        if labels < needed:
            reason = f" (inner_folds: {inner_folds})" if inner_folds else ""
            raise DatasetError(
                f"{key}: Expected a ratio that leaves every class at least {needed} labeled "
                f"example{'s' if needed > 1 else ''}{reason}. Received: {imbalance:g}, which "
                f"leaves {labels} of class '{name}', as labels_per_class is {labels_per_class}. "
                "Use a smaller ratio, or a larger labels_per_class."
            )
    hidden = hidden_of(counts, labels_per_class, outer_folds, has_test)
    for name, kept in zip(
        counts, unlabeled_sizes(hidden, imbalance, unlabeled_imbalance), strict=True
    ):
        if not kept:
            raise DatasetError(
                f"{key}: Expected a ratio that leaves every class an unlabeled example. Received: "
                f"{imbalance:g}, which leaves none of class '{name}', as the most frequent one has "
                f"{min(hidden)}. Use a smaller ratio, or a smaller labels_per_class."
            )


def hidden_of(
    counts: dict[str, int],
    labels_per_class: int,
    outer_folds: int,
    has_test: bool,
    fewest: bool = True,
) -> list[int]:
    """Return how many examples of each class have no label at a ratio of 1 either, in the outer
    fold where they are fewest, or most.

    Args:
        counts, labels_per_class, outer_folds, has_test: of `check_imbalance`.
    """
    tested = [-(-count // outer_folds) if fewest else count // outer_folds
              for count in counts.values()]  # fmt: skip
    return [
        count - (0 if has_test else part) - labels_per_class
        for count, part in zip(counts.values(), tested, strict=True)
    ]


def shares_of_unlabeled(
    classes: int, imbalance: float, unlabeled_imbalance: str = ALIKE
) -> list[float]:
    """Return the share of each class among unlabeled examples, before rounding."""
    parts = [imbalance ** (-label / (classes - 1)) for label in range(classes)]
    ordered = parts[::-1] if unlabeled_imbalance == REVERSED else parts
    return [part / sum(parts) for part in ordered]
