"""Statistics, and what the report says of them, by hand."""

import numpy as np
import pandas as pd
import pytest
from conftest import tiny_config
from self_training.evaluation import comparison, differences, significance
from self_training.report import cautions, findings, summary
from self_training.study import fair_controls


def scores_of(**accuracies: list[list[float]]) -> pd.DataFrame:
    """Return scores, for each method a list of its datasets' folds."""
    return pd.DataFrame(
        [
            {"dataset": f"d{row}", "method": method, "fold": fold, "accuracy": accuracy}
            for method, datasets in accuracies.items()
            for row, folds in enumerate(datasets)
            for fold, accuracy in enumerate(folds)
        ]
    )


def test_a_tie_takes_the_smallest_rank():
    """Ranks 2, 3, 4 won and 5 lost, of 14: as far apart are 12 of 16 signs. Without the tie ranks
    would be 1, 2, 3 and 4, and 14 of 16."""
    found = differences.wilcoxon(np.array([0, 1, 2, 3, -4.0]))
    assert found["p_value"] == pytest.approx(12 / 16)


def test_a_large_loss_outweighs_two_small_wins():
    assert differences.rank_biserial(np.array([0.1, 0.2, -0.3])) == 0
    assert differences.rank_biserial(np.array([0.1, 0.2, 0.3, -0.4])) == pytest.approx(2 / 10)


def test_a_dataset_counts_once_however_many_folds_it_has():
    """Three datasets of four folds: of 2^3 signs two are as extreme."""
    a = [[0.5, 0.6, 0.7, 0.8], [0.4, 0.5, 0.4, 0.5], [0.6, 0.7, 0.7, 0.6]]
    b = [[value + 0.02 * (row + 1) for value in folds] for row, folds in enumerate(a)]
    (pair,) = significance.compare_methods(scores_of(a=a, b=b)).statistics["pairs"]
    assert (pair["datasets"], pair["wins"]) == (3, 3)
    assert pair["p_value"] == pytest.approx(2 / 2**3)
    assert pair["mean_difference"] == pytest.approx(0.04)


def test_more_than_luck_is_said_of_corrected_p_alone():
    """Six wins of six: p = 2/64, three times that for three pairs."""
    means = [0.5 + 0.01 * row for row in range(6)]
    scores = scores_of(
        a=[[mean] for mean in means],
        b=[[mean + 0.1 + 0.001 * row] for row, mean in enumerate(means)],
        c=[[mean + 0.2 + 0.003 * row] for row, mean in enumerate(means)],
    )
    comparison = significance.compare_methods(scores)
    for pair in comparison.statistics["pairs"]:
        assert pair["p_value"] == pytest.approx(2 / 64)
        assert pair["p_holm"] == pytest.approx(6 / 64)
    assert "More than luck" not in " ".join(findings.reading(comparison))


def test_a_difference_to_the_control_has_its_sign_and_interval():
    """b is better than a, whichever of them is the control."""
    a = [[0.5 + 0.01 * row] for row in range(8)]
    b = [[0.6 + 0.01 * row + 0.001 * row**2] for row in range(8)]
    scores = scores_of(a=a, b=b)
    for control, other, sign in (("a", "b", 1), ("b", "a", -1)):
        for fair, key in (({}, "control"), ({other: control}, "fair")):
            compared = significance.compare_methods(scores, control=control, fair=fair)
            rows = {row["method"]: row for row in summary._rows({}, scores, compared.statistics)}
            row = rows[other]
            low, high = map(float, row[key, "interval"].split(" to "))
            assert row[key, "difference"] == pytest.approx(sign * 0.1175)
            assert low < row[key, "difference"] < high and low * high > 0
            assert row[key, "outcomes"] == ("8 / 0 / 0" if sign > 0 else "0 / 0 / 8")
            assert rows[control][key, "difference"] is None


def test_training_seeds_of_a_fold_are_one_observation():
    """Their means are compared, on as many folds as there were."""
    one = scores_of(a=[[0.5, 0.6, 0.7]], b=[[0.55, 0.7, 0.71]])
    several = pd.concat(
        one.assign(training_seed=seed, accuracy=one["accuracy"] + change)
        for seed, change in ((0, 0.05), (1, -0.02), (2, -0.03))
    )
    means = comparison.over_seeds(several)
    assert means["fold"].tolist() == [0, 1, 2] * 2
    np.testing.assert_allclose(means["accuracy"], one["accuracy"])
    (test,) = significance.compare_methods(means).statistics["per_dataset"]
    (expected,) = significance.compare_methods(one).statistics["per_dataset"]
    assert test["folds"] == 3 and test["p_value"] == pytest.approx(expected["p_value"])
    # One seed says nothing of others, and scores from elsewhere have none.
    assert comparison.over_seeds(one) is one


