"""Distillation: students smaller than their teachers, as Hinton et al. 2015 train them."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from conftest import tiny_config
from openpyxl import Workbook
from self_training.errors import ConfigError
from self_training.evaluation import size_and_speed
from self_training.report import methods_text, sheets_of_chains
from self_training.study import checks, methods
from self_training.study.plan import Plan
from self_training.training.batches import learned, orders
from self_training.training.distillation import DistillationLoss
from self_training.training.trainer import build_network
from test_plan import jobs, student
from test_training import IMAGES, LABELS, run, scale, settings, train

RNG = np.random.default_rng(0)
STUDENT, TEACHER = RNG.normal(0, 2, (2, 5, 4)).astype(np.float32)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def gradients(temperature, weights=None):
    """Return those of the logits of a student, of a batch whose first example has a given label."""
    targets = softmax(TEACHER / temperature)
    targets[0] = np.eye(4)[2]
    temperatures = np.array([1, *[temperature] * 4], np.float32)
    given = np.concatenate([targets, temperatures[:, None]], axis=1)
    logits = tf.Variable(STUDENT)
    with tf.GradientTape() as tape:
        loss = DistillationLoss(reduction="mean_with_sample_weight")
        value = loss(given, tf.nn.softmax(logits), sample_weight=weights)
    return tape.gradient(value, logits).numpy(), targets


@pytest.mark.parametrize("temperature", [0.5, 1, 4])
def test_gradients_are_those_of_the_paper(temperature):
    """Its equation 2, 1 / T (q - p), times T squared; of a given label q - p."""
    found, targets = gradients(temperature)
    expected = temperature * (softmax(STUDENT / temperature) - targets)
    expected[0] = softmax(STUDENT[0]) - targets[0]
    np.testing.assert_allclose(found, expected / 5, rtol=1e-4, atol=1e-6)
    weights = np.array([3, 1, 1, 0, 0], np.float32)
    found, _ = gradients(temperature, weights)
    np.testing.assert_allclose(found, weights[:, None] / 5 * expected, rtol=1e-4, atol=1e-6)


def test_gradients_do_not_vanish_with_the_temperature():
    """Its equation 4: logits of both are matched, each less its mean."""
    found, _ = gradients(1000.0)
    matched = (STUDENT - STUDENT.mean(axis=1, keepdims=True)) - (
        TEACHER - TEACHER.mean(axis=1, keepdims=True)
    )
    np.testing.assert_allclose(found[1:], matched[1:] / 4 / 5, rtol=0.02, atol=2e-3)


def soft_run(given=8):
    """Return a run of a batch whose pseudo-labels are soft."""
    targets = RNG.dirichlet(np.ones(10), 32).astype(np.float32)
    targets[:given] = np.eye(10)[LABELS[:given]]
    return replace(run(32, soft=True), targets=targets, given=given, steps=1)


def test_a_step_is_learned_by_hand():
    """The loss of a network that has learned nothing yet, of given and of pseudo-labels."""
    some = soft_run()
    (loss,) = train(some, distillation=3).record["losses"]
    model = build_network(IMAGES.shape[1:], 10, settings(), some.identity)
    logits = np.log(model.predict(scale(IMAGES[:32]), verbose=0))
    of_given = -np.log(softmax(logits[:8]))[np.arange(8), LABELS[:8]]
    of_pseudo = 9 * -(some.targets[8:] * np.log(softmax(logits[8:] / 3))).sum(axis=1)
    assert loss == pytest.approx(np.concatenate([of_given, of_pseudo]).mean(), rel=1e-5)
    (plain,) = train(some).record["losses"]
    of_pseudo = -(some.targets[8:] * np.log(softmax(logits[8:]))).sum(axis=1)
    assert plain == pytest.approx(np.concatenate([of_given, of_pseudo]).mean(), rel=1e-5)


def test_given_labels_are_known_wherever_they_stand_in_a_batch():
    some, own = replace(soft_run(given=5), steps=3), settings(distillation=2, steps=3)
    for order in orders(some, own):
        packed = learned(some, order, own, 10)
        assert packed.dtype == np.float32 and packed.shape == (*order.shape, 11)
        np.testing.assert_array_equal(packed[..., -1], np.where(order < 5, 1, 2))
        np.testing.assert_array_equal(packed[..., :-1], some.targets[order])


def distilled(**changes) -> dict:
    config = tiny_config()
    config["training"]["backbone"] = "small_resnet"
    config["methods"]["noisy_student"] |= {
        "labels": "soft",
        "temperature": 4,
        "distillation": True,
        "backbone": ["original_cnn"],
    } | changes
    return config


def test_students_alone_are_distilled():
    config = distilled()
    del config["controls"]
    checks.validate(config)
    plan = Plan(config)
    of_students = plan.training(student("final", 1))
    assert of_students["distillation"] == 4 and "original_cnn" in of_students["backbone"]
    teachers = plan.training(jobs())
    assert teachers["distillation"] == 1 and "small_resnet" in teachers["backbone"]
    # Its fair control is as small, and has labels alone.
    control = plan.training(jobs(method="noisy_student_control", phase="final"))
    assert control["distillation"] == 1 and "original_cnn" in control["backbone"]
    assert plan.labeling_settings(student("final", 1))["temperature"] == 4
    # Without it a temperature is of the pseudo-labels alone, as it was.
    assert Plan(distilled(distillation=False)).training(student("final", 1))["distillation"] == 1
    assert methods.DEFAULT_SETTINGS["distillation"] is False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": "hard"}, "temperature: Expected it only with labels soft"),
        ({"temperature": [2, 4]}, "distillation: Expected one temperature with it, not a list"),
        ({"distillation": 4}, "noisy_student.distillation: Expected true or false. Received: 4"),
    ],
)
def test_what_can_t_be_distilled(changes, message):
    with pytest.raises(ConfigError, match=message):
        checks.validate(distilled(**changes))
    config = distilled(**changes)
    if changes == {"labels": "hard"}:
        del config["methods"]["noisy_student"]["temperature"]
        with pytest.raises(ConfigError, match="distillation: Expected it only with labels soft"):
            checks.validate(config)


def test_the_report_says_how_students_were_distilled_and_cites_the_paper():
    config = distilled()
    statistics = {"pairs": [], "groups": {}, "fair": {}, "omnibus": {"friedman": {}}}
    statistics |= {"budgets": {}, "per_dataset": [], "alpha": 0.05, "repeats": 1}
    statistics["omnibus"]["friedman"]["statistic"] = None
    text = methods_text.write(config, statistics, {})
    (sentence,) = re.findall(r"noisy_student: self-training.*", text)
    assert "soft (temperature 4) pseudo-labels" in sentence
    assert "by a softmax of the same temperature, with gradients times its square" in sentence
    assert "Hinton, G., Vinyals, O., Dean, J. (2015)" in text
    assert "Hinton" not in methods_text.write(distilled(distillation=False), statistics, {})


def test_teachers_and_smaller_students_are_compared():
    key = {"dataset": "d", "training_seed": 0}
    scores = pd.DataFrame(
        key | {"method": method, "fold": fold, "test": 100}
        for method in ("small", "same", "ended")
        for fold in (0, 1)
    )
    rows = [
        ("small", 0, 0, 0.9, 1000, 2.0),
        ("small", 0, 1, 0.5, 300, 1.0),
        ("small", 0, 2, 0.8, 200, 0.5),
        ("small", 1, 0, 0.7, 1000, 1.0),
        ("small", 1, 1, 0.6, 200, 1.25),
        ("small", 1, 2, None, None, None),
        ("same", 0, 0, 0.9, 1000, 2.0),
        ("same", 0, 1, 0.9, 1000, 2.0),
        ("ended", 0, 0, 0.9, 1000, 2.0),
        ("ended", 0, 1, None, None, None),
    ]
    names = ["method", "fold", "generation", "accuracy", "parameters", "inference_time"]
    generations = pd.DataFrame(rows, columns=names).assign(**key)
    (row,) = size_and_speed.compare(generations, scores)
    assert (row["dataset"], row["method"]) == ("d", "small")
    assert row["teacher_accuracy"] == pytest.approx(0.8) and row["accuracy"] == pytest.approx(0.7)
    assert (row["teacher_parameters"], row["parameters"]) == (1000, 200)
    # What took less than a second tells no speed.
    assert (row["teacher_speed"], row["speed"]) == (75, 80)
    assert size_and_speed.compare(generations[generations["method"] != "small"], scores) == []
    sheet = Workbook().active
    sheets_of_chains.size_and_speed(sheet, [row])
    assert [cell.value for cell in sheet[2]] == [*row.values()][:2] + [
        row[name]
        for pair in (("teacher_accuracy", "accuracy"), ("teacher_parameters", "parameters"))
        for name in pair
    ] + [75, 80]
