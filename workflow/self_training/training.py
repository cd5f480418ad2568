"""Training a batch of runs: the only module that computes with Keras.

The framework is started once and the network compiled once per batch; every run resets the same
network and reads the same images. What a run computes depends on the run alone, not on the batch.
"""

import logging
import os
import platform
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from self_training import backbones
from self_training.input_noise import add_noise
from self_training.runs import Run, TrainedRun
from self_training.seeds import derive_seed, generator

logger = logging.getLogger(__name__)

PREDICTION_BATCH = 128
# Bytes of images that noise is added to at a time, so that memory does not grow with the dataset.
NOISY_BYTES = 2**24
# Networks whose starting weights are kept, since candidates share them and building one takes long.
STARTS = 16

# Rules know the backend from the same variable; a user's keras.json must not change it.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# Keras and TensorFlow import these if they are installed, for features that are of no use here.
# Without them the framework starts in half the time. JAX needs SciPy.
_OPTIONAL = {"sklearn", "pandas", "matplotlib", "scipy", "jax"}
if os.environ["KERAS_BACKEND"] == "jax":
    _OPTIONAL -= {"scipy", "jax"}


@contextmanager
def _not_importable(modules: set[str]):
    """Make modules look as if they were not installed."""
    absent = modules - set(sys.modules)
    sys.modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _not_importable(_OPTIONAL):
    import keras

keras.config.set_image_data_format("channels_last")


@dataclass(frozen=True)
class TrainingSettings:
    """What all runs of a batch share.

    backbone: a name, or dotted path, of `backbones`.
    epochs, steps: how long a run is trained: one of them, the other is None.
    batch_size, learning_rate: Adam takes ceil(examples / batch_size) steps an epoch.
    unlabeled_ratio: pseudo-labeled examples per given one in every batch; None to take both as
        they come.
    label_smoothing: part of the targets' probability that is spread evenly over all classes.
    noise: `policy`, `magnitude` and `operations` of input noise (see `input_noise`), `dropout` and
        `survival` of model noise (see `backbones`). They act while training, never at prediction.
    threads: CPU threads; results depend on their number.
    """

    backbone: str
    epochs: int | None
    steps: int | None
    batch_size: int
    learning_rate: float
    unlabeled_ratio: float | None
    label_smoothing: float
    noise: dict
    threads: int


