"""CSV files of new images: rows of pixels, and of whatever else the user wants to keep."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from self_training.data.csv_rows import read_rows
from self_training.data.files import Header, read_header, readable
from self_training.errors import DatasetError
from self_training.image.csv_reader import PIXELS
from self_training.image.streams import Chunk, Stream, Wanted, check_shape, fit

# Lines of a row, beyond which a double quote has no partner.
LONGEST_ROW = 1000


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
        id_column: header of what images are called; `id` when None. Where there is none, images are
            called by their rows, from 1.

    Raises: DatasetError, where there are no such columns.
    """
    header = read_header(path, {})
    twice = [name for name, count in Counter(header.names).items() if count > 1]
    if twice:
        raise DatasetError(
            f"{path}: Expected columns of different names. Received '{twice[0]}' more than once."
        )
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
    called = id_column or "id"
    others = sorted(set(range(len(header.names))) - set(pixels))
    # Where pixels stand among pixels.
    order = np.argsort(np.argsort(pixels))

    def chunks(size: int) -> Iterator[Chunk]:
        before = 0
        with readable(path, "a CSV file in UTF-8"), open(path, encoding="utf-8-sig") as file:
            file.readline()
            rows = _rows(path, file)
            while some := list(islice(rows, size)):
                texts: dict[int, list[str]] = {index: [] for index in others}
                x = read_rows(path, some, header, texts, PIXELS, before)[:, order]
                kept = {header.names[index]: column for index, column in texts.items()}
                numbers = [str(before + row) for row in range(1, len(x) + 1)]
                ids = kept.pop(called, numbers)
                images = x.reshape(-1, wanted.height, wanted.width, channels)
                yield Chunk(ids, fit(images, wanted), kept)
                before += len(x)
        if not before:
            raise DatasetError(f"{path}: Expected a row per image under the header. Received none.")

    columns = [header.names[index] for index in others if header.names[index] != called]
    return Stream(f"{path.as_posix()}:", chunks, columns, None)


def _pixels(path: Path, header: Header, pixel_columns: Sequence[str] | None) -> list[int]:
    """Return the indices of the columns of pixels, in the order of pixels."""
    if pixel_columns is None:
        return [index for index, name in enumerate(header.names) if name[-1:].isdigit()]
    position = {name: index for index, name in enumerate(header.names)}
    missing = [name for name in pixel_columns if name not in position]
    if missing:
        raise DatasetError(
            f"{path}: Expected the {len(pixel_columns)} pixel columns of the study. Missing: "
            f"{', '.join(missing[:8])}{', ...' if len(missing) > 8 else ''}."
        )
    return [position[name] for name in pixel_columns]


def _rows(path: Path, lines: Iterable[str]) -> Iterator[str]:
    """Yield the rows of a file, of which a quoted text may go over several lines."""
    open_lines: list[str] = []
    quotes, rows = 0, 0
    for line in lines:
        open_lines.append(line)
        quotes += line.count('"')
        if quotes % 2 == 0:
            row = "".join(open_lines)
            open_lines, rows = [], rows + 1
            if row.strip():
                yield row
        elif len(open_lines) > LONGEST_ROW:
            break
    if open_lines:
        raise DatasetError(
            f"{path}: Expected double quotes in pairs; one that is part of a text is doubled. "
            f"Received one in data row {rows + 1} that has no end."
        )
