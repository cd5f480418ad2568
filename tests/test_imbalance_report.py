"""What a report says, draws and writes of classes that were made unequal, at several ratios."""

import json

import matplotlib.pyplot as plt
import numpy as np
import openpyxl
import pandas as pd
import pytest
from self_training.data import imbalance_counts
from self_training.evaluation import (
    answers,
    class_balance,
    comparison,
    imbalance_ratios,
    label_budgets,
    significance,
)
from self_training.report import (
    answer,
    axes,
    cautions,
    figures,
    findings,
    findings_of_axes,
    imbalance_text,
    methods_of_data,
    sheets_of_axes,
    sheets_of_data,
)
from self_training.report.references import REFERENCES
from self_training.study import budgets
from self_training.study import config as study
from test_foreign_report import generations_of
from test_imbalance import config_of

NAMES = {"digits_0_2@imbalance_1": 1, "digits_0_2@imbalance_10": 10, "digits_0_2@imbalance_50": 50}
METHODS = ("baseline", "student", "student_control")
AHEAD = ([0.59, 0.6, 0.61], [0.495, 0.505, 0.515], [0.39, 0.4, 0.41])
RECALL = {"student": (0.9, 0.6, 0.2), "student_control": (0.8, 0.7, 0.1), "baseline": (0.5,) * 3}


def config(**changes) -> dict:
    found = config_of([1, 10, 50], **changes)
    found["methods"] = {
        "baseline": {"generations": 0},
        "student": {"generations": 2, "unlabeled_fraction": 0.2, "threshold": 0.5},
        "student_control": {"generations": 0, "control_of": "student"},
    }
    return budgets.expand(found)


def scores_of() -> pd.DataFrame:
    """Scores of which all methods but the student have an accuracy of 0.5."""
    return pd.DataFrame(
        {"dataset": name, "method": method, "fold": fold, "training_seed": 0, "labeled": 12}
        | {"accuracy": AHEAD[at][fold] if method == "student" else 0.5}
        | {"tpr": RECALL[method][at] / 2, "rarest_recall": RECALL[method][at]}
        | {"unlabeled": 200, "test": 100, "source": "study", "classes": 3, "unknown": 0}
        | {"rarest_class": "2", "left_out": 0}
        for at, name in enumerate(NAMES)
        for method in METHODS
        for fold in range(3)
    )


def compared(scores: pd.DataFrame):
    statistics = findings.describe(
        significance.compare_methods(scores, **study.statistics(config()))
    )
    statistics = json.loads(json.dumps(statistics, allow_nan=False))
    return imbalance_ratios.compare(scores, statistics), statistics


def test_ratios_are_one_dataset_to_tests_and_no_label_budgets():
    rows, statistics = compared(scores_of())
    assert statistics["imbalance"] == {"digits_0_2": NAMES} and statistics["budgets"] == {}
    assert "out_of_class" not in statistics
    assert statistics["datasets"] == 1 and len(statistics["per_dataset"]) == 3 * 3
    assert statistics["fair"][0]["datasets"] == statistics["fair"][0]["groups"] == 1
    assert any(
        note.startswith("Ratios of imbalance of a dataset (digits_0_2) are no independent")
        for note in statistics["notes"]
    )
    assert "Datasets: 1 (3 if ratios of imbalance are counted)." in cautions.extent(
        scores_of(), statistics, 1
    )
    plain = significance.compare_methods(scores_of(), fair={"student": "student_control"})
    assert "imbalance" not in plain.statistics and len(rows) == 9
    assert imbalance_ratios.compare(scores_of(), plain.statistics) == []


def test_rows_have_what_accuracy_hardly_sees_of_method_and_fair_control():
    rows, _ = compared(scores_of())
    row = next(row for row in rows if (row["value"], row["method"]) == (10, "student"))
    assert row["rarest_recall"] == pytest.approx(0.6) and row["tpr"] == pytest.approx(0.3)
    assert row["fair_rarest_recall"] == pytest.approx(0.7)
    assert row["fair_tpr"] == pytest.approx(0.35)
    control = next(row for row in rows if row["method"] == "student_control")
    assert control["fair_tpr"] is None is control["fair_rarest_recall"]
    # Of scores from elsewhere nobody knows them.
    rows, _ = compared(scores_of().drop(columns=["tpr", "rarest_recall"]))
    assert {row[name] for row in rows for name in imbalance_ratios.OF_CLASSES} == {None}


