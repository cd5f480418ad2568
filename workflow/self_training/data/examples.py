"""Labeled examples of any kind, and checks of their labels and of the names of their classes."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from self_training.errors import DatasetError


UNKNOWN = -1


@dataclass(frozen=True)
class Examples:
    """Labeled examples, whose labels are at hand and whose arrays are loaded when asked for.

    Many questions are about labels alone, and the examples of some classes are often enough.

    y: (examples,) integer labels.
    class_names: str (classes,).
    load: function from indices (kept,) to what a model is given of these examples: images, uint8
        (kept, height, width, channels).
    origin: what an archive was made from, as recorded in it; empty where nothing was.
    """

    y: np.ndarray
    class_names: np.ndarray
    load: Callable[[np.ndarray], np.ndarray]
    origin: dict = field(default_factory=dict)


# Each kind of examples has a reader: it reads a file or folder by a dataset's settings or, without
# a path, examples that a library ships (see `sources.SHIPPED`).
Reader = Callable[[Path | str | None, dict], Examples]


def plain_name(text: str) -> str:
    """Return a label or class name as it is compared: however it is encoded, without margins."""
    return unicodedata.normalize("NFC", text.strip())


def check_class_names(path: Path | str, names: Iterable[str]) -> None:
    """Raise DatasetError when two names read the same, however they are encoded."""
    counts = Counter(plain_name(name) for name in names)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise DatasetError(
            f"{path}: Expected different class names. Received '{twice[0]}' more than once."
        )


def check_labels(path: Path | str, y: np.ndarray, class_names: np.ndarray) -> None:
    """Raise DatasetError unless labels and class names of an archive fit each other."""
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
    check_class_names(path, class_names.tolist())
    if len(y) and not 0 <= y.min() <= y.max() < len(class_names):
        raise DatasetError(
            f"{path}: Expected labels y from 0 to {len(class_names) - 1}, one per class name. "
            f"Received labels from {y.min()} to {y.max()}."
        )


def encode_labels(
    path: Path | str, labels: Sequence[str], class_names: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return integer labels and class names for labels as they stand in the rows of a file.

    Args:
        path: of the file, for messages.
        labels: one per row, as `plain_name` gives them.
        class_names: names of the labels 0, 1, ..., or of labels that are such names; without, the
            classes are the labels that occur, numbers in the order of numbers.

    Returns: labels int32 (rows,) and class names str (classes,).
    Raises: DatasetError, naming the row that is wrong.
    """
    found = set(labels)
    numbers = all(re.fullmatch(r"-?\d+", label) for label in found)
    if class_names is None:
        if numbers and len({int(label) for label in found}) < len(found):
            raise DatasetError(f"{path}: Expected every number written in one way, as 1 or as 01.")
        names = sorted(found, key=int) if numbers else sorted(found)
        code = {name: index for index, name in enumerate(names)}
        if "" in found:
            row = labels.index("") + 1
            raise DatasetError(f"{path}: Expected a label in every row. Received none in {row}.")
    else:
        names = list(class_names)
        code = {name: index for index, name in enumerate(names)}
        if numbers and not found & set(names):
            code = {label: int(label) for label in found if 0 <= int(label) < len(names)}
        wrong = next((row for row, label in enumerate(labels, 1) if label not in code), None)
        if wrong is not None:
            raise DatasetError(
                f"{path}: Expected a label from 0 to {len(names) - 1}, or one of the class_names. "
                f"Received '{labels[wrong - 1]}' in data row {wrong}."
            )
    return np.array([code[label] for label in labels], dtype=np.int32), np.array(names, dtype=str)


def choose_classes(
    y: np.ndarray, class_names: np.ndarray, classes: Sequence[int | str] | None, dataset: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the examples of some classes, and their labels renumbered from 0 in the order given.

    Args:
        y: (examples,) labels.
        class_names: (all classes,).
        classes: labels (int) or class names (str) to keep, or None for all.
        dataset: the name that messages use.

    Returns: indices (kept,), labels int32 (kept,) and class names (kept classes,).
    Raises: DatasetError, naming the class that is not there or could be two.
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
