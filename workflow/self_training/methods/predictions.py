"""Predictions of ensembles: what networks hand on to whoever labels, selects or scores."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from self_training.methods import states
from self_training.training.runs import Run, TrainedRun


class Predictions(NamedTuple):
    """Class probabilities by the members of an ensemble, float32 (members, examples, classes).

    evaluation: of the examples that are held out.
    unlabeled: of the unlabeled examples that the next generation asks its teachers about; None of
        networks that are no teachers.
    synthetic: of synthetic examples, which shared teachers are asked about where these filter them
        (see `methods.synthetic`); None of all others.
    spread: of the unlabeled examples, deviations of these probabilities over passes with dropout
        (see `training.passes`); None where nobody asks for them.
    """

    evaluation: np.ndarray
    unlabeled: np.ndarray | None = None
    synthetic: np.ndarray | None = None
    spread: np.ndarray | None = None


def ensemble(probabilities: np.ndarray) -> np.ndarray:
    """Return the mean probabilities of an ensemble (the 'soft ensemble').

    Args:
        probabilities: (members, examples, classes).

    Returns: (examples, classes) float64; with one member, its own.
    """
    return probabilities.mean(axis=0, dtype=np.float64)


def stack_members(runs: list[Run], trained: list[TrainedRun]) -> dict[str, Predictions]:
    """Return the predictions of ensembles: runs of one name are members of one, in their order."""
    members: dict[str, list[dict[str, np.ndarray]]] = {}
    for run, result in zip(runs, trained, strict=True):
        members.setdefault(run.name, []).append(result.probabilities)
    return {
        name: Predictions(**{field: np.stack([one[field] for one in some]) for field in some[0]})
        for name, some in members.items()
    }


def load(path: Path | str) -> dict[str, Predictions]:
    """Read predictions that `states.save` has written."""
    return {name: Predictions(**arrays) for name, arrays in states.load(path).items()}
