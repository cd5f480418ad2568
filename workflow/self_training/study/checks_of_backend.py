"""What a study asks of its backend, as far as it is known before a job starts."""

import subprocess
import sys

from self_training.data.sources import VECTORS
from self_training.study import penalty
from self_training.study.config import compares_only
from self_training.study.encoders import what_networks_take

TENSORFLOW, JAX = "tensorflow", "jax"


def check_backend(config: dict, backend: str, elsewhere: bool) -> None:
    """Raise ConfigError where jobs would end as soon as they have started.

    Args:
        config: that is valid.
        backend: of Keras.
        elsewhere: whether jobs run on other machines than this one, of whose devices nothing is
            known.
    """
    if compares_only(config) or backend == TENSORFLOW:
        return
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
