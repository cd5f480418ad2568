"""How figures look, and how they are saved. Color-blind safe, and readable without colors."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from self_training.storage import atomic_path

# Okabe & Ito 2008; the yellow is left out, which is hard to see on white.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
DPI = 150
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "axes.axisbelow": True,
    "legend.frameon": False,
    # Names are text, even with dollars in them.
    "text.parse_math": False,
    # The same figure is the same file.
    "svg.hashsalt": "self-training",
    "figure.constrained_layout.use": True,
}

# Method -> its color and its marker.
Styles = dict[str, tuple[str, str]]


def of_methods(methods: list[str]) -> Styles:
    """Return a color and a marker for each method, the same in all figures; no pair of them twice
    for up to 49 methods."""
    return {
        method: (
            COLORS[index % len(COLORS)],
            MARKERS[(index + index // len(COLORS)) % len(MARKERS)],
        )
        for index, method in enumerate(methods)
    }


def in_style() -> AbstractContextManager:
    """Return a context in which figures are drawn and saved as all of a study's are."""
    return plt.rc_context(STYLE)


def save(figure: plt.Figure, svg: str | Path, png: str | Path) -> None:
    """Write a figure to an SVG and a PNG file, and close it."""
    with in_style():
        for path, metadata in ((svg, {"Date": None}), (png, {"Software": None})):
            with atomic_path(path) as temporary:
                # A legend of many long names is wider than its figure.
                figure.savefig(
                    temporary,
                    format=Path(path).suffix[1:],
                    metadata=metadata,
                    dpi=DPI,
                    bbox_inches="tight",
                )
    plt.close(figure)
