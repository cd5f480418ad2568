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
from self_training.seeds import derive_seed, generator
from self_training.training.batches import Steps, orders
from self_training.training.framework import keras
from self_training.training.runs import Run, TrainedRun, TrainingSettings

logger = logging.getLogger(__name__)

PREDICTION_BATCH = 128
# Bytes of images that noise is added to at a time, so that memory does not grow with the dataset.
NOISY_BYTES = 2**24
# Networks whose starting weights are kept, since candidates share them and building one takes long.
STARTS = 16


def build_network(
    input_shape: tuple[int, ...], classes: int, settings: TrainingSettings, identity: dict
) -> "keras.Model":
    """Return a new network.

    Its weights and its model noise are drawn by seeds of their own, so that networks with and
    without noise start from the same weights.
    """
    keras.utils.set_random_seed(derive_seed(purpose="weights", **identity))
    inputs = keras.Input(input_shape)
    outputs = dotted_paths.find(settings.backbone)(
        inputs,
        classes=classes,
        dropout=settings.noise["dropout"],
        survival=settings.noise["survival"],
        seed=derive_seed(purpose="noise", **identity) % 2**31,
    )
    return keras.Model(inputs, outputs)


class Trainer(ABC):
    """One compiled network that is reset for every run, or every stack of runs.

    Two runs that are the same training (several thresholds that select the same examples) are
    trained once.

    Args:
        images: uint8 (examples, height, width, channels); may be memory-mapped.
        soft: whether the runs' targets are probabilities.
    """

    def __init__(self, images: np.ndarray, classes: int, settings: TrainingSettings, soft: bool):
        started = time.perf_counter()
        self.images, self.classes, self.settings = images, classes, settings
        self.start = lru_cache(STARTS)(self._start)
        self.soft = soft or settings.label_smoothing > 0
        noisy = settings.noise["magnitude"] > 0
        self.policy: Any = dotted_paths.find(settings.noise["policy"]) if noisy else None
        self.model = build_network(images.shape[1:], classes, settings, {})
        self.optimizer = keras.optimizers.Adam(settings.learning_rate)
        self.optimizer.build(self.model.trainable_variables)
        self.optimizer_start = [
            keras.ops.convert_to_numpy(variable) for variable in self.optimizer.variables
        ]
        mean = "mean_with_sample_weight"
        if self.soft:
            self.loss = keras.losses.CategoricalCrossentropy(
                label_smoothing=settings.label_smoothing, reduction=mean
            )
        else:
            self.loss = keras.losses.SparseCategoricalCrossentropy(reduction=mean)
        self.done: dict[str, TrainedRun] = {}
        self._compile()
        self.tracing_seconds = time.perf_counter() - started

    @abstractmethod
    def _compile(self) -> None:
        """Make ready what takes steps and what predicts."""

    @abstractmethod
    def train_all(self, runs: list[Run]) -> Iterator[TrainedRun]:
        """Yield the result of each run, in order, while `model` is its network."""

    @abstractmethod
    def _with_noise(
        self, rows: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray | None, np.ndarray, tuple[np.ndarray, ...]]:
        """Return `Steps.images`, `Steps.rows` and `Steps.draws` of steps with input noise.

        Args:
            rows: (steps, batch_size), indices into the dataset.
        """

    def _start(self, **identity) -> list[np.ndarray]:
        """Return the weights, and the state of the noise, of a new network with this seed."""
        new = build_network(self.images.shape[1:], self.classes, self.settings, identity)
        return [keras.ops.convert_to_numpy(variable) for variable in new.variables]

    def epochs(self, run: Run) -> Iterator[Iterator[Steps]]:
        """Yield the steps of each epoch of a run, in parts."""
        for epoch, order in enumerate(orders(run, self.settings)):
            yield self._steps_of_epoch(run, epoch, order)

    def _steps_of_epoch(self, run: Run, epoch: int, order: np.ndarray) -> Iterator[Steps]:
        targets = run.targets[order]
        if self.soft and run.targets.ndim == 1:
            targets = np.eye(self.classes, dtype=np.float32)[targets]
        rows = run.examples[order].astype(np.int32)
        weights = np.ones(order.shape, np.float32)
        if self.policy is None:
            yield Steps(None, rows, (), targets, weights)
            return
        rng = generator(purpose="input noise", epoch=epoch, **run.identity)
        at_once = max(1, NOISY_BYTES // (order.shape[1] * self.images[0].nbytes))
        for start in range(0, len(order), at_once):
            now = slice(start, start + at_once)
            yield Steps(*self._with_noise(rows[now], rng), targets[now], weights[now])

    def record(
        self,
        run: Run,
        *,
        losses: list[float],
        steps: int,
        training_seconds: float,
        probabilities: dict[str, np.ndarray],
        prediction_seconds: dict[str, float],
    ) -> TrainedRun:
        """Return a run's result: its probabilities, and its record.

        A network whose loss is no longer finite predicts nothing: all classes equally probable.

        Args:
            losses: mean of each epoch.
            probabilities: of `Run.predict`.
            prediction_seconds: by the same names.
        """
        diverged = not np.isfinite(losses).all()
        if diverged:
            logger.warning("%s: loss not finite; use a smaller learning_rate", run.identity)
            for array in probabilities.values():
                array[:] = 1 / self.classes
        record = run.identity | {
            "examples": len(run.examples),
            "steps": steps,
            "examples_seen": steps * self.settings.batch_size,
            "losses": [loss if np.isfinite(loss) else None for loss in losses],
            "diverged": diverged,
            "training_seconds": training_seconds,
            "prediction_seconds": prediction_seconds,
        }
        logger.info("%s: loss %.4g after %d steps", run.identity, losses[-1], steps)
        return TrainedRun(probabilities, record)

    def timing(self) -> dict[str, float]:
        """Return the seconds that went into tracing, training and prediction so far."""
        records = [run.record for run in self.done.values()]
        return {
            "tracing_seconds": self.tracing_seconds,
            "training_seconds": sum(record["training_seconds"] for record in records),
            "prediction_seconds": sum(
                sum(record["prediction_seconds"].values()) for record in records
            ),
            "runs": len(records),
        }


def scale(images: Any) -> Any:
    """Return uint8 images as float32 in [0, 1]; an array of NumPy or of JAX."""
    return images.astype(np.float32) / 255
