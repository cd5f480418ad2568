"""What pseudo-labels of texts look like."""

from collections.abc import Sequence
from textwrap import shorten

import matplotlib.pyplot as plt

from self_training.data.shown import Fold, by_truth

CHARACTERS = 120  # Of a text, that are shown.
# Inches, and where columns begin, in parts of the width.
WIDTH, LINE = 11, 0.21
CONFIDENCE, CLASS, TEXT = 0.0, 0.045, 0.225


def draw_pseudo_labels(
    examples: list[dict], texts: Sequence[str], names: list[str], fold: Fold | None = None
) -> plt.Figure:
    """Draw pseudo-labels with their texts, a line each: right ones, then wrong ones and, if there
    are any, those of which nobody knows it; each from the least confident on.

    Args:
        examples: of `scores.show_pseudo_labels`.
        texts: str (dataset,).
        names: of the classes.
        fold: of these examples; they are shown by themselves.
    """
    lines: list[tuple[str, ...]] = []
    for kind, rows in by_truth(examples).items():
        lines.append((kind if rows else f"none {kind}",))
        lines += [_line(row, texts[row["example"]], names) for row in rows]
    figure, axes = plt.subplots(figsize=(WIDTH, LINE * (len(lines) + 1)))
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(len(lines), 0))
    for y, line in enumerate(lines):
        for x, text in zip((CONFIDENCE, CLASS, TEXT), line, strict=False):
            weight = "bold" if len(line) == 1 else "normal"
            axes.text(x, y + 0.5, text, fontsize=8, va="center", weight=weight)
    return figure


def _line(row: dict, text: str, names: list[str]) -> tuple[str, str, str]:
    """Return confidence, class and text of a pseudo-label as they are shown."""
    name = names[row["pseudo_label"]]
    if row["label"] not in (None, row["pseudo_label"]):
        name += f" ({names[row['label']]})"
    return f"{row['confidence']:.2f}", shorten(name, 28, placeholder=" …"), _short(text)


def _short(text: str) -> str:
    """Return the first words of a text, in one line."""
    line = " ".join(text.split())
    if len(line) <= CHARACTERS:
        return line
    cut = line[: CHARACTERS - 2]
    # Of what has no spaces, the cut is within a word.
    words = cut.rpartition(" ")[0]
    return (words if 2 * len(words) > CHARACTERS else cut) + " …"
