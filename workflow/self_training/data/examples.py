"""Examples of any kind, and checks of their labels and of the names of their classes."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from self_training.errors import DatasetError, shown

# Control characters, parts of characters (as of names that are not in UTF-8), and what is none.
_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# The label of an example whose class nobody knows, and what stands for it where labels are words: a
# sub-folder of this name, a cell that is empty or has the number. A class may have such a name.
UNKNOWN = -1
UNKNOWN_FOLDER, UNKNOWN_CELLS = "unlabeled", ("", "-1", "-1.0")
# What programs write where a value is missing; in lower case.
_MISSING = {"nan", "na", "n/a", "#n/a", "<na>", "null", "nat"}
# What stands for the label of a test example where only a part of the labels may be known.
TEST = UNKNOWN - 1
# What the evaluation calls an example of a class that the study leaves out; to all others its label
# is unknown (see `foreign`).
FOREIGN = TEST - 1


@dataclass(frozen=True)
class Examples:
    """Examples, whose labels are at hand and whose arrays are loaded when asked for.

    Many questions are about labels alone, and the examples of some classes are often enough.

    y: (examples,) integer labels; UNKNOWN where nobody knows it.
    class_names: str (classes,).
    load: function from indices (kept,), in ascending order, to what a model is given of these
        examples: images, uint8 (kept, height, width, channels).
    ids: what a user calls each example: file name, row number or what a column says.
    origin: what an archive was made from, as recorded in it; empty where nothing was.
    """

    y: np.ndarray
    class_names: np.ndarray
    load: Callable[[np.ndarray], np.ndarray]
    ids: Sequence[str]
    origin: dict = field(default_factory=dict)


def with_unlabeled(labeled: Examples, unlabeled: Examples, path: Path | str) -> Examples:
    """Return examples that are followed by others, all of unknown label.

    Args:
        labeled: those of a dataset, of which some may have no label, too.
        unlabeled: the others; what class names they have is of no interest.
        path: as of `followed_by`.
    """
    nobody_knows = np.full(len(unlabeled.y), UNKNOWN, np.int32)
    return followed_by(labeled, replace(unlabeled, y=nobody_knows), path)


def followed_by(labeled: Examples, others: Examples, path: Path | str) -> Examples:
    """Return examples that are followed by others.

    Args:
        labeled: those of a dataset, whose class names are those of all.
        others: of the same kind.
        path: of the others, for messages, and for their ids where both have the same ones.

    Raises: DatasetError, when they are loaded and are not of one shape.
    """
    first = len(labeled.y)

    def load(kept: np.ndarray) -> np.ndarray:
        own, rest = kept[kept < first], kept[kept >= first] - first
        parts = [some.load(rows) for some, rows in ((labeled, own), (others, rest))]
        if len(own) and len(rest) and parts[0].shape[1:] != parts[1].shape[1:]:
            shapes = [" x ".join(map(str, part.shape[1:])) for part in parts]
            hint = "Convert them, or set image_size and color_mode for all."
            if parts[0].ndim == 2:
                hint = "These are numbers of features, which must be the same ones."
            raise DatasetError(
                f"{path}: Expected examples like the labeled ones, of {shapes[0]}. Received "
                f"{shapes[1]}. {hint}"
            )
        return np.concatenate([part for part in parts if len(part)] or parts[:1])

    y = np.concatenate([labeled.y.astype(np.int32), others.y.astype(np.int32)])
    ids = list(others.ids)
    if not set(ids).isdisjoint(labeled.ids):
        path = Path(path)
        ids = [f"{path.name}{'/' if path.is_dir() else ':'}{name}" for name in ids]
    return replace(labeled, y=y, load=load, ids=[*labeled.ids, *ids])


# Each kind of examples has a reader: it reads a file or folder by a dataset's settings or, without
# a path, examples that a library ships (see `sources.SHIPPED`).
Reader = Callable[[Path | str | None, dict], Examples]


def marked(labels: np.ndarray, foreign: np.ndarray) -> np.ndarray:
    """Return labels in which those of foreign examples are FOREIGN.

    Args:
        labels: (examples,).
        foreign: indices of foreign examples.
    """
    found = labels.copy()
    found[foreign] = FOREIGN
    return found


def plain_name(text: str) -> str:
    """Return a label or class name as it is compared: however it is encoded, without margins."""
    return unicodedata.normalize("NFC", text.strip())


def is_readable(text: str) -> bool:
    """Return whether a text is not empty, and has no control characters, nor what is none."""
    return bool(text.strip()) and not _UNREADABLE.search(text)


def check_class_names(path: Path | str, names: Iterable[str]) -> None:
    """Raise DatasetError when two names read the same, however they are encoded, or one of them
    can't be read."""
    names = list(names)
    wrong = next((name for name in names if not is_readable(name)), None)
    if wrong is not None:
        raise DatasetError(
            f"{path}: Expected class names of characters that can be read, in UTF-8. Received "
            f"{ascii(wrong)[:80]}. Rename the class."
        )
    counts = Counter(plain_name(name) for name in names)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise DatasetError(
            f"{path}: Expected different class names. Received '{twice[0]}' more than once."
        )


