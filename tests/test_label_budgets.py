"""Label budgets: what is said of them, drawn and written, and a study that has some."""

import json
import re

import matplotlib.pyplot as plt
import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import tiny_config
from self_training.evaluation import label_budgets, significance
from self_training.report import (
    figures,
    findings,
    findings_of_budgets,
    methods_text,
    sheets_of_axes,
)
from self_training.study import budgets
from self_training.study import config as study
from sklearn.datasets import load_digits

LABELS = {"a@4": (12, 12), "a@10": (29, 30), "a@25": (1075, 1075)}
NOISE = (-0.01, 0.0, 0.01)


def config_of(**methods) -> dict:
    return {
        "study": "budgets",
        "datasets": {
            "a@4": {"source": "digits", "original": "a", "labels_per_class": 4, "epochs": 2},
            "a@10": {"source": "digits", "original": "a", "labels_per_class": 10, "epochs": 2},
            "a@25": {"source": "digits", "original": "a", "labels_per_class": 25, "epochs": 2},
            "b": {"source": "digits", "labels_per_class": 10, "epochs": 2},
        },
        "training": {"backbone": "original_cnn", "batch_size": 32, "learning_rate": 0.001},
        "threads": 1,
        "methods": {
            "baseline": {"generations": 0},
            "equal_steps": {"generations": 0, "steps_of": "student"},
            "student": {"generations": 1},
            "ensemble": {"inherit": "student", "ensemble_size": 2},
        }
        | methods,
    }


def scores_of(student: dict[str, list], folds: int = 3, **others) -> pd.DataFrame:
    """Scores of which all methods but the student have 0.5, and 0.7 on b."""
    rows = []
    for dataset in (*LABELS, "b"):
        for method in ("baseline", "equal_steps", "student", "ensemble"):
            accuracies = {"student": student, **others}.get(method, {}).get(dataset)
            for fold in range(folds):
                accuracy = 0.5 if dataset != "b" else 0.7
                if accuracies is not None:
                    accuracy = accuracies[fold]
                labels = LABELS.get(dataset, (30, 30))
                rows.append(
                    {"dataset": dataset, "method": method, "fold": fold, "accuracy": accuracy}
                    | {"labeled": labels[min(fold, 1)], "unlabeled": 200, "test": 100}
                    | {"source": "study"}
                )
    return pd.DataFrame(rows)


def compared(scores: pd.DataFrame, config: dict | None = None):
    config = config or config_of()
    comparison = significance.compare_methods(scores, **study.statistics(config))
    statistics = findings.describe(comparison)
    statistics = json.loads(json.dumps(statistics, allow_nan=False))
    return label_budgets.compare(scores, statistics), statistics


def around(mean: float) -> list[float]:
    return [mean + noise for noise in NOISE]


AHEAD_THEN_BEHIND = {"a@4": around(0.6), "a@10": around(0.505), "a@25": around(0.4)}
HOW = " (corrected t-test over folds, Holm's correction over 4 rows)."


def test_sentences_name_the_numbers_of_labels():
    """Of three budgets of a, and of b, each method is compared with its fair control."""
    assert findings_of_budgets.describe(*compared(scores_of(AHEAD_THEN_BEHIND))) == [
        "a, student against equal_steps: ahead with 12 labels; behind with 1,075 labels; not "
        "distinguishable with 29 to 30 labels" + HOW,
        "a, ensemble against baseline (no fair control): not tested with 12, 29 to 30 and 1,075 "
        "labels (sheet Label budgets says why).",
    ]


def test_sentences_without_a_fair_control_are_of_the_control():
    config = config_of(equal_steps={"generations": 0})
    config["statistics"] = {"control": "equal_steps"}
    sentences = findings_of_budgets.describe(*compared(scores_of(AHEAD_THEN_BEHIND), config))
    assert [sentence.partition(":")[0] for sentence in sentences] == [
        "a, student against equal_steps (no fair control)",
        "a, ensemble against equal_steps (no fair control)",
    ]
    # A method is not compared with itself.
    config["statistics"] = {"control": "student"}
    (sentence,) = findings_of_budgets.describe(*compared(scores_of(AHEAD_THEN_BEHIND), config))
    assert sentence.startswith("a, ensemble against student (no fair control): ahead with 1,075 la")


