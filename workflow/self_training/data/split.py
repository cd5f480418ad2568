"""The split of one outer fold: what is labeled, what is unlabeled, and what is held out."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from self_training.storage import load_arrays, save_arrays


@dataclass(frozen=True)
class Split:
    """Indices into a dataset's examples, and the labels of those that are labeled, of no others.

    test_idx: (test,) examples of the outer test fold.
    labeled_idx, labeled_y: (labeled,) examples that keep their labels, and these.
    unlabeled_idx: (unlabeled,) in the fixed random order in which slices are taken.
    inner_folds: (repeats, labeled) the inner fold that holds each labeled example out, in each
        partition into such; -1 without.
    classes: how many the dataset has.
    overlap: of a draw of labels (see `draws`) the share of its labeled examples that another draw
        has, too, on average; None of an outer fold.
    """

    test_idx: np.ndarray
    labeled_idx: np.ndarray
    labeled_y: np.ndarray
    unlabeled_idx: np.ndarray
    inner_folds: np.ndarray
    classes: int
    overlap: float | None = None


def save_split(path: Path | str, split: Split) -> None:
    """Write a split as an `.npz` archive of its fields."""
    fields = {name: value for name, value in asdict(split).items() if value is not None}
    save_arrays(path, fields | {"classes": np.array(split.classes)})


def load_split(path: Path | str) -> Split:
    """Read what `save_split` has written."""
    arrays: dict[str, Any] = load_arrays(path)
    for name, kind in (("classes", int), ("overlap", float)):
        if name in arrays:
            arrays[name] = kind(arrays[name])
    return Split(**arrays)
