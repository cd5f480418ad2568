"""What is tried before any training: users' own backbones, and whether images are large enough."""

import json
import sys

import pytest
from conftest import tiny_config
from self_training.data.data_check import check_sides
from self_training.errors import ConfigError, DatasetError
from self_training.study import tried
from self_training.study.plan import Plan
from self_training.training import framework
from self_training.training.trial import try_backbones
from test_bad_backbones import DEFINE, FLAT, WRONG, write  # noqa: F401
from test_study import planned
from test_training import IMAGES

GOOD = DEFINE + f"return layers.Dense(classes, activation='softmax')({FLAT})"


def config_of(*backbones: str) -> dict:
    """Return the tiny config, with methods of these backbones for their generations 1, 2, ..."""
    config = tiny_config()
    config["methods"]["noisy_student"]["backbone"] = list(backbones)
    return config


def test_only_backbones_of_the_user_s_own_are_tried(write):  # noqa: F811
    write(GOOD)
    assert tried.own_backbones(Plan(tiny_config()).config) == []
    config = Plan(config_of("small_resnet", "my_models:build")).config
    assert tried.own_backbones(config) == ["my_models:build"]
    # With and without dropout it is another network.
    config["methods"]["other"] = {"backbone": "my_models:build", "generations": [1]}
    found = tried.networks(config, "digits_0_2")
    assert [training["noise"]["dropout"] for training in found] == [0.2, 0.0]
    config["training"]["backbone"] = "my_models:build"
    config["methods"] = {"baseline": {"generations": 0}}
    assert len(tried.networks(config, "digits_0_2")) == 1
    assert tried.own_backbones({"study": "a", "external_scores": "a.csv"}) == []


def test_a_backbone_of_label_budgets_is_tried_once(write):  # noqa: F811
    write(GOOD)
    config = config_of("my_models:build")
    config["datasets"]["digits_0_2"]["labeled_fraction"] = [0.1, 0.2]
    config = Plan(config).config
    assert len(config["datasets"]) == 2 and len(tried.networks(config, "digits_0_2")) == 1


def settings_of(backbone: str) -> list[dict]:
    return tried.networks(Plan(config_of(backbone)).config, "digits_0_2")


@pytest.fixture()
def started(monkeypatch):
    """Other tests of this process may have started the framework."""
    monkeypatch.setattr(framework, "start_framework", lambda threads: None)


def test_a_trial_says_what_was_built(write, started):  # noqa: F811
    write(GOOD)
    noise = {"dropout": 0.2, "survival": 1.0}
    tried_out = {"backbone": "my_models:build", "noise": noise, "parameters": 65 * 10}
    assert try_backbones(IMAGES, 10, settings_of("my_models:build")) == [tried_out]


@pytest.mark.parametrize("name", ["raises", "a missing import", "a layer", "logits"])
def test_a_trial_finds_what_is_wrong(name, write, started):  # noqa: F811
    text, message = WRONG[name]
    write(GOOD)
    settings = settings_of("my_models:build")
    write(text)
    sys.modules.pop("my_models", None)
    with pytest.raises(ConfigError, match=f"^backbone my_models:build: Expected .*{message}"):
        try_backbones(IMAGES, 10, settings)


def test_images_that_are_too_small_for_a_method():
    config = tiny_config()
    config["training"]["backbone"] = "small_resnet"
    config["methods"]["noisy_student"]["backbone"] = ["small_resnet", "original_cnn"]
    asked = tried.least_sides(Plan(config).config)
    key = "methods.noisy_student.backbone"
    assert asked == [{"backbone": "original_cnn", "key": key, "least": 4}]
    check_sides("small", (9, 4, 4, 1), asked)
    check_sides("vectors", (9, 3), asked)
    for shape, size in (((9, 3, 8, 1), "3 x 8"), ((9, 8, 3, 3), "8 x 3")):
        with pytest.raises(
            DatasetError,
            match=rf"datasets\.small: Expected images of at least 4 x 4 pixels for original_cnn "
            rf"\({key}\)\. Received images of {size}\. Set image_size",
        ):
            check_sides("small", shape, asked)


@pytest.mark.study
def test_a_student_s_backbone_fails_before_a_teacher_is_trained(make_study):
    config = tiny_config()
    config["methods"] = {
        "baseline": {"generations": 0},
        "students": {"generations": 1, "unlabeled_fraction": 0.2, "threshold": 0.4},
    }
    study = make_study(config, backend="jax")
    trained = study.results / "histories"
    study.run("--cores", "1", "results/tiny/runs/digits_0_2/fold_0/baseline/scores.json")
    config["methods"]["students"]["backbone"] = "my_models:build"
    config["datasets"]["digits_1"] = {**config["datasets"]["digits_0_2"], "classes": [1, 2]}
    module = study.folder / "my_models.py"
    module.write_text(DEFINE + "raise ValueError('too deep')")
    study.write_config()
    before = sorted(trained.rglob("*.json"))
    output = study.run("--cores", "1", succeeds=False)
    assert "backbone my_models:build: Expected a network for examples of 8 x 8 x 1. Re" in output
    assert "ValueError: too deep" in output and sorted(trained.rglob("*.json")) == before
    module.write_text(GOOD)
    jobs = planned(study.run("-n"))
    # Of four outer folds, the teachers that there are stay.
    assert jobs["try_backbones"] == 2 and jobs["train_teachers"] == 3
    study.run("--cores", "2", "results/tiny/datasets/digits_1/backbones.json")
    (made,) = json.loads((study.results / "datasets/digits_1/backbones.json").read_text())
    assert made["parameters"] == 65 * 2
