"""The networks of a deployed model: loaded once, they predict as the study's own did."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from self_training import dotted_paths
from self_training.deployment.model import Model
from self_training.errors import ModelError
from self_training.study import deployed_transformers
from self_training.training.prediction import predict


def load_networks(folder: Path | str, model: Model) -> list[Any]:
    """Start the framework and load a model's networks, in the order of its members.

    The backend of Keras is the model's, unless the environment names one (KERAS_BACKEND). Those of
    transformers are PyTorch's.

    Raises: ModelError, where this version of the framework can't load one.
    """
    if model.backend == deployed_transformers.BACKEND:
        return dotted_paths.find(deployed_transformers.LOAD)(folder, model)
    os.environ.setdefault("KERAS_BACKEND", model.backend)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from self_training.training.framework import keras, start_framework

    start_framework(model.threads)
    networks = []
    for member in model.members:
        path = Path(folder) / member["file"]
        try:
            networks.append(keras.saving.load_model(path, compile=False))
        except (ValueError, TypeError, OSError, KeyError) as error:
            raise ModelError(
                f"{path}: Expected a network that Keras {keras.__version__} can load, without "
                f"layers of your own that it does not know. Received another ({error})."
            ) from error
    return networks


def predict_members(networks: list[Any], inputs: np.ndarray, model: Model) -> np.ndarray:
    """Return the class probabilities of examples by every member, float32 (members, examples,
    classes).

    Args:
        networks: of `load_networks`.
        inputs: (examples, ...), of `data.streams.Chunk`.

    Raises: ModelError, where a network gives no numbers.
    """
    if model.backend == deployed_transformers.BACKEND:
        found = dotted_paths.find(deployed_transformers.PREDICT)(networks, inputs, model)
    else:
        every = np.arange(len(inputs))
        found = np.stack(
            [
                predict(network, inputs, every, len(model.classes), model.batch_size)
                for network in networks
            ]
        )
    for member, probabilities in zip(model.members, found, strict=True):
        if not np.isfinite(probabilities).all():
            raise ModelError(
                f"{member['file']}: Expected a network that predicts probabilities. Received "
                "numbers that are not finite: its training has diverged."
            )
    return found
