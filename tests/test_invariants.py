"""Invariants of the method, on the files of one study made for them."""

import json
import re

import numpy as np
import pytest
from conftest import tiny_config

pytestmark = pytest.mark.study

FOLD = "runs/digits_0_2/fold_0"


@pytest.fixture(scope="module")
def study(make_study):
    chain = {"unlabeled_fraction": 0.2, "threshold": [0.4, 0.6]}
    fixed = {"unlabeled_fraction": 0.5, "generations": 3, "search": {"strategy": "fixed"}}
    config = tiny_config()
    config |= {"study": "invariants", "jobs": "per_dataset"}
    config["methods"] = {
        "baseline": {"generations": 0},
        # What it inherits is of students, and it has none.
        "no_generations": {"inherit": "noisy", "generations": 0},
        "chain_of_3": chain | {"generations": [1, 2, 3]},
        "ensemble_of_one": {"inherit": "chain_of_3", "ensemble_size": 1},
        "unlabeled_used_up": fixed | {"threshold": 0.4},
        "nothing_selected": fixed | {"threshold": 0.999999},
        "everything_selected": fixed | {"threshold": 0, "unlabeled_fraction": 0.2},
        "equal_steps": {"generations": 0, "steps_of": "everything_selected"},
        "equal_steps_with_noise": {
            "generations": 0,
            "steps_of": "everything_selected",
            "noise": {"magnitude": 10, "dropout": 0.2},
        },
        "noisy": {
            "search": {"strategy": "fixed"},
            "schedule": "all",
            "threshold": 0.4,
            "generations": 2,
            "labels": "soft",
            "temperature": 0.5,
            "balance": "quota",
            "noise": {"policy": "rand_augment", "magnitude": 9, "dropout": 0.5, "survival": 0.8},
            "label_smoothing": 0.1,
            "unlabeled_ratio": 3,
            "steps": 25,
            "backbone": ["small_resnet"],
        },
        "equal_steps_of_none": {"generations": 0, "steps_of": "nothing_selected"},
        "fair": {"generations": 0, "control_of": "everything_selected"},
        "fair_whole_chain": {
            "generations": 0,
            "control_of": "everything_selected",
            "match": "whole_chain",
        },
        "tuned": {"generations": 0, "train_on": "labeled", "label_smoothing": [0.1, 0.3]},
        "taught": chain | {"generations": [0, 1], "threshold": 0.4, "teacher": "tuned"},
        "upper_bound": {"generations": 0, "train_on": "pool"},
        "soft": fixed | {"threshold": 0.4, "generations": 1, "labels": "soft"},
    }
    study = make_study(config)
    study.run("--cores", "2", "--keep-going", "results/invariants/scores.csv")
    # Of these the search alone is looked at.
    alone = {f"chain_of_{number}_alone": chain | {"generations": number} for number in (1, 2, 3)}
    config["methods"] |= alone
    study.write_config()
    choices = [f"results/invariants/{FOLD}/{method}/choice.json" for method in alone]
    study.run("--cores", "2", "--keep-going", *choices)
    return study


def read(study, method: str, file: str = "scores.json"):
    return json.loads((study.results / FOLD / method / file).read_text())


def scores(study, method: str) -> dict:
    keys = ("accuracy", "tpr", "fpr", "precision", "auc", "pr_curve")
    return {key: read(study, method)[key] for key in keys}


def history(study, job: str) -> list[dict]:
    path = study.results / f"histories/{job}.json"
    return json.loads(path.read_text())["folds"][0]


def arrays(study, path: str) -> dict:
    with np.load(study.results / FOLD / path) as archive:
        return {name: archive[name] for name in archive.files}


def test_zero_generations_equal_the_baseline(study):
    assert scores(study, "no_generations") == scores(study, "baseline")


def test_the_baseline_is_a_teacher_of_the_ensemble(study):
    """Member 0 of the shared teachers, scored alone."""
    from self_training.evaluation import metrics

    teachers = arrays(study, "teachers/final.npz")["final/evaluation"]
    labels = np.load(study.results / "datasets/digits_0_2/labels.npy")
    test = arrays(study, "split.npz")["test_idx"]
    assert metrics.score(labels[test], teachers[0].astype(float)) == scores(study, "baseline")


