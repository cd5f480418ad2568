"""A study with a test file, from the files to the card of a deployed model."""

import json
import re

import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import tiny_config
from self_training.evaluation import draws
from sklearn.datasets import load_digits
from test_study import assert_same_arrays

pytestmark = pytest.mark.study

PREDICTED = ("predictions.npz", "pseudo_labels.npz", "final.npz", "search.npz", "split.npz")
NAMES = np.array(["zero", "one", "two"])


def write_test_file(study, order=None) -> None:
    """Write 200 digits that can be tested on, with labels in another order if one is given."""
    digits = load_digits(n_class=3)
    x, y = digits.data[300:500], digits.target[300:500]
    y = y if order is None else y[order]
    np.savez(study.folder / "test.npz", x=x, y=y, class_names=NAMES)


@pytest.fixture(scope="module")
def study(make_study):
    """A study with 3 draws of labels that is run to its end, with a deployed model.

    Of vectors, which train in seconds. What draws and scores does not know what an example is.
    """
    config = tiny_config()
    config |= {"study": "draws", "deploy": "auto", "jobs": "per_dataset", "outer_folds": 3}
    config["controls"] = "last_student"
    config["training"] = {"backbone": "linear", "batch_size": 16, "learning_rate": 0.01}
    config["datasets"] = {
        "mine": {
            "kind": "vectors",
            "source": "npz",
            "path": "train.npz",
            "test_path": "test.npz",
            "policy": "gaussian",
            "epochs": 5,
            "labels_per_class": [6, 20],
        }
    }
    config["methods"] = {
        "baseline": {"generations": 0},
        "student": {"threshold": [0.3, 0.5], "generations": 1, "schedule": "all"},
    }
    study = make_study(config, backend="jax")
    digits = load_digits(n_class=3)
    x = digits.data[:300]
    y = digits.target[:300].copy()
    y[250:] = -1
    np.savez(study.folder / "train.npz", x=x, y=y, class_names=NAMES)
    write_test_file(study)
    study.run("--cores", "2")
    return study


def split_of(study, budget: int, fold: int) -> dict:
    path = study.results / f"runs/mine@{budget}/fold_{fold}/split.npz"
    with np.load(path) as split:
        return {name: split[name] for name in split.files}


def test_all_draws_are_scored_on_the_test_file_and_know_nothing_of_it(study):
    labels = np.load(study.results / "datasets/mine/labels.npy")
    assert (labels[300:] == -2).all() and (labels[:300] > -2).all()
    scores = pd.read_csv(study.results / "scores.csv")
    assert (scores["test"] == 200).all() and (scores["overlap"] == 0).all()
    assert sorted(scores["fold"].unique()) == [0, 1, 2]
    for budget in (6, 20):
        splits = [split_of(study, budget, fold) for fold in range(3)]
        for split in splits:
            assert split["test_idx"].tolist() == list(range(300, 500))
            others = np.concatenate([split["labeled_idx"], split["unlabeled_idx"]])
            assert sorted(others) == list(range(300))
        taken = np.concatenate([split["labeled_idx"] for split in splits])
        assert len(set(taken)) == len(taken) == 9 * budget
    for path in study.results.glob("runs/**/pseudo_labels.npz"):
        with np.load(path) as arrays:
            for name in arrays.files:
                if name.endswith("examples"):
                    assert (arrays[name] < 300).all()


def test_accuracies_are_those_of_the_test_examples_that_are_right(study):
    scores = pd.read_csv(study.results / "scores.csv")
    right = draws.right_of(scores)
    np.testing.assert_allclose(right.mean(axis=1), scores["accuracy"], rtol=0, atol=1e-12)
    statistics = json.loads((study.results / "statistics.json").read_text())
    assert set(statistics["draws"]) == {"mine@6", "mine@20"}
    tests = [
        test
        for test in statistics["per_dataset"]
        if {test["a"], test["b"]} == {"student", "student_control"}
    ]
    for test in tests:
        rows = scores[scores["dataset"] == test["dataset"]]
        a, b = (draws.right_of(rows[rows["method"] == test[name]]) for name in "ab")
        assert test["difference"] == pytest.approx((b - a).mean())
        if test["interval"]:
            half = draws.spread(b - a, 0.0).half_width()
            mean = (b - a).mean()
            assert test["interval"] == pytest.approx([mean - half, mean + half])


