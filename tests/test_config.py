"""A wrong config gets one message that names the key, what was expected and what was received."""

import copy
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from conftest import ROOT, tiny_config
from self_training.data import data_check
from self_training.data.distinct_budgets import check_distinct_budgets
from self_training.data.examples import UNKNOWN
from self_training.errors import ConfigError, DatasetError
from self_training.evaluation.checks import check_external_scores
from self_training.image import readers
from self_training.image.backbones import original_cnn
from self_training.report import figures
from self_training.study import (
    asked,
    behind_scores,
    budgets,
    checks,
    checks_of_backend,
    fair_controls,
    kinds,
    methods,
    names,
    schema,
    trainings,
)
from self_training.study import config as study_config
from self_training.study.plan import Plan
from self_training.training.runs import TrainingSettings


def changed(path: str, value) -> dict:
    """Return the tiny config with one key set, or removed for a value of `...`."""
    config = copy.deepcopy(tiny_config())
    *parents, key = path.split("/")
    part = config
    for parent in parents:
        part = part[parent]
    if value is ...:
        del part[key]
    else:
        part[key] = value
    return config


@pytest.mark.parametrize("path", [*ROOT.glob("studies/*.yaml"), ROOT / "config.yaml"], ids=str)
def test_shipped_studies_are_valid(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load(path.read_text())
    (tmp_path / "scores.csv").touch()
    for dataset in config.get("datasets", {}).values():
        # What a user must have laid there.
        for file in filter(None, map(dataset.get, ("path", "test_path"))):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).touch()
        for key in ("encoder", "generator"):
            if isinstance(dataset.get(key), dict):
                folder = tmp_path / dataset[key]["model"]
                folder.mkdir(parents=True)
                for name in ("config.json", "model.safetensors", "vocab.txt"):
                    (folder / name).touch()
    checks.validate(config)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "sed",
            1,
            "config: Expected the keys .* Received the unknown key 'sed'. Did you mean 'seed'",
        ),
        (
            "methods/noisy_student/treshold",
            0.5,
            "methods.noisy_student: Expected the keys .* unknown key 'treshold'. Did you mean "
            "'threshold'",
        ),
        ("seed", ..., "config: Expected the keys .* Missing: seed"),
        ("seed", 1.0, r"seed: Expected an integer of at least 0. Received: 1.0"),
        ("outer_folds", 1, "outer_folds: Expected an integer of at least 2. Received: 1"),
        ("threads", "2", "threads: Expected an integer of at least 1. Received: '2'"),
        ("inner_folds", ..., "inner_folds: Expected a number of folds, as noisy_student has"),
        ("study", "a/b", "study: Expected a name of up to 60.* Received: 'a/b'"),
        (
            "methods/noisy_student/threshold",
            1.3,
            r"methods.noisy_student.threshold: Expected a number in \[0, 1\).* Received: 1.3",
        ),
        # The typo of the 2021 study: 0,8 in a YAML list is 0 and 8.
        (
            "methods/noisy_student/threshold",
            [0.4, 0.6, 0, 8],
            r"methods.noisy_student.threshold: Expected a number in \[0, 1\).* Received: \[0.4",
        ),
        ("methods/noisy_student/threshold", float("nan"), r"Expected a number in \[0, 1\)"),
        ("methods/noisy_student/threshold", ..., "threshold: Expected a value, as there are gen"),
        (
            "methods/noisy_student_ensemble/ensemble_size",
            0,
            "methods.noisy_student_ensemble.ensemble_size: Expected an integer of at least 1.* "
            "Received: 0",
        ),
        (
            "methods/fair",
            {"generations": 0, "control_of": "baseline"},
            "methods.fair.control_of: Expected a method with students .*'baseline'",
        ),
        (
            "methods/fair",
            {"generations": 0, "control_of": "noisy_student", "noise": {}},
            "methods.fair.noise: Expected no value, as control_of says that all is as in noisy_st",
        ),
        (
            "methods/fair",
            {"generations": 0, "control_of": "noisy_student", "inherit": "noisy_student"},
            "methods.fair.inherit: Expected no value, as control_of says that all is as in noisy",
        ),
        (
            "methods/noisy_student/backbone",
            ["original_cnn", "small_resnet"],
            r"methods.noisy_student.generations: Expected one number, .* Received: \[1, 2\]",
        ),
        (
            "methods/noisy_student/match",
            "whole_chain",
            "methods.noisy_student.match: Expected it only with control_of or steps_of",
        ),
        ("controls", "fair", "controls: Expected one of last_student, whole_chain, none"),
        ("methods/noisy_student_ensemble/inherit", "nosy", "Expected another method .*'nosy'"),
        ("methods/noisy_student_ensemble/inherit", "noisy_student_ensemble", "another method"),
        ("methods/noisy_student/search", {"strategy": "fixed"}, "Expected one value, as .* fixed"),
        (
            "methods/noisy_student/search",
            {"strategy": "random"},
            "search.trials: Expected a number",
        ),
        (
            "methods/noisy_student/search",
            {"strategy": "tpe"},
            "one of grid, random, fixed. .*'tpe'",
        ),
        ("methods/noisy_student/labels", "fuzzy", "Expected one of hard, soft. Received: 'fuzzy'"),
        ("methods/baseline", {}, "methods.baseline.generations: Expected a number of generations"),
        (
            "methods/control",
            {"generations": 0, "steps_of": "baseline"},
            r"methods.control.steps_of: Expected a method with students \(noisy_.*'baseline'",
        ),
        (
            "methods/control",
            {"inherit": "noisy_student", "train_on": "pool"},
            "methods.control.generations: Expected 0, as a control has no students",
        ),
        (
            "methods/control",
            {"generations": 0, "train_on": "pool", "ensemble_size": [1, 2]},
            "methods.control.ensemble_size: Expected one value, as an upper bound",
        ),
        (
            "methods/control",
            {"generations": 0, "train_on": "pool", "noise": {"dropout": [0.1, 0.2]}},
            "methods.control.dropout: Expected one value, as an upper bound",
        ),
        (
            "methods/noisy_student/teacher",
            "baseline",
            r"methods.noisy_student.teacher: Expected a control .* of its own, .*'baseline'",
        ),
        ("methods", ["a"], "methods: Expected a mapping"),
        ("methods/teachers", {"generations": 0}, "methods: Expected a name that is not the folder"),
        ("study", "s" * 61, "study: Expected a name of up to 60 letters"),
        ("methods", None, "methods: Expected a mapping"),
        (
            "training/backbone",
            "resnet",
            "training.backbone: Expected one of original_cnn. .*'resnet'",
        ),
        ("training/learning_rate", "1e-3", "learning_rate: Expected a number above 0 .*'1e-3'"),
        ("datasets/digits_0_2/source", "mnist", "source: Expected one of digits, keras, .*'mnist'"),
        ("datasets/digits_0_2/source", "npz", "path: Expected a value, as source is npz"),
        ("datasets/digits_0_2/path", "a", "path: Expected it only with source npz, images, csv"),
        ("datasets/digits_0_2/sha256", "abc", "sha256: Expected 64 hexadecimal digits"),
        ("datasets/digits_0_2/classes", [0, 1.5], "classes.1: Expected a label .* or a class name"),
        ("datasets/digits_0_2/examples", 0, "examples: Expected an integer of at least 1"),
        (
            "datasets/digits_0_2/labeled_fraction",
            1.1,
            r"a number in \(0, 1\], or a list.* Received: 1.1",
        ),
        ("datasets/digits_0_2/labeled_fraction", [0.1, 0.1], r"Received: \[0.1, 0.1\]"),
        (
            "datasets/digits_0_2/labeled_fraction",
            ...,
            "labeled_fraction: Expected either it or lab",
        ),
        (
            "datasets/digits_0_2/labels_per_class",
            4,
            r"either it or labels_per_class. .*'labels_per",
        ),
        (
            "datasets/digits_0_2/labels_per_class",
            0,
            "Expected an integer of at least 1 or all, or a",
        ),
        ("datasets/digits_0_2/draw", "lottery", "Expected one of stratified, random. .*'lottery'"),
        ("datasets/digits_0_2/original", "mnist", "Received the unknown key 'original'"),
        (
            "datasets",
            {"digits@5": {}},
            "datasets: Expected a name of up to 60.* Received: 'digits@5'",
        ),
        ("datasets/digits_0_2/classes", [0, 0], "Expected a list of at least two different labels"),
        (
            "datasets/digits_0_2/steps",
            5,
            "digits_0_2: Expected either epochs or steps .* Received: {'epochs': 6, 'steps': 5}",
        ),
        ("datasets/digits_0_2/epochs", ..., "digits_0_2: Expected either epochs or steps"),
        (
            "datasets/digits_0_2/policy",
            ...,
            "datasets.digits_0_2.policy: Expected the input noise that keeps its classes, as "
            f"noisy_student has noise.magnitude: {', '.join(names.POLICIES_OF['images'])}",
        ),
        (
            "methods/noisy_student/noise",
            {"policy": "characters"},
            "noise.magnitude: Expected a number above 0, as there is noise.policy",
        ),
        (
            "methods/noisy_student/noise",
            {"operations": 3},
            "noise.magnitude: Expected a number above 0, as there is noise.operations",
        ),
        (
            "methods/noisy_student/noise",
            {"magnitude": 5, "operations": 3},
            "noise.operations: Expected it only with policy rand_augment",
        ),
        (
            "methods/noisy_student/filter",
            "once",
            "noisy_student.filter: Expected it only with schedule all, as every slice .*'once'",
        ),
        ("methods/noisy_student/filter", "never", "one of every_generation, once. .*'never'"),
        ("methods/noisy_student/quota", 0, "quota: Expected an integer of at least 1, or null"),
        (
            "methods/noisy_student_ensemble",
            {"inherit": "noisy_student", "balance": "none", "quota": 9},
            "ensemble.quota: Expected it only with balance quota. Received: 9",
        ),
        ("methods/baseline/quota", 9, "baseline.quota: Expected it only with students"),
        (
            "methods/baseline/schedule",
            "all",
            "baseline.schedule: Expected it only with students .generations.. Received: 'all'",
        ),
        (
            "methods/baseline",
            {"generations": 0, "train_on": "labeled", "backbone": ["small_resnet"]},
            "baseline.backbone: Expected one, as a control has no generations",
        ),
        (
            "methods/noisy_student_ensemble",
            {"inherit": "spare", "generations": 0},
            "inherit: Expected a method that is not a control. Received: 'spare'",
        ),
        (
            "methods/noisy_student/noise",
            {"magnitude": 31},
            r"noise.magnitude: Expected a number in \[0, 30\], or a list of such. Received: 31",
        ),
        (
            "methods/noisy_student/noise",
            {"survival": 0.8},
            "noisy_student.noise.survival: Expected 1, as original_cnn has no residual blocks",
        ),
        (
            "methods/noisy_student/temperature",
            0.5,
            "temperature: Expected it only with labels soft. Received: 0.5",
        ),
        (
            "methods/noisy_student/schedule",
            "all",
            "unlabeled_fraction: Expected no value, as schedule is all. Received: 0.2",
        ),
        (
            "methods/baseline/noise",
            {"magnitude": 5},
            "baseline.noise: Expected it only with students, or in a control .train_on: labeled",
        ),
        ("methods/baseline/steps", 5, "baseline.steps: Expected it only with students"),
        (
            "methods/baseline",
            {"generations": 0, "steps_of": "noisy_student", "steps": 5},
            "baseline.steps: Expected no value, as steps_of says how many",
        ),
        (
            "methods/noisy_student/backbone",
            ["original_cnn", "resnet"],
            f"noisy_student.backbone: Expected one of {', '.join(names.BACKBONES)}, "
            "or your own as package.module:function. Received: 'resnet'",
        ),
        (
            "training/backbone",
            "my_models:linear",
            "training.backbone: Expected a function in a module that Python finds from the working "
            "directory. Received: 'my_models:linear'",
        ),
    ],
)
def test_mistakes_are_named(path, value, message):
    config = changed(path, value)
    if isinstance(config.get("methods"), dict) and config["methods"]:
        config["methods"].setdefault("spare", {"generations": 0, "train_on": "labeled"})
    with pytest.raises(ConfigError, match=message):
        checks.validate(config)


