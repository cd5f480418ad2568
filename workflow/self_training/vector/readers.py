"""Readers of vectors: whatever a source's format, numbers and labels checked and made alike."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from self_training.data.csv_rows import Numbers, read_rows
from self_training.data.examples import (
    UNKNOWN,
    Examples,
    encode_labels,
    plain_name,
    with_unlabeled,
)
from self_training.data.files import (
    Header,
    check_named,
    read_header,
    read_npz,
    read_unlabeled_npz,
)
from self_training.data.sources import SKLEARN_NAMES, check_origin, unknown_source
from self_training.errors import DatasetError

# What columns hold that are none of texts.
FEATURES = Numbers(np.float32, "numbers as features")
# Of 64 bits, so that an infinite float16 is not compared to an infinite one.
LARGEST = np.float64(np.finfo(np.float32).max)


def read(path: Path | str | None, settings: dict) -> Examples:
    """Read the labels of a dataset's source, and its vectors, float32 (examples, features).

    Args:
        path: of a file; None for a source that comes with a library.
        settings: of the dataset.

    Returns: examples, of which those of `unlabeled` come last.
    Raises: DatasetError, also when an archive was made from something else than settings name.
    """
    examples = _read_path(path, settings)
    if "unlabeled" in settings:
        unlabeled = _read_unlabeled(settings)
        examples = with_unlabeled(examples, unlabeled, settings["unlabeled"])
    return examples


def _read_path(path: Path | str | None, settings: dict) -> Examples:
    source = settings["source"]
    if path is None:
        return read_sklearn(settings["name"])
    if source == "csv":
        keys = ("class_names", "id_column", "classes", "feature_columns")
        return read_csv(path, settings["label_column"], *map(settings.get, keys))
    if source in ("npz", "sklearn"):
        examples = _as_floats(read_npz(path, check_vectors))
        if examples.origin and source == "sklearn":
            check_origin(path, examples.origin, settings)
        return examples
    raise unknown_source(settings)


def _read_unlabeled(settings: dict) -> Examples:
    """Return the vectors of `unlabeled`, which are in the form of the source of the others."""
    if settings["source"] == "npz":
        return _as_floats(read_unlabeled_npz(settings["unlabeled"], check_vectors))
    return read_unlabeled_csv(
        settings["unlabeled"],
        settings["label_column"],
        feature_columns(settings),
        settings.get("id_column"),
    )


def _as_floats(examples: Examples) -> Examples:
    def load(kept: np.ndarray) -> np.ndarray:
        return examples.load(kept).astype(np.float32)

    return Examples(examples.y, examples.class_names, load, examples.ids, examples.origin)


def check_vectors(path: Path | str, x: np.ndarray, labels: int) -> None:
    """Raise DatasetError unless x is an array of so many finite vectors as there are labels."""
    if x.ndim != 2 or x.dtype.kind not in "fiu":
        images = ""
        if x.ndim == 4:
            images = " Images are of kind: images, and uint8."
        raise DatasetError(
            f"{path}: Expected x as numbers of shape (examples, features), as kind is vectors. "
            f"Received {x.dtype} of shape {x.shape}.{images}"
        )
    if x.shape[1] == 0:
        raise DatasetError(f"{path}: Expected features in x. Received x of shape {x.shape}.")
    if len(x) != labels:
        raise DatasetError(
            f"{path}: Expected one label in y per vector in x. Received {labels} labels and "
            f"{len(x)} vectors."
        )
    check_finite(path, x, [str(feature) for feature in range(x.shape[1])], 0)


def check_finite(path: Path | str, x: np.ndarray, names: Sequence[str], first: int) -> None:
    """Raise DatasetError, naming the first place, unless all numbers are finite as float32.

    Args:
        names: of the features.
        first: what the first row is called.
    """
    # NaN is not below either.
    wrong = np.argwhere(~(np.abs(x) <= LARGEST))
    if len(wrong):
        row, feature = wrong[0]
        raise DatasetError(
            f"{path}: Expected finite numbers of up to {LARGEST:.1e}. Received "
            f"{x[row, feature]} in row {row + first}, feature '{names[feature]}', and "
            f"{len(wrong) - 1} more such numbers. Leave these rows or features out, or fill them "
            "in before."
        )


def read_csv(
    path: Path | str,
    label_column: str,
    class_names: Sequence[str] | None = None,
    id_column: str | None = None,
    classes: Sequence[int | str] | None = None,
    columns: Sequence[str] | None = None,
) -> Examples:
    """Read a CSV file: a header, and a row per example of a label and numbers.

    Args:
        label_column: header of the labels.
        class_names, classes: of `encode_labels`.
        id_column: header of what examples are called; without, by their rows, from 1.
        columns: headers of the features, in this order; without, all other columns.

    Raises: DatasetError, naming the file, and the row where one is wrong.
    """
    named = {"label_column": label_column}
    x, texts = _read_table(path, named, id_column, columns)
    labels = list(map(plain_name, texts["label_column"]))
    y, names = encode_labels(path, labels, class_names, classes)
    return Examples(y, names, x.__getitem__, texts["id_column"])


def read_unlabeled_csv(
    path: Path | str, label_column: str, columns: Sequence[str], id_column: str | None = None
) -> Examples:
    """Read a CSV file as `read_csv` does, without labels.

    Args:
        label_column: a header that must not be there.
        columns: headers of the features.

    Raises: DatasetError.
    """
    if label_column in read_header(path, {}).names:
        raise DatasetError(
            f"{path}: Expected no column '{label_column}' (label_column) in a file of examples "
            "whose labels nobody knows (unlabeled). Received one. Remove it, or put the rows into "
            "the file of path, where an empty label is one that is not known."
        )
    x, texts = _read_table(path, {}, id_column, columns)
    y = np.full(len(x), UNKNOWN, np.int32)
    return Examples(y, np.array([], dtype=str), x.__getitem__, texts["id_column"])


def feature_columns(settings: dict) -> list[str]:
    """Return the headers of the features in the CSV file of a dataset, in order."""
    named = {settings.get(key) for key in ("label_column", "id_column")}
    others = [name for name in read_header(settings["path"], {}).names if name not in named]
    return settings.get("feature_columns", others)


def _read_table(
    path: Path | str,
    columns_of_text: dict[str, str],
    id_column: str | None,
    columns: Sequence[str] | None,
) -> tuple[np.ndarray, dict[str, list[str]]]:
    """Return vectors, and what stands in the columns of text, by the keys of the config that name
    them; ids are there in any case."""
    named = columns_of_text | ({"id_column": id_column} if id_column is not None else {})
    header = read_header(path, named)
    if columns is None:
        columns = [name for name in header.names if name not in named.values()]
        check_named(path, columns, "feature")
    _check_columns(path, columns, header, named)
    # What is neither asked for nor a feature is read as a text, too, whatever it is.
    texts: dict[int, list[str]] = {
        index: [] for index, name in enumerate(header.names) if name not in columns
    }
    with open(path, encoding="utf-8-sig") as file:
        file.readline()
        x = read_rows(path, file, header, texts, FEATURES)
    if not len(x):
        raise DatasetError(f"{path}: Expected a row per example under the header. Received none.")
    features = [name for name in header.names if name in columns]
    check_finite(path, x, features, 1)
    found = {key: texts[header.names.index(name)] for key, name in named.items()}
    numbers = [str(row) for row in range(1, len(x) + 1)]
    return x[:, [features.index(name) for name in columns]], {"id_column": numbers} | found


def _check_columns(
    path: Path | str, columns: Sequence[str], header: Header, named: dict[str, str]
) -> None:
    missing = [name for name in columns if name not in header.names]
    if missing:
        shown = ", ".join(header.names[:8]) + (", ..." if len(header.names) > 8 else "")
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
    twice = next((name for name in columns if header.names.count(name) > 1), None)
    if twice is not None:
        raise DatasetError(
            f"{path}: Expected every column of a feature once. Received '{twice}' twice."
        )
    if not columns:
        raise DatasetError(
            f"{path}: Expected columns of numbers beside {', '.join(named.values())}. Received "
            "none."
        )


def read_sklearn(name: str) -> Examples:
    """Return a dataset that comes with scikit-learn: of `breast_cancer`, `digits`, `iris`, `wine`.

    Raises: DatasetError, for another name.
    """
    from sklearn import datasets

    if name not in SKLEARN_NAMES:
        raise DatasetError(f"name: Expected one of {', '.join(SKLEARN_NAMES)}. Received: {name!r}.")
    loaded = getattr(datasets, f"load_{name}")()
    x = loaded.data.astype(np.float32)
    names = np.array([str(some) for some in loaded.target_names])
    ids = [str(number) for number in range(len(x))]
    return Examples(loaded.target.astype(np.int32), names, x.__getitem__, ids)
