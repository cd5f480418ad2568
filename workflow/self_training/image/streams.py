"""New images for a model that is trained: read some at a time, so that there may be any number.

A stream is opened at once, so that what can't be predicted is known before a network is loaded; its
images are read when they are asked for.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np

from self_training.data.files import readable
from self_training.errors import DatasetError
from self_training.image.decoding import convert_colors, decode, resize

_NPZ = "a NumPy archive (.npz) with x"


class Wanted(NamedTuple):
    """The images that a model takes, and what its study has done to others.

    height, width, channels: of the images.
    color_mode: to which others are converted; None where all must have these channels.
    image_size: (height, width) to which others are stretched; None where all must have this size.
    """

    height: int
    width: int
    channels: int
    color_mode: str | None = None
    image_size: Sequence[int] | None = None


class Chunk(NamedTuple):
    """Some images of a stream.

    ids: what each is called.
    images: uint8 (images, height, width, channels), as the model takes them.
    kept: of columns that are no pixels, what stands in them.
    """

    ids: list[str]
    images: np.ndarray
    kept: dict[str, list[str]]


class Stream(NamedTuple):
    """The images of a file or folder.

    prefix: what makes ids unlike those of other files.
    chunks: function from a number of images to chunks of so many, the last of which may be smaller;
        raises DatasetError where an image turns out to be none, or another than is wanted.
    columns: names of columns that are kept; none where it is no table.
    length: number of images; None where reading is the only way to know.
    """

    prefix: str
    chunks: Callable[[int], Iterator[Chunk]]
    columns: list[str]
    length: int | None


def open_images(files: Sequence[Path], folder: Path, wanted: Wanted) -> Stream:
    """Return the images of some files, called by their paths in a folder."""

    def chunks(size: int) -> Iterator[Chunk]:
        for start in range(0, len(files), size):
            some = files[start : start + size]
            ids = [file.relative_to(folder).as_posix() for file in some]
            yield Chunk(ids, np.stack([_decoded(file, wanted) for file in some]), {})

    return Stream(f"{folder.as_posix()}/", chunks, [], len(files))


def _decoded(file: Path, wanted: Wanted) -> np.ndarray:
    image = decode(file, wanted.image_size, wanted.color_mode)
    check_shape(file, image.shape, wanted)
    return image


def open_archive(path: Path, wanted: Wanted) -> Stream:
    """Return the images x of a NumPy archive, called by their positions, from 0.

    Raises: DatasetError, where x is not there, or no array of such images.
    """
    with readable(path, _NPZ), ZipFile(path) as archive:
        if "x.npy" not in archive.namelist():
            arrays = ", ".join(Path(name).stem for name in archive.namelist())
            raise DatasetError(f"{path}: Expected the array x. Received: {arrays or 'none'}.")
        with archive.open("x.npy") as file:
            shape, fortran, kind = _read_header(file)
    if kind != np.uint8 or len(shape) != 4 or fortran:
        order = " in Fortran order" if fortran else ""
        raise DatasetError(
            f"{path}: Expected x as uint8 of shape (images, height, width, channels). Received "
            f"{kind} of shape {shape}{order}."
        )
    if shape[0] == 0:
        raise DatasetError(f"{path}: Expected images in x. Received none.")
    check_shape(path, shape[1:], wanted)

    def chunks(size: int) -> Iterator[Chunk]:
        with readable(path, _NPZ), ZipFile(path) as archive, archive.open("x.npy") as file:
            _read_header(file)
            for start in range(0, shape[0], size):
                count = min(size, shape[0] - start)
                # To the end of the file in the last one, where zipfile looks for damage.
                pixels = file.read(count * int(np.prod(shape[1:])))
                images = np.frombuffer(pixels, np.uint8).reshape(count, *shape[1:])
                if start + count == shape[0]:
                    file.read()
                yield Chunk([str(start + row) for row in range(count)], fit(images, wanted), {})

    return Stream(f"{path.as_posix()}:", chunks, [], shape[0])


def _read_header(file) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, whether in Fortran order, and data type of an array in a file."""
    if np.lib.format.read_magic(file) == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)


def fit(images: np.ndarray, wanted: Wanted) -> np.ndarray:
    """Return images, uint8 (images, height, width, channels), in the colors and the size wanted."""
    images = convert_colors(images, wanted.color_mode)
    if wanted.image_size is not None:
        images = resize(images, wanted.image_size)
    return images


def check_shape(path: Path, shape: Sequence[int], wanted: Wanted) -> None:
    """Raise DatasetError unless images of a shape are wanted, or can be made so."""
    height, width, channels = shape
    if wanted.image_size is None and (height, width) != (wanted.height, wanted.width):
        raise DatasetError(
            f"{path}: Expected images of {wanted.height} x {wanted.width} pixels (height x width), "
            f"as the model was trained on. Received {height} x {width}. Resize them as those of "
            "the study were."
        )
    if channels not in ((1, 3) if wanted.color_mode else (wanted.channels,)):
        raise DatasetError(
            f"{path}: Expected images of {wanted.channels} channels (1: grayscale, 3: color), as "
            f"the model was trained on. Received {channels}. Convert them."
        )
