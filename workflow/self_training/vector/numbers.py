"""Numbers that vectors may have: those that are finite as 32-bit floats."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from self_training.errors import DatasetError

# Of 64 bits, so that an infinite float16 is not compared to an infinite one.
LARGEST = np.float64(np.finfo(np.float32).max)


def check_finite(path: Path | str, x: np.ndarray, names: Sequence[str], first: int) -> None:
    """Raise DatasetError, naming the first place, unless all numbers are finite as float32.

    Args:
        names: of the features.
        first: what the first row is called.
    """
    # NaN is not below either.
    wrong = np.argwhere(~(np.abs(x) <= LARGEST))
    if len(wrong):
        row, feature = wrong[0]
        raise DatasetError(
            f"{path}: Expected finite numbers of up to {LARGEST:.1e}. Received "
            f"{x[row, feature]} in row {row + first}, feature '{names[feature]}', and "
            f"{len(wrong) - 1} more such numbers. Leave these rows or features out, or fill them "
            "in before."
        )
