"""New examples, which a deployed model is asked about: what may be named, and which files it is."""

from pathlib import Path

from self_training.data.folders import list_without_classes
from self_training.data.sources import FOLDERS, stamp
from self_training.errors import DatasetError

# Of tables, which hold many examples; any other file is one.
TABLES = (".npz", ".csv")
IMAGES = FOLDERS["images"].suffixes


def list_examples(path: Path | str) -> list[Path]:
    """Return the files of new examples: of a folder those of all its sub-folders, or one file.

    Raises: DatasetError, where there is no such path, none in it, or another file among them.
    """
    path = Path(path)
    if path.is_dir():
        return list_without_classes(path, FOLDERS["images"])
    if not path.exists():
        raise DatasetError(f"{path}: Expected an existing file or folder. Received no such path.")
    if path.suffix.lower() not in (*IMAGES, *TABLES):
        raise DatasetError(
            f"{path}: Expected a folder of images, or a file that ends in "
            f"{', '.join((*IMAGES, *TABLES))}. Received '{path.suffix}'."
        )
    return [path]


def fingerprint(path: Path | str) -> str:
    """Return a hash of names, sizes and times of the files of new examples."""
    return stamp({str(file): file for file in list_examples(path)})
