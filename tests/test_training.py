"""Training code, on TensorFlow and on JAX."""

import json
import os
import subprocess
import sys
import weakref
from dataclasses import asdict, replace
from itertools import islice

import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT
from self_training.errors import ConfigError
from self_training.image.noise import Policy
from self_training.study import names
from self_training.training import framework, job, one_by_one, schedules
from self_training.training import trainer as trainers
from self_training.training.batches import count_steps, orders, passes, targets_of, weights_of
from self_training.training.framework import keras
from self_training.training.one_by_one import OneByOneTrainer
from self_training.training.prediction import PREDICTION_BATCH, scale
from self_training.training.runs import OF_NOISE, Run, TrainingSettings, what_is_compiled
from self_training.training.trainer import build_network
from sklearn.datasets import load_digits

DIGITS = load_digits()
IMAGES = np.rint(DIGITS.images * (255 / 16)).astype(np.uint8)[..., None]
LABELS = DIGITS.target.astype(np.int32)
NO_NOISE = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0, "survival": 1}
NOISE = NO_NOISE | {"policy": "characters", "magnitude": 15, "dropout": 0.5}


def settings(**changes):
    defaults = {
        "backbone": "original_cnn",
        "epochs": 2,
        "steps": None,
        "batch_size": 32,
        "learning_rate": 0.002,
        "scaling": "none",
        "l2": 0,
        "weight_decay": 0,
        "warmup": 0,
        "decay": "none",
        "ema": 0,
        "loss": "per_example",
        "unlabeled_ratio": None,
        "distillation": 1,
        "label_smoothing": 0,
        "noise": NO_NOISE,
        "threads": 1,
    }
    chosen = defaults | changes
    noise = chosen["noise"]
    if noise["policy"]:
        noise = noise | {"policy": names.POLICIES[noise["policy"]]}
    backbone = names.backbone_path(chosen["backbone"])
    return TrainingSettings(**chosen | {"backbone": backbone, "noise": noise})


def run(examples=300, soft=False, **identity) -> Run:
    targets = LABELS[:examples]
    return Run(
        {"study": 1} | identity,
        np.arange(examples),
        np.eye(10, dtype=np.float32)[targets] if soft else targets,
        {"unlabeled": np.arange(1000, 1210), "evaluation": np.arange(1300, 1500)},
    )


def train(some_run, **changes):
    return OneByOneTrainer(IMAGES, 10, settings(**changes), some_run).train(some_run)


def test_original_backbone_exactly():
    model = build_network((28, 28, 1), 10, settings(), {})
    kinds = [
        (type(layer).__name__, getattr(layer, "filters", getattr(layer, "units", None)))
        for layer in model.layers
    ]
    assert kinds == [
        ("InputLayer", None),
        ("Conv2D", 32),
        ("MaxPooling2D", None),
        ("Conv2D", 64),
        ("MaxPooling2D", None),
        ("Flatten", None),
        ("Dense", 128),
        ("Dense", 10),
    ]
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert all(c.kernel_size == (3, 3) and c.padding == "same" for c in convolutions)
    assert [
        layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")
    ] == [
        "relu",
        "relu",
        "relu",
        "softmax",
    ]
    # 9*32+32, 9*32*64+64, 7*7*64*128+128, 128*10+10
    assert model.count_params() == 320 + 18_496 + 401_536 + 1_290


def test_learns_digits():
    result = train(run(1000), epochs=5)
    assert (result.probabilities["evaluation"].argmax(axis=1) == LABELS[1300:1500]).mean() > 0.85
    assert result.record["losses"][-1] < result.record["losses"][0] / 2
    # 5,000 examples in batches of 32.
    assert result.record["steps"] == 157
    for probabilities in result.probabilities.values():
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("noise", [NO_NOISE, NOISE], ids=["without noise", "with noise"])
def test_a_run_is_the_same_alone_and_in_a_batch(noise):
    trainer = OneByOneTrainer(IMAGES, 10, settings(noise=noise), run(200))
    batch = [trainer.train(run(200, member=member)) for member in (0, 1, 2)]
    alone = train(run(200, member=2), noise=noise)
    for name, probabilities in alone.probabilities.items():
        np.testing.assert_array_equal(batch[2].probabilities[name], probabilities)
    assert (batch[0].probabilities["evaluation"] != batch[1].probabilities["evaluation"]).any()


