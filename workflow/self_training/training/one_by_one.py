"""Training one run after the other, on any backend of Keras; on TensorFlow an epoch is one call."""

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from self_training.study import penalty
from self_training.training.batches import Steps
from self_training.training.checkpoints import State
from self_training.training.framework import keras
from self_training.training.prediction import predict, scale
from self_training.training.runs import FINAL, SPREAD, Run, TrainedRun
from self_training.training.trainer import Trainer, penalized

logger = logging.getLogger(__name__)


# Seconds of a part without input noise, about, after which a run can be saved: of a small network a
# call takes as long as many steps. How an epoch is cut changes nothing that is computed.
SECONDS_OF_PART = 2.0
STEPS_OF_FIRST_PART = 16


class _Begun(NamedTuple):
    """How far a run is.

    values: of the loss in the steps that have been taken.
    drawn: state of what input noise is drawn by; None without.
    seconds: that they took.
    """

    values: np.ndarray
    drawn: dict | None
    seconds: float


class OneByOneTrainer(Trainer):
    """Trains each run from the reset of the network to its predictions."""

    def train_all(self, runs: list[Run]) -> Iterator[TrainedRun]:
        """Yield the result of each run, in order, while `model` is its network."""
        for run in runs:
            yield self.train(run)

    def train(self, run: Run) -> TrainedRun:
        """Train a network from scratch and predict what the run asks for."""
        digest = run.digest()
        if digest not in self.done:
            self.done[digest] = self._ended(digest) or self._train(run, digest)
        return self.done[digest]

    def _ended(self, digest: str) -> TrainedRun | None:
        """Return the result of a run that has ended before the job was killed; `model` is its
        network, if that is kept."""
        ended = self.checkpoints.ended(digest)
        if ended is None:
            return None
        for variable, value in zip(self.model.variables, ended.weights, strict=False):
            variable.assign(value)
        return ended.result

    def reset(self, run: Run) -> None:
        """Give the network the weights, noise and optimizer that a new one of this run has."""
        for variable, value in zip(self.model.variables, self.starting_values(run), strict=True):
            variable.assign(value)
        for variable, value in zip(self.optimizer.variables, self.optimizer_start, strict=True):
            variable.assign(value)
        for average, weight in self.averages:
            average.assign(_copy(weight))

    def predict(self, indices: np.ndarray) -> np.ndarray:
        """Return the class probabilities of some examples, as `prediction.predict` does."""
        return predict(self.model, self.inputs, indices, self.classes)

    def _compile(self) -> None:
        """Trace a step, which every run's reset undoes, so that no run's time contains that."""
        graph = keras.backend.backend() == "tensorflow"
        self.steps_of_part = STEPS_OF_FIRST_PART
        weights = self.model.weights if self.compiled.ema else []
        # With the weights that they are of.
        self.averages = [
            (keras.Variable(_copy(weight), trainable=False), weight) for weight in weights
        ]
        shape = (1, self.compiled.batch_size)
        targets = np.zeros(shape, np.int32)
        if self.soft:
            targets = np.zeros((*shape, self.columns), np.float32)
        kernels = penalized(self.model.trainable_variables) if self.compiled.l2 else []
        self.train_steps, self.held_inputs = (_steps_in_graph if graph else _steps_one_by_one)(
            self.model, self.optimizer, self.loss, kernels, self.averages, self.inputs, targets
        )
        nothing, none = np.zeros(1, np.float32), np.ones(shape, np.float32)
        rows = np.zeros(shape, np.int32)
        step = Steps(None, (), rows, targets, none, nothing, nothing, nothing)
        self.train_steps(self.held_inputs, *step[2:])
        self.predict(np.zeros(1, np.int32))

    def _train(self, run: Run, digest: str) -> TrainedRun:
        self.reset(run)
        begun = self._go_on(digest)
        started = time.perf_counter() - begun.seconds
        values = [begun.values]
        before = begun.seconds
        for part, drawn in self.parts(run, len(begun.values), begun.drawn):
            inputs = self.held_inputs if part.inputs is None else part.inputs
            values.append(self.train_steps(inputs, *part[2:]))
            seconds = time.perf_counter() - started
            of_step = max(1e-9, (seconds - before) / len(part.rows))
            before, self.steps_of_part = seconds, max(1, round(SECONDS_OF_PART / of_step))
            self.checkpoints.offer(digest, partial(self._state, values, drawn, seconds))
        for average, weight in self.averages:
            weight.assign(_copy(average))
        training_seconds = time.perf_counter() - started
        probabilities, prediction_seconds = {}, {}
        for name, indices in run.predict.items():
            started = time.perf_counter()
            if name == SPREAD and self.passes is not None:
                how = self.inputs, indices, self.classes, run.identity
                probabilities[name] = self.passes.predict(*how)
            else:
                probabilities[name] = self.predict(indices)
            prediction_seconds[name] = time.perf_counter() - started
        result = self.record(
            run,
            values=np.concatenate(values),
            training_seconds=training_seconds,
            probabilities=probabilities,
            prediction_seconds=prediction_seconds,
        )
        kept = self.model.variables if run.identity.get("part") == FINAL else []
        self.checkpoints.add(digest, result, map(_copy, kept))
        return result

    def _changing(self) -> list:
        """Return all that a step changes.

        Among the variables of a network are the states of what its own noise is drawn by.
        """
        averages = [average for average, _ in self.averages]
        return [*self.model.variables, *self.optimizer.variables, *averages]

    def _state(self, values: list[np.ndarray], drawn: dict | None, seconds: float) -> State:
        arrays = [np.concatenate(values), *map(_copy, self._changing())]
        return State(arrays, {"drawn": drawn, "seconds": seconds})

    def _go_on(self, digest: str) -> "_Begun":
        """Go on with a run that the job had begun before it was killed, if it had."""
        state = self.checkpoints.state(digest)
        if state is None:
            return _Begun(np.zeros(0, np.float32), None, 0.0)
        values, *arrays = state.arrays
        for variable, value in zip(self._changing(), arrays, strict=True):
            variable.assign(value)
        logger.info("This run goes on after %d steps", len(values))
        return _Begun(values, **state.about)

    def _with_noise(self, steps, noise, rng, pool):
        """Return steps about noisy copies of their examples."""
        rows = steps.rows
        noisy = self.policy.add_noise(
            self.inputs[rows.ravel()], noise["magnitude"], noise["operations"], rng, pool
        )
        return steps._replace(
            inputs=noisy, rows=np.arange(len(noisy), dtype=np.int32).reshape(rows.shape)
        )


