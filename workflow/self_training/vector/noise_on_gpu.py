"""Policies of input noise of vectors on JAX, as a part of the compiled step, which draws it, too.

So it is other noise than that of `vector.noise`, of the same distribution. A policy here is a
function that returns noisy copies of vectors:

    vectors: float32 (examples, features);
    magnitude: of `vector.noise`, known when this is compiled;
    draws: of a step, of `vector.noise.Policy.draw_steps`.
"""

from typing import Any

import jax
import jax.numpy as jnp

from self_training.vector.noise import LARGEST_MAGNITUDE


def gaussian(vectors, magnitude: float, draws: tuple) -> Any:
    """Return vectors with normal noise."""
    key, _, deviation = draws
    normal = jax.random.normal(jax.random.wrap_key_data(key), vectors.shape)
    return vectors + normal * (magnitude * deviation)


def drop_features(vectors, magnitude: float, draws: tuple) -> Any:
    """Return vectors of which some features are replaced by their means."""
    key, mean, _ = draws
    share = magnitude / LARGEST_MAGNITUDE
    dropped = jax.random.bernoulli(jax.random.wrap_key_data(key), share, vectors.shape)
    return jnp.where(dropped, mean, vectors)