LETTERS = {"source": "kaggle", "name": "letters", "slug": "owner/letters", "file": "letters.csv"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source": "keras", "name": "mnist"}, None),
        ({"source": "keras"}, "datasets.data.name: Expected a value, as source is keras"),
        ({"source": "keras", "name": "imdb"}, "name: Expected one of mnist, .*cifar100. .*'imdb'"),
        (
            {"source": "npz", "path": "none.npz"},
            "Expected an existing .npz file. .*'none.npz'",
        ),
        ({"source": "csv", "path": "."}, "label_column: Expected a value, as source is csv"),
        ({"source": "csv", "path": ".", "label_column": "0"}, "Expected an existing .csv file"),
        (
            {"source": "csv", "path": ".", "label_column": 0},
            "a column's name .a number in quotes",
        ),
        ({"source": "images", "path": "{x}"}, "path: Expected a path without braces"),
        ({"source": "images", "path": "none"}, "path: Expected an existing folder. .*'none'"),
        ({"source": "images", "path": ".", "slug": "a/b"}, "slug: Expected it only with .* kaggle"),
        ({"source": "images", "path": ".", "image_size": [28]}, r"Expected \[height, width\]"),
        (
            {"source": "images", "path": ".", "color_mode": "gray"},
            "grayscale, rgb. .*'gray'",
        ),
        (LETTERS, "datasets.data.label_column: Expected it for a .csv file, and only there"),
        (LETTERS | {"label_column": "0"}, None),
        (LETTERS | {"label_column": "0", "slug": "letters"}, "slug: Expected OWNER/DATASET"),
        (LETTERS | {"label_column": "0", "file": "letters.zip"}, "Expected a .csv or .npz file"),
        (LETTERS | {"label_column": "0", "class_names": ["A", False]}, "NO in quotes.* False"),
    ],
)
def test_sources_have_their_keys(settings, message):
    value = settings | {"policy": "characters", "epochs": 1, "labeled_fraction": 0.1}
    config = changed("datasets/data", value)
    if message is None:
        checks.validate(config)
    else:
        with pytest.raises(ConfigError, match=message):
            checks.validate(config)


