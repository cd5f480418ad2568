"""Calibration of confidences by one temperature, fitted on held-out labeled predictions."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from self_training import storage
from self_training.data.split import load_split
from self_training.evaluation.calibration import calibration_error, reliability
from self_training.methods import predictions
from self_training.methods.predictions import ensemble
from self_training.methods.pseudo_labels import targets

# The temperature is looked for between 1 / LARGEST and LARGEST.
LARGEST = 20.0


class HeldOut(NamedTuple):
    """Predictions of a cross-validation on its outer test folds, one row per prediction.

    examples: (rows,) indices into the dataset; an example has several rows where the
        cross-validation is repeated, or has several training seeds.
    folds: (rows,) the position of the outer fold, of all repeats and training seeds.
    probabilities: (rows, classes) the members' mean.
    """

    examples: np.ndarray
    folds: np.ndarray
    probabilities: np.ndarray


def load_held_out(files) -> HeldOut:
    """Return the last predictions of a method's final chains.

    Args:
        files: per outer fold `splits`, `choices`, and the `predictions` after the last generation.
    """
    parts = []
    for fold, path in enumerate(files.predictions):
        # A chain that has ended hands on what its last networks predict.
        (of_chain,) = predictions.load(path).values()
        selected = storage.load_json(files.choices[fold])["hyper_parameters"]
        test_idx = load_split(files.splits[fold]).test_idx
        mean = ensemble(of_chain.evaluation[: selected["ensemble_size"]])
        parts.append((test_idx, np.full(len(test_idx), fold), mean))
    return HeldOut(*(np.concatenate(some) for some in zip(*parts, strict=True)))


def fit(y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the temperature T of the smallest mean negative log-likelihood.

    Of log p / T instead of log p the softmax is taken (Guo et al. 2017, section 4.2); which class
    is the most probable does not change.

    Args:
        y_true: (examples,) labels.
        probabilities: (examples, classes).

    Returns: T, from 1 / LARGEST to LARGEST; 1 where every prediction is right, since then the
        sharper, the likelier, and there is no best one.
    """
    if (probabilities.argmax(axis=1) == y_true).all():
        return 1.0
    logits = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        normalizers = np.log(np.exp(scaled).sum(axis=1))
        return float(np.mean(normalizers - scaled[np.arange(len(y_true)), y_true]))

    bound = np.log(LARGEST)
    found = minimize_scalar(loss, bounds=(-bound, bound), method="bounded")
    return float(np.exp(found.x))


def cross_fit(y_true: np.ndarray, held_out: HeldOut) -> np.ndarray:
    """Return the probabilities of each outer fold, by the temperature that other examples give.

    An example of the fold is left out wherever else it was predicted, so that no temperature is
    fitted on what it is judged by.

    Args:
        y_true: (rows,) labels of the predictions.

    Returns: (rows, classes).
    """
    calibrated = np.empty_like(held_out.probabilities)
    for fold in np.unique(held_out.folds):
        judged = held_out.folds == fold
        others = ~np.isin(held_out.examples, held_out.examples[judged])
        temperature = fit(y_true[others], held_out.probabilities[others])
        calibrated[judged] = targets(held_out.probabilities[judged], "soft", temperature)
    return calibrated


def calibrate(labels: np.ndarray, held_out: HeldOut) -> dict:
    """Return the temperature of a deployed model, and what it does to the cross-validation.

    Args:
        labels: (dataset,) of which those of held-out examples are read.

    Returns: `temperature`, fitted on all predictions; how many `predictions` and `examples` these
        are; and their debiased calibration error (see `calibration_error`) `before`, and `after` by
        `cross_fit`.
    """
    y_true = labels[held_out.examples]

    def error(probabilities: np.ndarray) -> float | None:
        return calibration_error(reliability(y_true, probabilities))

    return {
        "temperature": fit(y_true, held_out.probabilities),
        "predictions": len(y_true),
        "examples": len(np.unique(held_out.examples)),
        "before": error(held_out.probabilities),
        "after": error(cross_fit(y_true, held_out)),
    }
