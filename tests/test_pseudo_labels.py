from dataclasses import replace

import numpy as np
import pytest
from self_training.data.split import Split
from self_training.methods import generation as generations
from self_training.methods import pseudo_labels
from self_training.methods.noisy_student import Labeling
from self_training.methods.parts import slice_bounds
from self_training.methods.predictions import Predictions, ensemble
from self_training.study.candidates import Candidate

PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [0.1, 0.1, 0.8], [0.0, 0.5, 0.5]])


def make_split(labeled: np.ndarray, unlabeled: np.ndarray) -> Split:
    return Split(
        test_idx=np.zeros(0, int),
        labeled_idx=labeled,
        labeled_y=np.arange(len(labeled)) % 3,
        unlabeled_idx=unlabeled,
        inner_folds=np.full((1, len(labeled)), -1),
        classes=3,
    )


def test_slices_partition_the_unlabeled_examples():
    split = make_split(labeled=np.arange(10), unlabeled=np.arange(10, 100))
    bounds = [slice_bounds(split, g, 0.3) for g in range(1, 6)]
    assert bounds == [(0, 30), (30, 60), (60, 90), (90, 90), (90, 90)]
    assert slice_bounds(split, 1, 0.001) == (0, 1)
    assert slice_bounds(split, 3, 0.4) == (80, 90)


def test_selected_when_confidence_is_above_the_threshold():
    assert pseudo_labels.select(PROBABILITIES, 0.4).tolist() == [True, False, True, True]
    assert pseudo_labels.select(PROBABILITIES, 0.0).all()
    assert not pseudo_labels.select(PROBABILITIES, 0.8).any()


def test_hard_and_soft_targets():
    assert pseudo_labels.targets(PROBABILITIES, "hard", 1).tolist() == [0, 0, 2, 1]
    soft = pseudo_labels.targets(PROBABILITIES, "soft", 1)
    np.testing.assert_allclose(soft, PROBABILITIES, atol=1e-6)


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (0.5, [0.64, 0.16, 0.2]),  # Squares of the probabilities, made to sum to one.
        (2, [0.4444, 0.2222, 0.3333]),
        (1e-3, [1, 0, 0]),
        (1e6, [1 / 3, 1 / 3, 1 / 3]),
    ],
)
def test_temperature_sharpens_or_flattens(temperature, expected):
    probabilities = {
        0.5: np.array([[0.8, 0.4, np.sqrt(0.2)]]) / (1.2 + np.sqrt(0.2)),
        2: np.array([[16, 4, 9]]) / 29,
    }.get(temperature, np.array([[0.5, 0.2, 0.3]]))
    soft = pseudo_labels.targets(probabilities, "soft", temperature)
    np.testing.assert_allclose(soft, [expected], atol=1e-4)
    np.testing.assert_allclose(soft.sum(axis=1), 1, atol=1e-6)


def test_ensemble_is_the_mean_of_probabilities():
    members = np.stack([PROBABILITIES, PROBABILITIES[:, ::-1]]).astype(np.float32)
    expected = [[0.4, 0.2, 0.4], [0.325, 0.35, 0.325], [0.45, 0.1, 0.45], [0.25, 0.5, 0.25]]
    np.testing.assert_allclose(ensemble(members), expected, atol=1e-6)
    np.testing.assert_array_equal(ensemble(members[:1]), members[0])


CLASSES = np.array([0, 0, 0, 0, 1, 1, 2])
CONFIDENCE = np.array([0.6, 0.9, 0.7, 0.8, 0.5, 0.6, 0.9])


@pytest.mark.parametrize(
    ("policy", "copies"),
    [
        ("none", [1, 1, 1, 1, 1, 1, 1]),
        ("undersample", [0, 1, 0, 0, 0, 1, 1]),
        # Seven examples in three classes: two of each. Class 2 has one, so it stands twice.
        ("quota", [0, 1, 0, 1, 1, 1, 2]),
    ],
)
def test_balance(policy, copies):
    assert pseudo_labels.balance(CLASSES, CONFIDENCE, policy).tolist() == copies


def test_balance_of_nothing():
    for policy in ("none", "undersample", "quota"):
        assert len(pseudo_labels.balance(CLASSES[:0], CONFIDENCE[:0], policy)) == 0


def test_quota_repeats_the_most_confident_first():
    copies = pseudo_labels.balance(np.array([0] * 9 + [1, 1]), np.linspace(0.5, 1, 11), "quota")
    # Eleven in two classes: about six of each (5.5, rounded to even).
    assert copies[9:].tolist() == [3, 3] and copies[:9].tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1]


def test_a_quota_of_a_number_is_kept_to_in_every_predicted_class():
    def copies(quota):
        return pseudo_labels.balance(CLASSES, CONFIDENCE, "quota", quota).tolist()

    # Three of class 0; both of class 1, the more confident twice; that of class 2 thrice.
    assert copies(3) == [0, 1, 1, 1, 1, 2, 3]
    assert copies(1) == [0, 1, 0, 0, 0, 1, 1]
    assert copies(None) == copies(2) == [0, 1, 0, 1, 1, 1, 2]
    assert pseudo_labels.balance(CLASSES, CONFIDENCE, "undersample", 3).sum() == 3


SPLIT = make_split(labeled=np.arange(4), unlabeled=np.array([9, 4, 7, 5, 8, 6]))


def state(evaluation=None, unlabeled=PROBABILITIES[:3]):
    return Predictions(np.zeros((1, 2, 3)), unlabeled[None])


