"""Training many runs at once, on JAX: parameters stacked along a leading axis, one compiled step.

A small network leaves a GPU idle between the launches of its operations; many of them, trained as
one, do not. Each run gets what it would have got alone, but for the rounding of sums in another
order, which grows as training goes on.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from self_training import dotted_paths
from self_training.training.batches import Steps, count_steps, steps_per_epoch
from self_training.training.checkpoints import State
from self_training.training.passes import deviations
from self_training.training.prediction import PREDICTION_BATCH, scale
from self_training.training.runs import FINAL, SPREAD, Run, TrainedRun
from self_training.training.trainer import Trainer, penalized

logger = logging.getLogger(__name__)

# Runs that are trained as one, and steps that they take per call.
STACK = 32
STEPS = 64


class StackedTrainer(Trainer):
    """Trains a batch of runs in stacks, runs of similar length together."""

    def train_all(self, runs: list[Run]) -> Iterator[TrainedRun]:
        """Yield the result of each run, in order, while `model` is its network.

        Of a search no network is kept. Two runs that are the same training are trained once.
        """
        unique = {run.digest(): run for run in runs}
        by_magnitude: dict[float, list[str]] = {}
        for digest in sorted(unique, key=lambda digest: -self._length(unique[digest])):
            magnitude = self.own(unique[digest]).noise["magnitude"]
            by_magnitude.setdefault(magnitude, []).append(digest)
        for magnitude, by_length in by_magnitude.items():
            # Stacks of one size, as each size is compiled anew.
            size = -(-len(by_length) // -(-len(by_length) // self.stack))
            for start in range(0, len(by_length), size):
                digests = by_length[start : start + size]
                stack = {digest: unique[digest] for digest in digests}
                self.done |= self._ended(digests) or self._train_stack(stack, magnitude)
        for run in runs:
            if run.identity["part"] == FINAL:
                self._show(self.weights[run.digest()])
            yield self.done[run.digest()]

    def _length(self, run: Run) -> int:
        return count_steps(run, self.own(run))

    def _compile(self) -> None:
        self.stack = STACK
        # Where the optimizer keeps its learning rate.
        self.rate_at = [
            variable is self.optimizer.learning_rate for variable in self.optimizer.variables
        ].index(True)
        self.noise_on_gpu = dotted_paths.find(self.policy.on_gpu) if self.policy else None
        self.held_inputs, self.pixels = jnp.asarray(self.inputs), self.inputs.dtype == np.uint8
        self.weights: dict[str, list[np.ndarray]] = {}
        # Input noise is compiled for its magnitude.
        self.steps_at = cache(self._compile_steps)
        # Examples are an argument: closed over, they would be compiled into the function.
        self.forward = jax.jit(jax.vmap(self._forward, in_axes=(0, 0, None)))
        self.forward_masked = jax.jit(jax.vmap(self._forward_masked, in_axes=(0, 0, 0, None)))

    def _compile_steps(self, magnitude: float) -> Callable:
        """Return a function that takes steps of every run of a stack."""

        def take_steps(state, steps: Steps, inputs):
            return jax.lax.scan(partial(self._take_step, magnitude, inputs), state, steps)

        return jax.jit(jax.vmap(take_steps, in_axes=(0, 0, None)), donate_argnums=0)

    def _take_step(self, magnitude: float, inputs, state, step: Steps):
        trainable, others, optimizer, averages = state
        optimizer = [*optimizer]
        optimizer[self.rate_at] = step.rates
        x = inputs[step.rows]
        if self.noise_on_gpu is not None:
            x = self.noise_on_gpu(x, magnitude, step.draws)
        x = scale(x, self.pixels)

        def loss_of(trainable):
            outputs, changed, own = self.model.stateless_call(
                trainable, others, x, training=True, return_losses=True
            )
            value = self.loss(step.targets, outputs, sample_weight=step.weights) + sum(own)
            if self.compiled.l2:
                squares = sum((kernel**2).sum() for kernel in penalized(trainable))
                value += step.penalties / 2 * squares
            return value, changed

        (value, others_now), gradients = jax.value_and_grad(loss_of, has_aux=True)(trainable)
        trainable_now, optimizer_now = self.optimizer.stateless_apply(
            optimizer, gradients, trainable
        )

        def average(before, value):
            # The state of what is drawn at random is whole numbers, and has no average.
            mixed = step.momenta * before + (1 - step.momenta) * value
            return mixed if jnp.issubdtype(value.dtype, jnp.floating) else value

        averages_now = averages and jax.tree.map(average, averages, (trainable_now, others_now))
        # A run that has ended waits for the others of its stack.
        goes_on = step.weights.sum() > 0
        now = jax.tree.map(
            lambda new, old: jnp.where(goes_on, new, old),
            (trainable_now, others_now, optimizer_now, averages_now),
            state,
        )
        return now, value

    def _forward(self, state, rows, inputs):
        trainable, others = _shown(state)
        outputs, _ = self.model.stateless_call(
            trainable, others, scale(inputs[rows]), training=False
        )
        return outputs

    def _forward_masked(self, state, masks, rows, inputs):
        """Return what networks with masks predict, whose other weights are those of `model`."""
        assert self.passes is not None
        shown, network = _shown(state), self.passes.model
        own = [*self.model.trainable_variables, *self.model.non_trainable_variables]
        at = {id(one): value for one, value in zip(own, [*shown[0], *shown[1]], strict=True)}
        layers = self.passes.layers
        at |= {id(layer.mask): mask for layer, mask in zip(layers, masks, strict=True)}
        trainable = [at[id(one)] for one in network.trainable_variables]
        others = [at[id(one)] for one in network.non_trainable_variables]
        outputs, _ = network.stateless_call(trainable, others, scale(inputs[rows]), training=False)
        return outputs

    def _ended(self, digests: list[str]) -> dict[str, TrainedRun]:
        """Return the results of a stack that has ended before the job was killed, if it has."""
        found = {digest: self.checkpoints.ended(digest) for digest in digests}
        ended = {digest: one for digest, one in found.items() if one is not None}
        if len(ended) < len(digests):
            return {}
        self.weights |= {digest: one.weights for digest, one in ended.items()}
        return {digest: one.result for digest, one in ended.items()}

    def _train_stack(self, stack: dict[str, Run], magnitude: float) -> dict[str, TrainedRun]:
        runs = list(stack.values())
        take_steps = self.steps_at(magnitude)
        state = jax.tree.map(lambda *of_runs: jnp.stack(of_runs), *map(self._starting_state, runs))
        name = hashlib.sha256("".join(stack).encode()).hexdigest()
        values_of_steps: list[Any] = [np.zeros((len(runs), 0), np.float32)]
        state, values_of_steps[0], seconds = self._go_on(name, state, values_of_steps[0])
        started = time.perf_counter() - seconds
        taken = values_of_steps[0].shape[1]
        feeds = [self._feed(run, taken) for run in runs]
        lengths = [*map(self._length, runs)]
        for _ in range(taken, max(lengths), STEPS):
            some = [next(feed) for feed in feeds]
            steps = jax.tree.map(lambda *of_runs: np.stack(of_runs), *some)
            state, values = take_steps(state, steps, self.held_inputs)
            # These are taken while the next ones are prepared.
            values_of_steps[-1:] = map(np.asarray, values_of_steps[-1:])
            values_of_steps.append(values)
            seconds = time.perf_counter() - started
            self.checkpoints.offer(name, partial(_to_save, state, values_of_steps, seconds))
        losses = np.concatenate(values_of_steps, axis=1)
        training_seconds = (time.perf_counter() - started) / len(runs)
        predictions, prediction_seconds = self._predict_stack(state, runs)
        results = {}
        for index, (digest, run) in enumerate(stack.items()):
            results[digest] = self.record(
                run,
                values=losses[index, : lengths[index]],
                training_seconds=training_seconds,
                probabilities=predictions[index],
                prediction_seconds=prediction_seconds,
            )
            if run.identity["part"] == FINAL:
                shown = jax.tree.map(lambda of_runs: of_runs[index], _shown(state))  # noqa: B023
                self.weights[digest] = [*map(np.asarray, jax.tree.leaves(shown))]
            self.checkpoints.add(digest, results[digest], self.weights.get(digest, ()))
        return results

    def _go_on(self, name: str, state, values: np.ndarray):
        """Return a stack's state, the losses of its steps so far, and the seconds these took: of
        where it was when the job was killed, if it had begun; else as they are given, and 0."""
        saved = self.checkpoints.state(name)
        if saved is None:
            return state, values, 0.0
        values, *leaves = saved.arrays
        kept = jax.tree.unflatten(jax.tree.structure(state), map(jnp.asarray, leaves))
        logger.info("This stack of runs goes on after %d steps", values.shape[1])
        return kept, values, saved.about["seconds"]

    def _starting_state(self, run: Run):
        values = [*zip(self.model.variables, self.starting_values(run), strict=True)]
        trainable = [value for variable, value in values if variable.trainable]
        others = [value for variable, value in values if not variable.trainable]
        averages = (trainable, others) if self.compiled.ema else None
        return trainable, others, list(self.optimizer_start), averages

    def _feed(self, run: Run, taken: int) -> Iterator[Steps]:
        """Yield STEPS steps at a time, for ever: after its last a run takes steps of no weight.

        Args:
            taken: steps to leave out.
        """
        # Draws of a whole epoch follow from each other; of a run that has ended, from its last one.
        of_epoch = steps_per_epoch(run, self.compiled)
        at = min(taken, self._length(run) - 1) // of_epoch * of_epoch
        left_out = taken - at
        waiting: Steps | None = None
        for part, _ in self.parts(run, at):
            count = len(part.rows)
            part = jax.tree.map(lambda array: array[left_out:], part)  # noqa: B023
            left_out = max(0, left_out - count)
            if waiting is not None:
                part = jax.tree.map(lambda *pair: np.concatenate(pair), waiting, part)
            while len(part.rows) >= STEPS:
                yield jax.tree.map(lambda array: array[:STEPS], part)
                part = jax.tree.map(lambda array: array[STEPS:], part)
            waiting = part
        while True:
            yield jax.tree.map(_lengthen, waiting)
            waiting = jax.tree.map(lambda array: array[:0], waiting)

    def _with_noise(self, steps, noise, rng, pool):
        """Return steps about the dataset's examples, with what is done to them."""
        shapes = steps.rows.shape, self.inputs.shape[1:]
        how = noise["magnitude"], noise["operations"]
        return steps._replace(draws=self.policy.draw_steps(*shapes, *how, rng, pool))

    def _predict_stack(self, state, runs: list[Run]):
        """Return the predictions of each run by name, and the seconds of a run by name."""
        predictions: list[dict[str, np.ndarray]] = [{} for _ in runs]
        seconds: dict[str, float] = {}
        for name in runs[0].predict:
            started = time.perf_counter()
            asked = [run.predict[name] for run in runs]
            longest = max(map(len, asked))
            rows = np.stack([np.resize(indices, longest) for indices in asked]).astype(np.int32)
            ask = partial(self._spread, runs) if name == SPREAD else self._predict_batch
            chunks = [
                ask(state, _fill(rows[:, start : start + PREDICTION_BATCH]), number)
                for number, start in enumerate(range(0, longest, PREDICTION_BATCH))
            ]
            for index, indices in enumerate(asked):
                own = [chunk[index] for chunk in chunks] or [np.zeros((0, self.classes))]
                outputs = np.concatenate(own)[: len(indices)].astype(np.float32)
                predictions[index][name] = outputs
            seconds[name] = (time.perf_counter() - started) / len(runs)
        return predictions, seconds

    def _predict_batch(self, state, rows: np.ndarray, _number: int) -> np.ndarray:
        return np.asarray(self.forward(state, rows, self.held_inputs))

    def _spread(self, runs: list[Run], state, rows: np.ndarray, number: int) -> np.ndarray:
        """Return `passes.deviations` of a batch by every run, (runs, batch, classes).

        Args:
            number: of the batch.
        """
        assert self.passes is not None
        drawn = [self.passes.masks(number, run.identity) for run in runs]
        of_passes = jax.tree.map(lambda *of_runs: np.stack(of_runs), *drawn)
        return deviations(
            [
                np.asarray(self.forward_masked(state, masks, rows, self.held_inputs))
                for masks in of_passes
            ]
        )

    def _show(self, weights: list[np.ndarray]) -> None:
        """Give `model` the weights of a run."""
        variables = [*self.model.trainable_variables, *self.model.non_trainable_variables]
        for variable, value in zip(variables, weights, strict=True):
            variable.assign(value)


def _to_save(state, values_of_steps: list[Any], seconds: float) -> State:
    arrays = [np.concatenate(values_of_steps, axis=1), *jax.tree.leaves(state)]
    return State([*map(np.asarray, arrays)], {"seconds": seconds})


def _shown(state):
    """Return the weights that predict and are saved, trainable ones and others: the averages."""
    trainable, others, _, averages = state
    return averages or (trainable, others)


def _lengthen(array: np.ndarray) -> np.ndarray:
    """Return an array of STEPS rows: its own, then zeros."""
    return np.concatenate([array, np.zeros((STEPS - len(array), *array.shape[1:]), array.dtype)])


def _fill(rows: np.ndarray) -> np.ndarray:
    """Return rows (runs, batch) of a full batch, so that one shape is compiled."""
    return np.pad(rows, ((0, 0), (0, PREDICTION_BATCH - rows.shape[1])), mode="wrap")