def test_verdicts_are_those_of_the_sheet_of_tests():
    """A p of 0.03 for itself is none over four rows, here as on the sheet Tests per dataset."""
    scores = scores_of({"a@4": [0.54, 0.55, 0.56], "a@10": [0.5] * 3, "a@25": [0.5] * 3})
    rows, statistics = compared(scores)
    row = next(row for row in rows if (row["budget"], row["method"]) == ("a@4", "student"))
    test = row["against"]["equal_steps"]
    assert test["p_value"] < 0.05 < test["p_holm"] == pytest.approx(4 * test["p_value"])
    assert label_budgets.verdict(test) == "neither" and test["interval"][0] > 0
    (found,) = (
        test
        for test in statistics["per_dataset"]
        if (test["dataset"], test["a"], test["b"]) == ("a@4", "equal_steps", "student")
    )
    assert found["p_holm"] == test["p_holm"] and found["family"] == "fair"


def test_ties_and_what_cannot_be_tested_are_said_as_that():
    """Equal on every fold, or ahead by the same on every fold: no error is left to test by."""
    scores = scores_of({"a@4": [0.5] * 3, "a@10": [0.6] * 3, "a@25": around(0.6)})
    sentence = findings_of_budgets.describe(*compared(scores))[0]
    assert sentence == (
        "a, student against equal_steps: ahead with 1,075 labels; not tested with 12 and 29 to 30 "
        "labels (sheet Label budgets says why)" + HOW
    )
    rows, statistics = compared(scores_of(AHEAD_THEN_BEHIND, folds=1))
    assert findings_of_budgets.describe(rows, statistics)[0] == (
        "a, student against equal_steps: not tested with 12, 29 and 1,075 labels (sheet Label "
        "budgets says why)."
    )
    assert "at least 2 folds" in rows[0]["against"]["equal_steps"]["reason"]


def test_rows_by_hand():
    """The mean over 3 folds, its error by Nadeau and Bengio, 4.303 of them on either side."""
    rows, _ = compared(scores_of(AHEAD_THEN_BEHIND))
    assert len(rows) == 3 * 4
    row = next(row for row in rows if (row["budget"], row["method"]) == ("a@4", "student"))
    assert (row["dataset"], row["labels"], row["folds"]) == ("a", (12, 12), 3)
    assert row["mean"] == pytest.approx(0.6) and row["std"] == pytest.approx(0.01)
    test = row["against"]["equal_steps"]
    half = 4.302653 * np.sqrt((1 / 3 + 100 / 212) * 0.01**2)
    assert test["difference"] == pytest.approx(0.1)
    assert test["interval"] == pytest.approx([0.1 - half, 0.1 + half])
    # The other way round for a method that the statistics have first.
    baseline = next(row for row in rows if (row["budget"], row["method"]) == ("a@4", "baseline"))
    assert set(baseline["against"]) == {"equal_steps"}
    config = config_of() | {"statistics": {"control": "student"}}
    rows, _ = compared(scores_of(AHEAD_THEN_BEHIND), config)
    against = rows[0]["against"]["student"]
    assert against["difference"] == pytest.approx(-0.1)
    assert against["interval"] == pytest.approx([-0.1 - half, -0.1 + half])


def test_only_folds_of_both_are_compared():
    """That the ensemble lost a fold is nothing to the student and the baseline."""
    scores = scores_of({"a@4": [0.6, 0.61, 0.99]})
    lost = (scores["method"] == "ensemble") & (scores["fold"] == 2)
    rows, _ = compared(scores[~lost])
    folds = {row["method"]: row["folds"] for row in rows if row["budget"] == "a@4"}
    assert folds == {"baseline": 3, "equal_steps": 3, "student": 3, "ensemble": 2}
    row = next(row for row in rows if (row["budget"], row["method"]) == ("a@4", "student"))
    assert row["mean"] == pytest.approx((0.6 + 0.61 + 0.99) / 3)
    assert row["against"]["baseline"]["difference"] == pytest.approx(row["mean"] - 0.5)


