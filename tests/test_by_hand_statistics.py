"""Statistics, and what the report says of them, by hand."""

import numpy as np
import pandas as pd
import pytest
from self_training.evaluation import differences, significance
from self_training.report import findings, summary


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
