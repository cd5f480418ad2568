"""Keras: its import, its start, and what there is to say of it."""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from self_training import gpus

# What the file of a network ends in.
NETWORK = ".keras"
# Rules know the backend from the same variable; a user's keras.json must not change it.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# Keras and TensorFlow import these if they are installed, for features that are of no use here.
# Without them the framework starts in half the time. JAX needs SciPy.
_OPTIONAL = {"sklearn", "pandas", "matplotlib", "scipy", "jax"}
if os.environ["KERAS_BACKEND"] == "jax":
    _OPTIONAL -= {"scipy", "jax"}


@contextmanager
def _not_importable(modules: set[str]) -> Iterator[None]:
    """Make modules look as if they were not installed."""
    absent = modules - set(sys.modules)
    # None makes an import fail, though `sys.modules` is not typed for it.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _not_importable(_OPTIONAL):
    import keras

keras.config.set_image_data_format("channels_last")


def start_framework(threads: int) -> None:
    """Limit the framework to some threads and let it take a GPU's memory as it needs it.

    Must be called before the first operation.
    """
    gpus.take()
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        devices = tf.config.list_physical_devices("GPU")
        for device in devices:
            tf.config.experimental.set_memory_growth(device, True)
        if devices:
            tf.config.experimental.enable_op_determinism()
    elif backend == "jax":
        # Where it is installed, Keras imports TensorFlow to set its seed, too: for three seconds.
        sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
        flags = [
            os.environ.get("XLA_FLAGS", ""),
            f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()}",
            "--xla_gpu_deterministic_ops=true",
        ]
        os.environ["XLA_FLAGS"] = " ".join(flags).strip()
        # XLA takes the size of its thread pool from here.
        os.environ["NPROC"] = str(threads)
        os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"


def trains_with_jax() -> bool:
    """Return whether JAX is the backend."""
    return keras.backend.backend() == "jax"


def has_gpu() -> bool:
    """Return whether JAX has something faster than a CPU."""
    import jax

    return jax.default_backend() != "cpu"


def describe_framework() -> dict[str, str]:
    """Return backend, versions and device, for the record of a training job."""
    backend = keras.backend.backend()
    return {
        "backend": backend,
        "keras": keras.__version__,
        backend: sys.modules[backend].__version__,
        "host": platform.node(),
        "device": keras.distribution.list_devices()[0],
    }
