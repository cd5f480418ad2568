"""Datasets: where they come from, and their preparation.

What a config calls a source is read either from a file or folder of the user's (`path`), or from an
archive `resources/NAME.npz`, which is made once from a download and shared by all datasets that
name it. An archive laid there by hand is used in its place.
"""

import hashlib
from pathlib import Path

import numpy as np

from self_training import readers
from self_training.errors import DatasetError
from self_training.readers import Examples
from self_training.storage import save_array, save_json, sha256

# Per source: the keys that a dataset of it must have, and those that it may have.
SOURCES = {
    "digits": ((), ()),
    "keras": (("name",), ()),
    "kaggle": (("name", "slug", "file"), ("label_column", "class_names", "image_size")),
    "npz": (("path",), ()),
    "images": (("path",), ("image_size",)),
    "csv": (("path", "label_column"), ("class_names", "image_size")),
}
SOURCE_KEYS = {key for required, optional in SOURCES.values() for key in required + optional}
KERAS_NAMES = ("mnist", "fashion_mnist", "cifar10", "cifar100")
# What an archive is made from, and records; datasets that share one must agree on it.
ORIGIN = ("source", "name", "slug", "file", "label_column", "class_names", "image_size")


def archive(settings: dict) -> str:
    """Return the file or folder that a dataset is prepared from, which need not exist yet."""
    if "path" in settings:
        return settings["path"]
    return f"resources/{settings.get('name', 'digits')}.npz"


def read_csv(path, settings: dict) -> Examples:
    return readers.read_csv(
        path, settings["label_column"], settings.get("class_names"), settings.get("image_size")
    )


def read(path, settings: dict) -> Examples:
    """Read the labels of a dataset's source, and how to get at its images.

    Raises: DatasetError, also when an archive was made from something else than settings name.
    """
    if settings["source"] == "images":
        return readers.read_images(path, settings.get("image_size"), settings.get("color_mode"))
    if settings["source"] == "csv":
        return read_csv(path, settings)
    examples = readers.read_npz(path)
    if settings["source"] != "npz" and examples.origin:
        for key in ORIGIN:
            if examples.origin.get(key) != settings.get(key):
                raise DatasetError(
                    f"{path}: Expected an archive of {key} {settings.get(key)!r}. Received one of "
                    f"{examples.origin.get(key)!r}. Delete it to have it made anew, or give the "
                    "dataset another name."
                )
    return examples


def choose_classes(y: np.ndarray, class_names: np.ndarray, classes, dataset: str):
    """Return the examples of some classes, and their labels renumbered from 0 in the order given.

    Args:
        y: (examples,) labels.
        class_names: (all classes,).
        classes: labels (int) or class names (str) to keep, or None for all.
        dataset: the name that messages use.

    Returns: indices (kept,), labels int32 (kept,) and class names (kept classes,).
    """
    names = class_names.tolist()
    chosen = list(range(len(names))) if classes is None else []
    for label in classes or []:
        if label not in names and not (isinstance(label, int) and 0 <= label < len(names)):
            shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
            raise DatasetError(
                f"datasets.{dataset}.classes: Expected labels from 0 to {len(names) - 1}, or names "
                f"of classes ({shown}). Received: {label!r}."
            )
        if isinstance(label, int) and str(label) in names and names.index(str(label)) != label:
            raise DatasetError(
                f"datasets.{dataset}.classes: Expected no number that could be two classes. "
                f"Received {label}: class '{label}' is not the {label}th, counted from 0. Write "
                f"'{label}' in quotes for the class of this name."
            )
        chosen.append(label if isinstance(label, int) else names.index(label))
    if len(set(chosen)) < len(chosen):
        raise DatasetError(
            f"datasets.{dataset}.classes: Expected every class once. Received: {classes}."
        )
    renumbered = np.full(len(names), -1, dtype=np.int32)
    renumbered[chosen] = np.arange(len(chosen))
    labels = renumbered[y]
    kept = np.flatnonzero(labels >= 0)
    return kept, labels[kept], class_names[chosen]


def count_classes(settings: dict, dataset: str) -> dict[str, int] | None:
    """Return the number of examples per class name, or None while that takes reading images."""
    path = archive(settings)
    if settings["source"] == "digits" and not Path(path).exists():
        digits = readers.read_digits()
        y, class_names = digits["y"], digits["class_names"]
    elif settings["source"] == "csv" or not Path(path).exists():
        return None
    else:
        examples = read(path, settings)
        y, class_names = examples.y, examples.class_names
    _, labels, class_names = choose_classes(y, class_names, settings.get("classes"), dataset)
    counts = np.bincount(labels, minlength=len(class_names))
    return dict(zip(class_names.tolist(), counts.tolist(), strict=True))


def prepare(path, dataset: str, settings: dict, images_path, labels_path, classes_path) -> None:
    """Write a dataset's images, its labels and its class names to three files.

    They are apart so that a rule can be given the images without the labels: what trains never
    has the file with the hidden ones.

    Raises: DatasetError.
    """
    examples = read(path, settings)
    if "sha256" in settings:
        made_from = {} if settings["source"] == "npz" else examples.origin
        received = made_from.get("sha256") or digest(*_files(Path(path)))
        check_sha256(received, settings, path)
    kept, labels, class_names = choose_classes(
        examples.y, examples.class_names, settings.get("classes"), dataset
    )
    counts = np.bincount(labels, minlength=len(class_names))
    for name, count in zip(class_names, counts, strict=True):
        if count == 0:
            raise DatasetError(
                f"{path}: Expected examples of class '{name}'. Received none. Remove the class, or "
                f"leave it out of datasets.{dataset}.classes."
            )
    if len(kept) != settings.get("examples", len(kept)):
        raise DatasetError(
            f"datasets.{dataset}.examples: Expected {settings['examples']} examples, as the config "
            f"says. Received {len(kept)} in {path}."
        )
    images = readers.convert_colors(examples.images(kept), settings.get("color_mode"))
    save_array(images_path, images)
    save_array(labels_path, labels)
    save_json(classes_path, class_names.tolist())


def _files(path: Path) -> tuple[list[Path], Path]:
    """Return the files of a source, and the folder that names in its digest are relative to."""
    if path.is_dir():
        return [file for some in readers.list_images(path)[0] for file in some], path
    return [path], path.parent


def fingerprint(path) -> str:
    """Return a hash of names, sizes and times of a file, or of all images of a folder."""
    files, folder = _files(Path(path))
    stats = [(str(file.relative_to(folder)), file.stat()) for file in files]
    text = repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest(files: list[Path], folder: Path) -> str:
    """Return the SHA-256 of a file or, of several, that of the list which `sha256sum` prints."""
    if len(files) == 1:
        return sha256(files[0])
    names = {str(path.relative_to(folder)): path for path in files}
    listing = "".join(f"{sha256(names[name])}  {name}\n" for name in sorted(names))
    return hashlib.sha256(listing.encode()).hexdigest()


def check_sha256(received: str, settings: dict, path) -> None:
    expected = settings.get("sha256", received)
    if received != expected:
        raise DatasetError(
            f"{path}: Expected the SHA-256 {expected} (sha256). Received {received}. The file is "
            "another one, or damaged; fetch it again or correct the config."
        )
