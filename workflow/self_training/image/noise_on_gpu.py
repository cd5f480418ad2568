"""Policies of input noise on JAX, as a part of the compiled step: a CPU would hold up a GPU.

Numbers are drawn by `image.noise`, on the CPU. Pillow computes in double precision, JAX in single:
a few pixels in a thousand differ by one level; where shifts and scalings interpolate at an edge of
the image, by more.

A policy here is a function that returns noisy copies of images:

    images: uint8 (examples, height, width, 1 or 3);
    magnitude: of `image.noise`, known when this is compiled;
    draws: of `image.noise.Policy.draw`;

and returns float32 of the same shape, whole numbers from 0 to 255.
"""

from collections.abc import Callable
from functools import partial
from math import floor

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates

from self_training.image.noise_rand_augment import (
    CROP,
    GRAY,
    MAPS,
    OPERATIONS,
    amounts_at,
    half_of_cutout,
)

# What is less than this below a whole number is one, but for rounding; the rest is cut off.
_ROUNDING = 1e-4


def _add_noise(change: Callable, images, magnitude: float, draws: tuple):
    """Put every image through a change of its pixels, magnitude and draws."""

    def of_one(image, *own):
        return change(image, magnitude, *own)

    return jax.vmap(of_one)(images.astype(jnp.float32), *draws)


def _geometric(image, _magnitude, warp, box):
    background = _background(image)
    y, x = jnp.indices(image.shape[:2])
    left, upper, right, lower = box
    erased = (left <= x) & (x < right) & (upper <= y) & (y < lower)
    return jnp.where(erased[..., None], background, _warp(image, warp, background))


