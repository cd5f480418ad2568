"""Thumbnails: what a look at the data compares images by."""

import numpy as np
from PIL import Image

SIDE = 16  # Pixels, at most: with more, an image that was compressed again is another one.


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Return small gray images, made by averaging areas; those that are smaller stay as they are.

    Args:
        images: uint8 (examples, height, width, 1 or 3).

    Returns: float32 (examples, pixels), of gray levels from 0 to 255.
    """
    height, width = (min(side, SIDE) for side in images.shape[1:3])
    small = np.empty((len(images), height, width), np.float32)
    for image, target in zip(images, small, strict=True):
        gray = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).convert("L")
        target[:] = gray.convert("F").resize((width, height), Image.Resampling.BOX)
    return small.reshape(len(images), -1)
