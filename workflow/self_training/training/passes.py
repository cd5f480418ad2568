"""Passes of one network with its dropout on: how far apart what they predict is.

Gal and Ghahramani 2016 (*Dropout as a Bayesian approximation*, ICML): with dropout on, a network
that was trained with it is a sample of an ensemble. Masks are drawn with NumPy, by what a run is
and by the place of a batch among its examples: the same in stacks and one by one, on TensorFlow and
JAX, and after a kill.
"""

from typing import Any

import numpy as np

from self_training.errors import ConfigError
from self_training.seeds import generator
from self_training.training.framework import keras
from self_training.training.prediction import PREDICTION_BATCH, scale

# As in Rizve et al. 2021 (section 4: Monte Carlo dropout).
PASSES = 10


class Masked(keras.layers.Layer):
    """Dropout whose `mask`, (PREDICTION_BATCH, ...), is given: by it is multiplied."""

    def build(self, input_shape: Any) -> None:
        """Make the mask, of ones."""
        shape = (PREDICTION_BATCH, *input_shape[1:])
        self.mask = self.add_weight(shape=shape, initializer="ones", trainable=False, name="mask")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of what it is given."""
        return input_shape

    def call(self, inputs: Any) -> Any:
        """Return the inputs, masked."""
        return inputs * self.mask


class Passes:
    """A network with masks in the place of its dropout; all other layers are its own.

    Stochastic depth is dropout of whole blocks, and stays off; so does all else that a network does
    in training alone.

    Args:
        model: a network that is trained.
        backbone: its dotted path.

    Raises: ConfigError, where it has no dropout.
    """

    def __init__(self, model: Any, backbone: str):
        self.rates: list[float] = []
        self.layers: list[Masked] = []
        self.model = keras.models.clone_model(model, clone_function=self._of)
        if not self.layers:
            raise ConfigError(
                f"backbone {backbone}: Expected a network with a layer of dropout "
                "(keras.layers.Dropout with the rate that it is given), as uncertainty of one "
                "network is how far passes with dropout are apart. Received one without. Use "
                "another backbone, or an ensemble_size of at least 2."
            )

    def _of(self, layer: Any) -> Any:
        is_dropout = isinstance(layer, keras.layers.Dropout) and layer.noise_shape is None
        if not is_dropout or not layer.rate:
            return layer
        self.rates.append(layer.rate)
        self.layers.append(Masked())
        return self.layers[-1]

    def masks(self, batch: int, identity: dict) -> list[list[np.ndarray]]:
        """Return the masks of every pass for every layer: 0, or 1 / (1 - rate).

        Args:
            batch: its number among those that the examples of a run are cut into.
            identity: of the run.
        """
        rng = generator(purpose="passes", batch=batch, **identity)
        return [
            [
                (rng.random(layer.mask.shape, np.float32) >= rate).astype(np.float32) / (1 - rate)
                for layer, rate in zip(self.layers, self.rates, strict=True)
            ]
            for _ in range(PASSES)
        ]

    def predict(
        self, inputs: np.ndarray, indices: np.ndarray, classes: int, identity: dict
    ) -> np.ndarray:
        """Return `deviations` of some examples, float32 (examples, classes).

        Args:
            inputs, indices, classes: of `prediction.predict`.
            identity: of the run.
        """
        found = np.empty((len(indices), classes), np.float32)
        for number, start in enumerate(range(0, len(indices), PREDICTION_BATCH)):
            chunk = indices[start : start + PREDICTION_BATCH]
            x = scale(inputs[np.resize(chunk, PREDICTION_BATCH)])
            outputs = []
            for of_pass in self.masks(number, identity):
                for layer, mask in zip(self.layers, of_pass, strict=True):
                    layer.mask.assign(mask)
                outputs.append(self.model.predict_on_batch(x))
            found[start : start + len(chunk)] = deviations(outputs)[: len(chunk)]
        return found


def deviations(outputs: list) -> np.ndarray:
    """Return the standard deviation (of a sample, n - 1) of each probability over passes.

    Args:
        outputs: of every pass, (..., classes).
    """
    return np.stack(outputs).std(axis=0, ddof=1, dtype=np.float64).astype(np.float32)
