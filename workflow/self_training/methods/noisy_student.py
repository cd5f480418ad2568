"""A chain of noisy students, one generation after the other, in the paper's order.

Xie et al. 2020 (CVPR), algorithm 1: teachers label unlabeled examples, students are trained from
scratch and with noise on these and on the labeled ones, and become the next teachers. Here is one
generation of one chain. For all chains of a method, a job (`generation`, `train_students.py`)

    loads the teachers' predictions and the pseudo-labels so far,
    calls `label` for every chain on every part of the labeled examples,
    trains the runs of `students`, all in one process (`training.job`),
    and saves their predictions, from which the next generation's job goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from self_training.data.split import Split
from self_training.errors import DatasetError
from self_training.methods import pseudo_labels, selection
from self_training.methods.labeled_so_far import PseudoLabels, no_pseudo_labels
from self_training.methods.parts import Part, slice_bounds
from self_training.methods.predictions import Predictions, ensemble
from self_training.study.candidates import Candidate
from self_training.training.runs import SPREAD, Run

# Fields of pseudo-labels that have an entry for each.
OF_EXAMPLES = ("examples", "targets", "confidence", "generation", "copies")


@dataclass(frozen=True)
class Labeling:
    """How teachers' probabilities become pseudo-labels.

    labels, temperature: of `pseudo_labels.targets`.
    filter: of `pseudo_labels.selects_anew`. Examples that are kept are labeled anew, and balanced
        as they were.
    balance, quota: of `pseudo_labels.balance`, applied to the examples that are selected together.
    curriculum, share, uncertainty: of `selection.select`.
    align: whether the probabilities are put through `selection.align` before all else.
    passes: whether uncertainty is of passes of one teacher with dropout.
    schedule: which unlabeled examples teachers are asked about: with `rest`, those that no students
        of the chain have learned yet; else, those of `slice_of`.
    """

    labels: str
    temperature: float
    filter: str
    balance: str
    quota: int | None
    curriculum: float | None = None
    share: dict[str, float] = field(default_factory=dict)
    uncertainty: float | None = None
    align: bool = False
    schedule: str = "slices"
    passes: bool = False


def label(
    split: Split,
    part: Part,
    chain: Candidate,
    generation: int,
    teachers: Predictions,
    before: PseudoLabels | None,
    how: Labeling,
) -> PseudoLabels:
    """Return a chain's pseudo-labels with those of one more generation, or why it has ended.

    Args:
        part: whose labels the teachers were trained on.
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
    left: slice | np.ndarray = slice(None)
    if how.schedule == "rest":
        left = ~np.isin(examples, before.examples[before.copies > 0])
        examples = examples[left]
    if len(examples) == 0:
        return before._replace(termination="unlabeled_used_up")

    # The teachers label them. Those that they are confident of are selected, or the first teachers.
    # Whoever teaches has predicted them.
    assert teachers.unlabeled is not None
    members = teachers.unlabeled[:, left]
    probabilities = ensemble(members)
    if how.align:
        probabilities = selection.align(probabilities, part.labeled_y)
    anew = pseudo_labels.selects_anew(how.filter, generation)
    if anew:
        selected = selection.select(
            probabilities,
            members,
            generation,
            threshold=chain.threshold,
            curriculum=how.curriculum,
            share=how.share,
            uncertainty=chain.uncertainty or how.uncertainty,
            passes=_passes(teachers, left) if how.passes else None,
        )
    else:
        selected = np.isin(examples, before.examples)
    asked = len(examples) if anew else selected.sum()
    offered = np.append(before.offered, np.int32(asked))
    if not selected.any():
        return before._replace(offered=offered, termination="nothing_selected")
    probabilities = probabilities[selected]
    confidence = probabilities.max(axis=1)
    # Classes are balanced by leaving examples out, or by taking them several times.
    classes = probabilities.argmax(axis=1)
    copies = (
        pseudo_labels.balance(classes, confidence, how.balance, how.quota)
        if anew
        else before.copies
    )
    new = PseudoLabels(
        examples=examples[selected],
        targets=pseudo_labels.targets(
            probabilities, how.labels, chain.temperature or how.temperature
        ),
        confidence=confidence,
        generation=np.full(len(confidence), generation, dtype=np.int32),
        copies=copies,
        offered=offered,
        termination="",
    )

    # They join the earlier ones; where all are labeled anew, they replace them.
    if how.schedule == "rest":
        return _merge(_without(before, new.examples), new)
    return new if chain.unlabeled_fraction is None else _merge(before, new)


