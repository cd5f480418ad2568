"""Training code, on TensorFlow and on JAX."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from conftest import ROOT
from self_training.image.noise import Policy
from self_training.study import names
from self_training.training import trainer as trainers
from self_training.training.batches import orders, passes
from self_training.training.framework import keras
from self_training.training.one_by_one import OneByOneTrainer
from self_training.training.runs import Run, TrainingSettings
from self_training.training.trainer import PREDICTION_BATCH, build_network, scale
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
        "unlabeled_ratio": None,
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
    soft = some_run.targets.ndim == 2
    return OneByOneTrainer(IMAGES, 10, settings(**changes), soft).train(some_run)


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
    trainer = OneByOneTrainer(IMAGES, 10, settings(noise=noise), False)
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
    trainer = OneByOneTrainer(IMAGES, 10, settings(), False)
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
    trainer = OneByOneTrainer(IMAGES, 10, settings(), False)
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
    [(35, 30, 33, [2] * 16 + [1]), (64, 3, 6, [2, 2, 2]), (5, 1, 1, [1]), (5, 30, 5, [1] * 5)],
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
    smooth = train(run(128), label_smoothing=0.2)
    targets = 0.8 * np.eye(10, dtype=np.float32)[LABELS[:128]] + 0.02
    by_hand = train(replace(run(128), targets=targets))
    np.testing.assert_allclose(
        smooth.probabilities["evaluation"], by_hand.probabilities["evaluation"], atol=1e-4
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


JAX_RUN = """
import json, sys
from dataclasses import replace
from itertools import islice
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

def together(noise, stack):
    trainer = stacked.StackedTrainer(t.IMAGES, 10, t.settings(noise=noise), False)
    trainer.stack = stack
    results = []
    for some_run, result in zip(runs, trainer.train_all(runs)):
        shown = trainer.model.predict(t.scale(t.IMAGES[1300:1500]), verbose=0)
        results.append((result, shown))
    return results

def alone(noise):
    trainer = t.OneByOneTrainer(t.IMAGES, 10, t.settings(noise=noise), False)
    return [trainer.train(some_run) for some_run in runs]

def largest_difference(one, other):
    return max(float(np.abs(one.probabilities[k] - other.probabilities[k]).max())
               for k in one.probabilities)

found = {"framework": framework.describe_framework(), "differences": [], "same_records": []}
# Levels of pixels that differ (see below) are more than rounding.
for policy, tolerance in ((None, 1e-4), ("characters", 1e-4), ("rand_augment", 1e-3)):
    noise = t.NOISE | {"policy": policy} if policy else t.NO_NOISE
    for (result, shown), single in zip(together(noise, 2), alone(noise)):
        found["differences"].append(largest_difference(result, single))
        found["differences"].append(
            float(np.abs(result.probabilities["evaluation"] - shown).max())
        )
        keys = ("steps", "examples_seen", "examples", "diverged", "member")
        found["same_records"].append(
            all(result.record[key] == single.record[key] for key in keys)
            and np.allclose(result.record["losses"], single.record["losses"], atol=tolerance)
        )
# Noise in the compiled step is the noise of Pillow, but for one level in few pixels.
colors = np.random.default_rng(0).integers(0, 256, (200, 9, 12, 3), dtype=np.uint8)
found["pixels"] = []
for images in (t.IMAGES[:500], colors):
    for policy in map(dotted_paths.find, t.names.POLICIES.values()):
        draws = policy.draw(images.shape, 15, 2, np.random.default_rng(0))
        held = dotted_paths.find(policy.on_gpu)(images, 15, draws)
        noisy = policy.add_noise(images, 15, 2, np.random.default_rng(0))
        levels = np.abs(np.asarray(held) - noisy)
        found["pixels"].append([float((levels > 0).mean()), float((levels > 1).mean())])
# Without a GPU, runs are trained one after the other.
made = [job.make_trainer(t.IMAGES, 10, t.settings(epochs=4), False) for _ in range(2)]
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
    # Three kinds of noise, two runs: against each alone, and against the network that is saved.
    assert len(result["differences"]) == 12
    assert max(result["differences"][:8]) < 1e-4 and max(result["differences"][8:]) < 2e-3
    assert result["same_records"] == [True] * 6
    assert len(result["pixels"]) == 2 * len(names.POLICIES)
    assert all(other < 0.005 and far < 0.0005 for other, far in result["pixels"])
    assert result["made"] == "OneByOneTrainer" and result["repeats"]
    assert result["accuracy"] > 0.8
    assert result["losses"][-1] < result["losses"][0] / 2
