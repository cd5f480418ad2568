"""Training many runs at once, on JAX: parameters stacked along a leading axis, one compiled step.

A small network leaves a GPU idle between the launches of its operations; many of them, trained as
one, do not. Each run gets what it would have got alone, but for the rounding of sums in another
order, which grows as training goes on.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from self_training import dotted_paths
from self_training.training.batches import Steps, count_steps, steps_per_epoch
from self_training.training.prediction import PREDICTION_BATCH, scale
from self_training.training.runs import FINAL, Run, TrainedRun
from self_training.training.trainer import Trainer, penalized

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
                trained = self._train_stack([unique[digest] for digest in digests], magnitude)
                self.done |= dict(zip(digests, trained, strict=True))
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
        self.weights: dict[str, tuple[list[np.ndarray], list[np.ndarray]]] = {}
        # Input noise is compiled for its magnitude.
        self.steps_at = cache(self._compile_steps)
        # Examples are an argument: closed over, they would be compiled into the function.
        self.forward = jax.jit(jax.vmap(self._forward, in_axes=(0, 0, None)))

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

    def _train_stack(self, runs: list[Run], magnitude: float) -> list[TrainedRun]:
        started = time.perf_counter()
        take_steps = self.steps_at(magnitude)
        state = jax.tree.map(lambda *of_runs: jnp.stack(of_runs), *map(self._starting_state, runs))
        feeds = [self._feed(run) for run in runs]
        lengths = [*map(self._length, runs)]
        values_of_steps: list[Any] = []
        for _ in range(-(-max(lengths) // STEPS)):
            some = [next(feed) for feed in feeds]
            steps = jax.tree.map(lambda *of_runs: np.stack(of_runs), *some)
            state, values = take_steps(state, steps, self.held_inputs)
            # These are taken while the next ones are prepared.
            values_of_steps[-1:] = map(np.asarray, values_of_steps[-1:])
            values_of_steps.append(values)
        losses = np.concatenate(values_of_steps, axis=1)
        training_seconds = (time.perf_counter() - started) / len(runs)
        predictions, prediction_seconds = self._predict_stack(state, runs)
        results = []
        for index, run in enumerate(runs):
            own = losses[index, : lengths[index]]
            ends = range(0, len(own), steps_per_epoch(run, self.compiled))
            results.append(
                self.record(
                    run,
                    losses=[float(own[end : end + ends.step].mean()) for end in ends],
                    steps=len(own),
                    training_seconds=training_seconds,
                    probabilities=predictions[index],
                    prediction_seconds=prediction_seconds,
                )
            )
            if run.identity["part"] == FINAL:
                trainable, others = jax.tree.map(lambda of_runs: of_runs[index], _shown(state))  # noqa: B023
                self.weights[run.digest()] = (
                    [*map(np.asarray, trainable)],
                    [*map(np.asarray, others)],
                )
        return results

    def _starting_state(self, run: Run):
        values = [*zip(self.model.variables, self.starting_values(run), strict=True)]
        trainable = [value for variable, value in values if variable.trainable]
        others = [value for variable, value in values if not variable.trainable]
        averages = (trainable, others) if self.compiled.ema else None
        return trainable, others, list(self.optimizer_start), averages

    def _feed(self, run: Run) -> Iterator[Steps]:
        """Yield STEPS steps at a time, for ever: after its last a run takes steps of no weight."""
        waiting: Steps | None = None
        for part in (part for epoch in self.epochs(run) for part in epoch):
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
            chunks = [
                np.asarray(
                    self.forward(
                        state, _fill(rows[:, start : start + PREDICTION_BATCH]), self.held_inputs
                    )
                )
                for start in range(0, longest, PREDICTION_BATCH)
            ]
            for index, indices in enumerate(asked):
                own = [chunk[index] for chunk in chunks] or [np.zeros((0, self.classes))]
                outputs = np.concatenate(own)[: len(indices)].astype(np.float32)
                predictions[index][name] = outputs
            seconds[name] = (time.perf_counter() - started) / len(runs)
        return predictions, seconds

    def _show(self, weights) -> None:
        """Give `model` the weights of a run."""
        variables = (self.model.trainable_variables, self.model.non_trainable_variables)
        for some, values in zip(variables, weights, strict=True):
            for variable, value in zip(some, values, strict=True):
                variable.assign(value)


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
