"""Tables by columns: header, value, format, width and marks belong together."""

import math

import openpyxl
import pandas as pd
import pytest
from self_training.report import workbook
from self_training.report.workbook import Column


@pytest.fixture()
def sheet():
    return openpyxl.Workbook().active


def test_a_cell_is_of_a_key_or_a_function():
    row = {"a": 2, "nan": math.nan, "none": None}
    assert Column("A", "a").of(row) == 2
    assert Column("A", lambda row: row["a"] / 4).of(row) == 0.5
    assert Column("A", 1).of(("x", "y")) == "y"
    for missing in (Column("A", "nan"), Column("A", "none"), Column("A", lambda row: pd.NA)):
        assert missing.of(row) is None
    with pytest.raises(KeyError):
        Column("A", "typo").of(row)


def test_what_a_column_says_is_in_its_own_cells(sheet):
    columns = [
        Column("Name", "name", width=30, text=True),
        Column("Score", "score", "0.00"),
        Column("A header of many words, in lines", "text", width=10, align=workbook.RIGHT),
    ]
    rows = [{"name": "x", "score": 0.5, "text": "1 to 2"}, {"name": "y", "score": None, "text": ""}]
    workbook.set_widths(sheet, columns)
    workbook.append_text(sheet, "Before.")
    workbook.append_table(sheet, columns, rows)
    values = list(sheet.iter_rows(min_row=2, max_col=3, values_only=True))
    assert values == [
        ("Name", "Score", "A header of many words, in lines"),
        ("x", 0.5, "1 to 2"),
        ("y", None, ""),
    ]
    assert [sheet.column_dimensions[name].width for name in "ABC"] == [30, 13, 10]
    assert [cell.alignment.horizontal for cell in sheet[2]][:3] == ["left", "right", "right"]
    assert (
        sheet.row_dimensions[2].height == 15 * 4 + 3
    )  # "A header", "of many", "words,", "in lines".
    for line in (3, 4):
        cells = sheet[line][:3]
        assert [cell.number_format for cell in cells] == ["General", "0.00", "General"]
        assert [cell.alignment.horizontal for cell in cells] == [None, None, "right"]


def test_p_values_are_colored_over_all_rows_and_nothing_in_an_empty_table(sheet):
    columns = [Column("Name", 0), Column("p", 1, p_value=True)]
    workbook.append_table(sheet, columns, [])
    assert sheet.max_row == 1 and not list(sheet.conditional_formatting)
    workbook.append_table(sheet, columns, [("a", 0.01), ("b", None), ("c", 0.5)])
    (found,) = sheet.conditional_formatting
    assert str(found.sqref) == "B3:B5"
    assert [rule.formula for rule in found.rules] == [
        ["AND(ISNUMBER(B3),B3<0.05)"],
        ["AND(ISNUMBER(B3),B3<0.1)"],
    ]


@pytest.mark.parametrize(
    ("values", "best", "marked"),
    [
        ((0.1, 0.3, 0.2), max, "C"),
        ((0.1, 0.3, 0.2), min, "B"),
        ((0.3, 0.3, 0.2), max, "BC"),
        ((0.3, 0.3, 0.3), max, ""),
        ((None, 0.3, math.nan), max, "C"),
        ((None, None, None), max, ""),
    ],
)
def test_the_best_of_a_row_is_marked(sheet, values, best, marked):
    columns = [Column("Name", 0)]
    columns += [Column(str(index), index, best=best) for index in (1, 2, 3)]
    # No column among those that are compared.
    columns.append(Column("Seconds", 4))
    workbook.append_table(sheet, columns, [("x", *values, 99)])
    filled = [cell.column_letter for cell in sheet[2] if cell.fill == workbook.BEST_FILL]
    assert "".join(filled) == marked
    assert "".join(cell.column_letter for cell in sheet[2] if cell.font.bold) == marked


def test_a_frozen_table_can_be_filtered_over_all_its_cells(sheet):
    workbook.append_table(sheet, [Column("Name", 0), Column("p", 1)], [("a", 1), ("b", 2)])
    workbook.freeze(sheet)
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref == "A1:B3"
