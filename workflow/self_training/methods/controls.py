"""Controls: networks that learn from given labels alone, otherwise trained like students."""

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
) -> list[Run]:
    """Return the runs of a control.

    Its networks start from the same weights as the shared teachers. A control that changes nothing
    is the baseline.

    Args:
        identity: of the outer fold, which seeds come from.
        labels: (dataset,) true labels, for a control that is trained on the whole pool; None for
            one that is trained on the labeled examples.
        steps: gradient steps to take; None for those of the settings.
    """
    examples, targets = split.labeled_idx, split.labeled_y
    if labels is not None:
        examples = np.sort(np.concatenate([examples, split.unlabeled_idx]))
        targets = labels[examples]
    return [
        Run(
            name=FINAL,
            identity=identity | {"part": FINAL, "generation": 0, "member": member},
            examples=examples,
            targets=targets.astype(np.int32),
            predict={"evaluation": split.test_idx},
            steps=steps,
        )
        for member in range(members)
    ]


def steps_of_last(histories: list[list[dict]]) -> int | None:
    """Return how many gradient steps the last student of a final chain has taken.

    Args:
        histories: records of generation 0, 1, ... of the chain, of which the last ones have none
            where it has ended early; empty for None.
    """
    final = [[record for record in history if record["part"] == FINAL] for history in histories]
    trained = [records for records in final if records]
    return trained[-1][0]["steps"] if trained else None


def load_batch(files, members: int, identities: list[dict]) -> tuple[list[list[Run]], int]:
    """Return the runs of a control in each of a job's outer folds, and the number of classes.

    Args:
        files: of the job: `splits`, and `histories` of the chain whose last student's steps are
            taken, if any. Of an upper bound alone also `labels`, all of the dataset's.
    """
    labels = np.load(files.labels) if files.get("labels") else None
    histories = [storage.load_json(path)["folds"] for path in files.histories]
    batch = []
    for fold, (path, identity) in enumerate(zip(files.splits, identities, strict=True)):
        split = load_split(path)
        steps = steps_of_last([history[fold] for history in histories])
        batch.append(runs(split, members=members, identity=identity, labels=labels, steps=steps))
    return batch, split.classes
