"""New vectors for a model that is trained, in a NumPy archive, a CSV or a Parquet file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from self_training.data import parquet, streams
from self_training.data.cells import as_text, ids_of
from self_training.data.columns import PARQUET, read_feature_names
from self_training.data.csv_stream import (
    ID_COLUMN,
    check_different,
    find_columns,
    open_rows,
    read_names,
)
from self_training.data.files import Header
from self_training.data.new_examples import list_examples
from self_training.data.sources import TABLES, VECTORS
from self_training.data.streams import ArrayHeader, Chunk, Stream
from self_training.errors import DatasetError
from self_training.vector import parquet_rows
from self_training.vector.numbers import check_finite
from self_training.vector.tables import FEATURES, feature_columns


def reading(settings: dict) -> dict:
    """Return how a study reads vectors, as far as new ones are read by it.

    Args:
        settings: of the dataset.

    Returns: of a table `feature_columns`, the names of the columns of features in order, or of the
        one with lists of them, and what there is of `id_column`; of an archive nothing.
    """
    if settings["source"] not in TABLES:
        return {}
    named = {key: settings[key] for key in ("id_column",) if key in settings}
    return {"feature_columns": feature_columns(settings)} | named


def open_path(path: Path, shape: Sequence[int], reading: dict) -> Stream:
    """Return the vectors of a path: a NumPy archive, a CSV or a Parquet file.

    Args:
        shape: (features,) of the vectors that the model takes.
        reading: of `reading`.

    Raises: DatasetError, naming what is wrong with it.
    """
    list_examples(path, VECTORS)
    (features,) = shape
    if path.suffix.lower() == ".npz":
        return open_archive(path, features)
    open_table = open_parquet if path.suffix.lower() == ".parquet" else open_csv
    return open_table(path, features, reading.get("feature_columns"), reading.get("id_column"))


def open_archive(path: Path, features: int) -> Stream:
    """Return the vectors x of a NumPy archive, numbers (vectors, features).

    Raises: DatasetError, where x is not there, or no array of such vectors.
    """

    def check(path: Path, header: ArrayHeader) -> None:
        shape = header.shape
        if header.dtype.kind not in "fiu" or len(shape) != 2:
            raise DatasetError(
                f"{path}: Expected x as numbers of shape (vectors, features), as this is a model "
                f"of vectors. Received {header.dtype} of shape {shape}."
            )
        if shape[0] == 0:
            raise DatasetError(f"{path}: Expected vectors in x. Received none.")
        if shape[1] != features:
            raise DatasetError(
                f"{path}: Expected vectors of {features} features, as the model was trained on. "
                f"Received {shape[1]}."
            )

    names = [str(feature) for feature in range(features)]
    return streams.open_archive(path, check, lambda x, first: _as_floats(path, x, names, first))


def open_csv(
    path: Path, features: int, columns: Sequence[str] | None = None, id_column: str | None = None
) -> Stream:
    """Return the vectors of a CSV file: a header, and a row per vector.

    Args:
        features: how many there are.
        columns: headers of the features, in the order that the model takes them; all other columns
            are kept. None where the study knew no names: all columns but that of ids, in order.
        id_column: of `data.csv_stream.open_rows`.

    Raises: DatasetError, where there are no such columns.
    """
    header = read_names(path)
    if columns is None:
        columns = [name for name in header.names if name != (id_column or ID_COLUMN)]
        if len(columns) != features:
            raise _not_as_many(path, features, len(columns))
    names = list(columns)
    chosen = find_columns(path, header, names, "feature")
    if len(chosen) != features:
        raise _no_lists(path, names[0], features)

    def as_vectors(x: np.ndarray, before: int) -> np.ndarray:
        return _as_floats(path, x, names, before + 1)

    return open_rows(path, header, chosen, FEATURES, as_vectors, id_column, "vector")


def open_parquet(
    path: Path, features: int, columns: Sequence[str] | None = None, id_column: str | None = None
) -> Stream:
    """Return the vectors of a Parquet file. For the arguments, see `open_csv`.

    Raises: DatasetError, where there are no such columns.
    """
    called = id_column or ID_COLUMN
    header = Header(parquet.column_names(path), "")
    check_different(path, header)
    named = columns is not None
    names = list(columns or read_feature_names(path, PARQUET, (called,)))
    find_columns(path, header, names, "feature")
    with parquet.open_file(path) as file:
        of_lists = parquet_rows.check_types(path, file.schema_arrow, names)
        length = file.metadata.num_rows
    if not of_lists and len(names) != features:
        if named:
            raise _no_lists(path, names[0], features)
        raise _not_as_many(path, features, len(names))
    if not length:
        raise DatasetError(f"{path}: Expected a row per vector. Received none.")
    index = parquet.index_names(path)
    others = [name for name in header.names if name not in (*names, *index, called)]
    ids = [called] if called in header.names else []

    def chunks(size: int) -> Iterator[Chunk]:
        before = 0
        for x, cells in parquet_rows.in_batches(path, names, [*others, *ids], size):
            if x.shape[1] != features:
                raise DatasetError(
                    f"{path}: Expected lists of {features} numbers in column '{names[0]}', as the "
                    f"model was trained on. Received {x.shape[1]}."
                )
            by_row = [str(before + row) for row in range(1, len(x) + 1)]
            kept = {name: [as_text(cell) for cell in cells[name]] for name in others}
            shown = parquet_rows.feature_names(names, features)
            inputs = _as_floats(path, x, shown, before + 1)
            yield Chunk(ids_of(cells[called]) if ids else by_row, inputs, kept)
            before += len(x)

    return Stream(f"{path.as_posix()}:", chunks, others, length)


def _no_lists(path: Path, column: str, features: int) -> DatasetError:
    return DatasetError(
        f"{path}: Expected lists of {features} numbers in column '{column}', as in the study. "
        "Received a column without lists. Give a Parquet file with such a column, or a NumPy "
        "archive."
    )


def _not_as_many(path: Path, features: int, columns: int) -> DatasetError:
    return DatasetError(
        f"{path}: Expected {features} columns of features beside '{ID_COLUMN}', in the order of "
        f"those that the model was trained on, which had no names. Received {columns}. Leave out "
        "what is no feature."
    )


def _as_floats(path: Path, x: np.ndarray, names: list[str], first: int) -> np.ndarray:
    """Return vectors as a study has them, float32; raise DatasetError where they can't be."""
    check_finite(path, x, names, first)
    return x.astype(np.float32)
