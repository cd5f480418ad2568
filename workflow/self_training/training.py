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

import numpy as np

from self_training.backbones import BACKBONES
from self_training.runs import Run, TrainedRun
from self_training.seeds import derive_seed, generator

logger = logging.getLogger(__name__)

PREDICTION_BATCH = 128

# Rules know the backend from the same variable; a user's keras.json must not change it.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# Keras and TensorFlow import these if they are installed, for features that are of no use here.
# Without them the framework starts in half the time. JAX needs SciPy.
_OPTIONAL = {"sklearn", "pandas", "matplotlib", "PIL", "scipy", "jax"}
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

    backbone: a name in BACKBONES.
    epochs, batch_size, learning_rate: Adam takes ceil(examples / batch_size) steps an epoch.
    noise: `translation`, the largest shift as a fraction of the image (input noise), and
        `dropout`, a rate (model noise); both act while training and never at prediction.
    threads: CPU threads; results depend on their number.
    """

    backbone: str
    epochs: int
    batch_size: int
    learning_rate: float
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
    """Return a new network: noise on its inputs, if any, then the backbone.

    Its weights and its noise are drawn by seeds of their own, so that networks with and without
    noise start from the same weights.
    """
    keras.utils.set_random_seed(derive_seed(purpose="weights", **identity))
    noise_seed = derive_seed(purpose="noise", **identity) % 2**31
    inputs = keras.Input(input_shape)
    x = inputs
    translation = settings.noise["translation"]
    if translation:
        x = keras.layers.RandomTranslation(
            translation, translation, fill_mode="constant", seed=noise_seed
        )(x)
    backbone = BACKBONES[settings.backbone]
    return keras.Model(inputs, backbone(x, classes, settings.noise["dropout"], noise_seed))


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
        self.model = build_network(images.shape[1:], classes, settings, {})
        self.optimizer = keras.optimizers.Adam(settings.learning_rate)
        self.optimizer.build(self.model.trainable_variables)
        self.optimizer_start = [
            keras.ops.convert_to_numpy(variable) for variable in self.optimizer.variables
        ]
        loss = (
            keras.losses.CategoricalCrossentropy
            if soft
            else keras.losses.SparseCategoricalCrossentropy
        )(reduction="mean_with_sample_weight")
        compile_epoch = {"tensorflow": _epoch_in_graph}.get(
            keras.backend.backend(), _epoch_step_by_step
        )
        target = np.zeros((1, classes), np.float32) if soft else np.zeros(1, np.int32)
        self.train_epoch = compile_epoch(self.model, self.optimizer, loss, images, target)
        # One step that every run's reset undoes: it traces, so that no run's time contains that.
        shape = (1, settings.batch_size)
        first = np.zeros(1, np.int32)
        self.train_epoch(first, target, np.zeros(shape, np.int32), np.ones(shape, np.float32))
        self.predict(first)
        self.tracing_seconds = time.perf_counter() - started
        self.done: dict[str, TrainedRun] = {}

    def reset(self, identity: dict) -> None:
        """Give the network the weights, noise and optimizer that a new one with this seed has."""
        new = build_network(self.images.shape[1:], self.classes, self.settings, identity)
        for variable, value in zip(self.model.variables, new.variables, strict=True):
            variable.assign(value)
        for variable, value in zip(self.optimizer.variables, self.optimizer_start, strict=True):
            variable.assign(value)

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
        losses, steps = [], 0
        for order, weights in self._epochs(run):
            losses.append(float(self.train_epoch(run.examples, run.targets, order, weights)))
            steps += len(order)
        training_seconds = time.perf_counter() - started
        diverged = not np.isfinite(losses).all()
        if diverged:
            logger.warning("%s: loss not finite; use a smaller learning_rate", run.identity)
        probabilities, prediction_seconds = {}, {}
        for name, indices in run.predict.items():
            started = time.perf_counter()
            probabilities[name] = self.predict(indices)
            if diverged:
                probabilities[name][:] = 1 / self.classes
            prediction_seconds[name] = time.perf_counter() - started
        record = run.identity | {
            "examples": len(run.examples),
            "steps": steps,
            "losses": [loss if np.isfinite(loss) else None for loss in losses],
            "diverged": diverged,
            "training_seconds": training_seconds,
            "prediction_seconds": prediction_seconds,
        }
        logger.info("%s: loss %.4g after %d steps", run.identity, losses[-1], record["steps"])
        return TrainedRun(probabilities, record)

    def _epochs(self, run: Run):
        """Yield order and weights of the batches of each epoch; the last may be cut short."""
        per_epoch = -(-len(run.examples) // self.settings.batch_size)
        left = self.settings.epochs * per_epoch if run.steps is None else run.steps
        for epoch in range(-(-left // per_epoch)):
            rng = generator(purpose="order", epoch=epoch, **run.identity)
            order, weights = batches(len(run.examples), self.settings.batch_size, rng)
            yield order[:left], weights[:left]
            left -= len(order[:left])

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

    The last batch is filled up with the epoch's first examples, at weight 0: they count neither
    in the loss nor as a step, but every batch has one shape.

    Returns: order int32 and weights float32, both (steps, batch_size).
    """
    steps = -(-examples // batch_size)
    order = np.resize(rng.permutation(examples).astype(np.int32), steps * batch_size)
    weights = (np.arange(steps * batch_size) < examples).astype(np.float32)
    return order.reshape(steps, batch_size), weights.reshape(steps, batch_size)


def _epoch_in_graph(model, optimizer, loss, images, target):
    """Return a function that trains an epoch as one TensorFlow graph, images gathered inside.

    `target` is an example of the targets: labels, or rows of probabilities.
    """
    import tensorflow as tf

    images = tf.constant(images)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None, *target.shape[1:]], target.dtype),
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None, None], tf.float32),
        ]
    )
    def epoch(examples, targets, order, weights):
        total = 0.0
        for step in tf.range(tf.shape(order)[0]):
            batch = order[step]
            x = tf.cast(tf.gather(images, tf.gather(examples, batch)), tf.float32) / 255
            with tf.GradientTape() as tape:
                outputs = model(x, training=True)
                value = loss(tf.gather(targets, batch), outputs, sample_weight=weights[step])
                value += sum(model.losses)
            gradients = tape.gradient(value, model.trainable_variables)
            optimizer.apply(gradients, model.trainable_variables)
            total += value
        return total / tf.cast(tf.shape(order)[0], tf.float32)

    def train_epoch(examples, targets, order, weights) -> float:
        return epoch(
            tf.constant(examples, tf.int32),
            tf.constant(targets),
            tf.constant(order),
            tf.constant(weights),
        )

    return train_epoch


def _epoch_step_by_step(model, optimizer, loss, images, _target):
    """Return a function that trains an epoch batch by batch, on any backend of Keras."""
    model.compile(optimizer, loss)

    def train_epoch(examples, targets, order, weights) -> float:
        losses = [
            model.train_on_batch(
                scale(images[examples[batch]]), targets[batch], sample_weight=weight
            )
            for batch, weight in zip(order, weights, strict=True)
        ]
        return float(np.mean(losses))

    return train_epoch
