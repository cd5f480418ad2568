"""The answer in plain words: made-up scores of which the right answer is known."""

import json

import numpy as np
import pandas as pd
import pytest
from self_training.deployment.decision import decide
from self_training.evaluation import significance
from self_training.report import answer, findings, plain, summary_md
from self_training.study.methods import CHAIN, CONTROL, TEACHER

# Differences of five folds with a mean of 0 and so small a spread that any mean of 0.01 shows.
FOLDS = np.array([-0.002, -0.001, 0.0, 0.001, 0.002])


def scores_of(gains: dict[str, object], base: float = 0.6, **columns) -> pd.DataFrame:
    """Scores of a baseline, a control 0.03 above it, and students that gain so much on it.

    Args:
        gains: dataset -> what students gain over their control, a number or one per fold.
    """
    rows = []
    for dataset, gain in gains.items():
        by_fold = FOLDS + gain if np.isscalar(gain) else np.asarray(gain)
        for fold, difference in enumerate(by_fold):
            control = base + 0.03 + 0.01 * fold
            accuracies = {"baseline": control - 0.03, "control": control}
            accuracies["student"] = control + difference
            rows += [
                {"dataset": dataset, "method": method, "fold": fold, "accuracy": accuracy}
                | {"source": "study", "training_seed": 0}
                | {name: value(dataset, method) if callable(value) else value
                   for name, value in columns.items()}
                for method, accuracy in accuracies.items()
            ]  # fmt: skip
    return pd.DataFrame(rows)


NO_GENERATIONS = pd.DataFrame(
    columns=["dataset", "method", "fold", "training_seed", "generation", "offered", "accuracy"]
)


KINDS = {"baseline": TEACHER, "control": CONTROL, "student": CHAIN}


def answered(scores: pd.DataFrame, generations=NO_GENERATIONS, kinds=KINDS, **settings) -> dict:
    settings = {"fair": {"student": "control"}, "control": "baseline"} | settings
    statistics = findings.describe(significance.compare_methods(scores, **settings))
    statistics = json.loads(json.dumps(statistics, allow_nan=False))
    found = answer.of_study(scores, generations, statistics, kinds)
    return json.loads(json.dumps(found, allow_nan=False))


def lines(found: dict) -> list[str]:
    return [row["sentence"] for row in found["datasets"]]


def test_it_helps_on_one_dataset():
    found = answered(scores_of({"pets": 0.021}))
    assert found["headlines"] == [
        "Self-training helps here: +2.1 points of accuracy over its control."
    ]
    assert lines(found) == [
        "pets: helps. +2.1 points over its control (95 % interval +1.8 to +2.4): of 100 examples, "
        "about 2 more are right. Over the baseline: +5.1 points."
    ]
    assert found["details"] == [answer.CONTROL]
    assert found["next"][0] == ("Use self-training (`deploy: auto` trains it on all labels): pets.")


def test_consistency_training_is_no_self_training():
    found = answered(scores_of({"pets": 0.021}), consistency=["student"])
    assert found["headlines"] == [
        "Consistency training helps here: +2.1 points of accuracy over its control."
    ]
    assert found["details"] == [answer.CONTROL_WITHOUT_UNLABELED]
    statistics = {"fair": [{}, {}], "consistency": ["uda"]}
    called = plain.name_methods(["student", "uda"], statistics)
    assert called == "self-training as student or consistency training as uda"


def test_it_hurts():
    found = answered(scores_of({"pets": -0.021}))
    assert found["headlines"] == [
        "Self-training hurts here: -2.1 points of accuracy against its control."
    ]
    assert "of 100 examples, about 2 fewer are right." in lines(found)[0]
    assert "Over the baseline: +0.9 points." in lines(found)[0]
    assert (
        found["next"][0]
        == "Train without pseudo-labels (`deploy: auto` does): pets (the best is control)."
    )


