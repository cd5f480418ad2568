"""New vectors for a model that is trained, in a NumPy archive or a CSV file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from self_training.data import streams
from self_training.data.csv_stream import ID_COLUMN, find_columns, open_rows, read_names
from self_training.data.new_examples import list_examples
from self_training.data.sources import VECTORS
from self_training.data.streams import ArrayHeader, Stream
from self_training.errors import DatasetError
from self_training.vector.readers import FEATURES, check_finite, feature_columns


def reading(settings: dict) -> dict:
    """Return how a study reads vectors, as far as new ones are read by it.

    Args:
        settings: of the dataset.

    Returns: of a CSV file `feature_columns`, the headers of the features in order, and what there
        is of `id_column`; of an archive nothing.
    """
    if settings["source"] != "csv":
        return {}
    named = {key: settings[key] for key in ("id_column",) if key in settings}
    return {"feature_columns": feature_columns(settings)} | named


def open_path(path: Path, shape: Sequence[int], reading: dict) -> Stream:
    """Return the vectors of a path: a NumPy archive or a CSV file.

    Args:
        shape: (features,) of the vectors that the model takes.
        reading: of `reading`.

    Raises: DatasetError, naming what is wrong with it.
    """
    list_examples(path, VECTORS)
    (features,) = shape
    if path.suffix.lower() == ".npz":
        return open_archive(path, features)
    return open_csv(path, features, reading.get("feature_columns"), reading.get("id_column"))


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
            raise DatasetError(
                f"{path}: Expected {features} columns of features beside '{ID_COLUMN}', in the "
                "order of those that the model was trained on, which had no names. Received "
                f"{len(columns)}. Leave out what is no feature."
            )
    names = list(columns)
    chosen = find_columns(path, header, names, "feature")

    def as_vectors(x: np.ndarray, before: int) -> np.ndarray:
        return _as_floats(path, x, names, before + 1)

    return open_rows(path, header, chosen, FEATURES, as_vectors, id_column, "vector")


def _as_floats(path: Path, x: np.ndarray, names: list[str], first: int) -> np.ndarray:
    """Return vectors as a study has them, float32; raise DatasetError where they can't be."""
    check_finite(path, x, names, first)
    return x.astype(np.float32)
