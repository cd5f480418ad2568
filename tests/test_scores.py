from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from self_training import storage
from self_training.data.examples import UNKNOWN
from self_training.data.split import Split
from self_training.evaluation import calibration, metrics, rarest, scores
from self_training.methods.labeled_so_far import no_pseudo_labels
from self_training.methods.search import select
from self_training.study.candidates import Candidate

Y = np.array([0, 0, 0, 1, 1, 2])
NAMES = ["cat", "dog", "cow"]
PROBABILITIES = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.5, 0.3, 0.2],
        [0.2, 0.7, 0.1],
        [0.1, 0.8, 0.1],
        [0.4, 0.3, 0.3],
        [0.1, 0.2, 0.7],
    ]
)


def test_metrics_by_hand():
    """Predicted 0 0 1 1 0 2."""
    result = metrics.score(Y, PROBABILITIES)
    assert result["accuracy"] == pytest.approx(4 / 6)
    assert result["tpr"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert result["fpr"] == pytest.approx((1 / 3 + 1 / 4 + 0) / 3)
    assert result["precision"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    # Pairs in the right order: class 0, 8 of 9; class 1, 0.8 and 0.3 against .1 .3 .7 .2: 4 and
    # 2.5 of 4; class 2, 5 of 5.
    assert result["auc"] == pytest.approx((8 / 9 + 6.5 / 8 + 1) / 3)


def test_the_recall_of_the_rarest_class_where_classes_are_unequal():
    names = ["a", "b", "c"]
    # Of the whole dataset c is the rarest: of the test examples a is no more frequent.
    labels = np.array([0] * 8 + [1] * 6 + [2] * 4 + [UNKNOWN] * 9)
    found = rarest.score(labels, names, Y[[0, 3, 4, 5]], PROBABILITIES[[0, 3, 4, 5]])
    assert found == {"rarest_class": "c", "rarest_recall": 1.0}
    # Of class b one of two is found. Of two that are as rare, the mean.
    found = rarest.score(np.array([0] * 4 + [1] * 2 + [2] * 4), names, Y, PROBABILITIES)
    assert found == {"rarest_class": "b", "rarest_recall": 0.5}
    found = rarest.score(np.array([0] * 4 + [1] * 2 + [2] * 2), names, Y, PROBABILITIES)
    assert found == {"rarest_class": "b, c", "rarest_recall": 0.75}
    # Five to nine are about equal.
    assert rarest.score(np.repeat([0, 1, 2], [9, 9, 5]), names, Y, PROBABILITIES) == {}


def test_two_classes():
    result = metrics.score(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]))
    assert result["auc"] == 1 and result["accuracy"] == pytest.approx(2 / 3)


def test_generations_are_scored():
    chain = no_pseudo_labels(3, "hard")._replace(
        examples=np.array([5, 3, 4]),
        targets=np.array([2, 0, 1]),
        generation=np.array([1, 1, 2]),
        copies=np.array([1, 0, 2]),
        offered=np.array([4, 3]),
    )

    def some(which: slice, offered: list[int]):
        fields = ("examples", "targets", "generation", "copies")
        parts = {name: getattr(chain, name)[which] for name in fields}
        return chain._replace(**parts, offered=np.array(offered))

    teachers = {"generation": 0, "offered": 0, "selected": 0, "known": 0, "trained_on": 0}
    teachers |= {"correct": None, "classes_missing": ""}
    first = some(slice(2), [4])
    rows = scores.score_generations(Y, NAMES, [first, chain], [0.5, 0.6])
    assert rows == [
        teachers | {"accuracy": 0.5},
        {
            "generation": 1,
            "offered": 4,
            "selected": 2,
            "known": 2,
            "correct": 1,
            "classes_missing": "dog",
            "trained_on": 1,
            "accuracy": 0.6,
        },
        {
            "generation": 2,
            "offered": 3,
            "selected": 1,
            "known": 1,
            "correct": 1,
            "classes_missing": "cat, cow",
            "trained_on": 2,
            "accuracy": None,
        },
    ]
    assert scores.score_generations(Y, NAMES, [], [0.5]) == [teachers | {"accuracy": 0.5}]
    # Soft labels are of their most probable class, and where nothing is selected all are missing.
    soft = first._replace(targets=np.array([[0.3, 0.3, 0.4], [0.5, 0.4, 0.1]]))
    ended = soft._replace(offered=np.array([4, 3]), termination="nothing_selected")
    missing = scores.score_generations(Y, NAMES, [soft, ended], [0.5, 0.6])
    assert [row["classes_missing"] for row in missing] == ["", "dog", "cat, dog, cow"]
    # Where a generation's labels replace the earlier ones, these are counted all the same.
    second = some(slice(2, None), [4, 3])
    assert scores.score_generations(Y, NAMES, [first, second], [0.5, 0.6]) == rows


