"""The penalty of weights (`l2`): what is said where a backend of Keras does not have it."""

from self_training.errors import ConfigError


def not_to_be_had(key: str, backend: str) -> ConfigError:
    """Return the error to raise where a penalty can't be added to a loss.

    Args:
        key: of the config that asks for it.
        backend: of Keras.
    """
    return ConfigError(
        f"{key}: Expected TensorFlow (KERAS_BACKEND): on a CPU, JAX has a penalty of vectors "
        f"alone, whose runs it trains in stacks. Received: {backend}. Leave {key} out, or set "
        "KERAS_BACKEND=tensorflow."
    )
