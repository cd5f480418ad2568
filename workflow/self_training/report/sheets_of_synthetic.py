"""The sheet of a study's workbook that is about synthetic texts."""

from collections.abc import Sequence

import pandas as pd
from openpyxl import Workbook

from self_training import storage
from self_training.evaluation.comparison import means_over_folds
from self_training.report import synthetic_text
from self_training.report.workbook import (
    CAUTION_FILL,
    DIFFERENCE,
    SCORE,
    SECONDS,
    WRAP,
    Column,
    append_heading,
    append_table,
    append_text,
    set_widths,
)
from self_training.study import fair_controls, methods, synthetic
from self_training.text.filters import KEPT, REASONS

_SHORT = 12
COUNTS = [
    Column("Dataset", "dataset", width=26, text=True),
    Column("Fold", lambda row: row["fold"] + 1, width=_SHORT),
    Column("Class", "class", width=26, text=True),
    Column("Generated", "generated", "0", _SHORT),
    *(Column(reason.replace("_", " ").capitalize(), reason, "0", _SHORT) for reason in REASONS),
    Column("Left", KEPT, "0", _SHORT),
    Column("Mean of new tokens", "mean_tokens", "0.0", _SHORT),
    Column("Adapting (s)", "adapting_seconds", SECONDS, _SHORT),
    Column("Generating (s)", "generating_seconds", SECONDS, _SHORT),
]
EXAMPLES = [
    Column("Dataset", "dataset", text=True),
    Column("Verdict", lambda row: row["verdict"].replace("_", " "), text=True),
    Column("Class", "class", text=True),
    Column("Prompt", "prompt", text=True, align=WRAP),
    Column("Text", "text", text=True, align=WRAP),
]
COMPARED = [
    Column("Dataset", "dataset", text=True),
    Column("With", "method", text=True),
    Column("Mean accuracy", "accuracy", SCORE),
    Column("Without", "other", text=True),
    Column("Mean accuracy without", "other_accuracy", SCORE),
    Column("Difference", "difference", DIFFERENCE),
]


def add(workbook: Workbook, paths: Sequence[str], config: dict, scores: pd.DataFrame) -> None:
    """Add the sheet, to the workbook of a study with synthetic texts.

    Args:
        paths: of the counts and of the texts, as `evaluation.synthetic.collect` has them; none of a
            study without.
        scores: of the study, means over training seeds.
    """
    if not paths:
        return
    counts, shown = storage.load_csv(paths[0]), storage.load_json(paths[1])
    sheet = workbook.create_sheet("Synthetic texts")
    set_widths(sheet, COUNTS)
    for sentence in (
        *synthetic_text.transductive(config),
        *synthetic_text.nothing_generated(scores),
    ):
        append_text(sheet, sentence, CAUTION_FILL)
    rows = compared(config, scores)
    if rows:
        append_heading(sheet, "With and without synthetic texts, for as many steps")
        append_table(sheet, COMPARED, rows)
        append_text(
            sheet,
            "Means over folds of controls that have the labels alone, and of the same with "
            "synthetic texts beside them. How sure a difference is, the sheets Tests and Tests per "
            "dataset say.",
        )
        sheet.append([])
    append_heading(sheet, "What was generated, and left out")
    append_table(sheet, COUNTS, counts.to_dict("records"))
    append_text(
        sheet,
        "A text is counted under the first reason to leave it out. Other class: where the config "
        "asks for it, texts to which the first teacher gives another class than that of their "
        "prompt; label budgets of a dataset share all else. Of what is left a method takes the "
        "first ones of every class.",
    )
    sheet.append([])
    append_heading(sheet, "Some texts of the first folds")
    append_table(sheet, EXAMPLES, shown)


def compared(config: dict, scores: pd.DataFrame) -> list[dict]:
    """Return mean accuracies of controls with synthetic texts, and of the same without."""
    means = means_over_folds(scores)
    rows = []
    for name in synthetic.users(config):
        if methods.kind(config, name) != methods.CONTROL or methods.control_of(config, name):
            continue
        other = fair_controls.of(config, name)
        for dataset in means.index if other in means and name in means else ():
            with_texts, without = (float(means.loc[dataset, one]) for one in (name, other))
            rows.append(
                {"dataset": dataset, "method": name, "accuracy": with_texts, "other": other}
                | {"other_accuracy": without, "difference": with_texts - without}
            )
    return rows