def test_the_figure_has_a_point_per_budget():
    scores = scores_of(AHEAD_THEN_BEHIND)
    _, statistics = compared(scores)
    figure = figures.draw("learning_curve", {"scores": scores}, statistics)
    (axes,) = figure.axes
    assert axes.get_title() == "a" and axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["12", "30", "1,075"]
    lines = {bars.get_label(): bars.lines[0] for bars in axes.containers}
    assert list(lines) == ["baseline", "equal_steps", "student", "ensemble"]
    assert lines["student"].get_ydata() == pytest.approx([0.6, 0.505, 0.4])
    assert lines["baseline"].get_ydata() == pytest.approx([0.5, 0.5, 0.5])
    np.testing.assert_allclose(lines["student"].get_xdata(), [12, 29.67, 1075], rtol=0.06)


@pytest.mark.parametrize("copies", [1, 3, 10])
def test_points_of_a_budget_stand_close_to_it_however_many_methods(copies):
    """All of them within a third of the smallest gap, on the logarithmic axis, in one order."""
    once = scores_of(AHEAD_THEN_BEHIND)
    scores = pd.concat(
        [once.assign(method=once["method"] + f"_{copy}") for copy in range(copies)],
        ignore_index=True,
    )
    _, statistics = compared(once)
    methods = list(dict.fromkeys(scores["method"]))
    figure = figures.draw("learning_curve", {"scores": scores}, statistics | {"methods": methods})
    (axes,) = figure.axes
    means = scores.groupby("dataset")["labeled"].mean()
    labels = np.log(means[statistics["budgets"]["a"]].to_numpy())
    offsets = np.array([np.log(bars.lines[0].get_xdata()) for bars in axes.containers]) - labels
    plt.close(figure)
    assert len(offsets) == 4 * copies and (np.diff(offsets[:, 0]) > 0.001).all()
    np.testing.assert_allclose(offsets, np.repeat(offsets[:, :1], 3, axis=1), atol=1e-12)
    np.testing.assert_allclose(offsets[0], -offsets[-1], atol=1e-12)
    spread = offsets[-1, 0] - offsets[0, 0]
    assert 0.1 < spread <= np.diff(labels).min() / 3 + 1e-12


def test_methods_text_says_how_many_labels():
    def text(**datasets) -> str:
        config = tiny_config() | {"outer_folds": 2}
        config["datasets"] = {
            name: {"source": "digits", "policy": "characters", "epochs": 2} | budget
            for name, budget in datasets.items()
        }
        config = budgets.expand(config)
        scores = pd.DataFrame({"dataset": "x", "method": ["m", "n"], "fold": 0, "accuracy": 0.5})
        comparison = significance.compare_methods(scores, budgets=budgets.several(config))
        return methods_text.write(config, findings.describe(comparison), {})

    several = text(a={"labels_per_class": [25, 4]}, b={"labeled_fraction": 0.1})
    assert "on 2 datasets (a and b)" in several
    assert (
        "10% of the examples outside the test fold (stratified by class) or 4 and 25 examples of "
        "every class outside the test fold (by dataset and label budget) kept their labels"
    ) in several
    assert "Of a, all label budgets were studied over the same folds" in several
    assert "(of a dataset with several label budgets, the mean over these)" in several
    one = text(a={"labels_per_class": 4}, b={"labels_per_class": 4})
    assert "In every fold, 4 examples of every class outside the test fold kept" in one
    assert "label budget" not in one


@pytest.fixture(scope="module")
def finished(make_study):
    """Of vectors, which train in seconds: what reports does not know what an example is."""
    config = tiny_config() | {"study": "budgets", "jobs": "per_dataset"}
    del config["controls"]
    del config["inner_folds"]
    dataset = config["datasets"]["digits_0_2"]
    del dataset["labeled_fraction"]
    dataset |= {"labels_per_class": [4, 12], "epochs": 3}
    dataset |= {"kind": "vectors", "source": "npz", "path": "digits.npz", "policy": "gaussian"}
    config["training"]["backbone"] = "linear"
    chain = {"unlabeled_fraction": 0.2, "threshold": 0.4, "generations": 1}
    config["methods"] = {"baseline": {"generations": 0}, "student": chain}
    made = make_study(config, backend="jax")
    digits = load_digits(n_class=3)
    names = np.array(["0", "1", "2"])
    np.savez(made.folder / "digits.npz", x=digits.data, y=digits.target, class_names=names)
    made.run("--cores", "2")
    return made