def check_labels(path: Path | str, y: np.ndarray, class_names: np.ndarray) -> None:
    """Raise DatasetError unless labels, perhaps UNKNOWN, and class names of an archive fit each
    other."""
    # Spans of time are integers to NumPy, too.
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise DatasetError(
            f"{path}: Expected y as integers of shape (examples,), the numbers of classes. "
            f"Received {y.dtype} of shape {y.shape}. What is measured is no class; of whole "
            "numbers, save y.astype(int), and -1 where none is known."
        )
    if class_names.ndim != 1 or class_names.dtype.kind != "U":
        raise DatasetError(
            f"{path}: Expected class_names as strings of shape (classes,). "
            f"Received {class_names.dtype} of shape {class_names.shape}."
        )
    check_class_names(path, class_names.tolist())
    if len(y) and not UNKNOWN <= y.min() <= y.max() < len(class_names):
        raise DatasetError(
            f"{path}: Expected labels y from 0 to {len(class_names) - 1}, one per class name, or "
            f"{UNKNOWN} where none is known. Received labels from {y.min()} to {y.max()}."
        )


def encode_labels(
    path: Path | str,
    labels: Sequence[str],
    class_names: Sequence[str] | None,
    classes: Sequence[int | str] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return integer labels and class names for labels as they stand in the rows of a file.

    A cell of UNKNOWN_CELLS says that none is known.

    Args:
        path: of the file, for messages.
        labels: one per row, as `plain_name` gives them.
        class_names: names of the labels 0, 1, ..., or of labels that are such names; without, the
            classes are the labels that occur, numbers in the order of numbers.
        classes: of the dataset, or None; like `class_names` they may have a class `-1`.

    Returns: labels int32 (rows,), perhaps UNKNOWN, and class names str (classes,).
    Raises: DatasetError, naming the row that is wrong.
    """
    unknown = set(UNKNOWN_CELLS) - {*(class_names or ()), *map(str, classes or ())}
    found = set(labels) - unknown
    _check_missing(path, labels, {*(class_names or ()), *map(str, classes or ())})
    _check_numbers(path, found)
    numbers = all(re.fullmatch(r"-?\d+", label) for label in found)
    if class_names is None:
        names = sorted(found, key=int) if numbers else sorted(found)
        code = {name: index for index, name in enumerate(names)}
    else:
        names = list(class_names)
        code = {name: index for index, name in enumerate(names)}
        if numbers and not found & set(names):
            code = {label: int(label) for label in found if 0 <= int(label) < len(names)}
        known = {*code, *unknown}
        wrong = next((row for row, label in enumerate(labels, 1) if label not in known), None)
        if wrong is not None:
            raise DatasetError(
                f"{path}: Expected a label from 0 to {len(names) - 1}, or one of the class_names. "
                f"Received {shown(labels[wrong - 1])} in data row {wrong}."
            )
    code |= dict.fromkeys(unknown, UNKNOWN)
    return np.array([code[label] for label in labels], dtype=np.int32), np.array(names, dtype=str)


def _check_missing(path: Path | str, labels: Sequence[str], named: set[str]) -> None:
    """Raise DatasetError where a label is what programs write for a missing value, unless a config
    names a class so."""
    for row, label in enumerate(labels, 1):
        if label.lower() in _MISSING and label not in named:
            raise DatasetError(
                f"{path}: Expected labels. Received '{label}' in data row {row}. Leave the cell "
                "empty where no label is known; if it is a class, name it in class_names or "
                "classes."
            )


def _check_numbers(path: Path | str, labels: set[str]) -> None:
    """Raise DatasetError where two labels are one number, written in two ways."""
    written: dict[float, str] = {}
    for label in sorted(labels):
        if re.fullmatch(r"[+-]?\d+(\.\d*)?", label):
            other = written.setdefault(float(label), label)
            if other != label:
                raise DatasetError(
                    f"{path}: Expected every number written in one way. Received the labels "
                    f"'{other}' and '{label}'. Write all as 1, not as 01 or 1.0."
                )


def choose_classes(
    y: np.ndarray, class_names: np.ndarray, classes: Sequence[int | str] | None, dataset: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the examples of some classes, and their labels renumbered from 0 in the order given.

    Those of unknown label are kept: they may be of any class.

    Args:
        y: (examples,) labels, perhaps UNKNOWN.
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
    left_out = UNKNOWN - 1
    renumbered = np.full(len(names), left_out, dtype=np.int32)
    renumbered[chosen] = np.arange(len(chosen))
    labels = np.where(y == UNKNOWN, UNKNOWN, renumbered[y]).astype(np.int32)
    kept = np.flatnonzero(labels != left_out)
    return kept, labels[kept], class_names[chosen]
