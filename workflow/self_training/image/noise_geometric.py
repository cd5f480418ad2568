"""Noise that shifts, rotates, scales and erases: for characters, and for clothing mirrored too."""

from functools import partial

import numpy as np
from PIL import Image

from self_training.image.noise import LARGEST_MAGNITUDE, Policy, warp

# At the largest magnitude.
LARGEST_TRANSLATION = 0.3  # of height and width
LARGEST_ROTATION = 45.0  # degrees
LARGEST_SCALING = 0.4  # sides become 1 - 0.4 to 1 + 0.4 times as long
LARGEST_ERASING = 0.5  # of height and width


def _draw(shape, magnitude: float, _operations, rng: np.random.Generator, mirror: bool):
    """Draw an affine map and a rectangle per image.

    Returns:
        warps: float64 (examples, 6), affine maps from new pixels to old ones: x and y, each by its
            factors of x and y and a constant.
        boxes: int (examples, 4), what is erased: left, upper, right, lower, the last two exclusive.
    """
    count, height, width, _ = shape
    strength = magnitude / LARGEST_MAGNITUDE
    draws = rng.uniform(-strength, strength, (4, count))
    shift_x, shift_y = LARGEST_TRANSLATION * draws[:2] * [[width], [height]]
    angle = np.radians(LARGEST_ROTATION * draws[2])
    scale = 1 + LARGEST_SCALING * draws[3]
    mirrored = rng.random(count) < 0.5 if mirror else np.zeros(count, bool)
    warps = _warps(height, width, angle, scale, shift_x, shift_y, mirrored)
    sides = LARGEST_ERASING * rng.uniform(0, strength, (2, count)) * [[width], [height]]
    corners = rng.random((2, count)) * [[width], [height]] - sides / 2
    boxes = np.rint(np.stack([*corners, *(corners + sides)], axis=1)).astype(int)
    return warps, boxes.clip(0, [width, height, width, height])


def _warps(height, width, angle, scale, shift_x, shift_y, mirrored) -> np.ndarray:
    """Return affine maps from new pixels to old ones, (examples, 6), of parameters (examples,).

    An image is mirrored, scaled and rotated about its center, then shifted.
    """
    cosine, sine = np.cos(angle) / scale, np.sin(angle) / scale
    side = np.where(mirrored, -1.0, 1.0)
    center_x, center_y = width / 2, height / 2
    from_x, from_y = center_x + shift_x, center_y + shift_y
    rows = [
        side * cosine,
        side * sine,
        center_x - side * (cosine * from_x + sine * from_y),
        -sine,
        cosine,
        center_y + sine * from_x - cosine * from_y,
    ]
    return np.stack(np.broadcast_arrays(*rows), axis=1)


def _apply(image: Image.Image, _magnitude, fill, matrix, box) -> Image.Image:
    image = warp(image, matrix, fill)
    image.paste(fill, tuple(box))
    return image


_ON_GPU = "self_training.image.noise_on_gpu:geometric"
# Each by a random amount up to its largest: shifts, rotations, scalings, and a rectangle erased.
CHARACTERS = Policy(partial(_draw, mirror=False), _apply, _ON_GPU)
# The same, and half of the images mirrored.
CLOTHING = Policy(partial(_draw, mirror=True), _apply, _ON_GPU)