def test_matches_plain_keras():
    """The whole epoch in one graph computes what `model.fit` does, given the same batches."""
    some_run = run(96)
    result = train(some_run)
    model = build_network((8, 8, 1), 10, settings(), some_run.identity)
    model.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy")
    for order in orders(some_run, settings()):
        x = scale(IMAGES[order.ravel()])
        model.fit(x, LABELS[order.ravel()], batch_size=32, shuffle=False, verbose=0)
    predicted = model.predict(scale(IMAGES[1300:1500]), verbose=0)
    np.testing.assert_allclose(result.probabilities["evaluation"], predicted, atol=1e-4)


def test_soft_targets_that_are_certain_equal_hard_ones():
    hard, soft = train(run(128)), train(run(128, soft=True))
    for name in hard.probabilities:
        np.testing.assert_allclose(hard.probabilities[name], soft.probabilities[name], atol=1e-4)


def test_the_same_training_is_done_once():
    trainer = OneByOneTrainer(IMAGES, 10, settings(), run(200))
    assert trainer.train(run(100)) is trainer.train(run(100))
    assert trainer.timing()["runs"] == 1
    assert trainer.train(run(100)) is not trainer.train(run(101))


def test_noise_is_off_at_prediction_and_leaves_the_weights_alone():
    quiet = build_network((8, 8, 1), 10, settings(), {"member": 0})
    noisy = build_network((8, 8, 1), 10, settings(noise=NOISE), {"member": 0})
    for one, other in zip(quiet.trainable_variables, noisy.trainable_variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    x = scale(IMAGES[:20])
    np.testing.assert_array_equal(quiet(x, training=False), noisy(x, training=False))
    assert np.abs(noisy(x, training=True) - noisy(x, training=False)).max() > 1e-3


def test_candidates_that_start_from_the_same_weights_share_them(monkeypatch):
    built = []
    monkeypatch.setattr(
        trainers, "build_network", lambda *args: built.append(1) or build_network(*args)
    )
    trainer = OneByOneTrainer(IMAGES, 10, settings(), run(200))
    one, other = trainer.train(run(200)), trainer.train(run(100))
    assert len(built) == 2, "the network, and the start of both runs"
    trainer.train(replace(run(100), identity={"member": 5}))
    assert len(built) == 3
    for result, alone in ((one, train(run(200))), (other, train(run(100)))):
        np.testing.assert_array_equal(
            result.probabilities["evaluation"], alone.probabilities["evaluation"]
        )


def test_a_run_is_what_fit_computes():
    """To the last bit: same seeds, same order."""
    some_run = run(300)
    result = train(some_run)
    model = build_network(IMAGES.shape[1:], 10, settings(), some_run.identity)
    model.compile(
        keras.optimizers.Adam(settings().learning_rate),
        keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"),
    )
    order = np.concatenate([*orders(some_run, settings())]).ravel()
    # In a graph TensorFlow replaces the division of `scale` by this product.
    images = IMAGES[order].astype(np.float32) * np.float32(1 / 255)
    model.fit(images, LABELS[order], batch_size=32, shuffle=False, verbose=0)
    for name, indices in some_run.predict.items():
        predicted = model.predict(scale(IMAGES[indices]), batch_size=PREDICTION_BATCH, verbose=0)
        np.testing.assert_array_equal(predicted, result.probabilities[name])


@pytest.mark.parametrize("examples", [5, 35, 64, 70])
def test_batches_are_filled_across_epochs(examples):
    stream = np.array([*islice(passes(examples, 32, member=1), 3 * examples)])
    assert stream.shape == (3 * examples, 32) and stream.dtype == np.int32
    # One permutation after the other, whatever batches they fall into.
    for one_pass in stream.reshape(3 * 32, examples):
        assert sorted(one_pass) == list(range(examples))
    first, second = stream.ravel()[:examples], stream.ravel()[examples : 2 * examples]
    assert (first != second).any()
    np.testing.assert_array_equal(stream[:2], [*islice(passes(examples, 32, member=1), 2)])
    assert (stream[0] != next(passes(examples, 32, member=2))).any()


@pytest.mark.parametrize(
    ("examples", "epochs", "steps", "of_epochs"),
    [
        (35, 30, 33, [2] * 16 + [1]),
        (64, 3, 6, [2, 2, 2]),
        (5, 1, 1, [1]),
        (32, 2, 2, [1, 1]),
        # Of fewer than a batch has, as many steps are an epoch as make it worth while.
        (5, 600, 94, [64, 30]),
    ],
)
def test_epochs_are_as_many_steps_as_see_all_examples_so_often(examples, epochs, steps, of_epochs):
    some_run, chosen = run(examples), settings(epochs=epochs)
    found = [*orders(some_run, chosen)]
    assert [len(order) for order in found] == of_epochs and sum(of_epochs) == steps
    counts = np.bincount(np.concatenate(found).ravel(), minlength=examples)
    # All of them in full batches: some examples once more.
    assert counts.sum() == 32 * steps >= epochs * examples > 32 * (steps - 1)
    assert set(counts) <= {counts.min(), counts.min() + 1} and counts.min() >= epochs
    same = [*orders(some_run, settings(epochs=None, steps=steps))]
    np.testing.assert_array_equal(np.concatenate(found), np.concatenate(same))


def test_steps_are_taken_exactly():
    """Two passes over 200 examples are 12.5 batches of 32."""
    by_epochs = train(run(200), epochs=2)
    by_steps = train(replace(run(200), steps=13), epochs=1)
    assert by_epochs.record["steps"] == by_steps.record["steps"] == 13
    for name, probabilities in by_epochs.probabilities.items():
        np.testing.assert_array_equal(by_steps.probabilities[name], probabilities)
    cut = train(replace(run(200), steps=10), epochs=1)
    assert cut.record["steps"] == 10 and len(cut.record["losses"]) == 2
    assert any((cut.probabilities[name] != by_steps.probabilities[name]).any()
               for name in cut.probabilities)  # fmt: skip


def test_a_network_whose_loss_is_not_finite_predicts_nothing():
    result = train(run(200), learning_rate=1e38, epochs=3)
    assert result.record["diverged"] and None in result.record["losses"]
    for probabilities in result.probabilities.values():
        assert np.ptp(probabilities) == 0
    assert not train(run(200)).record["diverged"]


def test_steps_of_the_settings_are_taken_exactly():
    by_epochs = train(run(200), epochs=2)
    by_steps = train(run(200), epochs=None, steps=13)
    assert by_steps.record["steps"] == 13 and by_steps.record["examples_seen"] == 13 * 32
    np.testing.assert_array_equal(
        by_epochs.probabilities["evaluation"], by_steps.probabilities["evaluation"]
    )
    assert train(replace(run(200), steps=3), epochs=None, steps=14).record["steps"] == 3


def test_mixed_batches_have_one_ratio():
    mixed = replace(run(100), given=10)
    (order,) = orders(mixed, settings(unlabeled_ratio=3, epochs=None, steps=4))
    assert order.shape == (4, 32)
    assert ((order < 10).sum(axis=1) == 8).all()
    # 32 places for 10 given labels: each three times, two of them once more. 96 for 90 others.
    counts = np.bincount(order.ravel(), minlength=100)
    assert sorted(counts[:10]) == [3] * 8 + [4] * 2 and sorted(counts[10:]) == [1] * 84 + [2] * 6
    # Both kinds go on where the epoch before has stopped: 9 x 8 and 9 x 24 places.
    long = np.concatenate([*orders(mixed, settings(unlabeled_ratio=3, epochs=None, steps=9))])
    np.testing.assert_array_equal(long[:4], order)
    counts = np.bincount(long.ravel(), minlength=100)
    assert sorted(counts[:10]) == [7] * 8 + [8] * 2 and sorted(counts[10:]) == [2] * 54 + [3] * 36
    # As many of both kinds are not passed in one order.
    same = replace(run(64), given=32)
    (order,) = orders(same, settings(unlabeled_ratio=1, epochs=1))
    assert (order[:, :16].ravel() != order[:, 16:].ravel() - 32).any()
    for ratio, given in ((1000, 1), (0.001, 31), (1, 16)):
        chosen = settings(unlabeled_ratio=ratio, epochs=1)
        (order,) = orders(replace(run(100), given=50), chosen)
        assert ((order < 50).sum(axis=1) == given).all()


def test_the_ratio_reaches_the_training_of_students_only():
    some_run = run(200)
    plain = train(some_run)
    as_teacher = train(some_run, unlabeled_ratio=3)
    as_student = train(replace(some_run, given=20), unlabeled_ratio=3)
    np.testing.assert_array_equal(
        plain.probabilities["evaluation"], as_teacher.probabilities["evaluation"]
    )
    assert (plain.probabilities["evaluation"] != as_student.probabilities["evaluation"]).any()
    assert as_student.record["steps"] == plain.record["steps"] == 13
    assert as_student.record["examples_seen"] == 13 * 32


def test_label_smoothing_spreads_a_part_over_all_classes():
    """To the last bit as Keras does, before and after."""
    order, one_hot = np.arange(64).reshape(2, 32), np.eye(10, dtype=np.float32)[LABELS[:64]]
    smooth = targets_of(run(64), order, 0.2, 10)
    assert smooth.dtype == np.float32 and smooth.shape == (2, 32, 10)
    np.testing.assert_allclose(np.unique(smooth), [0.02, 0.82], rtol=1e-6)
    predicted = np.random.default_rng(0).dirichlet(np.ones(10), 64).astype(np.float32)
    np.testing.assert_array_equal(
        keras.losses.categorical_crossentropy(one_hot, predicted, label_smoothing=0.2),
        keras.losses.categorical_crossentropy(smooth.reshape(64, 10), predicted),
    )
    trained = train(run(128), label_smoothing=0.2).probabilities["evaluation"]
    by_hand = replace(run(128), targets=targets_of(run(128), np.arange(128)[None], 0.2, 10)[0])
    np.testing.assert_array_equal(trained, train(by_hand).probabilities["evaluation"])


def test_soft_pseudo_labels_are_not_smoothed():
    soft = replace(run(8, soft=True), given=3)
    soft.targets[3:] = 0.1
    order = np.array([[7, 0, 3, 2], [1, 1, 6, 2]])
    smooth = targets_of(soft, order, 0.2, 10)
    np.testing.assert_array_equal(smooth[[0, 0, 1], [0, 2, 2]], np.full((3, 10), np.float32(0.1)))
    given = smooth[[0, 0, 1], [1, 3, 0]]
    np.testing.assert_array_equal(given.argmax(axis=1), LABELS[[0, 2, 1]])
    np.testing.assert_allclose(given.max(axis=1), 0.82)
    # Hard pseudo-labels are.
    hard = targets_of(replace(run(8), given=3), order, 0.2, 10)
    np.testing.assert_allclose(hard.max(axis=2), 0.82)
    assert targets_of(run(8), order, 0, 10).dtype == np.int32
    np.testing.assert_array_equal(targets_of(soft, order, 0, 10), soft.targets[order])


def test_both_parts_of_a_batch_weigh_the_same():
    some_run, order = replace(run(100), given=10), np.array([[0, 50, 51, 52], [1, 2, 60, 61]])
    by_part = weights_of(some_run, order, "per_part")
    np.testing.assert_allclose(by_part, [[2, 2 / 3, 2 / 3, 2 / 3], [1, 1, 1, 1]], rtol=1e-6)
    np.testing.assert_array_equal(weights_of(some_run, order, "per_example"), np.ones((2, 4)))
    # Where a batch is of one part alone, and for runs that have one.
    for alone in (order + 40, order % 10):
        np.testing.assert_array_equal(weights_of(some_run, alone, "per_part"), np.ones((2, 4)))
    np.testing.assert_array_equal(weights_of(run(100), order, "per_part"), np.ones((2, 4)))
    assert by_part.dtype == np.float32
    with pytest.raises(ConfigError, match="loss: Expected one of per_example, per_part. Received"):
        weights_of(some_run, order, "mean")


def test_the_loss_is_half_the_sum_of_the_means_of_both_parts():
    some_run = replace(run(32), given=4, steps=1)
    (loss,) = train(some_run, loss="per_part").record["losses"]
    model = build_network(IMAGES.shape[1:], 10, settings(), some_run.identity)
    predicted = model.predict(scale(IMAGES[:32]), verbose=0)
    losses = -np.log(predicted[np.arange(32), LABELS[:32]])
    assert loss == pytest.approx((losses[:4].mean() + losses[4:].mean()) / 2, rel=1e-5)
    (loss,) = train(some_run).record["losses"]
    assert loss == pytest.approx(losses.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [2, 2, 2, 2, 2, 2, 2, 2]),
        ({"warmup": 0.5}, [0.5, 1, 1.5, 2, 2, 2, 2, 2]),
        ({"decay": "linear"}, [2, 1.75, 1.5, 1.25, 1, 0.75, 0.5, 0.25]),
        ({"warmup": 0.5, "decay": "linear"}, [0.5, 1, 1.5, 2, 2, 1.5, 1, 0.5]),
        # 1 + cos of 0, 45, 90, 135 degrees.
        ({"warmup": 0.5, "decay": "cosine"}, [0.5, 1, 1.5, 2, 2, 1.7071068, 1, 0.29289323]),
    ],
)
def test_learning_rates_rise_and_fall(changes, expected):
    rates = schedules.learning_rates(settings(learning_rate=2, **changes), 8)
    assert rates.dtype == np.float32
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


