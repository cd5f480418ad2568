"""Scores of one method on one outer fold."""

import numpy as np
from scipy.stats import binomtest
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


BINS = 10  # Of confidence, from 0 to 1, in a reliability diagram.
EXAMPLES = 8  # Pseudo-labels that are shown, right ones and wrong ones each.


def reliability(y_true: np.ndarray, probabilities: np.ndarray) -> list[dict]:
    """Return, for each bin of confidence, how many predictions it has and how many are right.

    Source: Guo et al. 2017 (ICML), section 2.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == y_true
    # The upper edge belongs to a bin: a confidence of 1 is in the last one.
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return [
        {
            "bin": index,
            "count": int((bins == index).sum()),
            "correct": int(right[bins == index].sum()),
            "confidence": float(confidence[bins == index].sum()),
        }
        for index in range(BINS)
    ]


def calibration_error(bins: list[dict]) -> float:
    """Return the expected calibration error: the mean gap of confidence and accuracy."""
    gaps = sum(abs(part["confidence"] - part["correct"]) for part in bins)
    return gaps / sum(part["count"] for part in bins)


def not_learned(y_true: np.ndarray, probabilities: np.ndarray, records: list[dict]) -> str:
    """Return why a result is no better than none, or ''.

    At chance level is what could as well come from always naming the largest class: the one-sided
    binomial test of the accuracy against that class's share does not reject at 0.05.
    """
    if any(record["diverged"] for record in records):
        return "loss not finite"
    predicted = probabilities.argmax(axis=1)
    if len(np.unique(predicted)) == 1:
        return "constant predictions"
    share = np.bincount(y_true).max() / len(y_true)
    correct = int((predicted == y_true).sum())
    if binomtest(correct, len(y_true), share, alternative="greater").pvalue > 0.05:
        return "at chance level"
    return ""


def score_generations(labels: np.ndarray, states: list[dict], accuracies: list) -> list[dict]:
    """Return, per generation from 0 on, how good its pseudo-labels and its students were.

    The only place where labels of U are read, with `show_pseudo_labels`: after the fact, and
    nothing trains on the result.

    Args:
        labels: (dataset,) true labels.
        states: a final chain's pseudo-labels after generation 1, 2, ... (see
            `generations.label`); empty without any.
        accuracies: on the outer test fold, of generation 0, 1, ... as far as any was trained.

    Returns: per generation: `offered` to the teachers; `selected` by confidence, and how many of
        these are `correct`; `trained_on` after class balancing; `accuracy` of the students, None
        when there were none.
    """
    rows = [{"generation": 0, "offered": 0, "selected": 0, "correct": 0, "trained_on": 0}]
    if states:
        asked = states[-1]["offered"].tolist()
        for generation, (offered, chain) in enumerate(zip(asked, states, strict=False), start=1):
            correct = _labels_of(chain) == labels[chain["examples"]]
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
    return [
        row | {"accuracy": accuracies[row["generation"]] if row["generation"] < len(accuracies)
               else None}
        for row in rows
    ]  # fmt: skip


def _labels_of(chain: dict) -> np.ndarray:
    targets = chain["targets"]
    return targets.argmax(axis=1) if targets.ndim == 2 else targets


def show_pseudo_labels(labels: np.ndarray, chain: dict) -> list[dict]:
    """Return pseudo-labels to look at: right and wrong ones, evenly from the least confident on.

    Returns: `example` (index into the dataset), `generation`, `confidence`, `pseudo_label` and the
        true `label`.
    """
    pseudo_labels = _labels_of(chain)
    right = pseudo_labels == labels[chain["examples"]]
    shown = []
    for group in (np.flatnonzero(right), np.flatnonzero(~right)):
        ordered = group[np.argsort(chain["confidence"][group], kind="stable")]
        picks = np.unique(np.linspace(0, len(ordered) - 1, min(EXAMPLES, len(ordered))).round())
        shown.extend(ordered[picks.astype(int)].tolist())
    return [
        {
            "example": int(chain["examples"][index]),
            "generation": int(chain["generation"][index]),
            "confidence": float(chain["confidence"][index]),
            "pseudo_label": int(pseudo_labels[index]),
            "label": int(labels[chain["examples"][index]]),
        }
        for index in shown
    ]


def evaluate(
    labels: np.ndarray,
    split: dict,
    predictions: list[dict],
    pseudo_labels: list[dict],
    hyper_parameters: dict,
    histories: list[list[dict]],
) -> dict:
    """Score a method's final chain on the outer test fold.

    Args:
        labels: (dataset,) true labels.
        split: of the outer fold.
        predictions: state of the predictions of the shared teachers, then after generation 1, 2,
            ... of a method that has generations.
        pseudo_labels: state of the pseudo-labels after generation 1, 2, ...; empty without.
        hyper_parameters: the selected candidate.
        histories: records of the final runs of generation 0, 1, ...; teachers that the method
            does not use among them.

    Returns: metrics, seconds, gradient steps and examples seen (of all teachers and students that
        the method needs), sizes, hyper-parameters, termination condition, why nothing was learned
        if so, and lists: `generations`, `reliability` and `examples` of pseudo-labels.
    """
    ensemble_size = hyper_parameters["ensemble_size"]
    records = [
        [
            record
            for record in history
            if record["part"] == FINAL and record["member"] < ensemble_size
        ]
        for history in histories
    ]
    trained = [generation for generation in records if generation]
    # A chain that has ended hands its state on; the last one trained is the last that counts.
    states = [
        ensemble(arrays["evaluation"][:ensemble_size])
        for state in predictions[: len(trained)]
        for arrays in state.values()
    ]
    chain = [arrays for state in pseudo_labels for arrays in state.values()]
    termination = str(chain[-1]["termination"]) if chain else ""
    y_true, probabilities = labels[split["test_idx"]], states[-1]
    bins = reliability(y_true, probabilities)
    accuracies = [float(np.mean(state.argmax(axis=1) == y_true)) for state in states]
    return {
        **metrics(y_true, probabilities),
        "calibration_error": calibration_error(bins),
        "not_learned": not_learned(y_true, probabilities, trained[-1]),
        "training_time": sum(record["training_seconds"] for group in trained for record in group),
        "inference_time": sum(record["prediction_seconds"]["evaluation"] for record in trained[-1]),
        "gradient_steps": sum(record["steps"] for group in trained for record in group),
        "examples_seen": sum(record["examples_seen"] for group in trained for record in group),
        "labeled": len(split["labeled_idx"]),
        "unlabeled": len(split["unlabeled_idx"]),
        "test": len(split["test_idx"]),
        **hyper_parameters,
        "generations_trained": len(trained) - 1,
        "termination_condition": termination or "generations_reached",
        "generations_of_chain": score_generations(labels, chain, accuracies),
        "reliability": bins,
        "examples": show_pseudo_labels(labels, chain[-1]) if chain else [],
    }
