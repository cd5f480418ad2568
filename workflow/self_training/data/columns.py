"""What the columns of a table are called, whatever its format."""

from collections.abc import Container
from pathlib import Path

from self_training.data import parquet
from self_training.data.files import read_header

PARQUET = "parquet"


def read_names(path: Path | str, source: str) -> list[str]:
    """Return the names of all columns of a table, in order.

    Args:
        source: csv or parquet.

    Raises: DatasetError.
    """
    return parquet.column_names(path) if source == PARQUET else read_header(path, {}).names


def read_feature_names(path: Path | str, source: str, apart: Container[str | None]) -> list[str]:
    """Return the names of the columns that are features where a config names none: all others.

    An index that pandas has written into a Parquet file numbers rows, and may follow the labels.

    Args:
        source: csv or parquet.
        apart: names of columns that are none.
    """
    index = parquet.index_names(path) if source == PARQUET else []
    names = read_names(path, source)
    return [name for name in names if name not in apart and name not in index]
