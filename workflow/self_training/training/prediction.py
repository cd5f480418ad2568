"""What a network predicts: one way for a study, and for the models that come of it."""

from typing import Any

import numpy as np

PREDICTION_BATCH = 128


def predict(
    network: Any,
    inputs: np.ndarray,
    indices: np.ndarray,
    classes: int,
    batch_size: int = PREDICTION_BATCH,
) -> np.ndarray:
    """Return the class probabilities of some examples, float32 (examples, classes).

    All batches are of one size, the last one filled up: one shape is traced, and what is predicted
    of an image does not depend on how many come with it.

    Args:
        network: of Keras.
        inputs: (all examples, ...), what networks are given (see `scale`); may be memory-mapped.
        indices: (examples,) of the examples that are asked about.
    """
    probabilities = np.empty((len(indices), classes), np.float32)
    for start in range(0, len(indices), batch_size):
        chunk = indices[start : start + batch_size]
        filled = np.resize(chunk, batch_size)
        outputs = network.predict_on_batch(scale(inputs[filled]))
        probabilities[start : start + len(chunk)] = outputs[: len(chunk)]
    return probabilities


def scale(inputs: Any, pixels: bool | None = None) -> Any:
    """Return examples as a network takes them: pixels as float32 in [0, 1], all else as it is.

    Args:
        inputs: (examples, ...), an array of NumPy or of JAX.
        pixels: whether they are such, from 0 to 255; when None, whether they are uint8.
    """
    if pixels is None:
        pixels = inputs.dtype == np.uint8
    return inputs.astype(np.float32) / 255 if pixels else inputs
