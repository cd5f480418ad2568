"""What has become of synthetic texts: how many were generated, and left out and why; and some."""

from collections import Counter
from typing import Any

import pandas as pd

from self_training import storage
from self_training.methods import predictions
from self_training.study.folds import identity_of_fold
from self_training.text.filters import KEPT, OTHER_CLASS, REASONS
from self_training.training.runs import FINAL

# Texts of each class and verdict that are shown, of a dataset's first fold.
SHOWN = 3
COLUMNS = ["dataset", "fold", "training_seed", "class", "generated", *REASONS, KEPT]
COLUMNS += ["mean_tokens", "adapting_seconds", "generating_seconds"]


def collect(files, params) -> tuple[pd.DataFrame, list[dict]]:
    """Return the counts of all synthetic texts, and some of these.

    Args:
        files: of the job: `generated` and `filtered` of each dataset and outer fold; `teachers`
            where they leave some out, of as many; `adapted` records.
        params: `datasets` and `folds`, of the same, `filtering`, the datasets whose teachers do so,
            and `adapted`, of each the place of its record in the files, or None.

    Returns: a row of COLUMNS per dataset, outer fold and class; and rows of `dataset`, `class`,
        `prompt`, `text` and `verdict` (a reason to leave it out, or KEPT).
    """
    counts: list[dict[str, Any]] = []
    shown: list[dict] = []
    teachers = iter(files.teachers)
    for place, (dataset, fold) in enumerate(zip(params.datasets, params.folds, strict=True)):
        generated = storage.load_json(files.generated[place])
        verdicts = storage.load_json(files.filtered[place])
        names = storage.load_json(files.classes[place])
        rows = generated["rows"]
        if dataset in params.filtering:
            predicted = predictions.load(next(teachers))[FINAL].synthetic
            assert predicted is not None
            verdicts = _with_teacher(verdicts, rows, names, predicted[0].argmax(axis=1).tolist())
        record = params.adapted[place]
        adapting = 0 if record is None else storage.load_json(files.adapted[record])["seconds"]
        identity = identity_of_fold(fold)
        for name in names:
            found = Counter(
                v for v, row in zip(verdicts, rows, strict=True) if row["class"] == name
            )
            counts.append(
                {"dataset": dataset, "fold": identity["outer_fold"], "class": name}
                | {"training_seed": identity.get("training_seed", 0), "generated": found.total()}
                | {reason: found[reason] for reason in (*REASONS, KEPT)}
                | {"mean_tokens": generated["new_tokens"]["mean"], "adapting_seconds": adapting}
                | {"generating_seconds": generated["seconds"]}
            )
        if dataset not in params.datasets[:place]:
            shown += _some(dataset, rows, verdicts)
    return pd.DataFrame(counts, columns=COLUMNS), shown


def _with_teacher(
    verdicts: list[str], rows: list[dict], names: list[str], predicted: list[int]
) -> list[str]:
    """Return verdicts in which those of a teacher have their part.

    Args:
        predicted: the classes that it gives to what was kept.
    """
    asked = iter(predicted)
    return [
        OTHER_CLASS if verdict == KEPT and names[next(asked)] != row["class"] else verdict
        for verdict, row in zip(verdicts, rows, strict=True)
    ]


def _some(dataset: str, rows: list[dict], verdicts: list[str]) -> list[dict]:
    seen: Counter[tuple[str, str]] = Counter()
    some = []
    for row, verdict in zip(rows, verdicts, strict=True):
        seen[row["class"], verdict] += 1
        if seen[row["class"], verdict] <= SHOWN:
            some.append({"dataset": dataset} | row | {"verdict": verdict})
    # What is kept comes first, then class by class.
    return sorted(some, key=lambda row: (row["verdict"] != KEPT, row["class"]))