def test_files_of_kaggle_that_would_be_taken_for_each_other():
    value = LETTERS | {"label_column": "0", "policy": "characters"}
    value |= {"epochs": 1, "labeled_fraction": 0.1}
    config = changed("datasets/letters", value)
    config["datasets"]["others"] = value | {"name": "others", "slug": "me/others"}
    message = "datasets.others.file: Expected a file of another name than that of owner/letters"
    with pytest.raises(ConfigError, match=message):
        checks.validate(config)


def test_datasets_that_share_an_archive_agree_on_it():
    value = LETTERS | {"label_column": "0", "policy": "characters"}
    value |= {"epochs": 1, "labeled_fraction": 0.1}
    config = changed("datasets/letters", value)
    config["datasets"]["vowels"] = value | {"classes": ["A", "E"], "epochs": 2}
    checks.validate(config)
    config["datasets"]["vowels"]["label_column"] = "1"
    message = "datasets.vowels.label_column: Expected '0', as in datasets.letters.*letters.npz"
    with pytest.raises(ConfigError, match=message):
        checks.validate(config)


def test_missing_archive_is_named(tmp_path):
    dataset = {"source": "npz", "path": str(tmp_path / "a.npz"), "epochs": 1}
    with pytest.raises(ConfigError, match=r"datasets.a.path: Expected an existing .*a\.npz"):
        checks.validate(changed("datasets", {"a": dataset | {"labeled_fraction": 0.1}}))


def test_an_heir_may_stand_before_a_parent_that_is_wrong():
    parent = {"threshold": 0.5, "unlabeled_fraction": 0.1}
    heir = {"inherit": "parent", "ensemble_size": [1, 2]}
    config = tiny_config() | {"methods": {"heir": heir, "parent": parent}}
    with pytest.raises(ConfigError, match="methods.parent.generations: Expected a number of gen"):
        checks.validate(config)


def test_what_is_wrong_with_a_method_comes_before_an_unknown_control():
    config = changed("methods/noisy_student/threshold", ...) | {"statistics": {"control": "x"}}
    with pytest.raises(ConfigError, match="methods.noisy_student.threshold"):
        checks.validate(config)
    config = tiny_config() | {"statistics": {"control": "x"}}
    with pytest.raises(ConfigError, match="statistics.control: Expected one of baseline, noisy_st"):
        checks.validate(config)


