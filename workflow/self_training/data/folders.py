"""Folders with one sub-folder per class, and one file per example in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from self_training.data.examples import check_class_names, plain_name
from self_training.errors import DatasetError

# What file managers leave in folders, beside hidden files.
_LITTER = {"thumbs.db", "desktop.ini"}


class Content(NamedTuple):
    """What the files of a folder are.

    noun: what messages call one of them.
    suffixes: how their names may end, in lower case; those of files may be in upper case.
    """

    noun: str
    suffixes: Sequence[str]


def list_files(folder: Path, content: Content) -> tuple[list[list[Path]], list[str]]:
    """Return the files of each class, and the names of the classes.

    Classes are in the order of their names (numbers as numbers), files too.

    Raises: DatasetError, when files lie elsewhere, or others among them.
    """
    noun = content.noun
    entries = sorted(entry for entry in folder.iterdir() if not _is_litter(entry))
    classes = [entry for entry in entries if entry.is_dir()]
    if all(entry.name.isdecimal() for entry in classes):
        classes.sort(key=lambda entry: int(entry.name))
    outside = [entry for entry in entries if entry.suffix.lower() in content.suffixes]
    if not classes or outside:
        raise DatasetError(
            f"{folder}: Expected {noun}s in sub-folders, one per class. Received "
            + (f"the {noun} {outside[0].name} beside them." if outside else "no sub-folder.")
        )
    check_class_names(folder, [entry.name for entry in classes])
    files = []
    for entry in classes:
        files.append(sorted(file for file in entry.iterdir() if not _is_litter(file)))
        for file in files[-1]:
            if file.suffix.lower() not in content.suffixes:
                raise DatasetError(
                    f"{file}: Expected nothing but {noun}s here ({', '.join(content.suffixes)}). "
                    "Convert the file or move it elsewhere."
                )
    return files, [plain_name(entry.name) for entry in classes]


def _is_litter(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in _LITTER
