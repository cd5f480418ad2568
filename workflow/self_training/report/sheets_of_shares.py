"""The sheet of a study's workbook that is about foreign examples among the unlabeled."""

from openpyxl.worksheet.worksheet import Worksheet

from self_training.report.sheets_of_tests import HOW_TESTED, columns_against, remark
from self_training.report.workbook import (
    SCORE,
    Column,
    append_table,
    append_text,
    freeze,
    set_widths,
)


def foreign_examples(sheet: Worksheet, rows: list[dict], references: list[str]) -> None:
    """At which share of foreign examples each method is how far from the controls, and what became
    of these examples.

    Args:
        rows: of `foreign_shares.compare`.
        references: of `label_budgets.references`.
    """
    columns = [
        Column("Dataset", "dataset", width=22, text=True),
        Column("Foreign examples", "share", "0.0%", 12),
        Column("Method", "method", width=24, text=True),
        Column("Folds", lambda row: row["folds"] or None, "0", 10),
        Column("Mean accuracy", "mean", SCORE, 14),
        Column("Std (n - 1)", "std", SCORE, 12),
        *(column for reference in references for column in columns_against(reference)),
        Column("Foreign ones pseudo-labeled", "foreign_part", "0.0%", 16),
        Column("Mean confidence of foreign ones", "foreign_confidence", "0.000", 14),
        Column("Own ones pseudo-labeled", "own_part", "0.0%", 16),
        Column("Mean confidence of own ones", "own_confidence", "0.000", 14),
        remark(references),
    ]
    set_widths(sheet, columns)
    append_table(sheet, columns, rows)
    freeze(sheet)
    sheet.append([])
    append_text(
        sheet,
        "Foreign examples are of classes that the study leaves out. At every share there are as "
        "many unlabeled examples, and the same labels and folds. Parts are of all that teachers "
        "were asked about, over all folds and generations; own ones are of the study's classes. "
        + HOW_TESTED,
    )
