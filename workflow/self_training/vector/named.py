"""A vector as a person may read it: its features by their names."""

import numpy as np


def by_name(vector: np.ndarray, name: str, source: dict, reading: dict) -> dict[str, float]:
    """Return a vector's features by their names, or by their positions from 0.

    Args:
        vector: float32 (features,).
        name: of the vector, which is no part of it.
        source: settings of the dataset.
        reading: of `streams.reading`.
    """
    names = reading.get("feature_columns") or map(str, range(len(vector)))
    # The shortest numbers that are these float32: 0.1, not 0.10000000149011612.
    return {name: float(str(value)) for name, value in zip(names, vector, strict=True)}
