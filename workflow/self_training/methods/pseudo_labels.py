"""From probabilities to pseudo-labels: arithmetic on arrays, no network."""

import numpy as np

from self_training.errors import ConfigError

LABELS = ("hard", "soft")
BALANCES = ("none", "undersample", "sample", "quota")
FILTERS = ("every_generation", "once")


def select(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Return a mask (examples,) of those whose confidence is above the threshold."""
    confidence = probabilities.max(axis=1)
    return confidence > threshold


def selects_anew(policy: str, generation: int) -> bool:
    """Return whether a generation selects examples, or keeps those that the first has selected.

    Args:
        policy: `every_generation`, or `once` (Xie et al. 2020, section 3.1).
        generation: 1, 2, ...
    """
    if policy not in FILTERS:
        raise ConfigError.of("filter", f"one of {', '.join(FILTERS)}", policy)
    return policy == "every_generation" or generation == 1


def targets(probabilities: np.ndarray, labels: str, temperature: float) -> np.ndarray:
    """Return what a student is trained to predict.

    Args:
        probabilities: (examples, classes).
        labels: `hard` for int32 (examples,), the most probable class; `soft` for float32
            (examples, classes), the probabilities.
        temperature: of soft labels: below 1 they are sharper than the probabilities, above 1
            flatter (the softmax of logits / temperature; Hinton et al. 2015, section 2).
    """
    if labels not in LABELS:
        raise ConfigError.of("labels", f"one of {', '.join(LABELS)}", labels)
    if labels == "soft":
        # Relative to the largest, of which no power is 0.
        powers = (probabilities / probabilities.max(axis=1, keepdims=True)) ** (1 / temperature)
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities.argmax(axis=1).astype(np.int32)


def balance(
    classes: np.ndarray, confidence: np.ndarray, policy: str, quota: int | None = None
) -> np.ndarray:
    """Return how often (copies, int) each selected example is trained on.

    Args:
        classes: (selected,) predicted classes.
        confidence: (selected,).
        policy: `none` takes every example once. `undersample` takes of every predicted class as
            many as the rarest of them has, the most confident first; `sample` at random, the first
            in their order, which is that of the unlabeled examples. `quota` takes of every
            predicted class the same number: the most confident ones where a class has more, all of
            them several times where it has fewer (Xie et al. 2020, section 3.1). A class that no
            example is predicted to have gets none.
        quota: that number; None for about the mean of the predicted classes.
    """
    if policy not in BALANCES:
        raise ConfigError.of("balance", f"one of {', '.join(BALANCES)}", policy)
    copies = np.ones(len(classes), dtype=np.int32)
    if policy == "none" or len(classes) == 0:
        return copies
    present, counts = np.unique(classes, return_counts=True)
    if policy in ("undersample", "sample"):
        quota = counts.min()
        confidence = confidence if policy == "undersample" else np.zeros(len(classes))
    elif quota is None:
        quota = round(counts.mean())
    for label in present:
        members = np.flatnonzero(classes == label)
        most_confident = members[np.argsort(-confidence[members], kind="stable")]
        copies[members] = quota // len(members)
        copies[most_confident[: quota % len(members)]] += 1
    return copies
