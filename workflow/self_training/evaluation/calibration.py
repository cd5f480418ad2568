"""Whether predictions are as often right as they are confident."""

import numpy as np

BINS = 10  # Of confidence, from 0 to 1, in a reliability diagram.


def reliability(y_true: np.ndarray, probabilities: np.ndarray) -> list[dict]:
    """Return, for each bin of confidence, how many predictions it has and how many are right.

    Source: Guo et al. 2017 (ICML), section 2.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == y_true
    # The upper edge belongs to a bin: a confidence of 1 is in the last one.
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return [
        {
            "bin": index,
            "count": int((bins == index).sum()),
            "correct": int(right[bins == index].sum()),
            "confidence": float(confidence[bins == index].sum()),
        }
        for index in range(BINS)
    ]


def calibration_error(bins: list[dict]) -> float:
    """Return the expected calibration error: the mean gap of confidence and accuracy."""
    gaps = sum(abs(part["confidence"] - part["correct"]) for part in bins)
    return gaps / sum(part["count"] for part in bins)
