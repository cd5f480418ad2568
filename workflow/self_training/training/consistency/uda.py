"""UDA: sharpened soft pseudo-labels of what is confident (Xie et al. 2020, NeurIPS, section 3.2).

Without the annealing of given labels of section 3.3, which is for tasks on which these are learned
by heart.
"""

from typing import Any

from self_training.training.consistency.method import LEAST, Judged, Method
from self_training.training.framework import keras


def judge(weak: Any, places: Any, state: list, own: dict) -> Judged:
    """Return probabilities of weak views at `temperature`, of the softmax that gave them, where
    the largest, at temperature 1, reaches `threshold`."""
    ops = keras.ops
    sharp = ops.softmax(ops.log(ops.maximum(weak, LEAST)) / own["temperature"], axis=-1)
    reaches = ops.max(weak, axis=-1) >= own["threshold"]
    return Judged(sharp, ops.cast(reaches, "float32"), state)


UDA = Method(judge)
