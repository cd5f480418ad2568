"""Pseudo-labels of a chain, from generation to generation."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from self_training.methods import states


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


def load(path: Path | str) -> dict[str, PseudoLabels]:
    """Read pseudo-labels that `states.save` has written."""
    return {
        name: PseudoLabels(**arrays | {"termination": str(arrays["termination"])})
        for name, arrays in states.load(path).items()
    }
