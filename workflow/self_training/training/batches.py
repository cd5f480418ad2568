"""From a run to the batches of its gradient steps: NumPy, no Keras."""

from collections.abc import Iterator
from itertools import count, islice
from typing import NamedTuple

import numpy as np

from self_training.seeds import generator
from self_training.training.runs import Run, TrainingSettings


class Steps(NamedTuple):
    """Some gradient steps of a run, arrays with a row per step.

    images: uint8 (images, height, width, channels) that the steps are about, as they share them;
        None for those of the dataset.
    rows: int32 (steps, batch_size), indices of each step's images.
    draws: what is done to each step's images within the step (see `image.noise.Policy.draws`),
        arrays (steps, batch_size, ...); none where images are noisy already, or stay as they are.
    targets: int32 (steps, batch_size) or float32 (steps, batch_size, classes).
    weights: float32 (steps, batch_size) of the examples in the loss.
    """

    images: np.ndarray | None
    rows: np.ndarray
    draws: tuple[np.ndarray, ...]
    targets: np.ndarray
    weights: np.ndarray


def steps_per_epoch(run: Run, settings: TrainingSettings) -> int:
    """Return how many batches it takes to see all examples of a run: an epoch of its record."""
    return -(-len(run.examples) // settings.batch_size)


def count_steps(run: Run, settings: TrainingSettings) -> int:
    """Return how many gradient steps a run takes.

    Of a number of epochs, as many as see all examples so often; the last batch goes on into the
    next epoch.
    """
    steps = settings.steps if run.steps is None else run.steps
    if steps is not None:
        return steps
    assert settings.epochs is not None
    return -(-settings.epochs * len(run.examples) // settings.batch_size)


def orders(run: Run, settings: TrainingSettings) -> Iterator[np.ndarray]:
    """Yield the batches of each epoch of a run, of which the last may be shorter.

    Yields: int32 (steps, batch_size), positions among the run's examples.
    """
    left, of_epoch = count_steps(run, settings), steps_per_epoch(run, settings)
    stream = _batches(run, settings)
    while left > 0:
        order = np.stack([*islice(stream, min(of_epoch, left))])
        yield order
        left -= len(order)


def _batches(run: Run, settings: TrainingSettings) -> Iterator[np.ndarray]:
    """Yield batches of a run, for ever: one stream, or one of each kind of labels side by side.

    With a ratio all batches have the same number of given and of pseudo-labels, at least one of
    each, so that the smaller group is seen more often.
    """
    examples, size, ratio = len(run.examples), settings.batch_size, settings.unlabeled_ratio
    given = examples if run.given is None else run.given
    if ratio is None or given == examples:
        yield from passes(examples, size, **run.identity)
        return
    share = min(size - 1, max(1, round(size / (1 + ratio))))
    of_given = passes(given, share, labels="given", **run.identity)
    of_pseudo = passes(examples - given, size - share, labels="pseudo", **run.identity)
    for some, others in zip(of_given, of_pseudo, strict=True):
        yield np.concatenate([some, given + others])


def passes(examples: int, size: int, **identity) -> Iterator[np.ndarray]:
    """Yield full batches of examples, for ever: pass after pass, each in a random order of its own.

    A batch that the rest of a pass does not fill goes on with the next pass, so that every batch
    has `size` examples, and every example is seen as often as any other, or once more.

    Args:
        identity: what the orders are seeded by.

    Yields: int32 (size,), positions in range(examples).
    """
    waiting = np.zeros(0, np.int32)
    for epoch in count():
        order = generator(purpose="order", epoch=epoch, **identity).permutation(examples)
        waiting = np.concatenate([waiting, order.astype(np.int32)])
        full = len(waiting) // size
        yield from waiting[: full * size].reshape(full, size)
        waiting = waiting[full * size :]
