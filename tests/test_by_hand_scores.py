"""Scores of final chains, by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from self_training import storage
from self_training.data.split import Split, save_split
from self_training.evaluation import calibration, metrics, scores
from self_training.methods import states
from self_training.methods.labeled_so_far import no_pseudo_labels
from self_training.methods.predictions import Predictions
from self_training.methods.search import select
from self_training.study.candidates import Candidate
from test_scores import PROBABILITIES, Y

LABELS = np.array([0, 1, 0, 1, 0, 1, 0, 1])
SPLIT = Split(
    test_idx=np.array([0, 1, 2, 3]),
    labeled_idx=np.array([4, 5]),
    labeled_y=np.array([0, 1]),
    unlabeled_idx=np.array([6, 7]),
    inner_folds=np.array([[-1, -1]]),
    classes=2,
)


def probabilities(*of_class_1: float) -> np.ndarray:
    return np.stack([1 - np.array(of_class_1), of_class_1], axis=1).astype(np.float32)


NAMES = ["no", "yes"]


def chosen(*hyper_parameters) -> dict:
    """What `search.select` returns where there was nothing to choose."""
    return select([Candidate(*hyper_parameters)], [[]], 2, "best")


def records(steps: int, members: int) -> list[dict]:
    return [
        {"part": "final", "member": member, "steps": steps, "examples_seen": 10 * steps}
        | {"parameters": 100}
        | {"training_seconds": 1.0, "prediction_seconds": {"evaluation": 0.5}, "diverged": False}
        for member in range(members)
    ]


# Test labels are 0 1 0 1. The first is right on two, the mean of two on three, that of all on none.
TEACHERS = np.stack(
    [
        probabilities(0.4, 0.4, 0.6, 0.6),
        probabilities(0.4, 0.9, 0.1, 0.2),
        probabilities(1.0, 0.0, 1.0, 0.0),
    ]
)


@pytest.mark.parametrize(("members", "accuracy"), [(1, 0.5), (2, 0.75), (3, 0.0)])
def test_shared_teachers_are_scored_by_as_many_as_a_method_has(members, accuracy):
    """Means of class 1: .4 .4 .6 .6; .4 .65 .35 .4; .6 .43 .57 .27."""
    choice = chosen(None, None, 0, members)
    result = scores.evaluate(
        LABELS, NAMES, scores.FinalChain(SPLIT, [TEACHERS], [], choice, [records(7, 3)], [])
    )
    assert result["accuracy"] == accuracy
    assert result["gradient_steps"] == 7 * members
    assert result["inference_time"] == 0.5 * members


def test_a_chain_is_scored_by_its_last_students_and_charged_for_all():
    """Right on all after the first generation, on one after the second, which counts."""
    first = np.stack([probabilities(0.1, 0.9, 0.2, 0.8)] * 2)
    second = np.stack([probabilities(0.6, 0.4, 0.4, 0.1), probabilities(0.9, 0.3, 0.1, 0.3)])
    labeled = no_pseudo_labels(2, "hard")._replace(
        examples=np.array([6, 7]),
        targets=np.array([0, 0]),
        confidence=np.array([0.9, 0.8]),
        generation=np.array([1, 2]),
        copies=np.array([1, 2]),
        offered=np.array([1, 1]),
    )
    one = labeled._replace(
        **{name: getattr(labeled, name)[:1] for name in labeled._fields if name != "termination"}
    )
    choice = chosen(0.2, 0.5, 2, 2)
    histories = [records(7, 3), records(9, 2), records(11, 2)]
    result = scores.evaluate(
        LABELS,
        NAMES,
        scores.FinalChain(SPLIT, [TEACHERS, first, second], [one, labeled], choice, histories, []),
    )
    assert result["accuracy"] == 0.25
    assert result["gradient_steps"] == 2 * (7 + 9 + 11)
    assert result["examples_seen"] == 20 * (7 + 9 + 11)
    rows = result["generations_of_chain"]
    assert [row["accuracy"] for row in rows] == [0.75, 1.0, 0.25]
    assert [row["correct"] for row in rows] == [None, 1, 0]
    assert [row["trained_on"] for row in rows] == [0, 1, 2]


def test_every_fold_is_scored_by_its_own_files(tmp_path):
    def paths(kind, folds=2):
        return [tmp_path / f"{kind}_{fold}" for fold in range(folds)]

    files = SimpleNamespace(
        splits=[path.with_suffix(".npz") for path in paths("split")],
        predictions=[path.with_suffix(".npz") for path in paths("predictions")],
        pseudo_labels=[],
        choices=paths("choice"),
        histories=paths("history", 1),
        search_histories=paths("search", 1),
    )
    for fold in range(2):
        save_split(files.splits[fold], SPLIT)
        # The first fold's teacher is right on two; the second's on all.
        right = np.stack([probabilities(0.1, 0.9, 0.2, 0.8)])
        states.save(files.predictions[fold], {"final": Predictions((TEACHERS, right)[fold])})
        storage.save_json(files.choices[fold], chosen(None, None, 0, 1))
    in_search = [
        [{"part": "inner_0", "steps": steps, "training_seconds": 0.5}] * 2 for steps in (30, 40)
    ]
    # Shared teachers are trained for the search and for the final chain by one job.
    in_search[0] += records(5, 1)
    storage.save_json(files.search_histories[0], {"folds": in_search})
    storage.save_json(files.histories[0], {"folds": [records(5, 1), records(6, 1)]})
    chains = scores.load_final_chains(files, SimpleNamespace(synthetic=None, thinned=True))
    found = [scores.evaluate(LABELS, NAMES, chain) for chain in chains]
    assert [result["accuracy"] for result in found] == [0.5, 1.0]
    assert [result["gradient_steps"] for result in found] == [5, 6]
    assert [result["search_steps"] for result in found] == [60, 80]
    assert [result["search_time"] for result in found] == [1.0, 1.0]
    # Where classes were made unequal the rarest is the last.
    assert [result["rarest_class"] for result in found] == [NAMES[-1]] * 2


def test_average_precision_by_hand():
    """Steps of recall times precision there: class 0 found 1st, 2nd and 4th; class 1 1st, then as
    one of two with the same probability, after four in all; class 2 1st."""
    of_classes = [(1 + 1 + 3 / 4) / 3, (1 + 2 / 4) / 2, 1]
    found = metrics.average_precision(Y, PROBABILITIES)
    assert found == pytest.approx(np.mean(of_classes))


def test_calibration_error_by_hand():
    """Of two predictions both right, of confidence 0.8: a squared gap of 0.04. Of four, of which
    two are right, of 0.35: one of 0.0225, of which 0.25 / 3 are chance."""
    bins = [
        {"bin": 7, "count": 2, "correct": 2, "confidence": 1.6},
        {"bin": 3, "count": 4, "correct": 2, "confidence": 1.4},
        {"bin": 9, "count": 1, "correct": 0, "confidence": 0.95},
    ]
    mean = (2 * 0.04 + 4 * (0.0225 - 0.25 / 3)) / 6
    assert calibration.calibration_error(bins) == pytest.approx(-((-mean) ** 0.5))
    assert calibration.calibration_error(bins[:1]) == pytest.approx(0.2)


def test_the_inner_score_is_that_of_the_selected():
    """The cheaper one, which is within a standard error of the best."""
    two = [Candidate(0.2, 0.5, 2, 1), Candidate(0.2, 0.5, 1, 1)]
    choice = select(two, [[0.8, 0.8], [0.75, 0.75]], 60, "one_standard_error")
    described = scores.describe_choice(choice)
    assert described["inner_score"] == 0.75 and described["candidates_within_error"] == 2
    assert described["inner_standard_error"] == pytest.approx((0.75 * 0.25 / 60) ** 0.5)
