"""The test file of a dataset: examples that are scored on, and that nothing else is given.

It is read as the training file is, and its classes are numbered as those of the training file. Its
examples come last among the prepared ones, so that predictions of them are rows of one array; their
labels are kept in a file of their own.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from self_training.data.examples import TEST, UNKNOWN, Examples, Reader, plain_name
from self_training.data.files import read_header
from self_training.data.sources import TEXTS, archive, kind_of
from self_training.errors import DatasetError
from self_training.storage import load_array

KEY = "test_path"


def read_test(
    settings: dict, dataset: str, read: Reader, all_names: np.ndarray, class_names: np.ndarray
) -> Examples:
    """Return the test examples of a dataset, of its classes and with their numbers.

    Args:
        settings: of the dataset, with KEY.
        dataset: its name in the config, for messages.
        read: the reader of its kind.
        all_names: of the classes of the training file.
        class_names: of those that the dataset has, in the order of their numbers.

    Raises: DatasetError, when a label is not known, when the training file does not have a class,
        or when a class of the dataset has no test example.
    """
    path = settings[KEY]
    # Features that a config names, and texts, are found by the names of their columns.
    named = "feature_columns" in settings or kind_of(settings) == TEXTS
    if settings["source"] == "csv" and not named:
        _check_columns(path, settings)
    others = {name: value for name, value in settings.items() if name not in (KEY, "unlabeled")}
    examples = read(path, others | {"path": path})
    unknown = int((examples.y == UNKNOWN).sum())
    if unknown:
        raise DatasetError(
            f"{path}: Expected a known label of every test example. Received {unknown} of "
            f"{len(examples.y)} whose label is not known. Leave them out, or put them into "
            f"the file of datasets.{dataset}.unlabeled."
        )
    own = [plain_name(name) for name in examples.class_names.tolist()]
    known = [plain_name(name) for name in all_names.tolist()]
    foreign = [own[label] for label in np.unique(examples.y) if own[label] not in known]
    if foreign:
        raise DatasetError(
            f"{path}: Expected test examples of classes that the training file has "
            f"({_shorten(known)}). Received some of class '{foreign[0]}', which "
            f"{archive(settings)} has no example of. Leave them out, or add such to that file."
        )
    number = {plain_name(name): index for index, name in enumerate(class_names.tolist())}
    labels = np.array([number.get(name, UNKNOWN) for name in own], np.int32)[examples.y]
    kept = np.flatnonzero(labels != UNKNOWN)
    missing = np.setdiff1d(np.arange(len(class_names)), labels[kept])
    if len(missing):
        raise DatasetError(
            f"{path}: Expected a test example of every class of datasets.{dataset}. Received none "
            f"of class '{class_names[missing[0]]}'. Add some, or leave the class out (classes)."
        )
    return chosen(examples, kept, labels[kept])


def _check_columns(path: Path | str, settings: dict) -> None:
    """Raise DatasetError unless a CSV file has the columns of the training file, in their order."""
    files = [read_header(some, {}).names for some in (settings["path"], path)]
    apart = {settings.get("label_column"), settings.get("id_column")}
    expected, received = ([name for name in names if name not in apart] for names in files)
    if received != expected:
        raise DatasetError(
            f"{path}: Expected the columns of {settings['path']}, in their order "
            f"({_shorten(expected)}). Received: {_shorten(received)}."
        )


def _shorten(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


def chosen(examples: Examples, kept: np.ndarray, labels: np.ndarray) -> Examples:
    """Return some of a dataset's examples, with other labels.

    Args:
        kept: (kept,) their indices, in ascending order.
        labels: (kept,).
    """
    return replace(
        examples,
        y=labels,
        load=lambda rows: examples.load(kept[rows]),
        ids=[examples.ids[index] for index in kept],
    )


def load_labels(files) -> np.ndarray:
    """Return the labels of a dataset with those of its test examples, for what scores.

    Args:
        files: `labels`, (examples,) with TEST of the test examples, and `test_labels`, (test,) in
            their order.
    """
    labels = load_array(files.labels)
    labels[labels == TEST] = load_array(files.test_labels)
    return labels
