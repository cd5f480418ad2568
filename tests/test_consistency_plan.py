"""Consistency training in a config: what may be said of it, its jobs, and what these may read."""

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import tiny_config
from self_training import digests
from self_training.data.split import Split, save_split
from self_training.errors import ConfigError
from self_training.methods import consistency as of_methods
from self_training.report import methods_text, optimizer_text
from self_training.report.references import REFERENCES
from self_training.study import checks, consistency, fair_controls, methods, trainings
from self_training.study.checks_of_backend import check_backend
from self_training.study.plan import Plan


def with_consistency(said="fixmatch", **others) -> dict:
    config = tiny_config()
    config["controls"] = "last_student"
    config["methods"] = {"baseline": {"generations": 0}, "match": {"consistency": said} | others}
    return config


def of_vectors(said="fixmatch", **others) -> dict:
    config = with_consistency(said, **others)
    config["training"] = {"backbone": "mlp", "batch_size": 16, "learning_rate": 0.01}
    config["datasets"] = {
        "wine": {"kind": "vectors", "source": "sklearn", "name": "wine", "steps": 20,
                 "labels_per_class": 4, "policy": "gaussian"}
    }  # fmt: skip
    return config


def changed(change, config=None) -> dict:
    config = with_consistency() if config is None else config
    change(config)
    return config


@pytest.mark.parametrize("name", consistency.METHODS)
def test_a_name_is_all_that_a_method_must_say(name):
    config = with_consistency(name)
    checks.validate(config)
    training = trainings.training(config, "digits_0_2", "match")
    assert (training["optimizer"], training["learning_rate"], training["ema"]) == (
        "sgd",
        0.03,
        0.999,
    )
    assert training["batch_size"] == 64
    mean_teacher = name == "mean_teacher"
    assert training["consistency"]["ratio"] == (1 if mean_teacher else 7)
    assert training["consistency"]["weight"] == (50 if mean_teacher else 1)
    # The study's own, of all others.
    of_teachers = trainings.training(config, "digits_0_2")
    assert (of_teachers["optimizer"], of_teachers["batch_size"]) == ("adam", 16)
    assert "consistency" not in of_teachers


def test_published_settings_are_those_of_the_papers():
    def of(name, *keys):
        own = consistency.settings({"consistency": name})
        return [own[key] for key in keys]

    assert of("fixmatch", "threshold") == [0.95]
    assert of("uda", "temperature", "threshold") == [0.4, 0.8]
    assert of("flexmatch", "threshold") == [0.95]
    assert of("freematch", "momentum", "entropy") == [0.999, 0.001]
    assert of("softmatch", "momentum", "deviations") == [0.999, 2]
    assert of("mean_teacher", "weight", "warmup", "ratio") == [50, 0.4, 1]


def test_with_another_optimizer_the_learning_rate_is_the_study_s():
    config = with_consistency(optimizer="adam")
    training = trainings.training(config, "digits_0_2", "match")
    assert (training["learning_rate"], training["ema"]) == (0.003, 0.999)


@pytest.mark.parametrize(
    ("policy", "weak", "strong"),
    [
        ("characters", ("characters", 5), ("characters", 20)),
        ("clothing", ("clothing", 5), ("rand_augment", 10)),
        ("rand_augment", ("clothing", 5), ("rand_augment", 10)),
        ("gaussian", ("gaussian", 0.1), ("gaussian", 0.5)),
        ("words", ("words", 3), ("words", 15)),
    ],
)
def test_views_follow_from_the_noise_that_keeps_the_classes(policy, weak, strong):
    def of(said):
        found = consistency.views(consistency.settings({"consistency": said}), {"policy": policy})
        return [(noise["policy"], noise["magnitude"]) for noise in found.values()]

    assert of("fixmatch") == [weak, strong]
    assert of("mean_teacher") == [weak, weak]
    own = {"name": "uda", "weak": {"magnitude": 1}, "strong": {"policy": weak[0], "magnitude": 2}}
    assert of(own) == [(weak[0], 1), (weak[0], 2)]


def test_its_fair_control_is_like_it_without_unlabeled_examples():
    config = fair_controls.add(with_consistency({"name": "uda", "batch_size": 24}, steps=50))
    assert methods.control_of(config, "match_control") == "match"
    own = trainings.training(config, "digits_0_2", "match")
    control = trainings.training(config, "digits_0_2", "match_control")
    assert own.pop("consistency")["method"] == "uda"
    # It takes its steps from the history.
    assert own.pop("steps") == 50 and own.pop("epochs") is None
    length = control.pop("steps"), control.pop("epochs")
    assert length == (None, 6) and control == own
    assert control["noise"]["magnitude"] == 5 and control["batch_size"] == 24
    plan = Plan(config)
    at = SimpleNamespace(dataset="digits_0_2", method="match_control", fold=0)
    assert plan.control_histories(at) == [
        "results/tiny/histories/train_consistency/{dataset}/fold_{fold}/match/final.json"
    ]
    assert plan.statistics["fair"] == {"match": "match_control"}
    assert plan.statistics.get("consistency") == ["match"]
    assert fair_controls.trained_otherwise(config, "match", "match_control") == []


