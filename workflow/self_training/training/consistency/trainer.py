"""The trainer of consistency training: one run after the other, on TensorFlow or JAX."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from self_training import dotted_paths
from self_training.training import one_by_one
from self_training.training.batches import count_steps
from self_training.training.consistency import step, views
from self_training.training.consistency.step import PARTS, Batch, Values
from self_training.training.framework import keras
from self_training.training.prediction import scale
from self_training.training.runs import Run, TrainedRun, TrainingSettings

# Settings of a method that are numbers of its step; others say how batches are made.
_NO_NUMBERS = ("method", "strong", "ratio")


class ConsistencyTrainer(one_by_one.OneByOneTrainer):
    """Trains each run on batches of labeled examples, as its control is, and of unlabeled ones.

    What it has of labeled examples is what `Trainer` makes of them: the same order, the same noise,
    which is the weak one. Beside them it has views of `Run.unlabeled`.
    """

    def _compile(self) -> None:
        assert self.settings.consistency is not None
        said = self.settings.consistency
        self.method: Any = dotted_paths.find(said["method"])
        self.unlabeled_size = round(said["ratio"] * self.compiled.batch_size)
        self.steps_of_part = one_by_one.STEPS_OF_FIRST_PART
        self.held_inputs = self.inputs
        weights = self.model.weights if self.compiled.ema else []
        self.averages = [
            (keras.Variable(np.array(weight), trainable=False), weight) for weight in weights
        ]
        self.state_start = [
            *self.method.start(self.classes, len(self.inputs)),
            np.zeros(PARTS, np.float32),
        ]
        self.state = [
            keras.Variable(array, dtype=str(np.asarray(array).dtype), trainable=False)
            for array in self.state_start
        ]
        self.held = Values(
            self.model.trainable_variables,
            self.model.non_trainable_variables,
            self.optimizer.variables,
            [average for average, _ in self.averages],
            self.state,
        )
        objective = step.make_objective(self.model, self.loss, self.method)
        of_step = (self.model, self.optimizer, objective)
        self.in_graph = keras.backend.backend() == "tensorflow"
        if self.in_graph:
            self.step = step.with_tensorflow(*of_step, self.held)
        else:
            self.step = step.with_jax(*of_step)
        self._trace()

    def _trace(self) -> None:
        """Take a step about nothing, which every run's reset undoes, so that no run's time contains
        what it takes to trace one."""
        labeled, unlabeled = self.compiled.batch_size, self.unlabeled_size
        weak, strong, x = (
            scale(np.zeros((size, *self.inputs.shape[1:]), self.inputs.dtype))
            for size in (unlabeled, unlabeled, labeled)
        )
        targets = np.zeros((labeled, self.columns), np.float32) if self.soft else None
        batch = Batch(
            x,
            weak,
            strong,
            np.zeros(labeled, np.int32) if targets is None else targets,
            np.ones(labeled, np.float32),
            np.zeros(unlabeled, np.int32),
        )
        numbers = self._numbers(self.compiled, 1) | {
            "done": np.float32(0),
            "part": np.zeros(PARTS, np.float32),
            "penalty": np.float32(0),
        }
        at_once = (batch, numbers, np.float32(0), np.float32(0))
        if self.in_graph:
            self.step(*at_once)
        else:
            self.step(self._values(), *at_once)
        self.predict(np.zeros(1, np.int32))

    def _values(self) -> Values:
        return Values(*([variable.value for variable in some] for some in self.held))

    def reset(self, run: Run) -> None:
        """Give network, optimizer and method what they begin a run with."""
        super().reset(run)
        for variable, value in zip(self.state, self.state_start, strict=True):
            variable.assign(value)
        self.run = run
        self.order: Iterator[np.ndarray] | None = None
        self.length = count_steps(run, self.own(run))

    def _changing(self) -> list:
        return [*super()._changing(), *self.state]

    def train_steps(self, inputs, rows, targets, weights, rates, momenta, penalties) -> np.ndarray:
        """Take steps, and return the loss of each.

        Args: the labeled examples, and the arrays of `batches.Steps` from `rows` on.
        """
        taken = int(np.array(self.optimizer.iterations))
        own = self.own(self.run)
        if self.order is None:
            # From where the run is, if it goes on after a kill.
            self.order = views.orders(self.run, self.unlabeled_size, taken)
        assert self.run.unlabeled is not None
        numbers = self._numbers(own, len(self.run.unlabeled))
        noises = self._noises(own)
        values = None if self.in_graph else self._values()
        losses = []
        each = zip(rows, targets, weights, rates, momenta, penalties, strict=True)
        for at, (row, target, weight, rate, momentum, penalty) in enumerate(each):
            seen = views.of_step(self.inputs, next(self.order), taken + at, self.run, noises)
            weak, strong = scale(seen.weak), scale(seen.strong)
            batch = Batch(scale(inputs[row]), weak, strong, target, weight, seen.places)
            done = taken + at
            now = numbers | {
                "done": np.float32(done / self.length),
                "part": np.eye(PARTS, dtype=np.float32)[done * PARTS // self.length],
                "penalty": penalty,
            }
            if self.in_graph:
                losses.append(self.step(batch, now, rate, momentum))
            else:
                values, value = self.step(values, batch, now, rate, momentum)
                losses.append(value)
        if values is not None:
            for variables, some in zip(self.held, values, strict=True):
                for variable, value in zip(variables, some, strict=True):
                    variable.assign(value)
        return np.array([float(value) for value in losses], np.float32)

    def _numbers(self, own: TrainingSettings, unlabeled: int) -> dict[str, np.float32]:
        assert own.consistency is not None
        said = own.consistency | {"unlabeled": unlabeled}
        return {key: np.float32(value) for key, value in said.items() if key not in _NO_NUMBERS}

    def _noises(self, own: TrainingSettings) -> dict[str, dict]:
        """Return the noise of both views: the weak one is that of labeled examples."""
        assert own.consistency is not None
        return {"weak": own.noise, "strong": own.consistency["strong"]}

    def record(self, run: Run, **what: Any) -> TrainedRun:
        """Return a run's result: of its record also how many `unlabeled` examples there are, how
        many views were `unlabeled_seen`, and the share of them that was `learned`, in each
        twentieth of the steps, None where there is no step."""
        trained = super().record(run, **what)
        assert run.unlabeled is not None
        steps = np.bincount(np.arange(self.length) * PARTS // self.length, minlength=PARTS)
        sums = np.array(self.state[-1])
        seen = self.length * self.unlabeled_size
        trained.record.update(
            examples_seen=trained.record["examples_seen"] + seen,
            unlabeled=len(run.unlabeled),
            unlabeled_seen=seen,
            learned=[
                round(float(total / count), 4) if count else None
                for total, count in zip(sums, steps, strict=True)
            ],
        )
        return trained
