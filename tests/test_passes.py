"""Uncertainty of one network: how far ten passes with dropout are apart (Rizve et al. 2021)."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT, tiny_config
from self_training.errors import ConfigError
from self_training.methods import controls, noisy_student, selection
from self_training.methods import generation as generations
from self_training.methods.labeled_so_far import no_pseudo_labels
from self_training.methods.parts import parts
from self_training.methods.predictions import Predictions
from self_training.report import methods_text
from self_training.seeds import generator
from self_training.study import asked, checks, fair_controls
from self_training.study.candidates import Candidate
from self_training.study.checks_of_selection import no_passes_of_a_transformer
from self_training.study.plan import Plan
from self_training.training import framework, passes, prediction
from self_training.training.checkpoints import Checkpoints
from self_training.training.one_by_one import OneByOneTrainer
from self_training.training.runs import FINAL, SPREAD, Run, TrainingSettings
from test_by_hand_methods import IDENTITY, SPLIT
from test_plan import jobs, student
from test_selection import PLAIN

CLASSES = 3
RNG = np.random.default_rng(0)
VECTORS = RNG.normal(0, 1, (260, 6)).astype(np.float32)
IMAGES = RNG.integers(0, 256, (260, 8, 8, 1), dtype=np.uint8)
LABELS = (np.arange(24) % CLASSES).astype(np.int32)
# More than a batch of predictions.
ASKED = np.arange(30, 180)
NOISE = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0.4, "survival": 1}


def settings(backbone="vector.backbones.mlp:build", survival=1, **changes) -> TrainingSettings:
    defaults = {
        "backbone": f"self_training.{backbone}", "epochs": None, "steps": 8, "batch_size": 8,
        "learning_rate": 0.01, "scaling": "none", "l2": 0, "weight_decay": 0, "warmup": 0,
        "decay": "none", "ema": 0, "loss": "per_example", "unlabeled_ratio": None,
        "distillation": 1, "label_smoothing": 0, "noise": NOISE | {"survival": survival},
        "threads": 1,
    }  # fmt: skip
    return TrainingSettings(**defaults | changes)


def run(member=0, asks=True, **changes) -> Run:
    predict = {"unlabeled": ASKED, "evaluation": np.arange(200, 260)}
    predict |= {SPREAD: ASKED} if asks else {}
    identity = {"study": 1, "part": "final", "member": member}
    return Run(**{"identity": identity, "examples": np.arange(24), "targets": LABELS,
                  "predict": predict} | changes)  # fmt: skip


def spread_by_hand(model, inputs, identity: dict, rate=0.4) -> np.ndarray:
    """Return the deviations of a network's probabilities over ten passes: what is before its
    dropout, masked by NumPy, and its last layer."""
    keras = framework.keras
    last = model.layers[-1]
    dropout = model.layers[-2]
    assert isinstance(dropout, keras.layers.Dropout) and dropout.rate == rate
    before = keras.Model(model.inputs, dropout.input)
    kernel, bias = (np.array(weight, np.float64) for weight in last.get_weights())
    found = []
    for number, start in enumerate((0, 128)):
        rows = np.resize(ASKED[start : start + 128], 128)
        features = np.asarray(before.predict_on_batch(prediction.scale(inputs[rows])), np.float64)
        rng = generator(purpose="passes", batch=number, **identity)
        probabilities = []
        for _ in range(10):
            kept = rng.random(features.shape, np.float32) >= rate
            logits = features * kept / (1 - rate) @ kernel + bias
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            probabilities.append(powers / powers.sum(axis=1, keepdims=True))
        found.append(np.std(probabilities, axis=0, ddof=1)[: len(ASKED[start : start + 128])])
    return np.concatenate(found)


def compare_with_hand(kind: type) -> dict:
    """Return how far two runs of a job are from what is computed by hand, and from one another."""
    some = [run(0), run(1)]
    trainer = kind(VECTORS, CLASSES, settings(), some[0])
    found: dict = {"apart": [], "spreads": []}
    for one, trained in zip(some, trainer.train_all(some), strict=True):
        spread = trained.probabilities[SPREAD]
        expected = spread_by_hand(trainer.model, VECTORS, one.identity)
        found["apart"].append(float(np.abs(spread - expected).max()))
        found["spreads"].append(spread.tolist())
    return found


def check(found: dict) -> None:
    assert max(found["apart"]) < 1e-5
    first, second = np.array(found["spreads"])
    assert first.shape == (150, CLASSES) and first.min() > 0 and first.max() > 0.05
    assert np.abs(first - second).max() > 0.02


def test_ten_passes_by_hand():
    check(compare_with_hand(OneByOneTrainer))


@pytest.mark.parametrize(
    ("backbone", "survival"), [("original_cnn", 1), ("small_resnet", 1), ("small_resnet", 0.5)]
)
def test_of_images_nothing_but_dropout_is_on(backbone, survival):
    """Neither the statistics of a batch nor stochastic depth."""
    how = settings(f"image.backbones.{backbone}:build", survival, steps=3)
    trainer = OneByOneTrainer(IMAGES, CLASSES, how, run())
    trained = trainer.train(run())
    expected = spread_by_hand(trainer.model, IMAGES, run().identity)
    np.testing.assert_allclose(trained.probabilities[SPREAD], expected, atol=1e-5)
    assert expected.max() > 0.01


ON_JAX = f"""
import json, sys
sys.path[:0] = [{str(ROOT / "workflow")!r}, {str(ROOT / "tests")!r}]
import test_passes as t
from self_training import dotted_paths
t.framework.start_framework(1)
stacked = dotted_paths.find("self_training.training.stacked:StackedTrainer")
found = [t.compare_with_hand(kind) for kind in (stacked, t.OneByOneTrainer)]
print(json.dumps([t.framework.keras.backend.backend(), *found]))
"""


def test_in_stacks_on_jax_they_are_the_same():
    pytest.importorskip("jax")
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX],
        env={**os.environ, "KERAS_BACKEND": "jax"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    backend, stacked, alone = json.loads(done.stdout.splitlines()[-1])
    assert backend == "jax"
    check(stacked)
    check(alone)
    np.testing.assert_allclose(stacked["spreads"], alone["spreads"], atol=1e-4)


def test_they_depend_on_the_run_alone_and_change_nothing_else(tmp_path):
    trainer = OneByOneTrainer(VECTORS, CLASSES, settings(), run())
    of_batch = [trainer.train(run(member)) for member in (0, 1)][1]
    alone = OneByOneTrainer(VECTORS, CLASSES, settings(), run(1)).train(run(1))
    without = OneByOneTrainer(VECTORS, CLASSES, settings(), run(1, False)).train(run(1, False))
    for name, probabilities in alone.probabilities.items():
        np.testing.assert_array_equal(of_batch.probabilities[name], probabilities)
        if name != SPREAD:
            np.testing.assert_array_equal(without.probabilities[name], probabilities)
    # A job that was killed after the run had ended.
    for _ in range(2):
        kept = Checkpoints(tmp_path / "kept", lambda: {"job": 1})
        again = OneByOneTrainer(VECTORS, CLASSES, settings(), run(1), kept).train(run(1))
        np.testing.assert_array_equal(again.probabilities[SPREAD], alone.probabilities[SPREAD])


def test_a_network_that_has_diverged_is_not_uncertain():
    trained = OneByOneTrainer(VECTORS, CLASSES, settings(learning_rate=1e30), run()).train(run())
    assert trained.record["diverged"]
    assert (trained.probabilities[SPREAD] == 0).all()
    assert (trained.probabilities["unlabeled"] == np.float32(1 / 3)).all()


def without_dropout(inputs, classes, dropout, survival, seed):
    """Build a network that takes no notice of its dropout."""
    return framework.keras.layers.Dense(classes, activation="softmax")(inputs)


def test_a_backbone_without_dropout_is_an_error_before_it_is_trained(monkeypatch):
    how = replace(settings(), backbone="test_passes:without_dropout")
    with pytest.raises(ConfigError, match="test_passes:without_dropout: Expected a network with a"):
        OneByOneTrainer(VECTORS, CLASSES, how, run())
    OneByOneTrainer(VECTORS, CLASSES, how, run(asks=False))


def test_masks_keep_their_share_and_are_other_ones_in_every_pass_and_batch():
    keras = framework.keras
    inputs = keras.Input((6,))
    x = keras.layers.Dropout(0.25)(keras.layers.Dense(50)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(CLASSES, activation="softmax")(x))
    own = passes.Passes(model, "x")
    first, second = (np.array(own.masks(batch, {"study": 1})) for batch in (0, 1))
    assert first.shape == (10, 1, 128, 50)
    assert set(np.unique(first)) == {0, np.float32(1 / 0.75)}
    assert first.mean() == pytest.approx(1, abs=0.01)
    assert (first[0] != first[1]).any() and (first != second).any()


# Selection.


def test_what_passes_disagree_about_is_not_selected():
    """Of the label's own probability; the last four are as sure, and too far apart is one."""
    rows = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    apart = np.array([[0.01, 0.5], [0.01, 0.2], [0.04, 0.0]])
    said = {"threshold": 0.5, "curriculum": None, "share": {}, "passes": apart}
    taken = selection.select(rows, rows[None], 1, uncertainty=0.05, **said)
    assert taken.tolist() == [True, False, True]
    assert selection.select(rows, rows[None], 1, uncertainty=0.03, **said).tolist() == [
        True, False, False,
    ]  # fmt: skip


