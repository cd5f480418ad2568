"""Scores of one method on one outer fold."""

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    precision_score,
    recall_score,
    roc_auc_score,
)

from self_training.pseudo_labels import ensemble
from self_training.runs import FINAL

METRICS = ("accuracy", "tpr", "fpr", "precision", "auc", "pr_curve")
SECONDS = ("training_time", "inference_time")


def metrics(y_true: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return the scores of predicted probabilities.

    Args:
        y_true: (examples,) labels; every class occurs.
        probabilities: (examples, classes).

    Returns: accuracy; tpr (macro recall), fpr and precision (macro); auc (macro, one-vs-rest area
        under the ROC curve); pr_curve (macro average precision).
    """
    classes = probabilities.shape[1]
    labels = np.arange(classes)
    y_predicted = probabilities.argmax(axis=1)
    confusion = confusion_matrix(y_true, y_predicted, labels=labels)
    false_positives = confusion.sum(axis=0) - np.diag(confusion)
    negatives = confusion.sum() - confusion.sum(axis=1)
    one_hot = np.eye(classes, dtype=int)[y_true]
    return {
        "accuracy": float(accuracy_score(y_true, y_predicted)),
        "tpr": float(recall_score(y_true, y_predicted, average="macro", labels=labels)),
        "fpr": float(np.mean(false_positives / negatives)),
        "precision": float(
            precision_score(y_true, y_predicted, average="macro", labels=labels, zero_division=0)
        ),
        "auc": float(roc_auc_score(one_hot, probabilities, average="macro")),
        "pr_curve": float(average_precision_score(one_hot, probabilities, average="macro")),
    }


def score_pseudo_labels(labels: np.ndarray, chain: dict) -> list[dict]:
    """Return, per generation, how good the pseudo-labels were.

    The only place where labels of U are read: after the fact, and nothing trains on the result.

    Args:
        labels: (dataset,) true labels.
        chain: a final chain's pseudo-labels (see `generations.label`).

    Returns: per generation: `offered` to the teachers; `selected` by confidence, and how many of
        these are `correct`; `trained_on` after class balancing.
    """
    targets = chain["targets"]
    predicted = targets.argmax(axis=1) if targets.ndim == 2 else targets
    correct = predicted == labels[chain["examples"]]
    rows = []
    for generation, offered in enumerate(chain["offered"].tolist(), start=1):
        now = chain["generation"] == generation
        rows.append(
            {
                "generation": generation,
                "offered": offered,
                "selected": int(now.sum()),
                "correct": int(correct[now].sum()),
                "trained_on": int(chain["copies"][now].sum()),
            }
        )
    return rows


def evaluate(
    labels: np.ndarray,
    split: dict,
    predictions: dict,
    pseudo_labels: list[dict],
    hyper_parameters: dict,
    histories: list[list[dict]],
) -> dict:
    """Score a method's final chain on the outer test fold.

    Args:
        labels: (dataset,) true labels.
        split: of the outer fold.
        predictions: state of the predictions after the last generation, or of the shared teachers
            for a method without generations.
        pseudo_labels: state of the pseudo-labels after the last generation; empty without.
        hyper_parameters: the selected candidate.
        histories: records of the final runs of generation 0, 1, ...; teachers that the method
            does not use among them.

    Returns: metrics, seconds and gradient steps (of all teachers and students that the method
        needs), sizes, hyper-parameters, termination condition and the quality of pseudo-labels.
    """
    ensemble_size = hyper_parameters["ensemble_size"]
    (members,) = (arrays["evaluation"][:ensemble_size] for arrays in predictions.values())
    records = [
        [
            record
            for record in history
            if record["part"] == FINAL and record["member"] < ensemble_size
        ]
        for history in histories
    ]
    trained = [generation for generation in records if generation]
    chain = next((arrays for state in pseudo_labels for arrays in state.values()), None)
    termination = str(chain["termination"]) if chain is not None else ""
    return {
        **metrics(labels[split["test_idx"]], ensemble(members)),
        "training_time": sum(record["training_seconds"] for group in trained for record in group),
        "inference_time": sum(record["prediction_seconds"]["evaluation"] for record in trained[-1]),
        "gradient_steps": sum(record["steps"] for group in trained for record in group),
        "labeled": len(split["labeled_idx"]),
        "unlabeled": len(split["unlabeled_idx"]),
        "test": len(split["test_idx"]),
        **hyper_parameters,
        "generations_trained": len(trained) - 1,
        "termination_condition": termination or "generations_reached",
        "pseudo_labels": score_pseudo_labels(labels, chain) if chain is not None else [],
    }
