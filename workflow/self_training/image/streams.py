"""New images for a model that is trained, whatever they come in."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from self_training.data import streams
from self_training.data.new_examples import list_examples
from self_training.data.sources import IMAGES
from self_training.data.streams import ArrayHeader, Chunk, Stream
from self_training.errors import DatasetError
from self_training.image.csv_stream import open_csv
from self_training.image.decoding import decode
from self_training.image.wanted import Wanted, check_shape, fit


def open_path(path: Path, shape: Sequence[int], reading: dict) -> Stream:
    """Return the images of a path: a folder of images, an image, a NumPy archive or a CSV file.

    Args:
        shape: height, width and channels of the images that the model takes.
        reading: of `wanted.reading`.

    Raises: DatasetError, naming what is wrong with it.
    """
    files = list_examples(path, IMAGES)
    height, width, channels = shape
    sizes = reading.get("color_mode"), reading.get("image_size")
    wanted = Wanted(height, width, channels, *sizes)
    suffix = path.suffix.lower()
    if path.is_file() and suffix == ".npz":
        return open_archive(path, wanted)
    if path.is_file() and suffix == ".csv":
        return open_csv(path, wanted, reading.get("pixel_columns"), reading.get("id_column"))
    return open_images(files, path if path.is_dir() else path.parent, wanted)


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
    """Return the images x of a NumPy archive, uint8 (images, height, width, channels).

    Raises: DatasetError, where x is not there, or no array of such images.
    """

    def check(path: Path, header: ArrayHeader) -> None:
        if header.dtype != np.uint8 or len(header.shape) != 4 or header.fortran:
            order = " in Fortran order" if header.fortran else ""
            raise DatasetError(
                f"{path}: Expected x as uint8 of shape (images, height, width, channels). Received "
                f"{header.dtype} of shape {header.shape}{order}."
            )
        if header.shape[0] == 0:
            raise DatasetError(f"{path}: Expected images in x. Received none.")
        check_shape(path, header.shape[1:], wanted)

    return streams.open_archive(path, check, lambda images, _: fit(images, wanted))