def test_short_runs_have_learning_rates():
    for steps in (1, 2, 3):
        for warmup in (0, 0.01, 0.99):
            chosen = settings(learning_rate=2, warmup=warmup, decay="cosine")
            rates = schedules.learning_rates(chosen, steps)
            assert (rates > 0).all() and (rates <= 2).all()
    with pytest.raises(ConfigError, match="decay: Expected one of none, cosine, linear. Received"):
        schedules.learning_rates(settings(decay="step"), 3)


def test_momenta_rise_to_the_decay():
    momenta = schedules.momenta(settings(ema=0.9), 100)
    np.testing.assert_allclose(momenta[:3], [1 / 10, 2 / 11, 3 / 12], rtol=1e-6)
    assert momenta[-1] == np.float32(0.9) and momenta[70] < 0.9
    assert not schedules.momenta(settings(), 5).any()


def test_training_by_hand():
    """Weight decay, rates and averages of every step, as NumPy computes them from the gradients."""
    some_run = replace(run(64), steps=12)
    chosen = {"weight_decay": 5, "warmup": 0.25, "decay": "linear", "ema": 0.5}
    result = train(some_run, **chosen)
    model = build_network(IMAGES.shape[1:], 10, settings(), some_run.identity)
    sparse = keras.losses.SparseCategoricalCrossentropy()
    rates = schedules.learning_rates(settings(**chosen), 12)
    # The first rate of the optimizer's own decides nothing.
    weights = [variable.numpy().astype(float) for variable in model.trainable_variables]
    averages = [weight.copy() for weight in weights]
    first, second = ([np.zeros_like(weight) for weight in weights] for _ in range(2))
    order = np.concatenate([*orders(some_run, settings())])
    for step, batch in enumerate(order, start=1):
        for variable, weight in zip(model.trainable_variables, weights, strict=True):
            variable.assign(weight)
        with tf.GradientTape() as tape:
            loss = sparse(LABELS[batch], model(scale(IMAGES[batch])))
        gradients = tape.gradient(loss, model.trainable_variables)
        momentum = min(0.5, step / (9 + step))
        for index, gradient in enumerate(gradients):
            gradient, rate = gradient.numpy(), rates[step - 1]
            first[index] += 0.1 * (gradient - first[index])
            second[index] += 0.001 * (gradient**2 - second[index])
            scaled = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            weights[index] *= 1 - 5 * rate
            weights[index] -= scaled * first[index] / (np.sqrt(second[index]) + 1e-7)
            averages[index] += (1 - momentum) * (weights[index] - averages[index])
    for variable, average in zip(model.trainable_variables, averages, strict=True):
        variable.assign(average)
    by_hand = model.predict(scale(IMAGES[1300:1500]), verbose=0)
    np.testing.assert_allclose(result.probabilities["evaluation"], by_hand, atol=1e-5)
    for key in chosen:
        other = train(some_run, **chosen | {key: settings().__dict__[key]})
        assert np.abs(other.probabilities["evaluation"] - by_hand).max() > 1e-4, key


