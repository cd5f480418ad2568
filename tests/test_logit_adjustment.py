"""Logit adjustment: networks that predict as if classes were balanced (Menon et al. 2021)."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, tiny_config
from self_training.data.split import Split
from self_training.errors import ConfigError
from self_training.methods import controls
from self_training.methods.labeled_so_far import PseudoLabels
from self_training.methods.noisy_student import students
from self_training.methods.parts import Part
from self_training.report import methods_text, optimizer_text
from self_training.study import checks, fair_controls, methods, trainings
from self_training.study import plan as of_study
from self_training.study.candidates import Candidate
from self_training.training import framework
from self_training.training import trainer as trainers
from self_training.training.batches import epochs, log_shares, orders, weights_of
from self_training.training.one_by_one import OneByOneTrainer
from self_training.training.runs import Run, TrainingSettings, what_is_compiled

CLASSES, BATCH = 3, 8
RNG = np.random.default_rng(0)
VECTORS = RNG.normal(0, 1, (120, 4)).astype(np.float32)
# Of 24 labels 15, 6 and 3.
LABELS = np.repeat(np.arange(CLASSES, dtype=np.int32), (15, 6, 3))
SHARES = np.array([15, 6, 3]) / 24
TEST = np.arange(100, 120)
NO_NOISE = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0, "survival": 1}


def settings(**changes) -> TrainingSettings:
    defaults = {
        "backbone": "self_training.vector.backbones.linear:build", "epochs": None, "steps": 6,
        "batch_size": BATCH, "learning_rate": 0.3, "scaling": "none", "l2": 0, "weight_decay": 0,
        "warmup": 0, "decay": "none", "ema": 0, "loss": "per_example", "unlabeled_ratio": None,
        "distillation": 1, "label_smoothing": 0, "noise": NO_NOISE, "threads": 1,
        "optimizer": "sgd",
    }  # fmt: skip
    return TrainingSettings(**defaults | changes)


def run(**changes) -> Run:
    given = {"identity": {"study": 1, "part": "final", "member": 0}, "examples": np.arange(24)}
    return Run(**given | {"targets": LABELS, "predict": {"evaluation": TEST}} | changes)


def student(soft=False, **changes) -> Run:
    """Return a run of 24 labels and of 72 pseudo-labels, of other shares."""
    targets = np.concatenate([LABELS, np.repeat(np.int32([1, 2]), (18, 54))])
    if soft:
        pseudo = RNG.dirichlet([1, 2, 3], 72).astype(np.float32)
        targets = np.concatenate([np.eye(CLASSES, dtype=np.float32)[LABELS], pseudo])
    return run(examples=np.arange(96), targets=targets, given=24, **changes)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def by_hand(some: Run, how: TrainingSettings, start: list) -> tuple:
    """Train a softmax regression with NumPy; return what it predicts, and the loss of each step.

    The loss is equation 10 of the paper, and its gradient by logits is softmax less target.
    """
    one_hot = some.targets if some.targets.ndim == 2 else np.eye(CLASSES)[some.targets]
    seen = np.zeros(CLASSES)
    for order in np.concatenate([*orders(some, how)]):
        seen += weights_of(some, order[None], how.loss)[0] @ one_hot[order]
    added = how.logit_adjustment * np.log(seen / seen.sum()) if how.logit_adjustment else 0
    kernel, bias = (np.array(array, float) for array in start)
    moving = [np.zeros_like(kernel), np.zeros_like(bias)]
    losses = []
    for order in np.concatenate([*orders(some, how)]):
        x = np.array(VECTORS[some.examples[order]], float)
        weights = weights_of(some, order[None], how.loss)[0] / BATCH
        adjusted = softmax(x @ kernel + bias + added)
        losses.append(-(weights[:, None] * one_hot[order] * np.log(adjusted)).sum())
        of_logits = weights[:, None] * (adjusted - one_hot[order])
        gradients = x.T @ of_logits, of_logits.sum(axis=0)
        moving = [
            0.9 * one - how.learning_rate * gradient
            for one, gradient in zip(moving, gradients, strict=True)
        ]
        kernel, bias = (
            weight + 0.9 * one - how.learning_rate * gradient
            for weight, one, gradient in zip((kernel, bias), moving, gradients, strict=True)
        )
    return softmax(np.array(VECTORS[TEST], float) @ kernel + bias), np.array(losses)


CASES = {
    "labels": (run(), {"logit_adjustment": 1}),
    "labels more": (run(), {"logit_adjustment": 2.5}),
    "hard": (student(), {"logit_adjustment": 1, "steps": 12}),
    "soft": (student(soft=True), {"logit_adjustment": 1, "steps": 12}),
    "parts": (student(), {"logit_adjustment": 1, "loss": "per_part", "unlabeled_ratio": 1}),
}


def compare_with_hand(kind: type) -> dict:
    """Return of each case how far a trainer is from what is computed by hand, and how far this is
    from the same without adjustment."""
    found = {}
    for name, (some, changes) in CASES.items():
        how = settings(**changes)
        trainer = kind(VECTORS, CLASSES, how, some)
        start = trainer.starting_values(some)
        (trained,) = trainer.train_all([some])
        expected, losses = by_hand(some, how, start)
        plain, _ = by_hand(some, replace(how, logit_adjustment=0), start)
        probabilities = trained.probabilities["evaluation"]
        of_epoch = range(0, len(losses), -(-len(some.examples) // BATCH))
        means = [losses[first : first + of_epoch.step].mean() for first in of_epoch]
        shown = np.asarray(trainer.model.predict_on_batch(VECTORS[TEST]))
        with tempfile.TemporaryDirectory() as folder:
            trainer.model.save(Path(folder, "network.keras"))
            with zipfile.ZipFile(Path(folder, "network.keras")) as file:
                knows_loss = "LogitAdjusted" in file.read("config.json").decode()
        found[name] = {
            "apart": float(np.abs(probabilities - expected).max()),
            "losses": float(np.abs(np.array(trained.record["losses"]) - means).max()),
            "adjusted": float(np.abs(plain - expected).max()),
            # Its network predicts as others do: nothing is added when it is asked.
            "shown": float(np.abs(shown - probabilities).max()),
            "knows_loss": knows_loss,
        }
    return found


def check(found: dict) -> None:
    assert [*found] == [*CASES]
    for name, one in found.items():
        assert one["apart"] < 2e-5 and one["losses"] < 2e-5 and one["shown"] < 1e-6, (name, one)
        assert one["adjusted"] > 0.02 and not one["knows_loss"], (name, one)


def test_it_trains_as_computed_by_hand():
    check(compare_with_hand(OneByOneTrainer))


OTHERS = f"""
import json, sys
sys.path[:0] = [{str(ROOT / "workflow")!r}, {str(ROOT / "tests")!r}]
import test_logit_adjustment as t
from self_training import dotted_paths
t.framework.start_framework(1)
kind = dotted_paths.find(sys.argv[1])
print(json.dumps([t.framework.keras.backend.backend(), t.compare_with_hand(kind)]))
"""


@pytest.mark.parametrize(
    ("backend", "trainer"),
    [("jax", "stacked:StackedTrainer"), ("torch", "one_by_one:OneByOneTrainer")],
)
def test_it_does_so_in_stacks_and_with_pytorch(backend, trainer):
    pytest.importorskip(backend)
    done = subprocess.run(
        [sys.executable, "-c", OTHERS, f"self_training.training.{trainer}"],
        env={**os.environ, "KERAS_BACKEND": backend}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    used, found = json.loads(done.stdout.splitlines()[-1])
    assert used == backend
    check(found)


@pytest.mark.parametrize("tau", [0, 1, 2])
def test_where_nothing_can_be_seen_classes_are_as_if_balanced(tau):
    """Of examples that are all alike, nothing is known but the shares p: networks predict p, and
    with tau what is proportional to p to the power of 1 - tau."""
    some = run()
    how = settings(steps=600, learning_rate=0.05, decay="linear", logit_adjustment=tau)
    trainer = OneByOneTrainer(np.zeros_like(VECTORS), CLASSES, how, some)
    expected = SHARES ** (1 - tau) / (SHARES ** (1 - tau)).sum()
    found = trainer.train(some).probabilities["evaluation"]
    np.testing.assert_allclose(found, np.tile(expected, (len(TEST), 1)), atol=0.02)


def test_a_probability_of_almost_0_can_be_learned():
    """At a clip of 1e-7, as other losses have it, there would be no gradient."""
    keras = framework.keras
    loss = trainers.dotted_paths.find(trainers.LOGIT_ADJUSTMENT)(reduction="none")
    logits = np.array([[0.0, -30, -50]], np.float32)
    wanted = np.array([[0, 0, 1, -1, -2, -3]], np.float32)
    found = np.asarray(loss(wanted, keras.ops.softmax(logits)))
    np.testing.assert_allclose(found, -np.log(softmax(logits + wanted[:, 3:]))[:, 2], rtol=1e-5)


# The shares.


def test_shares_of_labels_are_those_of_what_is_given():
    np.testing.assert_allclose(np.exp(log_shares(run(), settings(), CLASSES)), SHARES)
    smooth = settings(label_smoothing=0.3)
    np.testing.assert_allclose(np.exp(log_shares(run(), smooth, CLASSES)), SHARES)


@pytest.mark.parametrize(
    ("changes", "of_given"),
    [
        # As many as there are; one labeled example in four; or half of the weight in any case.
        ({"steps": 36}, 24 / 96),
        ({"steps": 36, "unlabeled_ratio": 1}, 0.5),
        ({"steps": 36, "unlabeled_ratio": 3}, 0.25),
        ({"steps": 36, "unlabeled_ratio": 3, "loss": "per_part"}, 0.5),
    ],
)
def test_shares_of_a_student_are_those_of_its_batches(changes, of_given):
    """Its pseudo-labels are of the shares 0, 1/4 and 3/4."""
    expected = of_given * SHARES + (1 - of_given) * np.array([0, 0.25, 0.75])
    found = np.exp(log_shares(student(), settings(**changes), CLASSES))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_shares_of_soft_pseudo_labels_are_their_means():
    some = student(soft=True)
    found = np.exp(log_shares(some, settings(steps=12), CLASSES))
    np.testing.assert_allclose(found, some.targets.mean(axis=0), rtol=1e-5)


def test_shares_follow_weights_of_examples():
    """Of examples that weigh half, as synthetic ones may, there is half: in a batch of all."""
    some = run(weights=np.repeat(np.float32([1, 0.5]), (15, 9)))
    found = np.exp(log_shares(some, settings(batch_size=24), CLASSES))
    np.testing.assert_allclose(found, np.array([15, 3, 1.5]) / 19.5, rtol=1e-5)


def test_a_class_without_a_label_counts_as_half_a_label():
    found = np.exp(log_shares(run(), settings(), CLASSES + 1))
    np.testing.assert_allclose(found, [*SHARES, 1 / 48])


def test_every_example_of_every_batch_has_what_is_added_to_its_logits():
    how = settings(logit_adjustment=2)
    for steps in epochs(run(), how, CLASSES):
        assert steps.targets.shape == (len(steps.rows), BATCH, 2 * CLASSES)
        assert steps.targets.dtype == np.float32
        one_hot = np.eye(CLASSES)[LABELS[steps.rows]]
        np.testing.assert_array_equal(steps.targets[..., :CLASSES], one_hot)
        added = np.broadcast_to(2 * np.log(SHARES), one_hot.shape)
        np.testing.assert_allclose(steps.targets[..., CLASSES:], added, rtol=1e-6)
    for steps in epochs(run(), settings(), CLASSES):
        np.testing.assert_array_equal(steps.targets, LABELS[steps.rows])


def test_runs_with_and_without_it_are_compiled_apart():
    own = settings(logit_adjustment=1)
    for some in (run(), student(soft=True)):
        of_values = [replace(some, settings={"logit_adjustment": tau}) for tau in (0, 1, 2)]
        assert len({what_is_compiled(one, own) for one in of_values}) == 2


def test_shares_are_of_labels_that_the_runs_of_a_method_are_given():
    """Whatever the hidden labels are: no run has them."""
    split = Split(
        labeled_idx=np.arange(24), labeled_y=LABELS, unlabeled_idx=np.arange(24, 96),
        test_idx=TEST, inner_folds=[], classes=CLASSES,
    )  # fmt: skip
    part = Part("final", split.labeled_idx, split.labeled_y, TEST)
    pseudo = PseudoLabels(
        np.arange(30, 42), np.repeat(np.int32([0, 2]), 6), np.ones(12), np.ones(12, int),
        np.array([2] * 6 + [0] * 6), np.array([72]), "",
    )  # fmt: skip
    chain = Candidate(None, 0.5, 1, 1)
    (some,) = students(split, part, chain, 1, pseudo, name="0/final", identity={"study": 1})
    # 15, 6 and 3 labels, and 12 copies of six examples.
    found = np.exp(log_shares(some, settings(steps=9), CLASSES))
    np.testing.assert_allclose(found, np.array([27, 6, 3]) / 36, rtol=1e-5)
    (control,) = controls.runs(split, "final", [Candidate(None, None, 0, 1)], identity={"study": 1})
    np.testing.assert_allclose(np.exp(log_shares(control, settings(), CLASSES)), SHARES)


# Consistency training.


def test_consistency_training_adjusts_what_it_learns_of_labels_alone():
    from self_training.training.consistency import step
    from self_training.training.consistency.trainer import ConsistencyTrainer

    said = {"method": "self_training.training.consistency.fixmatch:FIXMATCH", "ratio": 2,
            "threshold": 0.4, "weight": 1, "strong": NO_NOISE}  # fmt: skip
    how = settings(logit_adjustment=1, consistency=said, ema=0.5)
    some = run(unlabeled=np.arange(24, 96))
    trainer = ConsistencyTrainer(VECTORS, CLASSES, how, some)
    trainer.reset(some)
    kernel, bias = (np.array(variable) for variable in trainer.model.trainable_variables)
    (first, *_) = epochs(some, how, CLASSES)
    rows, others = first.rows[0], np.arange(24, 40)
    batch = step.Batch(
        VECTORS[rows], VECTORS[others], VECTORS[others], first.targets[0], first.weights[0],
        others.astype(np.int32),
    )  # fmt: skip
    numbers = trainer._numbers(how, 72) | {
        "done": np.float32(0),
        "part": np.zeros(step.PARTS, np.float32),
        "penalty": np.float32(0),
    }
    objective = step.make_objective(trainer.model, trainer.loss, trainer.method)
    values = step.Values(
        *([framework.keras.ops.convert_to_tensor(one) for one in some] for some in trainer.held)
    )
    value, _ = objective(values.trainable, values, batch, numbers)
    adjusted = softmax(VECTORS[rows] @ kernel + bias + np.log(SHARES))
    of_labeled = -np.log(adjusted[np.arange(BATCH), LABELS[rows]]).mean()
    weak = softmax(VECTORS[others] @ kernel + bias)
    of_unlabeled = np.where(weak.max(axis=1) >= 0.4, -np.log(weak.max(axis=1)), 0).mean()
    assert of_unlabeled > 0.1
    assert float(value) == pytest.approx(of_labeled + of_unlabeled, rel=1e-5)
    # And it trains.
    found = trainer.train(some).probabilities["evaluation"]
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


# Settings.


def config(**changes) -> dict:
    made = tiny_config()
    del made["controls"]
    made["methods"]["noisy_student"] |= changes
    return made


def test_a_method_its_students_and_its_fair_control_have_it():
    checks.validate(config(logit_adjustment=1.5))
    found = fair_controls.add(config(logit_adjustment=1.5))

    def of(name=None) -> float:
        return trainings.training(found, "digits_0_2", name)["logit_adjustment"]

    # The ensemble inherits it.
    names = ("noisy_student", "noisy_student_control", "noisy_student_ensemble")
    assert [of(name) for name in names] == [1.5] * 3
    assert of() == of("baseline") == 0
    found["training"]["logit_adjustment"] = 1
    found["methods"]["noisy_student"]["logit_adjustment"] = 0
    assert of() == of("baseline") == 1 and of("noisy_student") == of("noisy_student_control") == 0


def test_values_are_searched_for_the_method_and_for_its_control():
    checks.validate(config(logit_adjustment=[0, 1]))
    found = fair_controls.add(config(logit_adjustment=[0, 1]))
    for name in ("noisy_student", "noisy_student_control"):
        assert methods.full_space(found, name).get("logit_adjustment") == [0, 1]
    # Jobs know that some of their candidates have it.
    assert trainings.training(found, "digits_0_2", "noisy_student")["logit_adjustment"] == 1
    assert Candidate(None, 0.5, 1, 1, logit_adjustment=1).of_networks() == {"logit_adjustment": 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"logit_adjustment": -1},
            r"noisy_student.logit_adjustment: Expected a number in \[0, 1000\], or a list of such",
        ),
        (
            {"logit_adjustment": 1, "labels": "soft", "distillation": True},
            "noisy_student.logit_adjustment: Expected no value, or 0, as distillation matches",
        ),
    ],
)
def test_what_can_not_be_is_said_before_anything_is_trained(changes, message):
    with pytest.raises(ConfigError, match=message):
        checks.validate(config(**changes))


def test_that_of_the_study_is_not_distilled_either():
    found = config(labels="soft", distillation=True)
    checks.validate(found)
    found["training"]["logit_adjustment"] = 1
    with pytest.raises(ConfigError, match="Expected no value, or 0, as distillation"):
        checks.validate(found)
    found["methods"]["noisy_student"]["logit_adjustment"] = 0
    checks.validate(found)


def test_jobs_depend_on_its_file_where_they_have_it_alone(monkeypatch):
    asked = []
    monkeypatch.setattr(of_study, "code_digest", lambda *names: asked.append(names) or "")
    for tau in (0, 1):
        found = fair_controls.add(config(logit_adjustment=tau))
        plan = of_study.Plan(found)
        plan._code("train_students", trainings.training(found, "digits_0_2", "noisy_student"))
    without, with_it = asked
    assert of_study.LOGIT_ADJUSTMENT == trainers.LOGIT_ADJUSTMENT
    assert set(with_it) - set(without) == {of_study.LOGIT_ADJUSTMENT}


def test_the_text_for_a_paper_has_it_and_whom_to_cite():
    found = config(logit_adjustment=[0.5, 1])
    text = methods_text._method(found, "noisy_student")
    assert "in the loss, 0.5 or 1 times the logarithm of each class's share among what was" in text
    assert "Menon et al. 2021" in text
    assert "logit_adjustment" in optimizer_text.cited(found)
    assert "logit_adjustment" not in optimizer_text.cited(config())
    found["training"]["logit_adjustment"] = 1
    found["methods"]["noisy_student"]["logit_adjustment"] = 0
    assert "in the loss, 1 times" in methods_text._training(found)
    assert ", without logit adjustment" in methods_text._method(found, "noisy_student")


@pytest.mark.study
def test_a_study_adjusts_by_what_is_labeled_and_by_no_hidden_label(make_study):
    """Permuted hidden labels change no prediction of students or controls."""
    made = tiny_config()
    del made["controls"]
    made["training"] = {"backbone": "mlp", "batch_size": 16, "learning_rate": 0.01}
    made["training"] |= {"scaling": "standardize"}
    made["datasets"] = {
        "wine": {"kind": "vectors", "source": "sklearn", "name": "wine", "steps": 30,
                 "labeled_fraction": 0.2, "draw": "random", "policy": "gaussian"}
    }  # fmt: skip
    made["methods"] = {
        "baseline": {"generations": 0},
        "student": {"schedule": "all", "threshold": 0.6, "generations": 1, "logit_adjustment": 1},
    }
    study = make_study(made, "jax")
    study.run("--cores", "2")
    fold = study.results / "runs/wine/fold_0"
    names = ["student/final/generation_1", "student_control/final/generation_0"]
    files = [fold / name / "predictions.npz" for name in names]
    scores = pd.read_csv(study.results / "scores.csv")
    study.assert_hidden_labels_change_nothing("wine", files)
    assert scores["accuracy"].min() > 0.6