def test_child_of_a_parent_without_generations_needs_values():
    config = tiny_config()
    config["methods"]["noisy_student"]["generations"] = [0, 1]
    config["methods"]["child"] = {"inherit": "noisy_student", "generations": 2}
    with pytest.raises(
        ConfigError, match="child.unlabeled_fraction: Expected a value, as noisy_st"
    ):
        checks.validate(config)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("datasets/digits_0_2/labeled_fraction", 0.001, "leaves 0 of class '0'. Use a larger"),
        # One label in each class would be enough for the final chain, but not for 2 inner folds.
        (
            "datasets/digits_0_2/labeled_fraction",
            0.015,
            r"at least 2 labeled examples \(inner_folds: 2",
        ),
        ("datasets/digits_0_2/labeled_fraction", 0.999, "Use a smaller fraction"),
        (
            "datasets/digits_0_2/labeled_fraction",
            [0.1, 0.999],
            "Received: 0.999, which asks for 89",
        ),
        (
            "datasets/digits_0_2/classes",
            [3, 10],
            "classes: Expected labels from 0 to 9.* Received: 10",
        ),
        ("outer_folds", 200, "at least 200 examples in every class.* Received: 178 of class '0'"),
    ],
)
def test_impossible_splits_are_named(path, value, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = changed(path, value)
    checks.validate(config)
    with pytest.raises(DatasetError, match=message):
        checks.check_datasets(config, readers.read)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            1,
            r"labels_per_class: Expected a number that leaves every class at least 2 .* larger num",
        ),
        (
            [2, 88],
            r"Received: 88, which asks for 88 of the 88 examples of class '2'.* smaller numb",
        ),
        ([2, 87], None),
    ],
)
def test_every_budget_of_labels_per_class_is_checked(value, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = with_budgets(value)
    config["methods"]["noisy_student"]["unlabeled_fraction"] = 0.01
    checks.validate(config)
    if message is None:
        checks.check_datasets(config, readers.read)
    else:
        with pytest.raises(DatasetError, match=message):
            checks.check_datasets(config, readers.read)


@pytest.mark.parametrize(
    ("counts", "asked", "draw", "message"),
    [
        # 21 examples of a class in 3 folds are pools of 14.
        (
            {"a": 21, "b": 21},
            {"labels_per_class": [4, 14, "all"]},
            "stratified",
            "pets.labels_per_class: Expected label budgets that keep different numbers of labels. "
            "Received: 14 and all, which both keep 14 of every class in a pool. Leave one of them",
        ),
        # All is more of b, and of a in the folds that have 15.
        ({"a": 21, "b": 30}, {"labels_per_class": [14, "all"]}, "stratified", None),
        ({"a": 22, "b": 22}, {"labels_per_class": [14, "all"]}, "stratified", None),
        (
            {"a": 21, "b": 30},
            {"labeled_fraction": [0.1, 0.105]},
            "stratified",
            "Received: 0.1 and 0.105, which both keep 1 to 2 of every class",
        ),
        (
            {"a": 21, "b": 30},
            {"labeled_fraction": [0.1, 0.101]},
            "random",
            "Received: 0.1 and 0.101, which both keep 3 labels in a pool",
        ),
        ({"a": 210, "b": 300}, {"labeled_fraction": [0.1, 0.11]}, "random", None),
    ],
)
def test_two_budgets_that_keep_the_same_labels(counts, asked, draw, message):
    """Before anything trains: they would be two points of a learning curve that are one."""
    settings = {"budgets": budgets.of(asked), "outer_folds": 3, "draw": draw}
    labels = np.repeat(np.arange(2), [*counts.values()])
    everything = np.concatenate([labels, [UNKNOWN]])
    identity = {"study": 0, "dataset": "pets"}
    features = np.zeros((len(everything), 1))
    found = {"groups": [], "asked": "report"}

    def look() -> None:
        data_check.look(everything, ["a", "b"], features, found, identity, settings)

    if message is None:
        check_distinct_budgets(counts, dataset="pets", **settings)
        look()
    else:
        for check in (lambda: check_distinct_budgets(counts, dataset="pets", **settings), look):
            with pytest.raises(DatasetError, match=message):
                check()


@pytest.mark.parametrize(
    ("examples", "outer_folds", "fractions", "kept"),
    [
        # 3 and 3 labels of 30; of the 24 in a pool of folds, 2 and 3.
        (30, 5, [0.1, 0.11], 3),
        # 2 and 3 of 20; of 10, 1 and 1.
        (20, 2, [0.1, 0.14], None),
    ],
)
def test_beside_a_test_file_budgets_are_of_the_whole_training_file(
    examples, outer_folds, fractions, kept, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for name, rows in (("train", examples), ("test", 2)):
        x = np.arange(2 * rows, dtype=np.float32)[:, None]
        np.savez(tmp_path / f"{name}.npz", x=x, y=np.repeat([0, 1], rows), class_names=["a", "b"])
    config = tiny_config() | {"outer_folds": outer_folds, "inner_folds": 2}
    config["datasets"] = {
        "pets": {"kind": "vectors", "source": "npz", "path": "train.npz", "test_path": "test.npz",
                 "labeled_fraction": fractions, "steps": 9}
    }  # fmt: skip
    asked = Plan(config).budget_settings(SimpleNamespace(dataset="pets"))
    counts = {"a": examples, "b": examples}
    checked = [
        lambda: checks.check_datasets(config, kinds.read),
        lambda: check_distinct_budgets(counts, dataset="pets", **asked),
    ]
    for check in checked:
        if kept is None:
            check()
        else:
            with pytest.raises(DatasetError, match=f"which both keep {kept} of every class"):
                check()


def test_budgets_that_keep_the_same_labels_end_a_study_of_known_labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = changed("datasets/digits_0_2/labeled_fraction", [0.1, 0.1001])
    checks.validate(config)
    with pytest.raises(DatasetError, match="digits_0_2.labeled_fraction: Expected label budgets"):
        checks.check_datasets(config, readers.read)


def test_a_random_draw_is_of_a_fraction_that_leaves_labels_for_every_class(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = with_budgets([2, 4])
    config["datasets"]["digits_0_2"]["draw"] = "random"
    message = (
        "digits_0_2.draw: Expected stratified, as labels_per_class is of every class.*'random'"
    )
    with pytest.raises(ConfigError, match=message):
        checks.validate(config)
    config = changed("datasets/digits_0_2/draw", "random")
    # 537 digits: 268 in the smaller pool, where 0.012 leaves as many labels as there are classes.
    for fraction, message in (
        (
            0.009,
            "for 3 classes, and .* Received: 0.009, which leaves 2 labels of the 268 .* larger",
        ),
        (0.999, "which leaves 268 labels of the 268 examples in a pool. Use a smaller fraction"),
        (0.012, None),
    ):
        config["datasets"]["digits_0_2"]["labeled_fraction"] = fraction
        checks.validate(config)
        if message is None:
            checks.check_datasets(config, readers.read)
        else:
            with pytest.raises(DatasetError, match=message):
                checks.check_datasets(config, readers.read)
    # How labels are drawn is no matter of what the examples are.
    assert "draw" not in budgets.sources(config)["digits_0_2"]


def with_budgets(value, key="labels_per_class") -> dict:
    config = changed("datasets/digits_0_2/labeled_fraction", ...)
    config["datasets"]["digits_0_2"][key] = value
    config["datasets"]["other"] = tiny_config()["datasets"]["digits_0_2"]
    return config


def test_a_dataset_with_several_budgets_becomes_one_for_each():
    written = with_budgets([25, 4])
    before = copy.deepcopy(written)
    config = budgets.expand(written)
    assert written == before
    assert list(config["datasets"]) == ["digits_0_2@4", "digits_0_2@25", "other"]
    assert config["datasets"]["digits_0_2@4"] == {
        "source": "digits",
        "classes": [0, 1, 2],
        "policy": "characters",
        "epochs": 6,
        "labels_per_class": 4,
        "original": "digits_0_2",
    }
    assert config["datasets"]["other"] == written["datasets"]["other"]
    several = {"digits_0_2": ["digits_0_2@4", "digits_0_2@25"]}
    assert budgets.several(config) == study_config.statistics(config)["budgets"] == several
    assert "learning_curve" in figures.titles(config)
    assert budgets.original(config, "digits_0_2@25") == "digits_0_2"
    assert budgets.original(config, "other") == "other"
    # Images are prepared once, whatever the budgets.
    source = {"classes": [0, 1, 2], "source": "digits"}
    assert budgets.sources(config) == {"digits_0_2": source, "other": source}


def test_scores_from_elsewhere_are_of_one_budget(tmp_path):
    config = with_budgets([4, 25]) | {"external_scores": str(tmp_path / "scores.csv")}
    text = "dataset,method,accuracy\ndigits_0_2@4,theirs,0.5\nmine,theirs,0.5\n"
    (tmp_path / "scores.csv").write_text(text)
    check_external_scores(config)
    (tmp_path / "scores.csv").write_text(text + "digits_0_2,theirs,0.5\n")
    message = r"external_scores: Expected scores at a label budget \(digits_0_2@4, digits_0_2@25\)"
    with pytest.raises(ConfigError, match=message):
        check_external_scores(config)


def test_names_of_budgets():
    def named(value, key):
        return list(budgets.expand(with_budgets(value, key))["datasets"])[:-1]

    assert named([0.5, 0.05], "labeled_fraction") == ["digits_0_2@0.05", "digits_0_2@0.5"]
    # A list of one has its name already, so that adding to it retrains nothing.
    assert named([25], "labels_per_class") == ["digits_0_2@25"]
    assert named(25, "labels_per_class") == ["digits_0_2"]
    alone = budgets.expand(with_budgets([25]))
    assert budgets.several(alone) == {} and "budgets" not in study_config.statistics(alone)
    assert "learning_curve" not in figures.titles(alone)
    compared = {"study": "compare", "external_scores": "a.csv"}
    assert budgets.expand(compared) == compared
    assert budgets.sources(compared) == budgets.several(compared) == {}


def test_order_of_keys_does_not_matter():
    config = tiny_config()
    turned = yaml.safe_load(yaml.safe_dump(config, sort_keys=True))
    for name in config["methods"]:
        assert repr(methods.settings(config, name)) == repr(methods.settings(turned, name))
        slices = [
            behind_scores.settings_behind_score(some, "digits_0_2", name)
            for some in (config, turned)
        ]
        assert repr(slices[0]) == repr(slices[1])
    assert repr(trainings.training(config, "digits_0_2")) == repr(
        trainings.training(turned, "digits_0_2")
    )


def test_inherited_settings_and_space():
    config = tiny_config()
    child = methods.settings(config, "noisy_student_ensemble")
    assert child["space"] == {"ensemble_size": [2, 3]}
    assert child["noise"]["magnitude"] == 10 and child["noise"]["dropout"] == 0.2
    assert child["balance"] == "quota"
    assert methods.full_space(config, "noisy_student_ensemble")["generations"] == [1, 2]
    assert methods.searches(config, "noisy_student_ensemble")
    assert not methods.searches(config, "baseline")
    assert asked.teachers(config) == {
        "final_members": 3,
        "search_members": 3,
        "unlabeled_fraction": 0.2,
    }


def test_training_settings_of_teachers_students_and_controls():
    config = tiny_config()
    config["methods"]["larger"] = {
        "inherit": "noisy_student",
        "generations": 2,
        "backbone": ["small_resnet", "efficientnet_b0"],
        "steps": 100,
        "noise": {"policy": "clothing", "magnitude": 5, "survival": 0.8},
    }
    config["methods"]["noisy_baseline"] = {
        "generations": 0,
        "train_on": "labeled",
        "noise": {"magnitude": 20},
    }
    checks.validate(config)

    def of(*method):
        settings = trainings.training(config, "digits_0_2", *method)
        noise = settings["noise"]
        return (
            *(settings[key] for key in ("backbone", "epochs", "steps")),
            *(noise[key] for key in ("policy", "magnitude", "dropout", "survival")),
        )

    assert of() == ("original_cnn", 6, None, None, 0, 0, 1)
    assert of("baseline") == of()
    assert of("noisy_student", 2) == ("original_cnn", 6, None, "characters", 10, 0.2, 1)
    assert of("larger", 1) == ("small_resnet", None, 100, "clothing", 5, 0, 0.8)
    assert of("larger", 2) == of("larger", 3)
    assert of("larger", 3) == ("efficientnet_b0", None, 100, "clothing", 5, 0, 0.8)
    assert of("noisy_baseline") == ("original_cnn", 6, None, "characters", 20, 0, 1)
    assert methods.controls(config) == {"labeled": ["noisy_baseline"], "pool": []}


def test_settings_of_the_optimizer_are_of_a_method_or_of_its_parent_or_of_the_study_or_default():
    config = tiny_config()
    config["training"] |= {"weight_decay": 0.1, "ema": 0.9, "warmup": 0.2}
    config["methods"]["noisy_student"] |= {"learning_rate": 0.01, "weight_decay": 0.3, "ema": 0}
    config["methods"]["noisy_student_ensemble"] |= {"weight_decay": 0.5, "loss": "per_part"}
    checks.validate(config)

    def of(*method):
        settings = trainings.training(config, "digits_0_2", *method)
        return tuple(settings[key] for key in methods.OF_ALL)

    assert methods.OF_ALL == (
        "learning_rate",
        "l2",
        "weight_decay",
        "warmup",
        "decay",
        "ema",
        "loss",
        "optimizer",
        "logit_adjustment",
    )
    assert of() == of("baseline") == (0.003, 0, 0.1, 0.2, "none", 0.9, "per_example", "adam", 0)
    assert of("noisy_student") == (0.01, 0, 0.3, 0.2, "none", 0, "per_example", "adam", 0)
    assert of("noisy_student_ensemble") == (0.01, 0, 0.5, 0.2, "none", 0, "per_part", "adam", 0)
    fields = set(TrainingSettings.__dataclass_fields__)
    # Which no network of images has, and no chain.
    assert set(trainings.training(config, "digits_0_2")) == fields - {"transformer", "consistency"}


@pytest.mark.parametrize("key", [*methods.OF_ALL])
def test_a_shared_teacher_has_no_optimizer_of_its_own(key):
    value = {"decay": "cosine", "loss": "per_part", "optimizer": "sgd"}.get(key, 0.5)
    config = changed(f"methods/baseline/{key}", value)
    with pytest.raises(ConfigError, match=f"baseline.{key}: Expected it only with students"):
        checks.validate(config)
    checks.validate(changed(f"methods/noisy_student/{key}", value))
    checks.validate(changed(f"training/{key}", value))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("training/weight_decay", -1, "training.weight_decay: Expected a number of at least 0"),
        ("training/warmup", 1, r"training.warmup: Expected a number in \[0, 1\)"),
        ("methods/noisy_student/ema", 1, r"noisy_student.ema: Expected a number in \[0, 1\)"),
        ("methods/noisy_student/decay", "step", "decay: Expected one of none, cosine, linear"),
        ("training/loss", "mean", "training.loss: Expected one of per_example, per_part"),
        ("methods/noisy_student/learning_rate", 0, "learning_rate: Expected a number above 0"),
    ],
)
def test_values_of_the_optimizer_are_checked(path, value, message):
    with pytest.raises(ConfigError, match=message):
        checks.validate(changed(path, value))


def test_schedule_all_asks_for_everything():
    config = tiny_config()
    config["methods"]["all"] = {"inherit": "noisy_student", "schedule": "all"}
    checks.validate(config)
    assert methods.full_space(config, "all")["unlabeled_fraction"] == [None]
    assert asked.teachers(config)["unlabeled_fraction"] == 1
    assert not methods.searches(config, "all")
    config["methods"]["slices"] = {"inherit": "all", "schedule": "slices"}
    with pytest.raises(ConfigError, match="a method that does not inherit itself"):
        checks.validate(config)


def test_a_ratio_needs_room_in_a_batch():
    config = changed("methods/noisy_student/unlabeled_ratio", 3)
    config["training"]["batch_size"] = 1
    with pytest.raises(ConfigError, match="batch_size: Expected at least 2, as noisy_student has"):
        checks.validate(config)
    config["methods"]["mixed"] = {"inherit": "noisy_student", "unlabeled_ratio": None}
    assert methods.settings(config, "mixed")["unlabeled_ratio"] is None


def test_what_is_trained_otherwise_is_not_fair():
    config = tiny_config()
    said = config["methods"]
    control = {"inherit": "noisy_student", "generations": 0, "steps_of": "noisy_student"}
    said["of_steps"] = control
    assert fair_controls.of(config, "noisy_student") == "of_steps"
    assert fair_controls.trained_otherwise(config, "noisy_student", "of_steps") == []
    assert fair_controls.trained_otherwise(config, "noisy_student", "baseline") == ["noise"]
    # Three members against one are no fair comparison, nor are two or three, nor a choice of two.
    said["three"] = {"inherit": "noisy_student", "ensemble_size": 3}
    assert fair_controls.trained_otherwise(config, "three", "of_steps") == ["ensemble size"]
    heir = "noisy_student_ensemble"
    assert fair_controls.trained_otherwise(config, heir, "of_steps") == ["ensemble size"]
    said["of_sizes"] = control | {"steps_of": heir, "ensemble_size": [2, 3]}
    assert fair_controls.trained_otherwise(config, heir, "of_sizes") == ["ensemble size"]
    # What it inherits of length does not count: it takes the steps of the students.
    said["noisy_student"]["steps"] = 50
    checks.validate(config)
    assert methods.settings(config, "of_steps")["steps"] is None
    # What was selected for students was not selected for labels alone.
    said["noisy_student"]["label_smoothing"] = [0, 0.1]
    assert fair_controls.trained_otherwise(config, "noisy_student", "of_steps") == ["search"]
    said["of_steps"] = control | {"label_smoothing": [0, 0.1]}
    assert fair_controls.trained_otherwise(config, "noisy_student", "of_steps") == []


def test_a_fair_control_takes_the_steps_and_seeds_of_that_very_method():
    config = tiny_config()
    said = config["methods"]
    noise = said["noisy_student"]["noise"]
    said["noisy_student"]["steps"] = 50
    said["other"] = {"inherit": "noisy_student", "balance": "none"}
    said["of_other"] = {"generations": 0, "steps_of": "other", "noise": noise}
    said["by_number"] = {"generations": 0, "train_on": "labeled", "steps": 50, "noise": noise}
    assert fair_controls.of(config, "other") == "of_other"
    assert fair_controls.of(config, "noisy_student") is None
    said["bound"] = {"generations": 0, "train_on": "pool", "steps_of": "noisy_student"}
    said["bound"]["noise"] = noise
    assert fair_controls.of(config, "noisy_student") is None
    # Without the key `controls`, a control of the whole chain is one, too.
    said["whole"] = {"generations": 0, "control_of": "noisy_student", "match": "whole_chain"}
    assert fair_controls.of(config, "noisy_student") == "whole"
    assert fair_controls.of(config | {"controls": "last_student"}, "noisy_student") is None


def test_a_control_has_no_pseudo_labels_whoever_it_inherits_from():
    config = tiny_config()
    config["methods"]["noised"] = {"generations": 0, "train_on": "labeled", "ensemble_size": 3}
    student = config["methods"]["noisy_student"]
    student |= {"teacher": "noised", "labels": "soft", "temperature": [0.5, 1]}
    config["methods"]["control"] = {
        "inherit": "noisy_student",
        "generations": 0,
        "steps_of": "noisy_student",
    }
    checks.validate(config)
    control = methods.settings(config, "control")
    assert control["teacher"] is None and control["labels"] == "hard"
    assert methods.teacher(config, "noisy_student_ensemble") == "noised"
    # A teacher that inherits from its own student would wait for it for ever.
    config["methods"]["noised"] |= {"inherit": "noisy_student"}
    with pytest.raises(ConfigError, match="inherits from no students .*Received: 'noised'"):
        checks.validate(config)


def test_a_shared_teacher_inherits_the_members_alone():
    config = tiny_config()
    config["methods"]["noisy_student"]["label_smoothing"] = [0, 0.1]
    config["methods"]["heir"] = {"inherit": "noisy_student", "generations": 0}
    taken = methods.settings(config, "heir")["takes"]["noisy_student"]
    assert taken == ["unlabeled_fraction", "threshold", "ensemble_size"]


def test_schema_describes_every_key():
    written = yaml.safe_load(schema.PATH.read_text())

    def check(part: dict, where: str) -> None:
        for name, key in part.get("properties", {}).items():
            assert "description" in key, f"{where}.{name}"
            check(key, f"{where}.{name}")
        if part.get("type") == "object" and "properties" in part:
            assert part["additionalProperties"] is False, where

    check(written, "config")
    for name in ("dataset", "method"):
        check(written["$defs"][name], name)


def test_small_images_are_refused():
    inputs = np.zeros((1, 3, 8, 1))
    with pytest.raises(DatasetError, match="at least 4 x 4 pixels .* Received: 3 x 8"):
        original_cnn.build(inputs, 2, 0, 1, 0)


def test_a_fair_control_is_like_the_students_in_all_but_pseudo_labels():
    config = tiny_config()
    config["methods"]["noisy_student"]["noise"] = {"magnitude": 5}
    assert fair_controls.of(config, "noisy_student") is None
    config["methods"]["plain"] = {"generations": 0, "steps_of": "noisy_student"}
    assert fair_controls.of(config, "noisy_student") is None
    config["methods"]["noisy"] = config["methods"]["plain"] | {"noise": {"magnitude": 5}}
    assert fair_controls.of(config, "noisy_student") == "noisy"
    assert fair_controls.of(config, "noisy_student_ensemble") is None


def names_of(config: dict) -> list[str]:
    return list(fair_controls.add(config)["methods"])


def test_a_fair_control_is_added_to_every_method_with_students():
    config = tiny_config()
    assert config["controls"] == "none" and fair_controls.add(config) == config
    del config["controls"]
    with_controls = fair_controls.add(config)
    assert list(with_controls["methods"]) == [
        "baseline",
        "noisy_student",
        "noisy_student_control",
        "noisy_student_ensemble",
        "noisy_student_ensemble_control",
    ]
    # It is there already, whoever put it there.
    assert fair_controls.add(with_controls) == with_controls
    for method in ("noisy_student", "noisy_student_ensemble"):
        assert fair_controls.of(with_controls, method) == f"{method}_control"
    for name, chosen in (("noisy_student", [1]), ("noisy_student_ensemble", [2, 3])):
        control = f"{name}_control"
        assert methods.full_space(with_controls, control)["ensemble_size"] == chosen
        trained = trainings.training(with_controls, "digits_0_2", control)
        assert trained == trainings.training(with_controls, "digits_0_2", name)
        assert not methods.searches(with_controls, control)
    # Teachers are as many as without.
    assert asked.teachers(with_controls) == asked.teachers(config)


def test_a_fair_control_matches_what_is_asked_for():
    config = tiny_config() | {"controls": "whole_chain"}
    config["methods"]["own"] = {"generations": 0, "control_of": "noisy_student"}
    assert fair_controls.of(config, "noisy_student") is None
    added = fair_controls.add(config)["methods"]["noisy_student_control"]
    assert added["match"] == "whole_chain"
    config["controls"] = "last_student"
    assert fair_controls.of(config, "noisy_student") == "own"
    assert names_of(config) == [
        "baseline",
        "noisy_student",
        "noisy_student_ensemble",
        "noisy_student_ensemble_control",
        "own",
    ]


def test_the_name_of_an_added_control_may_not_be_another_method_s():
    config = tiny_config()
    del config["controls"]
    config["methods"]["noisy_student_control"] = {"generations": 0}
    with pytest.raises(ConfigError, match="methods.noisy_student_control: Expected the fair cont"):
        checks.validate(config)


def test_the_backbone_of_a_fair_control_is_that_of_the_last_students():
    config = tiny_config()
    del config["controls"]
    config["methods"]["noisy_student"]["backbone"] = ["original_cnn", "small_resnet"]
    with_controls = fair_controls.add(config)
    trained = trainings.training(with_controls, "digits_0_2", "noisy_student_control")
    assert trained["backbone"] == "small_resnet"


def searching_config() -> dict:
    """Everybody who trains is tuned, with four candidates each."""
    config = tiny_config() | {"trials": 4}
    del config["controls"]
    noisy = config["methods"]["noisy_student"]
    noisy |= {"label_smoothing": [0, 0.1], "noise": {"magnitude": [5, 10], "dropout": 0.2}}
    return config


def test_a_fair_control_is_tuned_as_its_method_is():
    config = searching_config()
    checks.validate(config)
    config = fair_controls.add(config)
    searched = {"label_smoothing": [0, 0.1], "magnitude": [5, 10]}
    control = methods.settings(config, "noisy_student_control")
    for key, values in searched.items():
        assert control["space"].get(key) == values
    assert control["trials"] == 4 and control["strategy"] == "random"
    assert methods.searches(config, "noisy_student_control")
    # Its settings stand in for all values, of which each candidate has its own.
    trained = trainings.training(config, "digits_0_2", "noisy_student_control")
    assert (trained["label_smoothing"], trained["noise"]["magnitude"]) == (0.1, 10)
    # What the ensemble inherits, its control inherits from the other control.
    heir = config["methods"]["noisy_student_ensemble_control"]
    assert heir.get("inherit") == "noisy_student_control"
    settings = methods.settings(config, "noisy_student_ensemble_control")
    assert settings["takes"] == {
        "noisy_student_ensemble": ["ensemble_size"],
        "noisy_student_control": ["label_smoothing", "magnitude"],
    }
    assert not methods.searches(config, "noisy_student_ensemble_control")
    # A control with one value of what students search is not fair.
    config["methods"]["own"] = {"generations": 0, "steps_of": "noisy_student"}
    config["methods"]["own"] |= {"label_smoothing": 0.1, "noise": {"magnitude": 10, "dropout": 0.2}}
    assert fair_controls.trained_otherwise(config, "noisy_student", "own") == ["search"]


def test_what_an_heir_says_itself_is_not_inherited():
    config = searching_config()
    heir = config["methods"]["noisy_student_ensemble"]

    def taken(**changes):
        config["methods"]["noisy_student_ensemble"] = heir | changes
        return methods.settings(config, "noisy_student_ensemble")["takes"]["noisy_student"]

    assert taken() == [
        "unlabeled_fraction",
        "threshold",
        "generations",
        "label_smoothing",
        "magnitude",
    ]
    assert taken(noise={}) == ["unlabeled_fraction", "threshold", "generations", "label_smoothing"]
    assert "label_smoothing" not in taken(label_smoothing=0)
    config["methods"]["noisy_student"]["epochs"] = [2, 4]
    assert "epochs" in taken() and "epochs" not in taken(steps=9)


def test_a_teacher_may_be_a_control():
    config = tiny_config()
    noisy = {"generations": 0, "train_on": "labeled", "noise": {"dropout": 0.2}}
    config["methods"]["noisy"] = noisy
    config["methods"]["noisy_student"]["teacher"] = "noisy"
    with pytest.raises(ConfigError, match="noisy.ensemble_size: Expected at least 3, as it"):
        checks.validate(config)
    noisy["ensemble_size"] = 3
    checks.validate(config)
    # Nobody asks the shared ones: the baseline is one of them.
    wanted = {"final_members": 1, "search_members": 0, "unlabeled_fraction": 0}
    assert asked.teachers(config) == wanted
    assert asked.of_control(config, "noisy") == {"asked": 0.2, "passes": False}
    assert methods.trains_in_search(config, "noisy") and not methods.searches(config, "noisy")
    assert behind_scores.behind(config, "noisy_student_ensemble") == ["noisy", "noisy_student"]


def test_datasets_of_one_source_are_one_group(tmp_path):
    """By archive, file or folder; unless they say otherwise. Label budgets are their dataset."""
    files = [str(tmp_path / name / "a.npz") for name in ("one", "two")]
    config = tiny_config()
    digits = config["datasets"]["digits_0_2"] | {"labeled_fraction": [0.1, 0.2]}
    config["datasets"] = {
        "digits_0_2": digits,
        "letters": digits | {"group": "own"},
        "mnist": {"source": "keras", "name": "mnist"},
        "mine": {"source": "npz", "path": files[0]},
        "same": {"source": "npz", "path": files[0]},
        "other": {"source": "npz", "path": files[1]},
    }
    for name in list(config["datasets"])[2:]:
        config["datasets"][name] |= {"labeled_fraction": 0.1, "epochs": 1}
    config["statistics"] = {"groups": {"elsewhere": "mnist"}}
    assert study_config.statistics(budgets.expand(config))["groups"] == {
        "digits_0_2": "digits",
        "letters": "own",
        "mnist": "mnist",
        "mine": files[0],
        "same": files[0],
        "other": files[1],
        "elsewhere": "mnist",
    }


def test_a_group_changes_nothing_but_the_tests():
    """Nothing is prepared, split or trained anew for it."""
    plain, grouped = tiny_config(), tiny_config()
    grouped["datasets"]["digits_0_2"]["group"] = "x"
    checks.validate(grouped)
    assert budgets.sources(plain) == budgets.sources(grouped)
    behind = [
        behind_scores.settings_behind_score(config, "digits_0_2", "noisy_student")
        for config in (plain, grouped)
    ]
    assert behind[0] == behind[1]


def test_groups_of_datasets_that_are_not_there(tmp_path):
    config = tiny_config() | {"statistics": {"groups": {"digits_0_2": "x"}}}
    with pytest.raises(ConfigError, match="in datasets.digits_0_2.group. Received: 'digits_0_2'"):
        checks.validate(config)
    config["statistics"]["groups"] = {"nowhere": "x"}
    with pytest.raises(
        ConfigError, match="statistics.groups: Expected datasets of .*there are non"
    ):
        checks.validate(config)
    path = tmp_path / "scores.csv"
    path.write_text("dataset,method,accuracy\nthere@5,m,0.5\nthere@9,m,0.6\n")
    config["external_scores"] = str(path)
    with pytest.raises(ConfigError, match=r"elsewhere \(there\). Received: 'nowhere'"):
        check_external_scores(config)
    config["statistics"]["groups"] = {"there": "x"}
    checks.validate(config)
    check_external_scores(config)


def test_methods_with_students_have_their_fair_control_or_none():
    config = tiny_config()
    fair = {"noisy_student": None, "noisy_student_ensemble": None}
    assert study_config.statistics(config)["fair"] == fair
    noise = config["methods"]["noisy_student"]["noise"]
    control = {"generations": 0, "steps_of": "noisy_student", "noise": noise}
    config["methods"]["supervised"] = control
    fair["noisy_student"] = "supervised"
    assert study_config.statistics(config)["fair"] == fair


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"learning_rate": 0.5}, "learning rate"),
        ({"weight_decay": 0.5}, "weight decay"),
        ({"warmup": 0.5}, "warm-up"),
        ({"decay": "linear"}, "learning rate decay"),
        ({"ema": 0.5}, "averaged weights"),
        ({"label_smoothing": 0.5}, "label smoothing"),
        ({"logit_adjustment": 0.5}, "logit adjustment"),
        ({"backbone": "small_resnet"}, "backbone"),
        ({"unlabeled_ratio": 3, "loss": "per_part"}, None),
    ],
)
def test_a_control_that_is_trained_otherwise_is_not_fair(change, difference):
    config = tiny_config()
    config["methods"]["control"] = {"inherit": "noisy_student", "generations": 0}
    config["methods"]["control"] |= {"steps_of": "noisy_student"}
    assert fair_controls.of(config, "noisy_student") == "control"
    config["methods"]["noisy_student"] |= change
    # What the students have it inherits, and is fair, unless it says otherwise.
    assert fair_controls.of(config, "noisy_student") == "control"
    own = {key: trainings.training(tiny_config(), "digits_0_2")[key] for key in change}
    config["methods"]["control"] |= own
    expected = [difference] if difference else []
    assert fair_controls.trained_otherwise(config, "noisy_student", "control") == expected
    assert (fair_controls.of(config, "noisy_student") is None) == bool(difference)


