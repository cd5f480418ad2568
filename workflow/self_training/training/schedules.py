"""How a run's learning rate and the average of its weights go along its steps: NumPy, no Keras."""

from collections.abc import Callable

import numpy as np

from self_training.errors import ConfigError
from self_training.training.runs import TrainingSettings

# Of the learning rate: what is left of it when a share of the steps after the warm-up is done.
DECAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": np.ones_like,
    "cosine": lambda done: (1 + np.cos(np.pi * done)) / 2,
    "linear": lambda done: 1 - done,
}


def learning_rates(settings: TrainingSettings, steps: int) -> np.ndarray:
    """Return the learning rate of every step of a run, float32 (steps,).

    It rises linearly to `learning_rate` over the share `warmup` of the steps, then falls to 0 as
    `decay` says: by half a cosine (Loshchilov and Hutter 2017, without restarts), linearly, or not.
    It would be 0 at the step after the last.
    """
    if settings.decay not in DECAYS:
        raise ConfigError.of("decay", f"one of {', '.join(DECAYS)}", settings.decay)
    step = np.arange(steps)
    warm = round(settings.warmup * steps)
    rise = np.minimum(1, (step + 1) / max(1, warm))
    done = np.maximum(0, (step - warm) / max(1, steps - warm))
    return (settings.learning_rate * rise * DECAYS[settings.decay](done)).astype(np.float32)


def momenta(settings: TrainingSettings, steps: int) -> np.ndarray:
    """Return how much of the average of the weights stays in every step of a run.

    The average becomes momentum * average + (1 - momentum) * weights. The momentum rises to `ema`,
    as min(ema, (1 + t) / (10 + t)) at step t = 0, 1, ..., so that the starting weights fade from
    the average of a short run too (as in TensorFlow's ExponentialMovingAverage).

    Returns: float32 (steps,); zeros without `ema`.
    """
    step = np.arange(steps)
    return np.minimum(settings.ema, (1 + step) / (10 + step)).astype(np.float32)