def _rand_augment(image, magnitude, drawn, signs, centers, crop, mirrored):
    height, width, _ = image.shape
    amounts = dict(zip(OPERATIONS, amounts_at(magnitude), strict=True))

    def map_of(name, by):
        return _in_65536ths(*MAPS[name](by, width, height) if name in MAPS else _NO_WARP)

    # (operations, signs, 6): an operation is a warp, or else a change of pixels in their places.
    rows = [[map_of(name, sign * by) for sign in (-1, 1)] for name, by in amounts.items()]
    maps = jnp.array(rows, jnp.int32)
    changes = [partial(_CHANGES.get(name, _identity), amount=by) for name, by in amounts.items()]
    for operation, sign, center in zip(drawn, signs, centers, strict=True):
        image = _warp_to_nearest(image, maps[operation, (sign > 0).astype(int)])
        image = jax.lax.switch(operation, changes, image, center)
    padding = [(side // CROP, side // CROP) for side in image.shape[:2]]
    padded = jnp.pad(image, [*padding, (0, 0)], mode="reflect")
    image = jax.lax.dynamic_slice(padded, (*crop, 0), image.shape)
    return jnp.where(mirrored, image[:, ::-1], image)


def _background(image):
    corners = image[jnp.array([0, 0, -1, -1]), jnp.array([0, -1, 0, -1])]
    return jnp.floor(jnp.median(corners, axis=0))


def _warp(image, warp, background):
    height, width, _ = image.shape
    y, x = jnp.indices((height, width)) + 0.5
    across, down = (warp[i] * x + warp[i + 1] * y + warp[i + 2] for i in (0, 3))
    inside = (across >= 0) & (across < width) & (down >= 0) & (down < height)

    def of_channel(channel):
        return map_coordinates(channel, [down - 0.5, across - 0.5], order=1, mode="nearest")

    warped = jax.vmap(of_channel, -1, -1)(image)
    return jnp.where(inside[..., None], jnp.floor(warped + _ROUNDING), background)


_NO_WARP = (1, 0, 0, 0, 1, 0)


def _in_65536ths(*warp: float) -> list[int]:
    """Return an affine map of the centers of pixels in whole numbers, as Pillow computes it."""
    rows = [(a, b, c + a / 2 + b / 2) for a, b, c in (warp[:3], warp[3:])]
    return [floor(number * 65536 + 0.5) for row in rows for number in row]


def _warp_to_nearest(image, warp):
    """Warp an image by a map of `_in_65536ths`, without interpolation."""
    height, width, _ = image.shape
    y, x = jnp.indices((height, width))
    across, down = ((warp[i] * x + warp[i + 1] * y + warp[i + 2]) >> 16 for i in (0, 3))
    inside = (across >= 0) & (across < width) & (down >= 0) & (down < height)
    warped = image[down.clip(0, height - 1), across.clip(0, width - 1)]
    return jnp.where(inside[..., None], warped, GRAY)


def _identity(image, _center, amount):
    return image


def _enhance(degenerate):
    """Blend an image with a degenerate one of it, as `PIL.ImageEnhance` does."""

    def operation(image, _center, amount):
        other = degenerate(image)
        blended = other + amount * (image - other)
        return jnp.floor(jnp.clip(blended, 0, 255) + _ROUNDING)

    return operation


def _gray(image):
    """Return (height, width, 1): luma in 16 bits, as `PIL.Image.convert` computes it."""
    if image.shape[-1] == 1:
        return image
    luma = image.astype(jnp.int32) @ jnp.array([19595, 38470, 7471])
    return ((luma + 0x8000) >> 16).astype(jnp.float32)[..., None]


def _mean_gray(image):
    gray = _gray(image)
    return jnp.floor(gray.sum() / gray.size + 0.5) * jnp.ones_like(image)


def _smooth(image):
    """Return every pixel's mean with its neighbors, itself five times; the border as it is."""
    height, width, _ = image.shape
    around = sum(
        image[1 + y : height - 1 + y, 1 + x : width - 1 + x] for y in (-1, 0, 1) for x in (-1, 0, 1)
    )
    inner = jnp.floor((around + 4 * image[1:-1, 1:-1]) / 13 + 0.5)
    return jax.lax.dynamic_update_slice(image, inner, (1, 1, 0))


def _posterize(image, _center, amount):
    return image - image % 2 ** (8 - amount)


def _solarize(image, _center, amount):
    return jnp.where(image < amount, image, 255 - image)


def _solarize_add(image, _center, amount):
    return jnp.where(image < 128, jnp.minimum(image + amount, 255), image)


def _cutout(image, center, amount):
    height, width, _ = image.shape
    half = half_of_cutout(amount, width, height)
    y, x = jnp.indices((height, width))
    row, column = center
    inside = (row - half <= y) & (y < row + half) & (column - half <= x) & (x < column + half)
    return jnp.where(inside[..., None], GRAY, image)


def _autocontrast(image, _center, amount):
    low, high = image.min(axis=(0, 1)), image.max(axis=(0, 1))
    stretched = jnp.floor((image - low) * 255 / jnp.maximum(high - low, 1) + _ROUNDING)
    return jnp.where(high > low, stretched, image)


def _equalize(image, _center, amount):
    def of_channel(channel):
        values = channel.astype(jnp.int32)
        # Pixels darker than each level. Counting by scattering is slow where it is deterministic.
        darker = jnp.searchsorted(jnp.sort(values, axis=None), jnp.arange(256))
        step = darker[values.max()] // 255
        levels = jnp.minimum((step // 2 + darker) // jnp.maximum(step, 1), 255)
        return jnp.where(step > 0, levels[values], values).astype(jnp.float32)

    return jax.vmap(of_channel, -1, -1)(image)


# Operations that move no pixels.
_CHANGES = {
    "autocontrast": _autocontrast,
    "equalize": _equalize,
    "invert": lambda image, _center, amount: 255 - image,
    "posterize": _posterize,
    "solarize": _solarize,
    "color": _enhance(lambda image: _gray(image) * jnp.ones_like(image)),
    "contrast": _enhance(_mean_gray),
    "brightness": _enhance(jnp.zeros_like),
    "sharpness": _enhance(_smooth),
    "cutout": _cutout,
    "solarize_add": _solarize_add,
}

geometric = partial(_add_noise, _geometric)
rand_augment = partial(_add_noise, _rand_augment)
