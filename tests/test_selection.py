"""Which pseudo-labels are selected beside a threshold, by how many teachers: by hand."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import tiny_config
from self_training.errors import ConfigError
from self_training.evaluation import scores
from self_training.evaluation.scores import FinalChain
from self_training.methods import generation as generations
from self_training.methods import pseudo_labels, search, selection, teachers
from self_training.methods.noisy_student import Labeling
from self_training.methods.parts import parts
from self_training.methods.predictions import Predictions
from self_training.report import methods_text
from self_training.study import asked, checks, fair_controls, methods, trainings
from self_training.study.candidates import Candidate
from self_training.training.runs import FINAL
from test_by_hand_methods import IDENTITY, SPLIT

# Of class 0 the first three, of class 1 the others; in the order of U: 9, 6, 11, 8, 7, 10.
CONFIDENT = np.array([0.8, 0.9, 0.55, 0.7, 0.75, 0.6])
ROWS = np.array([[c, 1 - c] if i < 3 else [1 - c, c] for i, c in enumerate(CONFIDENT)])
PLAIN = Labeling("hard", 1, "every_generation", "none", None)


def labeled(members, number=1, before=None, how=PLAIN, **chain):
    """Return the pseudo-labels of a generation whose teachers predict that of U.

    Args:
        members: (examples, classes) of one, or (members, examples, classes).
    """
    members = np.asarray(members, np.float32)
    members = members[None] if members.ndim == 2 else members
    said = {"unlabeled_fraction": None, "threshold": None, "generations": 9}
    chain = Candidate(**said | {"ensemble_size": len(members)} | chain)
    given = {FINAL if number == 1 else f"0/{FINAL}": Predictions(np.zeros((1, 2, 2)), members)}
    previous = {} if before is None else {f"0/{FINAL}": before}
    made = generations.label_all(SPLIT, FINAL, [chain], number, given, previous, how, IDENTITY)
    return made.pseudo_labels[f"0/{FINAL}"]


# Curriculum labeling.


def test_a_curriculum_takes_a_third_of_all_more_in_every_generation():
    how = replace(PLAIN, curriculum=1 / 3)
    first = labeled(ROWS, how=how)
    assert first.examples.tolist() == [9, 6] and first.offered.tolist() == [6]
    # The next teachers are sure of others: theirs count, and labels are made anew.
    second = labeled(ROWS[::-1], 2, first, how)
    assert second.examples.tolist() == [6, 11, 7, 10] and second.targets.tolist() == [1, 1, 0, 0]
    assert second.generation.tolist() == [2] * 4
    third = labeled(ROWS, 3, second, how)
    assert third.examples.tolist() == [9, 6, 11, 8, 7, 10]
    fourth = labeled(ROWS, 4, third, how)
    assert fourth.examples.tolist() == [9, 6, 11, 8, 7, 10] and fourth.termination == ""


def test_a_curriculum_is_of_all_that_are_asked_about_and_balanced_afterwards():
    """Of the three most confident two are of class 0: the percentile is not one of each class."""
    half = replace(PLAIN, curriculum=0.5)
    assert labeled(ROWS, how=half).examples.tolist() == [9, 6, 7]
    balanced = labeled(ROWS, how=replace(half, balance="undersample"))
    assert balanced.examples.tolist() == [9, 6, 7] and balanced.copies.tolist() == [0, 1, 1]


def test_parts_are_rounded_up_and_equals_are_taken_in_the_order_of_the_unlabeled():
    # 0.2 * 3 is 0.6000000000000001 in binary.
    assert selection.count_of(0.2 * 3, 10) == 6 and selection.count_of(0.61, 10) == 7
    assert selection.count_of(0.01, 10) == 1 and selection.count_of(1.2, 10) == 10
    equal = selection.most_confident(np.array([0.5, 1, 1, 1]), 2)
    assert equal.tolist() == [False, True, True, False]


# AutoGluon's rule.


def filter_pseudo(rows: np.ndarray, at_least: float, at_most: float, threshold: float):
    """Return what AutoGluon takes before it balances: its function, in other words."""
    confidence = rows.max(axis=1)
    part = (confidence >= threshold).mean()
    if not at_least <= part <= at_most:
        count = max(np.ceil((at_most if part > at_most else at_least) * len(rows)), 1)
        threshold = np.sort(confidence)[::-1][int(count) - 1]
    return confidence >= threshold


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.95, 0.999])
def test_bounds_of_a_share_are_those_of_autogluon(threshold):
    rng = np.random.default_rng(3)
    for examples in (1, 7, 100):
        rows = rng.dirichlet(np.full(3, 0.5), examples)
        mask = selection.bounded(
            rows.max(axis=1), pseudo_labels.select(rows, threshold), at_least=0.05, at_most=0.6
        )
        assert mask.tolist() == filter_pseudo(rows, 0.05, 0.6, threshold).tolist()
    # Of a hundred as many as may be, or as many as must be.
    bounds = {0.3: 60, 0.5: 60, 0.999: 5}
    assert round(100 * mask.mean()) == bounds.get(threshold, round(100 * mask.mean()))


def test_a_threshold_is_moved_as_far_as_it_must():
    def taken(threshold, **share):
        how = replace(PLAIN, share={"at_least": 0, "at_most": 1} | share)
        return labeled(ROWS, how=how, threshold=threshold).examples.tolist()

    # Nothing is above 0.95: a third of six are two. Five are above 0.56: half of six are three.
    assert taken(0.95, at_least=1 / 3, at_most=0.5) == [9, 6]
    assert taken(0.56, at_least=1 / 3, at_most=0.5) == [9, 6, 7]
    # Between the bounds the threshold stays, and so it does where a bound is not given.
    assert taken(0.72, at_least=1 / 3, at_most=0.5) == [9, 6, 7]
    assert taken(0.85, at_most=0.5) == [6] and taken(0.56, at_least=0.5) == [9, 6, 8, 7, 10]
    nothing = labeled(ROWS, threshold=0.95)
    assert nothing.termination == "nothing_selected"


def test_classes_are_cut_to_the_rarest_at_random():
    classes, confidence = np.array([1, 0, 0, 1, 0]), np.array([0.9, 0.5, 0.8, 0.7, 0.9])
    assert pseudo_labels.balance(classes, confidence, "sample").tolist() == [1, 1, 1, 1, 0]
    assert pseudo_labels.balance(classes, confidence, "undersample").tolist() == [1, 0, 1, 1, 1]


def test_the_rest_is_labeled_until_nothing_is_left():
    """What balancing has left out is asked about again, and what was learned stays as it was."""
    how = replace(PLAIN, balance="sample", schedule="rest")
    first = labeled(ROWS, how=how, threshold=0.65)
    # Of 9, 6, of class 0, and 8, 7, of class 1: two each. In the next, of 9 alone and 7.
    assert first.examples.tolist() == [9, 6, 8, 7] and first.copies.tolist() == [1, 1, 1, 1]
    first = first._replace(copies=np.array([1, 0, 1, 0]))
    second = labeled(1 - ROWS, 2, first, how, threshold=0.65)
    assert second.offered.tolist() == [6, 4] and second.termination == ""
    assert second.examples.tolist() == [9, 8, 6, 7] and second.targets.tolist() == [0, 1, 1, 0]
    assert second.generation.tolist() == [1, 1, 2, 2]
    third = labeled(ROWS, 3, second, how, threshold=0.5)
    assert third.offered.tolist() == [6, 4, 2] and third.examples.tolist()[4:] == [11, 10]
    fourth = labeled(ROWS, 4, third, how, threshold=0.5)
    assert fourth.termination == "unlabeled_used_up" and len(fourth.examples) == 6
    # The mean that is aligned, and parts, are of those that teachers are asked about.
    aligned = labeled(ROWS, 3, second, replace(how, align=True), threshold=0)
    expected = selection.align(ROWS[[2, 5]], SPLIT.labeled_y)
    np.testing.assert_allclose(aligned.confidence[-2:], expected.max(axis=1), atol=1e-6)


# Uncertainty.

# Two members: means as ROWS have them but for rounding, and 0.1, 0.02, 0.2, 0.02, 0.2, 0.02 apart.
APART = np.array([0.1, 0.02, 0.2, 0.02, 0.2, 0.02])
MEMBERS = np.stack([ROWS, ROWS])
MEMBERS[0, :, 0] += APART / 2
MEMBERS[0, :, 1] -= APART / 2
MEMBERS[1] = 2 * ROWS - MEMBERS[0]


def test_members_that_are_apart_are_not_selected():
    """Of two numbers that are d apart the standard deviation of a sample is d / sqrt(2)."""
    np.testing.assert_allclose(
        selection.spread(MEMBERS, np.array([0, 0, 0, 1, 1, 1])), APART / np.sqrt(2), atol=1e-7
    )

    def taken(threshold, of_settings=None, **chain):
        how = replace(PLAIN, uncertainty=of_settings)
        return labeled(MEMBERS, how=how, threshold=threshold, **chain).examples.tolist()

    assert taken(0.5) == [9, 6, 11, 8, 7, 10]
    assert taken(0.5, 0.05) == [6, 8, 10] and taken(0.65, 0.05) == [6, 8]
    # 0.1 / sqrt(2) is 0.0707.
    assert taken(0.5, 0.0708) == [9, 6, 8, 10] and taken(0.5, 0.0706) == [6, 8, 10]
    # What a candidate says goes before the settings.
    assert taken(0.5, 0.0706, uncertainty=0.0708) == [9, 6, 8, 10]
    curriculum = replace(PLAIN, curriculum=0.5, uncertainty=0.1)
    assert labeled(MEMBERS, how=curriculum).examples.tolist() == [9, 6]


def test_the_spread_is_that_of_the_class_that_the_label_says():
    """Three members agree about class 2 and not about the others, of which none is predicted."""
    members = np.array([[[0.4, 0.1, 0.5]], [[0.1, 0.4, 0.5]], [[0.25, 0.25, 0.5]]])
    assert selection.spread(members, np.array([2])).tolist() == [0]
    np.testing.assert_allclose(selection.spread(members, np.array([0])), 0.15)


# Alignment.


def test_classes_are_as_frequent_as_among_the_labels():
    """Predicted are 0.75 and 0.25 on average, given are 1 of 4 and 3 of 4: odds change by nine."""
    rows = np.array([[0.9, 0.1], [0.6, 0.4]])
    aligned = selection.align(rows, np.array([1, 1, 0, 1]))
    np.testing.assert_allclose(aligned, [[0.5, 0.5], [3 / 21, 18 / 21]])
    # As frequent already: nothing changes. A class that is predicted never stays so.
    np.testing.assert_allclose(selection.align(rows[:1], np.array([0] * 9 + [1])), rows[:1])
    never = np.array([[1.0, 0.0]])
    np.testing.assert_allclose(selection.align(never, np.array([0, 1])), never)
    np.testing.assert_allclose(selection.align(never, np.array([1, 1])), never)


def test_aligned_labels_by_hand():
    """SPLIT has three labels of each class; 0.8 of six to 1.6 is predicted, so odds halve."""
    rows = np.array([[0.75, 0.25]] * 2 + [[0.6, 0.4]] * 3 + [[0.7, 0.3]])
    mean = rows.mean(axis=0)
    expected = rows / mean / (rows / mean).sum(axis=1, keepdims=True)
    how = Labeling("soft", 1, "every_generation", "none", None, align=True)
    found = labeled(rows, how=how, threshold=0)
    np.testing.assert_allclose(found.targets, expected, atol=1e-6)
    np.testing.assert_allclose(found.confidence, expected.max(axis=1), atol=1e-6)
    assert found.targets.argmax(axis=1).tolist() == [0, 0, 1, 1, 1, 0]
    # The labels are those of the part: an inner fold's are left out.
    two_of_one = replace(SPLIT, labeled_y=np.array([0, 1, 1, 0, 0, 0]))
    given = {part.name: Predictions(np.zeros((1, 2, 2)), rows[None].astype(np.float32))
             for part in parts(two_of_one, "search")}  # fmt: skip
    made = generations.label_all(
        two_of_one, "search", [Candidate(None, 0.0, 1, 1)], 1, given, {}, how, IDENTITY
    ).pseudo_labels
    for name, zeros in (("0/inner_0", 3 / 4), ("0/inner_2", 2 / 4)):
        odds = rows[:, 0] / rows[:, 1] * mean[1] / mean[0] * zeros / (1 - zeros)
        targets = made[name].targets
        np.testing.assert_allclose(targets[:, 0] / targets[:, 1], odds, rtol=1e-5)


# Members of teachers and of students.


def test_three_teachers_and_one_student():
    one = Candidate(None, 0.5, 2, 1, teacher_members=3)
    assert [one.members(number) for number in (0, 1, 2)] == [3, 3, 1]
    assert [one.chain(1).members(number) for number in (0, 1)] == [3, 1]
    assert [replace(one, teacher_members=None).members(number) for number in (0, 1, 2)] == [1] * 3
    # A chain that trains nobody is the network that it would have been.
    assert one.chain(0).members(0) == 1


def test_all_teachers_label_and_one_student_learns():
    """The first teacher alone would say 0 of all; the mean of three says 1."""
    members = np.array([[[0.9, 0.1]] * 6, [[0.1, 0.9]] * 6, [[0.2, 0.8]] * 6], np.float32)
    given = {FINAL: Predictions(np.zeros((3, 2, 2), np.float32), members)}
    chain = Candidate(None, 0.5, 2, 1, teacher_members=3)
    trained = []
    for number in (1, 2):
        state = given if number == 1 else {f"0/{FINAL}": given[FINAL]}
        made = generations.label_all(SPLIT, FINAL, [chain], number, state, {}, PLAIN, IDENTITY)
        assert made.pseudo_labels[f"0/{FINAL}"].targets.tolist() == [1] * 6
        trained.append([run.identity["member"] for run in made.runs])
    assert trained == [[0, 1, 2], [0]]
    alone = Candidate(None, 0.5, 2, 1)
    made = generations.label_all(SPLIT, FINAL, [alone], 1, given, {}, PLAIN, IDENTITY)
    assert made.pseudo_labels[f"0/{FINAL}"].targets.tolist() == [0] * 6


def test_one_student_is_scored_whoever_else_teaches():
    """On the inner folds, and on the test fold: teachers by all of them, the student alone."""
    right, wrong = [[0.9, 0.1], [0.1, 0.9]], [[0.0, 1.0], [1.0, 0.0]]
    of_three = Predictions(np.array([right, wrong, wrong], np.float32))
    labels = {name: np.array([0, 1]) for name in ("inner_0", "inner_1", "inner_2")}
    split = replace(SPLIT, labeled_y=np.array([0, 1] * 3))
    chain = Candidate(None, 0.5, 2, 1, teacher_members=3)
    searched = [dict.fromkeys(labels, of_three)]
    searched += [{f"0/{name}": of_three for name in labels}] * 2
    candidates = [chain.chain(1), chain]
    assert search.score_candidates(split, candidates, searched) == [[1.0] * 3, [1.0] * 3]
    # Of equal ones the one with fewer teachers costs less.
    more = [replace(chain, teacher_members=5), chain]
    chosen = search.select(more, [[1.0]] * 2, 6, "best")
    assert chosen["hyper_parameters"]["teacher_members"] == 3

    y = np.full(14, -1)
    y[[12, 13]] = [0, 1]
    record = {"part": FINAL, "steps": 10, "examples_seen": 20, "training_seconds": 1.0}
    record |= {"parameters": 7, "prediction_seconds": {"evaluation": 0.5}, "diverged": False}
    history = [record | {"member": member} for member in range(4)]
    predicted = np.array([right, wrong, wrong, wrong], np.float32)
    done = labeled(ROWS, threshold=0.5)
    final = FinalChain(
        split,
        [predicted, predicted[:1]],
        [done],
        {"hyper_parameters": chain.chain(1).as_dict(), "selected": 0,
         "candidates": [{"mean_accuracy": None}]},
        [history, history[:1]],
        [],
    )  # fmt: skip
    found = scores.evaluate(y, ["a", "b"], final)
    assert found["accuracy"] == 1 and found["teacher_members"] == 3
    # Three teachers and a student were trained; the fourth is another method's.
    assert found["gradient_steps"] == 40 and found["inference_time"] == 0.5
    of_teachers, of_student = found["generations_of_chain"]
    assert (of_teachers["accuracy"], of_teachers["parameters"]) == (0, 21)
    assert (of_student["accuracy"], of_student["parameters"]) == (1, 7)
    # A chain that selected nothing is the first of its teachers, and took them all.
    ended = replace(final, predictions=[predicted] * 2, histories=[history, []])
    found = scores.evaluate(y, ["a", "b"], ended)
    assert found["accuracy"] == 1 and found["inference_time"] == 0.5
    assert found["gradient_steps"] == 30


# What a config may say.

CURRICULUM = {"schedule": "all", "curriculum": 0.2, "generations": [1, 2, 3, 4, 5]}
AUTOGLUON = {"schedule": "rest", "threshold": 0.95, "share": {"at_least": 0.05, "at_most": 0.6}}
AUTOGLUON |= {"balance": "sample", "generations": [0, 1, 2]}
UPS = {"schedule": "all", "threshold": 0.7, "uncertainty": 0.05, "ensemble_size": 3}
UPS |= {"generations": 1}
ONE = {"schedule": "all", "threshold": 0, "labels": "soft", "temperature": 2, "generations": 1}
ONE |= {"distillation": True, "teacher_members": 3}


def study_of(**of_methods) -> dict:
    config = tiny_config()
    del config["controls"]
    config["methods"] = {"baseline": {"generations": 0}} | of_methods
    checks.validate(config)
    return fair_controls.add(config)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (CURRICULUM | {"threshold": 0.5}, "threshold: Expected no value, as curriculum says how"),
        (
            CURRICULUM | {"schedule": "slices", "unlabeled_fraction": 0.2},
            "curriculum: Expected it only with schedule all, as a part",
        ),
        (
            AUTOGLUON | {"unlabeled_fraction": 0.2},
            "unlabeled_fraction: Expected no value, as .* rest",
        ),
        (AUTOGLUON | {"filter": "once"}, "filter: Expected it only with schedule all, as every"),
        (CURRICULUM | {"schedule": "rest"}, "curriculum: Expected it only with schedule all"),
        (CURRICULUM | {"filter": "once"}, "curriculum: Expected it only with filter every_gen"),
        (CURRICULUM | {"share": {"at_most": 0.5}}, "share: Expected either share or curriculum"),
        (CURRICULUM | {"curriculum": 0}, r"curriculum: Expected a number in \(0, 1\], or null"),
        (CURRICULUM | {"curriculum": [0.1, 0.2]}, r"curriculum: Expected a number in \(0, 1\]"),
        (
            AUTOGLUON | {"share": {"at_least": 0.7, "at_most": 0.6}},
            "share: Expected at_least no larger than at_most",
        ),
        (
            AUTOGLUON | {"uncertainty": 0.1, "ensemble_size": 2},
            "share: Expected either share or uncertainty",
        ),
        (
            AUTOGLUON | {"share": {"least": 0.7}},
            "share: Expected the keys at_least, at_most.* unknown key 'least'",
        ),
        (
            UPS | {"ensemble_size": [1, 3]},
            "ensemble_size: Expected at least 2, as uncertainty is .* are, or 1 alone, where it",
        ),
        (
            UPS | {"ensemble_size": 1, "teacher_members": 1},
            "teacher: Expected a control with noise.dropout, as shared teachers have none, as unc",
        ),
        (UPS | {"uncertainty": 0}, r"uncertainty: Expected a number in \(0, 1\], or a list"),
        (
            ONE | {"ensemble_size": [1, 4]},
            r"teacher_members: Expected at least 4, as ensemble_size is, or none. Received: \[3\]",
        ),
        ({"generations": 0, "teacher_members": 3}, "teacher_members: Expected it only with stud"),
        ({"generations": 0, "align": True}, "align: Expected it only with students"),
    ],
)
def test_what_cannot_be_selected_by(method, message):
    with pytest.raises(ConfigError, match=f"methods.some.{message}"):
        study_of(some=method)


def test_a_teacher_of_ones_own_has_as_many_members():
    taught = {"generations": 0, "train_on": "labeled", "noise": {"dropout": 0.1}}
    with pytest.raises(ConfigError, match="methods.taught.ensemble_size: Expected at least 3, as"):
        study_of(taught=taught, one=ONE | {"teacher": "taught"})
    study_of(taught=taught | {"ensemble_size": 3}, one=ONE | {"teacher": "taught"})


def test_teachers_are_as_many_as_label_and_controls_as_the_last_students():
    config = study_of(one=ONE, heir={"inherit": "one", "balance": "sample"})
    assert asked.teachers(config)["final_members"] == 3
    assert asked.teachers(config)["search_members"] == 0
    # What is selected for the parent is the heir's, but no control has teachers.
    assert "teacher_members" in methods.settings(config, "heir")["takes"]["one"]
    for control in ("one_control", "heir_control"):
        assert methods.settings(config, control)["takes"][control[:-8]] == ["ensemble_size"]
        assert "teacher_members" not in methods.full_space(config, control)
    config["methods"]["longer"] = {"inherit": "one", "generations": 0, "train_on": "labeled"}
    assert "teacher_members" not in methods.settings(config, "longer")["takes"]["one"]
    runs = teachers.runs(SPLIT, identity=IDENTITY, **asked.teachers(config))
    assert [run.identity["member"] for run in runs] == [0, 1, 2]


def test_an_heir_may_have_a_curriculum_in_place_of_a_threshold_and_back():
    config = study_of(
        parent=AUTOGLUON,
        heir={"inherit": "parent", "schedule": "all", "curriculum": 0.5, "share": {}},
    )
    assert methods.full_space(config, "heir")["threshold"] == [None]
    back = {"inherit": "parent", "curriculum": None, "threshold": 0.5}
    config = study_of(parent=CURRICULUM, heir=back)
    assert methods.full_space(config, "heir")["threshold"] == [0.5]
    with pytest.raises(ConfigError, match="heir.threshold: Expected a value, as there are"):
        study_of(parent=CURRICULUM, heir={"inherit": "parent", "curriculum": None})


def test_an_uncertainty_is_searched_and_buys_steps():
    config = study_of(ups=UPS | {"uncertainty": [0.1, 0.05]})
    assert methods.full_space(config, "ups")["uncertainty"] == [0.05, 0.1]
    assert methods.tried(config, "ups") == 2 and trainings.search_buys_steps(config, "ups")
    assert not trainings.search_buys_steps(study_of(ups=UPS), "ups")


def test_the_text_on_methods_says_how_labels_are_selected():
    config = study_of(a=CURRICULUM, b=AUTOGLUON, c=UPS | {"uncertainty": [0.05, 0.1]},
                      d=ONE | {"align": True})  # fmt: skip
    texts = [methods_text._method(config, name) for name in "abcd"]
    assert "the 20% of them with the highest confidence in the first, and 20% more" in texts[0]
    assert "above 0.95, or above the next to it that selects 5% to 60% of them" in texts[1]
    assert "above 0.7 and a standard deviation of it over the teachers' members below" in texts[2]
    assert "below 0.05 or 0.1 (Rizve et al. 2021)" in texts[2]
    assert "teachers (3 per generation, probabilities averaged, and multiplied by" in texts[3]
    assert "students (1 in the last generation) were trained" in texts[3]
    cited = {"curriculum_labeling", "autogluon", "ups", "remixmatch", "distillation"}
    assert cited <= methods_text._ingredients(config)
