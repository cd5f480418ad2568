"""What a backbone returns: whether it is a network's class probabilities, before any training.

A user's own function may do anything. What is wrong with it is said in its own terms, not in those
of the framework that would stumble over it later.
"""

import inspect
import traceback
from typing import Any

import numpy as np

from self_training import dotted_paths
from self_training.errors import ConfigError, StudyError
from self_training.training.framework import keras
from self_training.training.prediction import scale

# How far from 1 the probabilities of an example may sum to: those of a softmax of single precision
# are a thousand times closer.
TOLERANCE = 1e-2
# Examples that a user's network is tried on.
TRIED = 8
_PARAMETERS = "inputs, classes, dropout, survival and seed"


def build_outputs(path: str, inputs: Any, classes: int, noise: dict) -> Any:
    """Return the class probabilities of a new network, a Keras tensor (batch, classes).

    Args:
        path: dotted path of a backbone (see `image.backbones`).
        inputs: a Keras tensor (batch, ...).
        noise: the other arguments of a backbone.

    Raises: ConfigError, where the backbone returns anything else, or nothing.
    """
    try:
        backbone = dotted_paths.find(path)
    except Exception as error:
        raise _wrong(path, "a function in a module that can be imported", _said(error)) from error
    if not callable(backbone):
        raise _wrong(path, f"a function of {_PARAMETERS}", f"{backbone!r:.80}")
    try:
        inspect.signature(backbone).bind(inputs, classes=classes, **noise)
    except TypeError as error:
        raise _wrong(path, f"a function of {_PARAMETERS}", f"another one ({error})") from None
    except ValueError:
        pass  # Of some builtins nobody knows it.
    try:
        outputs = backbone(inputs, classes=classes, **noise)
    except StudyError:
        raise
    except Exception as error:
        shape = " x ".join(map(str, inputs.shape[1:]))
        raise _wrong(path, f"a network for examples of {shape}", _said(error)) from error
    expected = f"the class probabilities, a Keras tensor of shape (batch, {classes})"
    if isinstance(outputs, keras.Model):
        raise _wrong(path, expected, "a model; return its output")
    if not isinstance(outputs, keras.KerasTensor):
        raise _wrong(path, expected, f"{outputs!r:.80}")
    if tuple(outputs.shape) != (None, classes):
        shape = ", ".join("batch" if size is None else str(size) for size in outputs.shape)
        raise _wrong(path, expected, f"one of shape ({shape})")
    return outputs


def connect(path: str, inputs: Any, outputs: Any) -> "keras.Model":
    """Return the network between inputs and what a backbone has made of them.

    Raises: ConfigError, where it has made them of something else.
    """
    try:
        return keras.Model(inputs, outputs)
    except ValueError as error:
        expected = "class probabilities that are computed from its inputs"
        raise _wrong(path, expected, "others, which are not connected with them") from error


def try_out(path: str, model: Any, inputs: np.ndarray) -> None:
    """Raise ConfigError unless a new network of the user's predicts class probabilities.

    Args:
        inputs: (examples, ...), of which a few are predicted (see `prediction.scale`).
    """
    if path.startswith(f"{__name__.partition('.')[0]}."):
        return
    some = scale(np.asarray(inputs[:TRIED]))
    try:
        predicted = np.asarray(keras.ops.convert_to_numpy(model(some, training=False)))
        model(some, training=True)
    except Exception as error:
        raise _wrong(path, "a network that predicts examples", _said(error)) from error
    if not np.isfinite(predicted).all():
        raise _wrong(path, "finite numbers of a new network", "others")
    check_probabilities(path, predicted)


def check_probabilities(path: str, predicted: np.ndarray) -> None:
    """Raise ConfigError unless a network's predictions are probabilities: logits or the sigmoids of
    classes by themselves would be scored, and believed, as if they were.

    Args:
        path: of its backbone.
        predicted: finite, (examples, classes).
    """
    if not len(predicted):
        return
    sums = predicted.sum(axis=1, dtype=np.float64)
    if predicted.min() < 0 or np.abs(sums - 1).max() > TOLERANCE:
        raise _wrong(
            path,
            "class probabilities, in [0, 1], which sum to 1 (softmax)",
            f"numbers from {predicted.min():.3g} to {predicted.max():.3g} that sum to "
            f"{sums.min():.3g} to {sums.max():.3g}. Logits or sigmoids? End the network with "
            "activation='softmax'",
        )


def _wrong(path: str, expected: str, received: str) -> ConfigError:
    return ConfigError(f"backbone {path}: Expected {expected}. Received: {received}.")


def _said(error: Exception) -> str:
    """Return an error in one line, with the last line of code outside this package's libraries."""
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "site-packages" not in frame.filename and not frame.filename.startswith("<")
    ]
    where = ""
    if own and own[-1].filename != __file__ and own[-1].filename != dotted_paths.__file__:
        where = f" ({own[-1].filename}, line {own[-1].lineno})"
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}{'...' * (len(text) > 300)}{where}"
