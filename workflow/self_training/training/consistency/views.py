"""Weak and strong views of unlabeled examples: NumPy, no Keras."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from self_training import dotted_paths
from self_training.seeds import generator
from self_training.training.batches import passes
from self_training.training.runs import Run


class Views(NamedTuple):
    """What a step is given of unlabeled examples.

    weak, strong: (unlabeled, ...) noisy copies of the same examples.
    places: int32 (unlabeled,) their indices into the dataset; of an example that is in the batch
        several times the last one alone, and the number of examples for the others.
    """

    weak: np.ndarray
    strong: np.ndarray
    places: np.ndarray


def orders(run: Run, size: int, taken: int) -> Iterator[np.ndarray]:
    """Return an iterator of the unlabeled examples of each step of a run, for ever.

    Args:
        size: unlabeled examples of a step.
        taken: steps to leave out.

    Yields: (size,), indices into the dataset.
    """
    assert run.unlabeled is not None
    stream = passes(len(run.unlabeled), size, labels="unlabeled", **run.identity)
    return (run.unlabeled[order] for order in islice(stream, taken, None))


def of_step(
    inputs: np.ndarray, chosen: np.ndarray, step: int, run: Run, noises: dict[str, dict]
) -> Views:
    """Return the views of a step, whose noise is drawn by what the step is.

    Args:
        inputs: of the dataset.
        chosen: of `orders`.
        noises: `weak` and `strong`: each with `policy`, a dotted path, `magnitude` and
            `operations`.
    """
    given = np.asarray(inputs[chosen])
    views = {
        name: _view(given, noise, run, purpose=f"{name} view", step=step, **run.identity)
        for name, noise in noises.items()
    }
    return Views(**views, places=_last(chosen, len(inputs)))


def _view(given: np.ndarray, noise: dict, run: Run, **identity: Any) -> np.ndarray:
    if not noise["magnitude"]:
        return given
    policy: Any = dotted_paths.find(noise["policy"])
    how = noise["magnitude"], noise["operations"]
    return policy.add_noise(given, *how, generator(**identity), run.pool)


def _last(chosen: np.ndarray, examples: int) -> np.ndarray:
    """Return indices, of equal ones the last, and `examples` in place of the others."""
    _, first = np.unique(chosen[::-1], return_index=True)
    places = np.full(len(chosen), examples, np.int32)
    at = len(chosen) - 1 - first
    places[at] = chosen[at]
    return places
