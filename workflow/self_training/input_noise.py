"""Input noise: random changes of training images that keep their class. NumPy and Pillow, no Keras.

Images are changed as bytes, before a batch is formed, so that every backend sees the same ones.
Where runs are trained together on a GPU, `noise_on_gpu` does to them what is drawn here.
"""

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

LARGEST_MAGNITUDE = 30

# What `characters` and `clothing` do at the largest magnitude.
LARGEST_TRANSLATION = 0.3  # of height and width
LARGEST_ROTATION = 45.0  # degrees
LARGEST_SCALING = 0.4  # sides become 1 - 0.4 to 1 + 0.4 times as long
LARGEST_ERASING = 0.5  # of height and width


def add_noise(
    images: np.ndarray,
    policy: str,
    magnitude: float,
    operations: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return noisy copies of images.

    Args:
        images: uint8 (examples, height, width, 1 or 3).
        policy: a name in POLICIES.
        magnitude: 0 (no noise: the images themselves) to 30.
        operations: of `rand_augment`, how many an image goes through.

    Returns: uint8 of the same shape.
    """
    if magnitude == 0 or len(images) == 0:
        return images
    noisy = np.empty_like(images)
    strength, fills = magnitude / LARGEST_MAGNITUDE, _backgrounds(images)
    draws = [array.tolist() for array in draw(images.shape, policy, magnitude, operations, rng)]
    gray = images.shape[3] == 1
    for index, (image, fill, *own) in enumerate(zip(images, fills, *draws, strict=True)):
        pillow = Image.fromarray(image[..., 0] if gray else image)
        changed = POLICIES[policy](pillow, strength, fill, *own)
        noisy[index] = np.asarray(changed).reshape(image.shape)
    return noisy


def draw(
    shape: tuple[int, int, int, int],
    policy: str,
    magnitude: float,
    operations: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, ...]:
    """Draw what is done to images, which `add_noise` does to them with Pillow.

    Args:
        shape: examples, height, width, channels.
        policy, magnitude, operations: of `add_noise`.

    Returns, of `characters` and `clothing`:
        warps: float64 (examples, 6), affine maps from new pixels to old ones: x and y, each by its
            factors of x and y and a constant.
        boxes: int (examples, 4), what is erased: left, upper, right, lower, the last two exclusive.
    and of `rand_augment`:
        mirrored: bool (examples,).
        drawn: int (examples, operations), indices into OPERATIONS.
        signs: float64 (examples, operations), of those operations that have two directions.
    """
    strength = magnitude / LARGEST_MAGNITUDE
    if policy == "rand_augment":
        return _draw_operations(shape[0], operations, rng)
    return _draw_geometry(shape, strength, rng, flip=policy == "clothing")


def _draw_geometry(shape, strength: float, rng: np.random.Generator, flip: bool):
    count, height, width, _ = shape
    draws = rng.uniform(-strength, strength, (4, count))
    shift_x, shift_y = LARGEST_TRANSLATION * draws[:2] * [[width], [height]]
    angle = np.radians(LARGEST_ROTATION * draws[2])
    scale = 1 + LARGEST_SCALING * draws[3]
    mirrored = rng.random(count) < 0.5 if flip else np.zeros(count, bool)
    warps = _warps(height, width, angle, scale, shift_x, shift_y, mirrored)
    sides = LARGEST_ERASING * rng.uniform(0, strength, (2, count)) * [[width], [height]]
    corners = rng.random((2, count)) * [[width], [height]] - sides / 2
    boxes = np.rint(np.stack([*corners, *(corners + sides)], axis=1)).astype(int)
    return warps, boxes.clip(0, [width, height, width, height])


def _draw_operations(count: int, operations: int, rng: np.random.Generator):
    mirrored = rng.random(count) < 0.5
    drawn = rng.integers(0, len(OPERATIONS), (count, operations))
    return mirrored, drawn, rng.choice([-1.0, 1.0], (count, operations))


def _geometric(image: Image.Image, _strength, fill, warp, box) -> Image.Image:
    """Shift, rotate, scale, and erase a rectangle, each by a random amount up to its largest.

    Of `clothing` half of the images are mirrored as well.
    """
    image = _warp(image, warp, fill)
    image.paste(fill, tuple(box))
    return image


def _rand_augment(image: Image.Image, strength, fill, mirrored, drawn, signs) -> Image.Image:
    """Mirror half of the images, and put each through some random operations, all of one strength.

    Source: Cubuk et al. 2020 (CVPR workshops), section 3, with the operations and ranges of the
    implementation in torchvision.
    """
    if mirrored:
        image = ImageOps.mirror(image)
    for operation, sign in zip(drawn, signs, strict=True):
        image = _BY_INDEX[operation](image, strength, sign, fill)
    return image


POLICIES = {"characters": _geometric, "clothing": _geometric, "rand_augment": _rand_augment}


def _backgrounds(images: np.ndarray) -> list:
    """Return what fills the places that an image's noise uncovers: the color of its corners."""
    corners = np.median(images[:, [0, 0, -1, -1], [0, -1, 0, -1]], axis=1).astype(int)
    return [color[0] if len(color) == 1 else tuple(color) for color in corners.tolist()]


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


def _warp(image: Image.Image, matrix, fill) -> Image.Image:
    return image.transform(
        image.size,
        Image.Transform.AFFINE,
        matrix,
        Image.Resampling.BILINEAR,
        fillcolor=fill,
    )


def _rotate(image, strength, sign, fill):
    return image.rotate(sign * 30 * strength, Image.Resampling.BILINEAR, fillcolor=fill)


# Affine maps of operations, of strength times sign, width and height.
MAPS = {
    "shear_x": lambda by, *_: (1, 0.3 * by, 0, 0, 1, 0),
    "shear_y": lambda by, *_: (1, 0, 0, 0.3 * by, 1, 0),
    "translate_x": lambda by, width, _: (1, 0, 150 / 331 * by * width, 0, 1, 0),
    "translate_y": lambda by, _, height: (1, 0, 0, 0, 1, 150 / 331 * by * height),
}


def _mapped(name):
    def operation(image, strength, sign, fill):
        return _warp(image, MAPS[name](sign * strength, *image.size), fill)

    return operation


def _enhance(enhancement):
    def operation(image, strength, sign, _fill):
        return enhancement(image).enhance(1 + sign * 0.9 * strength)

    return operation


OPERATIONS = {
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
