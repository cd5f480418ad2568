"""The recall of the rarest class, where classes are of unequal size: accuracy hardly sees it."""

import numpy as np

from self_training.data.split import Split

# Where the rarest class has at most this part of what the most frequent one has.
UNEQUAL = 0.5


def score(
    labels: np.ndarray,
    class_names: list[str],
    y_true: np.ndarray,
    probabilities: np.ndarray,
    thinned: bool = False,
) -> dict:
    """Return which class is the rarest of a dataset, and how many of its test examples are found.

    Args:
        labels: (dataset,) true labels, negative where nobody knows one.
        class_names: (classes,).
        y_true: (examples,) labels of the test examples, in which every class occurs.
        probabilities: (examples, classes).
        thinned: whether labels are taken from classes (see `data.imbalance`): then the last class
            is the rarest, at a ratio of 1 too, so that all ratios are compared by one class.

    Returns: `rarest_class`, its name, and `rarest_recall`; of several that are as rare, all names
        and the mean. Nothing where classes are of about equal size.
    """
    counts = np.bincount(labels[labels >= 0], minlength=len(class_names))
    rarest = np.flatnonzero(counts == counts.min())
    if thinned:
        rarest = np.array([len(class_names) - 1])
    elif counts.min() > UNEQUAL * counts.max():
        return {}
    found = probabilities.argmax(axis=1) == y_true
    recalls = [found[y_true == label].mean() for label in rarest]
    names = ", ".join(class_names[label] for label in rarest)
    return {"rarest_class": names, "rarest_recall": float(np.mean(recalls))}


def left_out(labels: np.ndarray, split: Split, thinned: bool) -> dict:
    """Return how many examples are in no part of an outer fold (`left_out`), where classes were
    made unequal, whose labels are all known."""
    if not thinned:
        return {}
    parts = (split.test_idx, split.labeled_idx, split.unlabeled_idx)
    return {"left_out": len(labels) - sum(map(len, parts))}
