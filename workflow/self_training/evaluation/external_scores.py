"""Scores of other systems, from CSV files of anyone's making."""

import csv
import io
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd

from self_training.data.examples import plain_name
from self_training.errors import ScoresError, shown
from self_training.evaluation.metrics import METRICS

REQUIRED = ("dataset", "method", "accuracy")
# Beside the metrics, all of them in [0, 1]: what may be any number from 0 on.
AMOUNTS = ("training_time", "inference_time", "gradient_steps", "examples_seen")
LONGEST_NAME = 60
# The source of a study's own scores.
OWN = "study"
OPTIONAL = ("fold", *(name for name in METRICS if name != "accuracy"), *AMOUNTS)


def read(path: str | Path) -> pd.DataFrame:
    """Read a tidy table of scores: dataset, method, accuracy, and fold where there are folds.

    Commas, semicolons or tabs separate; with semicolons and tabs a decimal comma is understood; a
    byte-order mark, blanks around values and the case of headers do not matter. An empty accuracy
    is a missing score. Other columns than REQUIRED and OPTIONAL are left out.

    Returns: those columns, with `source`, the path. The fold is missing where only means are known.
    Raises: ScoresError, naming file and row.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ScoresError(
            f"{path}: Expected a CSV file in UTF-8. Received a file that cannot be read as one "
            f"({error})."
        ) from error
    separator = _separator(text.partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header = [name.strip().lower() for name in next(_rows(path, reader), [])]
    _check_header(path, header)
    rows: list[dict] = []
    seen: dict[tuple, int] = {}
    for values in _rows(path, reader):
        if not any(value.strip() for value in values):
            continue
        line = reader.line_num
        if len(values) != len(header):
            raise ScoresError(
                f"{path}, row {line}: Expected {len(header)} values, as in the header. Received "
                f"{len(values)}."
            )
        cells = dict(zip(header, (value.strip() for value in values), strict=True))
        row = _read_row(path, line, cells, separator)
        key = (row["dataset"], row["method"], row["fold"])
        if key in seen:
            where = f"fold {row['fold']}" if row["fold"] is not None else "no fold"
            raise ScoresError(
                f"{path}, row {line}: Expected one row per dataset, method and fold. Received "
                f"'{row['dataset']}', '{row['method']}', {where} again (row {seen[key]})."
            )
        seen[key] = line
        rows.append(row)
    if not rows:
        raise ScoresError(f"{path}: Expected a row per score under the header. Received none.")
    _check_folds(path, seen)
    return pd.DataFrame(rows).astype({"fold": "Int64"}).assign(source=_source(path))


def _source(path) -> str:
    """Return what scores of a file are from: its path, but never what a study's own are from."""
    name = Path(path).as_posix()
    return f"./{name}" if name == OWN else name


def _rows(path, reader):
    """Yield the rows of a CSV reader; an unclosed quote, for one, is an error and no long text."""
    try:
        yield from reader
    except csv.Error as error:
        raise ScoresError(
            f"{path}, row {reader.line_num}: Expected CSV. Received: {error}."
        ) from None


def _separator(header: str) -> str:
    return max(",;\t", key=header.count)


def _check_header(path, header: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise ScoresError(
            f"{path}: Expected the columns {', '.join(REQUIRED)}, and optionally "
            f"{', '.join(OPTIONAL)}. Received: {', '.join(filter(None, header)) or 'none'}. "
            f"Missing: {', '.join(missing)}."
        )
    twice = [name for name in (*REQUIRED, *OPTIONAL) if header.count(name) > 1]
    if twice:
        raise ScoresError(f"{path}: Expected every column once. Received '{twice[0]}' again.")


def _read_row(path, line: int, cells: dict, separator: str) -> dict:
    row: dict[str, Any] = {}
    for name in ("dataset", "method"):
        # However it is encoded: two that look alike are one.
        row[name] = cells[name] = plain_name(cells[name])
        if not cells[name]:
            raise ScoresError(f"{path}, row {line}: Expected a {name}. Received nothing.")
        if len(cells[name]) > LONGEST_NAME or not cells[name].isprintable():
            raise ScoresError(
                f"{path}, row {line}: Expected a {name} of up to {LONGEST_NAME} printable "
                f"characters. Received: {cells[name][: LONGEST_NAME + 1]!r}."
            )
    # pandas writes integers as 1.0 once one of them is missing.
    fold = re.sub(r"\.0$", "", cells.get("fold", ""))
    if not re.fullmatch(r"(-?[0-9]{1,9})?", fold):
        raise ScoresError(
            f"{path}, row {line}, fold: Expected an integer, or nothing for a mean over folds. "
            f"Received: {shown(fold)}."
        )
    row["fold"] = int(fold) if fold else None
    for name in (*METRICS, *AMOUNTS):
        if name in cells:
            row[name] = _number(f"{path}, row {line}, {name}", cells[name], separator, name)
    return row


def _number(where: str, text: str, separator: str, name: str) -> float:
    if not text:
        return math.nan
    try:
        if "_" in text:
            raise ValueError
        value = float(text.replace(",", ".") if separator != "," else text)
    except ValueError:
        raise ScoresError(f"{where}: Expected a number. Received: {shown(text)}.") from None
    if name in AMOUNTS:
        if not 0 <= value < math.inf:
            raise ScoresError(f"{where}: Expected a number from 0 on. Received: '{text}'.")
    elif not 0 <= value <= 1:
        percent = " Is it in percent? Divide by 100." if 1 < value <= 100 else ""
        raise ScoresError(f"{where}: Expected a number in [0, 1]. Received: '{text}'.{percent}")
    return value


def _check_folds(path, seen: dict) -> None:
    """Raise ScoresError when a method has both scores of folds and a mean on one dataset."""
    with_folds = {key[:2] for key in seen if key[2] is not None}
    for dataset, method, fold in seen:
        if fold is None and (dataset, method) in with_folds:
            raise ScoresError(
                f"{path}, row {seen[dataset, method, None]}: Expected either scores of folds or a "
                f"mean of '{method}' on '{dataset}'. Received both."
            )


def combine(scores: pd.DataFrame, external: list[pd.DataFrame]) -> pd.DataFrame:
    """Return a study's own scores and those from elsewhere as one table.

    Raises: ScoresError, when two of them have scores of the same method on the same dataset.
    """
    first: dict[tuple[str, str], str] = {}
    for some in (scores, *external):
        if not len(some):
            continue
        found = some[["dataset", "method", "source"]].drop_duplicates()
        for dataset, method, source in found.itertuples(index=False):
            if (dataset, method) in first:
                raise ScoresError(
                    f"{source}: Expected scores that are not given elsewhere. Received some of "
                    f"'{method}' on '{dataset}', of which {first[dataset, method]} has scores. "
                    "Rename the method."
                )
            first[dataset, method] = source
    return pd.concat([some for some in (scores, *external) if len(some)], ignore_index=True)
