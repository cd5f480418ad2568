"""Pseudo-labels, inner scores and runs, recomputed by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from self_training import storage
from self_training.data.split import Split, save_split
from self_training.methods import controls, generation, noisy_student, search, states, teachers
from self_training.methods.labeled_so_far import no_pseudo_labels
from self_training.methods.noisy_student import Labeling
from self_training.methods.parts import SEARCH, parts
from self_training.methods.predictions import Predictions
from self_training.study.candidates import HYPER_PARAMETERS, Candidate
from self_training.training.runs import FINAL

IDENTITY = {"study": 1, "dataset": "d", "outer_fold": 0}
# A dataset of fourteen in two classes; inner folds hold out one of each class.
SPLIT = Split(
    test_idx=np.array([12, 13]),
    labeled_idx=np.array([0, 1, 2, 3, 4, 5]),
    labeled_y=np.array([0, 1, 1, 0, 1, 0]),
    unlabeled_idx=np.array([9, 6, 11, 8, 7, 10]),
    inner_folds=np.array([[0, 0, 1, 1, 2, 2]]),
    classes=2,
)
# What a control has to choose from: nothing.
OF_CONTROL = {"unlabeled_fraction": [None], "threshold": [None], "generations": [0]}
OF_CONTROL |= {"ensemble_size": [1]}
FIRST, SECOND = [0.9, 0.1], [0.3, 0.7]  # A sure vote for class 0, and one for class 1.


def students_of(chain: Candidate, number: int, labeled, phase: str = FINAL) -> list:
    return [
        run
        for part in parts(SPLIT, phase)
        for run in noisy_student.students(
            SPLIT, part, chain, number, labeled, name=f"0/{part.name}", identity=IDENTITY
        )
    ]


def test_inner_folds_are_trained_on_what_they_do_not_hold_out():
    labeled = no_pseudo_labels(2, "hard")._replace(
        examples=np.array([9]), targets=np.array([1]), copies=np.array([1])
    )
    expected = {
        "inner_0": ([2, 3, 4, 5], [1, 0, 1, 0], [0, 1]),
        "inner_1": ([0, 1, 4, 5], [0, 1, 1, 0], [2, 3]),
        "inner_2": ([0, 1, 2, 3], [0, 1, 1, 0], [4, 5]),
    }
    runs = teachers.runs(
        SPLIT, search_members=1, final_members=0, unlabeled_fraction=1, identity=IDENTITY
    )
    for run in runs:
        given = run.examples.tolist(), run.targets.tolist(), run.predict["evaluation"].tolist()
        assert given == expected[run.name]
    students = students_of(Candidate(0.2, 0.5, 1, 1), 1, labeled, SEARCH)
    assert len(runs) == len(students) == 3
    for run in students:
        examples, targets, held_out = expected[run.identity["part"]]
        assert run.examples.tolist() == [*examples, 9] and run.targets.tolist() == [*targets, 1]
        assert run.predict["evaluation"].tolist() == held_out and run.given == 4


def test_inner_scores_by_hand():
    """Of shared teachers and of students, by the members that a candidate asks for."""

    def predicted(*members):
        return Predictions(np.array(members, np.float32))

    # Held out are labels 0 and 1, 1 and 0, 1 and 0. Of the teachers the first is right, the second
    # says 1, more surely than the first says 0, the third says 0 most surely of all.
    surer, surest = [0.05, 0.95], [0.99, 0.01]
    second, third = [surer, surer], [surest, surest]
    shared = {
        "inner_0": predicted([FIRST, SECOND], second, third),
        "inner_1": predicted([SECOND, FIRST], second, third),
        "inner_2": predicted([SECOND, FIRST], second, third),
    }
    candidates = [Candidate(None, None, 0, size) for size in (1, 2, 3)]
    scores = search.score_candidates(SPLIT, candidates, [shared])
    # Two: the second overrules. Three: means of class 0 are 0.647 and 0.447.
    assert scores == [[1.0] * 3, [0.5] * 3, [1.0] * 3]

    # Chains of one and of two students; one right member of two decides if it is surer.
    right = {"inner_0": [FIRST, SECOND], "inner_1": [SECOND, FIRST], "inner_2": [SECOND, FIRST]}
    wrong = {part: rows[::-1] for part, rows in right.items()}
    sure = {part: (np.array(rows) > 0.5).astype(float) for part, rows in right.items()}
    after_one = {f"0/{part}": predicted(wrong[part]) for part in right}
    after_one |= {f"1/{part}": predicted(wrong[part], sure[part]) for part in right}
    after_two = {f"0/{part}": predicted(right[part]) for part in right}
    after_two |= {f"1/{part}": predicted(wrong[part], wrong[part]) for part in right}
    candidates = [Candidate(0.2, 0.5, number, size) for size in (1, 2) for number in (1, 2)]
    scores = search.score_candidates(SPLIT, candidates, [shared, after_one, after_two])
    assert scores == [[0.0] * 3, [1.0] * 3, [1.0] * 3, [0.0] * 3]
    # Means of 0.5, 0.7 and 0.75: the best one, and not the one with the best fold.
    scores = [[0.5, 0.5, 0.5], [0.7, 0.7, 0.7], [0.75, 0.75, 0.75], [1.0, 0.6, 0.5]]
    assert search.select(candidates, scores, 6, "best")["hyper_parameters"] == (
        candidates[2].as_dict()
    )


def label_first(labels: str, temperature: float, balance: str):
    """Label all of U once; three examples are of class 0, one of class 1, two of nobody's."""
    rows = [[0.8, 0.2], [0.9, 0.1], [0.5, 0.5], [0.7, 0.3], [0.25, 0.75], [0.5, 0.5]]
    given = {FINAL: Predictions(np.zeros((1, 2, 2)), np.array([rows]))}
    how = Labeling(labels, temperature, filter="every_generation", balance=balance, quota=None)
    chains = [Candidate(None, 0.5, 1, 1)]
    return generation.label_all(SPLIT, FINAL, chains, 1, given, {}, how, IDENTITY)


