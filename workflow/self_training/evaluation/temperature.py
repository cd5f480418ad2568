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
    folds: (rows,) the position of the outer fold, of all repeats and training seeds; of draws of
        labels, which share their test examples, the part of these that is left out together.
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
        split = load_split(files.splits[fold])
        test_idx = split.test_idx
        mean = ensemble(of_chain.evaluation[: selected["ensemble_size"]])
        part = np.full(len(test_idx), fold)
        if split.overlap is not None:
            # All draws are tested on the same examples, of which each belongs to one part.
            part = np.arange(len(test_idx)) % max(2, len(files.predictions))
        parts.append((test_idx, part, mean))
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

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(y_true, probabilities, np.exp(log_temperature))

    bound = np.log(LARGEST)
    found = minimize_scalar(loss, bounds=(-bound, bound), method="bounded")
    return float(np.exp(found.x))


def negative_log_likelihood(
    y_true: np.ndarray, probabilities: np.ndarray, temperature: float = 1
) -> float:
    """Return the mean of -log of the probability of the label, at a temperature."""
    scaled = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    normalizers = np.log(np.exp(scaled).sum(axis=1))
    return float(np.mean(normalizers - scaled[np.arange(len(y_true)), y_true]))


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

    A temperature that is fitted on few predictions may do harm: one that is wrong and very sure
    outweighs many. So it is used only if temperatures that are fitted in the same way make the
    predictions of other folds likelier, and their calibration error smaller.

    Args:
        labels: (dataset,) of which those of held-out examples are read.

    Returns: `fitted`, the temperature by all predictions; `temperature`, that one where it is used,
        or 1; how many `predictions` and `examples` these are; and their debiased calibration error
        (see `calibration_error`) `before`, and `after` by `cross_fit`.
    """
    y_true, plain = labels[held_out.examples], held_out.probabilities
    crossed = cross_fit(y_true, held_out)
    before, after = (calibration_error(reliability(y_true, some)) for some in (plain, crossed))
    likelier = negative_log_likelihood(y_true, crossed) < negative_log_likelihood(y_true, plain)
    better = before is not None and after is not None and after < before
    fitted = fit(y_true, plain)
    return {
        "temperature": fitted if likelier and better else 1.0,
        "fitted": fitted,
        "predictions": len(y_true),
        "examples": len(np.unique(held_out.examples)),
        "before": before,
        "after": after,
    }
