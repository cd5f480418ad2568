"""FlexMatch: a threshold for each class, by how well it is learned (Zhang et al. 2021, NeurIPS).

With the warm-up of section 3.2 and the convex mapping of section 3.3.
"""

from typing import Any

import numpy as np

from self_training.training.consistency.method import Judged, Method, hard
from self_training.training.framework import keras


def start(classes: int, examples: int) -> list[np.ndarray]:
    """Return, of every example, as which class it was last confident: `classes` for none.

    What comes after the last example is nothing's.
    """
    return [np.full(examples + 1, classes, np.int32)]


def judge(weak: Any, places: Any, state: list, own: dict) -> Judged:
    """Return the most probable class of weak views, where its probability is above the class's own
    threshold.

    That is `threshold` times x / (2 - x): x is how many unlabeled examples were last confident as
    the class, in parts of how many were as the largest class, or as none, if these are more.
    """
    ops = keras.ops
    classes = weak.shape[-1]
    (last,) = state
    learned = ops.sum(ops.one_hot(last[:-1], classes), axis=0)
    unused = own["unlabeled"] - ops.sum(learned)
    status = learned / ops.maximum(ops.max(learned), unused)
    predicted, confidence = ops.argmax(weak, axis=-1), ops.max(weak, axis=-1)
    thresholds = own["threshold"] * status / (2 - status)
    selected = ops.cast(confidence > ops.take(thresholds, predicted), "float32")
    before = ops.take(last, places)
    # Only what reaches the threshold of all classes counts as learned.
    now = ops.where(confidence > own["threshold"], ops.cast(predicted, "int32"), before)
    last = ops.scatter_update(last, places[:, None], now)
    return Judged(hard(weak), selected, [last])


FLEXMATCH = Method(judge, start)
