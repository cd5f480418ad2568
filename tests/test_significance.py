"""Statistics: published examples, and an answer to everything that may be missing."""

import itertools
import json

import baycomp
import numpy as np
import pandas as pd
import pytest
from baycomp import SignedRankTest
from scipy import stats
from self_training.errors import ScoresError
from self_training.evaluation import comparison, differences, omnibus, significance
from self_training.evaluation.comparison import Reason, UnsharedFolds
from self_training.evaluation.hierarchical import mixed_model
from self_training.report import findings

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


def tidy(means: pd.DataFrame) -> pd.DataFrame:
    """Return means as scores without folds."""
    return pd.DataFrame(
        [
            {"dataset": f"data {row}", "method": method, "fold": pd.NA, "accuracy": accuracy}
            for row, accuracies in enumerate(means.to_dict("records"))
            for method, accuracy in accuracies.items()
        ]
    )


def described(scores: pd.DataFrame, **settings) -> dict:
    """Compare methods, in numbers and words; whatever comes out can be written as JSON."""
    result = findings.describe(significance.compare_methods(scores, **settings))
    return json.loads(json.dumps(result, allow_nan=False))


def compare(means: pd.DataFrame, **settings) -> dict:
    """Compare methods by their means."""
    return described(tidy(means), **settings)


def folds_of(values: dict[str, list], dataset: str = "data") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"dataset": dataset, "method": method, "fold": fold, "accuracy": accuracy}
            for method, accuracies in values.items()
            for fold, accuracy in enumerate(accuracies)
        ]
    )


