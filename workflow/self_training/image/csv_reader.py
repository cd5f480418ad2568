"""CSV files of images: a header, and a row per image of its label and its pixels."""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from math import isqrt
from pathlib import Path

import numpy as np

from self_training.data.examples import UNKNOWN, Examples, encode_labels, plain_name
from self_training.data.files import Header, read_header, readable
from self_training.errors import DatasetError


def read_csv(
    path: Path | str,
    label_column: str,
    class_names: Sequence[str] | None = None,
    image_size: Sequence[int] | None = None,
    id_column: str | None = None,
    classes: Sequence[int | str] | None = None,
) -> Examples:
    """Read a CSV file: a header, and a row per image of a label and pixels from 0 to 255.

    Args:
        label_column: header of the labels; all other columns are pixels, row by row, in color the
            channels of a pixel side by side.
        class_names, classes: of `encode_labels`.
        image_size: (height, width); without, images are square.
        id_column: header of what images are called; without, by their rows, from 1.

    Raises: DatasetError, naming the file, and the row where one is wrong.
    """
    x, texts = _read_table(path, {"label_column": label_column}, id_column, image_size)
    labels = list(map(plain_name, texts["label_column"]))
    y, names = encode_labels(path, labels, class_names, classes)
    return Examples(y, names, x.__getitem__, texts["id_column"])


def read_unlabeled_csv(
    path: Path | str,
    labeled_path: Path | str,
    label_column: str,
    image_size: Sequence[int] | None = None,
    id_column: str | None = None,
) -> Examples:
    """Read a CSV file as `read_csv` does, without labels.

    Args:
        labeled_path: of the file with labels, whose other columns are those of this one.
        label_column: a header that must not be there.

    Raises: DatasetError.
    """
    names = read_header(path, {}).names
    if label_column in names:
        raise DatasetError(
            f"{path}: Expected no column '{label_column}' (label_column) in a file of examples "
            "whose labels nobody knows (unlabeled). Received one. Remove it, or put the rows into "
            "the file of path, where an empty label is one that is not known."
        )
    expected = [name for name in read_header(labeled_path, {}).names if name != label_column]
    if names != expected:
        raise DatasetError(
            f"{path}: Expected the columns of {labeled_path} but '{label_column}', in their order: "
            f"{len(expected)} from '{expected[0]}' to '{expected[-1]}'. Received {len(names)}: "
            f"{', '.join(names[:8])}{', ...' if len(names) > 8 else ''}."
        )
    x, texts = _read_table(path, {}, id_column, image_size)
    y = np.full(len(x), UNKNOWN, np.int32)
    return Examples(y, np.array([], dtype=str), x.__getitem__, texts["id_column"])


def _read_table(
    path: Path | str,
    columns_of_text: dict[str, str],
    id_column: str | None,
    image_size: Sequence[int] | None,
) -> tuple[np.ndarray, dict[str, list[str]]]:
    """Return images, and what stands in the columns that are no pixels, by the keys of the config
    that name them; ids are there in any case."""
    named = columns_of_text | ({"id_column": id_column} if id_column is not None else {})
    header = read_header(path, named)
    shape = _image_shape(path, len(header.names) - len(named), image_size)
    texts: dict[str, list[str]] = {key: [] for key in named}
    position = {header.names.index(name): texts[key] for key, name in named.items()}
    with open(path, encoding="utf-8-sig") as file:
        file.readline()
        x = read_rows(path, file, header, position).reshape(-1, *shape)
    if not len(x):
        raise DatasetError(f"{path}: Expected a row per image under the header. Received none.")
    return x, {"id_column": [str(row) for row in range(1, len(x) + 1)]} | texts


def read_rows(
    path: Path | str,
    lines: Iterable[str],
    header: Header,
    texts: dict[int, list[str]],
    before: int = 0,
) -> np.ndarray:
    """Return the pixels of rows of a CSV file, uint8 (rows, pixel columns).

    Args:
        path: of the file, for messages.
        lines: the rows.
        texts: for each column that holds no pixels, by its index, a list that what stands in it is
            appended to, row by row.
        before: data rows of the file before these.

    Raises: DatasetError, naming the file, and the row that is wrong.
    """
    columns = len(header.names)

    def note(column: int, text: str) -> int:
        texts[column].append(text.strip())
        return 0

    try:
        with readable(path, "a CSV file in UTF-8"):
            table = np.loadtxt(
                lines,
                dtype=np.uint8,
                comments=None,
                delimiter=header.separator,
                quotechar='"',
                ndmin=2,
                converters={column: partial(note, column) for column in texts},
            )
    except DatasetError as error:
        raise DatasetError(_where_wrong(str(error), path, header.names, before)) from error
    if len(table) and table.shape[1] != columns:
        raise DatasetError(
            f"{path}: Expected {columns} values in every row, one per column of the header. "
            f"Received {table.shape[1]}."
        )
    return np.delete(table, list(texts), axis=1)


def _where_wrong(message: str, path: Path | str, header: list[str], before: int) -> str:
    """Say of NumPy's message which row and column of the file it means."""
    if "embedded newline" in message:
        return (
            f"{path}: Expected double quotes in pairs around a text; one that is part of it is "
            f"doubled. Received others after data row {before}."
        )
    value = re.search(r"convert string '(.*)' to uint8 at row (\d+), column (\d+)", message)
    if value:
        text, row, column = value.group(1), int(value.group(2)) + before, int(value.group(3))
        if column > len(header):
            return (
                f"{path}: Expected {len(header)} values in every row, one per column of the "
                f"header. Received more in data row {row + 1}."
            )
        return (
            f"{path}: Expected whole numbers from 0 to 255 as pixels. Received "
            f"{repr(text) if text else 'nothing'} in data row {row + 1}, column "
            f"'{header[column - 1]}'."
        )
    if "converter specified for column" in message:
        return f"{path}: Expected {len(header)} values in every row. Received fewer."
    columns = re.search(r"columns changed from (\d+) to (\d+) at row (\d+)", message)
    if columns:
        expected, received = columns.group(1), columns.group(2)
        changed = int(columns.group(3)) + before
        return (
            f"{path}: Expected {expected} values in every row. Received {received} in data row "
            f"{changed}."
        )
    return message


def _image_shape(
    path: Path | str, pixels: int, image_size: Sequence[int] | None
) -> tuple[int, int, int]:
    """Return height, width and channels of images of so many pixel columns."""
    if image_size is not None:
        height, width = image_size
        if pixels in (height * width, 3 * height * width):
            return height, width, pixels // (height * width)
        raise DatasetError(
            f"{path}: Expected {height * width} pixel columns (grayscale) or {3 * height * width} "
            f"(color), as image_size is {height} x {width}. Received {pixels}."
        )
    for channels in (1, 3):
        side = isqrt(pixels // channels)
        if side and channels * side**2 == pixels:
            return side, side, channels
    raise DatasetError(
        f"{path}: Expected the pixel columns of square images. Received {pixels} columns that are "
        "neither label_column nor id_column. Set image_size: [height, width], and leave out what "
        "is no pixel."
    )
