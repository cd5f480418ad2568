"""Calibration of confidences by a temperature, by hand and on made-up predictions."""

import numpy as np
import pytest
from self_training import storage
from self_training.data.split import Split, save_split
from self_training.evaluation import temperature
from self_training.evaluation.temperature import HeldOut
from self_training.methods import states
from self_training.methods.predictions import Predictions


def made(examples: int, wrong_by: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return labels drawn from probabilities, and these with log p times a factor: the temperature
    that puts them right is the factor."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (examples, 3))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) < rng.random((examples, 1))).sum(axis=1)
    sharper = np.exp(wrong_by * logits)
    return labels, sharper / sharper.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("factor", [0.5, 1, 3])
def test_a_known_temperature_is_found(factor):
    labels, probabilities = made(20_000, factor)
    assert temperature.fit(labels, probabilities) == pytest.approx(factor, rel=0.05)


def test_the_temperature_of_a_coin_by_hand():
    """Of 10 predictions of 0.9, 8 are right: with T = log 9 / log 4 the confidence is 0.8."""
    probabilities = np.tile([0.9, 0.1], (10, 1))
    labels = np.array([0] * 8 + [1] * 2)
    assert temperature.fit(labels, probabilities) == pytest.approx(np.log(9) / np.log(4), abs=1e-4)


def test_the_loss_is_finite_where_a_probability_is_zero():
    probabilities = np.array([[1.0, 0.0], [1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    assert 1 < temperature.fit(np.array([0, 1, 0, 1]), probabilities) <= temperature.LARGEST


def test_where_all_are_right_confidences_stay():
    """The sharper, the likelier: there is no best temperature."""
    labels, _ = made(50, 1)
    assert temperature.fit(labels, 0.4 * np.eye(3)[labels] + 0.2) == 1


def held_out(rows: int = 300, folds: int = 3) -> tuple[np.ndarray, HeldOut]:
    labels, probabilities = made(rows, 2.0, seed=1)
    return labels, HeldOut(np.arange(rows), np.arange(rows) % folds, probabilities)


def test_each_fold_has_the_temperature_of_the_others():
    labels, some = held_out()
    calibrated = temperature.cross_fit(labels, some)
    for fold in range(3):
        judged = some.folds == fold
        of_others = temperature.fit(labels[~judged], some.probabilities[~judged])
        own = temperature.fit(labels[judged], some.probabilities[judged])
        assert abs(of_others - own) > 1e-3
        powers = some.probabilities[judged] ** (1 / of_others)
        expected = powers / powers.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(calibrated[judged], expected, atol=1e-6)


def test_the_labels_of_a_fold_do_not_change_its_calibration():
    labels, some = held_out()
    before = temperature.cross_fit(labels, some)
    changed = np.where(some.folds == 1, (labels + 1) % 3, labels)
    after = temperature.cross_fit(changed, some)
    np.testing.assert_array_equal(before[some.folds == 1], after[some.folds == 1])
    assert (before[some.folds == 0] != after[some.folds == 0]).any()


def test_an_example_is_never_in_both_where_folds_repeat():
    """Two repeats, or training seeds: folds 0 and 1 have the examples of 2 and 3 between them."""
    labels, probabilities = made(200, 2.0, seed=2)
    _, others = made(200, 2.0, seed=3)
    examples = np.tile(np.arange(100), 2)
    labels = np.tile(labels[:100], 2)
    folds = np.concatenate([np.arange(100) % 2, 2 + (np.arange(100) < 30)])
    some = HeldOut(examples, folds, np.where(np.arange(200)[:, None] < 100, probabilities, others))
    before = temperature.cross_fit(labels, some)
    for fold in range(4):
        judged = some.folds == fold
        changed = labels.copy()
        # Its labels are changed wherever its examples are.
        changed[np.isin(examples, examples[judged])] = 0
        after = temperature.cross_fit(changed, some)
        np.testing.assert_array_equal(before[judged], after[judged])


def test_before_is_of_all_and_after_is_cross_fitted():
    labels, some = held_out(3000)
    # Labels are those of a dataset, in which the examples stand elsewhere.
    places = np.random.default_rng(0).permutation(5000)[:3000]
    dataset = np.full(5000, -1)
    dataset[places] = labels
    found = temperature.calibrate(dataset, some._replace(examples=places))
    assert found["temperature"] == temperature.fit(labels, some.probabilities)
    assert (found["predictions"], found["examples"]) == (3000, 3000)
    # Twice too sharp: much too confident before, and as good as calibrated after.
    assert found["before"] > 0.08
    assert abs(found["after"]) < 0.04
    twice = HeldOut(*(np.concatenate([part, part]) for part in some))
    assert temperature.calibrate(labels, twice)["examples"] == 3000


def test_a_temperature_that_does_harm_is_not_used():
    """Two that are wrong and very sure, in different folds, outweigh all others in the likelihood;
    but the others are as often right as they are confident."""
    probabilities = np.tile([0.9, 0.1], (60, 1))
    labels = np.array(([0] * 9 + [1]) * 6)
    probabilities[[7, 28]] = [1 - 1e-7, 1e-7]
    labels[[7, 28]] = 1
    some = HeldOut(np.arange(60), np.repeat(range(3), 20), probabilities)
    found = temperature.calibrate(labels, some)
    assert found["fitted"] > 1.5 and found["after"] > found["before"]
    assert found["temperature"] == 1
    # Where it does good, it is the one that was fitted.
    labels, some = held_out(3000)
    found = temperature.calibrate(labels, some)
    assert found["temperature"] == found["fitted"] == pytest.approx(2, rel=0.1)


def test_the_last_networks_of_every_fold_are_calibrated(tmp_path):
    """With as many members as were selected in it."""
    rng = np.random.default_rng(0)
    files: dict = {"splits": [], "choices": [], "predictions": []}
    expected = []
    for fold, (test_idx, size) in enumerate((([4, 7], 1), ([1, 2, 3], 2))):
        split = Split(np.array(test_idx), *[np.zeros(1, int)] * 3, np.zeros((1, 1)), 2)
        for name in files:
            files[name].append(tmp_path / f"{name}_{fold}.{'json' if name == 'choices' else 'npz'}")
        save_split(files["splits"][-1], split)
        storage.save_json(files["choices"][-1], {"hyper_parameters": {"ensemble_size": size}})
        members = rng.random((3, len(test_idx), 2)).astype(np.float32)
        states.save(files["predictions"][-1], {"final": Predictions(members)})
        expected.append(members[:size].mean(axis=0, dtype=np.float64))
    found = temperature.load_held_out(type("Files", (), files))
    np.testing.assert_array_equal(found.examples, [4, 7, 1, 2, 3])
    np.testing.assert_array_equal(found.folds, [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(found.probabilities, np.concatenate(expected))