def test_luck():
    found = answered(scores_of({"pets": [0.03, -0.02, 0.04, -0.03, 0.01]}))
    assert found["headlines"] == ["Whether self-training helps can't be told from luck here."]
    assert lines(found) == [
        "pets: can't be told from luck. Measured: +0.6 points over its control (95 % interval -5.1 "
        "to +6.3). Over the baseline: +3.6 points."
    ]
    assert not any("Use self-training" in text for text in found["next"])


def test_a_narrow_interval_around_nothing_is_no_gain():
    found = answered(scores_of({"pets": 0.0}))
    assert found["headlines"] == [
        "Self-training does not help here: a gain, if any, is below 1 point."
    ]
    assert (
        "does not help. 0.0 points over its control (95 % interval -0.3 to +0.3)" in lines(found)[0]
    )
    # Where any difference counts, none is too small.
    strict = answered(scores_of({"pets": 0.0}), rope=0.0)
    assert strict["headlines"] == ["Whether self-training helps can't be told from luck here."]


def test_it_helps_on_one_of_three_datasets():
    luck = [0.03, -0.02, 0.04, -0.03, 0.01]
    found = answered(scores_of({"a": 0.02, "b": -0.02, "c": luck}))
    assert found["headlines"] == [
        "Self-training helps on a, hurts on b and can't be told from luck on c."
    ]
    assert found["details"][0] == (
        "Over all 3 datasets: +0.2 points of accuracy over its control (95 % interval -4.8 to "
        "+5.2). Over the baseline: +3.2 points. Whether that holds for datasets in general can't "
        "be told: it takes 6 of different sources."
    )


def test_a_loss_is_said_beside_a_gain_over_all():
    gains = {f"d{index}": 0.02 + index / 1000 for index in range(9)} | {"worse": -0.01}
    (headline,) = answered(scores_of(gains))["headlines"]
    assert headline.startswith("Self-training helps over all 10 datasets: +2.1 points of accuracy")
    assert headline.endswith(" It helps on 9 of 10 datasets and hurts on worse.")


def test_it_helps_over_all_but_on_no_single_one():
    spread = np.array([-0.02, -0.01, 0.0, 0.01, 0.02])
    found = answered(scores_of({f"d{index}": spread + 0.008 + index / 500 for index in range(8)}))
    assert {row["verdict"] for row in found["datasets"]} == {"can't be told from luck"}
    assert found["headlines"] == [
        "Self-training helps over all 8 datasets: +1.5 points of accuracy over its control."
    ]
    assert found["details"][0] == (
        "Over all 8 datasets: +1.5 points of accuracy over its control (95 % interval +1.1 to "
        "+1.9), so of 100 examples, about 2 more are right. Over the baseline: +4.5 points."
    )


def test_most_datasets_do_not_make_the_answer_over_all():
    """Ahead on six of nine, by little: no test over datasets shows it."""
    gains = {f"d{index}": 0.01 for index in range(6)} | {f"e{index}": -0.02 for index in range(3)}
    (headline,) = answered(scores_of(gains))["headlines"]
    assert headline.startswith(
        "Whether self-training helps can't be told from luck over all 9 datasets. It helps on 6"
    )
    assert headline.endswith("It helps on 6 of 9 datasets and hurts on e0, e1 and e2.")


def test_it_is_corrected_for_all_datasets():
    """Alone it would be said to help; beside three others it is not."""
    gain = [0.02, 0.03, 0.04, 0.04, 0.06]
    assert answered(scores_of({"a": gain}))["datasets"][0]["verdict"] == "helps"
    luck = [0.03, -0.02, 0.04, -0.03, 0.01]
    found = answered(scores_of({"a": gain, "b": luck, "c": luck, "d": luck}))
    assert found["datasets"][0]["verdict"] == "can't be told from luck"
    assert (
        "By itself it looks like more than luck, but of 4 comparisons some do by luck."
        in lines(found)[0]
    )


def test_without_a_fair_control():
    found = answered(scores_of({"pets": 0.02}), fair={"student": None})
    assert found["headlines"] == [
        "Whether self-training helps can't be told: nothing was trained in the same way without "
        "pseudo-labels."
    ]
    assert lines(found) == [
        "pets: can't be told. Nothing was trained in the same way without pseudo-labels. Over the "
        "baseline: +5.0 points, which may be longer training, noise or more networks."
    ]
    assert found["details"] == []
    assert found["next"][0].endswith("(`controls: last_student`): student.")


