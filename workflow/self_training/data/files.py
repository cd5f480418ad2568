"""NumPy archives and CSV files of examples: what is in them for every kind of examples."""

import csv
import json
import math
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

import numpy as np

from self_training.data.examples import UNKNOWN, Examples, check_labels
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
        csv.Error,
        MemoryError,
    ) as error:
        raise DatasetError(
            f"{path}: Expected {expected}. Received a file that cannot be read as one ({error})."
        ) from error


@contextmanager
def readable_utf8(path: Path | str, expected: str) -> Iterator[None]:
    """Do what `readable` does and, where a text is not in UTF-8, name the byte and the line."""
    with readable(path, expected):
        try:
            yield
        except UnicodeDecodeError:
            read_utf8(path)
            raise


@contextmanager
def _arrays(path: Path | str, expected: str) -> Iterator[Any]:
    """Open a NumPy archive, within `readable`: what is no archive is never tried as anything else,
    of which NumPy says how to read it without regard to what it may run."""
    with readable(path, expected):
        with ZipFile(path):
            pass
        with np.load(path) as archive:
            yield archive


def read_npz(path: Path | str, check_x: Callable[[Path | str, np.ndarray, int], None]) -> Examples:
    """Read a NumPy archive of x (examples, ...), y (examples,) and class_names (classes,).

    Its examples are called by their positions, from 0.

    Args:
        check_x: function of the path, x and the number of labels that raises DatasetError unless x
            is what a kind of examples takes; called when the examples are loaded.

    Raises: DatasetError, naming the file and what it should hold.
    """
    with _arrays(path, _NPZ) as archive:
        missing = {"x", "y", "class_names"} - set(archive.files)
        if missing:
            raise DatasetError(
                f"{path}: Expected the arrays x, y and class_names. Received: "
                f"{', '.join(sorted(archive.files)) or 'none'}. "
                f"Missing: {', '.join(sorted(missing))}."
            )
        for name in ("x", "y", "class_names"):
            _check_member(path, name)
        y, class_names = archive["y"], archive["class_names"]
        origin = _read_origin(archive["origin"]) if "origin" in archive.files else {}
    check_labels(path, y, class_names)
    return Examples(y, class_names, _loader(path, check_x, len(y)), _numbers(len(y)), origin)


def read_unlabeled_npz(
    path: Path | str, check_x: Callable[[Path | str, np.ndarray, int], None]
) -> Examples:
    """Read a NumPy archive of x (examples, ...) alone, as `read_npz` does: no label is known.

    Raises: DatasetError.
    """
    with _arrays(path, "a NumPy archive (.npz) with x") as archive:
        if archive.files != ["x"]:
            raise DatasetError(
                f"{path}: Expected the array x alone, of examples whose labels nobody knows "
                f"(unlabeled). Received: {', '.join(sorted(archive.files)) or 'none'}. Labels of "
                "some belong into the archive of path, with y = -1 for all others."
            )
        count = _check_member(path, "x")
    y = np.full(count, UNKNOWN, np.int32)
    return Examples(y, np.array([], dtype=str), _loader(path, check_x, count), _numbers(count))


def _check_member(path: Path | str, name: str) -> int:
    """Return how many rows an array of an archive has, without reading them.

    Raises: DatasetError, when it is no array that can be read: Python objects, which may be
        programs, or fewer bytes than its header says.
    """
    with ZipFile(path) as archive:
        if f"{name}.npy" not in archive.namelist():
            raise DatasetError(
                f"{path}: Expected the array {name} as numpy.savez writes it. Received a file "
                f"{name} that is no .npy."
            )
        size = archive.getinfo(f"{name}.npy").file_size
        with archive.open(f"{name}.npy") as file:
            version = np.lib.format.read_magic(file)
            headers = {(1, 0): np.lib.format.read_array_header_1_0}
            read_header_of = headers.get(version, np.lib.format.read_array_header_2_0)
            shape, _, dtype = read_header_of(file)
            left = size - file.tell()
    if dtype.hasobject:
        kind = "strings" if name == "class_names" else "numbers"
        raise DatasetError(
            f"{path}: Expected {kind} in {name}. Received Python objects (dtype object), which are "
            f"never read. Convert them before they are saved, as by {name}.astype("
            f"{'str' if name == 'class_names' else 'int'})."
        )
    if math.prod(shape) * dtype.itemsize != left:
        raise DatasetError(
            f"{path}: Expected as many bytes in {name} as its header says, of {dtype} and shape "
            f"{shape}. Received {left}. Save it again."
        )
    return shape[0] if shape else 0


