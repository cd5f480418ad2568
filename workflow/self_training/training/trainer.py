"""What the two trainers share: one network for all runs of a job, their starts, steps and records.

The framework is started once and the network compiled once per job; every run resets the same
network and reads the same examples. What a run computes depends on no other run.
"""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from self_training import dotted_paths
from self_training.data.pool import Pool
from self_training.seeds import derive_seed, generator
from self_training.training import outputs, runs
from self_training.training.batches import Steps, epochs, steps_per_epoch
from self_training.training.checkpoints import Checkpoints
from self_training.training.distillation import DistillationLoss
from self_training.training.framework import keras
from self_training.training.passes import Passes
from self_training.training.runs import (
    SGD,
    SPREAD,
    STANDARDIZE,
    Run,
    TrainedRun,
    TrainingSettings,
    is_soft,
    what_is_compiled,
)

logger = logging.getLogger(__name__)

# Bytes of examples that noise is added to at a time, so that memory does not grow with the dataset.
NOISY_BYTES = 2**24
# The loss of adjusted logits; a job's code digest covers it where there are such.
LOGIT_ADJUSTMENT = "self_training.training.logit_adjustment:LogitAdjustedLoss"
# The layer of a network that scales vectors.
SCALING = "scaling"
# Networks whose starting weights are kept, since candidates share them and building one takes long.
STARTS = 16


def build_network(
    input_shape: tuple[int, ...],
    classes: int,
    settings: TrainingSettings,
    identity: dict,
    dtype: str = "float32",
) -> "keras.Model":
    """Return a new network.

    Its weights and its model noise are drawn by seeds of their own, so that networks with and
    without noise start from the same weights.

    Args:
        dtype: of what it is given: `float32`, or `int32` of ids.

    Raises: ConfigError, where the backbone gives no class probabilities.
    """
    keras.utils.set_random_seed(derive_seed(purpose="weights", **identity))
    inputs = keras.Input(input_shape, dtype=dtype)
    noise = {
        "dropout": settings.noise["dropout"],
        "survival": settings.noise["survival"],
        "seed": derive_seed(purpose="noise", **identity) % 2**31,
    }
    given = _scaled(inputs) if settings.scaling == STANDARDIZE else inputs
    made = outputs.build_outputs(settings.backbone, given, classes, noise)
    return outputs.connect(settings.backbone, inputs, made)


def _scaled(inputs):
    """Return inputs of mean 0 and deviation 1, by weights of a layer that no training changes, so
    that a network that is saved has them."""
    layer = keras.layers.BatchNormalization(
        center=False, scale=False, epsilon=0, trainable=False, name=SCALING
    )
    return layer(inputs)


def make_optimizer(settings: TrainingSettings) -> "keras.optimizers.Optimizer":
    """Return an optimizer: Adam, with weight decay AdamW; or gradient descent with Nesterov's
    momentum of 0.9, whose weight decay is as decoupled."""
    decay = settings.weight_decay or None
    if settings.optimizer == SGD:
        return keras.optimizers.SGD(momentum=0.9, nesterov=True, weight_decay=decay)
    return keras.optimizers.Adam(weight_decay=decay)


def penalized(variables: list) -> list:
    """Return those of some weights that a penalty is of: all but biases, and such vectors."""
    return [variable for variable in variables if len(variable.shape) > 1]


