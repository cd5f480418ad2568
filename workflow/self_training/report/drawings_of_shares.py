"""The figure of foreign examples among the unlabeled; see `drawings` for what it is given."""

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from self_training.evaluation import foreign_shares
from self_training.evaluation.comparison import paired
from self_training.evaluation.differences import fold_interval
from self_training.report.axes import show_share
from self_training.report.style import Styles

BESIDE = 1 / 3  # Of the gap between two shares, that points of one may take.
# How lines are drawn of which part of the examples was pseudo-labeled.
OF_PARTS: dict[str, Any] = {"of the study's classes": "-", "foreign": "--"}
TITLES = ("Accuracy", "Minus its fair control", "Pseudo-labeled")


def foreign_examples(
    tables: dict[str, pd.DataFrame], statistics: dict, styles: Styles
) -> plt.Figure:
    """Draw, against the share of foreign examples, accuracy, the difference to the fair control,
    and which part of foreign examples and of the study's own was pseudo-labeled."""
    shares = statistics[foreign_shares.AXIS]
    scores, _ = paired(tables["scores"])
    rows = foreign_shares.compare(tables["scores"], tables["generations"], statistics)
    fair = {entry["method"]: entry["control"] for entry in statistics["fair"]}
    size = (9, 0.9 + 2.7 * len(shares))
    figure, grid = plt.subplots(len(shares), 3, figsize=size, squeeze=False)
    handles: dict[str, Line2D] = {}
    for line, (dataset, names) in zip(grid, shares.items(), strict=True):
        x = np.array(list(names.values()))
        offsets = _side_by_side(x, len(styles))
        for offset, (method, (color, marker)) in zip(offsets, styles.items(), strict=True):
            own = {row["budget"]: row for row in rows
                   if (row["dataset"], row["method"]) == (dataset, method)}  # fmt: skip
            if not own:
                continue
            how: dict[str, Any] = {
                "color": color,
                "marker": marker,
                "markersize": 4,
                "linewidth": 1,
            }
            handles[method] = Line2D([], [], label=method, **how)
            _accuracies(line[0], x + offset, names, method, scores, statistics, how)
            if method in fair:
                tests = [own[name]["against"].get(fair[method], {}) if name in own else {}
                         for name in names]  # fmt: skip
                _differences(line[1], x + offset, tests, how)
                for part, dashes in zip(
                    ("own_part", "foreign_part"), OF_PARTS.values(), strict=True
                ):
                    y = [own[name][part] if name in own else None for name in names]
                    line[2].plot(x + offset, np.array(y, float), **how | {"linestyle": dashes})
        line[0].set_ylabel(dataset)
        line[1].axhline(0, color="black", linewidth=0.7)
        line[2].set_ylim(-0.03, 1.03)
        for axes, title in zip(line, TITLES, strict=True):
            axes.set_title(title, fontsize=9)
            axes.set_xticks(x, [show_share(share) for share in x])
    for axes in grid[-1]:
        axes.set_xlabel("Foreign among the unlabeled")
    for name, line_style in OF_PARTS.items():
        handles[name] = Line2D([], [], color="gray", linewidth=1, label=name)
        handles[name].set_linestyle(line_style)
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=3)
    return figure


def _accuracies(
    axes: plt.Axes,
    x: np.ndarray,
    names: Iterable[str],
    method: str,
    scores: pd.DataFrame,
    statistics: dict,
    how: dict,
) -> None:
    """Draw mean accuracies with their intervals over folds."""
    groups = [scores[(scores["dataset"] == name) & (scores["method"] == method)] for name in names]
    centers = np.array([rows["accuracy"].mean() for rows in groups])
    half = np.array([fold_interval(rows, statistics["repeats"]) for rows in groups])
    # No accuracy is below 0 or above 1.
    ends = [np.minimum(half, centers), np.minimum(half, 1 - centers)]
    axes.errorbar(x, centers, yerr=ends, capsize=1.5, elinewidth=0.7, **how)


def _differences(axes: plt.Axes, x: np.ndarray, tests: list[dict], how: dict) -> None:
    """Draw differences to the fair control with the intervals of their tests."""
    centers = np.array([test.get("difference") for test in tests], float)
    ends = [
        test.get("interval") or [center] * 2 for test, center in zip(tests, centers, strict=True)
    ]
    low, high = np.array(ends, float).T
    axes.errorbar(
        x, centers, yerr=[centers - low, high - centers], capsize=1.5, elinewidth=0.7, **how
    )


def _side_by_side(x: np.ndarray, methods: int) -> np.ndarray:
    """Return how far points of each method stand from their share, so that bars can be told apart.

    Args:
        x: (shares,).

    Returns: (methods,) around 0.
    """
    width = min(BESIDE * np.diff(x).min(), 0.008 * (methods - 1))
    return np.linspace(-width / 2, width / 2, methods) if methods > 1 else np.zeros(1)
