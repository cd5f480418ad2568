"""From a run to the batches of its gradient steps: NumPy, no Keras."""

from collections.abc import Iterator
from itertools import count, islice
from typing import NamedTuple

import numpy as np

from self_training.errors import ConfigError
from self_training.seeds import generator
from self_training.training import schedules
from self_training.training.runs import Run, TrainingSettings

# How the examples of a batch are weighed; see `weights_of`.
LOSSES = ("per_example", "per_part")
# Steps of an epoch of fewer examples than a batch has: what is done once per epoch costs more than
# one step.
STEPS_OF_FEW = 64


class Steps(NamedTuple):
    """Some gradient steps of a run, arrays with a row per step.

    inputs: what the network is given, noisy examples that the steps share; None for the examples of
        the dataset.
    draws: what is done to each step's inputs within the step (see `image.noise.Policy.draw_steps`),
        arrays (steps, ...); none where they are noisy already, or stay as they are.
    rows: int32 (steps, batch_size), indices of each step's inputs.
    targets: int32 (steps, batch_size) or float32 (steps, batch_size, classes).
    weights: float32 (steps, batch_size) of the examples in the loss.
    rates, momenta: float32 (steps,); see `schedules`.
    penalties: float32 (steps,); see `TrainingSettings.l2`.
    """

    inputs: np.ndarray | None
    draws: tuple[np.ndarray, ...]
    rows: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    rates: np.ndarray
    momenta: np.ndarray
    penalties: np.ndarray

    def part(self, steps: slice) -> "Steps":
        """Return some of the steps, where nothing has been done to their inputs."""
        return Steps(None, (), *(array[steps] for array in self[2:]))


def epochs(run: Run, settings: TrainingSettings, classes: int, first: int = 0) -> Iterator[Steps]:
    """Yield the steps of each epoch of a run, about the examples of the dataset.

    Args:
        settings: of the run.
        first: how many epochs to leave out.
    """
    steps = count_steps(run, settings)
    rates, momenta = schedules.learning_rates(settings, steps), schedules.momenta(settings, steps)
    adjustments = None
    if settings.logit_adjustment:
        adjustments = settings.logit_adjustment * log_shares(run, settings, classes)
    start = 0
    for epoch, order in enumerate(orders(run, settings)):
        now = slice(start, start := start + len(order))
        # Orders follow from each other; nothing else does.
        if epoch < first:
            continue
        yield Steps(
            inputs=None,
            draws=(),
            rows=run.examples[order].astype(np.int32),
            targets=learned(run, order, settings, classes, adjustments),
            weights=weights_of(run, order, settings.loss),
            rates=rates[now],
            momenta=momenta[now],
            penalties=np.full(len(order), settings.l2, np.float32),
        )


def learned(
    run: Run,
    order: np.ndarray,
    settings: TrainingSettings,
    classes: int,
    adjustments: np.ndarray | None = None,
) -> np.ndarray:
    """Return `targets_of` some examples, which are `packed` of a run that is distilled.

    Where logits are adjusted, they are probabilities, and what is added to logits stands beside
    them, in as many columns.

    Args:
        order: (steps, batch_size), positions among the run's examples.
        settings: of the run.
        adjustments: (classes,), added to logits; None for nothing.
    """
    targets = targets_of(run, order, settings.label_smoothing, classes)
    if adjustments is not None:
        if targets.ndim == order.ndim:
            targets = np.eye(classes, dtype=np.float32)[targets]
        added = np.broadcast_to(adjustments.astype(np.float32), targets.shape)
        return np.concatenate([targets, added], axis=-1)
    if settings.distillation == 1:
        return targets
    given = len(run.examples) if run.given is None else run.given
    return packed(targets, order < given, settings.distillation)


def log_shares(run: Run, settings: TrainingSettings, classes: int) -> np.ndarray:
    """Return the logarithm of the share that each class has of what a run learns, (classes,).

    That is the prior of Menon et al. 2021 (*Long-tail learning via logit adjustment*, equation 10)
    as the network meets it: in all batches of the run together, every example with its weight in
    the loss. Of labels alone these are their shares; beside pseudo-labels, given or soft, it
    follows how both are drawn and weighed. A class that none of the examples has counts as if it
    had half of one.

    Args:
        settings: of the run.
    """
    seen = np.zeros(len(run.examples))
    for order in orders(run, settings):
        weights = weights_of(run, order, settings.loss)
        seen += np.bincount(order.ravel(), weights.ravel(), len(seen))
    if run.targets.ndim == 2:
        shares = seen @ run.targets
    else:
        shares = np.bincount(run.targets, seen, classes)
    return np.log(np.maximum(shares / shares.sum(), 1 / (2 * len(seen))))