def test_averages_of_normalization_are_kept_too():
    trainer = OneByOneTrainer(IMAGES, 10, settings(backbone="small_resnet", ema=0.9), run(32))
    averaged = {id(weight) for _, weight in trainer.averages}
    assert averaged == {id(weight) for weight in trainer.model.weights}
    assert len(averaged) > len(trainer.model.trainable_variables)
    assert not OneByOneTrainer(IMAGES, 10, settings(), run(32)).averages


def test_averages_start_from_the_weights_of_their_run():
    trainer, first = OneByOneTrainer(IMAGES, 10, settings(ema=0.9), run(32)), run(32, member=1)
    trainer.train(run(200))
    result = trainer.train(replace(first, steps=1))
    start = [weight.copy() for weight in trainer.start(**first.identity)]
    last = OneByOneTrainer(IMAGES, 10, settings(), first)
    last.train(replace(first, steps=1))
    for variable, before in zip(last.model.variables, start, strict=True):
        variable.assign(0.1 * before + 0.9 * np.array(variable))
    np.testing.assert_allclose(
        result.probabilities["evaluation"], last.predict(np.arange(1300, 1500)), atol=1e-6
    )


def test_input_noise_is_new_every_epoch_and_never_at_prediction(monkeypatch):
    asked = []

    def spy(policy, images, *arguments):
        noisy = add_noise(policy, images, *arguments)
        asked.append((images.copy(), noisy))
        return noisy

    add_noise = Policy.add_noise
    monkeypatch.setattr(Policy, "add_noise", spy)
    noise = NO_NOISE | {"policy": "characters", "magnitude": 10}
    train(run(70), epochs=3, noise=noise)
    assert len(asked) == 3, "once per epoch, and not for predictions"
    first = [images[0] for images, _ in asked]
    # 210 examples are 7 batches: an epoch of three, one more and the last.
    assert [len(images) for images, _ in asked] == [96, 96, 32]
    seen = np.concatenate([images for images, _ in asked]).reshape(7 * 32, -1)
    for start in (0, 70, 140):
        one_pass = sorted(image.tobytes() for image in seen[start : start + 70])
        assert one_pass == sorted(image.tobytes() for image in IMAGES[:70])
    assert (first[0] != first[1]).any() and (first[1] != first[2]).any()
    noisy = [{image.tobytes() for image in images} for _, images in asked]
    assert not noisy[0] & noisy[1], "the same images, with other noise"
    # In parts when there are many; the last part is shorter.
    monkeypatch.setattr(trainers, "NOISY_BYTES", 64 * IMAGES[0].nbytes)
    asked.clear()
    train(run(150), epochs=1, noise=noise)
    assert [len(images) for images, _ in asked] == [64, 64, 32]


