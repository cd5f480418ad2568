"""What is said first: does self-training help, over a control that is fair."""

import json

import numpy as np
import pandas as pd
import pytest
from self_training.evaluation import judging, significance
from self_training.evaluation.judging import (
    HELPS,
    HURTS,
    LUCK,
    NO_GAIN,
    NO_STUDENTS,
    NOT_TESTED,
)
from self_training.report import findings


def scores_of(differences: list[float], folds: int = 2, **others: list[float]) -> pd.DataFrame:
    """Scores of a control and of a student that differ so much on each dataset, and of others."""
    rng = np.random.default_rng(0)
    rows = []
    for method, values in {"base": None, "control": None, "student": differences, **others}.items():
        for index, _ in enumerate(differences):
            for fold in range(folds):
                accuracy = 0.6 + 0.01 * fold + (values[index] if values else 0)
                noise = rng.normal(0, 1e-4)
                row = {"dataset": f"d{index}", "method": method, "fold": fold}
                rows.append(row | {"accuracy": accuracy + noise})
    return pd.DataFrame(rows)


def described(scores: pd.DataFrame, **settings) -> dict:
    settings = {"fair": {"student": "control"}, "control": "base"} | settings
    comparison = significance.compare_methods(scores, **settings)
    return json.loads(json.dumps(findings.describe(comparison), allow_nan=False))


def first(scores: pd.DataFrame, **settings) -> str:
    return described(scores, **settings)["reading"].splitlines()[0]


def test_it_helps():
    result = described(scores_of([0.01 + index / 1000 for index in range(8)]))
    (entry,) = result["fair"]
    assert (entry["method"], entry["control"], entry["groups"]) == ("student", "control", 8)
    assert entry["mean_difference"] == pytest.approx(0.0135, abs=1e-3)
    assert entry["p_holm"] == pytest.approx(2 / 2**8)
    low, high = entry["interval"]
    assert result["reading"].splitlines()[0] == (
        f"student helps: {entry['mean_difference']:+.4f} over its fair control control (95 % "
        f"interval {low:+.4f} to {high:+.4f}; p = 0.00781, 8 datasets)."
    )


def test_it_hurts_whatever_the_order_of_methods():
    scores = scores_of([-0.01 - index / 1000 for index in range(8)])
    assert first(scores).startswith("student hurts: -0.013")
    turned = scores.sort_values("method", ascending=False, kind="stable")
    assert first(turned) == first(scores)
    (entry,) = described(turned)["fair"]
    assert (entry["wins"], entry["losses"]) == (0, 8) and entry["rank_biserial"] == -1


def test_it_is_not_shown_to_help():
    scores = scores_of([0.01, -0.02, 0.03, -0.01, 0.005, -0.004, 0.02, -0.03])
    assert first(scores).startswith("student is not shown to help: +0.000")


def test_mean_and_ranks_of_two_minds_do_not_help():
    """Ahead a little on 18 datasets, and far behind on two."""
    scores = scores_of([0.01 + index / 10000 for index in range(18)] + [-0.3, -0.31])
    assert first(scores).startswith("student is not shown to help: -0.0")
    assert "In most groups it is ahead; few large differences make the mean." in first(scores)


def test_few_groups_cannot_show_anything():
    """Five groups: 2 of 32 signs are as extreme."""
    scores = scores_of([0.05] * 10, folds=1)
    groups = {f"d{index}": f"g{index // 2}" for index in range(10)}
    assert first(scores, groups=groups).startswith(
        "Whether student helps can't be told over datasets: its 10 datasets are 5 groups (g0, g1, "
        "g2, g3, g4), so no signed-rank test could show anything (smallest possible p 0.0625). "
        "Measured: +0.05"
    )
    assert first(scores, groups=groups).endswith("too few to test it on single datasets.")
    assert first(scores).startswith("student helps")


def test_few_datasets_are_tested_each_by_its_folds():
    scores = scores_of([0.05, -0.05, 0.0], folds=5)
    sentence = first(scores)
    assert (
        "3 datasets are too few, so no signed-rank test could show anything (smallest" in sentence
    )
    assert "(corrected t-test, Holm's correction over 3 rows): ahead on d0 (+0.05" in sentence
    assert "; behind on d1 (-0.0" in sentence and "; not shown to differ on d2 (" in sentence
    assert sentence.endswith("That is said of these datasets, and not of others.")


def test_a_family_of_two_needs_more_datasets():
    """0.03125 is the smallest p of six datasets, and 0.0625 with Holm's correction over two."""
    scores = scores_of([0.05] * 6, other=[0.05] * 6)
    assert first(scores).startswith("student helps")
    fair = {"student": "control", "other": "control"}
    sentence = first(scores, fair=fair)
    assert "(smallest possible p 0.0625, corrected for 2 tests)" in sentence


