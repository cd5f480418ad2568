"""Policies of input noise on JAX, as a part of the compiled step: a CPU would hold up a GPU.

Numbers are drawn by `image.noise`, on the CPU. Pillow interpolates in double precision, JAX in
single: a few pixels in a thousand differ by one level, and at an edge of the image more.

A policy here is a function that returns noisy copies of images:

    images: uint8 (examples, height, width, 1 or 3);
    magnitude: of `image.noise`; a number, or a scalar array where it differs between runs;
    draws: of `image.noise.Policy.draw`;

and returns float32 of the same shape, whole numbers from 0 to 255.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates

from self_training.image.noise import LARGEST_MAGNITUDE
from self_training.image.noise_rand_augment import MAPS, OPERATIONS

# What is less than this below a whole number is one, but for rounding; the rest is cut off.
_ROUNDING = 1e-4


def _add_noise(change: Callable, images, magnitude: float, draws: tuple):
    """Put every image through a change of its pixels, strength, background and draws."""

    def of_one(image, *own):
        return change(image, magnitude / LARGEST_MAGNITUDE, _background(image), *own)

    return jax.vmap(of_one)(images.astype(jnp.float32), *draws)


def _geometric(image, _strength, background, warp, box):
    y, x = jnp.indices(image.shape[:2])
    left, upper, right, lower = box
    erased = (left <= x) & (x < right) & (upper <= y) & (y < lower)
    return jnp.where(erased[..., None], background, _warp(image, warp, background))


def _rand_augment(image, strength, background, mirrored, drawn, signs):
    image = jnp.where(mirrored, image[:, ::-1], image)
    colors = [_COLORS.get(name, _identity) for name in OPERATIONS]
    for operation, sign in zip(drawn, signs, strict=True):
        # An operation is a warp, which is none for those of color, or one of color, or neither.
        warps = jnp.stack([_warp_of(name, strength * sign, image) for name in OPERATIONS])
        image = _warp(image, warps[operation], background)
        image = jax.lax.switch(operation, colors, image, strength, sign)
    return image


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


def _warp_of(name: str, by, image):
    """Return the affine map of an operation; `by` is strength times sign."""
    height, width, _ = image.shape
    if name in MAPS:
        return jnp.array(MAPS[name](by, width, height))
    # Counter-clockwise, about the center.
    angle = jnp.radians(30 * by) if name == "rotate" else jnp.zeros_like(by)
    cosine, sine = jnp.cos(angle), -jnp.sin(angle)
    x, y = width / 2, height / 2
    across = [cosine, sine, x - cosine * x - sine * y]
    return jnp.array([*across, -sine, cosine, y + sine * x - cosine * y])


def _identity(image, _strength, _sign):
    return image


def _enhance(degenerate):
    """Blend an image with a degenerate one of it, as `PIL.ImageEnhance` does."""

    def operation(image, strength, sign):
        other = degenerate(image)
        blended = other + (1 + sign * 0.9 * strength) * (image - other)
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


def _posterize(image, strength, _sign):
    step = 1 << jnp.round(4 * strength).astype(int)
    return image - image % step


def _solarize(image, strength, _sign):
    return jnp.where(image < 256 - 256 * strength, image, 255 - image)


def _autocontrast(image, _strength, _sign):
    low, high = image.min(axis=(0, 1)), image.max(axis=(0, 1))
    stretched = jnp.floor((image - low) * 255 / jnp.maximum(high - low, 1) + _ROUNDING)
    return jnp.where(high > low, stretched, image)


def _equalize(image, _strength, _sign):
    def of_channel(channel):
        values = channel.astype(jnp.int32)
        # Pixels darker than each level. Counting by scattering is slow where it is deterministic.
        darker = jnp.searchsorted(jnp.sort(values, axis=None), jnp.arange(256))
        step = darker[values.max()] // 255
        levels = jnp.minimum((step // 2 + darker) // jnp.maximum(step, 1), 255)
        return jnp.where(step > 0, levels[values], values).astype(jnp.float32)

    return jax.vmap(of_channel, -1, -1)(image)


_COLORS = {
    "brightness": _enhance(jnp.zeros_like),
    "color": _enhance(lambda image: _gray(image) * jnp.ones_like(image)),
    "contrast": _enhance(_mean_gray),
    "sharpness": _enhance(_smooth),
    "posterize": _posterize,
    "solarize": _solarize,
    "autocontrast": _autocontrast,
    "equalize": _equalize,
}

geometric = partial(_add_noise, _geometric)
rand_augment = partial(_add_noise, _rand_augment)
