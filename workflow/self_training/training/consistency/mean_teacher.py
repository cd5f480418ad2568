"""Mean Teacher: what averaged weights say of another view (Tarvainen and Valpola 2017, NeurIPS)."""

from typing import Any

from self_training.training.consistency.method import Judged, Method
from self_training.training.framework import keras


def judge(weak: Any, places: Any, state: list, own: dict) -> Judged:
    """Return the teacher's probabilities, of all examples."""
    return Judged(weak, keras.ops.ones_like(weak[:, 0]), state)


def learn(strong: Any, judged: Judged, own: dict) -> Any:
    """Return the mean squared difference of probabilities, over examples and classes."""
    return keras.ops.mean((strong - judged.targets) ** 2)


def rise(own: dict) -> Any:
    """Return the part of the weight that there is: it rises linearly over the share `warmup` of the
    steps."""
    ops = keras.ops
    risen = ops.clip(own["done"] / ops.maximum(own["warmup"], 1e-9), 0, 1)
    return ops.where(own["warmup"] > 0, risen, ops.ones_like(risen))


MEAN_TEACHER = Method(judge, learn=learn, rise=rise, by_average=True)
