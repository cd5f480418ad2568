"""What pseudo-labels of vectors look like."""

from math import ceil, sqrt

import matplotlib.pyplot as plt
import numpy as np

from self_training.data.shown import by_truth
from self_training.vector.features import features

LARGEST = 3  # Deviations from the mean, beyond which a color stays the same.


def draw_pseudo_labels(examples: list[dict], vectors: np.ndarray, names: list[str]) -> plt.Figure:
    """Draw pseudo-labels with their vectors: a line of right ones, one of wrong ones and, if there
    are any, one of those of which nobody knows it.

    A vector is a square of its features, from left to right and line by line: red what is above
    the mean of the dataset, blue what is below, white at the mean.

    Args:
        examples: of `scores.show_pseudo_labels`.
        vectors: float32 (dataset, features).
        names: of the classes.
    """
    groups = by_truth(examples)
    lines, columns = len(groups), max(1, *map(len, groups.values()))
    size = (1.15 * columns, 1.65 * lines)
    figure, all_axes = plt.subplots(lines, columns, figsize=size, squeeze=False)
    scaled = features(vectors)
    for line, (kind, rows) in zip(all_axes, groups.items(), strict=True):
        for axes in line:
            axes.set_axis_off()
        name = kind if rows else f"none {kind}"
        line[0].text(-0.1, 0.5, name, rotation=90, va="center", ha="right", fontsize=8,
                     transform=line[0].transAxes)  # fmt: skip
        for axes, row in zip(line, rows, strict=False):
            axes.imshow(_square(scaled[row["example"]]), "RdBu_r", vmin=-LARGEST, vmax=LARGEST)
            text = names[row["pseudo_label"]]
            if kind == "wrong":
                text += f"\n({names[row['label']]})"
            axes.set_title(f"{row['confidence']:.2f}\n{text}", fontsize=7)
    return figure


def _square(vector: np.ndarray) -> np.ndarray:
    """Return a vector's features in lines of one length, NaN where the last one has no more."""
    side = ceil(sqrt(len(vector)))
    lines = ceil(len(vector) / side)
    return np.append(vector, np.full(lines * side - len(vector), np.nan)).reshape(lines, side)
