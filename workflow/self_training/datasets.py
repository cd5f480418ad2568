"""Datasets: where they come from, what they must look like, and their preparation."""

import zlib
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from self_training.errors import DatasetError
from self_training.storage import load_arrays, save_array, save_arrays, save_json


def write_digits(path) -> None:
    """Write the 1,797 handwritten digits of scikit-learn as an archive of uint8 images.

    Source: the test set of Optical Recognition of Handwritten Digits (Alpaydin & Kaynak 1998,
    UCI Machine Learning Repository), 8 x 8 pixels of 17 gray levels, here spread over 0 to 255.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    save_arrays(
        path,
        {
            "x": np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., None],
            "y": digits.target.astype(np.uint8),
            "class_names": np.array([str(name) for name in digits.target_names]),
        },
    )


def read_archive(path) -> dict[str, np.ndarray]:
    """Read and check a NumPy archive.

    Returns: `x` uint8 (examples, height, width, channels), `y` integer (examples,) and
        `class_names` str (classes,).
    Raises: DatasetError, naming the file and what it should hold.
    """
    with _readable(path):
        archive = load_arrays(path)
    _check_arrays(path, archive)
    x = archive["x"]
    if x.dtype != np.uint8 or x.ndim != 4:
        raise DatasetError(
            f"{path}: Expected x as uint8 of shape (examples, height, width, channels). "
            f"Received {x.dtype} of shape {x.shape}."
        )
    _check_labels(path, archive["y"], archive["class_names"])
    if len(x) != len(archive["y"]):
        raise DatasetError(
            f"{path}: Expected one label in y per image in x. Received {len(archive['y'])} labels "
            f"and {len(x)} images."
        )
    return archive


def _check_arrays(path, names) -> None:
    missing = {"x", "y", "class_names"} - set(names)
    if missing:
        raise DatasetError(
            f"{path}: Expected the arrays x, y and class_names. Received: "
            f"{', '.join(sorted(names)) or 'none'}. Missing: {', '.join(sorted(missing))}."
        )


def _check_labels(path, y: np.ndarray, class_names: np.ndarray) -> None:
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
        raise DatasetError(
            f"{path}: Expected y as integers of shape (examples,). "
            f"Received {y.dtype} of shape {y.shape}."
        )
    if class_names.ndim != 1 or class_names.dtype.kind != "U":
        raise DatasetError(
            f"{path}: Expected class_names as strings of shape (classes,). "
            f"Received {class_names.dtype} of shape {class_names.shape}."
        )
    names, counts = np.unique(class_names, return_counts=True)
    if (counts > 1).any():
        raise DatasetError(
            f"{path}: Expected different class names. Received '{names[counts > 1][0]}' "
            f"{counts.max()} times."
        )
    if len(y) and not 0 <= y.min() <= y.max() < len(class_names):
        raise DatasetError(
            f"{path}: Expected labels y from 0 to {len(class_names) - 1}, one per class name. "
            f"Received labels from {y.min()} to {y.max()}."
        )


def choose_classes(y: np.ndarray, class_names: np.ndarray, classes, dataset: str):
    """Return the examples of some classes, and their labels renumbered from 0 in the order given.

    Args:
        y: (examples,) labels.
        class_names: (all classes,).
        classes: labels to keep, or None for all.
        dataset: the name that messages use.

    Returns: indices (kept,), labels int32 (kept,) and class names (kept classes,).
    """
    classes = list(range(len(class_names))) if classes is None else list(classes)
    for label in classes:
        if not 0 <= label < len(class_names):
            raise DatasetError(
                f"datasets.{dataset}.classes: Expected labels from 0 to {len(class_names) - 1}. "
                f"Received: {label}."
            )
    renumbered = np.full(len(class_names), -1, dtype=np.int32)
    renumbered[classes] = np.arange(len(classes))
    labels = renumbered[y]
    kept = np.flatnonzero(labels >= 0)
    return kept, labels[kept], class_names[classes]


def count_classes(source: dict, archive, dataset: str) -> dict[str, int]:
    """Return the number of examples per class name, read from labels alone.

    `archive` may be missing for the digits, which come with scikit-learn.
    """
    if source["source"] == "digits" and not Path(archive).exists():
        from sklearn.datasets import load_digits

        y = load_digits().target
        class_names = np.array([str(label) for label in range(10)])
    else:
        y, class_names = _read_labels(archive)
    _, labels, class_names = choose_classes(y, class_names, source.get("classes"), dataset)
    counts = np.bincount(labels, minlength=len(class_names))
    return dict(zip(class_names.tolist(), counts.tolist(), strict=True))


def _read_labels(path):
    with _readable(path), np.load(path) as archive:
        _check_arrays(path, archive.files)
        y, class_names = archive["y"], archive["class_names"]
    _check_labels(path, y, class_names)
    return y, class_names


@contextmanager
def _readable(path):
    """Turn whatever NumPy says of a file that is no whole archive into one error."""
    try:
        yield
    except DatasetError:
        raise
    except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        raise DatasetError(
            f"{path}: Expected a NumPy archive (.npz) with x, y and class_names. Received a file "
            f"that cannot be read as one ({error})."
        ) from error


def prepare(archive, dataset: str, classes, images_path, labels_path, classes_path) -> None:
    """Write a dataset's images, its labels and its class names to three files.

    They are apart so that a rule can be given the images without the labels: what trains never
    has the file with the hidden ones.
    """
    arrays = read_archive(archive)
    kept, labels, class_names = choose_classes(arrays["y"], arrays["class_names"], classes, dataset)
    counts = np.bincount(labels, minlength=len(class_names))
    for name, count in zip(class_names, counts, strict=True):
        if count == 0:
            raise DatasetError(f"{archive}: Expected examples of class '{name}'. Received none.")
    save_array(images_path, arrays["x"][kept])
    save_array(labels_path, labels)
    save_json(classes_path, class_names.tolist())
