"""The table of figures: what each is called, what draws it, and when a study has it.

Loads nothing to draw with, since every plan of a study asks for the titles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from self_training import dotted_paths
from self_training.errors import StudyError
from self_training.study import budgets, methods
from self_training.study.config import compares_only

if TYPE_CHECKING:
    import matplotlib.pyplot as plt
    import pandas as pd

# The tables that figures are drawn from.
TABLES = ("scores", "generations", "reliability")


class Figure(NamedTuple):
    """A picture of a whole study; `workflow/captions/NAME.rst` says what it shows.

    Attributes:
        name: of its files, `figures/NAME.svg` and `figures/NAME.png`.
        title: what the report calls it.
        draw: dotted path of a function of `tables`, `statistics` and `styles` (see `drawings`).
        shown: whether a study of this config, expanded, has something to show in it.
    """

    name: str
    title: str
    draw: str
    shown: Callable[[dict], bool]


def _always(config: dict) -> bool:
    return True


def _has_methods(config: dict) -> bool:
    return not compares_only(config)


def _has_label_budgets(config: dict) -> bool:
    return bool(budgets.several(config))


def _has_shares(config: dict) -> bool:
    return bool(budgets.along(config, budgets.FOREIGN))


def _has_ratios(config: dict) -> bool:
    return bool(budgets.along(config, budgets.IMBALANCE))


def _has_students(config: dict) -> bool:
    return any(methods.generations(config, name) for name in config.get("methods", {}))


DRAWINGS = "self_training.report.drawings"
FIGURES = (
    Figure(
        "critical_difference",
        "Average ranks and critical difference",
        f"{DRAWINGS}:critical_difference",
        _always,
    ),
    Figure("accuracy", "Accuracy per dataset", f"{DRAWINGS}:accuracy", _always),
    Figure(
        "learning_curve",
        "Accuracy against number of labels",
        f"{DRAWINGS}:learning_curve",
        _has_label_budgets,
    ),
    Figure(
        "foreign_examples",
        "Foreign examples among the unlabeled",
        "self_training.report.drawings_of_axes:foreign_examples",
        _has_shares,
    ),
    Figure(
        "imbalance",
        "Classes of unequal size",
        "self_training.report.drawings_of_axes:imbalance",
        _has_ratios,
    ),
    Figure("cost", "Accuracy against training cost", f"{DRAWINGS}:cost", _has_methods),
    Figure("reliability", "Reliability of confidences", f"{DRAWINGS}:reliability", _has_methods),
    Figure("generations", "Learning by generation", f"{DRAWINGS}:generations", _has_students),
    Figure(
        "hyper_parameters",
        "Selected hyper-parameters",
        f"{DRAWINGS}:hyper_parameters",
        _has_students,
    ),
)


def titles(config: dict) -> dict[str, str]:
    """Return the figures that a study has something to show in, with their titles.

    Args:
        config: of the study, expanded (see `study.budgets.expand`).
    """
    return {figure.name: figure.title for figure in FIGURES if figure.shown(config)}


def draw(name: str, tables: dict[str, pd.DataFrame], statistics: dict) -> plt.Figure:
    """Draw a figure.

    Args:
        name: of one of FIGURES.
        tables: `scores`, `generations` and `reliability` (see `evaluation.tables`), those of them
            that the figure is drawn from.
        statistics: what `statistics.json` holds.

    Raises: StudyError, when there is no figure of that name.
    """
    # Here, since it loads Matplotlib.
    from self_training.report import style

    named = {figure.name: figure for figure in FIGURES}
    if name not in named:
        raise StudyError(f"figure: Expected one of {', '.join(named)}. Received: {name!r}.")
    function = dotted_paths.find(named[name].draw)
    with style.in_style():
        return function(tables, statistics, style.of_methods(statistics["methods"]))
