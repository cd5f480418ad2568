"""Input noise: random changes of training vectors that keep their class. NumPy, no Keras."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from self_training.data.pool import Pool

LARGEST_MAGNITUDE = 30  # As of images.


@dataclass(frozen=True)
class Policy:
    """A kind of input noise of vectors. `study.names.POLICIES` says which there are.

    change: draws what is done to vectors, and does it: a function of vectors, float32 (examples,
        features), the magnitude, a generator and the pool, to vectors.
    on_gpu: dotted path of a function that does the same on JAX (see `vector.noise_on_gpu`).
    """

    change: Callable[..., np.ndarray]
    on_gpu: str

    def draw_steps(
        self,
        rows: tuple[int, int],
        shape: tuple[int, ...],
        magnitude: float,
        operations: int,
        rng: np.random.Generator,
        pool: Pool,
    ) -> tuple[np.ndarray, ...]:
        """Draw the keys of what JAX draws in each of some steps.

        There are more numbers to draw than to train with: drawn here, they took ten times as long
        as the training.

        Args:
            rows: steps, batch.
            shape: of a vector.
            magnitude, pool: of `add_noise`.
            operations: of policies of images.

        Returns: keys, uint32 (steps, 2), and mean and deviation of the pool, float32 (steps,
            features) each.
        """
        keys = rng.integers(2**32, size=(rows[0], 2), dtype=np.uint32)
        return keys, *(np.broadcast_to(some, (rows[0], *shape)) for some in pool)

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
        return self.change(vectors, magnitude, rng, pool)


def _add(vectors, magnitude, rng, pool):
    normal = rng.standard_normal(vectors.shape, np.float32)
    return vectors + normal * (np.float32(magnitude) * pool.deviation)


def _drop(vectors, magnitude, rng, pool):
    dropped = rng.random(vectors.shape, np.float32) < magnitude / LARGEST_MAGNITUDE
    return np.where(dropped, pool.mean, vectors)


# Normal noise, of a standard deviation of `magnitude` deviations that a feature has in the pool.
GAUSSIAN = Policy(_add, "self_training.vector.noise_on_gpu:gaussian")
# Features that are replaced by their means in the pool, a share of magnitude / LARGEST_MAGNITUDE.
FEATURE_DROPOUT = Policy(_drop, "self_training.vector.noise_on_gpu:drop_features")