def _steps_in_graph(
    model, optimizer, loss, kernels, averages, inputs, targets
) -> tuple[Callable, object]:
    """Return what takes steps in one TensorFlow graph, and what holds the examples there.

    The former is a function of examples, and of the arrays of `Steps` from `rows` on, with targets
    like `targets`; it returns the loss of each, penalizes `kernels`, and updates `averages` of the
    weights, if there are any.
    """
    import tensorflow as tf

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, *inputs.shape[1:]], inputs.dtype),
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None, None, *targets.shape[2:]], targets.dtype),
            tf.TensorSpec([None, None], tf.float32),
            tf.TensorSpec([None], tf.float32),
            tf.TensorSpec([None], tf.float32),
            tf.TensorSpec([None], tf.float32),
        ]
    )
    def take_steps(inputs, rows, targets, weights, rates, momenta, penalties):
        values = tf.TensorArray(tf.float32, tf.shape(rows)[0])
        for step in tf.range(tf.shape(rows)[0]):
            x = tf.gather(inputs, rows[step])
            if inputs.dtype == tf.uint8:
                x = tf.cast(x, tf.float32) / 255
            with tf.GradientTape() as tape:
                outputs = model(x, training=True)
                value = loss(targets[step], outputs, sample_weight=weights[step])
                value += sum(model.losses)
                if kernels:
                    value += penalties[step] / 2 * sum(tf.reduce_sum(one**2) for one in kernels)
            gradients = tape.gradient(value, model.trainable_variables)
            optimizer.learning_rate.assign(rates[step])
            optimizer.apply(gradients, model.trainable_variables)
            _update(averages, momenta[step])
            values = values.write(step, value)
        return values.stack()

    def train_steps(*arrays) -> np.ndarray:
        return take_steps(*map(tf.convert_to_tensor, arrays)).numpy()

    return train_steps, tf.constant(inputs)


def _steps_one_by_one(
    model, optimizer, loss, kernels, averages, inputs, _targets
) -> tuple[Callable, object]:
    """Return what `_steps_in_graph` does; every step is a call.

    On any backend of Keras.

    Raises: ConfigError, for a penalty, which this can't add to a loss.
    """
    if kernels:
        raise penalty.not_to_be_had("l2", keras.backend.backend())
    # So that a file of the network asks nobody for the loss.
    trained = keras.Model(model.inputs, model.outputs)
    trained.compile(optimizer, loss)

    def train_steps(inputs, *arrays) -> np.ndarray:
        losses = []
        for batch, target, weight, rate, momentum, _ in zip(*arrays, strict=True):
            optimizer.learning_rate.assign(rate)
            x = scale(inputs[batch])
            losses.append(trained.train_on_batch(x, target, sample_weight=weight))
            _update(averages, momentum)
        return np.array(losses, np.float32)

    return train_steps, inputs


def _update(averages, momentum) -> None:
    for average, weight in averages:
        average.assign(average * momentum + weight * (1 - momentum))


def _copy(variable) -> np.ndarray:
    """Return a variable's value, as an array of its own: JAX gives up that of a trained one."""
    return np.array(variable)