CHANGES = [
    {},
    {"learning_rate": 0.01},
    {"dropout": 0.5},
    {"steps": 5},
    {"magnitude": 3, "label_smoothing": 0.2},
    {"learning_rate": 0.01, "dropout": 0.5, "ema": 0.9},
    {"weight_decay": 2, "decay": "cosine", "warmup": 0.5},
    {"magnitude": 0},
    {"epochs": 1, "magnitude": 20},
    {"backbone": names.backbone_path("small_resnet")},
]


@pytest.fixture(scope="module")
def of_one_job(tmp_path_factory):
    """Runs of one job with settings of their own, their results, and their saved networks."""
    folder = tmp_path_factory.mktemp("models")
    identity = {"study": 1, "part": "final", "generation": 0}
    runs = [
        replace(run(100), identity=identity | {"member": member}, settings=changes)
        for member, changes in enumerate(CHANGES)
    ]
    noise = NO_NOISE | {"policy": "characters", "magnitude": 10}
    np.save(folder / "examples.npy", IMAGES)
    make, made = job.make_trainer, []

    def make_alone(*arguments):
        assert not any(reference() for reference in made), "a trainer holds the images"
        trainer = make(*arguments)
        made.append(weakref.ref(trainer))
        return trainer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "make_trainer", make_alone)
        # It has been started for the tests above.
        patch.setattr(framework, "start_framework", lambda threads: None)
        (trained, others), record = job.train_batch(
            [runs[:4], runs[4:]],
            folder / "examples.npy",
            10,
            asdict(settings(noise=noise)),
            [folder / "fold_0", folder / "fold_1"],
        )
    assert len(trained) == 4 and len(made) == 7
    return folder, noise, list(zip(runs, trained + others, strict=True)), record


