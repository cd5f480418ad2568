"""What a report says, draws and writes of foreign examples, at several shares of them."""

import json

import matplotlib.pyplot as plt
import numpy as np
import openpyxl
import pandas as pd
import pytest
from self_training.evaluation import (
    answers,
    comparison,
    foreign_shares,
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
    findings_of_repeats,
    methods_of_data,
    sheets_of_axes,
    sheets_of_chains,
)
from self_training.study import budgets
from self_training.study import config as study
from test_foreign import config_of

NAMES = {"digits_0_2@foreign_0": 0, "digits_0_2@foreign_0.25": 0.25, "digits_0_2@foreign_0.5": 0.5}
METHODS = ("baseline", "student", "student_control")
AHEAD = ([0.59, 0.6, 0.61], [0.495, 0.505, 0.515], [0.39, 0.4, 0.41])


def config() -> dict:
    found = config_of([0, 0.25, 0.5])
    found["methods"] = {
        "baseline": {"generations": 0},
        "student": {"generations": 2, "unlabeled_fraction": 0.2, "threshold": 0.5},
        "student_control": {"generations": 0, "control_of": "student"},
    }
    return budgets.expand(found)


def scores_of(student=AHEAD) -> pd.DataFrame:
    """Scores of which all methods but the student have 0.5."""
    return pd.DataFrame(
        {"dataset": name, "method": method, "fold": fold, "training_seed": 0, "labeled": 12}
        | {"accuracy": student[at][fold] if method == "student" else 0.5}
        | {"unlabeled": 200, "test": 100, "source": "study", "classes": 3, "unknown": 0}
        | {"out_of_class": share, "foreign": int(200 * share)}
        for at, (name, share) in enumerate(NAMES.items())
        for method in METHODS
        for fold in range(3)
    )


def generations_of() -> pd.DataFrame:
    """Of 100 that are offered in each of two generations, a half of the own ones is selected, and
    of the foreign ones a fifth in the first generation and all in the second."""
    rows = []
    for name, share in NAMES.items():
        foreign = int(100 * share)
        for fold in range(3):
            for generation, part in ((0, 0), (1, 0.2), (2, 1)):
                selected = round(part * foreign)
                offered = 100 if generation else 0
                own = (100 - foreign) // 2 if generation else 0
                rows.append(
                    {"dataset": name, "method": "student", "fold": fold, "training_seed": 0}
                    | {"generation": generation, "offered": offered, "selected": own + selected}
                    | {"known": own + selected, "correct": own, "classes_missing": ""}
                    | {"trained_on": own, "accuracy": 0.5}
                    | {"foreign_offered": foreign if generation else 0}
                    | {"foreign_selected": selected}
                    | {"foreign_confidence": 0.5 + 0.1 * generation if selected else None}
                    | {"own_confidence": 0.9 if generation else None}
                )
    return pd.DataFrame(rows)


def compared(scores: pd.DataFrame):
    statistics = findings.describe(
        significance.compare_methods(scores, **study.statistics(config()))
    )
    statistics = json.loads(json.dumps(statistics, allow_nan=False))
    return foreign_shares.compare(scores, generations_of(), statistics), statistics


def test_shares_are_one_dataset_to_tests_and_no_label_budgets():
    rows, statistics = compared(scores_of())
    assert statistics["out_of_class"] == {"digits_0_2": NAMES} and statistics["budgets"] == {}
    assert statistics["datasets"] == 1 and len(statistics["per_dataset"]) == 3 * 3
    assert statistics["fair"][0]["datasets"] == statistics["fair"][0]["groups"] == 1
    assert any(
        note.startswith("Shares of foreign examples of a dataset (digits_0_2) are no independent")
        for note in statistics["notes"]
    )
    assert "Datasets: 1 (3 if shares of foreign examples are counted)." in cautions.extent(
        scores_of(), statistics, 1
    )
    plain = significance.compare_methods(scores_of(), fair={"student": "student_control"})
    assert "out_of_class" not in plain.statistics and len(rows) == 9


def test_what_became_of_them_is_weighed_by_examples():
    """Selected were 5 of 25 at 0.6, and 25 of 25 at 0.7: 30 of 50, and (3 + 17.5) / 30."""
    found = foreign_shares.pseudo_labeled(generations_of(), "digits_0_2@foreign_0.25", "student")
    assert found["foreign_part"] == pytest.approx(0.6)
    assert found["foreign_confidence"] == pytest.approx(20.5 / 30)
    assert found["own_part"] == pytest.approx(37 / 75)
    assert found["own_confidence"] == pytest.approx(0.9)
    none = foreign_shares.pseudo_labeled(generations_of(), "digits_0_2@foreign_0", "student")
    assert none["foreign_part"] is None is none["foreign_confidence"] and none["own_part"] == 0.5
    nobody = foreign_shares.pseudo_labeled(generations_of(), "digits_0_2@foreign_0", "baseline")
    assert set(nobody.values()) == {None}


def test_sentences():
    rows, statistics = compared(scores_of())
    assert findings_of_axes.foreign_examples(rows, statistics) == [
        "digits_0_2, student against student_control: ahead with 0% foreign examples; behind with "
        "50% foreign examples; not distinguishable with 25% foreign examples (corrected t-test "
        "over folds, Holm's correction over 3 rows).",
        "digits_0_2, student: pseudo-labeled were, at 25%, 60% (mean confidence 0.68) of the "
        "foreign examples and 49% (mean confidence 0.90) of those of the study's classes; at 50%, "
        "60% (mean confidence 0.68) of the foreign examples and 50% (mean confidence 0.90) of "
        "those of the study's classes (sheet Foreign examples).",
    ]