@pytest.mark.parametrize(
    ("balance", "copies"),
    [("none", [1, 1, 1, 1]), ("undersample", [0, 1, 0, 1]), ("quota", [1, 1, 0, 2])],
)
def test_a_generation_by_hand(balance, copies):
    """Temperature 1/2 squares the probabilities: 0.64 : 0.04, 0.81 : 0.01, 0.49 : 0.09, 1 : 9."""
    made = label_first("soft", 0.5, balance)
    labeled = made.pseudo_labels["0/final"]
    soft = np.array([[16 / 17, 1 / 17], [81 / 82, 1 / 82], [49 / 58, 9 / 58], [0.1, 0.9]])
    assert labeled.examples.tolist() == [9, 6, 8, 7]
    np.testing.assert_allclose(labeled.targets, soft, atol=1e-6)
    assert labeled.confidence.tolist() == [0.8, 0.9, 0.7, 0.75]
    assert labeled.copies.tolist() == copies
    (run,) = made.runs
    repeated = np.repeat([9, 6, 8, 7], copies).tolist()
    assert run.examples.tolist() == [0, 1, 2, 3, 4, 5, *repeated] and run.given == 6
    given = np.eye(2)[[0, 1, 1, 0, 1, 0]]
    targets = np.concatenate([given, np.repeat(soft, copies, axis=0)])
    np.testing.assert_allclose(run.targets, targets, atol=1e-6)
    hard = label_first("hard", 0.5, balance).runs[0]
    assert hard.targets.tolist() == [0, 1, 1, 0, 1, 0, *np.repeat([0, 0, 0, 1], copies).tolist()]


def test_members_and_generations_have_seeds_of_their_own():
    labeled = no_pseudo_labels(2, "hard")
    chain = Candidate(0.2, 0.5, 3, 3)
    students = [students_of(chain, number, labeled) for number in (1, 2, 3)]
    assert [[run.identity["member"] for run in runs] for runs in students] == [[0, 1, 2]] * 3
    assert [runs[0].identity["generation"] for runs in students] == [1, 2, 3]
    three = [Candidate(None, None, 0, 3)]
    of_control = controls.runs(SPLIT, FINAL, three, identity=IDENTITY)
    assert [run.identity["member"] for run in of_control] == [0, 1, 2]
    for run in (*of_control, *(run for runs in students for run in runs)):
        assert IDENTITY.items() < run.identity.items() and run.identity["part"] == FINAL


