import json
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import tiny_config
from self_training import report, scores, significance, storage, tables

Y = np.array([0, 0, 0, 1, 1, 2])
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
    result = scores.metrics(Y, PROBABILITIES)
    assert result["accuracy"] == pytest.approx(4 / 6)
    assert result["tpr"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert result["fpr"] == pytest.approx((1 / 3 + 1 / 4 + 0) / 3)
    assert result["precision"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    # Pairs in the right order: class 0, 8 of 9; class 1, 0.8 and 0.3 against .1 .3 .7 .2: 4 and
    # 2.5 of 4; class 2, 5 of 5.
    assert result["auc"] == pytest.approx((8 / 9 + 6.5 / 8 + 1) / 3)


def test_two_classes():
    result = scores.metrics(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]))
    assert result["auc"] == 1 and result["accuracy"] == pytest.approx(2 / 3)


def test_pseudo_labels_are_scored_per_generation():
    chain = {
        "examples": np.array([5, 3, 4]),
        "targets": np.array([2, 0, 1]),
        "generation": np.array([1, 1, 2]),
        "copies": np.array([1, 0, 2]),
        "offered": np.array([4, 3]),
    }
    assert scores.score_pseudo_labels(Y, chain) == [
        {"generation": 1, "offered": 4, "selected": 2, "correct": 1, "trained_on": 1},
        {"generation": 2, "offered": 3, "selected": 1, "correct": 1, "trained_on": 2},
    ]


# Demsar 2006 (JMLR 7), table 6: AUC of four variants of C4.5 on 14 datasets. The last two values of
# "voting" are both printed as 0.975, but ranked 2 and 3.
DEMSAR = pd.DataFrame(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ],
    columns=["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"],
)


def test_published_example():
    """Average ranks and critical difference as published; Friedman's statistic, 9.28 there, is
    corrected for ties here."""
    result = significance.compare_methods(DEMSAR)
    ranks = {name: round(rank, 3) for name, rank in result["average_ranks"].items()}
    assert ranks == {"C4.5": 3.143, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}
    assert round(result["critical_difference"], 2) == 1.25
    friedman = result["omnibus"]["friedman"]
    values = DEMSAR.rank(axis=1)
    uncorrected = 12 * 14 / (4 * 5) * ((values.mean() ** 2).sum() - 4 * 25 / 4)
    assert round(uncorrected, 2) == 9.28
    ties = 1 - sum(
        (count**3 - count)
        for row in values.to_numpy()
        for count in np.unique(row, return_counts=True)[1]
    ) / (14 * (4**3 - 4))
    assert friedman["statistic"] == pytest.approx(uncorrected / ties)


def test_nemenyi_agrees_with_the_critical_difference():
    """A pair differs at 0.05 exactly when its ranks are further apart than the difference."""
    means = pd.DataFrame([[0.9, 0.8, 0.7], [0.9, 0.7, 0.8]] * 5, columns=["z", "a", "m"])
    result = significance.compare_methods(means)
    assert result["methods"] == ["z", "a", "m"]
    ranks, pairs = result["average_ranks"], result["post_hoc"]["nemenyi"]
    assert ranks == {"z": 1.0, "a": 2.5, "m": 2.5}
    for one, other in (("z", "a"), ("z", "m"), ("a", "m")):
        apart = abs(ranks[one] - ranks[other]) > result["critical_difference"]
        assert (pairs[one][other] < 0.05) == apart
        assert pairs[one][other] == pairs[other][one]


@pytest.mark.parametrize(
    ("means", "reason"),
    [
        (pd.DataFrame({"a": [0.1, 0.2], "b": [0.2, 0.3]}), "needs at least 3 methods"),
        (pd.DataFrame({"a": [0.1], "b": [0.2], "c": [0.3]}), "needs at least 2 datasets"),
        (pd.DataFrame({name: [0.1, 0.2] for name in "abc"}), "same on every dataset"),
    ],
)
def test_what_cannot_be_tested_says_why(means, reason):
    result = significance.compare_methods(means)
    assert result["omnibus"]["friedman"]["p_value"] is None
    assert reason in result["omnibus"]["friedman"]["reason"] and reason in result["reading"][0]


