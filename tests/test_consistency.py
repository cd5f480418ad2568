"""Consistency training: every method by hand, on TensorFlow and JAX; what it may see; kills."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from self_training.data.pool import Pool
from self_training.study import consistency as of_study
from self_training.training import checkpoints, framework, schedules
from self_training.training.batches import passes
from self_training.training.consistency import flexmatch, views
from self_training.training.consistency.trainer import ConsistencyTrainer
from self_training.training.one_by_one import OneByOneTrainer
from self_training.training.runs import Run, TrainingSettings

CLASSES, FEATURES = 3, 5
DRAWN = np.random.default_rng(0)
LABELS = DRAWN.integers(CLASSES, size=120).astype(np.int32)
VECTORS = DRAWN.normal(size=(120, FEATURES)).astype(np.float32)
VECTORS[:, :CLASSES] += 1.5 * np.eye(CLASSES, dtype=np.float32)[LABELS]
LABELED, UNLABELED, TEST = np.arange(12), np.arange(12, 90), np.arange(90, 120)
POOL = Pool(VECTORS[:90].mean(axis=0), VECTORS[:90].std(axis=0))
NO_NOISE = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0, "survival": 1}
GAUSSIAN = "self_training.vector.noise:GAUSSIAN"
STRONG = {"policy": GAUSSIAN, "magnitude": 0.5, "operations": 2}
RATIO, BATCH = 3, 8


def settings(name: str, steps=6, noise=None, backbone="linear", **own) -> TrainingSettings:
    """Return settings in which every part of a method shows after a few steps."""
    chosen = of_study.settings({"consistency": {"name": name, "ratio": RATIO}})
    quick = {"momentum": 0.5, "threshold": 0.55, "entropy": 0.3, "warmup": 0.5}
    chosen |= {key: value for key, value in quick.items() if key in chosen}
    numbers = {key: value for key, value in chosen.items() if key not in ("name", "batch_size")}
    said = {"method": of_study.METHODS[name], "strong": STRONG} | numbers | own
    return TrainingSettings(
        backbone=f"self_training.vector.backbones.{backbone}:build",
        epochs=None, steps=steps, batch_size=BATCH, learning_rate=0.2, scaling="none", l2=0.01,
        weight_decay=0, warmup=0, decay="none", ema=0.7, loss="per_example", unlabeled_ratio=None,
        distillation=1, label_smoothing=0, noise=NO_NOISE | (noise or {}), threads=1,
        optimizer="sgd", consistency=said,
    )  # fmt: skip


def run(unlabeled=UNLABELED, **changes) -> Run:
    given = {"identity": {"part": "final", "member": 0}, "examples": LABELED}
    given |= {"targets": LABELS[LABELED], "predict": {"evaluation": TEST}, "pool": POOL}
    return Run(**given | {"unlabeled": unlabeled} | changes)


def train(some: Run, how: TrainingSettings):
    return ConsistencyTrainer(VECTORS, CLASSES, how, some).train(some)


# By hand.


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def one_hot(labels):
    return np.eye(CLASSES)[labels]


class ByHand:
    """The formulas of the papers: targets and weights of one batch after the other."""

    def __init__(self, own: dict):
        self.own = own
        share = 1 / CLASSES
        self.mean, self.probabilities = share, np.full(CLASSES, share)
        self.histogram, self.variance, self.aligned = np.full(CLASSES, share), 1.0, None
        self.last: dict[int, int] = {}

    def follow(self, before, now):
        return self.own["momentum"] * before + (1 - self.own["momentum"]) * now

    def fixmatch(self, weak, rows):
        return one_hot(weak.argmax(1)), weak.max(1) >= self.own["threshold"]

    def uda(self, weak, rows):
        powers = weak ** (1 / self.own["temperature"])
        return powers / powers.sum(1, keepdims=True), weak.max(1) >= self.own["threshold"]

    def flexmatch(self, weak, rows):
        learned = np.bincount([*self.last.values()], minlength=CLASSES)
        beta = learned / max(learned.max(), len(UNLABELED) - learned.sum())
        thresholds = self.own["threshold"] * beta / (2 - beta)
        predicted = weak.argmax(1)
        for row, probabilities in zip(rows, weak, strict=True):
            if probabilities.max() > self.own["threshold"]:
                self.last[int(row)] = int(probabilities.argmax())
        return one_hot(predicted), weak.max(1) > thresholds[predicted]

    def freematch(self, weak, rows):
        predicted = weak.argmax(1)
        self.mean = self.follow(self.mean, weak.max(1).mean())
        self.probabilities = self.follow(self.probabilities, weak.mean(0))
        self.histogram = self.follow(self.histogram, one_hot(predicted).mean(0))
        thresholds = self.mean * self.probabilities / self.probabilities.max()
        return one_hot(predicted), weak.max(1) > thresholds[predicted]

    def softmatch(self, weak, rows):
        now = weak.mean(0)
        self.aligned = now if self.aligned is None else self.follow(self.aligned, now)
        uniform = weak * (1 / CLASSES) / self.aligned
        confidence = (uniform / uniform.sum(1, keepdims=True)).max(1)
        self.mean = self.follow(self.mean, confidence.mean())
        self.variance = self.follow(self.variance, confidence.var(ddof=1))
        below = np.minimum(confidence - self.mean, 0)
        weights = np.exp(-(below**2) / (2 * self.variance / self.own["deviations"] ** 2))
        return one_hot(weak.argmax(1)), weights

    def mean_teacher(self, weak, rows):
        return weak, np.ones(len(weak))


def fairness(strong, weights, hand: ByHand):
    """The gradient of FreeMatch's class fairness by the logits of strong views, by differences."""

    def loss(logits):
        some = softmax(logits)[weights > 0]
        if not len(some):
            return 0.0
        counts = one_hot(some.argmax(1)).mean(0)
        mean = np.divide(some.mean(0), counts, out=np.zeros(CLASSES), where=counts > 0)
        expected = hand.probabilities / hand.histogram
        return (expected / expected.sum() * np.log(mean / mean.sum() + 1e-12)).sum()

    logits = np.log(strong)
    found = np.zeros_like(logits)
    for at in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[at] = 1e-6
        found[at] = (loss(logits + step) - loss(logits - step)) / 2e-6
    return found


