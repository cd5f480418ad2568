"""Controls: networks that learn from given labels alone, otherwise trained like students."""

from typing import NamedTuple

import numpy as np

from self_training import storage
from self_training.data.examples import UNKNOWN
from self_training.data.split import Split, load_split
from self_training.methods import proposals, synthetic
from self_training.methods.parts import Part, parts, slice_bounds
from self_training.methods.states import name_of
from self_training.study.candidates import Candidate
from self_training.training.runs import FINAL, SPREAD, Run


def runs(
    split: Split,
    phase: str,
    candidates: list[Candidate],
    *,
    identity: dict,
    labels: np.ndarray | None = None,
    asked: float = 0,
    passes: bool = False,
    steps: int | None = None,
    generation: int = 0,
) -> list[Run]:
    """Return the runs of a control: of its candidates on the inner folds, or of the selected one.

    Its seeds are those of the networks that it is compared with, so that these start from the same
    weights. A control that changes nothing is the baseline.

    Args:
        phase: SEARCH or FINAL, of `parts.parts`.
        identity: of the outer fold, which seeds come from.
        labels: (dataset,) true labels, for a control that is trained on all of the pool whose
            labels are known; None for one that is trained on the labeled examples.
        asked: unlabeled examples that it is asked about as a teacher, the first slice of a chain,
            as a fraction of the pool; 0 for none.
        passes: whether it is asked of these how far passes with dropout are apart, too.
        steps: gradient steps to take; None for those of the settings.
        generation: of the networks that the control is compared with; 0 for the shared teachers.
    """
    unlabeled = {}
    if asked:
        first = split.unlabeled_idx[slice(*slice_bounds(split, 1, asked))]
        unlabeled = {"unlabeled": first} | ({SPREAD: first} if passes else {})
    return [
        Run(
            name=name_of(index, part.name),
            identity=identity | {"part": part.name, "generation": generation, "member": member},
            examples=examples,
            targets=targets.astype(np.int32),
            predict=unlabeled | {"evaluation": part.evaluation_idx},
            steps=steps,
            settings=candidate.of_networks(),
        )
        for part in parts(split, phase)
        for examples, targets in [_labeled(split, part, labels)]
        for index, candidate in enumerate(candidates)
        for member in range(candidate.ensemble_size)
    ]


def _labeled(split: Split, part: Part, labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if labels is None:
        return part.labeled_idx, part.labeled_y
    pool = np.sort(np.concatenate([part.labeled_idx, split.unlabeled_idx]))
    pool = pool[labels[pool] != UNKNOWN]
    return pool, labels[pool]


class Taken(NamedTuple):
    """What a control takes of the chain that it is compared with.

    steps: gradient steps of one member; None for those of the control's settings.
    generation: of the last networks that were trained, 0 where these are the teachers.
    """

    steps: int | None
    generation: int


def taken_of(histories: list[list[dict]], whole_chain: bool) -> Taken:
    """Return what a control takes of a final chain.

    Args:
        histories: records of generation 0, 1, ... of the chain, of which the last ones have none
            where it has ended early; empty for a control that takes nothing.
        whole_chain: whether the steps of all its networks are taken, or those of the last student.
    """
    final = [
        next((record for record in history if record["part"] == FINAL), None)
        for history in histories
    ]
    steps = [record["steps"] for record in final if record is not None]
    if not steps:
        return Taken(None, 0)
    # Of a chain that is the number of its last generation; a control has the seeds of another one.
    generation = next(one["generation"] for one in reversed(final) if one is not None)
    return Taken(sum(steps) if whole_chain else steps[-1], generation)


def load_batch(files, params, phase: str) -> tuple[list[list[Run]], int]:
    """Return the runs of a control in each of a job's outer folds, and the number of classes.

    Args:
        files: of the job: those of `synthetic.load`, and per fold `splits`, and `choices` that its
            candidates take hyper-parameters from; `histories` of the chain whose steps are taken,
            if any. Of an upper bound alone also `labels`, all of the dataset's.
        params: `identities` of the folds, `search` of `proposals.propose`, `asked`, arguments of
            `runs`, `whole_chain` of `taken_of`, and `synthetic` of `synthetic.load`.
        phase: SEARCH or FINAL.
    """
    labels = storage.load_array(files.labels) if files.get("labels") else None
    histories = [storage.load_json(path)["folds"] for path in files.histories]
    choices = proposals.load_choices(files, len(params.identities))
    splits = [load_split(path) for path in files.splits]
    generated = synthetic.load(files, params, phase, splits)
    batch = []
    for fold, identity in enumerate(params.identities):
        split, of_parts = splits[fold], generated[fold]
        taken = taken_of([history[fold] for history in histories], params.whole_chain)
        own = runs(
            split,
            phase,
            proposals.propose(**params.search, choices=choices[fold], **identity),
            identity=identity,
            labels=labels,
            **params.asked,
            **taken._asdict(),
        )
        batch.append(
            [synthetic.with_synthetic(run, of_parts.get(run.identity["part"])) for run in own]
        )
    return batch, split.classes