def test_the_answer_has_no_curve_over_labels_and_counts_no_share_as_a_dataset():
    scores = scores_of()
    _, statistics = compared(scores)
    numbers = answers.gather(scores, generations_of(), statistics, {})
    assert {row["original"] for row in numbers["datasets"]} == {"digits_0_2"}
    assert all(row["budgets"] == [] and row["worth"] is None for row in numbers["datasets"])
    given = answer.give(statistics, numbers)
    assert given["headlines"] == [
        "Self-training helps on digits_0_2 with 0% foreign examples, hurts on digits_0_2 with 50% "
        "foreign examples and can't be told from luck on digits_0_2 with 25% foreign examples."
    ]
    assert given["datasets"][1]["sentence"].startswith("digits_0_2 with 25% foreign examples: ")
    same = scores_of([[0.59, 0.6, 0.61]] * 3)
    _, statistics = compared(same)
    given = answer.give(statistics, answers.gather(same, generations_of(), statistics, {}))
    assert given["headlines"] == ["Self-training helps at all 3 shares of foreign examples."]


def test_datasets_at_several_values_are_called_what_they_are():
    assert axes.of(NAMES) == "shares of foreign examples"
    assert axes.of(["a@4", "a@all", "a@0.25"]) == "label budgets"
    assert axes.of([*NAMES, "a@4"]) == "label budgets and shares of foreign examples"
    assert axes.one_of(NAMES) == "share of foreign examples"
    assert [comparison.value_by_name(name)[1] for name in NAMES] == [0, 0.25, 0.5]
    assert comparison.value_by_name("a@foreign_1e-05") == ("out_of_class", 1e-5)
    assert comparison.value_by_name("a@foreign_x") is None is comparison.value_by_name("foreign_1")
    rows = [{"dataset": name} for name in NAMES]
    assert findings_of_repeats._of_units(2, rows) == "at 2 of 3 shares of foreign examples"


def test_the_sheet_has_a_row_per_share_and_method():
    rows, statistics = compared(scores_of())
    sheet = openpyxl.Workbook().active
    sheets_of_axes.foreign_examples(sheet, rows, label_budgets.references(statistics))
    header, *lines = (list(row) for row in sheet.iter_rows(values_only=True))
    assert header[:4] == ["Dataset", "Foreign examples", "Method", "Folds"]
    line = next(line for line in lines if line[1:3] == [0.25, "student"])
    named = dict(zip(header, line, strict=True))
    assert named["Minus student_control"] == pytest.approx(0.005)
    assert named["Foreign ones pseudo-labeled"] == pytest.approx(0.6)
    assert line[header.index("Own ones pseudo-labeled")] == pytest.approx(37 / 75)
    assert len([line for line in lines if line[0] == "digits_0_2"]) == 9
    sheet = openpyxl.Workbook().active
    sheets_of_chains.pseudo_labels(sheet, generations_of())
    header = [cell.value for cell in sheet[1]]
    assert header[-4:] == [
        "Foreign among the offered",
        "Foreign among the selected",
        "Mean confidence of foreign ones",
        "Mean confidence of own ones",
    ]
    sheet = openpyxl.Workbook().active
    columns = [*generations_of()][:-4]
    sheets_of_chains.pseudo_labels(sheet, generations_of()[columns])
    assert "Foreign among the offered" not in [cell.value for cell in sheet[1]]


def test_the_figure_has_accuracy_difference_and_what_became_of_them():
    scores = scores_of()
    _, statistics = compared(scores)
    figure = figures.draw(
        "foreign_examples", {"scores": scores, "generations": generations_of()}, statistics
    )
    accuracy, difference, parts = figure.axes
    assert accuracy.get_ylabel() == "digits_0_2"
    assert [label.get_text() for label in accuracy.get_xticklabels()] == ["0%", "25%", "50%"]
    drawn = [bars.lines[0].get_ydata() for bars in accuracy.containers]
    np.testing.assert_allclose(drawn, [[0.5] * 3, [0.6, 0.505, 0.4], [0.5] * 3])
    (bars,) = difference.containers
    np.testing.assert_allclose(bars.lines[0].get_ydata(), [0.1, 0.005, -0.1], atol=1e-12)
    test = significance.on_dataset(
        statistics, "digits_0_2@foreign_0.25", "student", "student_control"
    )
    ends = bars.lines[2][0].get_segments()[1][:, 1]
    np.testing.assert_allclose(ends, test["interval"])
    lines = {line.get_linestyle(): line.get_ydata() for line in parts.get_lines()}
    np.testing.assert_allclose(lines["-"], [0.5, 37 / 75, 0.5])
    np.testing.assert_allclose(lines["--"], [np.nan, 0.6, 0.6])
    # Points stand closer to their share than to another.
    assert all(
        np.abs(bars.lines[0].get_xdata() - [0, 0.25, 0.5]).max() <= 0.25 / 6
        for bars in accuracy.containers
    )
    plt.close(figure)
    assert "foreign_examples" in figures.titles(config())
    assert "learning_curve" not in figures.titles(config())


def test_a_methods_text_says_what_was_foreign():
    text = methods_of_data.write(config() | {"outer_folds": 2}, {})
    assert (
        "Of digits_0_2, 0%, 25% and 50% of the unlabeled examples were foreign: of classes that "
        "the study leaves out, in place of as many whose labels were hidden (Oliver et al. 2018)."
    ) in text
    assert "on 1 dataset (digits_0_2)" in text and "label budget" not in text
    assert "foreign" not in methods_of_data.write(
        {**config_of(0), "datasets": {"d": {"source": "digits", "labeled_fraction": 0.1}}}, {}
    )