def split_of(finished, dataset: str) -> dict:
    with np.load(finished.results / f"runs/{dataset}/fold_1/split.npz") as archive:
        return {name: archive[name] for name in archive.files}


@pytest.mark.study
def test_a_study_of_two_budgets(finished):
    scores = pd.read_csv(finished.results / "scores.csv")
    labels = scores.groupby("dataset", sort=False)["labeled"].unique().map(list).to_dict()
    assert labels == {"digits_0_2@4": [12], "digits_0_2@12": [36]}
    small, large = (split_of(finished, f"digits_0_2@{budget}") for budget in (4, 12))
    np.testing.assert_array_equal(small["test_idx"], large["test_idx"])
    assert set(small["labeled_idx"]) < set(large["labeled_idx"])
    assert [path.name for path in (finished.results / "datasets").iterdir()] == ["digits_0_2"]
    statistics = json.loads((finished.results / "statistics.json").read_text())
    # Of three methods, since the student's fair control is added.
    assert statistics["datasets"] == 1 and len(statistics["per_dataset"]) == 3 * 2
    for kind in ("svg", "png"):
        assert (finished.results / f"figures/learning_curve.{kind}").exists()
    workbook = openpyxl.load_workbook(finished.results / "report.xlsx")
    assert workbook["Label budgets"].max_row == 1 + 3 * 2 + 2
    cells = [cell.value for row in workbook["Summary"] for cell in row if cell.value]
    assert any(
        str(cell).startswith("digits_0_2, student against student_control: ") for cell in cells
    )
    assert any("Datasets: 1 (2 if label budgets are counted)." in str(cell) for cell in cells)
    assert len(workbook["Figures"]._images) == 9
    output = finished.run("--cores", "1", "-n", "--forceall")
    rules = re.findall(r"(?:local)?rule (\w+):\n    input: (.*)\n", output)
    with_labels = {rule for rule, inputs in rules if "/labels.npy" in inputs}
    assert with_labels == {"make_splits", "check_data", "evaluate"}
    assert len([rule for rule, _ in rules if rule == "prepare_dataset"]) == 1


@pytest.mark.study
def test_a_budget_does_not_depend_on_which_others_are_listed(finished, tmp_path):
    """Its labels, weights and predictions are those that it has alone."""
    alone = finished.copy(tmp_path / "project")
    alone.config["datasets"]["digits_0_2"]["labels_per_class"] = 4
    alone.write_config()
    alone.run("--cores", "2", "results/budgets/runs/digits_0_2/fold_1/baseline/scores.json")
    files = [
        alone.results / f"runs/{dataset}/fold_1/{file}"
        for dataset in ("digits_0_2", "digits_0_2@4")
        for file in ("split.npz", "teachers/final.npz")
    ]
    for one, other in zip(files[:2], files[2:], strict=True):
        with np.load(one) as arrays, np.load(other) as others:
            for name in arrays.files:
                np.testing.assert_array_equal(arrays[name], others[name])


def test_the_sheet_has_every_budget_and_method(tmp_path):
    rows, statistics = compared(scores_of(AHEAD_THEN_BEHIND))
    sheet = openpyxl.Workbook().active
    sheets_of_axes.label_budgets(sheet, rows, label_budgets.references(statistics))
    header, *lines, note = (
        row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)
    )
    assert header == (
        *("Dataset", "With its budget", "Labels", "Method", "Folds", "Mean accuracy"),
        "Std (n - 1)",
        *("Minus equal_steps", "95 % interval", "p (Holm)"),
        *("Minus baseline", "95 % interval", "p (Holm)"),
        "Remark",
    )
    assert [line[3] for line in lines] == ["baseline", "equal_steps", "student", "ensemble"] * 3
    assert [line[2] for line in lines[::4]] == [12, "29 to 30", 1075]
    student = lines[2]
    assert student[:7] == ("a", "a@4", 12, "student", 3, pytest.approx(0.6), pytest.approx(0.01))
    assert student[7] == student[10] == pytest.approx(0.1)
    assert student[8] == "+0.0614 to +0.1386" and student[9] < 0.05
    # Ties are no change, and no zero has a sign below it.
    assert lines[0][7:13] == (0, None, None, None, None, None)
    assert "the same on every fold" in lines[0][13]
    assert "by chance" in note[0]
