"""Input noise: random changes of training images that keep their class. NumPy and Pillow, no Keras.

Images are changed as bytes, before a batch is formed, so that every backend sees the same ones.
Where runs are trained together on a GPU, `noise_on_gpu` does to them what is drawn here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

LARGEST_MAGNITUDE = 30  # What a magnitude does is up to the policy.


@dataclass(frozen=True)
class Policy:
    """A kind of input noise. `study.names.POLICIES` says which there are.

    draws: draws what is done to images: a function of their shape (examples, height, width,
        channels), the magnitude, the number of operations and a generator, to a tuple of arrays
        with a row per image.
    apply: does it to one image: a function of a Pillow image, the magnitude, the color of the
        image's background and the image's row of every array, to a Pillow image or an array.
    on_gpu: dotted path of a function that does it to many images on JAX (see `noise_on_gpu`).
    """

    draws: Callable[..., tuple[np.ndarray, ...]]
    apply: Callable[..., Image.Image | np.ndarray]
    on_gpu: str

    def draw(
        self,
        shape: tuple[int, ...],
        magnitude: float,
        operations: int,
        rng: np.random.Generator,
        pool: object = None,
    ) -> tuple[np.ndarray, ...]:
        """Draw what is done to images of a shape, which `add_noise` does to them with Pillow.

        Args:
            shape: examples, height, width, channels.
            magnitude, operations, pool: of `add_noise`.
        """
        return self.draws(shape, magnitude, operations, rng)

    def draw_steps(
        self,
        rows: tuple[int, int],
        shape: tuple[int, ...],
        magnitude: float,
        operations: int,
        rng: np.random.Generator,
        pool: object = None,
    ) -> tuple[np.ndarray, ...]:
        """Draw what is done to the images of some steps, arrays (steps, batch, ...).

        Args:
            rows: steps, batch.
            shape: of an image.
            magnitude, operations, pool: of `add_noise`.
        """
        draws = self.draw((rows[0] * rows[1], *shape), magnitude, operations, rng)
        return tuple(array.reshape(*rows, *array.shape[1:]) for array in draws)

    def add_noise(
        self,
        images: np.ndarray,
        magnitude: float,
        operations: int,
        rng: np.random.Generator,
        pool: object = None,
    ) -> np.ndarray:
        """Return noisy copies of images.

        Args:
            images: uint8 (examples, height, width, 1 or 3).
            magnitude: 0 (no noise: the images themselves) to LARGEST_MAGNITUDE.
            operations: how many an image goes through, of policies that have such.
            pool: of policies of vectors.

        Returns: uint8 of the same shape.
        """
        if magnitude == 0 or len(images) == 0:
            return images
        noisy = np.empty_like(images)
        draws = [array.tolist() for array in self.draw(images.shape, magnitude, operations, rng)]
        fills = _backgrounds(images)
        gray = images.shape[3] == 1
        for index, (image, fill, *own) in enumerate(zip(images, fills, *draws, strict=True)):
            pillow = Image.fromarray(image[..., 0] if gray else image)
            changed = self.apply(pillow, magnitude, fill, *own)
            noisy[index] = np.asarray(changed).reshape(image.shape)
        return noisy


def warp(image: Image.Image, matrix, fill) -> Image.Image:
    """Return an image warped by an affine map from new pixels to old ones, bilinearly.

    Args:
        matrix: of x and y, each the factors of x and y and a constant; six numbers.
        fill: color of what comes from outside of the image.
    """
    return image.transform(
        image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=fill
    )


def _backgrounds(images: np.ndarray) -> list:
    """Return what fills the places that an image's noise uncovers: the color of its corners."""
    corners = np.median(images[:, [0, 0, -1, -1], [0, -1, 0, -1]], axis=1).astype(int)
    return [color[0] if len(color) == 1 else tuple(color) for color in corners.tolist()]
