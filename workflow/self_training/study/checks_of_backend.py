"""What a study asks of its backend, as far as it is known before a job starts."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from self_training.data.sources import VECTORS
from self_training.errors import ConfigError
from self_training.study import methods, penalty
from self_training.study.config import compares_only
from self_training.study.encoders import what_networks_take

# What Keras trains with, of the variable KERAS_BACKEND.
TENSORFLOW, JAX = "tensorflow", "jax"
BACKENDS = (TENSORFLOW, JAX, "torch")


def check_backend(config: dict, backend: str, elsewhere: bool) -> None:
    """Raise ConfigError where jobs would end as soon as they have started.

    Args:
        config: that is valid.
        backend: of Keras.
        elsewhere: whether jobs run on other machines than this one, of whose devices nothing is
            known.
    """
    if compares_only(config):
        return
    if backend not in BACKENDS:
        raise ConfigError.of("KERAS_BACKEND", f"one of {', '.join(BACKENDS)}", backend)
    if find_spec(backend) is None:
        expected = f"one that is installed ({', '.join(filter(find_spec, BACKENDS)) or 'none is'})"
        raise ConfigError.of("KERAS_BACKEND", expected, backend)
    with_consistency = methods.of_consistency(config)
    if with_consistency and backend not in (TENSORFLOW, JAX):
        expected = f"{TENSORFLOW} or {JAX}, for the consistency training of {with_consistency[0]}"
        raise ConfigError.of("KERAS_BACKEND", expected, backend)
    if backend != TENSORFLOW:
        no_penalty_that_is_not_to_be_had(config, backend, elsewhere)


def no_penalty_that_is_not_to_be_had(config: dict, backend: str, elsewhere: bool) -> None:
    """Forbid a penalty where runs are trained step by step, and not with TensorFlow.

    JAX trains vectors in stacks, on whatever device, and all else on a GPU.
    """
    key = _key_of_penalty(config)
    if key is None:
        return
    taken = what_networks_take(next(iter(config["datasets"].values())))
    if backend == JAX and (taken == VECTORS or elsewhere or not is_on_cpu()):
        return
    raise penalty.not_to_be_had(key, backend)


def _key_of_penalty(config: dict) -> str | None:
    """Return the first key that asks for a penalty, None without one."""
    given = {"training.l2": config["training"].get("l2", 0)}
    given |= {f"methods.{name}.l2": some.get("l2", 0) for name, some in config["methods"].items()}
    for key, l2 in given.items():
        if any(l2 if isinstance(l2, list) else [l2]):
            return key
    return None


def is_on_cpu() -> bool:
    """Return whether JAX has nothing but a CPU here; False where it can't be asked.

    It is asked in a process of its own: here, it would hold a GPU's memory as long as jobs run.
    """
    code = "import jax; print(jax.default_backend())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() == "cpu"


def check_results(config: dict) -> None:
    """Raise ConfigError when the folder of a study's results is a file."""
    path = Path("results") / config["study"]
    if path.exists() and not path.is_dir():
        expected = f"a name that no file in results/ has ({path} is one)"
        raise ConfigError.of("study", expected, config["study"])
