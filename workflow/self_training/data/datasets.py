"""Datasets: the chosen classes of a source, counted or prepared for a study.

What reads a source depends on the kind of its examples, so callers hand in the reader of the kind.
"""

from pathlib import Path

import numpy as np

from self_training.data.examples import Reader, choose_classes
from self_training.data.sources import SHIPPED, archive, check_sha256, digest, files_of
from self_training.errors import DatasetError
from self_training.storage import save_array, save_json


def count_classes(settings: dict, dataset: str, read: Reader) -> dict[str, int] | None:
    """Return the number of examples per class name, or None while that takes reading examples.

    Args:
        settings: of the dataset.
        dataset: its name in the config, for messages.
        read: the reader of its kind.

    Raises: DatasetError, when the source is unknown or its labels can't be used.
    """
    path, source = archive(settings), settings["source"]
    # Labels in a CSV file stand among the examples, all of which would be read.
    if source == "csv":
        return None
    if Path(path).exists():
        examples = read(path, settings)
    elif source in SHIPPED:
        examples = read(None, settings)
    else:
        return None
    _, labels, class_names = choose_classes(
        examples.y, examples.class_names, settings.get("classes"), dataset
    )
    counts = np.bincount(labels, minlength=len(class_names))
    return dict(zip(class_names.tolist(), counts.tolist(), strict=True))


def prepare(
    path: Path | str,
    dataset: str,
    settings: dict,
    read: Reader,
    examples_path: Path | str,
    labels_path: Path | str,
    classes_path: Path | str,
) -> None:
    """Write a dataset's examples, its labels and its class names to three files.

    They are apart so that a rule can be given the examples without the labels: what trains never
    has the file with the hidden ones.

    Args:
        path: file or folder that the dataset is read from.
        dataset: its name in the config, for messages.
        settings: of the dataset.
        read: the reader of its kind.

    Raises: DatasetError.
    """
    examples = read(path, settings)
    if "sha256" in settings:
        # A file of the user's is not believed what it says of itself.
        made_from = {} if settings["source"] == "npz" else examples.origin
        received = made_from.get("sha256") or digest(*files_of(path, settings))
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
    save_array(examples_path, examples.load(kept))
    save_array(labels_path, labels)
    save_json(classes_path, class_names.tolist())
