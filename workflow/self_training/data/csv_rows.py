"""Rows of CSV files, of numbers and of texts: what stands in them for every kind of examples."""

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from self_training.data.files import Header, readable_utf8
from self_training.errors import DatasetError, shown


class Numbers(NamedTuple):
    """What the columns of numbers in a CSV file hold.

    dtype: of the array that they become.
    expected: of messages.
    """

    dtype: type[np.generic]
    expected: str


def read_rows(
    path: Path | str,
    lines: Iterable[str],
    header: Header,
    texts: dict[int, list[str]],
    numbers: Numbers,
    before: int = 0,
) -> np.ndarray:
    """Return the numbers in rows of a CSV file, (rows, columns of numbers).

    Args:
        path: of the file, for messages.
        lines: the rows.
        texts: for each column that holds no numbers, by its index, a list that what stands in it is
            appended to, row by row.
        numbers: what the others hold.
        before: data rows of the file before these.

    Raises: DatasetError, naming the file, and the row that is wrong.
    """
    columns = len(header.names)

    def note(column: int, text: str) -> int:
        texts[column].append(text.strip())
        return 0

    try:
        with readable_utf8(path, "a CSV file in UTF-8"):
            table = np.loadtxt(
                lines,
                dtype=numbers.dtype,
                comments=None,
                delimiter=header.separator,
                quotechar='"',
                ndmin=2,
                converters={column: partial(note, column) for column in texts},
            )
    except DatasetError as error:
        message = _where_wrong(str(error), path, header.names, numbers, before)
        raise DatasetError(message) from error
    if len(table) and table.shape[1] != columns:
        raise DatasetError(
            f"{path}: Expected {columns} values in every row, one per column of the header. "
            f"Received {table.shape[1]}."
        )
    kept = [column for column in range(columns) if column not in texts]
    return table[:, kept] if len(table) else np.empty((0, len(kept)), numbers.dtype)


def _where_wrong(
    message: str, path: Path | str, header: list[str], numbers: Numbers, before: int
) -> str:
    """Say of NumPy's message which row and column of the file it means."""
    if "embedded newline" in message:
        return (
            f"{path}: Expected double quotes in pairs around a text; one that is part of it is "
            f"doubled. Received others after data row {before}."
        )
    value = re.search(r"convert string '(.*?)'? to \w+ at row (\d+), column (\d+)", message)
    if value:
        text, row, column = value.group(1), int(value.group(2)) + before, int(value.group(3))
        if column > len(header):
            return (
                f"{path}: Expected {len(header)} values in every row, one per column of the "
                f"header. Received more in data row {row + 1}."
            )
        return (
            f"{path}: Expected {numbers.expected}. Received "
            f"{shown(text) if text else 'nothing'} in data row {row + 1}, column "
            f"'{header[column - 1]}'."
        )
    if "converter specified for column" in message:
        return f"{path}: Expected {len(header)} values in every row. Received fewer."
    columns = re.search(r"columns changed from (\d+) to (\d+) at row (\d+)", message)
    if columns:
        expected, received = columns.group(1), columns.group(2)
        changed = int(columns.group(3)) + before
        if int(expected) != len(header):
            # NumPy believes the first row.
            expected, received, changed = str(len(header)), expected, before + 1
        return (
            f"{path}: Expected {expected} values in every row. Received {received} in data row "
            f"{changed}. Correct it; what has a separator in it stands in double quotes."
        )
    return message
