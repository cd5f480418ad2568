"""Which method is deployed: by the verdict, never by what looks best."""

import re

import pandas as pd
import pytest
from self_training.deployment.decision import decide
from self_training.evaluation.significance import compare_methods
from self_training.study.methods import CHAIN, CONTROL, TEACHER

KINDS = {"baseline": TEACHER, "student": CHAIN, "control": CONTROL, "noise": CONTROL}
FAIR = {"student": "control"}
# Over five folds, each: what varies between the folds of two methods is small.
FOLDS = [0.000, 0.002, -0.002, 0.001, -0.001]
OTHER_FOLDS = [0.001, 0.002, -0.001, 0.000, -0.002]


def table(dataset: str = "pets", folds=FOLDS, **accuracies) -> pd.DataFrame:
    """Return scores of a dataset over five folds, around a mean accuracy of every method."""
    rows = [
        {"dataset": dataset, "method": method, "fold": fold}
        | {"accuracy": mean + (OTHER_FOLDS if method == "student" else folds)[fold]}
        for method, mean in accuracies.items()
        for fold in range(5)
    ]
    return pd.DataFrame(rows)


def decided(scores: pd.DataFrame, asked: str = "auto", kinds=KINDS, fair=FAIR) -> dict:
    kinds = {name: kind for name, kind in kinds.items() if name in set(scores["method"])}
    statistics = compare_methods(scores, fair=fair).statistics
    return decide(scores, statistics, asked=asked, scored_as="pets", kinds=kinds, fair=fair)


def entry(decision: dict, method: str) -> dict:
    return next(one for one in decision["methods"] if one["method"] == method)


@pytest.mark.parametrize(
    ("accuracies", "method", "reason"),
    [
        # Students that beat their control.
        (
            {"baseline": 0.80, "student": 0.85, "control": 0.80},
            "student",
            r"student helps on pets: over its fair control control, \+0.0500 .* to \+0.05.*\. Of "
            r"the 3 methods that may be deployed, student .* \(0.8500\)\.",
        ),
        # Students that beat the baseline by much, and their control by nothing.
        (
            {"baseline": 0.70, "student": 0.8502, "control": 0.85},
            "control",
            r"student is not shown to help over a fair control on pets. Of the methods trained on "
            r"labels alone, control has the highest mean accuracy on pets \(0.8500\)\.",
        ),
        # Neither does the control beat the baseline.
        ({"baseline": 0.80, "student": 0.77, "control": 0.78}, "baseline", "student is not shown"),
        # All alike: equals are named as that, with the rule between them.
        (
            {"baseline": 0.80, "student": 0.80, "control": 0.80},
            "baseline",
            "student is not shown .* Of the methods trained on labels alone, baseline and control "
            r"are tied for the highest mean accuracy on pets \(0.8000\): baseline is taken \(among "
            r"equals the baseline before controls\)\.",
        ),
        # Two controls, and students that help.
        (
            {"baseline": 0.80, "student": 0.79, "control": 0.85, "noise": 0.85},
            "control",
            r"control and noise are tied .* \(among equals of a kind, the first in the config\)\.",
        ),
        (
            {"baseline": 0.85, "student": 0.85, "control": 0.80},
            "baseline",
            "student helps over a fair control, but baseline and student are tied for the highest "
            r"mean accuracy on pets \(0.8500\): baseline is taken \(among equals the baseline "
            r"before students\)\.",
        ),
        # The better of two controls.
        (
            {"baseline": 0.80, "student": 0.79, "control": 0.81, "noise": 0.82},
            "noise",
            "noise has the highest",
        ),
        # Its noise hurts: students beat a control that has it, too, and not the baseline.
        (
            {"baseline": 0.90, "student": 0.85, "control": 0.80},
            "baseline",
            "student helps over a fair control, but baseline has the highest mean accuracy on pets "
            r"\(0.9000\), on labels alone\.",
        ),
        ({"baseline": 0.80}, "baseline", "no method with students, and baseline has the highest"),
    ],
)
def test_students_that_help_or_what_is_best_on_labels_alone(accuracies, method, reason):
    fair = FAIR if "student" in accuracies else {}
    decision = decided(table(**accuracies), fair=fair)
    assert decision["method"] == method
    assert re.search(reason, decision["reason"]), decision["reason"]
    for name, mean in accuracies.items():
        assert entry(decision, name)["mean_accuracy"] == pytest.approx(mean, abs=1e-9)


def test_the_numbers_behind_stand_beside_the_decision():
    decision = decided(table(baseline=0.80, student=0.85, control=0.80))
    student = entry(decision, "student")
    assert (student["verdict"], student["helps"]) == ("helps", True)
    assert student["over_all"] == "can't be told"
    assert student["difference"] == pytest.approx(0.05)
    assert student["interval"][0] < 0.05 < student["interval"][1]
    assert student["p_holm"] < 0.05
    assert "helps" not in entry(decision, "control")


