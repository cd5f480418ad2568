"""From a run to the batches of its gradient steps: NumPy, no Keras."""

from collections.abc import Iterator
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
    """Return how many batches hold all examples of a run; the last may be filled up."""
    return -(-len(run.examples) // settings.batch_size)


def count_steps(run: Run, settings: TrainingSettings) -> int:
    """Return how many gradient steps a run takes."""
    steps = settings.steps if run.steps is None else run.steps
    if steps is not None:
        return steps
    assert settings.epochs is not None
    return settings.epochs * steps_per_epoch(run, settings)


def orders(run: Run, settings: TrainingSettings) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield order and weights of the batches of each epoch (see `batches`), in which examples are
    positions in the run's; the last epoch may be cut short."""
    examples = len(run.examples)
    given = examples if run.given is None else run.given
    left = count_steps(run, settings)
    for epoch in range(-(-left // steps_per_epoch(run, settings))):
        rng = generator(purpose="order", epoch=epoch, **run.identity)
        if settings.unlabeled_ratio is None or given == examples:
            order, weights = batches(examples, settings.batch_size, rng)
        else:
            order, weights = mixed_batches(
                examples, given, settings.batch_size, settings.unlabeled_ratio, rng
            )
        yield order[:left], weights[:left]
        left -= len(order[:left])


def batches(
    examples: int, batch_size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return an epoch's order of examples as full batches, and the weights of these.

    The last batch is filled up with the epoch's first examples, at weight 0, so that every batch
    has one shape. They do not count in the loss; in batch normalization they do.

    Returns: order int32 and weights float32, both (steps, batch_size).
    """
    steps = -(-examples // batch_size)
    order = np.resize(rng.permutation(examples).astype(np.int32), steps * batch_size)
    weights = (np.arange(steps * batch_size) < examples).astype(np.float32)
    return order.reshape(steps, batch_size), weights.reshape(steps, batch_size)


def mixed_batches(
    examples: int, given: int, batch_size: int, unlabeled_ratio: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return an epoch of batches that all have the same number of given and pseudo-labels.

    Each of both groups is passed in random orders, again and again, so that the smaller share of
    examples may be seen several times an epoch. An epoch has as many steps as without the ratio.

    Args:
        examples: with labels of both kinds; the first `given` of them have given labels.
        unlabeled_ratio: pseudo-labels per given label in a batch, which has at least one of each.

    Returns: order int32 and weights float32, both (steps, batch_size).
    """
    steps = -(-examples // batch_size)
    share = min(batch_size - 1, max(1, round(batch_size / (1 + unlabeled_ratio))))

    def cycle(count: int, columns: int) -> np.ndarray:
        passes = -(-steps * columns // count)
        orders = [rng.permutation(count) for _ in range(passes)]
        return np.concatenate(orders)[: steps * columns].reshape(steps, columns)

    order = [cycle(given, share), given + cycle(examples - given, batch_size - share)]
    weights = np.ones((steps, batch_size), np.float32)
    return np.concatenate(order, axis=1).astype(np.int32), weights