def test_a_control_takes_the_steps_of_its_own_fold_s_last_student(tmp_path):
    """Students of later generations have more examples, and take more steps."""

    def history(generation, *steps_of_folds):
        of_final = {"part": FINAL, "generation": generation}
        return {
            "folds": [
                [{"part": "inner_0", "steps": 1}, of_final | {"steps": steps}]
                for steps in steps_of_folds
            ]
        }

    files = SimpleNamespace(splits=[], histories=[], choices=[], get={}.get)
    for fold in range(2):
        files.splits.append(tmp_path / f"split_{fold}.npz")
        save_split(files.splits[-1], SPLIT)
    for number, steps in enumerate([(4, 5), (9, 10), (12, 14)]):
        files.histories.append(tmp_path / f"history_{number}.json")
        storage.save_json(files.histories[-1], history(number, *steps))
    params = SimpleNamespace(
        identities=[IDENTITY, IDENTITY | {"outer_fold": 1}],
        search={"space": OF_CONTROL, "strategy": "grid", "trials": None, "takes": []},
        asked={},
        whole_chain=False,
        synthetic=None,
    )
    batch, classes = controls.load_batch(files, params, FINAL)
    assert [[run.steps for run in runs] for runs in batch] == [[12], [14]] and classes == 2
    # With the seeds of that student: of the second generation.
    assert [run.identity["generation"] for runs in batch for run in runs] == [2, 2]
    assert [run.identity["outer_fold"] for runs in batch for run in runs] == [0, 1]
    params.whole_chain = True
    batch, _ = controls.load_batch(files, params, FINAL)
    assert [[run.steps for run in runs] for runs in batch] == [[4 + 9 + 12], [5 + 10 + 14]]
    # So do its candidates in the search, on the inner folds.
    batch, _ = controls.load_batch(files, params, SEARCH)
    assert [[run.steps for run in runs] for runs in batch] == [[25] * 3, [29] * 3]


def test_every_fold_has_a_choice_of_its_own(tmp_path):
    """One fold has chosen a threshold of 0.6, the other one of 0.85."""
    files = SimpleNamespace(splits=[], predictions=[], choices=[], previous=[])
    files.teacher_choices = []
    rows = np.array([[[0.8, 0.2], [0.1, 0.9]]], np.float32)
    for fold, threshold in enumerate((0.6, 0.85)):
        for kind in ("splits", "predictions", "choices"):
            getattr(files, kind).append(tmp_path / f"{kind}_{fold}")
        files.predictions[-1] = files.predictions[-1].with_suffix(".npz")
        files.splits[-1] = files.splits[-1].with_suffix(".npz")
        save_split(files.splits[-1], SPLIT)
        states.save(files.predictions[-1], {FINAL: Predictions(np.zeros((1, 2, 2)), rows)})
        chosen = Candidate(1 / 6, threshold, 1, 1).as_dict()
        storage.save_json(files.choices[-1], {"hyper_parameters": chosen})
    params = SimpleNamespace(
        identities=[IDENTITY, IDENTITY | {"outer_fold": 1}],
        search={"space": {}, "strategy": "fixed", "trials": None, "takes": [[*HYPER_PARAMETERS]]},
        labeling={"labels": "hard", "temperature": 1, "filter": "once"}
        | {"balance": "none", "quota": None},
        synthetic=None,
    )
    made = generation.load_generations(files, params, FINAL, 1)
    found = [some.pseudo_labels["0/final"].examples.tolist() for some in made]
    assert found == [[9, 6], [6]]


def test_candidates_train_as_they_say():
    said = {"learning_rate": 0.01, "weight_decay": 0.1, "label_smoothing": 0.2}
    said |= {"magnitude": 5, "dropout": 0.3, "steps": 9}
    students = students_of(Candidate(0.2, 0.5, 1, 2, 0.5, **said), 1, no_pseudo_labels(2, "hard"))
    control = [Candidate(None, None, 0, 2, **said), Candidate(None, None, 0, 1)]
    trained = controls.runs(SPLIT, FINAL, control, identity=IDENTITY)
    assert [run.settings for run in students] == [said] * 2
    assert [run.settings for run in trained] == [said, said, {}]