class Trainer(ABC):
    """One compiled network that is reset for every run, or every stack of runs.

    Two runs that are the same training (several thresholds that select the same examples) are
    trained once.

    Args:
        inputs: (examples, ...), what networks are given of a dataset's examples (see
            `prediction.scale`); may be memory-mapped.
        settings: of the job.
        like: a run; all others must be alike in `runs.what_is_compiled`.
        checkpoints: of the job.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        classes: int,
        settings: TrainingSettings,
        like: Run,
        checkpoints: Checkpoints | None = None,
    ):
        started = time.perf_counter()
        self.inputs, self.classes, self.settings = inputs, classes, settings
        self.checkpoints = checkpoints or Checkpoints()
        self.key = what_is_compiled(like, settings)
        # Of these a trainer may use what its key holds; all else is of one run.
        self.compiled = settings.changed(like.settings)
        self.start = lru_cache(STARTS)(self._start)
        self.soft = is_soft(like, self.compiled)
        noise = self.compiled.noise
        self.policy: Any = dotted_paths.find(noise["policy"]) if noise["magnitude"] else None
        self.dtype = "int32" if inputs.dtype.kind == "i" else "float32"
        self.model = build_network(inputs.shape[1:], classes, self.compiled, {}, self.dtype)
        outputs.try_out(self.compiled.backbone, self.model, inputs)
        self.optimizer = make_optimizer(self.compiled)
        self.optimizer.build(self.model.trainable_variables)
        self.optimizer_start = [
            keras.ops.convert_to_numpy(variable) for variable in self.optimizer.variables
        ]
        losses = keras.losses
        loss = losses.CategoricalCrossentropy if self.soft else losses.SparseCategoricalCrossentropy
        distills, adjusts = self.compiled.distillation != 1, bool(self.compiled.logit_adjustment)
        loss = DistillationLoss if distills else loss
        loss = dotted_paths.find(LOGIT_ADJUSTMENT) if adjusts else loss
        # Of soft targets: those of classes, and what `batches.learned` has beside them.
        self.columns = self.classes * (1 + adjusts) + distills
        self.loss = loss(reduction="mean_with_sample_weight")
        asks = SPREAD in like.predict
        self.passes = Passes(self.model, self.compiled.backbone) if asks else None
        self.done: dict[str, TrainedRun] = {}
        self._compile()
        self.tracing_seconds = time.perf_counter() - started

    # Of a part without input noise, at most.
    steps_of_part = 2**30

    @abstractmethod
    def _compile(self) -> None:
        """Make ready what takes steps and what predicts."""

    @abstractmethod
    def train_all(self, runs: list[Run]) -> Iterator[TrainedRun]:
        """Yield the result of each run, in order, while `model` is its network."""

    @abstractmethod
    def _with_noise(
        self, steps: Steps, noise: dict, rng: np.random.Generator, pool: Pool | None
    ) -> Steps:
        """Return steps about the examples of the dataset with input noise.

        Args:
            noise, pool: of the run.
        """

    def _start(self, **identity) -> list[np.ndarray]:
        """Return the weights, and the state of the noise, of a new network with this seed."""
        shape = self.inputs.shape[1:]
        new = build_network(shape, self.classes, self.compiled, identity, self.dtype)
        return [keras.ops.convert_to_numpy(variable) for variable in new.variables]

    def starting_values(self, run: Run) -> list[np.ndarray]:
        """Return what a run's network starts from: values of all variables of `model`."""
        values = list(self.start(**run.identity))
        if self.compiled.scaling == STANDARDIZE:
            assert run.pool is not None
            at = [id(variable) for variable in self.model.variables]
            layer = self.model.get_layer(SCALING)
            deviation = np.where(run.pool.deviation > 0, run.pool.deviation, 1)
            # Of others the square is no number of single precision.
            deviation = np.clip(deviation, 1e-18, 1e18)
            values[at.index(id(layer.moving_mean))] = run.pool.mean
            values[at.index(id(layer.moving_variance))] = deviation**2
        return values

    def own(self, run: Run) -> TrainingSettings:
        """Return the settings of a run."""
        assert what_is_compiled(run, self.settings) == self.key
        return self.settings.changed(run.settings)

    def parts(
        self, run: Run, taken: int = 0, drawn: dict | None = None
    ) -> Iterator[tuple[Steps, dict | None]]:
        """Yield the steps of a run in parts, each within an epoch, from the end of a part on.

        Args:
            taken: steps up to there.
            drawn: the state there of what input noise is drawn by; needed within an epoch.

        Yields: steps, and that state at their end; None without input noise.
        """
        own = self.own(run)
        epoch, start = divmod(taken, steps_per_epoch(run, own))
        for steps in epochs(run, own, self.classes, epoch):
            rng = generator(purpose="input noise", epoch=epoch, **run.identity)
            if start and drawn is not None:
                rng.bit_generator.state = drawn
            yield from self._in_parts(run, own.noise, rng, steps, start)
            epoch, start = epoch + 1, 0

    def _in_parts(
        self, run: Run, noise: dict, rng: np.random.Generator, steps: Steps, start: int
    ) -> Iterator[tuple[Steps, dict | None]]:
        count, batch_size = steps.rows.shape
        if self.policy is None:
            while start < count:
                part = steps.part(slice(start, start + self.steps_of_part))
                start += len(part.rows)
                yield part, None
            return
        at_once = max(1, NOISY_BYTES // (batch_size * self.inputs[0].nbytes))
        for first in range(start, count, at_once):
            part = steps.part(slice(first, first + at_once))
            noisy = self._with_noise(part, noise, rng, run.pool)
            yield noisy, dict(rng.bit_generator.state)

    def record(
        self,
        run: Run,
        *,
        values: np.ndarray,
        training_seconds: float,
        probabilities: dict[str, np.ndarray],
        prediction_seconds: dict[str, float],
    ) -> TrainedRun:
        """Return a run's result: its probabilities, and its record.

        A network whose loss, or what it predicts, is not finite any more predicts nothing: all
        classes equally probable. The loss alone does not know what its last step has done.

        Args:
            values: (steps,), the loss of each step.
            probabilities: of `Run.predict`.
            prediction_seconds: by the same names.

        Raises: ConfigError, where predictions are no probabilities.
        """
        predicted = [*probabilities.values()]
        of_epoch = range(0, len(values), steps_per_epoch(run, self.compiled))
        losses = [float(values[first : first + of_epoch.step].mean()) for first in of_epoch]
        diverged = not all(np.isfinite(some).all() for some in (np.array(losses), *predicted))
        if diverged:
            logger.warning("%s: loss not finite; use a smaller learning_rate", run.identity)
            for name, array in probabilities.items():
                array[:] = 0 if name == SPREAD else 1 / self.classes
        for name, array in probabilities.items():
            if name != SPREAD:
                outputs.check_probabilities(self.compiled.backbone, array)
        record = run.identity | {
            "parameters": self.model.count_params(),
            "examples": len(run.examples),
            "steps": len(values),
            "examples_seen": len(values) * self.compiled.batch_size,
            "losses": [loss if np.isfinite(loss) else None for loss in losses],
            "diverged": diverged,
            "training_seconds": training_seconds,
            "prediction_seconds": prediction_seconds,
        }
        logger.info("%s: loss %.4g after %d steps", run.identity, losses[-1], len(values))
        return TrainedRun(probabilities, record)

    def timing(self) -> dict[str, float]:
        """Return the seconds that went into tracing, training and prediction so far."""
        return runs.timing(self.tracing_seconds, self.done.values())
