"""Readers of vectors: whatever a source's format, numbers and labels checked and made alike."""

from pathlib import Path

import numpy as np

from self_training.data.examples import Examples, with_unlabeled
from self_training.data.files import read_npz, read_unlabeled_npz
from self_training.data.sources import SKLEARN_NAMES, TABLES, check_origin, unknown_source
from self_training.errors import DatasetError
from self_training.vector import tables
from self_training.vector.numbers import check_finite


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
    if source in TABLES:
        return tables.read_labeled(path, settings)
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
    return tables.read_unlabeled(settings["unlabeled"], settings)


def _as_floats(examples: Examples) -> Examples:
    def load(kept: np.ndarray) -> np.ndarray:
        return examples.load(kept).astype(np.float32, copy=False)

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