def test_a_chain_s_control_is_no_consistency_training():
    config = tiny_config()
    # Trained as the students are, but for its unlabeled examples.
    said = {"name": "fixmatch", "batch_size": 16, "weak": {"magnitude": 10}}
    config["methods"]["match"] = {
        "consistency": said, "steps_of": "noisy_student", "noise": {"dropout": 0.2},
        "optimizer": "adam", "learning_rate": 0.003, "ema": 0,
    }  # fmt: skip
    checks.validate(config)
    assert fair_controls.trained_otherwise(config, "noisy_student", "match") == []
    assert fair_controls.of(config, "noisy_student") is None


def test_thresholds_are_searched_as_learning_rates_are():
    said = {"name": "fixmatch", "threshold": [0.8, 0.95]}
    config = with_consistency(said, learning_rate=[0.01, 0.1])
    checks.validate(config)
    space = methods.full_space(config, "match")
    assert space["consistency_threshold"] == [0.8, 0.95] and space["learning_rate"] == [0.01, 0.1]
    assert methods.searches(config, "match") and methods.tried(config, "match") == 4
    config = fair_controls.add(config)
    space = methods.full_space(config, "match_control")
    assert space["learning_rate"] == [0.01, 0.1] and "consistency_threshold" not in space


def test_the_text_for_a_paper_has_its_settings_and_whom_to_cite():
    config = fair_controls.add(with_consistency({"name": "uda", "threshold": [0.7, 0.8]}, steps=50))
    text = methods_text._method(config, "match")
    for part in (
        "UDA (Xie et al. 2020b", "at temperature 0.4, where the confidence reached 0.7 or 0.8",
        "64 labeled examples and 7 unlabeled ones per labeled one in every step",
        "weak noise (characters of magnitude 5) and strong noise (characters of magnitude 20)",
        "by sgd, learning rate 0.03, weights averaged with a decay of 0.999, for 50 gradient steps",
        "all combinations were compared", "shorter than the published one of 1,048,576 steps.",
    ):  # fmt: skip
        assert part in text, part
    control = methods_text._method(config, "match_control")
    assert "as many gradient steps as a network of match took" in control
    assert "with weak noise (characters of magnitude 5), in batches of 64, by sgd" in control
    assert {"uda", "characters"} <= methods_text._ingredients(config)
    assert optimizer_text.cited(config) == ["adam", "nesterov"]
    for name in consistency.METHODS:
        assert name in REFERENCES
        assert methods_text._method(with_consistency(name), "match")


# Mistakes.


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (with_consistency("fixmach"),
         "methods.match.consistency: Expected one of fixmatch, uda, flexmatch, freematch, softm"),
        (with_consistency({"name": "pi_model"}), "match.consistency.name: Expected one of fix"),
        (with_consistency({"threshold": 0.9}), "match.consistency: Expected the keys name. Mis"),
        (with_consistency({"name": "fixmatch", "threshold": 1.3}),
         r"methods.match.consistency.threshold: Expected a number in \[0, 1\), or a list of such"),
        (with_consistency({"name": "uda", "temperature": 0}),
         "methods.match.consistency.temperature: Expected a number above 0"),
        (with_consistency({"name": "fixmatch", "mask": 1}),
         "methods.match.consistency: Expected the keys batch_size, deviations, entropy, momentum"),
        (with_consistency({"name": "softmatch", "threshold": 0.9}),
         r"methods.match.consistency.threshold: Expected a setting that softmatch has \(batch_s"),
        (with_consistency({"name": "fixmatch", "temperature": 0.5}),
         "methods.match.consistency.temperature: Expected a setting that fixmatch has"),
        (with_consistency(threshold=0.9),
         "methods.match.threshold: Expected it as methods.match.consistency.threshold"),
        (with_consistency(generations=1), "methods.match.generations: Expected 0 or no value"),
        (with_consistency(schedule="all"), "match.schedule: Expected it only without consistency"),
        (with_consistency(train_on="pool"), "match.train_on: Expected it only without consistency"),
        (with_consistency(synthetic={"per_class": 5}), "synthetic: Expected it only without cons"),
        (with_consistency(noise={"magnitude": 5}),
         "methods.match.noise.magnitude: Expected it as methods.match.consistency.weak, and"),
        (with_consistency({"name": "uda", "strong": {"policy": "gaussian"}}),
         "methods.match.consistency.strong.policy: Expected one of characters, clothing"),
        (with_consistency({"name": "uda", "strong": {"magnitude": 0}}),
         "methods.match.consistency.strong.magnitude: Expected a number above 0"),
        (changed(lambda c: c["datasets"]["digits_0_2"].pop("policy")),
         "datasets.digits_0_2.policy: Expected the input noise that keeps its classes, as match"),
        (with_consistency("mean_teacher", ema=0),
         "methods.match.ema: Expected a number above 0, as the teacher has averaged weights"),
        (with_consistency(backbone=["small_resnet", "original_cnn"]),
         "methods.match.backbone: Expected one, as consistency training has no generations"),
        (with_consistency(backbone="transformer"),
         "methods.match.consistency: Expected another backbone than transformer"),
        (with_consistency(steps_of="baseline"),
         "methods.match.steps_of: Expected a method with students"),
        (changed(lambda c: c["methods"].update(heir={"inherit": "match"})),
         "methods.heir.inherit: Expected a method that is not a control, nor of consistency"),
        (changed(lambda c: c.update(deploy="match")), "deploy: Expected auto, or a method"),
        (with_consistency(optimizer="rmsprop"), "match.optimizer: Expected one of adam, sgd"),
    ],
)  # fmt: skip
def test_mistakes_are_named_before_anything_is_trained(config, message):
    with pytest.raises(ConfigError, match=message):
        checks.validate(deepcopy(config))


