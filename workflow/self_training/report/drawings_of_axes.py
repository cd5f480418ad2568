"""The figures of foreign examples among the unlabeled, and of unequal classes; see `drawings` for
what they are given."""

from collections.abc import Callable
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from self_training.evaluation import foreign_shares, imbalance_ratios
from self_training.evaluation.comparison import paired
from self_training.evaluation.differences import fold_interval
from self_training.report.axes import OTHERS
from self_training.report.style import Styles

BESIDE = 1 / 3  # Of the gap between two values, that points of one may take.
# How lines are drawn of which part of the examples was pseudo-labeled.
OF_PARTS: dict[str, Any] = {"of the study's classes": "-", "foreign": "--"}


class Line(NamedTuple):
    """What is known of a method on a dataset at all of its values, to be drawn.

    Attributes:
        x: (values,) where its points stand.
        names: what the dataset is called at each.
        method: its name.
        rows: of the comparison, per name.
        control: its fair control; None of a method that has none.
        how: color, marker and the like.
    """

    x: np.ndarray
    names: list[str]
    method: str
    rows: dict[str, dict]
    control: str | None
    how: dict[str, Any]

    def plot(self, axes: plt.Axes, name: str, **how: Any) -> None:
        """Draw a number of the comparison."""
        y = [self.rows.get(dataset, {}).get(name) for dataset in self.names]
        axes.plot(self.x, np.array(y, float), **self.how | how)


Panel = Callable[[plt.Axes, Line], None]


def foreign_examples(
    tables: dict[str, pd.DataFrame], statistics: dict, styles: Styles
) -> plt.Figure:
    """Draw, against the share of foreign examples, accuracy, the difference to the fair control,
    and which part of foreign examples and of the study's own was pseudo-labeled."""

    def pseudo_labeled(axes: plt.Axes, line: Line) -> None:
        axes.set_ylim(-0.03, 1.03)
        if line.control is not None:
            for part, dashes in zip(("own_part", "foreign_part"), OF_PARTS.values(), strict=True):
                line.plot(axes, part, linestyle=dashes)

    rows = foreign_shares.compare(tables["scores"], tables["generations"], statistics)
    panels: dict[str, Panel] = {"Pseudo-labeled": pseudo_labeled}
    figure, handles = _draw(
        (foreign_shares.AXIS, rows, 0.008), tables["scores"], statistics, styles, panels
    )
    for axes in figure.axes[-3:]:
        axes.set_xlabel("Foreign among the unlabeled")
    for name, dashes in OF_PARTS.items():
        handles[name] = Line2D([], [], color="gray", linewidth=1, label=name)
        handles[name].set_linestyle(dashes)
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=3)
    return figure


def imbalance(tables: dict[str, pd.DataFrame], statistics: dict, styles: Styles) -> plt.Figure:
    """Draw, against the ratio of imbalance, accuracy, the difference to the fair control, balanced
    accuracy and the recall of the rarest class."""
    rows = imbalance_ratios.compare(tables["scores"], statistics)
    panels: dict[str, Panel] = {
        "Balanced accuracy": lambda axes, line: line.plot(axes, "tpr"),
        "Recall of the rarest class": lambda axes, line: line.plot(axes, "rarest_recall"),
    }
    figure, handles = _draw(
        (imbalance_ratios.AXIS, rows, 0.02), tables["scores"], statistics, styles, panels
    )
    for axes in figure.axes[-4:]:
        axes.set_xlabel("Imbalance")
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=3)
    return figure


def _draw(
    compared: tuple[str, list[dict], float],
    scores: pd.DataFrame,
    statistics: dict,
    styles: Styles,
    own: dict[str, Panel],
) -> tuple[plt.Figure, dict[str, Line2D]]:
    """Draw a row of panels per dataset: accuracy, the difference to the fair control, and others.

    Args:
        compared: an axis, the rows of its comparison, and how far apart points of two methods
            stand at most.
        scores: of `tables.collect_scores`.
        own: the other panels, by their titles.

    Returns: the figure, and what a legend of methods shows.
    """
    axis, rows, apart = compared
    datasets, (comparable, _) = statistics[axis], paired(scores)
    fair = {entry["method"]: entry["control"] for entry in statistics["fair"]}

    def accuracies(axes: plt.Axes, line: Line) -> None:
        _accuracies(axes, line, comparable, statistics["repeats"])

    panels = {"Accuracy": accuracies, "Minus its fair control": _differences} | own
    figure, grid = plt.subplots(
        len(datasets),
        len(panels),
        figsize=(3 * len(panels), 0.9 + 2.7 * len(datasets)),
        squeeze=False,
    )
    handles: dict[str, Line2D] = {}
    for of_dataset, (dataset, values) in zip(grid, datasets.items(), strict=True):
        x = np.array(list(values.values()))
        # Ratios are a scale of factors.
        x = np.log10(x) if axis == imbalance_ratios.AXIS else x
        offsets = _side_by_side(x, len(styles), apart)
        for offset, (method, (color, marker)) in zip(offsets, styles.items(), strict=True):
            found = {row["budget"]: row for row in rows
                     if (row["dataset"], row["method"]) == (dataset, method)}  # fmt: skip
            if not found:
                continue
            how: dict[str, Any] = {
                "color": color,
                "marker": marker,
                "markersize": 4,
                "linewidth": 1,
            }
            handles[method] = Line2D([], [], label=method, **how)
            line = Line(x + offset, list(values), method, found, fair.get(method), how)
            for axes, draw in zip(of_dataset, panels.values(), strict=True):
                draw(axes, line)
        of_dataset[0].set_ylabel(dataset)
        of_dataset[1].axhline(0, color="black", linewidth=0.7)
        for axes, title in zip(of_dataset, panels, strict=True):
            axes.set_title(title, fontsize=9)
            axes.set_xticks(x, [OTHERS[axis].show(value) for value in values.values()])
    return figure, handles


def _accuracies(axes: plt.Axes, line: Line, scores: pd.DataFrame, repeats: int) -> None:
    """Draw mean accuracies with their intervals over folds."""
    own = scores[scores["method"] == line.method]
    groups = [own[own["dataset"] == name] for name in line.names]
    centers = np.array([rows["accuracy"].mean() for rows in groups])
    half = np.array([fold_interval(rows, repeats) for rows in groups])
    # No accuracy is below 0 or above 1.
    ends = [np.minimum(half, centers), np.minimum(half, 1 - centers)]
    axes.errorbar(line.x, centers, yerr=ends, capsize=1.5, elinewidth=0.7, **line.how)


def _differences(axes: plt.Axes, line: Line) -> None:
    """Draw differences to the fair control with the intervals of their tests."""
    if line.control is None:
        return
    tests = [line.rows.get(name, {}).get("against", {}).get(line.control, {})
             for name in line.names]  # fmt: skip
    centers = np.array([test.get("difference") for test in tests], float)
    ends = [
        test.get("interval") or [center] * 2 for test, center in zip(tests, centers, strict=True)
    ]
    low, high = np.array(ends, float).T
    around = [centers - low, high - centers]
    axes.errorbar(line.x, centers, yerr=around, capsize=1.5, elinewidth=0.7, **line.how)


def _side_by_side(x: np.ndarray, methods: int, apart: float) -> np.ndarray:
    """Return how far points of each method stand from their value, so that bars can be told apart.

    Args:
        x: (values,).
        apart: how far two methods' stand from each other at most.

    Returns: (methods,) around 0.
    """
    width = min(BESIDE * np.diff(x).min(), apart * (methods - 1))
    return np.linspace(-width / 2, width / 2, methods) if methods > 1 else np.zeros(1)
