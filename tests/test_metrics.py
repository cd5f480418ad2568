"""The table of metrics drives scores, tables from elsewhere and the workbook."""

import numpy as np
import openpyxl
import pandas as pd
import pytest
from self_training.evaluation import external_scores, metrics
from self_training.evaluation.metrics import METRICS, Metric
from self_training.report import sheets
from self_training.report.workbook import BEST_FILL

SCORES = pd.DataFrame(
    [
        {"dataset": "d", "method": method, "fold": 0, "source": "study"}
        | dict.fromkeys(METRICS, value)
        for method, value in (("low", 0.25), ("high", 0.75))
    ]
)


def test_a_metric_more_is_an_entry_more(monkeypatch):
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    before = metrics.score(np.array([0, 1, 1]), probabilities)
    assert list(before) == list(METRICS)
    confidence = Metric("Confidence", True, lambda y_true, given: given.max(axis=1).mean())
    monkeypatch.setitem(METRICS, "confidence", confidence)
    after = metrics.score(np.array([0, 1, 1]), probabilities)
    assert after == before | {"confidence": pytest.approx((0.9 + 0.6 + 0.8) / 3)}
    assert all(type(value) is float for value in after.values())
    # On the sheet that has all folds, too, and where it is the next after the others.
    sheet = openpyxl.Workbook().active
    sheets.folds(sheet, SCORES.assign(confidence=0.5), {})
    header, *_ = sheet.iter_rows(values_only=True)
    assert header[4:-2] == (*(metric.title for metric in METRICS.values()),)
    assert header[-3] == "Confidence"


def test_the_recall_of_the_rarest_class_is_shown_where_there_is_one():
    unequal = SCORES.assign(rarest_class="c", rarest_recall=[0.5, 0.25])
    sheet = openpyxl.Workbook().active
    sheets.folds(sheet, unequal, {})
    header, first, _ = sheet.iter_rows(values_only=True)
    assert (header[-3], first[-3]) == ("Recall of the rarest class", 0.5)
    sheet = openpyxl.Workbook().active
    sheets.means(sheet, unequal[["dataset", "method", "fold", "rarest_recall"]])
    assert sheet["A1"].value == "Recall of the rarest class"
    assert sheet["B3"].fill == BEST_FILL and sheet["D3"].fill != BEST_FILL


def test_every_metric_is_known_by_its_title_and_in_tables_from_elsewhere(tmp_path):
    titles = {name: metric.title for name, metric in METRICS.items()}
    assert {name: sheets.TITLES[name] for name in METRICS} == titles
    assert list(sheets.TITLES)[: len(METRICS)] == list(METRICS)
    path = tmp_path / "scores.csv"
    path.write_text(f"dataset,method,{','.join(METRICS)}\nd,m{',0.5' * len(METRICS)}\n")
    table = external_scores.read(path)
    assert all(table[name].tolist() == [0.5] for name in METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_the_best_mean_is_the_one_that_the_table_says(monkeypatch, name):
    def marked() -> set[str]:
        sheet = openpyxl.Workbook().active
        sheets.means(sheet, SCORES[["dataset", "method", "fold", name]])
        assert sheet["A1"].value == METRICS[name].title
        found = {"B": "low", "D": "high"}
        fills = {method: sheet[f"{column}3"].fill for column, method in found.items()}
        return {method for method, fill in fills.items() if fill == BEST_FILL}

    assert marked() == {"low" if name == "fpr" else "high"}
    other = METRICS[name]._replace(larger_is_better=not METRICS[name].larger_is_better)
    monkeypatch.setitem(METRICS, name, other)
    assert marked() == {"high" if name == "fpr" else "low"}
