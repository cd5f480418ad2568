"""The sheets of a study's workbook on foreign examples among the unlabeled, and unequal classes."""

from openpyxl.worksheet.worksheet import Worksheet

from self_training.report.axes import show_ratio
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
        Column("Foreign ones pseudo-labeled", "foreign_part", "0.0%", 16),
        Column("Mean confidence of foreign ones", "foreign_confidence", "0.000", 14),
        Column("Own ones pseudo-labeled", "own_part", "0.0%", 16),
        Column("Mean confidence of own ones", "own_confidence", "0.000", 14),
    ]
    _write(
        sheet,
        rows,
        references,
        Column("Foreign examples", "value", "0.0%", 12),
        columns,
        "Foreign examples are of classes that the study leaves out. At every share there are as "
        "many unlabeled examples, and the same labels and folds. Parts are of all that teachers "
        "were asked about, over all folds and generations; own ones are of the study's classes. ",
    )


def imbalance(sheet: Worksheet, rows: list[dict], references: list[str]) -> None:
    """At which ratio of imbalance each method is how far from the controls, and how the rarest
    class fares.

    Args:
        rows: of `imbalance_ratios.compare`.
        references: of `label_budgets.references`.
    """
    columns = [
        Column("Balanced accuracy", "tpr", SCORE, 14),
        Column("Balanced accuracy of its fair control", "fair_tpr", SCORE, 16),
        Column("Recall of the rarest class", "rarest_recall", SCORE, 14),
        Column("Recall of it by the fair control", "fair_rarest_recall", SCORE, 16),
    ]
    _write(
        sheet,
        rows,
        references,
        Column("Imbalance", lambda row: show_ratio(row["value"]), width=12, text=True),
        columns,
        "The first class has so many times as many labels as the last, which is the rarest at "
        "every ratio, at 1:1 too. Unlabeled examples are unequal likewise, or the other way round "
        "(unlabeled_imbalance); test folds are as the dataset is. Balanced accuracy is the mean "
        "recall over classes. Tests are of the accuracy. ",
    )


def _write(
    sheet: Worksheet,
    rows: list[dict],
    references: list[str],
    value: Column,
    own: list[Column],
    text: str,
) -> None:
    """Write a table of an axis, with a column of its `value` and `own` ones, and a `text` below."""
    columns = [
        Column("Dataset", "dataset", width=22, text=True),
        value,
        Column("Method", "method", width=24, text=True),
        Column("Folds", lambda row: row["folds"] or None, "0", 10),
        Column("Mean accuracy", "mean", SCORE, 14),
        Column("Std (n - 1)", "std", SCORE, 12),
        *(column for reference in references for column in columns_against(reference)),
        *own,
        remark(references),
    ]
    set_widths(sheet, columns)
    append_table(sheet, columns, rows)
    freeze(sheet)
    sheet.append([])
    append_text(sheet, text + HOW_TESTED)
