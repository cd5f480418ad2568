"""A vector as a person may read it: its features by their names."""

import numpy as np


def by_name(vector: np.ndarray, name: str, source: dict, reading: dict) -> dict[str, float]:
    """Return a vector's features by the names of their columns, or by their positions from 0.

    Args:
        vector: float32 (features,).
        name: of the vector, which is no part of it.
        source: settings of the dataset.
        reading: of `streams.reading`.
    """
    positions = [str(position) for position in range(len(vector))]
    names = reading.get("feature_columns", positions)
    # One column of lists has all of them.
    names = names if len(names) == len(vector) else positions
    # The shortest numbers that are these float32: 0.1, not 0.10000000149011612.
    return {name: float(str(value)) for name, value in zip(names, vector, strict=True)}