def final_chain(accuracies: list[float], members: int = 1) -> scores.FinalChain:
    """A final chain whose generations 0, 1, ... have these accuracies on ten test examples."""
    split = Split(
        test_idx=np.arange(10),
        labeled_idx=np.arange(10, 14),
        labeled_y=np.array([0, 1, 0, 1]),
        unlabeled_idx=np.arange(14, 20),
        inner_folds=np.full((1, 4), -1),
        classes=2,
    )
    labels = np.arange(10) % 2
    predictions = []
    for accuracy in accuracies:
        named = np.where(np.arange(10) < round(10 * accuracy), labels, 1 - labels)
        predictions.append(np.stack([np.eye(2)[named].astype(np.float32)] * members))
    records = [
        [
            {"part": part, "member": member, "steps": 10 * (generation + 1), "examples_seen": 100}
            | {"training_seconds": 1.0, "prediction_seconds": {"evaluation": 0.5}}
            | {"parameters": 100}
            | {"diverged": False}
            for part in ("inner_0", "final")
            for member in range(3)
        ]
        for generation in range(len(accuracies))
    ]
    labeled = no_pseudo_labels(2, "hard")._replace(
        examples=np.array([14, 15]),
        targets=np.array([0, 1]),
        confidence=np.array([0.9, 0.8]),
        generation=np.array([1, 1]),
        copies=np.array([1, 1]),
    )
    hyper_parameters = Candidate(0.3, 0.5, len(accuracies) - 1, members)
    choice = select([hyper_parameters], [[]], 4, "best")
    chain = [
        labeled._replace(offered=np.full(generation, 6)) for generation in range(1, len(accuracies))
    ]
    # What trained for the choice; the last histories hold final networks, too.
    return scores.FinalChain(split, predictions, chain, choice, records, records[:1])


LABELS = np.arange(20) % 2


def test_the_last_generation_is_scored_however_good_an_earlier_one_was():
    result = scores.evaluate(LABELS, NAMES[:2], final_chain([0.5, 0.9, 0.7]))
    assert result["accuracy"] == pytest.approx(0.7) and result["generations_trained"] == 2
    accuracies = [row["accuracy"] for row in result["generations_of_chain"]]
    assert accuracies == pytest.approx([0.5, 0.9, 0.7])


def test_a_method_is_charged_for_its_own_networks_in_all_generations():
    result = scores.evaluate(LABELS, NAMES[:2], final_chain([0.5, 0.7], members=2))
    # Two of three teachers, and two students; inner folds are not of the final chain.
    assert result["gradient_steps"] == 2 * 10 + 2 * 20
    assert result["examples_seen"] == 4 * 100 and result["training_time"] == 4.0
    assert result["inference_time"] == 2 * 0.5
    assert (result["labeled"], result["unlabeled"], result["test"]) == (4, 6, 10)


def test_a_chain_that_ended_early_is_scored_by_what_was_trained():
    chain = final_chain([0.8, 0.6])
    ended = chain.pseudo_labels[0]._replace(termination="nothing_selected")
    early = replace(chain, pseudo_labels=[ended], histories=[chain.histories[0], []])
    result = scores.evaluate(LABELS, NAMES[:2], early)
    assert result["accuracy"] == pytest.approx(0.8) and result["generations_trained"] == 0
    assert result["termination_condition"] == "nothing_selected"


def test_pseudo_labels_are_shown_from_the_least_confident_on():
    labels = np.zeros(100, dtype=int)
    chain = no_pseudo_labels(2, "hard")._replace(
        examples=np.arange(100),
        targets=np.repeat([0, 1], [97, 3]),
        confidence=np.linspace(1, 0.5, 100),
        generation=np.ones(100, dtype=int),
    )
    shown = scores.show_pseudo_labels(labels, chain)
    right = [row for row in shown if row["pseudo_label"] == row["label"]]
    wrong = [row for row in shown if row["pseudo_label"] != row["label"]]
    assert len(right) == scores.EXAMPLES and len(wrong) == 3
    assert [row["example"] for row in wrong] == [99, 98, 97]
    assert (right[0]["example"], right[-1]["example"]) == (96, 0)
    confidences = [row["confidence"] for row in right]
    assert confidences == sorted(confidences)