def test_a_generation_asks_its_one_teacher():
    rows = np.tile(np.float32([0.9, 0.1]), (6, 1))
    apart = np.full((1, 6, 2), 0.04, np.float32)
    apart[0, [1, 4], 0] = 0.2
    how = replace(PLAIN, uncertainty=0.1, passes=True)
    chain = Candidate(None, 0.5, 2, 1)
    given = {FINAL: Predictions(np.zeros((1, 2, 2), np.float32), rows[None], spread=apart)}
    made = generations.label_all(SPLIT, FINAL, [chain], 1, given, {}, how, IDENTITY)
    assert made.pseudo_labels[f"0/{FINAL}"].examples.tolist() == [9, 11, 8, 10]
    # Its students teach the next generation, and are asked about the same examples.
    (some,) = made.runs
    np.testing.assert_array_equal(some.predict[SPREAD], some.predict["unlabeled"])
    assert len(some.predict[SPREAD]) == 6
    plain = generations.label_all(SPLIT, FINAL, [chain], 1, given, {}, PLAIN, IDENTITY)
    assert SPREAD not in plain.runs[0].predict
    # Of what no student has learned yet.
    rest = replace(how, schedule="rest")
    before = made.pseudo_labels[f"0/{FINAL}"]
    state = {f"0/{FINAL}": given[FINAL]}
    done = generations.label_all(
        SPLIT, FINAL, [chain], 2, state, {f"0/{FINAL}": before}, rest, IDENTITY
    )
    assert done.pseudo_labels[f"0/{FINAL}"].termination == "nothing_selected"