def test_sentences():
    rows, statistics = compared(scores_of())
    assert findings_of_axes.imbalance(rows, statistics) == [
        "digits_0_2, student against student_control: ahead with 1:1 imbalance; behind with 50:1 "
        "imbalance; not distinguishable with 10:1 imbalance (corrected t-test over folds, Holm's "
        "correction over 3 rows).",
        "digits_0_2, student: of the rarest class were found 90.0% (its fair control: 80.0%) at "
        "1:1; 60.0% (its fair control: 70.0%) at 10:1; 20.0% (its fair control: 10.0%) at 50:1.",
    ]


def test_the_answer_has_no_curve_over_labels_and_counts_no_ratio_as_a_dataset():
    scores = scores_of()
    _, statistics = compared(scores)
    generations = generations_of()
    called = dict(zip(generations["dataset"].unique(), NAMES, strict=True))
    generations["dataset"] = generations["dataset"].map(called)
    numbers = answers.gather(scores, generations, statistics, {})
    assert {row["original"] for row in numbers["datasets"]} == {"digits_0_2"}
    assert all(row["budgets"] == [] and row["worth"] is None for row in numbers["datasets"])
    given = answer.give(statistics, numbers)
    # Nor is it told to be given a list of label budgets, which an axis forbids.
    assert "label budgets" not in json.dumps(given)
    assert given["headlines"] == [
        "Self-training helps on digits_0_2 with 1:1 imbalance, hurts on digits_0_2 with 50:1 "
        "imbalance and can't be told from luck on digits_0_2 with 10:1 imbalance."
    ]


def test_datasets_at_several_values_are_called_what_they_are():
    assert axes.of(NAMES) == "ratios of imbalance"
    assert axes.of([*NAMES, "a@4", "a@foreign_0.5"]) == (
        "label budgets and ratios of imbalance and shares of foreign examples"
    )
    assert axes.one_of(NAMES) == "ratio of imbalance"
    assert [comparison.value_by_name(name) for name in NAMES] == [
        ("imbalance", value) for value in NAMES.values()
    ]
    assert comparison.value_by_name("a@imbalance_2.5") == ("imbalance", 2.5)
    assert comparison.value_by_name("a@imbalance_x") is None


def test_the_sheet_has_a_row_per_ratio_and_method():
    rows, statistics = compared(scores_of())
    sheet = openpyxl.Workbook().active
    sheets_of_axes.imbalance(sheet, rows, label_budgets.references(statistics))
    header, *lines = (list(row) for row in sheet.iter_rows(values_only=True))
    assert header[:4] == ["Dataset", "Imbalance", "Method", "Folds"]
    line = next(line for line in lines if line[1:3] == ["10:1", "student"])
    named = dict(zip(header, line, strict=True))
    assert named["Minus student_control"] == pytest.approx(0.005)
    assert named["Balanced accuracy"] == pytest.approx(0.3)
    assert named["Balanced accuracy of its fair control"] == pytest.approx(0.35)
    assert named["Recall of the rarest class"] == pytest.approx(0.6)
    assert named["Recall of it by the fair control"] == pytest.approx(0.7)
    assert len([line for line in lines if line[0] == "digits_0_2"]) == 9


