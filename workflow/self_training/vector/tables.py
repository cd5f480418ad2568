"""Tables of vectors: CSV and Parquet files of a row per example, features in columns of theirs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from self_training.data import parquet
from self_training.data.cells import ids_of, labels_of, named
from self_training.data.columns import PARQUET, read_feature_names, read_names
from self_training.data.csv_rows import Numbers, read_rows
from self_training.data.examples import UNKNOWN, Examples, encode_labels
from self_training.data.files import check_columns, check_named, read_header
from self_training.errors import DatasetError
from self_training.vector import parquet_rows
from self_training.vector.numbers import check_finite

# What columns of a CSV file hold that are none of texts.
FEATURES = Numbers(np.float32, "numbers as features")


def read_labeled(path: Path | str, settings: dict) -> Examples:
    """Read a table of examples: of each its label and numbers.

    Args:
        settings: of the dataset: `source`, `label_column`, and perhaps `class_names` and `classes`,
            of `encode_labels`; `id_column`, without which examples are called by their rows, from
            1; `feature_columns`, in this order, without which all other columns are features.

    Raises: DatasetError, naming the file, and the row where one is wrong.
    """
    column = settings["label_column"]
    keys = {"label_column": column} | _id_column(settings)
    x, cells = _read(path, settings["source"], keys, settings.get("feature_columns"))
    labels = labels_of(path, cells["label_column"], column, "data row")
    names = settings.get("class_names")
    if names is None and settings["source"] == PARQUET:
        labels, names = named(labels, parquet.class_names(path).get(column))
    y, class_names = encode_labels(path, labels, names, settings.get("classes"))
    return Examples(y, class_names, x.__getitem__, _ids(cells, len(x)))


def read_unlabeled(path: Path | str, settings: dict) -> Examples:
    """Read a table as `read_labeled` does, which must have no column of labels.

    Raises: DatasetError.
    """
    source, label_column = settings["source"], settings["label_column"]
    if label_column in read_names(path, source):
        raise DatasetError(
            f"{path}: Expected no column '{label_column}' (label_column) in a file of examples "
            "whose labels nobody knows (unlabeled). Received one. Remove it, or put the rows into "
            "the file of path, where an empty label is one that is not known."
        )
    x, cells = _read(path, source, _id_column(settings), feature_columns(settings))
    y = np.full(len(x), UNKNOWN, np.int32)
    return Examples(y, np.array([], dtype=str), x.__getitem__, _ids(cells, len(x)))


def feature_columns(settings: dict) -> list[str]:
    """Return the names of the columns of features in the table of a dataset, in order."""
    if "feature_columns" in settings:
        return settings["feature_columns"]
    apart = {settings.get(key) for key in ("label_column", "id_column")}
    return read_feature_names(settings["path"], settings["source"], apart)


def _id_column(settings: dict) -> dict[str, str]:
    name = settings.get("id_column")
    return {} if name is None else {"id_column": name}


def _ids(cells: dict[str, list[Any]], count: int) -> list[str]:
    by_row = [str(row) for row in range(1, count + 1)]
    return ids_of(cells["id_column"]) if "id_column" in cells else by_row


def _read(
    path: Path | str, source: str, named: dict[str, str], columns: Sequence[str] | None
) -> tuple[np.ndarray, dict[str, list[Any]]]:
    """Return vectors, and what stands in other columns, by the keys of the config that name them.

    Args:
        named: names of columns by these keys.
        columns: those of features; all others when None.
    """
    names = read_names(path, source)
    if source == PARQUET:
        check_columns(path, names, {name: key for key, name in named.items()})
    else:
        read_header(path, named)
    if columns is None:
        columns = read_feature_names(path, source, named.values())
        check_named(path, columns, "feature")
    _check_features(path, columns, names, named)
    if source == PARQUET:
        x, cells = parquet_rows.read_rows(path, columns, list(named.values()))
    else:
        x, cells = _read_csv(path, columns)
    if not len(x):
        under = "" if source == PARQUET else " under the header"
        raise DatasetError(f"{path}: Expected a row per example{under}. Received none.")
    check_finite(path, x, parquet_rows.feature_names(columns, x.shape[1]), 1)
    return x, {key: cells[name] for key, name in named.items()}


def _read_csv(path: Path | str, columns: Sequence[str]) -> tuple[np.ndarray, dict[str, list[str]]]:
    """Return vectors, and what stands in all columns that are no features, by their names."""
    header = read_header(path, {})
    # What is neither asked for nor a feature is read as a text, too, whatever it is.
    texts: dict[int, list[str]] = {
        index: [] for index, name in enumerate(header.names) if name not in columns
    }
    with open(path, encoding="utf-8-sig") as file:
        file.readline()
        x = read_rows(path, file, header, texts, FEATURES)
    features = [name for name in header.names if name in columns]
    # The first of two columns of a name.
    cells = {header.names[index]: texts[index] for index in reversed(texts)}
    return x[:, [features.index(name) for name in columns]], cells


def _check_features(
    path: Path | str, columns: Sequence[str], names: Sequence[str], named: dict[str, str]
) -> None:
    missing = [name for name in columns if name not in names]
    if missing:
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise DatasetError(
            f"{path}: Expected the column '{missing[0]}' of a feature. Received the columns: "
            f"{shown}."
        )
    for key, name in named.items():
        if name in columns:
            raise DatasetError(
                f"{path}: Expected features other than '{name}', which is the {key}. Received it "
                "among feature_columns."
            )
    twice = next((name for name in columns if names.count(name) > 1), None)
    if twice is not None:
        raise DatasetError(
            f"{path}: Expected every column of a feature once. Received '{twice}' twice."
        )
    if not columns:
        raise DatasetError(
            f"{path}: Expected columns of numbers beside {', '.join(named.values())}. Received "
            "none."
        )
