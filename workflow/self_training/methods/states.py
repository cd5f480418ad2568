"""What is left of a generation, and the files it is kept in until the next one.

A state is what a job has of several ensembles by their names, the archive's folders: `PART` of
shared teachers and of controls, `CHAIN/PART` of students, with the number of their chain.
"""

from typing import Any, NamedTuple

import numpy as np

from self_training.storage import load_arrays, save_arrays
from self_training.training.runs import Run, TrainedRun

_BY_NOBODY = np.zeros((0, 0, 0), np.float32)


class Predictions(NamedTuple):
    """Class probabilities by the members of an ensemble, float32 (members, examples, classes).

    unlabeled: of the unlabeled examples that the next generation asks its teachers about; by no
        members, where nobody asks.
    evaluation: of the examples that are held out.
    """

    unlabeled: np.ndarray
    evaluation: np.ndarray


class PseudoLabels(NamedTuple):
    """What the teachers of a chain have labeled so far.

    examples: (selected,) indices into the dataset.
    targets: int32 (selected,) hard labels, or float32 (selected, classes) soft ones.
    confidence: (selected,) of the teachers, the highest mean probability.
    generation: (selected,) in which they were selected.
    copies: (selected,) how often each is trained on, after balancing the classes.
    offered: (generations,) how many unlabeled examples the teachers were asked about.
    termination: why the chain has ended, or '' while it goes on.
    """

    examples: np.ndarray
    targets: np.ndarray
    confidence: np.ndarray
    generation: np.ndarray
    copies: np.ndarray
    offered: np.ndarray
    termination: str


def no_pseudo_labels(classes: int, labels: str) -> PseudoLabels:
    """Return what a chain has before its first generation.

    Args:
        labels: `hard` or `soft`.
    """
    soft = labels == "soft"
    return PseudoLabels(
        examples=np.zeros(0, dtype=np.int64),
        targets=np.zeros((0, classes), np.float32) if soft else np.zeros(0, np.int32),
        confidence=np.zeros(0),
        generation=np.zeros(0, dtype=np.int32),
        copies=np.zeros(0, dtype=np.int32),
        offered=np.zeros(0, dtype=np.int32),
        termination="",
    )


def stack_members(runs: list[Run], trained: list[TrainedRun]) -> dict[str, Predictions]:
    """Return the predictions of ensembles: runs of one name are members of one, in their order."""
    members: dict[str, list[dict[str, np.ndarray]]] = {}
    for run, result in zip(runs, trained, strict=True):
        members.setdefault(run.name, []).append(result.probabilities)
    return {
        name: Predictions(
            unlabeled=np.stack([one["unlabeled"] for one in some])
            if "unlabeled" in some[0]
            else _BY_NOBODY,
            evaluation=np.stack([one["evaluation"] for one in some]),
        )
        for name, some in members.items()
    }


def save(path, state: dict[str, Predictions] | dict[str, PseudoLabels]) -> None:
    """Write a state as an `.npz` archive of arrays NAME/FIELD."""
    save_arrays(
        path,
        {
            f"{name}/{field}": np.asarray(value)
            for name, fields in state.items()
            for field, value in fields._asdict().items()
            if value is not _BY_NOBODY
        },
    )


def load_predictions(path) -> dict[str, Predictions]:
    """Read a state of predictions that `save` has written."""
    return {
        name: Predictions(arrays.get("unlabeled", _BY_NOBODY), arrays["evaluation"])
        for name, arrays in _load(path).items()
    }


def load_pseudo_labels(path) -> dict[str, PseudoLabels]:
    """Read a state of pseudo-labels that `save` has written."""
    return {
        name: PseudoLabels(**arrays | {"termination": str(arrays["termination"])})
        for name, arrays in _load(path).items()
    }


def _load(path) -> dict[str, dict[str, Any]]:
    state: dict[str, dict[str, Any]] = {}
    for joined, array in load_arrays(path).items():
        name, _, field = joined.rpartition("/")
        state.setdefault(name, {})[field] = array
    return state