def test_candidates_are_counted_with_those_of_what_is_inherited():
    config = fair_controls.add(searching_config())
    # Four of the 2 thresholds x 2 generations x 2 x 2; the ensemble's two sizes come on top.
    counts = {name: methods.tried(config, name) for name in config["methods"]}
    assert counts == {
        "baseline": 1,
        "noisy_student": 4,
        "noisy_student_control": 4,
        "noisy_student_ensemble": 4 + 2,
        "noisy_student_ensemble_control": 4,
    }
    config = tiny_config()
    assert methods.tried(config, "noisy_student") == 4
    # The student of no generations is the teacher, whatever its threshold.
    config["methods"]["noisy_student"]["generations"] = [0, 1]
    assert methods.tried(config, "noisy_student") == 1 + 2


PENALTY = "Expected TensorFlow (KERAS_BACKEND): on a CPU, JAX has a penalty of vectors alone, "


@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("training/l2", 0.01, "training.l2"),
        ("methods/noisy_student/l2", 0.1, "methods.noisy_student.l2"),
        ("methods/noisy_student/l2", [0, 0.1], "methods.noisy_student.l2"),
        ("training/l2", 0, None),
        ("training/l2", ..., None),
    ],
)
def test_a_penalty_that_is_not_to_be_had_is_an_error_of_the_plan(
    path, value, key, backend, monkeypatch
):
    pytest.importorskip(backend, reason=f"{backend}: a backend that is installed")
    config = tiny_config() if value is ... else changed(path, value)
    asked = []
    on_cpu = [True]
    monkeypatch.setattr(checks_of_backend, "is_on_cpu", lambda: asked.append(1) or on_cpu[0])
    checks.validate(config)
    checks_of_backend.check_backend(config, "tensorflow", elsewhere=False)
    try:
        checks_of_backend.check_backend(config, backend, elsewhere=False)
        message = ""
    except ConfigError as error:
        message = str(error)
    if key is None:
        assert not message and not asked
        return
    assert message.startswith(f"{key}: {PENALTY}") and f"Received: {backend}." in message
    # On a GPU JAX trains in stacks; of a cluster's nodes nobody knows.
    on_cpu[0] = False
    for elsewhere in (True, False):
        if backend == "jax":
            checks_of_backend.check_backend(config, backend, elsewhere)
        else:
            with pytest.raises(ConfigError, match="Received: torch"):
                checks_of_backend.check_backend(config, backend, elsewhere)