def test_a_run_with_settings_of_its_own_is_what_a_job_of_these_trains(of_one_job):
    _, noise, results, record = of_one_job
    assert record["runs"] == len(CHANGES)
    for some_run, result in results:
        assert result.record["member"] == some_run.identity["member"]
        changes = dict(some_run.settings)
        own = noise | {key: changes.pop(key) for key in OF_NOISE if key in changes}
        if "steps" in changes:
            changes["epochs"] = None
        own = settings(noise=own, **{k: v for k, v in changes.items() if k != "backbone"})
        own = replace(own, backbone=changes.get("backbone", own.backbone))
        alone = OneByOneTrainer(IMAGES, 10, own, replace(some_run, settings={}))
        alone = alone.train(replace(some_run, settings={}))
        assert alone.record["steps"] == result.record["steps"]
        for name, probabilities in alone.probabilities.items():
            np.testing.assert_array_equal(result.probabilities[name], probabilities)


def test_saved_networks_are_those_of_their_runs(of_one_job):
    folder, _, results, _ = of_one_job
    paths = sorted(folder.rglob("*.keras"))
    assert [path.parent.name for path in paths] == ["fold_0"] * 4 + ["fold_1"] * 6
    for path, (_, result) in zip(paths, results, strict=True):
        model = keras.models.load_model(path)
        predicted = model.predict(scale(IMAGES[1300:1500]), verbose=0)
        np.testing.assert_allclose(result.probabilities["evaluation"], predicted, atol=1e-6)


