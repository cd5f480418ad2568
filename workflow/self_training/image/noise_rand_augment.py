"""RandAugment: half of the images mirrored, each through some operations on shape and color.

Source: Cubuk et al. 2020 (CVPR workshops), section 3, with the operations and ranges of the
implementation in torchvision.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from self_training.image.noise import Policy, warp


def _draw(shape, _strength, operations: int, rng: np.random.Generator):
    """Draw which operations an image goes through; all of them have one strength.

    Returns:
        mirrored: bool (examples,).
        drawn: int (examples, operations), indices into OPERATIONS.
        signs: float64 (examples, operations), of those operations that have two directions.
    """
    count = shape[0]
    mirrored = rng.random(count) < 0.5
    drawn = rng.integers(0, len(OPERATIONS), (count, operations))
    return mirrored, drawn, rng.choice([-1.0, 1.0], (count, operations))


def _apply(image: Image.Image, strength, fill, mirrored, drawn, signs) -> Image.Image:
    if mirrored:
        image = ImageOps.mirror(image)
    for operation, sign in zip(drawn, signs, strict=True):
        image = _BY_INDEX[operation](image, strength, sign, fill)
    return image


# Affine maps of operations, of strength times sign, width and height.
MAPS: dict[str, Callable] = {
    "shear_x": lambda by, *_: (1, 0.3 * by, 0, 0, 1, 0),
    "shear_y": lambda by, *_: (1, 0, 0, 0.3 * by, 1, 0),
    "translate_x": lambda by, width, _: (1, 0, 150 / 331 * by * width, 0, 1, 0),
    "translate_y": lambda by, _, height: (1, 0, 0, 0, 1, 150 / 331 * by * height),
}


def _mapped(name: str) -> Callable:
    def operation(image, strength, sign, fill):
        return warp(image, MAPS[name](sign * strength, *image.size), fill)

    return operation


def _rotate(image, strength, sign, fill):
    return image.rotate(sign * 30 * strength, Image.Resampling.BILINEAR, fillcolor=fill)


def _enhance(enhancement) -> Callable:
    def operation(image, strength, sign, _fill):
        return enhancement(image).enhance(1 + sign * 0.9 * strength)

    return operation


# Drawn by their position, so their order may not change.
OPERATIONS: dict[str, Callable] = {
    "identity": lambda image, *_: image,
    **{name: _mapped(name) for name in MAPS},
    "rotate": _rotate,
    "brightness": _enhance(ImageEnhance.Brightness),
    "color": _enhance(ImageEnhance.Color),
    "contrast": _enhance(ImageEnhance.Contrast),
    "sharpness": _enhance(ImageEnhance.Sharpness),
    "posterize": lambda image, strength, *_: ImageOps.posterize(image, 8 - round(4 * strength)),
    "solarize": lambda image, strength, *_: ImageOps.solarize(image, 256 - 256 * strength),
    "autocontrast": lambda image, *_: ImageOps.autocontrast(image),
    "equalize": lambda image, *_: ImageOps.equalize(image),
}
_BY_INDEX = tuple(OPERATIONS.values())

RAND_AUGMENT = Policy(_draw, _apply, "self_training.image.noise_on_gpu:rand_augment")
