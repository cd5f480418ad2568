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
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Measured on real images; docs/data.md has what it finds and what it misses.
CORRELATION = 0.997
COMPONENTS = 16  # More take longer to multiply, fewer leave more pairs to check on all features.
BLOCK = 1024  # Examples that are compared with all others at a time.
PAIRS = 1_000_000  # Pairs that are held in memory, at most, before they become groups.
# Of what is all of one value, rounding errors are left when it is centered.
FLAT = 1e-4


def exact(examples: np.ndarray) -> np.ndarray:
    """Return, per example, the first one that has the same bytes.

    Args:
        examples: (examples, ...), of whatever kind.

    Returns: int (examples,); an example without duplicates is its own first.
    """
    digests = np.empty(len(examples), dtype="V16")
    for index, example in enumerate(examples):
        digests[index] = np.void(hashlib.blake2b(example.tobytes(), digest_size=16).digest())
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
    different = np.flatnonzero(same == np.arange(len(same)))
    units, varied = _unit_length(features[different])
    different = different[varied]
    group = same
    held: list[np.ndarray] = []
    for pairs in _near_pairs(units[varied]):
        held.append(different[pairs])
        if sum(map(len, held)) > PAIRS:
            group, held = _joined(group, held), []
    return _joined(group, held)


def _unit_length(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return features centered and of length 1, and of which examples they could be made so."""
    features = features.astype(np.float32)
    size = np.linalg.norm(features, axis=1)
    centered = features - features.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centered, axis=1)
    varied = length > FLAT * size
    return centered / np.where(varied, length, 1)[:, None], varied


def _near_pairs(units: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the pairs of examples below the bound, int (pairs, 2) of a block at a time.

    Candidates are near in the leading principal components: a distance is never larger after an
    orthogonal projection, so none is missed. In the order of the first component, what is farther
    than the bound from a block lies at its sides.
    """
    bound = np.sqrt(2 - 2 * CORRELATION)
    if len(units) < 2:
        return
    centered = units - units.mean(axis=0)
    _, axes = np.linalg.eigh(centered.T @ centered)
    projected = centered @ axes[:, ::-1][:, :COMPONENTS]
    order = np.argsort(projected[:, 0], kind="stable")
    projected, lengths = projected[order], (projected[order] ** 2).sum(axis=1)
    # A little wider than the bound: what rounding errors add is checked away.
    wider = bound + 1e-3
    for start in range(0, len(order), BLOCK):
        stop = min(start + BLOCK, len(order))
        last = np.searchsorted(projected[:, 0], projected[stop - 1, 0] + wider, side="right")
        for other in range(start, last, BLOCK):
            columns = slice(other, min(other + BLOCK, last))
            products = projected[start:stop] @ projected[columns].T
            squared = lengths[start:stop, None] + lengths[columns] - 2 * products
            row, column = np.nonzero(squared <= wider**2)
            found = np.stack([row + start, column + other], axis=1)
            found = order[found[found[:, 0] < found[:, 1]]]
            # As many as there are features, so that a pair takes no more memory than an example.
            for some in np.array_split(found, len(found) // BLOCK + 1):
                difference = units[some[:, 0]] - units[some[:, 1]]
                yield some[(difference**2).sum(axis=1) <= bound**2]


def _joined(group: np.ndarray, held: list[np.ndarray]) -> np.ndarray:
    """Return groups, each by its first example, with the members of pairs in one."""
    links = np.concatenate([np.stack([np.arange(len(group)), group], axis=1), *held])
    graph = coo_array((np.ones(len(links), bool), links.T), shape=(len(group),) * 2)
    _, component = connected_components(graph, directed=False)
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    return first[inverse]