def test_vectors_have_a_penalty_with_jax(monkeypatch):
    monkeypatch.setattr(checks_of_backend, "is_on_cpu", lambda: True)
    config = tiny_config()
    config["training"] |= {"backbone": "linear", "l2": 0.1}
    wine = {"kind": "vectors", "source": "sklearn", "name": "wine", "steps": 9}
    config["datasets"] = {"wine": wine | {"labels_per_class": 4, "policy": "gaussian"}}
    checks.validate(config)
    checks_of_backend.check_backend(config, "jax", elsewhere=False)
    compare = {"study": "compare", "external_scores": "scores.csv"}
    checks_of_backend.check_backend(compare, "jax", elsewhere=False)


def test_jax_is_asked_for_its_device_in_a_process_of_its_own(monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert checks_of_backend.is_on_cpu()
    # Where it is not installed, the jobs will say so.
    monkeypatch.setattr(sys, "executable", "false")
    assert not checks_of_backend.is_on_cpu()


def test_a_search_by_epochs_buys_steps():
    config = tiny_config()
    assert trainings.search_buys_steps(config, "noisy_student")
    # Its choice is that of a search which buys steps.
    assert trainings.search_buys_steps(config, "noisy_student_ensemble")
    config["methods"]["noisy_student"]["steps"] = 30
    assert not trainings.search_buys_steps(config, "noisy_student")
