"""Features: what a look at the data compares vectors by."""

import numpy as np

# Of fewer features, some examples of a table are as good as proportional to others by chance.
LEAST = 32
BLOCK = 32  # Features that are computed at a time.


def features(vectors: np.ndarray) -> np.ndarray:
    """Return each vector's features, in units of their deviations over all examples.

    Args:
        vectors: float32 (examples, features).

    Returns: float32 of the same shape; a feature that is constant is 0.
    """
    found = np.empty(vectors.shape, np.float32)
    # A block at a time, as numbers of double precision take twice the memory.
    for start in range(0, vectors.shape[1], BLOCK):
        x = np.asarray(vectors[:, start : start + BLOCK], np.float64)
        deviation = x.std(axis=0)
        x = (x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
        found[:, start : start + BLOCK] = x
    return found


def for_duplicates(vectors: np.ndarray) -> np.ndarray:
    """Return features that near duplicates are looked for by: none where there are few.

    Args:
        vectors: float32 (examples, features).

    Returns: float32 (examples, features), or (examples, 0) of fewer features than LEAST.
    """
    found = features(vectors)
    return found if found.shape[1] >= LEAST else found[:, :0]
