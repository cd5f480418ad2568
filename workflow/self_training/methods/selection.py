"""Which of the examples that teachers were asked about are selected: arithmetic, no network.

The threshold alone is `pseudo_labels.select`. What may be beside it, or in its place, is here.
Equal confidences are taken in the order of the unlabeled examples, which is random.
"""

import math

import numpy as np

from self_training.methods import pseudo_labels


def select(
    probabilities: np.ndarray,
    members: np.ndarray,
    generation: int,
    *,
    threshold: float | None,
    curriculum: float | None,
    share: dict[str, float],
    uncertainty: float | None,
    passes: np.ndarray | None = None,
) -> np.ndarray:
    """Return a mask (examples,) of those that a generation selects.

    Args:
        probabilities: (examples, classes) that pseudo-labels are made of.
        members: (members, examples, classes) probabilities by each teacher.
        generation: 1, 2, ...
        threshold: of `pseudo_labels.select`; None with a curriculum.
        curriculum: by how large a part of the examples the selected ones grow in every generation,
            the most confident first (Cascante-Bonilla et al. 2021, Curriculum Labeling, AAAI, where
            it is 0.2); None without.
        share: of `bounded`; empty without.
        uncertainty: an example is selected if its `spread` is below it, too (Rizve et al. 2021, In
            defense of pseudo-labeling, ICLR, section 3: positive pseudo-labels); None without.
        passes: (examples, classes) deviations of one teacher's probabilities over passes with
            dropout, which are then its spread; None where it is that of several members.
    """
    confidence = probabilities.max(axis=1)
    if curriculum is not None:
        selected = most_confident(confidence, count_of(curriculum * generation, len(confidence)))
    else:
        assert threshold is not None
        selected = pseudo_labels.select(probabilities, threshold)
    if share:
        selected = bounded(confidence, selected, **share)
    if uncertainty is not None:
        labels = probabilities.argmax(axis=1)
        apart = spread(members, labels) if passes is None else of_label(passes, labels)
        selected &= apart < uncertainty
    return selected


def bounded(
    confidence: np.ndarray, selected: np.ndarray, at_least: float, at_most: float
) -> np.ndarray:
    """Return what is selected by the threshold, or by one that is moved as far as it must.

    The rule of AutoGluon (`filter_pseudo` in autogluon.core.pseudolabeling, where at least 0.05 and
    at most 0.6 are taken). There, all of equal confidence are taken together, however many.

    Args:
        confidence: (examples,).
        selected: mask (examples,) of those whose confidence is above the threshold.
        at_least, at_most: parts of the examples, rounded up.
    """
    part = selected.mean()
    if at_least <= part <= at_most:
        return selected
    return most_confident(confidence, count_of(min(max(part, at_least), at_most), len(confidence)))


def count_of(part: float, examples: int) -> int:
    """Return how many examples a part of them is, at most all: rounded up, and one at least."""
    # A product such as 0.2 * 3 is a bit more than it should be.
    return min(max(math.ceil(round(part * examples, 6)), 1), examples)


def most_confident(confidence: np.ndarray, count: int) -> np.ndarray:
    """Return a mask (examples,) of so many examples, the most confident."""
    selected = np.zeros(len(confidence), dtype=bool)
    selected[np.argsort(-confidence, kind="stable")[:count]] = True
    return selected


def spread(members: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return (examples,) how far the members of an ensemble are apart about a label.

    It is the standard deviation (of a sample, n - 1) of their probabilities of that class. In Rizve
    et al. (2021) it is of ten passes of one network with dropout, as here of a single member.

    Args:
        members: (members, examples, classes), of at least two members.
        classes: (examples,) the label of each example.
    """
    probabilities = np.stack([of_label(one, classes) for one in members])
    return probabilities.std(axis=0, ddof=1, dtype=np.float64)


def of_label(rows: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return (examples,) what rows (examples, classes) have of the label of each example."""
    return np.take_along_axis(rows, classes[:, None], axis=1)[:, 0]


def align(probabilities: np.ndarray, labeled_y: np.ndarray) -> np.ndarray:
    """Return probabilities whose classes are about as frequent as those of given labels.

    Each is multiplied by the share of its class among the labels, divided by the mean of what is
    predicted, and rows are made to sum to one again (distribution alignment: Berthelot et al. 2020,
    ReMixMatch, ICLR, section 3.1, where that mean is over the last 128 batches).

    Args:
        probabilities: (examples, classes), of all examples that the teachers were asked about.
        labeled_y: (labeled,) the given labels.
    """
    given = np.bincount(labeled_y, minlength=probabilities.shape[1]) / len(labeled_y)
    predicted = probabilities.mean(axis=0)
    # A class that is never predicted has no probability to multiply.
    ratio = np.divide(given, predicted, out=np.zeros_like(predicted), where=predicted > 0)
    aligned = probabilities * ratio
    total = aligned.sum(axis=1, keepdims=True)
    # One whose whole probability is of classes without a label stays as it is.
    return np.divide(aligned, total, out=probabilities.copy(), where=total > 0)
