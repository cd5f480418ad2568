"""Rows of Parquet files of vectors: numbers in columns of theirs, or in one column of lists."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from self_training.data.files import readable
from self_training.data.parquet import open_file
from self_training.errors import DatasetError

_PARQUET = "a Parquet file"
# Rows that are taken at a time where all are read.
_ROWS = 2**16


def read_rows(
    path: Path | str, columns: Sequence[str], others: Sequence[str]
) -> tuple[np.ndarray, dict[str, list[Any]]]:
    """Return the vectors of a file, float32 (rows, features), and the cells of other columns.

    Args:
        columns: names of the columns of numbers, which are the features, in this order; or of the
            one with lists of them.
        others: names of columns that are read beside them.

    Raises: DatasetError, naming the row, and the column, where one is wrong.
    """
    parts: list[np.ndarray] = []
    cells: dict[str, list[Any]] = {name: [] for name in others}
    for x, kept in in_batches(path, columns, others, _ROWS):
        parts.append(x)
        for name, some in kept.items():
            cells[name] += some
    return np.concatenate(parts) if parts else np.empty((0, 0), np.float32), cells


def in_batches(
    path: Path | str, columns: Sequence[str], others: Sequence[str], size: int
) -> Iterator[tuple[np.ndarray, dict[str, list[Any]]]]:
    """Yield what `read_rows` returns, for at most so many rows at a time.

    Numbers beyond float32 become infinite; whether all are finite is for the caller to look at.
    """
    with readable(path, _PARQUET), open_file(path) as file:
        of_lists = check_types(path, file.schema_arrow, columns)
        before, length = 0, None
        for batch in file.iter_batches(size, columns=[*columns, *others]):
            if not len(batch):
                continue
            parts = [_plain(batch.column(name)) for name in columns]
            for name, part in zip(columns, parts, strict=True):
                _check_given(path, part, name, before)
            if of_lists:
                x, length = _of_lists(path, parts[0], columns[0], before, length)
            else:
                x = np.stack([_as_floats(part) for part in parts], axis=1)
            yield x, {name: batch.column(name).to_pylist() for name in others}
            before += len(batch)


def feature_names(columns: Sequence[str], features: int) -> list[str]:
    """Return what each feature is called: by its column or, in a list, by the position from 0."""
    if len(columns) == features:
        return list(columns)
    return [f"{columns[0]}[{position}]" for position in range(features)]


def check_types(path: Path | str, schema: Any, columns: Sequence[str]) -> bool:
    """Return whether features are in one column of lists, not in columns of their own.

    Args:
        schema: a `pyarrow.Schema`, of the file.

    Raises: DatasetError, where a column has something else than numbers, or where there are both.
    """
    types = {name: schema.field(name).type for name in columns}
    lists = [name for name, of_column in types.items() if _is_list_of_numbers(of_column)]
    for name, of_column in types.items():
        if name not in lists and not _is_number(of_column):
            raise DatasetError(
                f"{path}: Expected numbers as features, or one column of lists of them. Received "
                f"{of_column} in column '{name}'. Leave it out, or name the columns of features "
                "(feature_columns of the dataset)."
            )
    if lists and len(columns) > 1:
        other = next(name for name in columns if name != lists[0])
        raise DatasetError(
            f"{path}: Expected features in columns of numbers, or in one column of lists. Received "
            f"lists in column '{lists[0]}', and column '{other}' beside it. Name those of one kind "
            f"(feature_columns: [{lists[0]}]), or spread the lists over columns."
        )
    return bool(lists)


def _is_number(of_column: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(of_column):
        of_column = of_column.value_type
    kinds = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean)
    return any(is_kind(of_column) for is_kind in kinds)


def _is_list_of_numbers(of_column: Any) -> bool:
    from pyarrow import types

    kinds = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(is_kind(of_column) for is_kind in kinds) and _is_number(of_column.value_type)


def _plain(part: Any) -> Any:
    from pyarrow import types

    return part.dictionary_decode() if types.is_dictionary(part.type) else part


def _check_given(path: Path | str, part: Any, column: str, before: int) -> None:
    """Raise DatasetError where a cell of a column is null."""
    if part.null_count:
        row = int(np.argmax(part.is_null().to_numpy(zero_copy_only=False)))
        raise DatasetError(
            f"{path}: Expected numbers as features. Received nothing in data row "
            f"{before + row + 1}, column '{column}'."
        )


def _as_floats(part: Any) -> np.ndarray:
    """Return an array of pyarrow without nulls as float32."""
    numbers = part.cast("float64", safe=False).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32)


def _of_lists(
    path: Path | str, part: Any, column: str, before: int, length: int | None
) -> tuple[np.ndarray, int]:
    """Return lists as vectors, and their length.

    Args:
        length: that of the lists before, None of the first ones.
    """
    from pyarrow import compute

    lengths = compute.list_value_length(part).to_numpy(zero_copy_only=False)
    expected = int(lengths[0]) if length is None else length
    wrong = np.flatnonzero(lengths != expected)
    if len(wrong):
        raise DatasetError(
            f"{path}: Expected lists of one length in column '{column}', {expected} numbers as in "
            f"data row 1. Received {lengths[wrong[0]]} in data row {before + wrong[0] + 1}."
        )
    if expected == 0:
        raise DatasetError(
            f"{path}: Expected numbers in the lists of column '{column}'. Received empty ones."
        )
    values = part.flatten()
    if values.null_count:
        at = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))
        raise DatasetError(
            f"{path}: Expected numbers as features. Received nothing in data row "
            f"{before + at // expected + 1}, column '{column}', at position {at % expected}."
        )
    return _as_floats(_plain(values)).reshape(-1, expected), expected