EVERY_GENERATION = Labeling("hard", 1, "every_generation", "none", None)


def labeled(generation, previous, predictions=None, how=EVERY_GENERATION, **chain):
    chain = Candidate(**{"unlabeled_fraction": 0.3, "threshold": 0.5, "ensemble_size": 1} | chain)
    result = generations.label_all(
        SPLIT,
        "final",
        [chain],
        generation,
        {"final" if generation == 1 else "0/final": predictions or state()},
        previous,
        how,
        {},
    )
    return result.pseudo_labels["0/final"]


def test_generations_take_fresh_slices_and_keep_earlier_labels():
    first = labeled(1, {}, generations=2)
    assert first.examples.tolist() == [9, 7] and first.targets.tolist() == [0, 2]
    second = labeled(2, {"0/final": first}, state(unlabeled=PROBABILITIES[::-1][:3]), generations=2)
    assert second.examples.tolist() == [9, 7, 8] and second.targets.tolist() == [0, 2, 2]
    assert second.generation.tolist() == [1, 1, 2]
    assert second.offered.tolist() == [3, 3] and second.termination == ""


def test_endings():
    first = labeled(1, {}, generations=1)
    previous = {"0/final": first}
    assert labeled(2, previous, generations=1).termination == "generations_reached"
    assert labeled(3, previous, generations=3).termination == "unlabeled_used_up"
    nothing = labeled(1, {}, generations=1, threshold=0.9)
    assert nothing.termination == "nothing_selected" and len(nothing.examples) == 0
    # An ended chain hands its state on.
    assert labeled(2, {"0/final": nothing}, generations=3) is nothing


def test_all_unlabeled_examples_are_labeled_anew():
    everything = {"unlabeled_fraction": None, "generations": 3}
    first_predictions = np.resize(PROBABILITIES, (6, 3))
    first = labeled(1, {}, state(unlabeled=first_predictions), **everything)
    assert first.examples.tolist() == [9, 7, 8] and first.offered.tolist() == [6]
    turned = first_predictions[:, ::-1]
    second = labeled(2, {"0/final": first}, state(unlabeled=turned), **everything)
    assert second.examples.tolist() == [9, 7, 8] and second.targets.tolist() == [2, 0, 2]
    assert second.generation.tolist() == [2, 2, 2] and second.offered.tolist() == [6, 6]
    # When nothing is selected any more, what the last students were trained on stays.
    unsure = np.full((6, 3), 1 / 3)
    third = labeled(3, {"0/final": second}, state(unlabeled=unsure), **everything)
    assert third.termination == "nothing_selected"
    assert third.targets.tolist() == [2, 0, 2] and third.offered.tolist() == [6, 6, 6]


def test_examples_that_are_filtered_once_are_labeled_anew():
    once = Labeling("hard", 1, "once", "quota", 3)
    everything = {"unlabeled_fraction": None, "generations": 3, "how": once}
    # Of classes 0, none, 2, none, 0, none: those that are confident.
    first_predictions = np.resize(PROBABILITIES, (6, 3))
    first_predictions[3] = 1 / 3
    first = labeled(1, {}, state(unlabeled=first_predictions), **everything)
    assert first.examples.tolist() == [9, 7, 8] and first.targets.tolist() == [0, 2, 0]
    assert first.copies.tolist() == [2, 3, 1] and first.offered.tolist() == [6]
    # The next teachers are sure of the others, and call all of one class: nothing else changes.
    unsure = np.tile([0.3, 0.4, 0.3], (6, 1))
    unsure[[1, 3, 5]] = [0, 0, 1]
    second = labeled(2, {"0/final": first}, state(unlabeled=unsure), **everything)
    assert second.examples.tolist() == [9, 7, 8] and second.targets.tolist() == [1, 1, 1]
    assert second.copies.tolist() == [2, 3, 1] and second.offered.tolist() == [6, 3]
    assert second.generation.tolist() == [2, 2, 2] and second.termination == ""
    np.testing.assert_allclose(second.confidence, 0.4)
    third = labeled(3, {"0/final": second}, state(unlabeled=first_predictions), **everything)
    assert third.examples.tolist() == [9, 7, 8] and third.targets.tolist() == [0, 2, 0]
    # Filtered in every generation, the second would have what its teachers are sure of.
    everything["how"] = replace(once, filter="every_generation")
    again = labeled(2, {"0/final": first}, state(unlabeled=unsure), **everything)
    assert again.examples.tolist() == [4, 5, 6]
    # When the first teachers are sure of nothing, the chain ends as any other does.
    everything["how"] = once
    nothing = labeled(1, {}, state(unlabeled=np.full((6, 3), 1 / 3)), **everything)
    assert nothing.termination == "nothing_selected"


@pytest.mark.parametrize("policy", ["none", "undersample", "quota"])
def test_balancing_never_invents_an_example(policy):
    first = labeled(1, {}, state(unlabeled=np.resize(PROBABILITIES, (6, 3))), generations=1,
                    unlabeled_fraction=None)  # fmt: skip
    copies = pseudo_labels.balance(first.targets, first.confidence, policy)
    assert copies.shape == first.examples.shape and (copies >= 0).all()
    counts = np.bincount(first.targets, weights=copies, minlength=3)
    assert (
        counts.tolist() == {"none": [2, 0, 1], "undersample": [1, 0, 1], "quota": [2, 0, 2]}[policy]
    )