def test_the_figure_has_accuracy_difference_and_what_accuracy_hardly_sees():
    scores = scores_of()
    _, statistics = compared(scores)
    figure = figures.draw("imbalance", {"scores": scores}, statistics)
    accuracy, difference, balanced, rarest = figure.axes
    assert accuracy.get_ylabel() == "digits_0_2"
    for panel in figure.axes:
        assert [label.get_text() for label in panel.get_xticklabels()] == ["1:1", "10:1", "50:1"]
        assert panel.get_xlabel() == "Imbalance"
    drawn = [bars.lines[0].get_ydata() for bars in accuracy.containers]
    np.testing.assert_allclose(drawn, [[0.5] * 3, [0.6, 0.505, 0.4], [0.5] * 3])
    (bars,) = difference.containers
    np.testing.assert_allclose(bars.lines[0].get_ydata(), [0.1, 0.005, -0.1], atol=1e-12)
    ends = bars.lines[2][0].get_segments()[1][:, 1]
    test = significance.on_dataset(
        statistics, "digits_0_2@imbalance_10", "student", "student_control"
    )
    np.testing.assert_allclose(ends, test["interval"])
    for panel, times in ((balanced, 0.5), (rarest, 1)):
        lines = [line.get_ydata() for line in panel.get_lines()]
        np.testing.assert_allclose(lines, [times * np.array(RECALL[name]) for name in METHODS])
    # Factors are a scale: from 1 to 10 it is farther than from 10 to 50.
    x = rarest.get_lines()[1].get_xdata()
    np.testing.assert_allclose(x, np.log10([1, 10, 50]), atol=np.log10(5) / 6)
    plt.close(figure)
    assert "imbalance" in figures.titles(config())
    assert "learning_curve" not in figures.titles(config())
    assert "imbalance" not in figures.titles(budgets.expand(config_of(10)))


def test_a_methods_text_says_what_was_unequal():
    text = methods_of_data.write(config() | {"outer_folds": 2}, {})
    assert (
        "Of digits_0_2, classes were made unequal at a ratio of 1:1, 10:1 and 50:1 (Kim et al. "
        "2020, Wei et al. 2021): each had by the same factor fewer labels than the one before it, "
        "and the last the fewest; unlabeled examples were kept in the same proportions."
    ) in text
    assert "12 examples of every class (where classes were made unequal, of the most freq" in text
    assert "on 1 dataset (digits_0_2)" in text and "label budget" not in text
    reverse = methods_of_data.write(config(unlabeled_imbalance="reversed"), {})
    assert "kept in these proportions the other way round, most of the rarest" in reverse
    assert methods_of_data.cited(config()) == ["darp", "crest"]
    assert {"darp", "crest"} <= set(REFERENCES)
    equal = budgets.expand(config_of(None))
    assert "unequal" not in methods_of_data.write(equal, {}) and not methods_of_data.cited(equal)


def test_pseudo_labels_are_compared_with_the_balance_of_the_unlabeled():
    """Of 100 pseudo-labels 20 of the last class were to be expected, were classes as frequent as in
    the dataset; at a ratio of 4 these are 1/7, the other way round 4/7."""
    assert imbalance_counts.shares_of_unlabeled(3, 4) == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    check = {
        "dataset": "d",
        "classes": [{"class": name, "labels": 60, "share": 1 / 3} for name in "abc"],
    }
    balance = pd.DataFrame(
        {"dataset": "d@imbalance_4", "method": "student", "class": name, "pseudo_labels": count}
        for name, count in (("a", 60), ("b", 30), ("c", 10))
    )
    found = {}
    for way in ("alike", "reversed"):
        dataset = {"imbalance": 4, "unlabeled_imbalance": way, "original": "d"}
        unequal = imbalance_text.shares({"datasets": {"d@imbalance_4": dataset}}, [check])
        found[way] = class_balance.compare([check], balance, unequal)
    assert [row["share"] for row in found["alike"]] == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert [row["rarer"] for row in found["alike"]] == [False] * 3
    assert [row["rarer"] for row in found["reversed"]] == [False, False, True]
    assert class_balance.compare([check], balance)[2]["rarer"]
    sheet = openpyxl.Workbook().active
    check |= {"duplicates": {"counts": [], "shown": []}, "shift": None, "parts": {"labeled": 180}}
    sheets_of_data.data_check(sheet, [check], found["alike"], 2)
    said = [str(cell.value) for row in sheet for cell in row]
    assert any("shares are those among the unlabeled examples" in text for text in said)
    assert imbalance_text.shares({}, []) == {}
