"""What pseudo-labels of vectors look like: a line each, with the labeled vectors next to it.

Numbers tell a reader nothing; what is near does. Where the nearest labeled example is of the class
of the pseudo-label, and those of other classes are far, it can be believed.
"""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from self_training.data.shown import Fold, by_truth
from self_training.vector.features import features

# Inches, and where columns begin, in parts of the width that they have.
WIDTH, LINE = 11, 0.23
COLUMNS = {
    "Confidence": 0.0,
    "Vector": 0.11,
    "Pseudo-label": 0.26,
    "True label": 0.42,
    "Nearest labeled": 0.58,
    "Its name": 0.74,
    "Distance": 0.9,
}
CHARACTERS = 16  # Of a name that are shown.
# Lengths of vectors that were made so, as most encoders make them.
OF_LENGTH_1 = 1e-3
SAME, OTHER, RULE = "#0072B2", "#D55E00", "#BBBBBB"


class Near(NamedTuple):
    """The labeled example that is nearest to a vector.

    example: its index in the dataset.
    label: its class.
    distance: to it.
    """

    example: int
    label: int
    distance: float


def draw_pseudo_labels(
    examples: list[dict], vectors: np.ndarray, names: list[str], fold: Fold
) -> plt.Figure:
    """Draw pseudo-labels, a line each: right ones, then wrong ones and, if there are any, those of
    which nobody knows it; each from the least confident on.

    Beside each is the nearest labeled example of the outer fold and, as points, how far those of
    the class of the pseudo-label and of all others are.

    Args:
        examples: of `scores.show_pseudo_labels`.
        vectors: float32 (dataset, features).
        names: of the classes.
        fold: of these examples.
    """
    measured, unit = _space(vectors)
    lines: list[dict | str] = []
    for kind, rows in by_truth(examples).items():
        lines += [kind if rows else f"none {kind}", *rows]
    figure, (table, scale) = plt.subplots(
        1, 2, figsize=(WIDTH, LINE * (len(lines) + 4)), sharey=True, width_ratios=(2.7, 1)
    )
    for axes in (table, scale):
        axes.set(ylim=(len(lines), -1))
        axes.tick_params(left=False, labelleft=False)
        axes.spines["left"].set_visible(False)
    table.set(xlim=(0, 1), xticks=[])
    table.spines["bottom"].set_visible(False)
    table.grid(False)
    scale.grid(axis="y", visible=False)
    for name, x in COLUMNS.items():
        table.text(x, -0.5, name, fontsize=8, va="center", color="#555555")
    for y, line in enumerate(lines):
        if isinstance(line, str):
            table.text(0, y + 0.5, line, fontsize=8, va="center", weight="bold")
            for axes in (table, scale):
                axes.axhline(y, color=RULE, linewidth=0.6)
            continue
        near = nearest(measured, line["example"], fold)
        _write(table, y + 0.5, line, near[0], names, fold.ids)
        _mark(scale, y + 0.5, line["pseudo_label"], near)
    scale.set_xlim(left=0)
    scale.set_xlabel(f"Distance of the nearest labeled example\n({unit})", fontsize=8)
    scale.tick_params(labelsize=8)
    figure.legend(handles=_keys(), loc="outside upper right", ncols=2, fontsize=8)
    return figure


def nearest(measured: np.ndarray, example: int, fold: Fold) -> list[Near]:
    """Return of each class its labeled example that is nearest to one, the nearest class first.

    Args:
        measured: float (dataset, features).
        example: index in the dataset.
        fold: of the example, which is none of the labeled ones.
    """
    labeled = measured[fold.labeled].astype(np.float64)
    distances = np.linalg.norm(labeled - measured[example].astype(np.float64), axis=1)
    found: dict[int, Near] = {}
    for at in np.argsort(distances, kind="stable"):
        label = int(fold.labels[at])
        found.setdefault(label, Near(int(fold.labeled[at]), label, float(distances[at])))
    return list(found.values())


def _space(vectors: np.ndarray) -> tuple[np.ndarray, str]:
    """Return vectors as their distances are measured, and what one of distance 1 is."""
    lengths = np.linalg.norm(vectors, axis=1)
    if len(vectors) and (np.abs(lengths - 1) < OF_LENGTH_1).all():
        # Then their order is that of cosines, too.
        return vectors, "Euclidean, of vectors of length 1"
    return features(vectors), "Euclidean, features in units of their deviations"


def _write(
    axes: plt.Axes, y: float, row: dict, near: Near, names: list[str], ids: Sequence[str]
) -> None:
    """Write what is said of a pseudo-label."""
    true = "of no class" if row.get("foreign") else "not known"
    if row["label"] is not None:
        true = names[row["label"]]
    texts = (
        f"{row['confidence']:.2f}",
        ids[row["example"]],
        names[row["pseudo_label"]],
        true,
        names[near.label],
        ids[near.example],
        f"{near.distance:.2f}",
    )
    colors = ["black"] * len(texts)
    if row["label"] not in (None, row["pseudo_label"]):
        colors[3] = OTHER
    colors[4] = SAME if near.label == row["pseudo_label"] else OTHER
    for x, text, color in zip(COLUMNS.values(), texts, colors, strict=True):
        shown = text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1]}…"
        axes.text(x, y, shown, fontsize=8, va="center", color=color, clip_on=True)


def _mark(axes: plt.Axes, y: float, pseudo_label: int, near: list[Near]) -> None:
    """Mark how far the class of a pseudo-label and the nearest other one are."""
    same = [some.distance for some in near if some.label == pseudo_label]
    others = [some.distance for some in near if some.label != pseudo_label]
    ends = same[:1] + others[:1]
    axes.plot(ends, [y] * len(ends), color=RULE, linewidth=1, zorder=1)
    axes.plot(same[:1], [y] * len(same[:1]), "o", color=SAME, markersize=5)
    axes.plot(others[:1], [y] * len(others[:1]), "D", color=OTHER, markersize=4.5, mfc="white")


def _keys() -> list[Line2D]:
    return [
        Line2D([], [], marker="o", color=SAME, linestyle="", markersize=5,
               label="of the class of the pseudo-label"),
        Line2D([], [], marker="D", color=OTHER, linestyle="", markersize=4.5, mfc="white",
               label="of another class"),
    ]  # fmt: skip