def random_means(datasets: int, methods: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = 0.8 + 0.02 * np.arange(methods) + rng.normal(0, 0.03, (datasets, methods))
    return pd.DataFrame(values, columns=[f"m{index}" for index in range(methods)])


def test_friedman_and_ranks_of_a_published_example():
    """Average ranks and critical difference as published; Friedman's statistic, 9.28 there, is
    corrected for ties here."""
    result = compare(DEMSAR)
    ranks = {name: round(rank, 3) for name, rank in result["average_ranks"].items()}
    assert ranks == {"C4.5": 3.143, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}
    assert round(result["critical_difference"], 2) == 1.25
    values = DEMSAR.rank(axis=1)
    uncorrected = 12 * 14 / (4 * 5) * ((values.mean() ** 2).sum() - 4 * 25 / 4)
    assert round(uncorrected, 2) == 9.28
    ties = 1 - sum(
        (count**3 - count)
        for row in values.to_numpy()
        for count in np.unique(row, return_counts=True)[1]
    ) / (14 * (4**3 - 4))
    assert result["omnibus"]["friedman"]["statistic"] == pytest.approx(uncorrected / ties)


def test_friedman_and_nemenyi_of_the_study_of_2021():
    """A table with the average ranks of its 20 datasets (2.85, 1.35, 1.80) gives its statistics."""
    orders = [(0.1, 0.3, 0.2)] * 10 + [(0.1, 0.2, 0.3)] * 7 + [(0.2, 0.3, 0.1)] * 3
    result = compare(pd.DataFrame(orders, columns=["baseline", "noisy", "ensemble"]))
    assert result["average_ranks"] == pytest.approx(
        {"baseline": 2.85, "noisy": 1.35, "ensemble": 1.8}
    )
    friedman, nemenyi = result["omnibus"]["friedman"], result["post_hoc"]["nemenyi"]
    assert friedman["statistic"] == pytest.approx(23.70)
    assert friedman["p_value"] == pytest.approx(7.139e-06, rel=1e-3)
    assert nemenyi["baseline"]["noisy"] == pytest.approx(5.6e-06, rel=0.2)
    assert nemenyi["baseline"]["ensemble"] == pytest.approx(0.00259, rel=1e-2)
    assert nemenyi["noisy"]["ensemble"] == pytest.approx(0.329, rel=1e-2)


def test_iman_davenport_of_a_published_example():
    """Demsar 2006, p. 15: F = 3.69 with 3 and 39 degrees of freedom."""
    result = omnibus.iman_davenport(9.28, datasets=14, methods=4)
    assert round(result["statistic"], 2) == 3.69
    assert result["degrees_of_freedom"] == [3, 39]
    assert result["p_value"] == pytest.approx(stats.f.sf(result["statistic"], 3, 39))


def test_wilcoxon_of_a_published_example():
    """Demsar 2006, table 2: C4.5 and C4.5+m, T = min(93, 12) = 12; rejected at 0.05."""
    result = compare(DEMSAR)
    pair = result["pairs"][0]
    assert (pair["a"], pair["b"], pair["statistic"]) == ("C4.5", "C4.5+m", 12)
    assert (pair["wins"], pair["ties"], pair["losses"]) == (10, 2, 2)
    assert pair["p_value"] < 0.05


def test_wilcoxon_is_exact_for_few_datasets():
    """Of 2^6 signs, two are as extreme as six wins; ties and zeros are enumerated too."""
    assert differences.wilcoxon(np.arange(1.0, 7))["p_value"] == pytest.approx(2 / 2**6)
    assert differences.wilcoxon(np.ones(6))["p_value"] == pytest.approx(2 / 2**6)
    signs = np.array(np.meshgrid(*[[-1, 1]] * 5)).reshape(5, -1).T
    difference = np.array([0, 1, 1, 2, -3.0])
    ranks = stats.rankdata(np.abs(difference))
    sums = (signs * np.where(difference == 0, 0, ranks)).sum(axis=1)
    observed = (np.sign(difference) * ranks).sum()
    expected = np.mean(np.abs(sums) >= abs(observed))
    assert differences.wilcoxon(difference)["p_value"] == pytest.approx(expected)


def test_holm_by_hand():
    """The smallest p times 3, the next times 2, the last as it is; never falling."""
    tests = [{"p_value": p} for p in (0.02, 0.01, None, 0.04)]
    significance.correct(tests)
    assert [test["p_holm"] for test in tests] == pytest.approx([0.04, 0.03, None, 0.04])


def test_every_pair_is_in_one_family_of_holm():
    """Fair controls; pairs with the control that is named; all others. None is corrected twice."""
    means = random_means(20, 4)
    result = compare(means, control="m1", fair={"m3": "m0", "m2": None})
    families = {(pair["a"], pair["b"]): pair["family"] for pair in result["pairs"]}
    assert families == {
        ("m0", "m1"): "control",
        ("m0", "m2"): "others",
        ("m0", "m3"): "fair",
        ("m1", "m2"): "control",
        ("m1", "m3"): "control",
        ("m2", "m3"): "others",
    }
    for family, size in (("fair", 1), ("control", 3), ("others", 2)):
        pairs = [pair for pair in result["pairs"] if pair["family"] == family]
        least = min(pairs, key=lambda pair: pair["p_value"])
        assert least["p_holm"] == pytest.approx(min(1, size * least["p_value"]))
    for pair in result["pairs"]:
        assert result["post_hoc"]["wilcoxon_holm"][pair["a"]][pair["b"]] == pair["p_holm"]
    # One that nobody named is the first, and its pairs are as many as all others.
    families = {pair["family"] for pair in compare(means)["pairs"]}
    assert families == {"others"}


def test_nemenyi_agrees_with_the_critical_difference():
    """A pair differs at 0.05 exactly when its ranks are further apart than the difference."""
    means = pd.DataFrame([[0.9, 0.8, 0.7], [0.9, 0.7, 0.8]] * 5, columns=["z", "a", "m"])
    result = compare(means)
    assert result["methods"] == ["z", "a", "m"]
    ranks, pairs = result["average_ranks"], result["post_hoc"]["nemenyi"]
    assert ranks == {"z": 1.0, "a": 2.5, "m": 2.5}
    for one, other in (("z", "a"), ("z", "m"), ("a", "m")):
        apart = abs(ranks[one] - ranks[other]) > result["critical_difference"]
        assert (pairs[one][other] < 0.05) == apart
        assert pairs[one][other] == pairs[other][one]


def test_a_pair_does_not_depend_on_who_else_is_there():
    means = random_means(20, 4)
    alone, among = compare(means[["m0", "m1"]]), compare(means)
    for key in ("p_value", "mean_difference", "interval", "rank_biserial", "p_better"):
        assert alone["pairs"][0][key] == among["pairs"][0][key]


def test_rank_biserial_by_hand():
    assert differences.rank_biserial(np.array([0.1, 0.2, 0.3])) == 1
    assert differences.rank_biserial(np.array([-0.1, -0.2])) == -1
    # Ranks 1 and 3 won, 2 lost, of 6 in all.
    assert differences.rank_biserial(np.array([1, -2, 3.0])) == pytest.approx((4 - 2) / 6)


def test_bayesian_probabilities():
    rng = np.random.default_rng(0)
    same = differences.bayesian_signed_rank(rng.uniform(-0.002, 0.002, 15), 0.01)
    better = differences.bayesian_signed_rank(np.full(15, 0.05), 0.01)
    worse = differences.bayesian_signed_rank(np.full(15, -0.05), 0.01)
    assert same["p_equivalent"] > 0.99 and better["p_better"] > 0.99 and worse["p_worse"] > 0.99
    for result in (same, better, worse):
        assert sum(result.values()) == pytest.approx(1)
    assert better == differences.bayesian_signed_rank(np.full(15, 0.05), 0.01)
    without = differences.bayesian_signed_rank(np.full(15, 0.001), 0)
    assert without["p_equivalent"] == 0 and without["p_better"] > 0.99
    nothing = differences.bayesian_signed_rank(np.zeros(15), 0)
    assert nothing == {"p_worse": 0.5, "p_equivalent": 0.0, "p_better": 0.5}


@pytest.mark.parametrize("start", [0.70, 0.71, 0.1, 0.0])
def test_a_difference_as_large_as_the_rope_is_within_it(start):
    """Whatever the last bits of start + 0.01 are."""
    accuracies = start + np.arange(8) / 100
    means = pd.DataFrame({"a": accuracies, "b": accuracies + 0.01})
    assert compare(means)["pairs"][0]["p_equivalent"] > 0.99


def test_corrected_t_test_agrees_with_its_bayesian_twin():
    """The posterior of the correlated Bayesian t-test has the same center, scale and degrees."""
    rng = np.random.default_rng(0)
    a = rng.uniform(0.7, 0.8, 10)
    b = a + rng.normal(0.005, 0.01, 10)
    result = differences.corrected_t_test(folds_of({"a": a, "b": b}), "a", "b", 10)
    left, right = baycomp.CorrelatedTTest.probs(a, b, rope=0, runs=1)
    assert result["p_value"] == pytest.approx(2 * min(left, right))
    assert result["difference"] == pytest.approx(np.mean(b - a))
    plain = stats.ttest_rel(a, b).pvalue
    assert result["p_value"] > plain, "overlapping training sets make a difference less certain"


def test_ratio_of_test_to_training_examples_is_the_study_s():
    scores = folds_of({"a": [0.5, 0.6, 0.7], "b": [0.6, 0.65, 0.9]})
    given = scores.assign(test=50, labeled=10, unlabeled=90)
    assert differences._test_to_train(given, 3) == 0.5
    assert differences._test_to_train(scores, 3) == 0.5
    assert differences._test_to_train(given.assign(test=10), 3) == pytest.approx(0.1)
    apart = [differences.corrected_t_test(some, "a", "b", 3)["p_value"]
             for some in (given, given.assign(test=10))]  # fmt: skip
    assert apart[0] > apart[1]


@pytest.mark.parametrize("difference", [0.0, 0.01, 0.05, 0.1])
def test_a_difference_that_is_the_same_on_every_fold(difference):
    """No p comes out of the last bits of the scores, and no interval without a width."""
    a = [0.71, 0.72, 0.53]
    scores = folds_of({"a": a, "b": [accuracy + difference for accuracy in a]})
    result = differences.corrected_t_test(scores, "a", "b", 3)
    assert result["p_value"] is None and result["reason"] == Reason.ONE_DIFFERENCE
    assert "same on every {unit}" in findings.REASONS[result["reason"]]
    assert result["interval"] is None
    assert result["difference"] == pytest.approx(difference)


def test_a_comparison_that_came_out_without_a_p_is_corrected_for():
    """p of 0.03 beside one that differs alike in all folds is 0.06, as that was asked, too."""
    alike = {"folds": 5, "p_value": None}
    tests = [{"folds": 5, "p_value": 0.03}, alike, {"folds": 1, "p_value": None}]
    significance.correct(tests)
    assert [test["p_holm"] for test in tests] == [pytest.approx(0.06), None, None]


def test_folds_that_are_not_compared_still_count_as_folds():
    """With 3 of 10 folds, a method was still trained on nine tenths of the examples."""
    rng = np.random.default_rng(0)
    scores = folds_of({"a": rng.uniform(0.7, 0.8, 10), "b": rng.uniform(0.7, 0.8, 3)})
    test = described(scores)["per_dataset"][0]
    assert test["folds"] == 3
    comparable, _ = comparison.paired(scores)
    expected = differences.corrected_t_test(comparable, "a", "b", 10)
    assert test["interval"] == expected["interval"]
    assert expected["interval"] != differences.corrected_t_test(comparable, "a", "b", 3)["interval"]


def test_interval_of_a_mean_by_hand():
    """Mean 0.02, standard deviation 0.01: 4.303 standard errors of three on either side."""
    half = 4.302653 * 0.01 / np.sqrt(3)
    found = differences.mean_interval(np.array([0.01, 0.02, 0.03]))
    assert found == pytest.approx([0.02 - half, 0.02 + half])
    # Nothing says how much units differ.
    assert differences.mean_interval(np.full(5, 0.1)) is None
    assert differences.mean_interval(np.array([0.1])) is None


@pytest.mark.parametrize("units", [2, 3, 4, 5, 7, 10, 20])
def test_intervals_cover_what_they_say(units):
    """19 of 20 times, however few units there are; a bootstrap (BCa) covers 0.74 of 3."""
    draws = np.random.default_rng(units).normal(0.02, 0.05, (4000, units))
    intervals = np.array([differences.mean_interval(draw) for draw in draws])
    covered = np.mean((intervals[:, 0] < 0.02) & (intervals[:, 1] > 0.02))
    assert covered == pytest.approx(0.95, abs=0.015)


def test_probabilities_are_withheld_where_they_are_too_sure():
    """Of differences around 0, P(better) > 0.95 should be 1 time in 20."""
    least = differences.LEAST_FOR_PROBABILITIES

    def sure(units: int) -> float:
        draws = np.random.default_rng(0).normal(0, 0.02, (500, units))
        found = [
            SignedRankTest.probs(np.zeros(units), draw, 0, nsamples=500, random_state=0)
            for draw in draws
        ]
        return float(np.mean([better > 0.95 for _, better in found]))

    assert sure(2) > 0.2 and sure(least) < 0.1
    few, enough = (
        differences.bayesian_signed_rank(np.full(units, 0.05), 0.01) for units in (least - 1, least)
    )
    assert set(few.values()) == {None} and enough["p_better"] > 0.9


@pytest.mark.parametrize(
    ("means", "reason"),
    [
        (pd.DataFrame({"a": [0.1, 0.2], "b": [0.2, 0.3]}), "needs at least 3 methods"),
        (pd.DataFrame({"a": [0.1], "b": [0.2], "c": [0.3]}), "needs at least 2 complete datasets"),
        (pd.DataFrame({name: [0.1, 0.2] for name in "abc"}), "same on every dataset"),
    ],
)
def test_what_cannot_be_tested_says_why(means, reason):
    result = compare(means)
    for test in result["omnibus"].values():
        assert test["p_value"] is None and reason in test["reason"]
    assert result["post_hoc"]["nemenyi"] is None and result["reading"]


def test_one_method():
    result = compare(pd.DataFrame({"a": [0.1, 0.2]}))
    assert result["pairs"] == [] and "one method only" in result["reading"]


def test_two_methods_have_their_pair():
    result = compare(random_means(12, 2))
    assert result["pairs"][0]["p_holm"] == result["pairs"][0]["p_value"] < 0.05
    assert "m1 beats m0" in result["reading"] and "Friedman" not in result["reading"]


def test_one_dataset_has_the_tests_of_its_folds():
    rng = np.random.default_rng(0)
    scores = folds_of({"a": rng.normal(0.8, 0.01, 10), "b": rng.normal(0.9, 0.01, 10)})
    result = described(scores)
    assert result["per_dataset"][0]["p_value"] < 0.001
    assert result["pairs"][0]["p_value"] == 1.0 and result["pairs"][0]["p_better"] is None
    assert "1 dataset: too few" in result["notes"][0]


def test_all_methods_equal():
    result = compare(pd.DataFrame({name: [0.1, 0.2, 0.3] for name in "abc"}))
    assert all(pair["p_value"] == 1 and pair["rank_biserial"] == 0 for pair in result["pairs"])
    assert result["pairs"][0]["interval"] is None
    assert result["reading"].startswith("All methods score the same")


def test_the_same_order_everywhere_is_no_certainty():
    """Of 6 orders on each of 2 datasets, 6 of 36 agree; the F-form would say p = 0."""
    tests = compare(pd.DataFrame({"a": [0.1] * 2, "b": [0.2] * 2, "c": [0.3] * 2}))["omnibus"]
    assert tests["friedman_permutation"]["p_value"] == pytest.approx(1 / 6)
    test = tests["iman_davenport"]
    assert test["statistic"] is test["p_value"] is None and "infinite" in test["reason"]


def test_permutations_are_all_orders_of_every_dataset():
    """By hand: every combination of orders, and how many have a statistic as large."""
    ranks = np.array([[1, 2, 3], [1, 3, 2], [1.5, 1.5, 3], [2, 1, 3]])
    orders = [list(itertools.permutations(row)) for row in ranks]
    statistics = [(np.array(rows).sum(axis=0) ** 2).sum() for rows in itertools.product(*orders)]
    expected = np.mean(np.array(statistics) >= (ranks.sum(axis=0) ** 2).sum() - 1e-9)
    assert omnibus.permutation_p(ranks) == pytest.approx(expected)


def test_permutations_of_many_datasets_are_drawn_and_never_give_0():
    ranks = np.tile([1, 2, 3], (20, 1))
    p_value = omnibus.permutation_p(ranks)
    assert p_value == omnibus.permutation_p(ranks) == 1 / (omnibus.PERMUTATIONS + 1)
    random = stats.rankdata(np.random.default_rng(0).normal(size=(30, 4)), axis=1)
    by_distribution = stats.friedmanchisquare(*random.T).pvalue
    assert omnibus.permutation_p(random) == pytest.approx(by_distribution, abs=0.02)


def test_too_few_datasets_are_said_in_words():
    means = random_means(6, 3)
    notes = " ".join(compare(means)["notes"])
    assert "6 datasets: too few for Wilcoxon's test" in notes and "need at least 7" in notes
    assert "too few" not in " ".join(compare(random_means(7, 3))["notes"])
    assert compare(random_means(12, 3))["notes"] == []


def test_reading_and_notes_agree_when_nothing_could_show():
    means = pd.DataFrame([[m / 10 + d / 100 for m in range(7)] for d in range(4)])
    result = compare(means.rename(columns=str))
    assert "too few datasets to tell" in result["reading"]
    assert "more than luck (" not in result["reading"]


def test_notes_are_of_the_pairs_that_were_tested():
    """c failed everywhere, so there is one pair, for which six datasets are enough."""
    result = compare(random_means(6, 2).assign(c=np.nan))
    assert not any("too few" in note for note in result["notes"])
    # c is there on three of 20 datasets: its pairs could not show anything, and are named.
    means = random_means(20, 3)
    means.loc[3:, "m2"] = np.nan
    (note,) = [note for note in compare(means)["notes"] if "too few" in note]
    assert note.startswith("3 datasets: too few") and "m0 and m2 differ, m1 and m2 differ" in note
    assert compare(pd.DataFrame({"a": [0.1] * 3}))["notes"] == []
    same = compare(pd.DataFrame({"a": [0.1] * 3, "b": [0.1] * 3, "c": [np.nan] * 3}))
    assert same["reading"].startswith("a and b score the same")


def test_many_wins_and_few_large_losses_are_read_as_that():
    b = np.array([0.011 + i / 10000 for i in range(18)] + [-0.3, -0.31])
    reading = compare(pd.DataFrame({"a": np.full(20, 0.6), "b": 0.6 + b}))["reading"]
    assert "b beats a on 18 of 20 datasets, though its mean accuracy is" in reading


def test_missing_scores_are_named_and_used_where_they_can_be():
    means = random_means(12, 3)
    means.loc[4, "m2"] = np.nan
    result = compare(means)
    assert result["datasets"] == 11 and result["datasets_with_missing_scores"] == 1
    assert "No score of m2 on data 4" in result["notes"][0]
    counts = {(pair["a"], pair["b"]): pair["datasets"] for pair in result["pairs"]}
    assert counts == {("m0", "m1"): 12, ("m0", "m2"): 11, ("m1", "m2"): 11}
    without = compare(means.drop(index=4))
    assert result["omnibus"] == without["omnibus"]


def test_a_method_that_failed_on_every_dataset():
    means = random_means(8, 3).assign(m1=np.nan)
    result = compare(means)
    assert result["datasets"] == 0 and result["average_ranks"]["m1"] is None
    assert {pair["p_value"] is None for pair in result["pairs"] if "m1" in pair.values()} == {True}
    assert "m2 and m0" in result["reading"] or "m2 beats m0" in result["reading"]


def test_only_folds_that_both_methods_have_are_compared():
    """The second method lacks the fold that is easiest for the first."""
    scores = folds_of({"a": [0.5, 0.6, 0.9], "b": [0.55, 0.65]})
    comparable, unshared = comparison.paired(scores)
    means = comparison.means_over_folds(comparable)
    assert means.loc["data", "a"] == pytest.approx(0.55)
    assert means.loc["data", "b"] == pytest.approx(0.6)
    assert unshared == [UnsharedFolds("data", shared=2, others=1)]
    result = described(scores)
    assert result["pairs"][0]["mean_difference"] == pytest.approx(0.05)
    assert "share 2 folds" in result["notes"][0]


def test_a_third_method_changes_nothing_between_two():
    """b beats a on each of 8 datasets; on their first fold alone, all that c has, a beats b."""
    two = pd.concat(
        folds_of({"a": [0.6, 0.5, 0.5], "b": [0.59, 0.6 + row / 100, 0.6]}, f"d{row}")
        for row in range(8)
    )
    third = pd.concat(folds_of({"c": [0.7]}, f"d{row}") for row in range(8))
    alone, among = described(two), described(pd.concat([two, third]))
    (expected, *_), (pair, *_) = alone["pairs"], among["pairs"]
    assert (pair["wins"], pair["losses"]) == (8, 0)
    # Corrected p are of a family, which has more pairs with a third method.
    corrected = {"p_holm": None, "naive": None}
    assert pair | corrected == expected | corrected
    own = [test for test in among["per_dataset"] if (test["a"], test["b"]) == ("a", "b")]
    assert [test["folds"] for test in own] == [3] * 8
    assert [test | corrected for test in own] == [test | corrected for test in alone["per_dataset"]]


def test_methods_without_a_common_fold_are_named():
    scores = folds_of({"a": [0.5, 0.6], "b": [0.7, 0.8]})
    scores.loc[scores["method"] == "b", "fold"] += 5
    result = described(scores)
    assert "share no fold" in result["notes"][0]
    assert "at least 2 folds" in result["per_dataset"][0]["reason"]
    # Means over other folds are no comparison of the two.
    assert result["pairs"][0]["datasets"] == 0
    # Where only a mean is known, it is compared.
    scores.loc[scores["method"] == "b", "fold"] = pd.NA
    assert described(scores)["pairs"][0]["datasets"] == 1


def test_reading_names_all_that_share_the_best_rank():
    means = pd.DataFrame({"a": [0.9, 0.8], "b": [0.9, 0.8], "c": [0.95, 0.7]})
    reading = compare(means)["reading"]
    assert "Best average rank over 2 datasets: a, b, c (2.00" in reading


def test_reading_of_a_loser():
    """A control that is beaten, and one that beats, are read in their direction."""
    means = random_means(12, 2)
    forward = compare(means)["reading"]
    backward = compare(means[["m1", "m0"]])["reading"]
    assert "m1 beats m0" in forward and "m1 beats m0" in backward
    assert forward.split("beats")[1] == backward.split("beats")[1]


def test_a_control_that_is_not_there():
    with pytest.raises(ScoresError, match="statistics.control: Expected one of m0, m1. .*'m7'"):
        compare(random_means(3, 2), control="m7")


def test_means_do_not_break_ties():
    folds = {"a": [0.9, 0.8, 0.7], "b": [0.7, 0.8, 0.9]}
    rows = [
        {"dataset": "d", "method": method, "fold": fold, "accuracy": accuracy}
        for method, accuracies in folds.items()
        for fold, accuracy in enumerate(accuracies)
    ]
    means = comparison.means_over_folds(pd.DataFrame(rows))
    assert means.loc["d", "a"] == means.loc["d", "b"]


def budgets_of(means: dict[str, list], names=("a@1", "a@2")) -> dict:
    """Compare methods by means of the datasets a@1, a@2, b, c, ..."""
    names = [*names, *"bcdefghijk"]
    rows = [
        {"dataset": name, "method": method, "fold": pd.NA, "accuracy": accuracy}
        for method, accuracies in means.items()
        for name, accuracy in zip(names, accuracies, strict=False)
    ]
    return described(pd.DataFrame(rows))


def test_label_budgets_of_a_dataset_are_one_unit():
    """Ahead at one budget, behind by more at the other: the dataset is lost."""
    means = {"x": [0.5, 0.5, 0.5, 0.5], "y": [0.6, 0.1, 0.7, 0.8]}
    result = budgets_of(means)
    (pair,) = result["pairs"]
    assert result["datasets"] == pair["datasets"] == 3
    assert (pair["wins"], pair["ties"], pair["losses"]) == (2, 0, 1)
    assert pair["mean_difference"] == pytest.approx((-0.15 + 0.2 + 0.3) / 3)
    assert pair["p_value"] == 0.5  # Exact, of the ranks -1, 2 and 3: 2 * 2 of 8.
    assert result["average_ranks"]["y"] == pytest.approx(4 / 3)
    assert any("Label budgets of a dataset (a) are no independent" in n for n in result["notes"])
    # On each dataset over folds, every budget has its test.
    assert [test["dataset"] for test in result["per_dataset"]] == ["a@1", "a@2", "b", "c"]
    apart = budgets_of(means, ("a@1", "a1@2"))
    assert apart["pairs"][0]["datasets"] == 4 and apart["average_ranks"]["y"] == 1.25
    assert "budget" not in "".join(apart["notes"])


def test_many_budgets_do_not_make_a_test_of_datasets():
    """Twelve budgets of one dataset are one unit, which can show nothing."""
    scores = pd.concat(
        folds_of({"x": [0.5, 0.5], "y": [0.6, 0.6]}, f"a@{budget}") for budget in range(12)
    )
    (pair,) = described(scores)["pairs"]
    assert pair["datasets"] == 1 and pair["p_value"] == 1
    scores["dataset"] = scores["dataset"].str.replace("@", "_")
    assert described(scores)["pairs"][0]["p_value"] < 0.001


def test_a_mean_over_budgets_is_over_all_of_them():
    """A method without a score at the hardest budget does not look better for it."""
    means = {"x": [0.2, 0.8, 0.5], "y": [None, 0.9, 0.6], "z": [0.3, 0.9, 0.4]}
    result = budgets_of(means)
    assert "No score of y on a@1." in result["notes"][0]
    assert result["datasets"] == 1 and result["datasets_with_missing_scores"] == 1
    counts = {(pair["a"], pair["b"]): pair["datasets"] for pair in result["pairs"]}
    assert counts == {("x", "y"): 1, ("x", "z"): 2, ("y", "z"): 1}


def test_groups_are_the_units_of_tests():
    """Three datasets of one source count once, with their mean: four units by hand."""
    means = pd.DataFrame({"a": [0.5] * 6, "b": [0.6, 0.4, 0.56, 0.53, 0.52, 0.51]})
    groups = {f"data {row}": "one" for row in range(3)}
    result = compare(means, groups=groups)
    (pair,) = result["pairs"]
    assert (pair["groups"], pair["datasets"]) == (4, 6)
    values = np.array([0.02, 0.03, 0.02, 0.01])
    assert pair["mean_difference"] == pytest.approx(values.mean())
    half = stats.t.ppf(0.975, 3) * values.std(ddof=1) / 2
    assert pair["interval"] == pytest.approx([values.mean() - half, values.mean() + half])
    assert (pair["wins"], pair["losses"]) == (4, 0) and pair["p_value"] == 2 / 2**4
    naive = pair["naive"]
    assert (naive["wins"], naive["losses"]) == (5, 1)
    assert naive["p_value"] == differences.wilcoxon(means["b"] - means["a"])["p_value"]
    assert result["mean_accuracies"]["b"] == pytest.approx(0.5 + values.mean())
    assert result["groups"]["data 0"] == "one" and result["groups"]["data 3"] == "data 3"
    assert "The 6 datasets are 4 groups: those made from one source (one (3))" in result["notes"][0]
    # Each of them by itself is as before.
    plain = compare(means)
    assert plain["pairs"][0]["groups"] == 6 and plain["average_ranks"] == result["average_ranks"]
    assert plain["pairs"][0]["p_value"] == naive["p_value"]


def test_a_group_of_all_datasets_can_show_nothing():
    means = random_means(20, 2)
    result = compare(means, groups={f"data {row}": "one" for row in range(20)})
    (pair,) = result["pairs"]
    assert (pair["groups"], pair["p_value"], pair["interval"]) == (1, 1.0, None)
    assert set(pair["model"].values()) == {None}


def test_mixed_model_by_hand():
    """Balanced groups: the mean of their means, with their standard error; correlation by ANOVA."""
    values = np.array([[0.01, 0.02, 0.03], [0.05, 0.06, 0.04], [-0.01, 0.01, 0.0], [0.03] * 3])
    model = mixed_model(values.ravel(), [name for name in "abcd" for _ in range(3)])
    means = values.mean(axis=1)
    assert model["difference"] == pytest.approx(means.mean())
    error = means.std(ddof=1) / 2
    assert model["p_value"] == pytest.approx(2 * stats.t.sf(means.mean() / error, 3), rel=1e-3)
    within = values.var(axis=1, ddof=1).mean()
    between = means.var(ddof=1) - within / 3
    assert model["correlation"] == pytest.approx(between / (between + within), rel=1e-3)


def test_mixed_model_where_groups_are_no_more_alike():
    """The variance between groups is estimated to be 0: the mean of all, with its own error."""
    values = np.array([0.0, 0.04, 0.01, 0.03, 0.02])
    model = mixed_model(values, list("aabbc"))
    assert model["correlation"] == pytest.approx(0, abs=1e-4)
    error = values.std(ddof=1) / np.sqrt(5)
    half = stats.t.ppf(0.975, 2) * error
    assert model["interval"] == pytest.approx([0.02 - half, 0.02 + half], rel=1e-3)


def test_mixed_model_does_not_find_too_much_in_few_groups():
    """Three groups whose datasets correlate by 0.5: by the normal distribution p would be below
    0.05 in 33 of these 200 nulls; by t with two degrees of freedom it is in 3."""
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2], [4, 2, 1])
    p_values = []
    for _ in range(200):
        drawn = rng.normal(size=3)[groups] + rng.normal(size=7)
        p_values.append(mixed_model(0.01 * drawn, list(map(str, groups)))["p_value"])
    assert np.mean(np.array(p_values) < 0.05) < 0.06