def packed(targets: np.ndarray, is_given: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities with the temperature that each example is learned at, in a column more.

    Args:
        targets: float32 (..., classes).
        is_given: bool (...,): a given label is learned at temperature 1.

    Returns: float32 (..., classes + 1).
    """
    temperatures = np.where(is_given, 1, temperature).astype(targets.dtype)
    return np.concatenate([targets, temperatures[..., None]], axis=-1)


def targets_of(run: Run, order: np.ndarray, label_smoothing: float, classes: int) -> np.ndarray:
    """Return what a run's examples are to be predicted as, in an order.

    Labels that are smoothed are hard ones, given or pseudo: of probability 1 - label_smoothing +
    label_smoothing / classes, all other classes of label_smoothing / classes (Szegedy et al. 2016,
    section 7). Soft pseudo-labels are probabilities already, and stay.

    Args:
        order: (steps, batch_size), positions among the run's examples.

    Returns: `Steps.targets`, probabilities if any of the run's targets are.
    """
    targets = run.targets[order]
    if run.targets.ndim == 1:
        if not label_smoothing:
            return targets
        targets = np.eye(classes, dtype=np.float32)[targets]
    if not label_smoothing:
        return targets
    smooth = targets * (1 - label_smoothing) + label_smoothing / classes
    soft = run.targets.ndim == 2 and run.given is not None
    return np.where((order < run.given)[..., None], smooth, targets) if soft else smooth


def weights_of(run: Run, order: np.ndarray, loss: str) -> np.ndarray:
    """Return the weights of examples in the loss, which is their weighted mean in every batch.

    Args:
        order: (steps, batch_size), positions among the run's examples.
        loss: `per_example` gives all the same weight. `per_part` gives labeled and pseudo-labeled
            examples the same total weight in every batch that holds both: the loss is half the sum
            of the means of both parts (Xie et al. 2020, algorithm 1; of a factor Adam takes no
            notice).

    Examples of a run that have weights of their own share what their batch, or their part of it,
    has in proportion to these.

    Returns: float32 (steps, batch_size), of mean 1 in every step.
    """
    if loss not in LOSSES:
        raise ConfigError.of("loss", f"one of {', '.join(LOSSES)}", loss)
    size, given = order.shape[1], np.ones(order.shape, bool)
    if loss == "per_part" and run.given is not None:
        given = order < run.given
    labeled = given.sum(axis=1, keepdims=True)
    part = np.where(given, labeled, size - labeled)
    # A batch of one part alone has no other to share the weight with.
    weights = np.where(part == size, 1, size / (2 * part))
    if run.weights is not None:
        own = run.weights[order].astype(np.float64)
        of_labeled = np.where(given, own, 0).sum(axis=1, keepdims=True)
        of_others = np.where(given, 0, own).sum(axis=1, keepdims=True)
        weights = weights * own * part / np.where(given, of_labeled, of_others)
    return weights.astype(np.float32)


def steps_per_epoch(run: Run, settings: TrainingSettings) -> int:
    """Return how many batches it takes to see all examples of a run: an epoch of its record.

    Of fewer than a batch has, an epoch is STEPS_OF_FEW batches.
    """
    examples = len(run.examples)
    return STEPS_OF_FEW if examples < settings.batch_size else -(-examples // settings.batch_size)


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
    # Of few examples, passes that fill some batches are drawn at once.
    at_once = 1 if examples >= size else STEPS_OF_FEW * size // examples
    in_order = np.tile(np.arange(examples, dtype=np.int32), (at_once, 1))
    for epoch in count():
        rng = generator(purpose="order", epoch=epoch, **identity)
        waiting = np.concatenate([waiting, rng.permuted(in_order, axis=1).ravel()])
        full = len(waiting) // size
        yield from waiting[: full * size].reshape(full, size)
        waiting = waiting[full * size :]
