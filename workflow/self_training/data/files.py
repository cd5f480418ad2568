"""NumPy archives and CSV files of labeled examples: what is in them for every kind of examples."""

import csv
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from self_training.data.examples import Examples, check_labels
from self_training.errors import DatasetError

_NPZ = "a NumPy archive (.npz) with x, y and class_names"


@contextmanager
def readable(path: Path | str, expected: str) -> Iterator[None]:
    """Turn whatever a library says of a damaged file into one DatasetError.

    Args:
        path: of the file.
        expected: what it should have been.
    """
    try:
        yield
    except DatasetError:
        raise
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        BadZipFile,
        zlib.error,
    ) as error:
        raise DatasetError(
            f"{path}: Expected {expected}. Received a file that cannot be read as one ({error})."
        ) from error


def read_npz(path: Path | str, check_x: Callable[[Path | str, np.ndarray, int], None]) -> Examples:
    """Read a NumPy archive of x (examples, ...), y (examples,) and class_names (classes,).

    Args:
        check_x: function of the path, x and the number of labels that raises DatasetError unless x
            is what a kind of examples takes; called when the examples are loaded.

    Raises: DatasetError, naming the file and what it should hold.
    """
    with readable(path, _NPZ), np.load(path) as archive:
        missing = {"x", "y", "class_names"} - set(archive.files)
        if missing:
            raise DatasetError(
                f"{path}: Expected the arrays x, y and class_names. Received: "
                f"{', '.join(sorted(archive.files)) or 'none'}. "
                f"Missing: {', '.join(sorted(missing))}."
            )
        y, class_names = archive["y"], archive["class_names"]
        origin = _read_origin(archive["origin"]) if "origin" in archive.files else {}
    check_labels(path, y, class_names)

    def load(kept: np.ndarray) -> np.ndarray:
        with readable(path, _NPZ), np.load(path) as archive:
            x = archive["x"]
        check_x(path, x, len(y))
        return x[kept]

    return Examples(y, class_names, load, origin)


def _read_origin(text: np.ndarray) -> dict:
    """Return what an archive of this workflow was made from; an array of the user's is none."""
    try:
        origin = json.loads(str(text))
    except json.JSONDecodeError:
        return {}
    return origin if isinstance(origin, dict) else {}


class Header(NamedTuple):
    """The first line of a CSV file.

    names: of the columns.
    separator: comma, or semicolon where no comma is in the line.
    label_column: index of the column with the labels.
    """

    names: list[str]
    separator: str
    label_column: int


def read_header(path: Path | str, label_column: str) -> Header:
    """Read the names of the columns of a CSV file.

    Raises: DatasetError, when none of them is that of the labels.
    """
    with readable(path, "a CSV file in UTF-8"):
        with open(path, encoding="utf-8-sig", newline="") as file:
            first_line = file.readline()
        separator = ";" if ";" in first_line and "," not in first_line else ","
        names = next(csv.reader([first_line], delimiter=separator), [])
    names = [name.strip() for name in names]
    if label_column not in names:
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise DatasetError(
            f"{path}: Expected the column '{label_column}' (label_column). Received the columns: "
            f"{shown or 'none'}."
        )
    return Header(names, separator, names.index(label_column))
