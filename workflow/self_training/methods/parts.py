"""What a chain is run on: parts of an outer fold, and slices of its unlabeled examples."""

from dataclasses import dataclass

import numpy as np

from self_training.data.split import Split
from self_training.training.runs import FINAL

SEARCH = "search"


@dataclass(frozen=True)
class Part:
    """What a chain is trained on and scored on; indices into the dataset.

    The search has a part for every inner fold, which is held out there; the final chain has one, of
    all labeled examples.

    labeled_idx, labeled_y: (labeled,) examples with labels to train on.
    evaluation_idx: (evaluation,) the inner fold held out, or the outer test fold.
    """

    name: str
    labeled_idx: np.ndarray
    labeled_y: np.ndarray
    evaluation_idx: np.ndarray


def parts(split: Split, phase: str) -> list[Part]:
    """Return the parts of a phase, SEARCH or FINAL."""
    labeled_idx, labeled_y = split.labeled_idx, split.labeled_y
    if phase == FINAL:
        return [Part(FINAL, labeled_idx, labeled_y, split.test_idx)]
    held_out = [
        inner_fold == fold
        for inner_fold in split.inner_folds
        for fold in range(inner_fold.max() + 1)
    ]
    return [
        Part(f"inner_{number}", labeled_idx[~out], labeled_y[~out], labeled_idx[out])
        for number, out in enumerate(held_out)
    ]


def slice_bounds(split: Split, generation: int, unlabeled_fraction: float) -> tuple[int, int]:
    """Return start and stop of a generation's slice in the order of the unlabeled examples.

    Each generation (1, 2, ...) takes a fresh slice of `unlabeled_fraction` * |P| examples, where
    the pool P is all that is outside the outer test fold; the last may be shorter, and once U is
    used up slices are empty. A slice has at least one example.
    """
    unlabeled = len(split.unlabeled_idx)
    size = max(1, round(unlabeled_fraction * (len(split.labeled_idx) + unlabeled)))
    return min(unlabeled, size * (generation - 1)), min(unlabeled, size * generation)
