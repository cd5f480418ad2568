"""New examples, which a deployed model is asked about: what may be named, and which files it is."""

from pathlib import Path
from typing import NamedTuple

from self_training.data.folders import Content, is_folder, list_without_classes
from self_training.data.sources import FOLDERS, IMAGES, TABLES, TEXTS, VECTORS, stamp
from self_training.errors import DatasetError

# In the place of a path: what comes from standard input.
STANDARD_INPUT = "-"


class Named(NamedTuple):
    """What may be named of a kind of examples.

    tables: how the names of files end that hold many examples.
    files: what files of one example are, also in folders; None of a kind that has none.
    """

    tables: tuple[str, ...]
    files: Content | None = None


NAMED = {
    IMAGES: Named((".npz", ".csv"), FOLDERS["images"]),
    VECTORS: Named((".npz", ".csv", ".parquet")),
    TEXTS: Named(tuple(f".{name}" for name in TABLES), FOLDERS["texts"]),
}


def list_examples(path: Path | str, kind: str) -> list[Path]:
    """Return the files of new examples: of a folder those of all its sub-folders, or one file.

    Args:
        kind: of examples.

    Raises: DatasetError, where there is no such path, none in it, or another file among them.
    """
    path, (tables, files) = Path(path), NAMED[kind]
    if not _exists(path):
        raise DatasetError(f"{path}: Expected an existing file or folder. Received no such path.")
    if is_folder(path) and files is not None:
        return list_without_classes(path, files)
    suffixes = (*(files.suffixes if files else ()), *tables)
    if path.is_dir() or path.suffix.lower() not in suffixes:
        folder = f"a folder of {kind}, or " if files else ""
        received = "a folder" if path.is_dir() else f"'{path.suffix}'"
        raise DatasetError(
            f"{path}: Expected {folder}a file that ends in {', '.join(suffixes)}. Received "
            f"{received}."
        )
    return [path]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # Longer than any, or with a character that none has.
        return False


def fingerprint(path: Path | str, kind: str) -> str:
    """Return a hash of names, sizes and times of the files of new examples."""
    return stamp({str(file): file for file in list_examples(path, kind)})
