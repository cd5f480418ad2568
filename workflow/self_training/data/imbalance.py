"""Classes that are made unequal: which labels, and which unlabeled examples, a split keeps.

What a larger ratio keeps is among what a smaller one keeps, of labels and of unlabeled examples.
Labels that a ratio takes from an example take the example out of the study: it is not unlabeled.
"""

import numpy as np

from self_training.data.imbalance_counts import ALIKE, sizes, unlabeled_sizes
from self_training.seeds import generator


def keep(
    drawn: list[np.ndarray],
    pool: np.ndarray,
    labels: np.ndarray,
    identity: dict,
    *,
    imbalance: float | None = None,
    unlabeled_imbalance: str = ALIKE,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the examples of an outer fold's pool that keep their labels, and those that are left
    out of the fold.

    Args:
        drawn: per class, the examples that are labeled at a ratio of 1, in the order in which they
            were drawn; of a random draw, all at once.
        pool: indices of what is outside the test fold.
        labels: (dataset,) true labels.
        identity: of the outer fold.
        imbalance: how many times as many labels the first class has as the last; None to keep all.
        unlabeled_imbalance: of `imbalance_counts.unlabeled_sizes`.

    Returns: both in ascending order.
    """
    all_drawn = np.sort(np.concatenate(drawn))
    if imbalance is None:
        return all_drawn, np.zeros(0, all_drawn.dtype)
    counts = sizes(len(drawn[0]), imbalance, len(drawn))
    labeled = np.concatenate([some[:count] for some, count in zip(drawn, counts, strict=True)])
    # Not in the order that slices are taken in: all of these are to have one balance of classes.
    order = generator(purpose="unlabeled kept", **identity).permutation(pool)
    hidden = order[~np.isin(order, all_drawn)]
    of_classes = [hidden[labels[hidden] == label] for label in range(len(drawn))]
    counts = unlabeled_sizes([len(some) for some in of_classes], imbalance, unlabeled_imbalance)
    kept = [some[:count] for some, count in zip(of_classes, counts, strict=True)]
    return np.sort(labeled), np.setdiff1d(pool, np.concatenate([labeled, *kept]))
