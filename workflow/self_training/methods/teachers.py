"""Generation 0: the teachers that all methods of an outer fold share, trained on labels alone."""

import numpy as np

from self_training import storage
from self_training.data.split import Split, load_split
from self_training.methods import synthetic as of_generator
from self_training.methods.parts import SEARCH, parts, slice_bounds
from self_training.methods.predictions import Predictions
from self_training.training.runs import FINAL, Run


def runs(
    split: Split,
    *,
    search_members: int,
    final_members: int,
    unlabeled_fraction: float,
    identity: dict,
    synthetic: np.ndarray | None = None,
) -> list[Run]:
    """Return the runs of the teachers: the members of every inner fold, then the final ones.

    Args:
        search_members, final_members: of the largest ensemble that asks for teachers there; 0 in
            the search when nothing is searched.
        unlabeled_fraction: of the largest first slice that a method asks the teachers about; 1
            for all unlabeled examples.
        identity: of the outer fold, which seeds come from.
        synthetic: indices of synthetic examples that they are asked about; None for none.
    """
    asked = {} if synthetic is None else {"synthetic": synthetic}
    first = slice(*slice_bounds(split, 1, unlabeled_fraction))
    return [
        Run(
            name=part.name,
            identity=identity | {"part": part.name, "generation": 0, "member": member},
            examples=part.labeled_idx,
            targets=part.labeled_y.astype(np.int32),
            predict={
                "unlabeled": split.unlabeled_idx[first],
                "evaluation": part.evaluation_idx,
            }
            | asked,
        )
        for phase, members in ((SEARCH, search_members), (FINAL, final_members))
        for part in parts(split, phase)
        for member in range(members)
    ]


def load_batch(files, params) -> tuple[list[list[Run]], int]:
    """Return the runs of the teachers in each of a job's outer folds, and the number of classes.

    Args:
        files: of the job: per fold `splits`, and those of `synthetic.all_of`.
        params: `identities` of the folds, and `teachers`, arguments of `runs`.
    """
    splits = [load_split(path) for path in files.splits]
    asked = of_generator.all_of(files, len(splits))
    batch = [
        runs(split, identity=identity, synthetic=some, **params.teachers)
        for split, identity, some in zip(splits, params.identities, asked, strict=True)
    ]
    return batch, splits[0].classes


def by_phase(
    predictions: dict[str, Predictions],
) -> tuple[dict[str, Predictions], dict[str, Predictions]]:
    """Return the predictions that the search starts from, and those that final chains do."""
    search = {name: some for name, some in predictions.items() if name != FINAL}
    return search, {FINAL: predictions[FINAL]}


def of_parts(given: list[dict[str, Predictions]], choices) -> list[dict[str, Predictions]]:
    """Return what teachers predict, by the names of parts, in each outer fold of a job.

    Args:
        given: of the shared teachers, which are by the names of parts already; or of a control,
            `CANDIDATE/PART`.
        choices: files of what was selected for the control, of whose candidates that one teaches;
            none where there is one candidate.
    """
    selected = [storage.load_json(path)["selected"] for path in choices] or [0] * len(given)
    return [
        {
            name.removeprefix(f"{index}/"): some
            for name, some in of_fold.items()
            if "/" not in name or name.startswith(f"{index}/")
        }
        for index, of_fold in zip(selected, given, strict=True)
    ]