def test_reading_names_all_that_share_the_best_rank():
    means = pd.DataFrame({"a": [0.9, 0.8], "b": [0.9, 0.8], "c": [0.95, 0.7]})
    reading = significance.compare_methods(means)["reading"]
    assert (
        "Best average rank: a, b, c (2.00; 1 would be always best), by a difference" in reading[1]
    )


def fake_evaluations() -> list[dict]:
    rng = np.random.default_rng(0)
    generation = {"generation": 1, "offered": 4, "selected": 0, "correct": 0, "trained_on": 0}
    return [
        {"dataset": dataset, "method": method, "fold": fold}
        | {name: float(rng.random()) for name in (*report.TITLES, "gradient_steps")}
        | {"labeled": 5, "unlabeled": 40, "test": 50}
        | {"unlabeled_fraction": None, "threshold": None, "generations": 0, "ensemble_size": 1}
        | {"generations_trained": 0, "termination_condition": "generations_reached"}
        | {"pseudo_labels": [] if method == "1" else [generation]}
        for dataset in ("NA", "001", "null")
        for method in ("1", "true", "c")
        for fold in (0, 1)
    ]


def test_report_of_any_names(tmp_path):
    """Names that a reader of CSV files takes for numbers or missing values stay names."""
    evaluations = fake_evaluations()
    storage.save_csv(tmp_path / "scores.csv", tables.collect_scores(evaluations))
    table = storage.load_csv(tmp_path / "scores.csv")
    means = significance.means_over_folds(table)
    assert means.index.tolist() == ["NA", "001", "null"] and means.columns.tolist() == [
        "1",
        "true",
        "c",
    ]
    statistics = significance.compare_methods(means)
    seconds = ("startup", "tracing", "training", "prediction", "job")
    timing = {"rule": "train_teachers", "runs": 3} | {f"{name}_seconds": 1.5 for name in seconds}
    report.write(
        tmp_path / "report.xlsx",
        config=tiny_config() | {"description": "=1+1"},
        scores=table,
        generations=tables.collect_generations(evaluations),
        timings=tables.collect_timings([timing, {"rule": "train_students"}]),
        statistics=json.loads(json.dumps(statistics)),
    )
    workbook = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert workbook.sheetnames == [
        "Summary",
        "Means",
        "All folds",
        "Chains",
        "Pseudo-labels",
        "Tests",
        "Cost",
        "Provenance",
    ]
    assert workbook["Summary"]["A2"].data_type == "s"
    rows = list(workbook["Means"].iter_rows(min_row=3, max_row=5, values_only=True))
    assert [row[0] for row in rows] == ["NA", "001", "null"]
    expected = [evaluation["accuracy"] for evaluation in evaluations[:2]]
    assert rows[0][1] == pytest.approx(np.mean(expected))
    assert rows[0][2] == pytest.approx(np.std(expected, ddof=1))


def test_means_do_not_break_ties():
    folds = {"a": [0.9, 0.8, 0.7], "b": [0.7, 0.8, 0.9]}
    rows = [
        {"dataset": "d", "method": method, "fold": fold, "accuracy": accuracy}
        for method, accuracies in folds.items()
        for fold, accuracy in enumerate(accuracies)
    ]
    means = significance.means_over_folds(pd.DataFrame(rows))
    assert means.loc["d", "a"] == means.loc["d", "b"]


def test_files_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "scores.json"
    storage.save_json(path, {"a": 1})
    (tmp_path / ".scores.part-killed.json").write_text("{")
    with pytest.raises(ValueError, match="not JSON compliant"):
        storage.save_json(path, {"a": float("nan")})
    assert storage.load_json(path) == {"a": 1}
    assert [Path(file).name for file in tmp_path.iterdir()] == ["scores.json"]
