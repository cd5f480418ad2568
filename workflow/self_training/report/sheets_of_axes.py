"""The sheets of a study's workbook on label budgets, foreign examples, and unequal classes."""

from openpyxl.worksheet.worksheet import Worksheet

from self_training.report.axes import show_ratio
from self_training.report.findings_of_budgets import show_labels
from self_training.report.workbook import (
    DIFFERENCE,
    LEFT,
    P_VALUE,
    RIGHT,
    SCORE,
    Column,
    append_table,
    append_text,
    freeze,
    set_widths,
    show_interval,
)

HOW_TESTED = (
    "Differences are paired over the folds that both methods have a score of. Intervals and p "
    "are of the corrected t-test of Nadeau and Bengio, or of draws of labels of the test of "
    "draws and test examples; p is corrected as on the sheet Tests per dataset, over all rows "
    "of its family there. Intervals are each for itself: of many, some leave 0 out by chance."
)


def label_budgets(sheet: Worksheet, rows: list[dict], references: list[str]) -> None:
    """With how many labels each method is how far from the controls.

    Args:
        rows, references: of `evaluation.label_budgets`.
    """
    values = [
        Column("With its budget", "budget", width=26, text=True),
        Column("Labels", _labels, "#,##0", 14, text=True, align=LEFT),
    ]
    _write(sheet, rows, references, values, [], "")


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
        [Column("Foreign examples", "value", "0.0%", 12)],
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
        [Column("Imbalance", lambda row: show_ratio(row["value"]), width=12, text=True)],
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
    values: list[Column],
    own: list[Column],
    text: str,
) -> None:
    """Write a table of an axis, with columns of its `values` and `own` ones, and a `text` below."""
    columns = [
        Column("Dataset", "dataset", width=22, text=True),
        *values,
        Column("Method", "method", width=24, text=True),
        Column("Folds", lambda row: row["folds"] or None, "0", 10),
        Column("Mean accuracy", "mean", SCORE, 14),
        Column("Std (n - 1)", "std", SCORE, 12),
        *(column for reference in references for column in _columns_against(reference)),
        *own,
        _remark(references),
    ]
    set_widths(sheet, columns)
    append_table(sheet, columns, rows)
    freeze(sheet)
    sheet.append([])
    append_text(sheet, text + HOW_TESTED)


def _labels(row: dict) -> int | str:
    """Return a number where it is one, so that rows can be sorted by it."""
    low, high = row["labels"]
    return low if low == high else show_labels(row["labels"])


def _columns_against(reference: str) -> list[Column]:
    """Return the columns of a method's difference to a reference, by rows of
    `label_budgets.compare`."""

    def of_test(row: dict, name: str):
        return row["against"].get(reference, {}).get(name)

    return [
        Column(f"Minus {reference}", lambda row: of_test(row, "difference"), DIFFERENCE, 16),
        Column(
            "95 % interval",
            lambda row: show_interval(of_test(row, "interval")),
            width=22,
            align=RIGHT,
        ),
        Column("p (Holm)", lambda row: of_test(row, "p_holm"), P_VALUE, 12, p_value=True),
    ]


def _remark(references: list[str]) -> Column:
    """Return the column that says why a difference has no p."""
    return Column("Remark", lambda row: _remarks(row, references), width=60)


def _remarks(row: dict, references: list[str]) -> str | None:
    remarks = [
        f"{reference}: {row['against'][reference]['reason']}"
        for reference in references
        if row["against"].get(reference, {}).get("reason")
    ]
    return " ".join(remarks) or None
