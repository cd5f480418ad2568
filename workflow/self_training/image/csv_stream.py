"""CSV files of new images: rows of pixels, and of whatever else the user wants to keep."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from self_training.data.csv_stream import find_columns, open_rows, read_names
from self_training.data.files import Header
from self_training.data.streams import Stream
from self_training.errors import DatasetError
from self_training.image.csv_reader import PIXELS
from self_training.image.wanted import Wanted, check_shape, fit


def open_csv(
    path: Path,
    wanted: Wanted,
    pixel_columns: Sequence[str] | None = None,
    id_column: str | None = None,
) -> Stream:
    """Return the images of a CSV file: a header, and a row per image.

    Pixels are from 0 to 255, row by row, in color the channels of a pixel side by side. All other
    columns are kept.

    Args:
        wanted: has the size of the images; their channels may be others where it has a color mode.
        pixel_columns: headers of the pixels; None for those that end in a digit.
        id_column: of `data.csv_stream.open_rows`.

    Raises: DatasetError, where there are no such columns.
    """
    header = read_names(path)
    pixels = _pixels(path, header, pixel_columns)
    size = wanted.height * wanted.width
    channels, rest = divmod(len(pixels), size)
    if rest or channels not in (1, 3):
        raise DatasetError(
            f"{path}: Expected {size * wanted.channels} pixel columns, of images of "
            f"{wanted.height} x {wanted.width} pixels and {wanted.channels} channels, whose names "
            f"end in a digit; those of other columns must not. Received {len(pixels)}."
        )
    check_shape(path, (wanted.height, wanted.width, channels), wanted)

    def as_images(x: np.ndarray, _before: int) -> np.ndarray:
        return fit(x.reshape(-1, wanted.height, wanted.width, channels), wanted)

    return open_rows(path, header, pixels, PIXELS, as_images, id_column, "image")


def _pixels(path: Path, header: Header, pixel_columns: Sequence[str] | None) -> list[int]:
    """Return the indices of the columns of pixels, in the order of pixels."""
    if pixel_columns is None:
        return [index for index, name in enumerate(header.names) if name[-1:].isdigit()]
    return find_columns(path, header, pixel_columns, "pixel")