def _passes(teachers: Predictions, left: slice | np.ndarray) -> np.ndarray:
    """Return how far passes of the one teacher are apart about the examples that are left."""
    assert teachers.spread is not None and len(teachers.spread) == 1
    return teachers.spread[0][left]


def _without(before: PseudoLabels, again: np.ndarray) -> PseudoLabels:
    """Leave out what is labeled again: what no student learned, as classes were balanced."""
    stays = ~np.isin(before.examples, again)
    return before._replace(**{name: getattr(before, name)[stays] for name in OF_EXAMPLES})


def _merge(before: PseudoLabels, new: PseudoLabels) -> PseudoLabels:
    merged: dict[str, Any] = {
        name: np.concatenate([getattr(before, name), getattr(new, name)]) for name in OF_EXAMPLES
    }
    return new._replace(**merged)


def slice_of(split: Split, chain: Candidate, generation: int) -> np.ndarray:
    """Return the unlabeled examples that a generation of a chain asks its teachers about.

    A chain without `unlabeled_fraction` asks about all of them every time; after its last
    generation a chain asks about none.

    Raises: DatasetError, where the first slice has one example, or more than are unlabeled; known
        before anything runs, where a dataset can be counted then (see `study.checks_of_size`).
    """
    if generation > chain.generations:
        return split.unlabeled_idx[:0]
    if chain.unlabeled_fraction is None:
        return split.unlabeled_idx
    unlabeled = len(split.unlabeled_idx)
    pool = len(split.labeled_idx) + unlabeled
    size = round(chain.unlabeled_fraction * pool)
    if not 1 < size <= unlabeled:
        raise DatasetError(
            "unlabeled_fraction: Expected a part of the pool that is at least 2 examples and at "
            f"most the {unlabeled} unlabeled ones of the {pool} in the pool. Received: "
            f"{chain.unlabeled_fraction}, which is {size}. Choose another, or schedule: all."
        )
    start, stop = slice_bounds(split, generation, chain.unlabeled_fraction)
    return split.unlabeled_idx[start:stop]


def students(
    split: Split,
    part: Part,
    chain: Candidate,
    generation: int,
    pseudo_labeled: PseudoLabels,
    *,
    name: str,
    identity: dict,
    passes: bool = False,
) -> Iterator[Run]:
    """Yield the runs of a generation's students, the members of an ensemble.

    They are trained from scratch, on the labeled examples of the part, which are never relabeled,
    and on the chain's pseudo-labels. Their seeds leave chain and method out, so that candidates and
    methods are compared with the same random numbers.

    Args:
        pseudo_labeled: the chain's pseudo-labels, of this generation too.
        name: of the ensemble, in the states that are kept.
        identity: of the outer fold, which seeds come from.
        passes: whether they are asked how far passes with dropout are apart.
    """
    asked = slice_of(split, chain, generation + 1)
    targets: np.ndarray = part.labeled_y.astype(np.int32)
    if pseudo_labeled.targets.ndim == 2:
        targets = np.eye(split.classes, dtype=np.float32)[targets]
    copies = pseudo_labeled.copies
    for member in range(chain.members(generation)):
        yield Run(
            name=name,
            identity=identity | {"part": part.name, "generation": generation, "member": member},
            examples=np.concatenate([part.labeled_idx, np.repeat(pseudo_labeled.examples, copies)]),
            targets=np.concatenate([targets, np.repeat(pseudo_labeled.targets, copies, axis=0)]),
            predict={
                "unlabeled": asked,
                "evaluation": part.evaluation_idx,
                **({SPREAD: asked} if passes else {}),
            },
            given=len(part.labeled_idx),
            settings=chain.of_networks(),
        )