def test_candidates_label_at_their_own_temperature():
    """A temperature of 1/2 squares, though the settings say 2; at 2, roots are taken."""
    teachers_of = {FINAL: Predictions(np.zeros((1, 2, 2)), np.full((1, 6, 2), [[0.8, 0.2]]))}
    how = Labeling("soft", 2, "every_generation", "none", None)
    chains = [Candidate(None, 0.5, 1, 1, temperature=value) for value in (0.5, None)]
    made = generation.label_all(SPLIT, FINAL, chains, 1, teachers_of, {}, how, IDENTITY)
    for name, odds in (("0/final", 16), ("1/final", 2)):
        targets = made.pseudo_labels[name].targets
        np.testing.assert_allclose(targets[:, 0] / targets[:, 1], odds, rtol=1e-5)


def test_every_fold_has_the_teacher_that_it_has_chosen(tmp_path):
    paths = []
    for fold, selected in enumerate((1, 0)):
        paths.append(tmp_path / f"choice_{fold}.json")
        storage.save_json(paths[-1], {"selected": selected})
    given = [
        {f"{candidate}/{FINAL}": Predictions(np.full((1, 2, 2), 10 * fold + candidate))}
        for fold in range(2)
        for candidate in range(2)
    ]
    of_folds = [given[0] | given[1], given[2] | given[3]]
    taught = teachers.of_parts(of_folds, paths)
    assert [some[FINAL].evaluation.mean() for some in taught] == [1, 10]
    # One that has no choice has one candidate; the shared ones have no candidates.
    assert teachers.of_parts(of_folds, [])[1][FINAL].evaluation.mean() == 10
    shared = [{FINAL: Predictions(np.full((1, 2, 2), 5))}]
    assert teachers.of_parts(shared, [])[0][FINAL].evaluation.mean() == 5


def test_a_choice_is_made_by_the_teacher_that_was_selected(tmp_path):
    """Of a control's two candidates the second, which is right on all of six labels but one, in
    the first of two partitions; students are never right."""
    split = replace(SPLIT, inner_folds=np.array([[0, 0, 1, 1, 2, 2], [2, 0, 1, 0, 1, 2]]))
    label_of = dict(zip(split.labeled_idx.tolist(), split.labeled_y.tolist(), strict=True))
    right = {
        part.name: np.array([label_of[example] for example in part.evaluation_idx.tolist()])
        for part in parts(split, SEARCH)
    }

    def predicted(classes) -> Predictions:
        return Predictions(np.eye(2, dtype=np.float32)[classes][None])

    control = {f"0/{part}": predicted(1 - labels) for part, labels in right.items()}
    control |= {f"1/{part}": predicted(labels) for part, labels in right.items()}
    control["1/inner_0"] = predicted([0, 0])
    # The chain of one generation is the second, after the one without.
    students = {f"1/{part}": predicted(1 - labels) for part, labels in right.items()}
    files = SimpleNamespace(splits=[tmp_path / "split.npz"], choices=[])
    files.predictions = [tmp_path / "control.npz", tmp_path / "students.npz"]
    files.teacher_choices = [tmp_path / "choice.json"]
    save_split(files.splits[0], split)
    states.save(files.predictions[0], control)
    states.save(files.predictions[1], students)
    storage.save_json(files.teacher_choices[0], {"selected": 1})
    space = {"unlabeled_fraction": [0.2], "threshold": [0.5], "generations": [0, 1]}
    space |= {"ensemble_size": [1]}
    params = SimpleNamespace(
        identities=[IDENTITY],
        search={"space": space, "strategy": "grid", "trials": None, "takes": []},
        selection="best",
    )
    (choice,) = search.choose_in_folds(files, params)
    assert choice["selected"] == 0 and choice["hyper_parameters"]["generations"] == 0
    assert choice["candidates"][0]["accuracies"] == [0.5, 1, 1, 1, 1, 1]
    assert choice["candidates"][1]["mean_accuracy"] == 0
    # Six labels, however often they are divided.
    error = choice["candidates"][0]["standard_error"]
    assert error == pytest.approx((11 / 12 * 1 / 12 / 6) ** 0.5)
