"""Folders with one sub-folder per class, and one file per example in it; or with no classes."""

import stat
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from self_training.data.examples import (
    UNKNOWN,
    UNKNOWN_FOLDER,
    check_class_names,
    is_readable,
    plain_name,
)
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
    classes = [entry for entry in entries if is_folder(entry)]
    if all(entry.name.isdecimal() for entry in classes):
        classes.sort(key=lambda entry: int(entry.name))
    outside = [entry for entry in entries if entry.suffix.lower() in content.suffixes]
    if not classes or outside:
        raise DatasetError(
            f"{folder}: Expected {noun}s in sub-folders, one per class. Received "
            + (f"the {noun} {outside[0].name} beside them." if outside else "no sub-folder.")
            + f" {noun.capitalize()}s of unknown class belong into a sub-folder "
            f"'{UNKNOWN_FOLDER}', or into a folder of their own (unlabeled: PATH)."
        )
    check_class_names(folder, [entry.name for entry in classes])
    _check_numbers(folder, [entry.name for entry in classes if entry.name.isdecimal()])
    files = []
    for entry in classes:
        if entry.name != UNKNOWN_FOLDER and entry.name.lower() == UNKNOWN_FOLDER:
            raise DatasetError(
                f"{entry}: Expected '{UNKNOWN_FOLDER}' as the name of a folder of {noun}s of "
                f"unknown class. Received '{entry.name}'. Rename it, also if it is a class."
            )
        # In one whose class nobody knows, sub-folders say nothing.
        inside = _within(entry) if entry.name == UNKNOWN_FOLDER else entry.iterdir()
        files.append(sorted(file for file in inside if not _is_litter(file)))
        _check_suffixes(files[-1], content)
    return files, [plain_name(entry.name) for entry in classes]


def read_classes(
    folder: Path | str, content: Content, classes: Sequence[int | str] | None
) -> tuple[list[Path], np.ndarray, np.ndarray]:
    """Return the files of a folder with one sub-folder per class, and their labels.

    Those in a sub-folder UNKNOWN_FOLDER are of unknown label, unless `classes` has it.

    Args:
        classes: of the dataset, or None.

    Returns: files, in the order of `list_files`; labels int32 (files,), perhaps UNKNOWN; class
        names str (classes,).
    Raises: DatasetError, as `list_files`.
    """
    files, names = list_files(Path(folder), content)
    unknown = UNKNOWN_FOLDER in names and UNKNOWN_FOLDER not in (classes or ())
    class_names = [name for name in names if name != UNKNOWN_FOLDER or not unknown]
    labels = [class_names.index(name) if name in class_names else UNKNOWN for name in names]
    y = np.repeat(np.array(labels, dtype=np.int32), [len(some) for some in files])
    return [file for some in files for file in some], y, np.array(class_names, dtype=str)


def name_files(files: Sequence[Path], folder: Path | str) -> list[str]:
    """Return what files of a folder are called: their paths in it."""
    return [file.relative_to(folder).as_posix() for file in files]


def list_without_classes(folder: Path, content: Content) -> list[Path]:
    """Return the files of a folder and of all its sub-folders, whose names say nothing.

    Raises: DatasetError, when there is none, or another file among them.
    """
    files = sorted(_within(folder))
    _check_suffixes(files, content)
    if not files:
        raise DatasetError(
            f"{folder}: Expected {content.noun}s ({', '.join(content.suffixes)}), also in "
            "sub-folders. Received none."
        )
    return files


def _check_suffixes(files: list[Path], content: Content) -> None:
    for file in files:
        if is_folder(file) or file.suffix.lower() not in content.suffixes:
            raise DatasetError(
                f"{file}: Expected nothing but {content.noun}s here "
                f"({', '.join(content.suffixes)}). Convert the file or move it elsewhere."
            )


def _check_numbers(folder: Path, names: list[str]) -> None:
    """Raise DatasetError where two classes are one number, written in two ways."""
    for name, other in pairwise(sorted(names, key=int)):
        if int(name) == int(other):
            raise DatasetError(
                f"{folder}: Expected every number as the name of one class. Received the folders "
                f"'{name}' and '{other}'. Rename one, or put their files into one folder."
            )


def is_folder(path: Path) -> bool:
    """Return whether a name in a folder is a folder, and no file.

    Raises: DatasetError, where it leads to neither: a link to nothing would be left out unseen, and
        to read from a pipe never ends.
    """
    if not is_readable(path.name):
        raise DatasetError(
            f"{str(path)!a}: Expected a name of characters that can be read, in UTF-8. "
            "Received another one. Rename it."
        )
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if not path.is_symlink():
            raise DatasetError(f"{path}: Expected a file or folder. Received: {error}.") from error
        raise DatasetError(
            f"{path}: Expected a file or folder. Received a link to {path.readlink()}, which can't "
            f"be followed ({error.strerror}). Mend or remove it."
        ) from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise DatasetError(
            f"{path}: Expected a file or folder. Received a pipe, a socket or a device. Remove it."
        )
    return stat.S_ISDIR(mode)


def _within(folder: Path) -> list[Path]:
    """Return the files of a folder and of its sub-folders, links among them, but for litter."""
    found: list[Path] = []
    waiting: list[tuple[Path, tuple[Path, ...]]] = [(folder, (folder.resolve(),))]
    while waiting:
        part, above = waiting.pop()
        for entry in part.iterdir():
            if _is_litter(entry):
                continue
            if not is_folder(entry):
                found.append(entry)
                continue
            if (place := entry.resolve()) in above:
                raise DatasetError(
                    f"{entry}: Expected a folder. Received a link to {place}, which it is in. "
                    "Remove it."
                )
            waiting.append((entry, (*above, place)))
    return found


def _is_litter(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in _LITTER