def test_mixed_model_needs_groups_of_several():
    nothing = {None}
    assert set(mixed_model(np.array([0.1, 0.2, 0.3]), list("abc")).values()) == nothing
    assert set(mixed_model(np.array([0.1, 0.2, 0.3]), list("aaa")).values()) == nothing
    assert set(mixed_model(np.full(4, 0.1), list("aabb")).values()) == nothing


def test_the_other_way_round():
    pair = compare(random_means(9, 2), groups={"data 0": "x", "data 1": "x"})["pairs"][0]
    turned = significance.turn(pair)
    assert (turned["a"], turned["b"]) == (pair["b"], pair["a"])
    assert turned["mean_difference"] == -pair["mean_difference"]
    assert turned["interval"] == [-pair["interval"][1], -pair["interval"][0]]
    assert (turned["wins"], turned["losses"]) == (pair["losses"], pair["wins"])
    assert turned["naive"]["wins"] == pair["naive"]["losses"]
    assert turned["p_better"] == pair["p_worse"]
    assert turned["model"]["difference"] == -pair["model"]["difference"]
    assert turned["p_value"] == pair["p_value"] and significance.turn(turned) == pair


def test_training_seeds_of_a_fold_are_one_observation():
    """The means over seeds are compared, and folds are as many as they were."""
    a, b = [0.5, 0.6, 0.7], [0.55, 0.7, 0.71]
    scores = folds_of({"a": a, "b": b})
    seeds = pd.concat(
        scores.assign(training_seed=seed, accuracy=scores["accuracy"] + sign * 0.02)
        for seed, sign in ((0, 1), (1, -1))
    )
    assert described(comparison.over_seeds(seeds)) == described(scores)
