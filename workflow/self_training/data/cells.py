"""Cells of tables: what one of any type is as a label, as what an example is called, as a text."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from self_training.data.examples import plain_name
from self_training.errors import DatasetError

LONGEST = 1000  # Characters of a label.


def labels_of(path: Path | str, cells: Sequence[Any], column: str, row_noun: str) -> list[str]:
    """Return the labels in a column as `encode_labels` takes them: a missing one is empty.

    Args:
        path: of the table, for messages.
        cells: one per row.
        column: its name.
        row_noun: what messages call a row: `data row` or `line`.

    Raises: DatasetError, where one is no whole number and no name.
    """
    labels = [_as_name(cell) for cell in cells]
    longest = max(range(len(labels)), key=lambda row: len(labels[row] or ""), default=None)
    if longest is not None and len(labels[longest] or "") > LONGEST:
        raise DatasetError(
            f"{path}: Expected labels of at most {LONGEST:,} characters in column '{column}' "
            f"(label_column). Received {len(labels[longest] or ''):,} in {row_noun} {longest + 1}. "
            "Name the column of the labels; or look for a double quote that has no end."
        )
    for row, (cell, label) in enumerate(zip(cells, labels, strict=True), start=1):
        if label is None:
            raise DatasetError(
                f"{path}: Expected a name or a whole number in column '{column}' (label_column). "
                f"Received {ascii(cell)[:40]} in {row_noun} {row}."
            )
    known = [label for label in labels if label]
    if known and all(map(_is_number, known)):
        wrong = [row for row, label in enumerate(labels, 1) if label and "." in label]
        if wrong:
            row = wrong[0]
            raise DatasetError(
                f"{path}: Expected classes in column '{column}' (label_column): names or whole "
                f"numbers. Received {labels[row - 1]} in {row_noun} {row}. If they are classes, "
                "write them as whole numbers, and leave unknown ones empty."
            )
    return [label or "" for label in labels]


def _as_name(cell: Any) -> str | None:
    """Return a label as a name, '' for a missing one, or None for what is none."""
    if cell is None or cell != cell:  # Not a number is no label.
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    return plain_name(str(cell)) if isinstance(cell, (str, int, float)) else None


def _is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True


def named(labels: list[str], names: Sequence[str] | None) -> tuple[list[str], list[str] | None]:
    """Return labels 0, 1, ... by their names, and the names of those that occur, in order.

    Args:
        labels: of `labels_of`; one that is no such number stays as it is.
        names: of the labels 0, 1, ..., which a file has; None where it has none: labels stay.
    """
    if not names:
        return labels, None
    by_number = {str(number): plain_name(name) for number, name in enumerate(names)}
    by_name = [by_number.get(label, label) for label in labels]
    occur = set(by_name)
    return by_name, [name for name in by_number.values() if name in occur]


def ids_of(cells: Sequence[Any]) -> list[str]:
    """Return what examples are called; a missing cell is empty."""
    return ["" if cell is None else str(cell).strip() for cell in cells]


def as_text(cell: Any) -> str:
    """Return a cell as it is kept: a text is itself, what is missing is empty, all else is JSON."""
    if isinstance(cell, str):
        return cell
    return "" if cell is None else json.dumps(cell, default=str, ensure_ascii=False)
