"""Foreign examples among the unlabeled: how many of them were pseudo-labeled, how confidently.

With `scores`, the only place that knows which examples are foreign (see `data.foreign`): after the
fact, and nothing trains on the result.
"""

import numpy as np

from self_training.data.examples import FOREIGN
from self_training.data.split import Split
from self_training.methods.labeled_so_far import PseudoLabels
from self_training.methods.parts import slice_bounds


def of_fold(labels: np.ndarray, split: Split) -> dict:
    """Return the share of an outer fold's unlabeled examples that are foreign (`out_of_class`), and
    how many these are (`foreign`); {} of a dataset without any.

    Args:
        labels: (dataset,) FOREIGN of foreign examples.
    """
    if not (labels == FOREIGN).any():
        return {}
    foreign = int((labels[split.unlabeled_idx] == FOREIGN).sum())
    return {"out_of_class": foreign / len(split.unlabeled_idx), "foreign": foreign}


def of_generation(
    labels: np.ndarray,
    split: Split,
    chain: list[PseudoLabels],
    unlabeled_fraction: float | None,
    generation: int,
) -> dict[str, float | None]:
    """Return what a generation of a final chain made of foreign examples, and of all others.

    Args:
        labels: (dataset,) FOREIGN of foreign examples.
        chain: its pseudo-labels after generation 1, 2, ...
        unlabeled_fraction: of the chain's slices; None where it is asked about all of U.
        generation: one that the chain has, from 0 on.

    Returns: `foreign_offered` to the teachers, of these `foreign_selected` by confidence, their
        mean `foreign_confidence`, and `own_confidence`, that of the selected ones that are of a
        class of the study; None where none is selected. {} of a dataset without foreign examples.
    """
    if not (labels == FOREIGN).any():
        return {}
    none = {"foreign_offered": 0, "foreign_selected": 0}
    if not generation:
        return none | {"foreign_confidence": None, "own_confidence": None}
    given = chain[generation - 1]
    offered = _offered(split, chain, unlabeled_fraction, generation)
    now = given.generation == generation
    foreign = labels[given.examples] == FOREIGN
    return {
        "foreign_offered": int((labels[offered] == FOREIGN).sum()),
        "foreign_selected": int((now & foreign).sum()),
        "foreign_confidence": _mean(given.confidence[now & foreign]),
        "own_confidence": _mean(given.confidence[now & ~foreign]),
    }


def _offered(
    split: Split, chain: list[PseudoLabels], fraction: float | None, generation: int
) -> np.ndarray:
    """Return the unlabeled examples that a generation's teachers were asked about: those of its
    slice, or of these the ones that the first teachers have selected (`filter: once`), or that no
    student had learned (`schedule: rest`)."""
    examples = split.unlabeled_idx
    if fraction is not None:
        examples = examples[slice(*slice_bounds(split, generation, fraction))]
    if int(chain[generation - 1].offered[generation - 1]) == len(examples):
        return examples
    before, given = chain[generation - 2], chain[generation - 1]
    # Of a schedule of all alone, pseudo-labels of earlier generations are left where those stay.
    if fraction is None and (given.generation < generation).any():
        return examples[~np.isin(examples, before.examples[before.copies > 0])]
    return examples[np.isin(examples, before.examples)]


def _mean(confidence: np.ndarray) -> float | None:
    return float(confidence.mean()) if len(confidence) else None