def weights_by_hand(name: str, some: Run, how: TrainingSettings, start: list) -> tuple:
    """Train a softmax regression with NumPy; return its averaged weights, and the mean weight of
    unlabeled examples in every step."""
    own = how.consistency
    kernel, bias = (np.array(array, float) for array in start)
    velocity = [np.zeros_like(kernel), np.zeros_like(bias)]
    averages = [kernel.copy(), bias.copy()]
    hand, shares = ByHand(own), []
    momenta = schedules.momenta(how, how.steps)
    labeled = passes(len(LABELED), BATCH, **some.identity)
    unlabeled = views.orders(some, RATIO * BATCH, 0)
    noises = {"weak": how.noise, "strong": own["strong"]}
    for step in range(how.steps):
        order, chosen = next(labeled), next(unlabeled)
        seen = views.of_step(VECTORS, chosen, step, some, noises)
        x = np.array(VECTORS[LABELED][order], float)
        strong_x, weak_x = np.array(seen.strong, float), np.array(seen.weak, float)
        strong = softmax(strong_x @ kernel + bias)
        by = averages if name == "mean_teacher" else (kernel, bias)
        weak = softmax(weak_x @ by[0] + by[1])
        targets, weights = getattr(hand, name)(weak, chosen)
        shares.append(float(np.mean(weights)))
        # The derivatives of the losses by logits.
        of_labeled = (softmax(x @ kernel + bias) - one_hot(LABELS[LABELED][order])) / BATCH
        count = len(strong)
        of_unlabeled = weights[:, None] * (strong - targets) / count
        weight = own["weight"]
        if name == "mean_teacher":
            apart = strong - targets
            inner = apart - (apart * strong).sum(1, keepdims=True)
            of_unlabeled = 2 / CLASSES * strong * inner / count
            weight *= min(1, step / how.steps / own["warmup"])
        if name == "freematch":
            of_unlabeled = of_unlabeled + own["entropy"] * fairness(strong, weights, hand)
        gradients = [
            x.T @ of_labeled + weight * strong_x.T @ of_unlabeled + how.l2 * kernel,
            of_labeled.sum(0) + weight * of_unlabeled.sum(0),
        ]
        for at, gradient in enumerate(gradients):
            velocity[at] = 0.9 * velocity[at] - how.learning_rate * gradient
            change = 0.9 * velocity[at] - how.learning_rate * gradient
            if at == 0:
                kernel = kernel + change
            else:
                bias = bias + change
        averages = [
            momenta[step] * average + (1 - momenta[step]) * now
            for average, now in zip(averages, (kernel, bias), strict=True)
        ]
    return averages, shares


