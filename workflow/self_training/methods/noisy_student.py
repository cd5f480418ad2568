"""A chain of noisy students, one generation after the other, in the paper's order.

Xie et al. 2020 (CVPR), algorithm 1: teachers label unlabeled examples, students are trained from
scratch and with noise on these and on the labeled ones, and become the next teachers. Here is one
generation of one chain; `generation` has what a job makes of it for all chains of a method.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from self_training.data.split import Split
from self_training.methods import pseudo_labels
from self_training.methods.parts import Part, slice_of
from self_training.methods.states import Predictions, PseudoLabels, no_pseudo_labels
from self_training.study.candidates import Candidate
from self_training.training.runs import Run


@dataclass(frozen=True)
class Labeling:
    """How teachers' probabilities become pseudo-labels.

    labels, temperature: of `pseudo_labels.targets`.
    balance: policy of `pseudo_labels.balance`, applied to each generation's selected examples.
    """

    labels: str
    temperature: float
    balance: str


def label(
    split: Split,
    chain: Candidate,
    generation: int,
    teachers: Predictions,
    before: PseudoLabels | None,
    how: Labeling,
) -> PseudoLabels:
    """Return a chain's pseudo-labels with those of one more generation, or why it has ended.

    Args:
        generation: 1, 2, ...
        teachers: predictions of the generation before.
        before: its pseudo-labels; None before the first.
    """
    if before is None:
        before = no_pseudo_labels(teachers.evaluation.shape[2], how.labels)

    # A chain that has ended stays as it is.
    if before.termination:
        return before
    if generation > chain.generations:
        return before._replace(termination="generations_reached")

    # The unlabeled examples of this generation.
    examples = slice_of(split, chain, generation)
    if len(examples) == 0:
        return before._replace(termination="unlabeled_used_up")

    # The teachers label them, and those they are confident of are selected.
    probabilities = pseudo_labels.ensemble(teachers.unlabeled)
    assert chain.threshold is not None, "a chain of generations has one"
    selected = pseudo_labels.select(probabilities, chain.threshold)
    offered = np.append(before.offered, np.int32(len(examples)))
    if not selected.any():
        return before._replace(offered=offered, termination="nothing_selected")
    probabilities = probabilities[selected]
    confidence = probabilities.max(axis=1)
    new = PseudoLabels(
        examples=examples[selected],
        targets=pseudo_labels.targets(probabilities, how.labels, how.temperature),
        confidence=confidence,
        generation=np.full(len(confidence), generation, dtype=np.int32),
        # Classes are balanced by leaving examples out, or by taking them several times.
        copies=pseudo_labels.balance(probabilities.argmax(axis=1), confidence, how.balance),
        offered=offered,
        termination="",
    )

    # They join the earlier ones; where all are labeled anew, they replace them.
    return new if chain.unlabeled_fraction is None else _merge(before, new)


def _merge(before: PseudoLabels, new: PseudoLabels) -> PseudoLabels:
    fields = ("examples", "targets", "confidence", "generation", "copies")
    merged: dict[str, Any] = {
        name: np.concatenate([getattr(before, name), getattr(new, name)]) for name in fields
    }
    return new._replace(**merged)


def students(
    split: Split,
    part: Part,
    chain: Candidate,
    generation: int,
    labeled: PseudoLabels,
    *,
    name: str,
    identity: dict,
) -> Iterator[Run]:
    """Yield the runs of a generation's students, the members of an ensemble.

    They are trained from scratch, on the labeled examples of the part, which are never relabeled,
    and on the chain's pseudo-labels. Their seeds leave chain and method out, so that candidates and
    methods are compared with the same random numbers.

    Args:
        labeled: the chain's pseudo-labels, of this generation too.
        name: of the ensemble, in the states that are kept.
        identity: of the outer fold, which seeds come from.
    """
    targets: np.ndarray = part.labeled_y.astype(np.int32)
    if labeled.targets.ndim == 2:
        targets = np.eye(split.classes, dtype=np.float32)[targets]
    for member in range(chain.ensemble_size):
        yield Run(
            name=name,
            identity=identity | {"part": part.name, "generation": generation, "member": member},
            examples=np.concatenate(
                [part.labeled_idx, np.repeat(labeled.examples, labeled.copies)]
            ),
            targets=np.concatenate([targets, np.repeat(labeled.targets, labeled.copies, axis=0)]),
            predict={
                "unlabeled": slice_of(split, chain, generation + 1),
                "evaluation": part.evaluation_idx,
            },
            given=len(part.labeled_idx),
        )
