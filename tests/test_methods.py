"""What methods train, by hand: examples and targets of runs, and the states between generations."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from self_training.data.split import Split, save_split
from self_training.methods import (
    controls,
    generation,
    labeled_so_far,
    predictions,
    search,
    states,
    teachers,
)
from self_training.methods.labeled_so_far import no_pseudo_labels
from self_training.methods.noisy_student import students
from self_training.methods.parts import SEARCH, parts
from self_training.methods.predictions import Predictions, stack_members
from self_training.study.candidates import Candidate
from self_training.training.runs import FINAL, TrainedRun

IDENTITY = {"study": 1, "dataset": "d", "outer_fold": 0}
# A dataset of twelve: two of each class are labeled, one of each in every inner fold.
SPLIT = Split(
    test_idx=np.array([10, 11]),
    labeled_idx=np.array([0, 1, 2, 3]),
    labeled_y=np.array([0, 1, 1, 0]),
    unlabeled_idx=np.array([9, 4, 7, 5, 8, 6]),
    inner_folds=np.array([[0, 0, 1, 1]]),
    classes=2,
)
ONE = [Candidate(None, None, 0, 1)]
SURE = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]], np.float32)


def test_teachers_are_trained_on_labels_alone():
    runs = teachers.runs(
        SPLIT, search_members=1, final_members=2, unlabeled_fraction=0.2, identity=IDENTITY
    )
    assert [run.name for run in runs] == ["inner_0", "inner_1", "final", "final"]
    # The inner fold that is held out is predicted, and not trained on.
    held_out, others = runs[0].predict["evaluation"], runs[0].examples
    assert held_out.tolist() == [0, 1] and others.tolist() == [2, 3]
    assert runs[0].targets.tolist() == [1, 0]
    assert runs[2].examples.tolist() == [0, 1, 2, 3] and runs[2].targets.tolist() == [0, 1, 1, 0]
    assert runs[2].predict["evaluation"].tolist() == [10, 11]
    # A fifth of the pool of ten.
    assert all(run.predict["unlabeled"].tolist() == [9, 4] for run in runs)
    assert [run.identity["member"] for run in runs] == [0, 0, 0, 1]
    assert {run.identity["generation"] for run in runs} == {0}
    nothing_searched = teachers.runs(
        SPLIT, search_members=0, final_members=1, unlabeled_fraction=0, identity=IDENTITY
    )
    assert [run.name for run in nothing_searched] == ["final"]


def test_a_control_learns_from_given_labels():
    two = [Candidate(None, None, 0, 2)]
    runs = controls.runs(SPLIT, FINAL, two, identity=IDENTITY, steps=7)
    assert [run.examples.tolist() for run in runs] == [[0, 1, 2, 3]] * 2
    assert [run.name for run in runs] == ["0/final"] * 2
    assert runs[0].targets.tolist() == [0, 1, 1, 0] and runs[0].steps == 7
    assert list(runs[0].predict) == ["evaluation"]
    assert runs[0].predict["evaluation"].tolist() == [10, 11]
    # An upper bound has all labels of the pool, and none of the test fold.
    labels = np.array([0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 9, 9])
    (bound,) = controls.runs(SPLIT, FINAL, ONE, identity=IDENTITY, labels=labels)
    assert bound.examples.tolist() == list(range(10))
    assert bound.targets.tolist() == labels[:10].tolist() and bound.steps is None


def test_candidates_of_a_control_are_trained_without_the_fold_that_is_held_out():
    candidates = [Candidate(None, None, 0, 1, learning_rate=rate) for rate in (0.001, 0.003)]
    runs = controls.runs(SPLIT, SEARCH, candidates, identity=IDENTITY, asked=0.2, generation=1)
    names = ["0/inner_0", "1/inner_0", "0/inner_1", "1/inner_1"]
    assert [run.name for run in runs] == names
    assert [run.settings["learning_rate"] for run in runs] == [0.001, 0.003] * 2
    assert runs[0].examples.tolist() == [2, 3] and runs[0].targets.tolist() == [1, 0]
    assert runs[0].predict["evaluation"].tolist() == [0, 1]
    # As a teacher it is asked about the first slice, a fifth of the pool of ten.
    assert all(run.predict["unlabeled"].tolist() == [9, 4] for run in runs)
    # Candidates are compared with the same random numbers.
    assert runs[0].identity == runs[1].identity
    assert runs[0].identity == IDENTITY | {"part": "inner_0", "generation": 1, "member": 0}


def test_a_control_takes_the_steps_and_the_seeds_of_what_it_is_compared_with():
    def record(part, steps, generation=0):
        return {"part": part, "steps": steps, "generation": generation}

    teachers_alone = [[record("inner_0", 3), record(FINAL, 4), record(FINAL, 4)], []]
    assert controls.taken_of(teachers_alone, False) == (4, 0)
    chain = [*teachers_alone[:1], [record(FINAL, 9, 1)] * 2, [record(FINAL, 7, 2)], []]
    assert controls.taken_of(chain, False) == (7, 2)
    # Of one member: teacher and students of both generations.
    assert controls.taken_of(chain, True) == (4 + 9 + 7, 2)
    assert controls.taken_of([], False) == controls.taken_of([], True) == (None, 0)


def test_a_control_has_the_seeds_of_the_students_that_it_is_compared_with():
    labeled = no_pseudo_labels(2, "hard")._replace(
        examples=np.array([9]), targets=np.array([1]), copies=np.array([1])
    )
    (part,) = parts(SPLIT, FINAL)
    last = list(
        students(
            SPLIT, part, Candidate(0.3, 0.5, 2, 2), 2, labeled, name="0/final", identity=IDENTITY
        )
    )
    two = [Candidate(None, None, 0, 2)]
    runs = controls.runs(SPLIT, FINAL, two, identity=IDENTITY, steps=7, generation=2)
    assert [run.identity for run in runs] == [student.identity for student in last]


def test_students_learn_from_labels_and_copies_of_pseudo_labels():
    labeled = no_pseudo_labels(2, "hard")._replace(
        examples=np.array([9, 4, 7]), targets=np.array([1, 0, 1]), copies=np.array([2, 0, 1])
    )
    (part,) = parts(SPLIT, FINAL)
    chain = Candidate(0.3, 0.5, 2, 2)
    first, second = students(SPLIT, part, chain, 1, labeled, name="0/final", identity=IDENTITY)
    assert first.examples.tolist() == [0, 1, 2, 3, 9, 9, 7]
    assert first.targets.tolist() == [0, 1, 1, 0, 1, 1, 1]
    assert first.given == 4 and first.name == "0/final"
    # They are asked about the next slice, and after the last generation about nothing.
    assert first.predict["unlabeled"].tolist() == [5, 8, 6]
    short = Candidate(0.2, 0.5, 1, 1)
    (last,) = students(SPLIT, part, short, 1, labeled, name="0/final", identity=IDENTITY)
    assert last.predict["unlabeled"].tolist() == []
    identities = [first.identity, second.identity]
    assert [one["member"] for one in identities] == [0, 1] and identities[0]["generation"] == 1


def test_given_labels_beside_soft_ones_are_certain():
    labeled = no_pseudo_labels(2, "soft")._replace(
        examples=np.array([9]),
        targets=np.array([[0.3, 0.7]], np.float32),
        copies=np.array([1]),
    )
    (part,) = parts(SPLIT, FINAL)
    (run,) = students(
        SPLIT, part, Candidate(0.3, 0.5, 1, 1), 1, labeled, name="0/final", identity=IDENTITY
    )
    expected = np.array([[1, 0], [0, 1], [0, 1], [1, 0], [0.3, 0.7]], np.float32)
    np.testing.assert_array_equal(run.targets, expected)


@pytest.fixture()
def files(tmp_path):
    """What a job of generation 1 of the search is given, in two outer folds."""
    paths = SimpleNamespace(splits=[], predictions=[], choices=[], previous=[])
    paths.teacher_choices = []
    for fold in range(2):
        paths.splits.append(tmp_path / f"split_{fold}.npz")
        paths.predictions.append(tmp_path / f"teachers_{fold}.npz")
        save_split(paths.splits[-1], SPLIT)
        predicted = Predictions(
            evaluation=np.full((2, 2, 2), 0.5, np.float32),
            unlabeled=np.stack([SURE, SURE[:, ::-1]]),
        )
        states.save(paths.predictions[-1], {"inner_0": predicted, "inner_1": predicted})
    return paths


def load(files, **space):
    space = {
        "unlabeled_fraction": [0.3],
        "threshold": [0.5, 0.7],
        "generations": [1],
        "ensemble_size": [1],
    } | space
    params = SimpleNamespace(
        identities=[IDENTITY, IDENTITY | {"outer_fold": 1}],
        search={"space": space, "strategy": "grid", "trials": None, "takes": []},
        labeling={"labels": "hard", "temperature": 1, "filter": "every_generation"}
        | {"balance": "none", "quota": None},
        synthetic=None,
    )
    return generation.load_generations(files, params, SEARCH, 1)


def test_a_job_labels_for_every_chain_on_every_part_of_every_fold(files):
    first, second = load(files)
    assert second.identity["outer_fold"] == 1
    names = ["0/inner_0", "0/inner_1", "1/inner_0", "1/inner_1"]
    assert list(first.pseudo_labels) == names
    # Above 0.5 all three, above 0.7 two of them.
    assert first.pseudo_labels["0/inner_0"].examples.tolist() == [9, 4, 7]
    assert first.pseudo_labels["1/inner_1"].examples.tolist() == [9, 4]
    # Part by part, since networks of one part start from the same weights.
    assert [run.name for run in first.runs] == [names[0], names[2], names[1], names[3]]
    assert first.runs[0].examples.tolist() == [2, 3, 9, 4, 7]
    assert first.runs[0].targets.tolist() == [1, 0, 0, 1, 1]


def test_an_ensemble_asks_its_members_alone(files):
    (alone, _), (both, _) = (load(files, ensemble_size=[size], threshold=[0.55]) for size in (1, 2))
    assert alone.pseudo_labels["0/inner_0"].confidence.tolist() == pytest.approx([0.9, 0.8, 0.6])
    # The second teacher says the opposite: nobody is sure of anything.
    assert both.pseudo_labels["0/inner_0"].termination == "nothing_selected"
    assert len(alone.teachers["0/inner_0"].evaluation) == 1
    assert len(both.teachers["0/inner_0"].evaluation) == 2
    assert not both.runs and both.predictions([]) == both.teachers


def test_predictions_of_students_replace_those_of_their_teachers_alone(files):
    first, _ = load(files, threshold=[0.5, 0.95])
    assert first.pseudo_labels["1/inner_0"].termination == "nothing_selected"
    probabilities = {"unlabeled": np.zeros((0, 2)), "evaluation": np.ones((2, 2))}
    after = first.predictions([TrainedRun(probabilities, {}) for _ in first.runs])
    assert list(after) == list(first.teachers)
    assert (after["0/inner_0"].evaluation == 1).all()
    assert (after["1/inner_0"].evaluation == 0.5).all()


def test_states_are_kept_in_files(tmp_path, files):
    first, _ = load(files)
    states.save(tmp_path / "labels.npz", first.pseudo_labels)
    read = labeled_so_far.load(tmp_path / "labels.npz")
    for name, written in first.pseudo_labels.items():
        assert read[name].termination == written.termination == ""
        for one, other in zip(read[name][:-1], written[:-1], strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
    # Nobody asks a control about unlabeled examples; its file has no predictions of any.
    (run,) = controls.runs(SPLIT, FINAL, ONE, identity=IDENTITY)
    predicted = stack_members([run], [TrainedRun({"evaluation": np.ones((2, 2))}, {})])
    states.save(tmp_path / "control.npz", predicted)
    with np.load(tmp_path / "control.npz") as archive:
        assert archive.files == ["0/final/evaluation"]
    assert predictions.load(tmp_path / "control.npz")["0/final"].unlabeled is None


def test_candidates_are_scored_on_the_fold_that_was_held_out(tmp_path, files):
    """Labels of inner fold 0 are 0 and 1, those of fold 1 are 1 and 0."""
    zero_one = np.array([[[0.9, 0.1], [0.1, 0.9]]], np.float32)
    half, one_zero = np.array([[[0.9, 0.1], [0.9, 0.1]]], np.float32), zero_one[:, :, ::-1]
    candidates = [Candidate(None, None, 0, 1), Candidate(0.3, 0.5, 1, 1), Candidate(0.3, 0.5, 2, 1)]
    nothing = np.zeros((1, 0, 2), np.float32)

    def state(first, second, prefix=""):
        predicted = {"inner_0": first, "inner_1": second}
        return {f"{prefix}{part}": Predictions(some, nothing) for part, some in predicted.items()}

    # The chain of one and two generations is the second; that of none the first.
    searched = [state(zero_one, half), state(one_zero, one_zero, "1/"), state(half, half, "1/")]
    scores = search.score_candidates(SPLIT, candidates, searched)
    assert scores == [[1.0, 0.5], [0.0, 1.0], [0.5, 0.5]]
    paths = []
    for index, some in enumerate(searched):
        paths.append(tmp_path / f"searched_{index}.npz")
        states.save(paths[-1], some)
    files = SimpleNamespace(
        splits=files.splits[:1], choices=[], predictions=paths, teacher_choices=[]
    )
    space = {
        "unlabeled_fraction": [0.3],
        "threshold": [0.5],
        "generations": [0, 1, 2],
        "ensemble_size": [1],
    }
    settings = {"space": space, "strategy": "grid", "trials": None, "takes": []}
    params = SimpleNamespace(identities=[IDENTITY], search=settings, selection="best")
    (choice,) = search.choose_in_folds(files, params)
    assert choice["hyper_parameters"]["generations"] == 0
    assert [row["accuracies"] for row in choice["candidates"]] == scores
    assert json.loads(json.dumps(choice)) == choice


def test_the_selected_candidate_of_a_control_teaches(tmp_path, files):
    """Its second candidate was selected, which names the other class."""
    for fold, path in enumerate(files.predictions):
        by_part = predictions.load(path)
        flipped = {
            name: Predictions(some.evaluation, some.unlabeled[:, :, ::-1])
            for name, some in by_part.items()
        }
        both = {f"0/{name}": some for name, some in by_part.items()}
        states.save(path, both | {f"1/{name}": some for name, some in flipped.items()})
        choice = {"selected": 1, "hyper_parameters": Candidate(None, None, 0, 2).as_dict()}
        files.teacher_choices.append(tmp_path / f"choice_{fold}.json")
        files.teacher_choices[-1].write_text(json.dumps(choice))
    first, _ = load(files)
    assert first.pseudo_labels["0/inner_0"].examples.tolist() == [9, 4, 7]
    assert first.pseudo_labels["0/inner_0"].targets.tolist() == [1, 0, 0]
    files.teacher_choices.clear()
    assert load(files)[0].pseudo_labels["0/inner_0"].targets.tolist() == [0, 1, 1]