def test_the_report_says_that_folds_are_draws(study):
    summary = (study.results / "summary.md").read_text()
    assert "mine has a test file, so its outer folds are 3 draws of labels" in summary
    book = openpyxl.load_workbook(study.results / "report.xlsx")
    sheet = book["Tests per dataset"]
    headers = [cell.value for cell in sheet[1]]
    place = headers.index("Folds are")
    assert {row[place].value for row in sheet.iter_rows(min_row=2)} == {"draws"}
    text = " ".join(
        str(cell.value)
        for row in book[book.sheetnames[0]].iter_rows()
        for cell in row
        if cell.value
    )
    assert "Scores are of the test files of those that have one" in text
    checked = json.loads((study.results / "datasets/mine/data_check.json").read_text())
    assert checked["parts"] == {"labeled": 250, "unlabeled": 50, "test": 200}


def test_a_deployed_model_has_all_labels_of_the_training_file_and_a_score_of_the_test_file(study):
    with np.load(study.results / "runs/mine/deployed/split.npz") as split:
        assert split["labeled_idx"].tolist() == list(range(250))
        assert split["test_idx"].tolist() == list(range(250, 300))
    folder = study.results / "deployed/mine"
    assert len(pd.read_csv(folder / "predictions.csv")) == 50
    card = (folder / "MODEL_CARD.md").read_text()
    assert "The test file of mine (test.npz), 200 examples" in card
    assert "3 draws of labels of mine@20, with 60 labels to train on each" in card
    assert "trained on all 250 labels of the training file" in card
    method = json.loads((folder / "model.json").read_text())["method"]
    scores = pd.read_csv(study.results / "scores.csv")
    rows = scores[(scores["dataset"] == "mine@20") & (scores["method"] == method)]
    half, mean = draws.half_width_of_mean(rows), rows["accuracy"].mean()
    shown = f"{mean:.3f} ({mean - half:.3f} to {min(1, mean + half):.3f})"
    assert shown in card
    calibration = json.loads((study.results / "runs/mine/deployed/calibration.json").read_text())
    assert calibration["examples"] == 200 and calibration["predictions"] == 600


def test_labels_of_the_test_file_change_no_prediction(study, tmp_path):
    """Permuted, they change scores, and nothing that was split, searched, trained or labeled."""
    other = study.copy(tmp_path / "permuted")
    order = np.random.default_rng(0).permutation(200)
    write_test_file(other, order)
    last = "results/draws/scores.csv"
    other.run("--cores", "2", "--forceall", last)
    files = [
        path.relative_to(study.results)
        for name in PREDICTED
        for path in study.results.glob(f"runs/mine@*/**/{name}")
    ]
    assert len(files) == 2 * 3 * 8
    for file in files:
        assert_same_arrays(study.results / file, other.results / file)
    chosen = [
        path.relative_to(study.results) for path in study.results.glob("runs/*@*/**/choice.json")
    ]
    assert chosen
    for file in chosen:
        assert (study.results / file).read_text() == (other.results / file).read_text()
    one, two = (pd.read_csv(some.results / "scores.csv") for some in (study, other))
    assert (one["accuracy"] != two["accuracy"]).all()


def test_test_examples_change_no_network(study, tmp_path):
    """Others in their place change predictions of them alone."""
    other = study.copy(tmp_path / "others")
    with np.load(other.folder / "test.npz") as archive:
        arrays = dict(archive)
    np.savez(other.folder / "test.npz", **arrays | {"x": 15 - arrays["x"]})
    fold = "runs/mine@6/fold_1"
    other.run("--cores", "2", "--forceall", "--", f"results/draws/{fold}/student/choice.json")
    for file in (f"{fold}/split.npz", f"{fold}/student/search/generation_1/predictions.npz"):
        assert_same_arrays(study.results / file, other.results / file)


def test_no_rule_that_trains_is_given_the_labels_of_the_test_file(study):
    output = study.run("-n", "--forceall", "results/draws/scores.csv")
    rules = dict(re.findall(r"(?:local)?rule (\w+):\n    input: (.*)\n", output))
    assert {"train_teachers", "train_students", "train_final_control", "select"} <= set(rules)
    assert {name for name in rules if "test_labels.npy" in rules[name]} == {"evaluate"}