def test_a_dataset_by_its_folds():
    """Differences 0.01, 0.02 and 0.03 of three folds: their variance is taken 1/3 + 1/2 times. Of
    two degrees of freedom p is 1 - t / sqrt(t^2 + 2), and t^2 is 4.8."""
    scores = scores_of(a=[[0.5, 0.6, 0.7]], b=[[0.51, 0.62, 0.73]])
    found = differences.corrected_t_test(scores, "a", "b", 3)
    assert found["p_value"] == pytest.approx(1 - (4.8 / 6.8) ** 0.5)
    half = 4.302653 * (0.0001 * 5 / 6) ** 0.5
    assert found["interval"] == pytest.approx([0.02 - half, 0.02 + half])


def three(control: float, student: float) -> pd.DataFrame:
    """A baseline, a control and a student on eight datasets, so much above the baseline."""
    steps = [0.001 * row for row in range(8)]
    return scores_of(
        base=[[0.5 + step] for step in steps],
        control=[[0.5 + control + 2 * step] for step in steps],
        student=[[0.5 + student + 3 * step * (-1) ** row] for row, step in enumerate(steps)],
    )


def test_ahead_of_the_baseline_alone_is_no_help():
    compared = significance.compare_methods(
        three(0.1, 0.1), control="base", fair={"student": "control"}
    )
    (entry,) = compared.statistics["fair"]
    pairs = {(pair["a"], pair["b"]): pair for pair in compared.statistics["pairs"]}
    assert pairs["base", "student"]["p_holm"] < 0.05 < pairs["control", "student"]["p_holm"]
    assert entry["mean_difference"] == pairs["control", "student"]["mean_difference"]
    assert findings.reading(compared)[0].startswith("student is not shown to help")


def test_a_fair_control_that_is_named_is_fair():
    """And corrected for itself: that the config names it as well changes nothing."""
    fair = {"student": "control"}
    compared = significance.compare_methods(three(0.1, 0.2), control="control", fair=fair)
    (entry,) = compared.statistics["fair"]
    assert entry["family"] == "fair" and entry["p_holm"] == entry["p_value"]
    families = [pair["family"] for pair in compared.statistics["pairs"]]
    assert families == ["control", "others", "fair"]


def test_single_datasets_are_said_by_corrected_p():
    """A p of 0.0318 of each for itself is 0.0635 over two."""
    a, b = [0.5] * 3, [0.54, 0.55, 0.56]
    scores = scores_of(control=[a, a], student=[b, b])
    compared = significance.compare_methods(scores, fair={"student": "control"})
    (sentence, *_) = findings.reading(compared)
    assert "not shown to differ on d0 (+0.0500, p = 0.0635) and d1" in sentence


def test_the_first_sheet_has_corrected_p():
    scores = three(0.05, 0.1)
    compared = significance.compare_methods(scores, control="base")
    corrected = {pair["b"]: pair for pair in compared.statistics["pairs"] if pair["a"] == "base"}
    for row in summary._rows({}, scores, compared.statistics)[1:]:
        pair = corrected[row["method"]]
        assert row["control", "p_value"] == pair["p_holm"] > pair["p_value"]


def test_who_was_tuned_more_is_said():
    """Four candidates of the student, and an ensemble of it of two sizes; a control has one."""
    config = fair_controls.add(tiny_config() | {"controls": "last_student"})
    fair = {name: f"{name}_control" for name in ("noisy_student", "noisy_student_ensemble")}
    statistics = {"fair": [{"method": one, "control": other} for one, other in fair.items()]}
    note = "\n".join(cautions.unequal_tuning(config, statistics))
    assert "noisy_student (4 against 1), noisy_student_ensemble (6 against 1)" in note
    note = "\n".join(cautions.steps_that_a_search_buys(config))
    assert "how long noisy_student and noisy_student_ensemble trained" in note
    config["methods"]["noisy_student"] |= {"threshold": 0.5, "generations": 2, "ensemble_size": 1}
    statistics["fair"] = statistics["fair"][:1]
    assert cautions.unequal_tuning(config, statistics) == []
    assert cautions.steps_that_a_search_buys(config) == []


def test_a_group_counts_once_in_means_and_differences():
    """Two datasets of one source, of which b is 0.1 and 0.3 ahead, and one where it is equal."""
    scores = scores_of(a=[[0.5], [0.5], [0.5]], b=[[0.6], [0.8], [0.5]])
    groups = {"d0": "source", "d1": "source"}
    found = significance.compare_methods(scores, groups=groups).statistics
    assert found["mean_accuracies"] == pytest.approx({"a": 0.5, "b": (0.7 + 0.5) / 2})
    (pair,) = found["pairs"]
    assert pair["mean_difference"] == pytest.approx((0.2 + 0) / 2)
    assert (pair["wins"], pair["ties"], pair["groups"]) == (1, 1, 2)