def test_without_a_score_of_the_control():
    scores = scores_of({"pets": 0.02})
    found = answered(scores[scores["method"] != "control"])
    assert found["headlines"] == ["Whether self-training helps can't be told here."]
    assert "There is no score of its control control to compare it with." in lines(found)[0]


@pytest.mark.parametrize(
    ("gain", "why"),
    [
        ([0.02], "one fold does not say how much of it is luck."),
        ([0.02, 0.02], "it is the same in all 2 folds, which does not say how much of it is luck."),
        ([0.0] * 5, "it is the same in all 5 folds, which does not say how much of it is luck."),
    ],
)
def test_too_little_to_test(gain, why):
    found = answered(scores_of({"pets": gain}))
    assert found["headlines"] == ["Whether self-training helps can't be told here."]
    measured = plain.points(gain[0])
    assert lines(found)[0].startswith(f"pets: can't be told. Measured: {measured} points over its")
    assert "interval" not in lines(found)[0]
    several = (
        "Repeat the outer folds (`repeats: 10`) or label more examples to test on, since all folds "
        "say the same: pets."
    )
    assert found["next"] == [
        several if len(gain) > 1 else "Take more outer folds, 3 at least: pets."
    ]
    assert why in lines(found)[0]


def test_means_alone():
    scores = scores_of({"pets": [0.02]})
    scores["fold"] = None
    assert "means alone do not say how much of it is luck" in lines(answered(scores))[0]


def test_nothing_selected():
    def of(scores, **changes):
        students = scores["method"] == "student"
        scores["generations_trained"] = np.where(students, 1, 0)
        scores["termination_condition"] = "generations_reached"
        for fold, condition in changes.items():
            own = students & (scores["fold"] == int(fold[1:]))
            scores.loc[own, ["generations_trained", "termination_condition"]] = [0, condition]
        return answered(scores)

    nothing = dict.fromkeys(("f0", "f1", "f2", "f3", "f4"), "nothing_selected")
    found = of(scores_of({"pets": -0.03}), **nothing)
    assert found["headlines"] == ["Self-training did not take place: no student was trained."]
    assert lines(found) == [
        "pets: did not take place. In all 5 folds no pseudo-label was confident enough, so its "
        "scores are those of its teacher."
    ]
    assert found["next"][0] == (
        "Try a lower `threshold` (where there is one, a larger `uncertainty`), or label more "
        "examples, since no pseudo-label was confident enough: pets (5 of 5 folds)."
    )
    chosen = of(scores_of({"pets": -0.03}), **dict.fromkeys(nothing, "generations_reached"))
    assert "In all 5 folds the search chose to train no students" in lines(chosen)[0]
    assert chosen["next"][0] == (
        "Leave 0 out of `generations` to see what students do, as the search chose to train none: "
        "pets."
    )
    some = of(scores_of({"pets": 0.03}), f3="nothing_selected")
    assert some["datasets"][0]["verdict"] == "helps"
    assert lines(some)[0].endswith("In 1 of 5 folds no student was trained.")


def without_students(scores: pd.DataFrame, *datasets: str) -> pd.DataFrame:
    """Scores of a study that trained no student on some datasets, as nothing was selected."""
    none = scores["dataset"].isin(datasets) & (scores["method"] == "student")
    scores["generations_trained"] = np.where(none, 0, 1)
    scores["termination_condition"] = np.where(none, "nothing_selected", "generations_reached")
    return scores