def test_only_what_must_be_is_compiled_anew():
    noise = NO_NOISE | {"policy": "characters", "magnitude": 10}
    per_run = {"learning_rate": 0.1, "epochs": 9, "steps": 3, "magnitude": 1, "warmup": 0.1}
    per_run |= {"decay": "linear", "loss": "per_part", "unlabeled_ratio": 2}
    compiled = {"dropout": 0.5, "weight_decay": 1, "ema": 0.9, "magnitude": 0, "batch_size": 8}
    compiled |= {"label_smoothing": 0.1, "backbone": "other:build"}
    some_run, job_settings = run(50), settings(noise=noise)
    plain = what_is_compiled(some_run, job_settings)

    def key_of(key, value):
        return what_is_compiled(replace(some_run, settings={key: value}), job_settings)

    assert {key_of(*change) for change in per_run.items()} == {plain}
    keys = {key_of(*change) for change in compiled.items()}
    assert len(keys | {plain}) == 1 + len(compiled)
    # One compiled network smooths by any amount, and averages by any decay.
    for key, values in (("label_smoothing", (0.1, 0.2)), ("ema", (0.9, 0.99))):
        assert len({key_of(key, value) for value in values}) == 1
    # One length replaces the other.
    by_steps = settings(epochs=None, steps=9)
    assert count_steps(some_run, by_steps.changed({"epochs": 4})) == 7
    assert count_steps(some_run, job_settings.changed({"steps": 3})) == 3
    with pytest.raises(TypeError, match="unexpected keyword"):
        job_settings.changed({"magnitudes": 3})


def test_runs_that_differ_in_settings_are_different_trainings():
    trainer = OneByOneTrainer(IMAGES, 10, settings(), run(100))
    other = replace(run(100), settings={"learning_rate": 0.01})
    assert trainer.train(run(100)) is not trainer.train(other)
    assert trainer.train(other) is trainer.train(replace(other))
    with pytest.raises(AssertionError):
        trainer.train(replace(run(100), settings={"dropout": 0.5}))