def test_pytorch_does_not_train_it():
    with pytest.raises(ConfigError, match="KERAS_BACKEND: Expected tensorflow or jax, for the con"):
        check_backend(with_consistency(), "torch", elsewhere=False)
    check_backend(with_consistency(), "tensorflow", elsewhere=False)


# Jobs.


def test_a_study_without_it_depends_on_none_of_its_files():
    for script in ("train_teachers", "train_students", "train_control", "select", "evaluate"):
        behind = digests.closure(digests.SCRIPTS / f"{script}.py")
        assert not [name for name in behind if "consistency" in name], script


def test_a_job_depends_on_the_files_of_its_method_alone(monkeypatch):
    asked = []
    monkeypatch.setattr("self_training.study.plan.code_digest", lambda *a: asked.append(a) or "")
    plan = Plan(of_vectors("uda"), "jax")
    plan.consistency_code(SimpleNamespace(dataset="wine", method="match"))
    script, *used = asked[-1]
    behind = digests.closure(digests.SCRIPTS / f"{script}.py", *used)
    masks = {name for name in behind if name.startswith("training.consistency.")}
    assert masks == {f"training.consistency.{name}" for name in
                     ("method", "step", "trainer", "uda", "views")}  # fmt: skip
    assert "training.stacked" not in behind and "vector.noise" in behind


def test_its_runs_have_unlabeled_examples_and_no_targets_of_them(tmp_path):
    rng = np.random.default_rng(0)
    order = rng.permutation(60)
    labels = rng.integers(3, size=60)
    split = Split(
        labeled_idx=order[:12], labeled_y=labels[order[:12]], unlabeled_idx=order[12:40],
        test_idx=order[40:], inner_folds=np.array([[0, 1] * 6]), classes=3, overlap=None,
    )  # fmt: skip
    save_split(tmp_path / "split.npz", split)
    files = SimpleNamespace(
        splits=[tmp_path / "split.npz"], histories=[], choices=[], get=lambda name: None
    )
    space = {"unlabeled_fraction": [None], "threshold": [None], "generations": [0],
             "ensemble_size": [1], "consistency_threshold": [0.8, 0.9]}  # fmt: skip
    search = {"space": space, "strategy": "grid", "trials": None, "takes": []}
    params = SimpleNamespace(
        identities=[{"outer_fold": 0}], search=search, asked={}, whole_chain=False, synthetic=None
    )
    for phase, count in (("search", 4), ("final", 2)):
        (batch,), classes = of_methods.load_batch(files, params, phase)
        assert len(batch) == count and classes == 3
        assert [run.settings for run in batch][:2] == [
            {"consistency_threshold": 0.8}, {"consistency_threshold": 0.9}
        ]  # fmt: skip
        for run in batch:
            assert np.array_equal(run.unlabeled, split.unlabeled_idx)
            given = set(run.examples.tolist())
            assert given <= set(split.labeled_idx.tolist())
            assert np.array_equal(run.targets, labels[run.examples])
            asked = set(run.predict["evaluation"].tolist())
            assert not asked & (given | set(run.unlabeled.tolist()))


@pytest.mark.study
def test_a_study_trains_it_without_hidden_labels(make_study):
    """Permuted hidden labels change no prediction; its control takes as many steps."""
    said = {"name": "fixmatch", "threshold": [0.6, 0.9], "batch_size": 8, "ratio": 2}
    config = of_vectors(said, steps=30)
    config["training"]["scaling"] = "standardize"
    study = make_study(config, "jax")
    study.run("--cores", "2")
    fold = study.results / "runs/wine/fold_0"
    files = [fold / f"match/{phase}/generation_0/predictions.npz" for phase in ("search", "final")]
    choice = (fold / "match/choice.json").read_text()
    scores = pd.read_csv(study.results / "scores.csv")
    summary = (study.results / "summary.md").read_text()
    study.assert_hidden_labels_change_nothing("wine", files)
    assert (fold / "match/choice.json").read_text() == choice
    steps = scores.groupby("method")["gradient_steps"].unique()
    assert steps["match"].tolist() == steps["match_control"].tolist() == [30]
    own = scores[scores["method"] == "match"]
    assert own["generations_trained"].isna().all()
    assert own["consistency_threshold"].isin([0.6, 0.9]).all()
    assert scores["accuracy"].min() > 0.6
    assert "onsistency training" in summary and "did not take place" not in summary
