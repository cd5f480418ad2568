"""Seeds that come from what a thing is, never from when it was computed."""

import hashlib
import json

import numpy as np


def derive_seed(**identity) -> int:
    """Return a seed in [0, 2**32) for an identity, such as `study=7, dataset="digits", member=0`.

    The identity is hashed as canonical JSON, so that the order of its keys does not matter and
    `"a_b", "c"` differs from `"a", "b_c"`.
    """
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def generator(**identity) -> np.random.Generator:
    """Return a NumPy generator that is seeded by an identity."""
    return np.random.default_rng(derive_seed(**identity))
