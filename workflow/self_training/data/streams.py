"""New examples for a model that is trained: read some at a time, so that there may be any number.

A stream is opened at once, so that what can't be predicted is known before a network is loaded; its
examples are read when they are asked for.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np

from self_training.data.files import readable
from self_training.errors import DatasetError

_NPZ = "a NumPy archive (.npz) with x"


class Chunk(NamedTuple):
    """Some examples of a stream.

    ids: what each is called.
    inputs: (examples, ...), as the study has prepared its own (see `training.prediction.scale`).
    kept: of columns that say nothing to a network, what stands in them.
    """

    ids: list[str]
    inputs: np.ndarray
    kept: dict[str, list[str]]


class Stream(NamedTuple):
    """The examples of a file or folder.

    prefix: what makes ids unlike those of other files.
    chunks: function from a number of examples to chunks of so many, the last of which may be
        smaller; raises DatasetError where an example turns out to be none, or another than the
        model takes.
    columns: names of columns that are kept; none where it is no table.
    length: number of examples; None where reading is the only way to know.
    """

    prefix: str
    chunks: Callable[[int], Iterator[Chunk]]
    columns: list[str]
    length: int | None


class ArrayHeader(NamedTuple):
    """What a file says of an array: its shape, its data type, and whether columns come first."""

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool


def open_archive(
    path: Path,
    check: Callable[[Path, ArrayHeader], None],
    as_inputs: Callable[[np.ndarray, int], np.ndarray],
) -> Stream:
    """Return the examples x of a NumPy archive, called by their positions, from 0.

    An array whose columns come first is read as a whole.

    Args:
        check: function of the path and the header of x that raises DatasetError unless x has
            examples which the model takes.
        as_inputs: function from some of x, and the position of the first, to `Chunk.inputs`.

    Raises: DatasetError, where x is not there, or none of such examples.
    """
    with readable(path, _NPZ), ZipFile(path) as archive:
        if "x.npy" not in archive.namelist():
            arrays = ", ".join(Path(name).stem for name in archive.namelist())
            raise DatasetError(f"{path}: Expected the array x. Received: {arrays or 'none'}.")
        with archive.open("x.npy") as file:
            header = _read_header(file)
    check(path, header)
    length = header.shape[0]

    def chunks(size: int) -> Iterator[Chunk]:
        parts = _whole if header.fortran else _in_parts
        start = 0
        for part in parts(path, header, size):
            ids = [str(start + row) for row in range(len(part))]
            yield Chunk(ids, as_inputs(part, start), {})
            start += len(part)

    return Stream(f"{path.as_posix()}:", chunks, [], length)


def _read_header(file) -> ArrayHeader:
    """Return the header of an array in a file."""
    if np.lib.format.read_magic(file) == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
    return ArrayHeader(shape, dtype, fortran)


def _in_parts(path: Path, header: ArrayHeader, size: int) -> Iterator[np.ndarray]:
    """Yield so many examples of x at a time."""
    length, bytes_of_one = header.shape[0], int(np.prod(header.shape[1:])) * header.dtype.itemsize
    with readable(path, _NPZ), ZipFile(path) as archive, archive.open("x.npy") as file:
        _read_header(file)
        for start in range(0, length, size):
            count = min(size, length - start)
            # To the end of the file in the last one, where zipfile looks for damage.
            content = file.read(count * bytes_of_one)
            part = np.frombuffer(content, header.dtype).reshape(count, *header.shape[1:])
            if start + count == length:
                file.read()
            yield part


def _whole(path: Path, header: ArrayHeader, size: int) -> Iterator[np.ndarray]:
    """Yield parts of x, which is in memory as a whole: its rows are all over the file."""
    with readable(path, _NPZ), np.load(path) as archive:
        x = archive["x"]
    for start in range(0, len(x), size):
        yield x[start : start + size]
