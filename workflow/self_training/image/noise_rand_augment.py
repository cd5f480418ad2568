"""RandAugment as Xie et al. 2020 use it: their operations, on their scale of magnitudes.

Source: Cubuk et al. 2020 (CVPR workshops), section 3, by the code of Xie et al.
(github.com/google-research/noisystudent: `randaugment.py`, with the operations of AutoAugment in
github.com/tensorflow/tpu; for images of 32 x 32 pixels, `preprocessing.py`). There 10 is the
nominal maximum of every operation, and magnitudes go beyond it: 27 rotates by up to 81 degrees.

As there, two operations do most at small magnitudes: posterize keeps 4 bits at 10 and all from 20
on; solarize inverts what is brighter than a threshold, which is nothing from 10 on. And color,
contrast, brightness and sharpness change nothing at 5. Translations, squares of cutout and crops
are parts of a side, as in their code for small images. What is otherwise here: docs/protocol.md.
"""

from collections.abc import Callable
from functools import cache
from math import cos, radians, sin

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from self_training.image.noise import Policy

NOMINAL_MAXIMUM = 10
# Fills what warps uncover and what cutout cuts out.
GRAY = 128
# Images are padded by one in so many pixels of a side, reflected, before they are cropped again.
CROP = 8


def _draw(shape, _magnitude, operations: int, rng: np.random.Generator):
    """Draw which operations an image goes through, of one magnitude all, and what is cropped.

    Returns:
        drawn: int (examples, operations), indices into OPERATIONS.
        signs: float64 (examples, operations), of those operations that have two directions.
        centers: int (examples, operations, 2), row and column of the square that is cut out.
        crops: int (examples, 2), first row and column that are kept of the padded image.
        mirrored: bool (examples,).
    """
    count, height, width, _ = shape
    drawn = rng.integers(0, len(OPERATIONS), (count, operations))
    signs = rng.choice([-1.0, 1.0], (count, operations))
    centers = rng.integers(0, [height, width], (count, operations, 2))
    crops = rng.integers(0, [2 * (height // CROP) + 1, 2 * (width // CROP) + 1], (count, 2))
    return drawn, signs, centers, crops, rng.random(count) < 0.5


def _apply(image, magnitude, _background, drawn, signs, centers, crop, mirrored) -> np.ndarray:
    amounts = amounts_at(magnitude)
    for index, sign, center in zip(drawn, signs, centers, strict=True):
        image = _BY_INDEX[index](image, amounts[index], sign, center)
    pixels = np.asarray(image)
    rows, columns = (
        _reflected(side)[start : start + side]
        for side, start in zip(pixels.shape[:2], crop, strict=True)
    )
    return pixels.take(rows, axis=0).take(columns[::-1] if mirrored else columns, axis=1)


@cache
def _reflected(side: int) -> np.ndarray:
    """Return the pixels of a side that a padded one has."""
    return np.pad(np.arange(side), side // CROP, mode="reflect")


# How much an operation does at a level, which is 1 at the nominal maximum.
_AMOUNTS: dict[str, Callable[[float], float]] = {
    "rotate": lambda level: 30 * level,  # degrees
    "posterize": lambda level: min(max(int(4 * level), 1), 8),  # bits that are kept
    "solarize": lambda level: min(int(256 * level), 256),  # the darkest that is inverted
    "solarize_add": lambda level: int(110 * level),  # added to what is darker than 128
    **dict.fromkeys(
        ("color", "contrast", "brightness", "sharpness"), lambda level: 1.8 * level + 0.1
    ),
    **dict.fromkeys(("shear_x", "shear_y"), lambda level: 0.3 * level),
    # Parts of a side; of the square that is cut out, half of its side.
    **dict.fromkeys(("translate_x", "translate_y", "cutout"), lambda level: level / 8),
}


@cache
def amounts_at(magnitude: float) -> tuple[float, ...]:
    """Return how much each of OPERATIONS does at a magnitude; 0 of those that have no scale."""
    level = magnitude / NOMINAL_MAXIMUM
    return tuple(_AMOUNTS[name](level) if name in _AMOUNTS else 0 for name in OPERATIONS)


def _rotation(by: float, width: int, height: int) -> tuple[float, ...]:
    """Return the map that rotates about the center, counter-clockwise, by degrees."""
    cosine, sine = cos(radians(by)), -sin(radians(by))
    x, y = width / 2, height / 2
    return cosine, sine, x - cosine * x - sine * y, -sine, cosine, y + sine * x - cosine * y


# Affine maps from new pixels to old ones: x and y, each by its factors of x and y and a constant.
MAPS: dict[str, Callable[[float, int, int], tuple[float, ...]]] = {
    "rotate": _rotation,
    "shear_x": lambda by, *_: (1, by, 0, 0, 1, 0),
    "shear_y": lambda by, *_: (1, 0, 0, by, 1, 0),
    "translate_x": lambda by, width, _: (1, 0, by * width, 0, 1, 0),
    "translate_y": lambda by, _, height: (1, 0, 0, 0, 1, by * height),
}


def half_of_cutout(amount: float, width: int, height: int) -> int:
    """Return half of the side, in pixels, of the square that is cut out of an image."""
    return int(amount * min(width, height))


def _gray(image: Image.Image):
    return GRAY if image.mode == "L" else (GRAY, GRAY, GRAY)


def _mapped(name: str) -> Callable:
    def operation(image, amount, sign, _center):
        matrix = MAPS[name](sign * amount, *image.size)
        # By default to the nearest pixel.
        return image.transform(image.size, Image.Transform.AFFINE, matrix, fillcolor=_gray(image))

    return operation


def _enhance(enhancement) -> Callable:
    return lambda image, amount, *_: enhancement(image).enhance(amount)


def _tabulated(new: Callable[[np.ndarray, float], np.ndarray]) -> Callable:
    """Return an operation that gives each level of a pixel a new one, whatever the image."""

    @cache
    def table(amount: float) -> np.ndarray:
        return new(np.arange(256), amount).astype(np.uint8)

    def operation(image, amount, *_):
        return Image.fromarray(table(amount)[np.asarray(image)])

    return operation


def _cutout(image, amount, _sign, center):
    half, (row, column) = half_of_cutout(amount, *image.size), center
    box = (column - half, row - half, column + half, row + half)
    image = image.copy()
    image.paste(_gray(image), box)
    return image


# Drawn by their position, so their order may not change.
OPERATIONS: dict[str, Callable] = {
    "autocontrast": lambda image, *_: ImageOps.autocontrast(image),
    "equalize": lambda image, *_: ImageOps.equalize(image),
    "invert": _tabulated(lambda old, _: 255 - old),
    "rotate": _mapped("rotate"),
    "posterize": _tabulated(lambda old, bits: old - old % 2 ** (8 - bits)),
    "solarize": _tabulated(lambda old, threshold: np.where(old < threshold, old, 255 - old)),
    "color": _enhance(ImageEnhance.Color),
    "contrast": _enhance(ImageEnhance.Contrast),
    "brightness": _enhance(ImageEnhance.Brightness),
    "sharpness": _enhance(ImageEnhance.Sharpness),
    **{name: _mapped(name) for name in ("shear_x", "shear_y", "translate_x", "translate_y")},
    "cutout": _cutout,
    "solarize_add": _tabulated(
        lambda old, added: np.where(old < 128, np.minimum(old + added, 255), old)
    ),
}
_BY_INDEX = tuple(OPERATIONS.values())

RAND_AUGMENT = Policy(_draw, _apply, "self_training.image.noise_on_gpu:rand_augment")