JAX_RUN = """
import json, sys
from dataclasses import replace
import numpy as np
sys.path[:0] = ["workflow", "tests"]
import test_training as t
from self_training import dotted_paths
from self_training.training import framework, job, stacked
framework.start_framework(1)
stacked.STEPS = 2
# Of several epochs, and of different lengths.
runs = [
    replace(t.run(100), identity={"study": 1, "part": "final", "member": member}, steps=steps)
    for member, steps in enumerate((7, 4))
]

def together(runs, settings):
    trainer = stacked.StackedTrainer(t.IMAGES, 10, settings, runs[0])
    results = []
    for some_run, result in zip(runs, trainer.train_all(runs)):
        shown = trainer.model.predict(t.scale(t.IMAGES[1300:1500]), verbose=0)
        results.append((result, shown))
    return results

def alone(runs, settings):
    trainer = t.OneByOneTrainer(t.IMAGES, 10, settings, runs[0])
    return [trainer.train(some_run) for some_run in runs]

def largest_difference(one, other):
    return max(float(np.abs(one.probabilities[k] - other.probabilities[k]).max())
               for k in one.probabilities)

found = {"framework": framework.describe_framework(), "differences": [], "same_records": []}
def compare(runs, settings, tolerance):
    for (result, shown), single in zip(together(runs, settings), alone(runs, settings)):
        found["differences"].append(largest_difference(result, single))
        found["differences"].append(
            float(np.abs(result.probabilities["evaluation"] - shown).max())
        )
        keys = ("steps", "examples_seen", "examples", "diverged", "member")
        found["same_records"].append(
            all(result.record[key] == single.record[key] for key in keys)
            and np.allclose(result.record["losses"], single.record["losses"], atol=tolerance)
        )

# Levels of pixels that differ (see below) are more than rounding.
for policy, tolerance in ((None, 1e-4), ("characters", 1e-4), ("rand_augment", 1e-3)):
    noise = t.NOISE | {"policy": policy} if policy else t.NO_NOISE
    compare(runs, t.settings(noise=noise), tolerance)
# Every setting that a step or a run has of its own, in one stack.
compare(
    [
        replace(runs[0], given=60, settings={"learning_rate": 0.005, "magnitude": 3}),
        replace(runs[1], given=60, settings={"label_smoothing": 0.2, "ema": 0.5}),
    ],
    t.settings(
        noise=t.NOISE | {"policy": "rand_augment"}, label_smoothing=0.1, loss="per_part",
        weight_decay=3, warmup=0.3, decay="linear", ema=0.99,
    ),
    1e-3,
)
# Noise in the compiled step is the noise of Pillow, but for one level in few pixels.
colors = np.random.default_rng(0).integers(0, 256, (200, 9, 12, 3), dtype=np.uint8)
found["pixels"] = []
for images in (t.IMAGES[:500], colors):
    for policy in map(dotted_paths.find, t.names.POLICIES_OF["images"].values()):
        draws = policy.draw(images.shape, 15, 2, np.random.default_rng(0))
        held = dotted_paths.find(policy.on_gpu)(images, 15, draws)
        noisy = policy.add_noise(images, 15, 2, np.random.default_rng(0))
        levels = np.abs(np.asarray(held) - noisy)
        found["pixels"].append([float((levels > 0).mean()), float((levels > 1).mean())])
# Without a GPU, runs are trained one after the other.
made = [job.make_trainer(t.IMAGES, 10, t.settings(epochs=4), runs[0]) for _ in range(2)]
found["made"] = type(made[0]).__name__
first, second = (trainer.train(t.run(600)) for trainer in made)
predicted = first.probabilities["evaluation"].argmax(axis=1)
found["accuracy"] = float((predicted == t.LABELS[1300:1500]).mean())
found["losses"] = first.record["losses"]
found["repeats"] = largest_difference(first, second) == 0
print(json.dumps(found))
"""


def test_jax_trains_runs_together_as_it_trains_them_alone():
    pytest.importorskip("jax")
    output = subprocess.run(
        [sys.executable, "-c", JAX_RUN],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert output.returncode == 0, output.stderr
    result = json.loads(output.stdout.splitlines()[-1])
    assert result["framework"]["backend"] == "jax"
    # Of two runs each: against one alone, and against the network that is saved.
    assert len(result["differences"]) == 16
    assert max(result["differences"][:8]) < 1e-4 and max(result["differences"][8:]) < 2e-3
    assert result["same_records"] == [True] * 8
    assert len(result["pixels"]) == 2 * len(names.POLICIES_OF["images"])
    assert all(other < 0.005 and far < 0.0005 for other, far in result["pixels"])
    assert result["made"] == "OneByOneTrainer" and result["repeats"]
    assert result["accuracy"] > 0.8
    assert result["losses"][-1] < result["losses"][0] / 2


def test_a_job_says_of_a_penalty_what_the_plan_says():
    message = r"l2: Expected TensorFlow .KERAS_BACKEND.: on a CPU, JAX has a penalty of vectors al"
    with pytest.raises(ConfigError, match=message):
        one_by_one._steps_one_by_one(None, None, None, ["kernel"], [], None, None)
