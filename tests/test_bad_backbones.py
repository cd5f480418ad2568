"""A campaign of users' backbones: each is tried before any training, and told in its own terms."""

import sys

import numpy as np
import pytest
from self_training.errors import ConfigError, DatasetError
from self_training.training.one_by_one import OneByOneTrainer
from test_training import IMAGES, run, settings, train

HEAD = "from keras import Model, layers, ops\n"
DEFINE = HEAD + "def build(inputs, classes, dropout, survival, seed):\n    "
FLAT = "layers.Flatten()(inputs)"
WRONG = {
    "raises": (DEFINE + "raise ValueError('no such thing')", "a network for examples of 8 x 8 x 1. "
               "Received: ValueError: no such thing .*my_models.py, line 3"),
    "raises within Keras": (DEFINE + "return layers.Conv2D(8, 99)(inputs)", "Received: ValueError"),
    "a missing import": ("import no_such_module\n", "in a module that can be imported. Received: "
                         "ModuleNotFoundError: No module named 'no_such_module' .*line 1"),
    "another name": ("def model(inputs): pass\n", "can be imported. Received: AttributeError"),
    "no Python": ("def build(:\n", "can be imported. Received: SyntaxError: invalid syntax"),
    "raises when it is imported": ("1 / 0", "Received: ZeroDivisionError: division .*line 1"),
    "fewer parameters": (HEAD + "def build(inputs, classes): pass", "a function of inputs, "
                         "classes, dropout, .* Received: another one .*dropout"),
    "more parameters": (HEAD + "def build(inputs, classes, dropout, survival, seed, width): pass",
                        "Received: another one .*'width'"),
    "no function": ("build = 3", "a function of inputs, .* Received: 3"),
    "nothing": (DEFINE + "pass", r"Keras tensor of shape .batch, 10.. Received: None"),
    "a text": (DEFINE + "return 'softmax'", r"shape .batch, 10.. Received: 'softmax'"),
    "a model": (DEFINE + f"return Model(inputs, {FLAT})", "Received: a model; return its output"),
    "a layer": (DEFINE + "return layers.Dense(classes)", "Received: <Dense"),
    "a list": (DEFINE + f"return [{FLAT}]", r"Received: \["),
    "too few classes": (DEFINE + f"return layers.Dense(classes - 1, activation='softmax')({FLAT})",
                        r"of shape .batch, 10.. Received: one of shape .batch, 9"),
    "another rank": (DEFINE + "return layers.Dense(classes, activation='softmax')(inputs)",
                     r"Received: one of shape .batch, 8, 8, 10"),
    "not connected": (DEFINE + "from keras import Input\n"
                      "    return layers.Dense(classes, activation='softmax')(Input((4,)))",
                      "computed from its inputs. Received: others, which are not connected"),
    "logits": (DEFINE + f"return layers.Dense(classes)({FLAT})",
               "which sum to 1 .softmax.. Received: numbers from .* Logits or sigmoids. End the"),
    "sigmoids": (DEFINE + f"return layers.Dense(classes, activation='sigmoid')({FLAT})",
                 "which sum to 1 .softmax"),
    "log probabilities": (
        DEFINE + f"return layers.Dense(classes, activation='log_softmax')({FLAT})",
        "which sum to 1 .softmax",
    ),
    "no finite numbers": (DEFINE + f"return ops.log(layers.Dense(classes)({FLAT}) * 0 - 1)",
                          "finite numbers of a new network"),
}  # fmt: skip


@pytest.fixture()
def write(tmp_path, monkeypatch):
    """Return a function that writes a module of the user's into the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    sys.modules.pop("my_models", None)
    yield (tmp_path / "my_models.py").write_text
    sys.modules.pop("my_models", None)


@pytest.mark.parametrize("name", WRONG)
def test_backbones_that_give_no_probabilities(write, name):
    text, message = WRONG[name]
    write(text)
    with pytest.raises(ConfigError, match=f"^backbone my_models:build: Expected .*{message}") as e:
        OneByOneTrainer(IMAGES, 10, settings(backbone="my_models:build"), run(20))
    assert len(str(e.value)) < 700 and "\n" not in str(e.value)


def test_two_sigmoids_of_new_networks_may_sum_to_one_but_not_of_examples(write):
    write(DEFINE + f"return layers.Dense(classes, activation='sigmoid')({FLAT})")
    with pytest.raises(ConfigError, match="which sum to 1"):
        OneByOneTrainer(IMAGES, 2, settings(backbone="my_models:build"), run(20))


def test_what_is_wrong_with_the_data_is_said_as_it_is(write):
    write(
        "from self_training.errors import DatasetError\n"
        "def build(inputs, classes, dropout, survival, seed):\n    raise DatasetError('too small')"
    )
    with pytest.raises(DatasetError, match="^too small$"):
        OneByOneTrainer(IMAGES, 10, settings(backbone="my_models:build"), run(20))


def test_probabilities_that_training_has_made_others(write):
    """What is right of a new network may be wrong of one that was trained."""
    write(DEFINE + f"return layers.Dense(classes, activation='softmax')({FLAT})")
    trainer = OneByOneTrainer(IMAGES, 10, settings(backbone="my_models:build"), run(20))
    some = run(20)
    trained = trainer.train(some)
    for array in trained.probabilities.values():
        array *= 2
    with pytest.raises(ConfigError, match="my_models:build: Expected class probabilities"):
        trainer.record(
            some,
            values=np.ones(1),
            training_seconds=0,
            probabilities=trained.probabilities,
            prediction_seconds={},
        )


def test_a_network_that_diverges_in_its_last_step_predicts_nothing():
    """Its loss is that before the step, and finite."""
    result = train(run(200), learning_rate=1e38, epochs=None, steps=1)
    assert None not in result.record["losses"] and result.record["diverged"]
    for probabilities in result.probabilities.values():
        assert np.ptp(probabilities) == 0


def test_a_learning_rate_that_is_written_without_a_point():
    whole, point = (train(run(64), learning_rate=rate, epochs=1) for rate in (1, 1.0))
    assert whole.record["losses"] == point.record["losses"]
