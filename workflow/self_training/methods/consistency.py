"""Methods of consistency training: one network on labeled and unlabeled examples at once."""

from dataclasses import replace

from self_training.data.split import load_split
from self_training.methods import controls
from self_training.training.runs import Run


def load_batch(files, params, phase: str) -> tuple[list[list[Run]], int]:
    """Return the runs in each of a job's outer folds, and the number of classes.

    They are those of its fair control, with all unlabeled examples beside, without any targets: the
    same labeled examples, and so the same seeds.

    Args:
        files: of the job: per fold `splits`, and `choices` that its candidates take
            hyper-parameters from; `histories` of the chain whose steps are taken, if any. Never
            the dataset's labels.
        params, phase: of `controls.load_batch`.
    """
    batch, classes = controls.load_batch(files, params, phase)
    unlabeled = [load_split(path).unlabeled_idx for path in files.splits]
    with_unlabeled = [
        [replace(run, unlabeled=some) for run in runs]
        for runs, some in zip(batch, unlabeled, strict=True)
    ]
    return with_unlabeled, classes
