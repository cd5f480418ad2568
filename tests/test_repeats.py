"""Repeats of the outer cross-validation: their splits and seeds, their tests, and the spread."""

import baycomp
import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import tiny_config
from self_training.data.splits import make_splits
from self_training.errors import ConfigError
from self_training.evaluation import comparison, differences, repeats, scores, significance
from self_training.report import (
    cautions,
    findings,
    findings_of_repeats,
    methods_text,
    sheets,
    sheets_of_chains,
)
from self_training.seeds import generator
from self_training.study import checks
from self_training.study import config as study
from self_training.study.plan import Plan

LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [100, 80, 60]))
FAIR = [{"method": "student", "control": "control"}]


def splits(**changes) -> list:
    settings = {"seed": 1, "dataset": "d", "outer_folds": 4, "inner_folds": 3}
    settings |= {"labels_per_class": 5} | changes
    return make_splits(LABELS, ["a", "b", "c"], **settings)


def partition(made: list) -> list[int]:
    """Return the fold of every example."""
    folds = np.full(len(LABELS), -1)
    for fold, split in enumerate(made):
        folds[split.test_idx] = fold
    return folds.tolist()


def scores_of(outer_folds: int, **accuracies: list[float]) -> pd.DataFrame:
    """Return scores of a dataset, for each method those of its folds, which repeats number on."""
    return pd.DataFrame(
        {"dataset": "d", "method": method, "fold": fold, "repeat": fold // outer_folds}
        | {"training_seed": 0, "accuracy": accuracy, "source": "study"}
        for method, folds in accuracies.items()
        for fold, accuracy in enumerate(folds)
    )


def test_the_first_repeat_is_the_study_without_repeats():
    """To the number, as it was before there were repeats."""
    made = splits()
    assert made[0].test_idx[:6].tolist() == [2, 3, 16, 19, 22, 24]
    assert made[0].labeled_idx[:6].tolist() == [23, 61, 71, 73, 89, 104]
    assert made[3].unlabeled_idx[:6].tolist() == [132, 227, 100, 16, 123, 79]
    assert made[3].inner_folds[0][:6].tolist() == [2, 0, 1, 0, 1, 0]
    for one, other in zip(made, splits(repeat=0), strict=True):
        for name, array in vars(one).items():
            np.testing.assert_array_equal(getattr(other, name), array)


def test_every_repeat_is_another_partition_stratified():
    found = set()
    for repeat in range(4):
        made = splits(repeat=repeat)
        folds = partition(made)
        assert sorted(np.concatenate([split.test_idx for split in made])) == list(range(240))
        for split in made:
            assert np.bincount(LABELS[split.test_idx]).tolist() == [25, 20, 15]
        found.add(tuple(folds))
    assert len(found) == 4
    # By chance, a fold of one and a fold of another share 15 examples.
    one, other = np.array(partition(splits(repeat=1))), np.array(partition(splits(repeat=2)))
    assert np.bincount(4 * one + other, minlength=16).max() < 30


def test_the_draw_of_a_fold_is_that_of_its_number():
    for fold, split in enumerate(splits(repeat=2), start=8):
        pool = np.setdiff1d(np.arange(240), split.test_idx)
        identity = {"study": 1, "dataset": "d", "outer_fold": fold}
        order = generator(purpose="unlabeled order", **identity).permutation(pool)
        expected = order[~np.isin(order, split.labeled_idx)]
        np.testing.assert_array_equal(split.unlabeled_idx, expected)


def test_folds_of_repeats_draw_anew():
    made = [split for repeat in range(3) for split in splits(repeat=repeat)]
    for part in ("labeled_idx", "unlabeled_idx"):
        assert len({tuple(getattr(split, part)[:10]) for split in made}) == 12
    # Of the budgets of a dataset, a repeat has the same folds.
    assert partition(splits(repeat=2)) == partition(splits(repeat=2, labels_per_class=9))


def test_repeats_number_the_folds_on():
    plan = Plan(tiny_config() | {"repeats": 3, "seeds": 2})
    assert plan.folds[:6] == ["0", "1", "2", "3", "4", "5"]
    assert plan.folds[6:] == [f"{fold}_seed_1" for fold in range(6)]
    assert [partition.rule for partition in plan.partitions] == [
        "make_splits",
        "make_splits_repeat_1",
        "make_splits_repeat_2",
        "make_splits_seed_1",
        "make_splits_repeat_1_seed_1",
        "make_splits_repeat_2_seed_1",
    ]
    assert [partition.folds for partition in plan.partitions[1:4]] == [
        ["2", "3"],
        ["4", "5"],
        ["0_seed_1", "1_seed_1"],
    ]
    job = type("Job", (), {"dataset": "digits_0_2", "fold": "5"})
    (identity,) = plan.identities(job)
    assert identity == {"study": 7, "dataset": "digits_0_2", "outer_fold": 5}
    of_fold = scores.of_fold(identity | {"training_seed": 1}, plan.outer_folds)
    assert of_fold == {"fold": 5, "repeat": 2, "training_seed": 1}
    assert scores.of_fold(identity, 5) == {"fold": 5, "repeat": 1, "training_seed": 0}


def test_another_repeat_changes_no_job_of_the_others():
    """Neither the paths nor the settings of what there is."""
    one, more = Plan(tiny_config()), Plan(tiny_config() | {"repeats": 2})
    assert one.folds == more.folds[:2] and one.partitions == more.partitions[:1]
    job = type("Job", (), {"dataset": "digits_0_2", "fold": "1", "method": "noisy_student"})
    for ask in ("identities", "split_settings", "score_provenance", "training", "search_settings"):
        assert getattr(one, ask)(job) == getattr(more, ask)(job), ask


def test_the_config_says_how_many():
    assert "repeats" not in study.statistics(tiny_config())
    assert study.statistics(tiny_config() | {"repeats": 3}).get("repeats") == 3
    with pytest.raises(ConfigError, match="repeats: Expected an integer of at least 1"):
        checks.validate(tiny_config() | {"repeats": 0})


def test_corrected_t_test_of_repeats_by_hand():
    """Three folds, twice: differences 0.01, 0.02 and 0.03 in each repeat. Their variance, 4 / 5 of
    0.0001, is taken 1/6 + 1/2 times; t^2 is 7.5, with five degrees of freedom."""
    scores = scores_of(3, a=[0.5, 0.6, 0.7, 0.6, 0.7, 0.5], b=[0.51, 0.62, 0.73, 0.61, 0.72, 0.53])
    found = differences.corrected_t_test(scores, "a", "b", 3)
    half = 2.5705818 * (0.00008 * (1 / 6 + 1 / 2)) ** 0.5
    assert found["folds"] == 6 and found["difference"] == pytest.approx(0.02)
    assert found["interval"] == pytest.approx([0.02 - half, 0.02 + half])
    assert found["p_value"] == pytest.approx(0.0408594)
    (test,) = significance.compare_methods(scores, repeats=2).statistics["per_dataset"]
    assert test["p_value"] == found["p_value"]
    # Taken for six folds of one cross-validation, it would be too sure.
    (bold,) = significance.compare_methods(scores).statistics["per_dataset"]
    assert bold["p_value"] < found["p_value"]


def test_corrected_t_test_of_repeats_agrees_with_its_bayesian_twin():
    rng = np.random.default_rng(0)
    a = rng.uniform(0.7, 0.8, 15)
    b = a + rng.normal(0.005, 0.01, 15)
    (test,) = significance.compare_methods(scores_of(5, a=a, b=b), repeats=3).statistics[
        "per_dataset"
    ]
    left, right = baycomp.CorrelatedTTest.probs(a, b, rope=0, runs=3)
    assert test["p_value"] == pytest.approx(2 * min(left, right))


def test_a_mean_s_interval_is_that_of_its_repeats():
    """Accuracies 0.5, 0.6 and 0.7, twice: a variance of 0.008, taken 1/6 + 1/2 times."""
    rows = scores_of(3, a=[0.5, 0.6, 0.7] * 2)
    half = 2.5705818 * (0.008 * (1 / 6 + 1 / 2)) ** 0.5
    assert differences.fold_interval(rows, 2) == pytest.approx(half)
    # The study's own sizes say the same: a third is tested.
    own = rows.assign(test=50, labeled=10, unlabeled=90)
    assert differences.fold_interval(own, 2) == pytest.approx(half)


@pytest.mark.parametrize(
    ("folds", "repeats", "each"), [(15, 3, 5), (14, 3, 5), (5, 3, 2), (2, 3, 2), (10, 1, 10)]
)
def test_folds_that_miss_or_are_not_repeated_make_no_test_bolder(folds, repeats, each):
    assert differences.outer_folds_of(folds, repeats) == each


# Two folds, three times: means of the student are 0.65, 0.70 and 0.60, of its control 0.61, 0.71
# and 0.58.
STUDENT, CONTROL = [0.6, 0.7, 0.65, 0.75, 0.5, 0.7], [0.6, 0.62, 0.68, 0.74, 0.5, 0.66]


def test_the_spread_is_that_of_repeats_by_hand():
    of_folds = scores_of(2, control=CONTROL, student=STUDENT)
    control, student = repeats.means(of_folds)
    assert (control["method"], student["method"]) == ("control", "student")
    assert student["values"] == pytest.approx([0.65, 0.70, 0.60])
    assert student["mean"] == pytest.approx(0.65) and student["std"] == pytest.approx(0.05)
    assert (student["lowest"], student["highest"]) == pytest.approx((0.6, 0.7))
    (row,) = repeats.differences(of_folds, FAIR)
    assert row["values"] == pytest.approx([0.04, -0.01, 0.02]) and row["ahead"] == 2
    assert row["std"] == pytest.approx((0.0019 / 3) ** 0.5)
    assert (row["control"], row["lowest"], row["highest"]) == ("control", -0.01, 0.04)


def test_what_is_not_repeated_has_no_spread():
    once = scores_of(6, control=CONTROL, student=STUDENT)
    elsewhere = once.drop(columns="repeat")
    for some in (once, elsewhere, elsewhere.assign(repeat=pd.NA)):
        assert repeats.means(some) == repeats.differences(some, FAIR) == []
    assert findings_of_repeats.describe([], []) == []
    # Nor has a method without a fair control, or without scores of it, a difference.
    several = scores_of(2, student=STUDENT)
    for control in (None, "control"):
        assert repeats.differences(several, [{"method": "student", "control": control}]) == []


def test_training_seeds_of_a_fold_are_one_in_the_spread():
    of_folds = scores_of(2, control=CONTROL, student=STUDENT)
    several = pd.concat(
        of_folds.assign(training_seed=seed, accuracy=of_folds["accuracy"] + change)
        for seed, change in ((0, 0.01), (1, -0.01))
    )
    (row,) = repeats.differences(comparison.over_seeds(several), FAIR)
    assert row["values"] == pytest.approx([0.04, -0.01, 0.02])


def test_how_much_one_split_decides_is_said():
    of_folds = scores_of(2, control=CONTROL, student=STUDENT)
    of_repeats = repeats.differences(of_folds, FAIR)
    assert findings_of_repeats.describe(repeats.means(of_folds), of_repeats) == [
        "How much one split decides: in 3 repeats of the outer folds, each with other splits and "
        "initial weights, student minus control is -0.0100 to +0.0400 on d; it is ahead in 2 of "
        "them (sheet Repeats)."
    ]
    wider = of_folds.assign(
        dataset="e", accuracy=of_folds["accuracy"] + (of_folds["method"] == "student") * 0.2
    )
    wider.loc[wider["fold"] < 2, "accuracy"] += (wider["method"] == "student") * 0.1
    both = pd.concat([of_folds, wider])
    (sentence,) = findings_of_repeats.describe(repeats.means(both), repeats.differences(both, FAIR))
    assert "is +0.1900 to +0.3400 on e, where they are farthest apart; on 1 of 2 data" in sentence
    # Label budgets of a dataset are no datasets.
    for names, said in (
        (("a@4", "a@8"), "; at 1 of 2 label budgets it is ahead in some repeats and not in others"),
        (("a@4", "b"), "; on 1 of 2 datasets it is ahead"),
        (("a@4", "a@8", "b"), "; on 2 of 3 datasets, each label budget by itself, it is ahead"),
    ):
        tables = [wider.assign(dataset=names[0]), *(of_folds.assign(dataset=n) for n in names[1:])]
        (sentence,) = findings_of_repeats.describe([], repeats.differences(pd.concat(tables), FAIR))
        assert said in sentence
    (sentence,) = findings_of_repeats.describe(repeats.means(of_folds), [])
    assert "the mean accuracy of control is 0.5800 to 0.7100 on d (sheet Repeats)" in sentence


def test_the_sheet_has_every_repeat():
    of_folds = scores_of(2, control=CONTROL, student=STUDENT)
    sheet = openpyxl.Workbook().active
    sheets_of_chains.repeats(sheet, repeats.means(of_folds), repeats.differences(of_folds, FAIR))
    rows = [[cell for cell in row if cell is not None] for row in sheet.values]
    of_all = ["Mean", "Std", "Lowest", "Highest", "Repeat 1", "Repeat 2", "Repeat 3"]
    assert rows[1] == ["Dataset", "Method", *of_all]
    assert rows[3][:2] == ["d", "student"]
    assert rows[3][2:] == pytest.approx([0.65, 0.05, 0.6, 0.7, 0.65, 0.7, 0.6])
    assert rows[6] == ["Dataset", "Method", "Fair control", *of_all, "Repeats ahead"]
    assert rows[7][:3] == ["d", "student", "control"] and rows[7][-1] == 2
    assert rows[7][-4:-1] == pytest.approx([0.04, -0.01, 0.02])


def test_sheets_and_sentences_count_folds_alike():
    """A fold has the number on the sheet All folds that a note on the first sheet has."""
    of_folds = scores_of(2, control=CONTROL, student=STUDENT).assign(not_learned="")
    of_folds.loc[of_folds.index[-1], "not_learned"] = "constant predictions"
    sheet = openpyxl.Workbook().active
    config = tiny_config() | {"repeats": 3}
    sheets.folds(sheet, of_folds, config)
    header, *rows = sheet.values
    assert header[2:4] == ("Cross Validation [1-6]", "Repeat")
    assert [row[2:4] for row in rows[:6]] == [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3)]
    assert "d, student, fold 6: constant predictions" in cautions.not_learned(of_folds)[0]
    compared = significance.compare_methods(of_folds, repeats=3, fair={"student": "control"})
    statistics = findings.describe(compared)
    assert "Outer folds: 2, repeated 3 times. " in cautions.extent(of_folds, statistics, 1)
    once = statistics | {"repeats": 1}
    assert "Outer folds: 6. " in cautions.extent(of_folds, once, 1)
    text = methods_text.write(config, statistics, {})
    assert "All of this was done 3 times, with other folds and initial weights." in text
    assert "over the folds of 3 repeats (Bouckaert and Frank 2004)" in text
    assert "Bouckaert, R. R., Frank, E. (2004)" in text
    text = methods_text.write(tiny_config(), once, {})
    assert "over their folds, the corrected" in text and "Bouckaert" not in text
