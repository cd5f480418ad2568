"""Tables of texts: CSV, TSV, JSON lines and Parquet, also of the hub, of which columns are read."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from self_training.data import hub_splits, parquet
from self_training.data.files import check_columns, read_utf8
from self_training.errors import DatasetError

# Characters of a cell. More is no text that a class is told by, or a quote that has no end.
LONGEST = 1_000_000
# Names of columns to read, and of each the key of the config that names it; None: all.
Columns = dict[str, str] | None


class Table(NamedTuple):
    """Some columns of a file.

    cells: by the names of the columns, of each a cell per row; None where it is empty or missing.
    row: what messages call a row: `data row` or `line`.
    class_names: of columns with labels 0, 1, ... that the file has names for.
    """

    cells: dict[str, list[Any]]
    row: str
    class_names: Mapping[str, list[str]] = MappingProxyType({})


def read_table(path: Path | str, source: str, columns: dict[str, str] | None = None) -> Table:
    """Read columns of a file.

    Args:
        source: one of READERS, or that of the hub, whose path is the list of a split's files.
        columns: names of those to read, and of each the key of the config that names it; all when
            None.

    Raises: DatasetError, naming the file, and the row where one is wrong.
    """
    read = _read_split if source == hub_splits.HUB else READERS[source]
    table = read(path, columns)
    if not any(table.cells.values()):
        raise DatasetError(f"{path}: Expected an example per {table.row}. Received none.")
    for name, cells in table.cells.items():
        for row, cell in enumerate(cells, start=1):
            if isinstance(cell, str) and len(cell) > LONGEST:
                raise _too_long(path, f"{len(cell):,}", f"{table.row} {row}, column '{name}'")
    return table


def _too_long(path: Path | str, received: str, where: str) -> DatasetError:
    return DatasetError(
        f"{path}: Expected at most {LONGEST:,} characters in a cell. Received {received} in "
        f"{where}. Cut the text into parts, or leave it out; in a table with quotes, look for one "
        "that has no end."
    )


def _read_csv(path: Path | str, columns: Columns, separator: str = "") -> Table:
    """Read a file with a header; a quoted cell may have separators and line breaks in it."""
    text = read_utf8(path)
    if not separator:
        first = text.partition("\n")[0]
        separator = ";" if ";" in first and "," not in first else ","
    header, *rows = _rows_of_csv(path, text, separator) or [[]]
    names = [name.strip() for name in header]
    columns = _all(names) if columns is None else columns
    check_columns(path, names, columns)
    found = {name: names.index(name) for name in columns}
    cells: dict[str, list[Any]] = {name: [] for name in found}
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise DatasetError(
                f"{path}: Expected {len(names)} values in every row, one per column of the header. "
                f"Received {len(row)} in data row {number}. A text that has a separator or a line "
                "break in it is put into double quotes."
            )
        for name, column in found.items():
            cells[name].append(row[column])
    return Table(cells, "data row")


def _rows_of_csv(path: Path | str, text: str, separator: str) -> list[list[str]]:
    """Return the rows of a table, the header first, without blank lines."""
    rows: list[list[str]] = []
    limit = csv.field_size_limit(LONGEST)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            if row:
                rows.append(row)
        return rows
    except csv.Error as error:
        if "field larger" in str(error):
            raise _too_long(path, "more", f"data row {len(rows)}") from error
        raise DatasetError(
            f"{path}: Expected double quotes in pairs around a text; one that is part of it is "
            f"doubled. Received others in data row {len(rows)} ({error})."
        ) from error
    finally:
        csv.field_size_limit(limit)


def _read_tsv(path: Path | str, columns: Columns) -> Table:
    return _read_csv(path, columns, "\t")


def _read_jsonl(path: Path | str, columns: Columns) -> Table:
    """Read a file with a JSON object per line, of which each may lack some of the keys."""
    if columns is None:
        columns = _all(list(dict.fromkeys(key for row in _objects(path) for key in row)))
    cells: dict[str, list[Any]] = {name: [] for name in columns}
    keys: dict[str, None] = {}
    for row in _objects(path):
        keys |= dict.fromkeys(row)
        for name, column in cells.items():
            column.append(row.get(name))
    if keys:
        check_columns(path, list(keys), columns)
    return Table(cells, "line")


def _objects(path: Path | str) -> Iterator[dict]:
    for number, line in enumerate(read_utf8(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DatasetError(
                f"{path}: Expected a JSON object in every line. Received none in line {number}, "
                f"character {error.colno} ({error.msg})."
            ) from error
        if not isinstance(row, dict):
            raise DatasetError(
                f"{path}: Expected a JSON object in every line. Received a "
                f"{type(row).__name__} in line {number}."
            )
        yield row


def _read_parquet(path: Path | str, columns: Columns, install: str = parquet.INSTALL) -> Table:
    names = parquet.column_names(path, install)
    columns = _all(names) if columns is None else columns
    check_columns(path, names, columns)
    cells = parquet.read_cells(path, list(columns))
    return Table(cells, "data row", parquet.class_names(path))


def _read_split(path: Path | str, columns: Columns) -> Table:
    """Read all files of a split of the Hugging Face hub, in their order, as one table."""
    files, _ = hub_splits.files_of(path)
    first, *others = [_read_parquet(file, columns, hub_splits.INSTALL) for file in files]
    for other in others:
        for name, cells in first.cells.items():
            cells.extend(other.cells[name])
    return first


def _all(names: list[str]) -> dict[str, str]:
    return dict.fromkeys(names, "all must have names of their own")


READERS: dict[str, Callable[[Path | str, Columns], Table]] = {
    "csv": _read_csv,
    "tsv": _read_tsv,
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
}
