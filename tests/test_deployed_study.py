"""A study of 45 labeled digits and many of unknown label, with its model deployed."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import tiny_config
from sklearn.datasets import load_digits
from test_study import assert_same_arrays, planned

pytestmark = pytest.mark.study

RUNS = "runs/mine/deployed"


@pytest.fixture(scope="module")
def study(make_study):
    """The study, run until its model is deployed, and no further."""
    config = tiny_config()
    del config["inner_folds"]
    config |= {"study": "deployed", "deploy": "auto", "jobs": "per_dataset"}
    config["controls"] = "last_student"
    config["datasets"] = {
        "mine": {
            "source": "npz",
            "path": "mine.npz",
            "policy": "characters",
            "epochs": 3,
            "labels_per_class": "all",
        }
    }
    config["methods"] = {
        "baseline": {"generations": 0},
        "student": {"threshold": 0.3, "generations": 1, "schedule": "all"},
    }
    study = make_study(config)
    digits = load_digits(n_class=3)
    x = (digits.images * 15).astype(np.uint8)[:200, ..., None]
    known = np.concatenate(
        [np.flatnonzero(digits.target[:200] == label)[:15] for label in range(3)]
    )
    y = np.full(200, -1)
    y[known] = digits.target[known]
    np.savez(study.folder / "mine.npz", x=x, y=y, class_names=np.array(["zero", "one", "two"]))
    study.run("--cores", "2", "results/deployed/deployed/mine")
    return study


def test_a_model_comes_of_a_study_with_the_labels_of_all_that_had_none(study):
    folder = study.results / "deployed/mine"
    decision = json.loads((study.results / RUNS / "decision.json").read_text())
    model = json.loads((folder / "model.json").read_text())
    assert decision["scored_as"] == "mine"
    assert model["method"] == decision["method"] and model["reason"] == decision["reason"]
    assert [one["method"] for one in decision["methods"]] == [
        "baseline",
        "student",
        "student_control",
    ]
    table = pd.read_csv(folder / "predictions.csv", dtype={"id": str})
    labels = np.load(study.results / "datasets/mine/labels.npy")
    ids = json.loads((study.results / "datasets/mine/ids.json").read_text())
    assert table["id"].tolist() == [ids[index] for index in np.flatnonzero(labels == -1)]
    with np.load(study.results / RUNS / "split.npz") as split:
        np.testing.assert_array_equal(split["labeled_idx"], np.flatnonzero(labels != -1))
        np.testing.assert_array_equal(split["labeled_y"], labels[labels != -1])
    calibration = json.loads((study.results / RUNS / "calibration.json").read_text())
    # Each labeled example is predicted once, in the fold that holds it out.
    assert calibration["examples"] == calibration["predictions"] == 45
    assert model["temperature"] == calibration["temperature"]
    seeds = {"outer_fold": "deployed", "dataset": "mine", "study": 7}
    history = json.loads(
        (study.results / "histories/train_teachers/mine/deployed.json").read_text()
    )
    (record,) = history["folds"][0]
    assert {key: record[key] for key in seeds} == seeds and record["examples"] == 45
    truth = load_digits(n_class=3).target[:200][labels == -1]
    assert (table["label"] == np.array(["zero", "one", "two"])[truth]).mean() > 0.6


def test_a_model_stays_as_it_is_until_something_changes(study):
    assert "Nothing to be done" in study.run("--cores", "2", "results/deployed/deployed/mine")
    # The rest of the study is no part of it.
    assert {"plot", "report"} == set(planned(study.run("-n"))) - {"plot_pseudo_labels"}
    study.config["deploy"] = "student"
    study.write_config()
    try:
        again = planned(study.run("-n", "results/deployed/deployed/mine"))
    finally:
        study.config["deploy"] = "auto"
        study.write_config()
    assert set(again) == {"decide", "calibrate", "deploy"}


def test_new_examples_get_the_labels_that_the_study_gave_them(study, tmp_path):
    """A finished study is asked about the images that it has labeled itself."""
    copy = study.copy(tmp_path / "copy")
    with np.load(copy.folder / "mine.npz") as archive:
        np.savez(copy.folder / "new.npz", x=archive["x"][archive["y"] == -1])
    copy.config["datasets"]["mine"]["predict"] = ["new.npz"]
    copy.write_config()
    table = "results/deployed/predictions/mine/new.csv"
    assert planned(copy.run("-n", table)) == {"predict": 1}, "nothing is trained or scored again"
    copy.run("--cores", "1", table)
    found = pd.read_csv(copy.folder / table, dtype=str)
    own = pd.read_csv(copy.results / "deployed/mine/predictions.csv", dtype=str)
    columns = ["label", "confidence", "agreement", "zero", "one", "two"]
    pd.testing.assert_frame_equal(found[columns], own[columns])
    assert "Nothing to be done" in copy.run("--cores", "1", table)


def test_both_kinds_of_jobs_can_be_planned(study, tmp_path):
    for jobs in ("per_dataset", "per_fold"):
        copy = study.copy(tmp_path / jobs)
        shutil.rmtree(copy.results)
        copy.config["jobs"] = jobs
        copy.config["datasets"]["mine"]["labels_per_class"] = [4, "all"]
        copy.config["methods"]["bound"] = {"generations": 0, "train_on": "pool"}
        copy.write_config()
        rules = planned(copy.run("-n"))
        assert rules["make_deployed_split"] == rules["decide"] == rules["deploy"] == 1
        # Two label budgets; of a deployed model nothing is known before it is decided.
        assert rules["train_teachers"] == (2 if jobs == "per_dataset" else 4)
        assert not [rule for rule in rules if rule.startswith("deployed_")]


def test_no_deployed_network_is_trained_with_the_file_of_labels(study):
    networks = f"results/deployed/{RUNS}/student_control/final/generation_0/predictions.npz"
    output = study.run("-n", "--forceall", networks)
    rules = dict(re.findall(r"(?:local)?rule (\w+):\n    input: (.*)\n", output))
    trained = {name for name in rules if name.startswith("deployed_")}
    assert trained == {
        "deployed_train_teachers",
        "deployed_train_final_students",
        "deployed_train_final_control",
        "deployed_select",
    }
    assert [name for name in rules if "labels.npy" in rules[name]] == ["make_deployed_split"]


def test_given_the_split_of_an_outer_fold_it_trains_that_fold_s_networks(study, tmp_path):
    """It is the same engine: with a fold's identity and split for its own, every number is."""
    copy = study.copy(tmp_path / "project")
    plan = copy.folder / "workflow/self_training/study/plan_of_deployment.py"
    text, own = plan.read_text(), '"outer_fold": DEPLOYED}'
    assert own in text
    plan.write_text(text.replace(own, '"outer_fold": 1}'))
    fold = copy.results / "runs/mine/fold_1"
    shutil.copy(fold / "split.npz", copy.results / RUNS / "split.npz")
    files = ("teachers/final.npz", "student/final/generation_1/predictions.npz")
    copy.run(
        "--cores", "2", "--rerun-triggers", "mtime", "--", f"results/deployed/{RUNS}/{files[1]}"
    )
    for file in files:
        assert_same_arrays(copy.results / RUNS / file, fold / file)
    pseudo_labels = "student/final/generation_1/pseudo_labels.npz"
    assert_same_arrays(copy.results / RUNS / pseudo_labels, fold / pseudo_labels)
