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


def calibration_error(bins: list[dict]) -> float | None:
    """Return the root mean square gap of confidence and accuracy, without what chance adds.

    A bin of few predictions has a gap even where confidence is right, so the plain error is above 0
    for a calibrated model: about 0.1 for 100 predictions. The variance of each bin's accuracy,
    y * (1 - y) / (n - 1), is taken off its squared gap, which makes the mean of the squares
    unbiased (Kumar, Liang & Ma 2019, NeurIPS, section 4; Brocker 2012, Climate Dynamics 39).

    Args:
        bins: of `reliability`; those of a single prediction, whose variance is not known, are left
            out.

    Returns: the root, with the sign of the mean of the squares, which for a calibrated model is
        below 0 as often as above; None where no bin has 2 predictions.
    """
    known = [part for part in bins if part["count"] > 1]
    if not known:
        return None
    count, correct, confidence = (
        np.array([part[name] for part in known]) for name in ("count", "correct", "confidence")
    )
    accuracy = correct / count
    squares = (confidence / count - accuracy) ** 2 - accuracy * (1 - accuracy) / (count - 1)
    mean = (count * squares).sum() / count.sum()
    return float(np.sign(mean) * np.sqrt(np.abs(mean)))