def test_reliability_by_hand():
    """Confidences 0.8 0.5 0.7 0.8 0.4 0.7, right: 1 1 0 1 0 1; an edge is in the bin below."""
    bins = {part["bin"]: part for part in calibration.reliability(Y, PROBABILITIES)}
    assert len(bins) == calibration.BINS
    assert (bins[7]["count"], bins[7]["correct"]) == (2, 2)
    assert (bins[6]["count"], bins[6]["correct"]) == (2, 1)
    assert bins[6]["confidence"] == pytest.approx(1.4)
    assert sum(part["count"] for part in bins.values()) == 6
    # Gaps of 0.2 and 0.2 in bins of two, of which the second has a variance of 0.5 * 0.5 / 1.
    mean = (2 * 0.2**2 + 2 * (0.2**2 - 0.25)) / 4
    error = calibration.calibration_error(list(bins.values()))
    assert error == pytest.approx(-((-mean) ** 0.5))
    assert calibration.calibration_error([bins[3]]) is None


@pytest.mark.parametrize(("sharper", "error"), [(1, 0.0), (2.5, 0.23)])
@pytest.mark.parametrize("count", [100, 600])
def test_calibration_error_is_that_of_many_predictions(count, sharper, error):
    """Labels are drawn by probabilities; the model gives these, or sharper ones."""
    rng = np.random.default_rng(count)

    def draw(size: int) -> list[dict]:
        logits = rng.normal(0, 0.6 if sharper > 1 else 1.5, (size, 5))
        true = softmax(logits, axis=1)
        labels = (rng.random((size, 1)) > true.cumsum(axis=1)).sum(axis=1)
        return calibration.reliability(labels.clip(0, 4), softmax(sharper * logits, axis=1))

    many = draw(100_000)
    assert calibration.calibration_error(many) == pytest.approx(error, abs=0.01)
    several = [calibration.calibration_error(draw(count)) for _ in range(300)]
    assert np.mean(several) == pytest.approx(error, abs=0.015)
    plain = [np.abs([b["confidence"] - b["correct"] for b in draw(100)]).sum() / 100]
    assert sharper > 1 or plain[0] > 0.05


@pytest.mark.parametrize(
    ("predicted", "diverged", "reason"),
    [
        ([0] * 60 + [1] * 40, False, ""),
        ([0] * 100, False, "constant predictions"),
        ([0, 1] * 50, False, "at chance level"),
        ([0] * 60 + [1] * 40, True, "loss not finite"),
    ],
)
def test_results_that_are_no_better_than_none_are_named(predicted, diverged, reason):
    y_true = np.repeat([0, 1], [60, 40])
    probabilities = np.eye(2)[predicted]
    assert scores.not_learned(y_true, probabilities, [{"diverged": diverged}]) == reason


def test_files_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "scores.json"
    storage.save_json(path, {"a": 1})
    (tmp_path / ".scores.part-killed.json").write_text("{")
    with pytest.raises(ValueError, match="not JSON compliant"):
        storage.save_json(path, {"a": float("nan")})
    assert storage.load_json(path) == {"a": 1}
    assert [Path(file).name for file in tmp_path.iterdir()] == ["scores.json"]


def test_how_a_candidate_was_chosen():
    """Standard errors of 0.8, 0.76 and 0.5, of 100 labels: 0.04, 0.0427, 0.05."""
    three = [Candidate(0.3, threshold, 1, 1) for threshold in (0.5, 0.6, 0.7)]
    choice = select(three, [[0.5, 0.5], [0.8, 0.8], [0.77, 0.75]], 100, "best")
    described = scores.describe_choice(choice)
    assert described.pop("inner_standard_error") == pytest.approx(0.04)
    assert described == {
        "candidates": 3,
        "inner_score": 0.8,
        "candidates_within_error": 2,
    }
    nothing = scores.describe_choice(select(three[:1], [[]], 100, "best"))
    assert nothing["candidates"] == 1 and nothing["inner_score"] is None


def test_the_search_is_charged_to_whom_it_chose_for():
    """Its history holds final networks, too, which are no part of the search."""
    steps = {"inner_0": 7, "inner_1": 8, "final": 99}
    search = [
        [
            {"part": part, "steps": number, "training_seconds": number / 10}
            for part, number in steps.items()
        ]
    ]
    chain = replace(final_chain([0.5, 0.9], members=2), search=search)
    result = scores.evaluate(LABELS, NAMES[:2], chain)
    assert result["search_steps"] == 7 + 8 and result["gradient_steps"] == 2 * (10 + 20)
    assert result["search_time"] == 0.7 + 0.8