def test_a_control_that_teaches_is_asked_about_the_first_slice():
    some = controls.runs(
        SPLIT, FINAL, [Candidate(None, None, 0, 1)], identity=IDENTITY, asked=1, passes=True
    )
    np.testing.assert_array_equal(some[0].predict[SPREAD], SPLIT.unlabeled_idx)
    chain = Candidate(0.25, 0.5, 1, 1)
    given = {FINAL: Predictions(*np.zeros((2, 1, 6, 2)), spread=np.zeros((1, 6, 2)))}
    (taken,) = generations.of_shared_teachers(SPLIT, [chain], given).values()
    assert taken.spread.shape == taken.unlabeled.shape == (1, 3, 2)
    (last,) = noisy_student.students(
        SPLIT, parts(SPLIT, FINAL)[0], chain, 1, no_pseudo_labels(2, "hard"), name="0/final",
        identity=IDENTITY, passes=True,
    )  # fmt: skip
    assert len(last.predict[SPREAD]) == 0


# What a config may say.

TAUGHT = {"generations": 0, "train_on": "labeled", "noise": {"dropout": 0.3}}
UPS = {"schedule": "all", "threshold": 0.7, "uncertainty": 0.05, "generations": 2,
       "teacher": "taught", "noise": {"dropout": 0.3}}  # fmt: skip