def test_without_a_fair_control_nothing_can_be_told():
    lines = described(scores_of([0.05] * 8), fair={"student": None})["reading"].splitlines()
    assert lines[0].startswith("Whether student helps can't be told: the study has no fair control")
    assert "More than luck" in lines[1] and "student beats base on 8 of 8 datasets" in lines[1]


def test_without_common_scores_nothing_can_be_told():
    scores = scores_of([0.05] * 8)
    scores.loc[scores["method"] == "control", "accuracy"] = np.nan
    assert "no dataset has scores of it and of its fair control control" in first(scores)


def test_results_without_students_are_no_part_of_the_comparison_with_the_control():
    scores = scores_of([0.05] * 8 + [-0.4], folds=3).assign(generations_trained=1)
    scores.loc[scores["dataset"] == "d8", "generations_trained"] = 0
    result = described(scores)
    (found,) = result["fair"]
    assert (found["groups"], found["without_students"], found["took_place"]) == (8, ["d8"], True)
    assert result["reading"].startswith("student helps: +0.05")
    assert (
        "student: no fold trained a student on d8. There it is not compared with its fair control "
        "control." in result["notes"]
    )
    test = significance.on_dataset(result, "d8", "student", "control")
    assert (test["p_value"], test["interval"], test["folds"]) == (None, None, 0)
    assert test["difference"] == pytest.approx(-0.4, abs=1e-3)
    assert test["reason"] == "No student was trained: these are scores of teachers."
    # With the baseline it is compared everywhere.
    (pair,) = (pair for pair in result["pairs"] if {pair["a"], pair["b"]} == {"base", "student"})
    assert pair["groups"] == 9
    none = described(scores.assign(generations_trained=0))
    assert none["reading"].startswith("student did not take place: no fold trained a student")


def test_a_study_without_students_begins_with_its_methods():
    reading = described(scores_of([0.05] * 8), fair={})["reading"]
    assert reading.startswith("More than luck (Wilcoxon's signed-rank tests over datasets, Holm's")


def test_verdict_of_numbers():
    entry = {"p_value": 0.01, "p_holm": 0.02, "groups": 9, "interval": [-0.02, 0.02]}
    for difference, correlation, found in ((1, 1, HELPS), (-1, -1, HURTS), (1, -1, LUCK)):
        sides = {"mean_difference": difference, "rank_biserial": correlation}
        assert judging.over_groups(entry | sides, 1, 0.01) == found
        assert judging.over_groups(entry | sides | {"p_holm": 0.05}, 1, 0.01) == LUCK
        assert judging.over_groups(entry | sides | {"p_holm": 0.05}, 1, 0.03) == NO_GAIN
        assert judging.over_groups(entry | sides | {"took_place": False}, 1, 0.01) == NO_STUDENTS
    assert judging.over_groups(entry | {"p_holm": 0.2, "groups": 5}, 1, 0.01) == NOT_TESTED
    assert judging.over_groups({"p_value": None}, 1, 0.01) == NOT_TESTED


def test_single_datasets_have_verdicts_of_their_own():
    result = described(scores_of([0.05, -0.05, 0.0], folds=5), fair={"student": "control"})
    found = [judging.verdict(result, "student", f"d{index}") for index in range(3)]
    assert found == [HELPS, HURTS, NO_GAIN]
    turned = scores_of([0.05, -0.05, 0.0], folds=5).iloc[::-1]
    assert judging.verdict(described(turned), "student", "d1") == HURTS
    assert judging.verdict(result, "student", "elsewhere") == NOT_TESTED
    alone = described(scores_of([0.05], folds=5), fair={"student": None})
    assert judging.verdict(alone, "student", "d0") == NOT_TESTED
    one_fold = described(scores_of([0.05], folds=1))
    assert judging.verdict(one_fold, "student", "d0") == NOT_TESTED


def test_single_datasets_are_corrected_for_all_of_them():
    """p of 0.02 on one of four is 0.08 with Holm's correction."""
    scores = scores_of([0.0] * 4, folds=5)
    student = (scores["method"] == "student") & (scores["dataset"] == "d0")
    control = (scores["method"] == "control") & (scores["dataset"] == "d0")
    differences = np.array([0.02, 0.03, 0.04, 0.04, 0.06])
    scores.loc[student, "accuracy"] = scores.loc[control, "accuracy"].to_numpy() + differences
    result = described(scores)
    (test,) = (
        test
        for test in result["per_dataset"]
        if test["dataset"] == "d0" and {test["a"], test["b"]} == {"control", "student"}
    )
    assert test["p_value"] < 0.05 < test["p_holm"]
    assert judging.verdict(result, "student", "d0") in (LUCK, NO_GAIN)