def test_teachers_that_are_ahead_of_the_control_are_no_help():
    """By their scores they would help over all datasets, and on each."""
    gains = {f"d{index}": 0.02 + index / 1000 for index in range(9)}
    assert answered(scores_of(gains))["headlines"][0].startswith("Self-training helps over all 9")
    found = answered(without_students(scores_of(gains), *gains))
    assert found["headlines"] == ["Self-training did not take place: no student was trained."]
    assert {row["verdict"] for row in found["datasets"]} == {"did not take place"}
    assert found["details"] == []
    assert "| d0 | student | 0.6700 | 0.6500 | 0.6200 |  |  | did not" in summary_md.render(
        {"study": "mine"}, found
    )
    assert found["next"][0].startswith(
        "Try a lower `threshold` (where there is one, a larger `uncertainty`), or label more"
    )
    assert not any("Use self-training" in text for text in found["next"])


def test_datasets_without_students_do_not_count_over_all():
    """On two of nine the teachers are far behind the control: nothing of pseudo-labels."""
    gains = {f"d{index}": 0.02 + index / 1000 for index in range(7)} | {"x": -0.3, "y": -0.31}
    assert "can't be told from luck" in answered(scores_of(gains))["headlines"][0]
    found = answered(without_students(scores_of(gains), "x", "y"))
    assert found["headlines"] == [
        "Self-training helps over the 7 of 9 datasets on which students were trained: +2.3 points "
        "of accuracy over its control. It helps on 7 of 9 datasets and did not take place on x and "
        "y."
    ]
    assert found["details"][0] == (
        "Over the 7 of 9 datasets on which students were trained: +2.3 points of accuracy over its "
        "control (95 % interval +2.1 to +2.5), so of 100 examples, about 2 more are right. Against "
        "the baseline: -2.0 points, on all 9 datasets."
    )


def test_results_that_did_not_learn_come_first():
    scores = scores_of({"pets": 0.02}, not_learned="")
    scores.loc[1, "not_learned"] = "constant predictions"
    found = answered(scores)
    assert lines(found)[0].endswith("1 result of it or its control did not learn anything.")
    assert found["next"][0] == (
        "Look first at results that did not learn anything (sheet Chains): pets."
    )


def test_methods_of_which_the_same_is_said_are_named_together():
    scores = scores_of({"pets": [0.03, -0.02, 0.04, -0.03, 0.01]})
    other = scores[scores["method"] == "student"].assign(method="{other}")
    scores = pd.concat([scores, other])
    fair = {"student": "control", "{other}": "control"}
    found = answered(scores, fair=fair)
    assert found["headlines"] == [
        "Whether self-training as student or {other} helps can't be told from luck here."
    ]
    assert [text.partition(":")[0] for text in lines(found)] == [
        "student on pets",
        "{other} on pets",
    ]


def test_names_of_methods_stay_as_they_are_at_the_beginning_of_a_sentence():
    scores = scores_of({"pets": [0.03, -0.02, 0.04], "cars": [0.03, -0.02, 0.04]})
    scores = pd.concat([scores, scores[scores["method"] == "student"].assign(method="other")])
    found = answered(scores, fair={"student": "control", "other": "control"})
    said = [text.partition(", over all 2 datasets")[0] for text in found["details"][:2]]
    assert said == ["student", "other"]
    (alone, *_) = answered(scores[scores["method"] != "other"])["details"]
    assert alone.startswith("Over all 2 datasets")


def test_a_study_without_students():
    found = answered(scores_of({"pets": 0.02}), fair={})
    assert found["headlines"] == [answer.NOT_ASKED] and found["datasets"] == []


def test_costs_have_the_search_in_them():
    """Of its own 100 + 500 steps, and 50 + 150 of its control's; the baseline is not searched."""
    steps = {"student": (100, 500), "control": (50, 150), "baseline": (40, 0)}
    scores = scores_of(
        {"a": 0.02, "b": 0.02},
        gradient_steps=lambda _, method: steps[method][0],
        search_steps=lambda _, method: steps[method][1],
        training_time=lambda _, method: steps[method][0] / 10,
        search_time=lambda _, method: steps[method][1] / 20,
    )
    found = answered(scores)
    assert found["cost"] == [
        "Self-training costs in gradient steps 3.0 times its control's and 15 times the "
        "baseline's; in training time 2.8 times its control's and 8.8 times the baseline's. The "
        "search is included."
    ]
    assert found["datasets"][0]["cost"]["control"] == {"steps": 3.0, "time": 2.8}