def test_all_datasets_together_may_show_what_one_can_not():
    """Where students are ahead on the dataset by too little for its own test."""
    wide = [0.10, -0.12, 0.05, -0.06, 0.03]

    def over_datasets(pets: float) -> dict:
        others = [
            table(f"other {number}", baseline=0.5, student=0.6, control=0.55) for number in range(7)
        ]
        mine = table(folds=wide, baseline=0.5, student=0.55 + pets, control=0.55)
        return decided(pd.concat([mine, *others]))

    decision = over_datasets(0.02)
    student = entry(decision, "student")
    assert (student["verdict"], student["over_all"]) == ("can't be told from luck", "helps")
    assert decision["method"] == "student"
    assert (
        "student helps over all datasets of the study: over its fair control control, +0.0200"
        in (decision["reason"])
    )
    # But not where they are behind on it.
    behind = over_datasets(-0.02)
    assert entry(behind, "student")["over_all"] == "helps"
    assert behind["method"] == "control"


def test_a_dataset_that_speaks_against_students_is_not_overruled():
    others = [
        table(f"other {number}", baseline=0.5, student=0.6, control=0.55) for number in range(20)
    ]
    decision = decided(pd.concat([table(baseline=0.5, student=0.5, control=0.55), *others]))
    student = entry(decision, "student")
    assert (student["verdict"], student["over_all"]) == ("hurts", "helps")
    assert not student["helps"]
    assert decision["method"] == "control"


@pytest.mark.parametrize(("control", "method"), [(0.80, "baseline"), (0.90, "control")])
def test_where_no_student_was_trained_there_is_none_to_deploy(control, method):
    """The teachers, which are scored in their place, are ahead of the control on eight datasets."""
    names = ["pets", *(f"other {number}" for number in range(7))]
    scores = pd.concat(
        [table(name, baseline=0.84, student=0.85, control=control) for name in names]
    )
    scores["generations_trained"] = 1
    assert decided(scores)["method"] == ("student" if control < 0.85 else "control")
    decision = decided(scores.assign(generations_trained=0))
    student = entry(decision, "student")
    assert (student["verdict"], student["over_all"]) == ("did not take place",) * 2
    assert not student["helps"]
    assert decision["method"] == method
    assert decision["reason"].startswith(
        "student did not take place on pets: no student was trained. Of the methods trained on "
    )
    asked = decided(scores.assign(generations_trained=0), asked="student")["reason"]
    assert asked.endswith("It did not take place on pets: no student was trained.")
    # Nor do other datasets speak for it, where students were trained.
    only_here = decided(
        scores.assign(generations_trained=(scores["dataset"] != "pets").astype(int))
    )
    assert entry(only_here, "student")["over_all"] == ("helps" if control < 0.85 else "hurts")
    assert only_here["method"] == method


def test_students_without_a_fair_control_are_not_shown_to_help():
    scores = table(baseline=0.5, student=0.9)
    decision = decided(scores, fair={"student": None})
    assert decision["method"] == "baseline"
    assert entry(decision, "student")["verdict"] == "can't be told"


def test_only_scores_of_the_dataset_at_its_largest_budget_count():
    scores = pd.concat(
        [
            table("pets@4", baseline=0.3, student=0.2, control=0.9),
            table(baseline=0.8, student=0.7, control=0.7),
        ]
    )
    assert decided(scores)["method"] == "baseline"


def test_scores_from_elsewhere_are_never_deployed():
    scores = table(baseline=0.8, student=0.79, control=0.79, theirs=0.99)
    decision = decided(scores)
    assert decision["method"] == "baseline"
    assert "theirs" not in [one["method"] for one in decision["methods"]]


def test_a_method_that_is_asked_for_is_deployed_and_its_verdict_said():
    scores = table(baseline=0.80, student=0.85, control=0.80)
    decision = decided(scores, asked="control")
    assert (decision["method"], decision["reason"]) == ("control", "The config asks for control.")
    decision = decided(scores, asked="student")
    assert decision["reason"].startswith("The config asks for student. student helps on pets:")
    worse = table(baseline=0.80, student=0.75, control=0.80)
    decision = decided(worse, asked="student")
    assert decision["method"] == "student"
    assert decision["reason"].endswith("It is not shown to help over a fair control on pets.")


def test_students_alone_are_deployed_where_the_config_asks_for_them():
    """With nothing on labels alone that `auto` could choose."""
    decision = decided(table(student=0.8), asked="student", fair={"student": None})
    assert decision["method"] == "student"
    assert entry(decision, "student")["mean_accuracy"] == pytest.approx(0.8, abs=0.05)
