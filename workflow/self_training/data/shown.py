"""Pseudo-labels to look at, of examples of any kind."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from self_training.data.split import load_split
from self_training.storage import load_json


class Fold(NamedTuple):
    """What is beside pseudo-labeled examples in their outer fold.

    labeled: (labeled,) indices of the examples that keep their labels.
    labels: (labeled,) of these.
    ids: (dataset,) what each example is called.
    """

    labeled: np.ndarray
    labels: np.ndarray
    ids: Sequence[str]


def load_fold(split_path: Path | str, ids_path: Path | str) -> Fold:
    """Read what is beside the examples of an outer fold.

    Args:
        split_path: of the fold.
        ids_path: of the names of the dataset's examples.
    """
    split = load_split(split_path)
    return Fold(split.labeled_idx, split.labeled_y, load_json(ids_path))


def by_truth(examples: list[dict]) -> dict[str, list[dict]]:
    """Return pseudo-labels in groups: `right`, `wrong` and, if there are any, `not known`, and
    `foreign`, of examples that are of no class.

    Args:
        examples: of `scores.show_pseudo_labels`.

    Returns: the examples of each group, in their order.
    """
    groups: dict[str, list[dict]] = {"right": [], "wrong": []}
    for row in examples:
        kind = "right" if row["pseudo_label"] == row["label"] else "wrong"
        if row["label"] is None:
            kind = "foreign" if row.get("foreign") else "not known"
        groups.setdefault(kind, []).append(row)
    return groups