def test_an_ensemble_of_one_equals_the_single_student(study):
    single = arrays(study, "chain_of_3/final/generation_3/predictions.npz")
    ensemble = arrays(study, "ensemble_of_one/final/generation_3/predictions.npz")
    assert single.keys() == ensemble.keys()
    for name in single:
        np.testing.assert_array_equal(single[name], ensemble[name])
    assert scores(study, "ensemble_of_one") == scores(study, "chain_of_3")


def test_search_of_a_chain_of_three_equals_three_searches(study):
    together = read(study, "chain_of_3", "choice.json")["candidates"]
    apart = [
        candidate
        for generations in (1, 2, 3)
        for candidate in read(study, f"chain_of_{generations}_alone", "choice.json")["candidates"]
    ]

    def key(candidate):
        return candidate["generations"], candidate["threshold"]

    assert len(together) == 6
    assert sorted(together, key=key) == sorted(apart, key=key)


def test_the_equal_steps_control_takes_exactly_the_last_student_s_steps(study):
    (student,) = history(study, "train_students/digits_0_2/everything_selected/final_3")
    for control in ("equal_steps", "equal_steps_with_noise"):
        (record,) = history(study, f"train_control/digits_0_2/{control}/final")
        assert record["steps"] == student["steps"] == read(study, control)["gradient_steps"]
        assert record["examples"] == read(study, control)["labeled"] < student["examples"]
    assert scores(study, "equal_steps") != scores(study, "equal_steps_with_noise")


def test_a_fair_control_is_paired_with_the_last_students(study):
    chain = [
        history(study, f"train_students/digits_0_2/everything_selected/final_{generation}")[0]
        for generation in (1, 2, 3)
    ]
    teacher = next(
        record
        for record in history(study, "train_teachers/digits_0_2")
        if (record["part"], record["member"]) == ("final", 0)
    )
    (fair,) = history(study, "train_control/digits_0_2/fair/final")
    (whole,) = history(study, "train_control/digits_0_2/fair_whole_chain/final")
    seeds = ("study", "dataset", "outer_fold", "part", "generation", "member")
    for record in (fair, whole):
        assert {key: record[key] for key in seeds} == {key: chain[2][key] for key in seeds}
    assert fair["steps"] == chain[2]["steps"]
    assert whole["steps"] == teacher["steps"] + sum(record["steps"] for record in chain)
    assert whole["steps"] == read(study, "everything_selected")["gradient_steps"]


def test_a_control_is_searched_and_teaches(study):
    choice = read(study, "tuned", "choice.json")
    assert [candidate["label_smoothing"] for candidate in choice["candidates"]] == [0.1, 0.3]
    first, second = (candidate["accuracies"] for candidate in choice["candidates"])
    assert len(first) == len(second) == 2
    searched = arrays(study, "tuned/search/generation_0/predictions.npz")
    assert (searched["0/inner_0/evaluation"] != searched["1/inner_0/evaluation"]).any()
    result = read(study, "tuned")
    assert result["label_smoothing"] == choice["hyper_parameters"]["label_smoothing"]
    assert result["search_steps"] > 0 and result["candidates"] == 2
    # Generation 0 of what it teaches is this control, in the search and at last.
    chain = read(study, "taught")
    assert chain["generations_of_chain"][0]["accuracy"] == result["accuracy"]
    teaches = arrays(study, "tuned/final/generation_0/predictions.npz")["0/final/evaluation"]
    shared = arrays(study, "teachers/final.npz")["final/evaluation"]
    assert (teaches[0] != shared[0]).any()
    of_none = read(study, "taught", "choice.json")["candidates"][0]
    assert of_none["generations"] == 0
    assert of_none["accuracies"] == choice["candidates"][choice["selected"]]["accuracies"]