def start_framework(threads: int) -> None:
    """Limit the framework to some threads and let it take a GPU's memory as it needs it.

    Must be called before the first operation.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        gpus = tf.config.list_physical_devices("GPU")
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        if gpus:
            tf.config.experimental.enable_op_determinism()
    elif backend == "jax":
        flags = [
            os.environ.get("XLA_FLAGS", ""),
            f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()}",
            "--xla_gpu_deterministic_ops=true",
        ]
        os.environ["XLA_FLAGS"] = " ".join(flags).strip()
        # XLA takes the size of its thread pool from here.
        os.environ["NPROC"] = str(threads)
        os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"


def describe_framework() -> dict:
    """Return backend, versions and device, for the record of a training job."""
    backend = keras.backend.backend()
    return {
        "backend": backend,
        "keras": keras.__version__,
        backend: sys.modules[backend].__version__,
        "host": platform.node(),
        "device": keras.distribution.list_devices()[0],
    }


def build_network(
    input_shape: tuple[int, int, int], classes: int, settings: TrainingSettings, identity: dict
) -> "keras.Model":
    """Return a new network.

    Its weights and its model noise are drawn by seeds of their own, so that networks with and
    without noise start from the same weights.
    """
    keras.utils.set_random_seed(derive_seed(purpose="weights", **identity))
    inputs = keras.Input(input_shape)
    outputs = backbones.find(settings.backbone)(
        inputs,
        classes=classes,
        dropout=settings.noise["dropout"],
        survival=settings.noise["survival"],
        seed=derive_seed(purpose="noise", **identity) % 2**31,
    )
    return keras.Model(inputs, outputs)


def make_trainer(images, classes: int, settings: TrainingSettings, soft: bool) -> "Trainer":
    """Return what trains: stacks of runs on a GPU with JAX, otherwise one run after the other.

    On a CPU a stack was seven times slower than step after step.
    """
    trainer = Trainer
    if keras.backend.backend() == "jax":
        import jax

        if jax.default_backend() != "cpu":
            from self_training.stacked import StackedTrainer as trainer
    return trainer(images, classes, settings, soft)


class Trainer:
    """One compiled network that is reset for every run.

    Two runs that are the same training (several thresholds that select the same examples) are
    trained once.

    Args:
        images: uint8 (examples, height, width, channels); may be memory-mapped.
        soft: whether the runs' targets are probabilities.
    """

    def __init__(self, images, classes: int, settings: TrainingSettings, soft: bool):
        started = time.perf_counter()
        self.images, self.classes, self.settings = images, classes, settings
        self.start = lru_cache(STARTS)(self._start)
        self.soft = soft or settings.label_smoothing > 0
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
        self._compile()
        self.tracing_seconds = time.perf_counter() - started
        self.done: dict[str, TrainedRun] = {}

    def _compile(self) -> None:
        """Trace a step, which every run's reset undoes, so that no run's time contains that."""
        compile_steps = {"tensorflow": _steps_in_graph}.get(
            keras.backend.backend(), _steps_one_by_one
        )
        shape = (1, self.settings.batch_size)
        targets = np.zeros(shape, np.int32)
        if self.soft:
            targets = np.zeros((*shape, self.classes), np.float32)
        self.train_steps, self.held_images = compile_steps(
            self.model, self.optimizer, self.loss, self.images, targets
        )
        self.train_steps(
            self.held_images, np.zeros(shape, np.int32), targets, np.ones(shape, np.float32)
        )
        self.predict(np.zeros(1, np.int32))

    def _start(self, **identity) -> list[np.ndarray]:
        """Return the weights, and the state of the noise, of a new network with this seed."""
        new = build_network(self.images.shape[1:], self.classes, self.settings, identity)
        return [keras.ops.convert_to_numpy(variable) for variable in new.variables]

    def reset(self, identity: dict) -> None:
        """Give the network the weights, noise and optimizer that a new one with this seed has."""
        for variable, value in zip(self.model.variables, self.start(**identity), strict=True):
            variable.assign(value)
        for variable, value in zip(self.optimizer.variables, self.optimizer_start, strict=True):
            variable.assign(value)

    def train_all(self, runs: list[Run]):
        """Yield the result of each run, in order, while `model` is its network."""
        for run in runs:
            yield self.train(run)

    def train(self, run: Run) -> TrainedRun:
        """Train a network from scratch and predict what the run asks for.

        A network whose loss is no longer finite predicts nothing: all classes equally probable.
        """
        digest = run.digest()
        if digest not in self.done:
            self.reset(run.identity)
            self.done[digest] = self._train(run)
        return self.done[digest]

    def _train(self, run: Run) -> TrainedRun:
        started = time.perf_counter()
        losses, steps, seen = [], 0, 0
        for epoch, (order, weights) in enumerate(self._epochs(run)):
            total = 0.0
            for images, *batches_of in self._parts(run, epoch, order, weights):
                held = self.held_images if images is None else images
                total += float(self.train_steps(held, *batches_of)) * len(batches_of[0])
            losses.append(total / len(order))
            steps += len(order)
            seen += int(weights.sum())
        training_seconds = time.perf_counter() - started
        probabilities, prediction_seconds = {}, {}
        for name, indices in run.predict.items():
            started = time.perf_counter()
            probabilities[name] = self.predict(indices)
            prediction_seconds[name] = time.perf_counter() - started
        return self.record(
            run,
            losses=losses,
            steps=steps,
            seen=seen,
            training_seconds=training_seconds,
            probabilities=probabilities,
            prediction_seconds=prediction_seconds,
        )

    def record(
        self, run, *, losses, steps, seen, training_seconds, probabilities, prediction_seconds
    ) -> TrainedRun:
        """Return a run's result: its probabilities, all equal if it diverged, and its record."""
        diverged = not np.isfinite(losses).all()
        if diverged:
            logger.warning("%s: loss not finite; use a smaller learning_rate", run.identity)
            for array in probabilities.values():
                array[:] = 1 / self.classes
        record = run.identity | {
            "examples": len(run.examples),
            "steps": steps,
            "examples_seen": seen,
            "losses": [loss if np.isfinite(loss) else None for loss in losses],
            "diverged": diverged,
            "training_seconds": training_seconds,
            "prediction_seconds": prediction_seconds,
        }
        logger.info("%s: loss %.4g after %d steps", run.identity, losses[-1], steps)
        return TrainedRun(probabilities, record)

    def steps_per_epoch(self, run: Run) -> int:
        return -(-len(run.examples) // self.settings.batch_size)

    def count_steps(self, run: Run) -> int:
        """Return how many gradient steps a run takes."""
        steps = self.settings.steps if run.steps is None else run.steps
        return self.settings.epochs * self.steps_per_epoch(run) if steps is None else steps

    def _epochs(self, run: Run):
        """Yield order and weights of the batches of each epoch; the last may be cut short."""
        settings, examples = self.settings, len(run.examples)
        given = examples if run.given is None else run.given
        left = self.count_steps(run)
        for epoch in range(-(-left // self.steps_per_epoch(run))):
            rng = generator(purpose="order", epoch=epoch, **run.identity)
            if settings.unlabeled_ratio is None or given == examples:
                order, weights = batches(examples, settings.batch_size, rng)
            else:
                order, weights = mixed_batches(
                    examples, given, settings.batch_size, settings.unlabeled_ratio, rng
                )
            yield order[:left], weights[:left]
            left -= len(order[:left])

    def _parts(self, run: Run, epoch: int, order: np.ndarray, weights: np.ndarray):
        """Yield an epoch's steps in parts: images, and per step rows of these, targets, weights.

        The images are None where they are the dataset's own. What `_with_noise` adds stands before
        the targets.
        """
        targets = run.targets[order]
        if self.soft and run.targets.ndim == 1:
            targets = np.eye(self.classes, dtype=np.float32)[targets]
        rows = run.examples[order].astype(np.int32)
        if not self.settings.noise["magnitude"]:
            yield None, rows, targets, weights
            return
        rng = generator(purpose="input noise", epoch=epoch, **run.identity)
        at_once = max(1, NOISY_BYTES // (order.shape[1] * self.images[0].nbytes))
        for start in range(0, len(order), at_once):
            now = slice(start, start + at_once)
            yield *self._with_noise(rows[now], rng), targets[now], weights[now]

    def _with_noise(self, rows: np.ndarray, rng: np.random.Generator) -> tuple:
        """Return noisy copies of the images of some steps, and per step its rows of these."""
        noise = self.settings.noise
        noisy = add_noise(
            self.images[rows.ravel()], noise["policy"], noise["magnitude"], noise["operations"], rng
        )
        return noisy, np.arange(len(noisy), dtype=np.int32).reshape(rows.shape)

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

    def predict(self, indices: np.ndarray) -> np.ndarray:
        """Return float32 (examples, classes). Batches are filled up: one shape is traced."""
        probabilities = np.empty((len(indices), self.classes), np.float32)
        for start in range(0, len(indices), PREDICTION_BATCH):
            chunk = indices[start : start + PREDICTION_BATCH]
            filled = np.resize(chunk, PREDICTION_BATCH)
            outputs = self.model.predict_on_batch(scale(self.images[filled]))
            probabilities[start : start + len(chunk)] = outputs[: len(chunk)]
        return probabilities


def scale(images: np.ndarray) -> np.ndarray:
    """Return uint8 images as float32 in [0, 1]."""
    return images.astype(np.float32) / 255


def batches(examples: int, batch_size: int, rng: np.random.Generator):
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
):
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


def _steps_in_graph(model, optimizer, loss, images, targets):
    """Return a function that takes steps in one TensorFlow graph, and what holds the images there.

    The function takes images (uint8), and per step rows of these, targets (like `targets`) and
    weights; it returns the mean loss.
    """
    import tensorflow as tf

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, *images.shape[1:]], tf.uint8),
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None, None, *targets.shape[2:]], targets.dtype),
            tf.TensorSpec([None, None], tf.float32),
        ]
    )
    def take_steps(images, rows, targets, weights):
        total = 0.0
        for step in tf.range(tf.shape(rows)[0]):
            x = tf.cast(tf.gather(images, rows[step]), tf.float32) / 255
            with tf.GradientTape() as tape:
                outputs = model(x, training=True)
                value = loss(targets[step], outputs, sample_weight=weights[step])
                value += sum(model.losses)
            gradients = tape.gradient(value, model.trainable_variables)
            optimizer.apply(gradients, model.trainable_variables)
            total += value
        return total / tf.cast(tf.shape(rows)[0], tf.float32)

    def train_steps(images, rows, targets, weights) -> float:
        return take_steps(*map(tf.convert_to_tensor, (images, rows, targets, weights)))

    return train_steps, tf.constant(images)


def _steps_one_by_one(model, optimizer, loss, images, _targets):
    """Return the same on any backend of Keras: a function that takes one step after the other."""
    model.compile(optimizer, loss)

    def train_steps(images, rows, targets, weights) -> float:
        losses = [
            model.train_on_batch(scale(images[batch]), target, sample_weight=weight)
            for batch, target, weight in zip(rows, targets, weights, strict=True)
        ]
        return float(np.mean(losses))

    return train_steps, images