def study_of(taught=TAUGHT, **ups) -> dict:
    config = tiny_config()
    del config["controls"]
    config["methods"] = {"baseline": {"generations": 0}, "taught": taught, "ups": UPS | ups}
    checks.validate(config)
    return fair_controls.add(config)


def test_jobs_are_told_whether_one_network_is_asked():
    config = study_of()
    plan = Plan(config)
    assert plan.labeling_settings(student("final", 1, "ups"))["passes"]
    teaching = plan.asked_of_control(jobs(method="taught", phase="final"))
    assert teaching == {"asked": 1, "passes": True}
    alone = plan.asked_of_control(jobs(method="ups_control", phase="final"))
    assert alone == {"asked": 0, "passes": False}
    for several in ({"ensemble_size": 3}, {"teacher_members": 3}):
        config = study_of(TAUGHT | {"ensemble_size": 3}, **several)
        assert not Plan(config).labeling_settings(student("final", 1, "ups"))["passes"]
        assert not asked.of_control(config, "taught")["passes"]
    # The last students teach nobody.
    study_of(generations=1, noise={})


@pytest.mark.parametrize(
    ("taught", "ups", "message"),
    [
        (TAUGHT, {"teacher": None}, "ups.teacher: Expected a control with noise.dropout, as shar"),
        (TAUGHT, {"noise": {}}, "ups.noise.dropout: Expected a number above 0, as uncertainty of"),
        (
            TAUGHT,
            {"noise": {"dropout": [0, 0.3]}},
            "ups.noise.dropout: Expected a number above 0, as uncertainty of",
        ),
        (
            TAUGHT | {"noise": {}},
            {},
            "taught.noise.dropout: Expected a number above 0, as uncertainty of one",
        ),
        (
            TAUGHT | {"ensemble_size": 3},
            {"ensemble_size": [1, 3]},
            "ups.ensemble_size: Expected at least 2, as .* or 1 alone, where it is how far passes",
        ),
    ],
)
def test_what_has_no_dropout_is_refused(taught, ups, message):
    ups = {key: value for key, value in (UPS | ups).items() if value is not None}
    config = tiny_config()
    del config["controls"]
    config["methods"] = {"baseline": {"generations": 0}, "taught": taught, "ups": ups}
    with pytest.raises(ConfigError, match=f"methods.{message}"):
        checks.validate(config)


def test_a_transformer_has_no_passes():
    config = study_of()
    config["training"]["backbone"] = "transformer"
    with pytest.raises(ConfigError, match=r"ups.ensemble_size: Expected at least 2 \(or teacher_m"):
        no_passes_of_a_transformer(config, "ups")
    config["methods"]["ups"]["ensemble_size"] = 2
    no_passes_of_a_transformer(config, "ups")


def test_the_text_on_methods_says_what_is_apart():
    text = methods_text._method(study_of(), "ups")
    assert "a standard deviation of it over ten passes with dropout below 0.05 (Rizve" in text


@pytest.mark.study
def test_a_study_asks_its_one_teacher_and_is_the_same_when_a_job_is_done_again(make_study):
    """However many jobs run, and whatever the hidden labels are."""
    config = tiny_config()
    config["controls"] = "none"
    config["training"] = {"backbone": "mlp", "batch_size": 16, "learning_rate": 0.01}
    config["training"] |= {"scaling": "standardize"}
    config["datasets"] = {
        "wine": {"kind": "vectors", "source": "sklearn", "name": "wine", "steps": 30,
                 "labels_per_class": 5, "policy": "gaussian"}
    }  # fmt: skip
    config["methods"] = {"baseline": {"generations": 0}, "taught": TAUGHT, "ups": UPS}
    study = make_study(config, "jax")
    study.run("--cores", "2")
    fold = study.results / "runs/wine/fold_0"
    files = [fold / f"ups/final/generation_{number}/predictions.npz" for number in (1, 2)]
    files = [fold / "taught/final/generation_0/predictions.npz", *files]
    with np.load(fold / "split.npz") as split:
        hidden = split["unlabeled_idx"]
    sizes = [np.load(file)["0/final/spread"].shape[1] for file in files]
    assert sizes == [len(hidden), len(hidden), 0]
    study.assert_hidden_labels_change_nothing("wine", files)
