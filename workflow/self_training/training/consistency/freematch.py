"""FreeMatch: thresholds that follow the network's confidence (Wang et al. 2023, ICLR, section 3).

Sections and equations are those of the paper: self-adaptive thresholds (5 to 8), self-adaptive
class fairness (11 to 13).
"""

from typing import Any

import numpy as np

from self_training.training.consistency.method import Judged, Method, cross_entropy, hard
from self_training.training.framework import keras

# Added to what a logarithm is taken of.
_TINY = 1e-12


def start(classes: int, examples: int) -> list[np.ndarray]:
    """Return the mean confidence, the mean probabilities and the shares of predicted classes."""
    share = np.float32(1 / classes)
    return [np.array(share), np.full(classes, share), np.full(classes, share)]


def judge(weak: Any, places: Any, state: list, own: dict) -> Judged:
    """Return the most probable class of weak views, where its probability is above the class's own
    threshold: the mean confidence, times the class's mean probability in parts of the largest."""
    ops = keras.ops

    def follow(before: Any, now: Any) -> Any:
        return own["momentum"] * before + (1 - own["momentum"]) * now

    predicted, confidence = ops.argmax(weak, axis=-1), ops.max(weak, axis=-1)
    means = follow(state[0], ops.mean(confidence)), follow(state[1], ops.mean(weak, axis=0))
    shares = follow(state[2], ops.mean(hard(weak), axis=0))
    thresholds = means[0] * means[1] / ops.max(means[1])
    selected = ops.cast(confidence > ops.take(thresholds, predicted), "float32")
    return Judged(hard(weak), selected, [*means, shares])


def learn(strong: Any, judged: Judged, own: dict) -> Any:
    """Return the cross-entropy, and `entropy` times the loss of class fairness.

    That asks of the selected strong views to be spread over the classes as weak views have been,
    both in parts of how often each class is the most probable one.
    """
    ops = keras.ops
    _, probabilities, shares = judged.state
    selected = ops.expand_dims(judged.weights, -1)
    count = ops.maximum(ops.sum(selected), 1)
    mean = ops.sum(selected * strong, axis=0) / count
    predicted = ops.sum(selected * hard(ops.stop_gradient(strong)), axis=0) / count
    expected = probabilities / shares
    # A class that nothing is predicted as has no share to divide by.
    found = ops.where(predicted > 0, mean / ops.where(predicted > 0, predicted, 1), 0)
    found = found / ops.maximum(ops.sum(found), _TINY)
    fairness = ops.sum(expected / ops.sum(expected) * ops.log(found + _TINY))
    any_is = ops.cast(ops.sum(selected) > 0, "float32")
    return cross_entropy(strong, judged, own) + own["entropy"] * any_is * fairness


FREEMATCH = Method(judge, start, learn)
