"""CSV files of new examples: rows of numbers, and of whatever else the user wants to keep."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from self_training.data.csv_rows import Numbers, read_rows
from self_training.data.files import Header, read_header, readable_utf8
from self_training.data.streams import Chunk, Stream
from self_training.errors import DatasetError

# What examples are called by where the study had no name for it.
ID_COLUMN = "id"
# Lines of a row, beyond which a double quote has no partner.
LONGEST_ROW = 1000


def read_names(path: Path) -> Header:
    """Read the header of a CSV file of new examples.

    Raises: DatasetError, where two columns have one name.
    """
    header = read_header(path, {})
    check_different(path, header)
    return header


def check_different(path: Path, header: Header) -> None:
    """Raise DatasetError where two columns have one name."""
    twice = [name for name, count in Counter(header.names).items() if count > 1]
    if twice:
        raise DatasetError(
            f"{path}: Expected columns of different names. Received '{twice[0]}' more than once."
        )


def find_columns(path: Path, header: Header, names: Sequence[str], noun: str) -> list[int]:
    """Return the indices of the columns that the study read, in its order.

    Args:
        names: of the columns.
        noun: what one holds, for the message.

    Raises: DatasetError, where there is none of a name.
    """
    position = {name: index for index, name in enumerate(header.names)}
    missing = [name for name in names if name not in position]
    if missing:
        raise DatasetError(
            f"{path}: Expected the {len(names)} {noun} columns of the study. Missing: "
            f"{', '.join(missing[:8])}{', ...' if len(missing) > 8 else ''}."
        )
    return [position[name] for name in names]


def open_rows(
    path: Path,
    header: Header,
    chosen: Sequence[int],
    numbers: Numbers,
    as_inputs: Callable[[np.ndarray, int], np.ndarray],
    id_column: str | None = None,
    noun: str = "example",
) -> Stream:
    """Return the examples of a CSV file: a header, and a row per example.

    Args:
        chosen: indices of the columns of numbers, in the order that the model takes them; all other
            columns are kept.
        numbers: what these hold.
        as_inputs: function from the numbers of some rows, (rows, chosen), and how many rows come
            before them, to `Chunk.inputs`.
        id_column: header of what examples are called; ID_COLUMN when None. Where there is none,
            examples are called by their rows, from 1.
        noun: what an example is, for the message.
    """
    called = id_column or ID_COLUMN
    others = sorted(set(range(len(header.names))) - set(chosen))
    # Where the chosen ones stand among themselves.
    order = np.argsort(np.argsort(chosen))

    def chunks(size: int) -> Iterator[Chunk]:
        before = 0
        with readable_utf8(path, "a CSV file in UTF-8"), open(path, encoding="utf-8-sig") as file:
            file.readline()
            rows = _rows(path, file)
            while some := list(islice(rows, size)):
                texts: dict[int, list[str]] = {index: [] for index in others}
                x = read_rows(path, some, header, texts, numbers, before)[:, order]
                kept = {header.names[index]: column for index, column in texts.items()}
                by_row = [str(before + row) for row in range(1, len(x) + 1)]
                ids = kept.pop(called, by_row)
                yield Chunk(ids, as_inputs(x, before), kept)
                before += len(x)
        if not before:
            raise DatasetError(
                f"{path}: Expected a row per {noun} under the header. Received none."
            )

    columns = [header.names[index] for index in others if header.names[index] != called]
    return Stream(f"{path.as_posix()}:", chunks, columns, None)


def _rows(path: Path, lines: Iterable[str]) -> Iterator[str]:
    """Yield the rows of a file, of which a quoted text may go over several lines."""
    open_lines: list[str] = []
    quotes, rows = 0, 0
    for line in lines:
        open_lines.append(line)
        quotes += line.count('"')
        if quotes % 2 == 0:
            row = "".join(open_lines)
            open_lines, rows = [], rows + 1
            if row.strip():
                yield row
        elif len(open_lines) > LONGEST_ROW:
            break
    if open_lines:
        raise DatasetError(
            f"{path}: Expected double quotes in pairs; one that is part of a text is doubled. "
            f"Received one in data row {rows + 1} that has no end."
        )
