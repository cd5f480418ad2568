"""From a file, or an array of its pixels, to the image that networks are given."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from self_training.errors import DatasetError

if TYPE_CHECKING:
    from PIL import Image

_MODES: dict[str | None, str] = {"grayscale": "L", "rgb": "RGB"}
# Pillow's modes of 8 bits per channel (1: of one bit), by what they are read as.
_GRAY, _COLOR = {"1", "L", "LA", "La"}, {"P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
# Of Pillow's many formats those that are documented: some others hand a file to other programs
# (PostScript, which is a program itself), whatever its name.
_FORMATS = ("PNG", "JPEG", "WEBP")
# Exif's orientation, and the number of Pillow's transposition that undoes it.
_ORIENTATION = 0x0112
_TURNS: dict[int | None, int] = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}


def decode(path: Path, image_size: Sequence[int] | None, color_mode: str | None) -> np.ndarray:
    """Return the image of a file, uint8 (height, width, channels).

    Pixels are those that are shown: turned as the Exif data say, on white where they are
    transparent.

    Args:
        image_size: (height, width) to which it is stretched; None for its own size.
        color_mode: `grayscale` or `rgb`; None for that of the file.

    Raises: DatasetError, naming the file.
    """
    from PIL import Image

    try:
        with Image.open(path, formats=_FORMATS) as opened:
            image: Image.Image = opened
            turn = _TURNS.get(image.getexif().get(_ORIENTATION))
            if image.mode not in _GRAY | _COLOR:
                raise DatasetError(
                    f"{path}: Expected an image of 8 bits per channel. Received mode {image.mode}. "
                    "Convert it."
                )
            mode = _MODES.get(color_mode, "L" if image.mode in _GRAY else "RGB")
            if image.has_transparency_data:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            image = image.convert(mode)
            if turn is not None:
                image = image.transpose(Image.Transpose(turn))
            if image_size is not None:
                image = _resize(image, image_size)
            pixels = np.asarray(image)
    except DatasetError:
        raise
    except (
        OSError,
        ValueError,
        TypeError,
        LookupError,
        SyntaxError,
        EOFError,
        struct.error,
        Image.DecompressionBombError,
    ) as error:
        raise DatasetError(
            f"{path}: Expected an image, as PNG, JPEG or WebP. Received a file that cannot be read "
            f"as one ({error}). Convert, replace or remove it."
        ) from error
    return pixels.reshape(*pixels.shape[:2], -1)


def convert_colors(images: np.ndarray, color_mode: str | None) -> np.ndarray:
    """Return images, uint8 (examples, height, width, 1 or 3), as `grayscale` or `rgb`.

    Gray is the luma of ITU-R 601-2, as in Pillow; color of a gray image repeats it.
    """
    if color_mode == "rgb" and images.shape[3] == 1:
        return np.repeat(images, 3, axis=3)
    if color_mode == "grayscale" and images.shape[3] == 3:
        from PIL import Image

        gray = np.empty((*images.shape[:3], 1), np.uint8)
        for image, target in zip(images, gray, strict=True):
            target[..., 0] = Image.fromarray(image).convert("L")
        return gray
    return images


def resize(images: np.ndarray, image_size: Sequence[int]) -> np.ndarray:
    """Return images, uint8 (examples, height, width, channels), stretched as `decode` does.

    Args:
        image_size: (height, width).
    """
    from PIL import Image

    channels = images.shape[3]
    resized = np.empty((len(images), *image_size, channels), np.uint8)
    for image, target in zip(images, resized, strict=True):
        opened = Image.fromarray(image if channels == 3 else image[..., 0])
        target[:] = np.asarray(_resize(opened, image_size)).reshape(target.shape)
    return resized


def _resize(image: "Image.Image", image_size: Sequence[int]) -> "Image.Image":
    from PIL import Image

    height, width = image_size
    return image.resize((width, height), Image.Resampling.BILINEAR)
