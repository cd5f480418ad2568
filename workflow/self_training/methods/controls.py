"""Controls: networks that learn from given labels alone, otherwise trained like students."""

from typing import NamedTuple

import numpy as np

from self_training import storage
from self_training.data.split import Split, load_split
from self_training.training.runs import FINAL, Run


def runs(
    split: Split,
    *,
    members: int,
    identity: dict,
    labels: np.ndarray | None = None,
    steps: int | None = None,
    generation: int = 0,
) -> list[Run]:
    """Return the runs of a control.

    Its seeds are those of the networks that it is compared with, so that these start from the same
    weights. A control that changes nothing is the baseline.

    Args:
        identity: of the outer fold, which seeds come from.
        labels: (dataset,) true labels, for a control that is trained on the whole pool; None for
            one that is trained on the labeled examples.
        steps: gradient steps to take; None for those of the settings.
        generation: of the networks that the control is compared with; 0 for the shared teachers.
    """
    examples, targets = split.labeled_idx, split.labeled_y
    if labels is not None:
        examples = np.sort(np.concatenate([examples, split.unlabeled_idx]))
        targets = labels[examples]
    return [
        Run(
            name=FINAL,
            identity=identity | {"part": FINAL, "generation": generation, "member": member},
            examples=examples,
            targets=targets.astype(np.int32),
            predict={"evaluation": split.test_idx},
            steps=steps,
        )
        for member in range(members)
    ]


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
    return Taken(sum(steps) if whole_chain else steps[-1], len(steps) - 1)


def load_batch(files, identities: list[dict], whole_chain: bool) -> tuple[list[list[Run]], int]:
    """Return the runs of a control in each of a job's outer folds, and the number of classes.

    Args:
        files: of the job: per fold `splits` and `choices`; `histories` of the chain whose steps are
            taken, if any. Of an upper bound alone also `labels`, all of the dataset's.
        whole_chain: of `taken_of`.
    """
    labels = np.load(files.labels) if files.get("labels") else None
    histories = [storage.load_json(path)["folds"] for path in files.histories]
    batch = []
    for fold, identity in enumerate(identities):
        split = load_split(files.splits[fold])
        choice = storage.load_json(files.choices[fold])["hyper_parameters"]
        batch.append(
            runs(
                split,
                members=choice["ensemble_size"],
                identity=identity,
                labels=labels,
                **taken_of([history[fold] for history in histories], whole_chain)._asdict(),
            )
        )
    return batch, split.classes
