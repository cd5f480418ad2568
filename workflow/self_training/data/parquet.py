"""Parquet files of examples. pyarrow, which reads them, is imported when there is one."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from self_training.data.files import readable
from self_training.errors import DatasetError

INSTALL = "uv sync --extra parquet"
_PARQUET = "a Parquet file"


def open_file(path: Path | str, install: str = INSTALL) -> Any:
    """Return a `pyarrow.parquet.ParquetFile`, of which nothing but the end is read yet.

    Args:
        install: the command that installs pyarrow.

    Raises: DatasetError, when pyarrow is not installed, or when it is no such file.
    """
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise DatasetError(
            f"{path}: Expected pyarrow to be installed, which reads Parquet. Received: {error}. "
            f"Install it: {install}"
        ) from error
    with readable(path, _PARQUET):
        return parquet.ParquetFile(path)


def column_names(path: Path | str, install: str = INSTALL) -> list[str]:
    """Return the names of all columns, in order.

    Args: of `open_file`.
    """
    with open_file(path, install) as file:
        return list(file.schema_arrow.names)


def index_names(path: Path | str) -> list[str]:
    """Return the names of those columns that pandas has written as an index of rows."""
    with open_file(path) as file:
        described = file.schema_arrow.pandas_metadata or {}
    # Rows that are numbered from 0 are described by a mapping, and are no column.
    return [name for name in described.get("index_columns", []) if isinstance(name, str)]


def class_names(path: Path | str) -> dict[str, list[str]]:
    """Return the names that Hugging Face's library `datasets` has given to labels 0, 1, ..., by
    columns; it keeps its `features` as JSON among what a file says of itself."""
    with open_file(path) as file:
        metadata = file.schema_arrow.metadata or {}
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        labels = {name: some for name, some in features.items() if some["_type"] == "ClassLabel"}
        return {
            name: [str(of_class) for of_class in some["names"]] for name, some in labels.items()
        }
    except (KeyError, TypeError, AttributeError, ValueError):  # None, or of another version.
        return {}


def read_cells(path: Path | str, columns: Sequence[str]) -> dict[str, list[Any]]:
    """Return the cells of some columns by their names, of each one per row; None where it is null.

    Raises: DatasetError, where they can't be read.
    """
    with readable(path, _PARQUET), open_file(path) as file:
        table = file.read(columns=list(columns))
        return {name: table[name].to_pylist() for name in columns}
