"""Input noise: random changes of training vectors that keep their class. NumPy, no Keras."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from self_training.data.pool import Pool

LARGEST_MAGNITUDE = 30  # As of images.


@dataclass(frozen=True)
class Policy:
    """A kind of input noise of vectors. `study.names.POLICIES` says which there are.

    draws: draws what is done to vectors: a function of their shape (examples, features), the
        magnitude, a generator and the pool, to a tuple of arrays with a row per vector.
    apply: does it: a function of vectors, float32 (examples, features), and these arrays, of NumPy
        or of JAX, to vectors.
    on_gpu: dotted path of a function that does it on JAX (see `image.noise_on_gpu`).
    """

    draws: Callable[..., tuple[np.ndarray, ...]]
    apply: Callable
    on_gpu: str

    def draw(
        self,
        shape: tuple[int, int],
        magnitude: float,
        operations: int,
        rng: np.random.Generator,
        pool: Pool,
    ) -> tuple[np.ndarray, ...]:
        """Draw what is done to vectors of a shape.

        Args:
            shape: examples, features.
            magnitude, pool: of `add_noise`.
            operations: of policies of images.
        """
        return self.draws(shape, magnitude, rng, pool)

    def add_noise(
        self,
        vectors: np.ndarray,
        magnitude: float,
        operations: int,
        rng: np.random.Generator,
        pool: Pool,
    ) -> np.ndarray:
        """Return noisy copies of vectors.

        Args:
            vectors: float32 (examples, features).
            magnitude: 0 (no noise: the vectors themselves) to LARGEST_MAGNITUDE.
            operations: of policies of images.
            pool: of the outer fold.

        Returns: float32 of the same shape.
        """
        if magnitude == 0 or len(vectors) == 0:
            return vectors
        return self.apply(vectors, *self.draws(vectors.shape, magnitude, rng, pool))


def _draw_gaussian(shape, magnitude, rng, pool):
    return (rng.standard_normal(shape, np.float32) * np.float32(magnitude) * pool.deviation,)


def _add(vectors, added):
    return vectors + added


def _draw_dropped(shape, magnitude, rng, pool):
    dropped = rng.random(shape, np.float32) < magnitude / LARGEST_MAGNITUDE
    return dropped, np.broadcast_to(pool.mean, shape)


def _replace(vectors, dropped, mean):
    return vectors * ~dropped + mean * dropped


# Normal noise, of a standard deviation of `magnitude` deviations that a feature has in the pool.
GAUSSIAN = Policy(_draw_gaussian, _add, "self_training.vector.noise_on_gpu:gaussian")
# Features that are replaced by their means in the pool, a share of magnitude / LARGEST_MAGNITUDE.
FEATURE_DROPOUT = Policy(_draw_dropped, _replace, "self_training.vector.noise_on_gpu:drop_features")