def compare_with_hand(name: str, noise=None) -> dict:
    """Return how far a trainer is from what is computed by hand, and what shows that it is about
    something: how far apart two steps are, and how many unlabeled examples were learned."""
    how, some = settings(name, noise=noise), run()
    trainer = ConsistencyTrainer(VECTORS, CLASSES, how, some)
    start = trainer.starting_values(some)
    trained = trainer.train(some)
    (kernel, bias), shares = weights_by_hand(name, some, how, start)
    expected = softmax(np.array(VECTORS[TEST], float) @ kernel + bias)
    of_none, _ = weights_by_hand(name, some, settings(name, noise=noise, weight=0), start)
    alone = softmax(np.array(VECTORS[TEST], float) @ of_none[0] + of_none[1])
    found = trained.probabilities["evaluation"]
    learned = [share for share in trained.record["learned"] if share is not None]
    return {
        "apart": float(np.abs(found - expected).max()),
        "of_unlabeled": float(np.abs(alone - expected).max()),
        "shares": float(np.abs(np.array(learned) - shares).max()),
        "some": [min(shares), max(shares)],
    }


@pytest.mark.parametrize("name", of_study.METHODS)
def test_every_method_trains_as_computed_by_hand(name):
    check(name, compare_with_hand(name))


def test_flexmatch_has_convex_thresholds_that_begin_low():
    """Of 40 unlabeled examples, by how many were confident as each class: x / (2 - x)."""
    ops = framework.keras.ops
    weak = np.array([[0.89, 0.1, 0.01], [0.91, 0.08, 0.01], [0.3, 0.4, 0.3], [0.35, 0.29, 0.36]])

    def selected(learned) -> list[float]:
        last = np.full(121, CLASSES, np.int32)
        last[UNLABELED[: len(learned)]] = learned
        own = {"threshold": 0.9, "unlabeled": 40.0}
        places = ops.convert_to_tensor(UNLABELED[-4:].astype(np.int32))
        batch = ops.convert_to_tensor(weak.astype(np.float32))
        judged = flexmatch.judge(batch, places, [ops.convert_to_tensor(last)], own)
        return np.array(judged.weights).tolist()

    # Thresholds of 0.9, 0.3 and 0; of x alone the second would be 0.45.
    assert selected([0] * 20 + [1] * 10) == [0, 1, 1, 1]
    # Of 38 not one is confident yet: 2 / 38 of the first class.
    assert selected([0] * 2) == [1, 1, 1, 1]


def check(name: str, found: dict) -> None:
    assert found["apart"] < 2e-4, found
    assert found["shares"] < 1e-3, found
    # Unlabeled examples have a part in it: also for Mean Teacher, of which a known implementation
    # has a loss without a gradient, and publishes what is supervised training.
    assert found["of_unlabeled"] > 5e-3, found
    if name in ("fixmatch", "uda", "freematch"):
        assert found["some"][0] < 0.95 and found["some"][1] > 0.05, found


def test_on_jax_all_is_the_same():
    pytest.importorskip("jax")
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r})\n"
    code += "import test_consistency; test_consistency.on_jax()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_BACKEND": "jax"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["backend"] == "jax"
    assert found["killed"]
    for name in of_study.METHODS:
        check(name, found["by_hand"][name])


def on_jax() -> None:
    """Print what `compare_with_hand` and `is_the_same_after_a_kill` find of all methods."""
    framework.start_framework(1)
    found = {"backend": framework.keras.backend.backend()}
    found["by_hand"] = {name: compare_with_hand(name) for name in of_study.METHODS}
    found["killed"] = is_the_same_after_a_kill("flexmatch")
    print(json.dumps(found))


# What it has in common with its control.


def test_without_weight_it_is_its_control():
    """The same labeled examples, the same noise of them, the same steps."""
    noise = {"policy": GAUSSIAN, "magnitude": 0.3}
    how = settings("fixmatch", steps=20, noise=noise, backbone="mlp", weight=0)
    alone = settings("fixmatch", steps=20, noise=noise, backbone="mlp")
    alone = TrainingSettings(**vars(alone) | {"consistency": None})
    control = run(unlabeled=None)
    expected = OneByOneTrainer(VECTORS, CLASSES, alone, control).train(control)
    found = train(run(), how)
    np.testing.assert_allclose(
        found.probabilities["evaluation"], expected.probabilities["evaluation"], atol=1e-5
    )
    other = train(run(), settings("fixmatch", steps=20, noise=noise, backbone="mlp"))
    assert (
        np.abs(other.probabilities["evaluation"] - found.probabilities["evaluation"]).max() > 0.01
    )
    assert found.record["examples_seen"] == 20 * (BATCH + RATIO * BATCH)
    assert expected.record["examples_seen"] == 20 * BATCH