def budgets(
    gains: dict[str, float],
    accuracies: dict[str, float],
    labels: dict[str, int],
    uneven: float = 0.0,
) -> dict:
    """Return the answer on a dataset with label budgets.

    Args:
        accuracies: means of the control.
        uneven: what all methods are better from fold to fold with the most labels.
    """
    scores = pd.concat(
        [
            scores_of({name: gain}, base=accuracies[name] - 0.05, classes=2)
            for name, gain in gains.items()
        ]
    )
    scores["labeled"] = scores["dataset"].map(labels)
    largest = scores["dataset"] == list(gains)[-1]
    scores["accuracy"] += uneven * (scores["fold"] - 2) * largest
    scores["unlabeled"], scores["test"] = 800 - scores["labeled"], 200
    return answered(scores, budgets={"pets": list(gains)})


def test_labels_that_a_gain_is_worth():
    """Half of the way from 0.6 to 0.7 in accuracy is 10 x (40 / 10) ** 0.5 labels."""
    gains = {"pets@5": 0.05, "pets@20": 0.0, "pets@all": 0.0}
    accuracies = {"pets@5": 0.6, "pets@20": 0.7, "pets@all": 0.8}
    found = budgets(gains, accuracies, {"pets@5": 10, "pets@20": 40, "pets@all": 160})
    worth = found["datasets"][0]["worth"]
    assert worth["labels"] == pytest.approx(20)
    # The interval is 0.05 +- 2.776 x sqrt(0.2 + 0.25) x 0.00158.
    half = 2.7764451 * np.sqrt((0.2 + 0.25) * 2.5e-6)
    assert worth["low"] == pytest.approx(10 * 4 ** (0.5 - 10 * half))
    assert worth["high"] == pytest.approx(10 * 4 ** (0.5 + 10 * half))
    assert found["worth"] == [
        "On pets, self-training with 5 labels per class is as good as its control with 10 labels "
        "per class (by the ends of the interval: 9.6 labels per class to 10 labels per class)."
    ]
    assert found["headlines"] == [
        "Self-training helps on pets with 5 labels per class and does not help on pets with 20 "
        "labels per class and pets with 80 labels per class."
    ]


def test_labels_are_never_extrapolated():
    gains = {"pets@5": 0.101, "pets@20": 0.03}
    accuracies = {"pets@5": 0.6, "pets@20": 0.7}
    found = budgets(gains, accuracies, {"pets@5": 10, "pets@20": 40})
    worth = found["datasets"][0]["worth"]
    assert (worth["labels"], worth["high"], worth["largest"]) == (None, None, 40)
    assert worth["low"] < 40
    assert found["worth"][0].startswith(
        "On pets, self-training with 5 labels per class is as good as its control with more than "
        "20 labels per class, the largest budget (by the ends"
    )
    assert found["worth"][1] == (
        "On pets, self-training with 20 labels per class is better than its control with as many, "
        "the largest budget: how many more that is worth was not measured."
    )


def test_a_gain_that_is_not_shown_is_worth_nothing():
    luck = [0.03, -0.02, 0.04, -0.03, 0.01]
    found = budgets({"pets@5": luck, "pets@20": luck}, {"pets@5": 0.6, "pets@20": 0.7},
                    {"pets@5": 10, "pets@20": 40})  # fmt: skip
    assert found["worth"] == []
    assert found["headlines"] == [
        "Whether self-training helps can't be told from luck at any of the 2 label budgets."
    ]


