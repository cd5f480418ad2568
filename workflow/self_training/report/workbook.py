"""Tables and texts on the sheets of an Excel workbook, and how they look."""

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

SCORE, SECONDS, P_VALUE = "0.0000", "0.00", "[<0.0001]0.0E+00;0.0000"
DIFFERENCE, PROBABILITY = "+0.0000;-0.0000", "0.000"
HEADER = Font(bold=True, color="FFFFFF")
HEADER_FILL = PatternFill("solid", start_color="1F4E79")
GOOD_FILL = PatternFill(bgColor="C6EFCE")
BEST_FILL = PatternFill("solid", start_color="DDEBF7")
CAUTION_FILL = PatternFill("solid", start_color="FFF2CC")
ANSWER = Font(bold=True, size=18, color="1F4E79")
TITLE, HEADING, BOLD = Font(bold=True, size=16), Font(bold=True, size=13), Font(bold=True)
WRAP = Alignment(wrap_text=True, vertical="top", horizontal="left")
# What XML has no place for.
_NONE_OF_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LEFT, RIGHT = Alignment(horizontal="left"), Alignment(horizontal="right")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        header: its text.
        value: of the row of a table the cell's value, by a key of the row or a function of it; NaN
            and None are an empty cell.
        format: of its numbers, as Excel writes it.
        width: in characters; None leaves it as it is.
        text: whether it holds text, so that its header stands on the left.
        align: how its cells stand; None leaves that to Excel.
        p_value: whether p values below the level of 0.05, and those not far from it, are colored.
        best: `max` or `min` where a row's best cell among such columns is marked, unless all of
            them are equal.
    """

    header: str
    value: Any
    format: str | None = None
    width: float | None = None
    text: bool = False
    align: Alignment | None = None
    p_value: bool = False
    best: Callable[[list[float]], float] | None = None

    def of(self, row: Any) -> Any:
        """Return the value of a row's cell."""
        value = self.value(row) if callable(self.value) else row[self.value]
        if isinstance(value, str):
            return readable(value)
        return None if value is None or pd.isna(value) else value


def readable(text: str) -> str:
    """Return a text that a workbook can hold: other characters, of a file's name, are replaced."""
    return _NONE_OF_XML.sub("\ufffd", text)


def set_widths(sheet: Worksheet, columns: Iterable[Column]) -> None:
    """Give a sheet's columns the widths of a table's."""
    for index, column in enumerate(columns, start=1):
        if column.width is not None:
            sheet.column_dimensions[get_column_letter(index)].width = column.width


def append_table(sheet: Worksheet, columns: Sequence[Column], rows: Iterable[Any]) -> None:
    """Append a row of headers, and one per row of a table.

    Headers are as high as the widths of the sheet ask, which are to be set before.
    """
    _append_header(sheet, columns)
    first = line = sheet.max_row + 1
    for line, row in enumerate(rows, start=first):
        values = [column.of(row) for column in columns]
        sheet.append(values)
        cells = [sheet.cell(line, index) for index in range(1, len(columns) + 1)]
        for cell, column in zip(cells, columns, strict=True):
            if column.format is not None:
                cell.number_format = column.format
            if column.align is not None:
                cell.alignment = column.align
        _mark_best(cells, columns)
    if sheet.max_row >= first:
        for index, column in enumerate(columns, start=1):
            if column.p_value:
                _color_p_values(sheet, get_column_letter(index), first, line)


def _append_header(sheet: Worksheet, columns: Sequence[Column]) -> None:
    sheet.append([column.header for column in columns])
    row, lines = sheet.max_row, []
    for index, column in enumerate(columns, start=1):
        cell = sheet.cell(row, index)
        cell.font, cell.fill = HEADER, HEADER_FILL
        side = "left" if column.text else "right"
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal=side)
        width = sheet.column_dimensions[get_column_letter(index)].width
        lines.append(height(column.header, width - 2))
    sheet.row_dimensions[row].height = max(lines) + 3


def _mark_best(cells: list, columns: Sequence[Column]) -> None:
    compared = [
        (cell, column.best)
        for cell, column in zip(cells, columns, strict=True)
        if column.best is not None
    ]
    known = [cell.value for cell, _ in compared if cell.value is not None]
    if known and len({cell.value for cell, _ in compared}) > 1:
        for cell, best in compared:
            if cell.value == best(known):
                cell.fill, cell.font = BEST_FILL, BOLD


def _color_p_values(sheet: Worksheet, column: str, first: int, last: int) -> None:
    cells = f"{column}{first}:{column}{last}"
    for limit, fill in ((0.05, GOOD_FILL), (0.1, CAUTION_FILL)):
        formula = [f"AND(ISNUMBER({column}{first}),{column}{first}<{limit})"]
        rule = FormulaRule(formula=formula, fill=fill, stopIfTrue=True)
        sheet.conditional_formatting.add(cells, rule)


def append_heading(sheet: Worksheet, text: str, font: Font = HEADING) -> None:
    """Append a line in larger letters."""
    sheet.append([text])
    sheet.cell(sheet.max_row, 1).font = font


def append_text(
    sheet: Worksheet, text: str, fill: PatternFill | None = None, font: Font | None = None
) -> None:
    """Append a paragraph, merged over columns A to H and high enough for its words."""
    sheet.append([readable(text)])
    row = sheet.max_row
    sheet.cell(row, 1).data_type = "s"  # Text, even where it begins like a formula.
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=8)
    sheet.cell(row, 1).alignment = WRAP
    larger = 1.0 if font is None else font.size / 11
    sheet.row_dimensions[row].height = larger * height(text, 140 / larger)
    if font is not None:
        sheet.cell(row, 1).font = font
    if fill is not None:
        sheet.cell(row, 1).fill = fill


def height(text: str, width: float) -> float:
    """Return the height in points of a text wrapped to a width in characters."""
    return 15 * max(1, len(textwrap.wrap(text, int(width))))


def freeze(sheet: Worksheet) -> None:
    """Keep the first row in sight, and let the table below it be filtered."""
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def show_interval(interval: list[float] | None) -> str | None:
    """Return the two ends of an interval of differences."""
    if interval is None:
        return None
    low, high = interval
    return f"{low:+.4f} to {high:+.4f}"
