"""FixMatch: hard pseudo-labels of what is confident (Sohn et al. 2020, NeurIPS, section 2.1)."""

from typing import Any

from self_training.training.consistency.method import Judged, Method, hard
from self_training.training.framework import keras


def judge(weak: Any, places: Any, state: list, own: dict) -> Judged:
    """Return the most probable class of weak views, where its probability reaches `threshold`."""
    reaches = keras.ops.max(weak, axis=-1) >= own["threshold"]
    return Judged(hard(weak), keras.ops.cast(reaches, "float32"), state)


FIXMATCH = Method(judge)