def _loader(path: Path | str, check_x: Callable, count: int) -> Callable[[np.ndarray], np.ndarray]:
    def load(kept: np.ndarray) -> np.ndarray:
        with _arrays(path, _NPZ) as archive:
            x = archive["x"]
        check_x(path, x, count)
        # Of all of them no second copy is made.
        return x if np.array_equal(kept, np.arange(len(x))) else x[kept]

    return load


def _numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


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
    """

    names: list[str]
    separator: str


def read_utf8(path: Path | str) -> str:
    """Return the text of a file, whose line breaks stay as they are.

    Raises: DatasetError, naming the byte and the line where it is not in UTF-8.
    """
    with readable(path, "a file in UTF-8"):
        return decode_utf8(Path(path).read_bytes(), path)


def decode_utf8(content: bytes, path: Path | str) -> str:
    """Return the text of what was read of a path.

    Raises: DatasetError, of `read_utf8`.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Of a mark at the beginning, positions do not count the bytes.
        start = error.start + 3 * content.startswith(b"\xef\xbb\xbf")
        line = content.count(b"\n", 0, start) + 1
        raise DatasetError(
            f"{path}: Expected UTF-8. Received the byte 0x{content[start]:02x} in line {line}, "
            "which is none there. Save the file as UTF-8."
        ) from error


def check_columns(path: Path | str, names: Sequence[str], columns: dict[str, str]) -> None:
    """Raise DatasetError when a column is not in a table, or in it twice.

    Args:
        names: of the columns that it has.
        columns: those that must be there; of each the key of the config that names it.
    """
    for column, key in columns.items():
        if names.count(column) != 1:
            shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
            raise DatasetError(
                f"{path}: Expected the column '{column}' ({key}). Received the columns: "
                f"{shown or 'none'}."
            )


def check_named(path: Path | str, names: Sequence[str], noun: str) -> None:
    """Raise DatasetError where some columns of numbers have a name and one has none.

    Such is what pandas writes beside a table: the numbers of its rows.

    Args:
        names: of the columns.
        noun: what one of them holds.
    """
    unnamed = [name for name in names if not name or re.fullmatch(r"Unnamed: \d+", name)]
    if unnamed and len(unnamed) < len(names):
        raise DatasetError(
            f"{path}: Expected a name of every column of {noun}s. Received one "
            f"{repr(unnamed[0]) if unnamed[0] else 'without a name'}, as pandas writes the numbers "
            "of rows. Leave it out (index=False), or give it a name."
        )


def read_header(path: Path | str, columns: dict[str, str]) -> Header:
    """Read the names of the columns of a CSV file.

    Args:
        columns: those that must be there, by the keys of the config that name them.

    Raises: DatasetError, when one is not there.
    """
    with readable_utf8(path, "a CSV file in UTF-8"):
        with open(path, encoding="utf-8-sig", newline="") as file:
            first_line = file.readline()
        separator = ";" if ";" in first_line and "," not in first_line else ","
        names = next(csv.reader([first_line], delimiter=separator), [])
    names = [name.strip() for name in names]
    # Pixels for a header, as in a file of Kaggle's, may be the same twice: the first one counts.
    once = list(dict.fromkeys(names))
    for key, column in columns.items():
        if names.count(column) > 1 and not re.fullmatch(r"\d+(\.\d+)?", column):
            raise DatasetError(
                f"{path}: Expected one column '{column}' ({key}). Received {names.count(column)}. "
                "Leave the others out, or rename them."
            )
    check_columns(path, once, {column: key for key, column in columns.items()})
    return Header(names, separator)
