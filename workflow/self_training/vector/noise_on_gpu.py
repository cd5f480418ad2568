"""Policies of input noise of vectors on JAX, as a part of the compiled step.

Numbers are drawn by `vector.noise`. A policy here is a function that returns noisy copies of
vectors:

    vectors: float32 (examples, features);
    magnitude: of `vector.noise`, which the draws have in them;
    draws: of `vector.noise.Policy.draw`.
"""

from typing import Any

from self_training.vector import noise


def gaussian(vectors, magnitude: float, draws: tuple) -> Any:
    """Return vectors with normal noise."""
    return noise.GAUSSIAN.apply(vectors, *draws)


def drop_features(vectors, magnitude: float, draws: tuple) -> Any:
    """Return vectors of which some features are replaced by their means."""
    return noise.FEATURE_DROPOUT.apply(vectors, *draws)
