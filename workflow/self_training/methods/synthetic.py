"""Synthetic examples of a generator: labeled ones of a weight of their own, for training alone.

They follow the examples of the dataset in what a job is given (see `training.job`), fold by fold.
No split has them, so they are never scored on, nor counted as labels.
"""

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from self_training import storage
from self_training.data.split import Split
from self_training.methods import predictions
from self_training.methods.parts import parts
from self_training.training.runs import Run

# Why a method has ended whose generator has given nothing for a class.
NOTHING_GENERATED = "nothing_generated"


class Synthetic(NamedTuple):
    """What networks on a part of the labels are trained on beside these.

    examples: (synthetic,) indices into the examples of a job; none where a class has none.
    labels: int32 (synthetic,).
    weight: of each of them in the loss; that of a labeled example is 1.
    """

    examples: np.ndarray
    labels: np.ndarray
    weight: float


def choose(
    labels: np.ndarray, classes: int, per_class: int, predicted: np.ndarray | None = None
) -> np.ndarray:
    """Return the positions of the first examples of each class, or of none where one has none.

    Args:
        labels: (synthetic,) classes that they were generated for.
        per_class: at most.
        predicted: (synthetic,) classes that a teacher gives them; those to which it gives another
            one are left out. None to leave out none.
    """
    agreed = np.ones(len(labels), bool) if predicted is None else predicted == labels
    chosen = [np.flatnonzero(agreed & (labels == label))[:per_class] for label in range(classes)]
    if not all(map(len, chosen)):
        return np.zeros(0, np.int64)
    return np.sort(np.concatenate(chosen))


def with_synthetic(run: Run, synthetic: Synthetic | None) -> Run:
    """Return a run that is trained on synthetic examples, too: they are among those whose labels
    are given.

    Args:
        synthetic: of the part that it is trained on; None of a method without.
    """
    if synthetic is None or not len(synthetic.examples):
        return run
    given = len(run.examples) if run.given is None else run.given
    targets = synthetic.labels
    if run.targets.ndim == 2:
        targets = np.eye(run.targets.shape[1], dtype=np.float32)[targets]

    def between(own: np.ndarray, others: np.ndarray) -> np.ndarray:
        return np.concatenate([own[:given], others, own[given:]])

    count = len(synthetic.examples)
    own_weights = np.full(count, synthetic.weight, np.float32)
    weights = between(np.ones(len(run.examples), np.float32), own_weights)
    return replace(
        run,
        examples=between(run.examples, synthetic.examples),
        targets=between(run.targets, targets),
        given=None if run.given is None else given + count,
        weights=None if synthetic.weight == 1 else weights,
    )


def first_of(files) -> int:
    """Return the index of a job's first synthetic example; 0 where it has none.

    Args:
        files: of the job: `examples` of the dataset, and per fold `synthetic`, if any.
    """
    if not files.synthetic:
        return 0
    return len(storage.load_array(files.examples, memory_mapped=True))


def all_of(files, folds: int) -> list[np.ndarray | None]:
    """Return the indices of all synthetic examples of each fold, which teachers are asked about;
    None where they are not."""
    if not files.synthetic:
        return [None] * folds
    ends = first_of(files) + np.cumsum([0, *(len(storage.load_array(p)) for p in files.synthetic)])
    return [np.arange(start, end) for start, end in pairwise(ends)]


def load(
    files, params, phase: str, splits: list[Split], first: int | None = None
) -> list[dict[str, Synthetic]]:
    """Return the synthetic examples of every part, by its name, in each of a job's outer folds.

    Args:
        files: of the job: per fold `synthetic_labels`, if the method has any, and `teachers`, the
            predictions of the shared ones, if what they do not agree with is left out: of an inner
            fold those that have not seen its labels.
        params: `synthetic`: `per_class` and `weight`; None of a method without.
        phase: SEARCH or FINAL, of `parts.parts`.
        first: the index of the first of them in the job's examples; None to ask the files.
    """
    if params.synthetic is None:
        return [{} for _ in splits]
    first = first_of(files) if first is None else first
    found = []
    for fold, split in enumerate(splits):
        labels = storage.load_array(files.synthetic_labels[fold])
        taught = predictions.load(files.teachers[fold]) if files.teachers else {}
        found.append(
            {
                part.name: _of_part(labels, split.classes, params.synthetic, first, asked)
                for part in parts(split, phase)
                for asked in [taught[part.name].synthetic if taught else None]
            }
        )
        first += len(labels)
    return found


def _of_part(
    labels: np.ndarray, classes: int, how: dict, first: int, asked: np.ndarray | None
) -> Synthetic:
    # The first member is the baseline, however many an ensemble has.
    predicted = None if asked is None else asked[0].argmax(axis=1)
    chosen = choose(labels, classes, how["per_class"], predicted)
    return Synthetic(first + chosen, labels[chosen].astype(np.int32), how["weight"])
