"""The images that a deployed model takes, and how others are made so, as its study has done it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from self_training.data.files import read_header
from self_training.errors import DatasetError
from self_training.image.decoding import convert_colors, resize


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


def reading(settings: dict) -> dict:
    """Return how a study reads images, as far as new ones are read by it.

    Args:
        settings: of the dataset.

    Returns: what there is of `color_mode`; `image_size`, to which files are resized; and, of a CSV
        file, `pixel_columns`, the headers of the pixels in order, and `id_column`.
    """
    found = {key: settings.get(key) for key in ("color_mode", "id_column")}
    # Pixels in a CSV file are of that size, and nothing is resized.
    if settings["source"] == "images":
        found["image_size"] = settings.get("image_size")
    if settings["source"] == "csv":
        named = {settings.get(key) for key in ("label_column", "id_column")}
        header = read_header(settings["path"], {})
        found["pixel_columns"] = [name for name in header.names if name not in named]
    return {key: value for key, value in found.items() if value is not None}


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
