"""Whether what is to train is there, before any job asks for it."""

from importlib.util import find_spec
from pathlib import Path

from self_training.errors import ConfigError
from self_training.study.config import compares_only

# What Keras trains with, of the variable KERAS_BACKEND.
BACKENDS = ("tensorflow", "jax", "torch")


def check_backend(config: dict, name: str) -> None:
    """Raise ConfigError when a study trains and Keras' backend is none, or not installed.

    Args:
        name: of the variable KERAS_BACKEND.
    """
    if compares_only(config):
        return
    if name not in BACKENDS:
        raise ConfigError.of("KERAS_BACKEND", f"one of {', '.join(BACKENDS)}", name)
    if find_spec(name) is None:
        expected = f"one that is installed ({', '.join(filter(find_spec, BACKENDS)) or 'none is'})"
        raise ConfigError.of("KERAS_BACKEND", expected, name)


def check_results(config: dict) -> None:
    """Raise ConfigError when the folder of a study's results is a file."""
    path = Path("results") / config["study"]
    if path.exists() and not path.is_dir():
        expected = f"a name that no file in results/ has ({path} is one)"
        raise ConfigError.of("study", expected, config["study"])
