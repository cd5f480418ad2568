"""Datasets: the chosen classes of a source, counted or prepared for a study.

What reads a source depends on the kind of its examples, so callers hand in the reader of the kind.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from self_training.data import test_file
from self_training.data.duplicate_groups import REPORT, look_for
from self_training.data.examples import (
    FOREIGN,
    TEST,
    UNKNOWN,
    Reader,
    choose_classes,
    followed_by,
)
from self_training.data.prepared import save_examples
from self_training.data.sources import (
    HUB,
    SHIPPED,
    TABLES,
    archive,
    check_sha256,
    digest,
    files_of,
)
from self_training.errors import DatasetError
from self_training.storage import save_array, save_json


class Counts(NamedTuple):
    """How many examples a dataset has.

    of_classes: by the names of the classes.
    unknown: those of unknown label.
    foreign: those of the classes that are left out.
    """

    of_classes: dict[str, int]
    unknown: int
    foreign: int = 0


def count_classes(settings: dict, dataset: str, read: Reader) -> Counts | None:
    """Return how many examples each class has, or None while that takes reading examples.

    Args:
        settings: of the dataset.
        dataset: its name in the config, for messages.
        read: the reader of its kind.

    Raises: DatasetError, when the source is unknown or its labels can't be used.
    """
    path, source = archive(settings), settings["source"]
    # All examples would be read.
    if source in (*TABLES, HUB):
        return None
    if Path(path).exists():
        examples = read(path, settings)
    elif source in SHIPPED:
        examples = read(None, settings)
    else:
        return None
    kept, labels, class_names = choose_classes(
        examples.y, examples.class_names, settings.get("classes"), dataset
    )
    if test_file.KEY in settings:
        test_file.read_test(settings, dataset, read, examples.class_names, class_names)
    return _counts(labels, class_names)._replace(foreign=len(examples.y) - len(kept))


def _counts(labels: np.ndarray, class_names: np.ndarray) -> Counts:
    counts = np.bincount(labels[labels != UNKNOWN], minlength=len(class_names))
    of_classes = dict(zip(class_names.tolist(), counts.tolist(), strict=True))
    return Counts(of_classes, int((labels == UNKNOWN).sum()))


def prepare(
    path: Path | str,
    dataset: str,
    settings: dict,
    read: Reader,
    features: Callable[[np.ndarray], np.ndarray],
    examples_path: Path | str,
    labels_path: Path | str,
    classes_path: Path | str,
    ids_path: Path | str,
    duplicates_path: Path | str,
    test_labels_path: Path | str,
    foreign_path: Path | str | None = None,
    checks: Sequence[Callable[[Path | str, np.ndarray, dict], None]] = (),
) -> None:
    """Write a dataset's examples, labels, class names, what examples are called, and duplicates.

    They are apart so that a rule can be given the examples without the labels: what trains never
    has the files with the hidden ones. An unknown label is UNKNOWN. Test examples come last; among
    the labels they are TEST, and theirs are in a file of their own. What is dropped as a duplicate,
    never a test example, stands in the file of duplicates alone. Foreign examples, of classes that
    are left out, are kept where the settings ask for them (`foreign`): their labels are UNKNOWN,
    and which they are is in a file of its own.

    Args:
        path: file or folder that the dataset is read from.
        dataset: its name in the config, for messages.
        settings: of the dataset.
        read: the reader of its kind.
        features: function of its kind, of `duplicate_groups.look_for`.
        foreign_path: of the indices of foreign examples; None where nobody asks which they are.
        checks: functions of the path, the examples that may be trained on, and the settings, which
            raise DatasetError where these can't be used as the study wants to.

    Raises: DatasetError.
    """
    examples = read(path, settings)
    if "sha256" in settings:
        # A file of the user's is not believed what it says of itself.
        made_from = {} if settings["source"] == "npz" else examples.origin
        received = made_from.get("sha256") or digest(*files_of(path, settings))
        check_sha256(received, settings, path)
    names = examples.class_names
    kept, labels, class_names = choose_classes(examples.y, names, settings.get("classes"), dataset)
    counts = _counts(labels, class_names)
    for name, count in counts.of_classes.items():
        if count == 0:
            raise DatasetError(
                f"{path}: Expected examples of class '{name}'. Received none. Remove the class, or "
                f"leave it out of datasets.{dataset}.classes."
            )
    known = sum(counts.of_classes.values())
    if known != settings.get("examples", known):
        raise DatasetError(
            f"datasets.{dataset}.examples: Expected {settings['examples']} labeled examples, as "
            f"the config says. Received {known} in {path}."
        )
    if "foreign" in settings:
        # Where they stand, so that no position tells.
        of_all = np.full(len(examples.y), FOREIGN, labels.dtype)
        of_all[kept] = labels
        kept, labels = np.arange(len(of_all)), of_all
    examples = test_file.chosen(examples, kept, labels)
    if test_file.KEY in settings:
        test = test_file.read_test(settings, dataset, read, names, class_names)
        examples = followed_by(examples, test, settings[test_file.KEY])
    loaded, ids = examples.load(np.arange(len(examples.y))), list(examples.ids)
    is_test = np.arange(len(examples.y)) >= len(kept)
    for check in checks:
        check(path, loaded[~is_test], settings)
    asked = settings.get("duplicates", REPORT)
    stay, found = look_for(
        asked, dataset, loaded, features, examples.y, class_names.tolist(), ids, is_test
    )
    save_examples(examples_path, loaded if len(stay) == len(loaded) else loaded[stay])
    prepared = np.where(is_test, TEST, examples.y)[stay]
    is_foreign = prepared == FOREIGN
    save_array(labels_path, np.where(is_foreign, UNKNOWN, prepared))
    save_json(classes_path, class_names.tolist())
    save_json(ids_path, [ids[index] for index in stay])
    save_json(duplicates_path, found)
    save_array(test_labels_path, examples.y[is_test])
    if foreign_path is not None:
        save_array(foreign_path, np.flatnonzero(is_foreign))