def test_a_control_that_changes_nothing_is_the_baseline(study):
    """Of a chain whose last network is the teacher: the same weights, order and steps."""
    path = "equal_steps_of_none/final/generation_0/predictions.npz"
    control = arrays(study, path)["0/final/evaluation"]
    teachers = arrays(study, "teachers/final.npz")["final/evaluation"]
    np.testing.assert_array_equal(control[0], teachers[0])
    assert scores(study, "equal_steps_of_none") == scores(study, "baseline")


def test_the_upper_bound_has_all_labels_of_the_pool(study):
    (record,) = history(study, "train_control/digits_0_2/upper_bound/final")
    result = read(study, "upper_bound")
    assert record["examples"] == result["labeled"] + result["unlabeled"]
    assert record["steps"] == -(-6 * record["examples"] // 16)
    assert result["accuracy"] >= read(study, "baseline")["accuracy"]


def test_only_the_upper_bound_is_trained_with_the_labels(study):
    output = study.run("--cores", "1", "-n", "--forceall")
    rules = re.findall(r"(?:local)?rule (\w+):\n    input: (.*)\n", output)
    assert {rule for rule, inputs in rules if "/data_check.json" in inputs} == {"report"}
    assert {rule for rule, inputs in rules if "/duplicates.json" in inputs} == {"check_data"}
    assert {rule for rule, inputs in rules if "/labels.npy" in inputs} == {
        "check_data",
        "make_splits",
        "evaluate",
        "train_upper_bound",
    }


def test_unlabeled_used_up_ends_cleanly(study):
    result = read(study, "unlabeled_used_up")
    assert result["termination_condition"] == "unlabeled_used_up"
    assert result["generations_trained"] == 2
    # 0.5 |P| and the rest of the 0.9 |P|.
    offered = [row["offered"] for row in result["generations_of_chain"][1:]]
    assert sum(offered) == result["unlabeled"] and offered[1] < offered[0]


def test_nothing_selected_ends_cleanly(study):
    result = read(study, "nothing_selected")
    assert result["termination_condition"] == "nothing_selected"
    assert result["generations_trained"] == 0
    assert scores(study, "nothing_selected") == scores(study, "baseline")


def test_everything_selected(study):
    result = read(study, "everything_selected")
    assert result["termination_condition"] == "generations_reached"
    assert result["generations_trained"] == 3
    for generation in result["generations_of_chain"][1:]:
        assert generation["selected"] == generation["offered"] == generation["trained_on"] > 0


def test_given_labels_never_change_and_pseudo_labels_stay(study):
    split = arrays(study, "split.npz")
    first = arrays(study, "everything_selected/final/generation_1/pseudo_labels.npz")
    third = arrays(study, "everything_selected/final/generation_3/pseudo_labels.npz")
    count = len(first["0/final/examples"])
    for name in ("examples", "targets", "confidence", "copies"):
        np.testing.assert_array_equal(third[f"0/final/{name}"][:count], first[f"0/final/{name}"])
    labeled = set(split["labeled_idx"].tolist())
    assert not labeled & set(third["0/final/examples"].tolist())
    assert set(third["0/final/examples"].tolist()) <= set(split["unlabeled_idx"].tolist())


def test_soft_labels_are_probabilities(study):
    targets = arrays(study, "soft/final/generation_1/pseudo_labels.npz")["0/final/targets"]
    assert targets.ndim == 2
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)
    assert read(study, "soft")["generations_trained"] == 1


def test_final_models_predict_what_was_written(study):
    """A saved network is the one that made the predictions."""
    from self_training.training.framework import keras
    from self_training.training.prediction import scale

    model = keras.models.load_model(
        study.results / FOLD / "chain_of_3/final/generation_1/models/member_0.keras"
    )
    images = np.load(study.results / "datasets/digits_0_2/examples.npy")
    test = arrays(study, "split.npz")["test_idx"]
    written = arrays(study, "chain_of_3/final/generation_1/predictions.npz")["0/final/evaluation"]
    predicted = model.predict(scale(images[test]), verbose=0)
    np.testing.assert_allclose(predicted, written[0], atol=1e-5)
