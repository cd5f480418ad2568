"""What predictions are scored by: the one table of metrics, which all that names a metric reads."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    precision_score,
    recall_score,
    roc_auc_score,
)


class Metric(NamedTuple):
    """A number in [0, 1] that says how good predictions are.

    Attributes:
        title: what a table calls it.
        larger_is_better: whether the best of several values is the largest, or else the smallest.
        function: of the labels (examples,), in which every class occurs, and the predicted
            probabilities (examples, classes).
    """

    title: str
    larger_is_better: bool
    function: Callable[[np.ndarray, np.ndarray], float]


def accuracy(y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the share of examples whose most probable class is theirs."""
    return accuracy_score(y_true, probabilities.argmax(axis=1))


def true_positive_rate(y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean over the classes of the share of their examples that are found (recall)."""
    labels = np.arange(probabilities.shape[1])
    return recall_score(y_true, probabilities.argmax(axis=1), average="macro", labels=labels)


def false_positive_rate(y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean over the classes of the share of all other examples taken for theirs."""
    labels = np.arange(probabilities.shape[1])
    confusion = confusion_matrix(y_true, probabilities.argmax(axis=1), labels=labels)
    false_positives = confusion.sum(axis=0) - np.diag(confusion)
    negatives = confusion.sum() - confusion.sum(axis=1)
    return np.mean(false_positives / negatives)


def precision(y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean over the classes of the share of right ones among their predictions.

    That of a class which is never predicted is 0.
    """
    labels, y_predicted = np.arange(probabilities.shape[1]), probabilities.argmax(axis=1)
    return precision_score(y_true, y_predicted, average="macro", labels=labels, zero_division=0)


def area_under_roc(y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean over the classes of the area under the one-vs-rest ROC curve."""
    return roc_auc_score(_one_hot(y_true, probabilities), probabilities, average="macro")


def average_precision(y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean over the classes of the average precision."""
    return average_precision_score(_one_hot(y_true, probabilities), probabilities, average="macro")


def _one_hot(y_true: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    return np.eye(probabilities.shape[1], dtype=int)[y_true]


# By its name in all tables, in their order. A metric more is an entry more, and nothing else.
METRICS = {
    "accuracy": Metric("Accuracy", True, accuracy),
    "tpr": Metric("TPR", True, true_positive_rate),
    "fpr": Metric("FPR", False, false_positive_rate),
    "precision": Metric("Precision", True, precision),
    "auc": Metric("AUC", True, area_under_roc),
    "pr_curve": Metric("PR-Curve", True, average_precision),
}


def score(y_true: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return the value of every metric.

    Args:
        y_true: (examples,) labels; every class occurs.
        probabilities: (examples, classes).
    """
    return {name: float(metric.function(y_true, probabilities)) for name, metric in METRICS.items()}
