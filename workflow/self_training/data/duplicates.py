"""Duplicates: examples that are the same byte by byte, and others that are hardly different.

Near duplicates are what Barz and Denzler 2020 (*Do we train on test data? Purging CIFAR of
near-duplicates*, Journal of Imaging) look for: the same picture once more, a little brighter or
compressed again. Here two examples are near where the Euclidean distance of their features is below
a bound, with the features of each centered and of length 1: the distance d and the correlation r of
two are tied by d² = 2 - 2r, so neither brightness nor contrast counts.
"""

import hashlib
from collections.abc import Iterator

import numpy as np

# Measured on real images; docs/data.md has what it finds and what it misses.
CORRELATION = 0.997
_BOUND = (2 - 2 * CORRELATION) ** 0.5
COMPONENTS = 16  # More take longer to multiply, fewer leave more pairs to check on all features.
BLOCK = 1024  # Examples that are compared with all others at a time.
# Of what is all of one value, rounding errors are left when it is centered.
FLAT = 1e-4


def exact(examples: np.ndarray) -> np.ndarray:
    """Return, per example, the first one that has the same bytes.

    Args:
        examples: (examples, ...), of whatever kind; texts are str.

    Returns: int (examples,); an example without duplicates is its own first.
    """
    digests = np.empty(len(examples), dtype="V16")
    for index, example in enumerate(examples):
        content = example.encode() if isinstance(example, str) else example.tobytes()
        digests[index] = np.void(hashlib.blake2b(content, digest_size=16).digest())
    _, first, group = np.unique(digests, return_index=True, return_inverse=True)
    return first[group]


def near(features: np.ndarray, same: np.ndarray) -> np.ndarray:
    """Return, per example, the first one of its group of duplicates and near duplicates.

    A group is what is linked by pairs, so that two of it may be farther apart than the bound. None
    that is below the bound is missed. What has features of one value only, such as a blank image,
    has no near duplicates.

    Args:
        features: (examples, features).
        same: of `exact`.

    Returns: int (examples,); an example without duplicates is its own first.
    """
    units, varied = _unit_length(features)
    del features  # Nobody else may need them, and they may be as large as the dataset.
    compared = np.flatnonzero(varied & (same == np.arange(len(same))))
    units = units if len(compared) == len(units) else units[compared]
    group = np.arange(len(compared))
    for candidates in _candidates(units):
        pairs = candidates[group[candidates[:, 0]] != group[candidates[:, 1]]]
        # A block at a time, as their features are copied.
        for start in range(0, len(pairs), BLOCK):
            first, second = pairs[start : start + BLOCK].T
            # One that is linked by now tells nothing, of which there are many in a large group.
            first, second = (some[group[first] != group[second]] for some in (first, second))
            is_near = ((units[first] - units[second]) ** 2).sum(axis=1) <= _BOUND**2
            if is_near.any():
                group = _joined(group, first[is_near], second[is_near])
    found = same.copy()
    found[compared] = compared[group]
    return found[same]


def _unit_length(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return features centered and of length 1, and of which examples they could be made so."""
    features = features.astype(np.float32, copy=False)
    size = _lengths(features)
    centered = features - features.mean(axis=1, keepdims=True)
    length = _lengths(centered)
    varied = length > FLAT * size
    centered /= np.where(varied, length, 1)[:, None]
    return centered, varied


def _lengths(vectors: np.ndarray) -> np.ndarray:
    """Return Euclidean lengths; NumPy would square a copy of all vectors at once."""
    blocks = range(0, len(vectors), BLOCK)
    found = [np.linalg.norm(vectors[start : start + BLOCK], axis=1) for start in blocks]
    return np.concatenate([np.empty(0, np.float32), *found])


def _candidates(units: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the pairs of examples that may be below the bound, int (pairs, 2) of two blocks each.

    They are near in the leading principal components: a distance is never larger after an
    orthogonal projection, so none is missed. In the order of the first component, what is farther
    than the bound from a block lies at its sides.
    """
    if len(units) < 2:
        return
    centered = units - units.mean(axis=0)
    _, axes = np.linalg.eigh(centered.T @ centered)
    projected = centered @ axes[:, ::-1][:, :COMPONENTS]
    del centered
    order = np.argsort(projected[:, 0], kind="stable")
    projected = projected[order]
    lengths = (projected**2).sum(axis=1)
    # A little wider: rounding errors must hide none.
    bound = _BOUND + 1e-3
    for start in range(0, len(order), BLOCK):
        block = projected[start : start + BLOCK]
        end = np.searchsorted(projected[:, 0], block[-1, 0] + bound, side="right")
        for other in range(start, end, BLOCK):
            columns = slice(other, other + BLOCK)
            products = block @ projected[columns].T
            squared = lengths[start : start + BLOCK, None] + lengths[columns] - 2 * products
            rows = np.argwhere(squared <= bound**2) + np.array([start, other])
            yield order[rows[rows[:, 0] < rows[:, 1]]]


def _joined(group: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return groups, each by its first example, where those of linked examples are one."""
    # Takes long to import, and whoever plans a study imports this module.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = np.arange(len(group)), group
    rows, columns = (np.append(*ends) for ends in zip(links, (first, second), strict=True))
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(len(group),) * 2)
    _, component = connected_components(graph, directed=False)
    _, firsts, inverse = np.unique(component, return_index=True, return_inverse=True)
    return firsts[inverse]
