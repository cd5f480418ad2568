"""CSV files of images: a header, and a row per image of its label and its pixels."""

import re
from collections.abc import Sequence
from math import isqrt
from pathlib import Path

import numpy as np

from self_training.data.examples import Examples, encode_labels, plain_name
from self_training.data.files import read_header, readable
from self_training.errors import DatasetError


def read_csv(
    path: Path | str,
    label_column: str,
    class_names: Sequence[str] | None = None,
    image_size: Sequence[int] | None = None,
) -> Examples:
    """Read a CSV file: a header, and a row per image of a label and pixels from 0 to 255.

    Args:
        label_column: header of the labels; all other columns are pixels, row by row, in color the
            channels of a pixel side by side.
        class_names: names of the labels 0, 1, ..., or of labels that are such names; without, the
            classes are the labels that occur, in order.
        image_size: (height, width); without, images are square.

    Raises: DatasetError, naming the file, and the row where one is wrong.
    """
    header = read_header(path, label_column)
    columns = len(header.names)
    shape = _image_shape(path, columns - 1, image_size)
    labels: list[str] = []

    def note_label(text: str) -> int:
        labels.append(plain_name(text))
        return 0

    try:
        with readable(path, "a CSV file in UTF-8"), open(path, encoding="utf-8-sig") as file:
            table = np.loadtxt(
                file,
                dtype=np.uint8,
                comments=None,
                delimiter=header.separator,
                quotechar='"',
                skiprows=1,
                ndmin=2,
                converters={header.label_column: note_label},
            )
    except DatasetError as error:
        raise DatasetError(_where_wrong(str(error), path, header.names)) from error
    if not labels:
        raise DatasetError(f"{path}: Expected a row per image under the header. Received none.")
    if table.shape[1] != columns:
        raise DatasetError(
            f"{path}: Expected {columns} values in every row, one per column of the header. "
            f"Received {table.shape[1]}."
        )
    x = np.delete(table, header.label_column, axis=1).reshape(-1, *shape)
    y, names = encode_labels(path, labels, class_names)
    return Examples(y, names, x.__getitem__)


def _where_wrong(message: str, path: Path | str, header: list[str]) -> str:
    """Say of NumPy's message which row and column of the file it means."""
    value = re.search(r"convert string '(.*)' to uint8 at row (\d+), column (\d+)", message)
    if value:
        text, row, column = value.group(1), int(value.group(2)), int(value.group(3))
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
        expected, received, changed = columns.groups()
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
        f"{path}: Expected the pixel columns of square images. Received {pixels} columns beside "
        "the labels. Set image_size: [height, width], and leave out what is no pixel."
    )