def test_more_labels_where_the_control_still_gains():
    gains = {"pets@5": 0.0, "pets@20": 0.0}
    labels = {"pets@5": 10, "pets@20": 40}
    accuracies = {"pets@5": 0.6, "pets@20": 0.7}
    without = (
        "Train without pseudo-labels (`deploy: auto` does): pets with 20 labels per class (the "
        "best is control)."
    )
    assert budgets(gains, accuracies, labels, uneven=0.002)["next"] == [
        without,
        "Get more labels, since with the most of them the control still gained: pets (control: "
        "+10.0 points from 5 labels per class to 20 labels per class).",
    ]
    # So uneven from fold to fold that it may be luck.
    assert budgets(gains, accuracies, labels, uneven=0.05)["next"] == [
        without,
        "Whether more labels would help can't be told from luck: pets (control: +10.0 points from "
        "5 labels per class to 20 labels per class).",
    ]
    # So flat that a gain that matters can be ruled out.
    flat = {"pets@5": 0.6, "pets@20": 0.601}
    assert budgets(gains, flat, labels, uneven=0.0005)["next"] == [
        without,
        "Do not count on more labels: with the most of them the control gained little or nothing: "
        "pets (control: +0.1 points from 5 labels per class to 20 labels per class).",
    ]


def test_more_labeled_examples_are_asked_for_only_where_the_larger_budget_leaves_it_open():
    luck = [0.03, -0.02, 0.04, -0.03, 0.01]
    labels, accuracies = {"pets@5": 10, "pets@20": 40}, {"pets@5": 0.6, "pets@20": 0.7}

    def asked(**gains) -> list[str]:
        gains = {name.replace("_", "@"): gain for name, gain in gains.items()}
        found = budgets(gains, accuracies, labels, uneven=0.05)["next"]
        return [text.partition(": ")[2] for text in found if text.startswith("Add labeled")]

    assert asked(pets_5=luck, pets_20=0.0) == asked(pets_5=luck, pets_20=-0.02) == []
    at_5 = "pets with 5 labels per class (then still ±3.2 points)"
    assert asked(pets_5=luck, pets_20=0.02) == [f"{at_5}."]
    (both,) = asked(pets_5=luck, pets_20=luck)
    assert both.startswith(f"{at_5} and pets with 20 labels per class (")


def behind_the_baseline(gains: dict) -> pd.DataFrame:
    """Scores of a control that is 0.05 behind the baseline, as its noise hurts."""
    scores = scores_of(gains)
    scores.loc[scores["method"] == "baseline", "accuracy"] += 0.08
    return scores


def test_students_ahead_of_their_control_and_behind_the_baseline():
    """That is said first, and the advice is what `deploy: auto` does."""
    found = answered(behind_the_baseline({"pets": 0.02}))
    assert found["headlines"] == [
        "Self-training helps here: +2.0 points of accuracy over its control. But it is 3.0 points "
        "behind the baseline: training without pseudo-labels is better here."
    ]
    assert lines(found)[0].endswith(
        "Against the baseline: -3.0 points. So pseudo-labels help over the control, but training "
        "without is better."
    )
    assert found["next"][0] == (
        "Train without pseudo-labels (`deploy: auto` does): that is as good or better, even where "
        "they help over the control: pets (the baseline is 3.0 points ahead)."
    )
    assert not any("Use self-training" in text for text in found["next"])
    # Of scores from elsewhere nothing is deployed.
    elsewhere = answered(behind_the_baseline({"pets": 0.02}), kinds={})["next"]
    assert elsewhere[0].startswith("Train without pseudo-labels: that is as good or better")
    assert not any("deploy" in text for text in elsewhere)
    two = answered(behind_the_baseline({"a": 0.02, "b": 0.10}))["headlines"]
    assert two == [
        "Self-training helps on all 2 datasets. But on a it is behind the baseline: training "
        "without pseudo-labels is better there."
    ]
    many = answered(behind_the_baseline({f"d{index}": 0.02 + index / 1000 for index in range(9)}))
    assert many["headlines"][0].endswith(
        "But on the mean of all datasets it is 2.6 points behind the baseline: training without "
        "pseudo-labels is better."
    )


SURE = {f"d{index}": 0.05 + index / 1000 for index in range(9)}


