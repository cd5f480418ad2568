"""Readers of texts: whatever the format of a source, texts and labels checked and made alike."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from self_training.data.cells import ids_of, labels_of, named
from self_training.data.examples import UNKNOWN, Examples, encode_labels, with_unlabeled
from self_training.data.files import read_utf8
from self_training.data.folders import list_without_classes, name_files, read_classes
from self_training.data.sources import FOLDERS, HUB, unknown_source
from self_training.errors import DatasetError
from self_training.text import tables
from self_training.text.cleaning import clean
from self_training.text.tables import Table, read_table

# Between the columns that make a text: a title is a line of its own.
BETWEEN = "\n"
SHOWN = 5  # Rows that a message names.
# JSON can escape one half of a character, which is none.
_SURROGATE = re.compile("[\ud800-\udfff]")


def read(path: Path | str | None, settings: dict) -> Examples:
    """Read the labels of a dataset's source, and how to get at its texts.

    Args:
        path: of a file or folder.
        settings: of the dataset: `source`, for tables `text_columns`, `label_column` and perhaps
            `id_column` and `class_names`; perhaps `classes`, `clean` and `unlabeled`.

    Returns: examples whose `load` gives an object array of str; those of `unlabeled` come last.
    Raises: DatasetError, naming the file, and the row where one is wrong.
    """
    source = settings["source"]
    if path is None or source not in (*tables.READERS, HUB, "texts"):
        raise unknown_source(settings)
    of_source = _read_folder if source == "texts" else _read_table
    examples = of_source(path, settings)
    if "unlabeled" in settings:
        of_unlabeled = _read_folder_without_classes if source == "texts" else _read_unlabeled_table
        unlabeled = of_unlabeled(settings["unlabeled"], settings)
        examples = with_unlabeled(examples, unlabeled, settings["unlabeled"])
    return examples


def _read_table(path: Path | str, settings: dict) -> Examples:
    table = read_table(path, settings["source"], _columns(settings, "label_column", "id_column"))
    texts = texts_of(path, table, settings)
    column = settings["label_column"]
    labels = labels_of(path, table.cells[column], column, table.row)
    names = settings.get("class_names")
    if names is None:
        labels, names = named(labels, table.class_names.get(column))
    y, class_names = encode_labels(path, labels, names, settings.get("classes"))
    return Examples(y, class_names, texts.__getitem__, _ids(table, settings, len(texts)))


def _read_unlabeled_table(path: Path | str, settings: dict) -> Examples:
    """Read a table of the same form, of which a column of labels says nothing."""
    table = read_table(path, settings["source"], _columns(settings, "id_column"))
    texts = texts_of(path, table, settings)
    y = np.full(len(texts), UNKNOWN, np.int32)
    none = np.array([], dtype=str)
    return Examples(y, none, texts.__getitem__, _ids(table, settings, len(texts)))


def _columns(settings: dict, *keys: str) -> dict[str, str]:
    """Return the columns to read: of texts, and those that keys of the config name, if they do."""
    columns = dict.fromkeys(_text_columns(settings), "text_columns")
    return columns | {settings[key]: key for key in keys if settings.get(key) is not None}


def _text_columns(settings: dict) -> list[str]:
    columns = settings["text_columns"]
    return [columns] if isinstance(columns, str) else list(columns)


def texts_of(path: Path | str, table: Table, settings: dict) -> np.ndarray:
    """Return the texts of a table, str (rows,) of dtype object: its columns, joined and cleaned."""
    parts = [_of_text(path, table, name) for name in _text_columns(settings)]
    cleaned = [clean(part, settings.get("clean", "none")) for part in parts]
    texts = [BETWEEN.join(filter(None, row)) for row in zip(*cleaned, strict=True)]
    empty = [str(row) for row, text in enumerate(texts, start=1) if not text]
    if empty:
        shown = ", ".join(empty[:SHOWN]) + (", ..." if len(empty) > SHOWN else "")
        raise DatasetError(
            f"{path}: Expected a text in every {table.row} "
            f"({', '.join(_text_columns(settings))}). Received none in {len(empty)}: "
            f"{table.row} {shown}. Remove them."
        )
    return np.array(texts, dtype=object)


def _of_text(path: Path | str, table: Table, name: str) -> list[str]:
    """Return a column's cells; those that are missing are empty."""
    for row, cell in enumerate(table.cells[name], start=1):
        if cell is not None and (not isinstance(cell, str) or _SURROGATE.search(cell)):
            raise DatasetError(
                f"{path}: Expected texts in column '{name}' (text_columns). Received "
                f"{ascii(cell)[:40]} in {table.row} {row}."
            )
    return [cell or "" for cell in table.cells[name]]


def _ids(table: Table, settings: dict, count: int) -> list[str]:
    if settings.get("id_column") is None:
        return [str(row) for row in range(1, count + 1)]
    return ids_of(table.cells[settings["id_column"]])


def _read_folder(path: Path | str, settings: dict) -> Examples:
    """Read a folder with a sub-folder of text files per class, in the order of their names."""
    files, y, names = read_classes(path, FOLDERS["texts"], settings.get("classes"))
    return Examples(y, names, _loader(files, settings), name_files(files, path))


def _read_folder_without_classes(path: Path | str, settings: dict) -> Examples:
    files = list_without_classes(Path(path), FOLDERS["texts"])
    y = np.full(len(files), UNKNOWN, np.int32)
    none = np.array([], dtype=str)
    return Examples(y, none, _loader(files, settings), name_files(files, path))


def _loader(files: list[Path], settings: dict) -> Callable[[np.ndarray], np.ndarray]:
    def load(kept: np.ndarray) -> np.ndarray:
        return np.array([read_file(files[index], settings) for index in kept], dtype=object)

    return load


def read_file(file: Path, settings: dict) -> str:
    """Return the text of a file, cleaned.

    Args:
        settings: of the dataset.

    Raises: DatasetError, where there is none in it, or too much.
    """
    return one_text(read_utf8(file), str(file), settings)


def one_text(content: str, name: str, settings: dict) -> str:
    """Return a text that stands alone, cleaned.

    Args:
        name: of where it stands.
        settings: of the dataset.

    Raises: DatasetError, where there is none, or too much.
    """
    (text,) = clean([content], settings.get("clean", "none"))
    if not text:
        raise DatasetError(f"{name}: Expected a text. Received none: it is empty.")
    if len(text) > tables.LONGEST:
        raise DatasetError(
            f"{name}: Expected at most {tables.LONGEST:,} characters. Received {len(text):,}. Cut "
            "the text into parts, or leave it out."
        )
    return text
