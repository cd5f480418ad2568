"""The sheet of a study's workbook that is about its data, as seen before anything was trained."""

from openpyxl.worksheet.worksheet import Worksheet

from self_training.data.data_check import SHOWN
from self_training.report import findings_of_data
from self_training.report.workbook import (
    CAUTION_FILL,
    WRAP,
    Column,
    append_heading,
    append_table,
    append_text,
    set_widths,
)

GROUPS = [
    Column("Dataset", "dataset", width=26, text=True),
    Column(
        "Labels contradict",
        lambda row: "yes" if row["contradicting"] else None,
        width=20,
        text=True,
    ),
    Column("Difference", lambda row: "none" if row["exact"] else "hardly any", width=20, text=True),
    Column("Examples", "size", "0", 14),
    Column("Parts", "parts", width=22, text=True),
    Column("What was done", findings_of_data.what_was_done, width=20, text=True),
    Column("Names, with labels", findings_of_data.name_members, width=80, text=True, align=WRAP),
]
UNEQUAL = (
    " Of datasets whose classes were made unequal, shares are those among the unlabeled examples."
)
BALANCE = [
    Column("Dataset", "dataset", text=True),
    Column("Class", "class", text=True),
    Column("Labels", "labels", "0"),
    Column("Share", "share", "0.0%"),
    Column("Method", "method", text=True),
    Column("Pseudo-labels per fold", "pseudo_labels", "0.0"),
    Column("Share among these", "pseudo_share", "0.0%"),
    Column("Remark", lambda row: "much rarer" if row["rarer"] else None, width=20, text=True),
]


def data_check(
    sheet: Worksheet, data_checks: list[dict], balances: list[dict], outer_folds: int
) -> None:
    """Duplicates by name, shift between labeled and unlabeled examples, and balance of classes.

    Args:
        data_checks: of `data_check.look`, of each original dataset.
        balances: of `class_balance.compare`.
    """
    set_widths(sheet, [*GROUPS, BALANCE[-1]])
    append_heading(sheet, "Before anything was trained")
    for check in data_checks:
        found = check["duplicates"]["counts"] or findings_of_data.is_shifted(check["shift"])
        text = " ".join(findings_of_data.describe(check, outer_folds))
        append_text(sheet, text, CAUTION_FILL if found else None)
    rows = [
        group
        | {
            "dataset": check["dataset"],
            "parts": ", ".join(sorted({m["part"] for m in group["members"]})),
        }
        for check in data_checks
        for group in check["duplicates"]["shown"]
    ]
    if rows:
        sheet.append([])
        append_heading(sheet, "Duplicates")
        append_table(sheet, GROUPS, rows)
        append_text(
            sheet,
            f"At most {SHOWN} groups of a dataset, those with contradicting labels first; all of "
            "them are in its duplicates.json. Hardly different are images whose small gray "
            "versions are the same but for brightness and contrast, texts that have about the same "
            "words, in whatever order, and vectors of 32 features or more that are proportional, "
            "each feature in units of its deviation. Crops, mirrored images and other views of a "
            "thing, or other words for it, are not found.",
        )
    sheet.append([])
    append_heading(sheet, "Balance of classes")
    append_table(sheet, BALANCE, balances)
    append_text(
        sheet,
        "Labels are those of the whole dataset, hidden ones among them. Pseudo-labels are those "
        "that the last students were trained on, before classes were balanced: means over folds."
        + UNEQUAL
        * any(row["labels"] is None for row in balances),
    )