@pytest.mark.parametrize(
    ("gain", "advice"),
    [
        # Below a point for sure, and ahead: all datasets together speak for it.
        (
            0.002,
            "Use self-training (`deploy: auto` trains it on all labels): pets (it helps over all "
            "datasets, and is ahead here)",
        ),
        (-0.02, "Train without pseudo-labels (`deploy: auto` does): pets (the best is control)."),
    ],
)
def test_advice_on_a_dataset_is_what_is_deployed(gain, advice):
    scores = scores_of({"pets": gain} | SURE)
    found = answered(scores)
    assert found["headlines"][0].startswith("Self-training helps over all 10 datasets")
    of_pets = [text for text in found["next"] if "deploy: auto" in text and "pets" in text]
    assert len(of_pets) == 1 and of_pets[0].startswith(advice)
    statistics = significance.compare_methods(scores, fair={"student": "control"}).statistics
    settings = {"asked": "auto", "kinds": KINDS, "fair": {"student": "control"}}
    for dataset in ("pets", "d0"):
        deployed = decide(scores, statistics, scored_as=dataset, **settings)["method"]
        uses = [text for text in found["next"] if text.startswith("Use self-training")]
        assert (deployed == "student") == any(dataset in text for text in uses)


def test_advice_on_repeats_and_examples():
    """Half of the interval is 5.7 points over 5 folds, and 3.2 over the 50 of 10 repeats."""
    luck = [0.03, -0.02, 0.04, -0.03, 0.01]
    found = answered(scores_of({"pets": luck}))["next"]
    assert found == [
        "Add labeled examples, since even 10 repeats would not tell from luck what was measured: "
        "pets (then still ±3.2 points)."
    ]
    found = answered(scores_of({"pets": np.array(luck) + 0.03}))["next"]
    assert found == [
        "Repeat the outer folds (`repeats: 10`) to tell from luck what was measured: pets (±5.7 "
        "points of luck, then about ±3.2)."
    ]


def test_more_unlabeled_examples_where_students_grew_with_them():
    scores = scores_of({"pets": 0.0}, labeled=10, unlabeled=100, test=25)
    generations = pd.DataFrame(
        {"dataset": "pets", "method": "student", "fold": fold, "training_seed": 0}
        | {"generation": generation, "offered": 50, "accuracy": accuracy + fold / 100}
        for fold in range(5)
        for generation, accuracy in ((0, 0.5), (1, 0.6), (2, 0.62 + fold / 1000))
    )
    found = answered(scores, generations)["next"]
    assert (
        "Get more unlabeled examples, which pay: pets (+2.2 points from the first generation to "
        "the last)." in found
    )
    # That students help says nothing of more of them.
    found = answered(scores_of({"pets": 0.05}))["next"]
    assert found[0].startswith("Use self-training") and not any("unlabeled" in t for t in found)
    # With all of U in every generation, later students had no more examples.
    found = answered(scores, generations.assign(offered=100))["next"]
    assert not any("unlabeled" in text for text in found)


def test_points_and_examples():
    assert [plain.points(value) for value in (0.0214, -0.0214, 0.0004, -0.00001, 0.0)] == [
        "+2.1", "-2.1", "+0.04", "0.0", "0.0"
    ]  # fmt: skip
    assert plain.of_examples(0.004) == "of 1,000 examples, about 4 more are right"
    assert plain.of_examples(-0.01) == "of 100 examples, about 1 fewer is right"
    assert plain.of_examples(0.0) == "of 10,000 examples, as many are right"


def test_the_page_has_the_sentences_of_the_first_sheet():
    found = answered(scores_of({"a|b": 0.02, "c": -0.02}))
    page = summary_md.render({"study": "mine"}, found)
    assert page.splitlines()[:3] == [
        "# mine: does self-training help?",
        "",
        "**Self-training helps on a\\|b and hurts on c.**",
    ]
    for sentence in (*found["details"], *lines(found), *found["next"]):
        assert sentence.replace("|", "\\|") in page
    assert "| a\\|b | student | 0.6700 | 0.6500 | 0.6200 | +2.0 | +1.7 to +2.3 | helps |" in page
    assert page.rstrip().endswith("(The verdict), `docs/statistics.md`.")
    assert "p =" not in page
