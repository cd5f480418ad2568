"""What a method of consistency training is: how it judges unlabeled examples, and learns of them.

A method says of a batch of unlabeled examples what the network is to learn of each, and with which
weight. All else is one step for all methods (`step`). What is here runs on TensorFlow and JAX.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from self_training.training.framework import keras

# Below this a probability is taken for it, as in the losses of Keras.
LEAST = 1e-7


class Judged(NamedTuple):
    """What is to be learned of the unlabeled examples of a batch.

    targets: (unlabeled, classes) probabilities.
    weights: (unlabeled,) in [0, 1]; of a mask 0 or 1.
    state: of the method, for the next step.
    """

    targets: Any
    weights: Any
    state: list


def cross_entropy(strong: Any, judged: Judged, own: dict) -> Any:
    """Return the weighted cross-entropy of strong views, its mean over all unlabeled examples."""
    ops = keras.ops
    logs = ops.log(ops.clip(strong, LEAST, 1 - LEAST))
    return ops.mean(judged.weights * -ops.sum(judged.targets * logs, axis=-1))


def hard(probabilities: Any) -> Any:
    """Return the probability 1 of the most probable class, for each example."""
    ops = keras.ops
    return ops.one_hot(ops.argmax(probabilities, axis=-1), probabilities.shape[-1])


def nothing(classes: int, examples: int) -> list[np.ndarray]:
    """Return the state of a method that has none."""
    return []


class Method(NamedTuple):
    """A method of consistency training. `study.consistency.METHODS` says which there are.

    judge: what is to be learned of a batch: a function of the network's probabilities of weak
        views (unlabeled, classes), through which no gradient flows; of the examples' places in the
        dataset, int32 (unlabeled,), of which the number of examples stands for one that follows in
        the batch again; of the method's state; and of its settings, to `Judged`. The settings have
        `done`, the share of the run's steps that has been taken, and `unlabeled`, how many
        unlabeled examples there are.
    start: the state before the first step: a function of the numbers of classes and of examples in
        the dataset, to arrays.
    learn: the loss of the unlabeled examples: a function of the probabilities of strong views, of
        `Judged` and of the settings.
    rise: the part of the loss's weight that there is, a function of the settings.
    by_average: whether the averaged weights look at the weak views, without noise of their own, in
        place of the network that is trained.
    """

    judge: Callable[[Any, Any, list, dict], Judged]
    start: Callable[[int, int], list[np.ndarray]] = nothing
    learn: Callable[[Any, Judged, dict], Any] = cross_entropy
    rise: Callable[[dict], Any] = lambda own: 1.0
    by_average: bool = False
