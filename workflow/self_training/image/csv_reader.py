"""CSV files of images: a header, and a row per image of its label and its pixels."""

from collections.abc import Sequence
from math import isqrt
from pathlib import Path

import numpy as np

from self_training.data.cells import labels_of
from self_training.data.csv_rows import Numbers, read_rows
from self_training.data.examples import UNKNOWN, Examples, encode_labels
from self_training.data.files import check_named, read_header
from self_training.errors import DatasetError

# What columns hold that are none of texts.
PIXELS = Numbers(np.uint8, "whole numbers from 0 to 255 as pixels")


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
    labels = labels_of(path, texts["label_column"], label_column, "data row")
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
    pixels = [name for name in header.names if name not in named.values()]
    check_named(path, pixels, "pixel")
    shape = _image_shape(path, len(header.names) - len(named), image_size)
    texts: dict[str, list[str]] = {key: [] for key in named}
    position = {header.names.index(name): texts[key] for key, name in named.items()}
    with open(path, encoding="utf-8-sig") as file:
        file.readline()
        x = read_rows(path, file, header, position, PIXELS).reshape(-1, *shape)
    if not len(x):
        raise DatasetError(f"{path}: Expected a row per image under the header. Received none.")
    _check_copies(path, header.names, position, x.reshape(len(x), -1))
    return x, {"id_column": [str(row) for row in range(1, len(x) + 1)]} | texts


def _check_copies(
    path: Path | str, names: list[str], texts: dict[int, list[str]], pixels: np.ndarray
) -> None:
    """Raise DatasetError where a column of pixels is that of the labels, or of ids, once more.

    Pixels may have the header of labels, in a file without a header of its own.
    """
    kept = [column for column in range(len(names)) if column not in texts]
    for column, text in texts.items():
        for index, other in enumerate(kept):
            if names[other] == names[column] and pixels[:, index].astype(str).tolist() == text:
                raise DatasetError(
                    f"{path}: Expected pixels in all columns but '{names[column]}'. Received the "
                    f"same column again, as the {other + 1}th. Leave it out."
                )


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
