"""What features of vectors are like in the pool of an outer fold: all that is not held out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Pool(NamedTuple):
    """What each feature is like in the pool, labeled and unlabeled examples together.

    mean, deviation: float32, of the shape of an example; the deviation of a constant feature is 0.
    """

    mean: np.ndarray
    deviation: np.ndarray


def describe(examples: np.ndarray, indices: np.ndarray) -> Pool:
    """Return what each feature is like in a pool.

    Args:
        examples: float (all examples, ...); may be memory-mapped.
        indices: (pool,).
    """
    x = examples[np.sort(indices)].astype(np.float64)
    return Pool(x.mean(axis=0).astype(np.float32), x.std(axis=0).astype(np.float32))


def describe_all(examples: np.ndarray, pools: Sequence[np.ndarray]) -> list[Pool]:
    """Return what each feature is like in each of some pools; draws from one file share theirs."""
    alike: dict[bytes, Pool] = {}
    described = []
    for indices in map(np.sort, pools):
        key = indices.tobytes()
        if key not in alike:
            alike[key] = describe(examples, indices)
        described.append(alike[key])
    return described