def test_two_views_of_an_example_are_two_draws_and_those_of_two_steps_too():
    noises = {"weak": STRONG, "strong": STRONG}
    first = views.of_step(VECTORS, UNLABELED[:4], 0, run(), noises)
    assert not np.isclose(first.weak, first.strong).any()
    second = views.of_step(VECTORS, UNLABELED[:4], 1, run(), noises)
    assert not np.isclose(first.weak, second.weak).any()
    again = views.of_step(VECTORS, UNLABELED[:4], 0, run(), noises)
    assert np.array_equal(first.strong, again.strong)


def test_the_strong_view_is_further_away():
    weak = STRONG | {"magnitude": 0.1}
    seen = views.of_step(VECTORS, UNLABELED, 0, run(), {"weak": weak, "strong": STRONG})
    near, far = (np.abs(some - VECTORS[UNLABELED]).mean() for some in (seen.weak, seen.strong))
    assert 4 < far / near < 6


def test_of_an_example_that_is_twice_in_a_batch_the_last_place_counts():
    chosen = np.array([7, 3, 7, 5, 3])
    seen = views.of_step(VECTORS, chosen, 0, run(), {"weak": NO_NOISE, "strong": STRONG})
    assert seen.places.tolist() == [120, 120, 7, 5, 3]


# What it sees.


@pytest.mark.parametrize("name", ["fixmatch", "mean_teacher"])
def test_nothing_is_seen_of_test_examples_and_of_hidden_labels(name, monkeypatch):
    seen: set[int] = set()
    of_step = views.of_step

    def spy(inputs, chosen, *others):
        seen.update(chosen.tolist())
        return of_step(inputs, chosen, *others)

    monkeypatch.setattr(views, "of_step", spy)
    train(run(), settings(name, steps=20))
    assert seen == set(UNLABELED.tolist())
    # A run has no place for what it must not know.
    assert len(run().targets) == len(LABELED)


# Kills.


# What is between two steps of these: nothing, all last confident classes, averages that teach.
OF_STATES = ("uda", "flexmatch", "softmatch", "mean_teacher")


class Killed(BaseException):
    """In the place of a signal."""


def is_the_same_after_a_kill(name: str) -> bool:
    """Return whether a run that is killed within it is, to the last bit, one that is not."""
    noise = {"policy": GAUSSIAN, "magnitude": 0.1, "dropout": 0.2}
    how = settings(name, steps=9, backbone="mlp", noise=noise)

    def trained(trainer: ConsistencyTrainer) -> list:
        result = trainer.train(run())
        record = {key: some for key, some in result.record.items() if "seconds" not in key}
        variables = map(np.array, trainer.model.variables)
        return [json.dumps(record), *result.probabilities.values(), *variables]

    with tempfile.TemporaryDirectory() as folder:
        kept = checkpoints.INTERVAL, checkpoints.SHARE
        save, saves = checkpoints.Checkpoints.save, []

        def save_and_die(self, *arguments):
            save(self, *arguments)
            saves.append(arguments)
            if len(saves) == 2:
                raise Killed

        trainer = ConsistencyTrainer(VECTORS, CLASSES, how, run())
        expected = trained(trainer)
        trainer.done.clear()
        checkpoints.INTERVAL, checkpoints.SHARE = 0.0, float("inf")
        checkpoints.Checkpoints.save = save_and_die
        try:
            trainer.checkpoints = checkpoints.Checkpoints(Path(folder))
            with pytest.raises(Killed):
                trained(trainer)
            again = checkpoints.Checkpoints(Path(folder))
            state = again.state(run().digest())
            assert state is not None and 0 < len(state.arrays[0]) < 9
            found = trained(ConsistencyTrainer(VECTORS, CLASSES, how, run(), again))
        finally:
            checkpoints.Checkpoints.save = save
            checkpoints.INTERVAL, checkpoints.SHARE = kept
    return all(map(np.array_equal, found, expected))


@pytest.mark.parametrize("name", OF_STATES)
def test_a_run_that_is_killed_goes_on_to_the_last_bit(name):
    assert is_the_same_after_a_kill(name)
