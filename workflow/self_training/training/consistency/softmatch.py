"""SoftMatch: weights by a truncated normal distribution of confidences (Chen et al. 2023, ICLR).

With the uniform alignment of section 3.3, of which confidences alone are taken.
"""

from typing import Any

import numpy as np

from self_training.training.consistency.method import Judged, Method, hard
from self_training.training.framework import keras


def start(classes: int, examples: int) -> list[np.ndarray]:
    """Return mean and variance of confidences, and the mean probabilities: 0 before the first."""
    share = np.array(1 / classes, np.float32)
    return [share, np.ones_like(share), np.zeros(classes, np.float32)]


def judge(weak: Any, places: Any, state: list, own: dict) -> Judged:
    """Return the most probable class of weak views, with a weight.

    That is 1 from the mean confidence on; below, it falls as the density of a normal distribution
    of the confidences' variance, whose deviation is halved for `deviations` of 2.
    """
    ops = keras.ops

    def follow(before: Any, now: Any) -> Any:
        return own["momentum"] * before + (1 - own["momentum"]) * now

    now = ops.mean(weak, axis=0)
    probabilities = ops.where(ops.sum(state[2]) > 0, follow(state[2], now), now)
    aligned = weak / probabilities
    confidence = ops.max(aligned / ops.sum(aligned, axis=-1, keepdims=True), axis=-1)
    size = confidence.shape[0]
    mean = follow(state[0], ops.mean(confidence))
    variance = follow(state[1], ops.var(confidence) * size / max(1, size - 1))
    below = ops.minimum(confidence - mean, 0)
    weights = ops.exp(-(below**2) / (2 * variance / own["deviations"] ** 2))
    return Judged(hard(weak), weights, [mean, variance, probabilities])


SOFTMATCH = Method(judge, start)
