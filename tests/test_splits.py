"""Folds partition; labeled and unlabeled are disjoint and never meet the test fold."""

from itertools import pairwise

import numpy as np
import pytest
from self_training.data import split as split_files
from self_training.data.class_counts import check_class_counts
from self_training.data.splits import make_splits
from self_training.errors import DatasetError

LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [100, 80, 60]))


NO_BUDGET = {"labeled_fraction": None}


def splits(**changes):
    arguments = {
        "seed": 1,
        "dataset": "d",
        "outer_folds": 4,
        "inner_folds": 3,
        "labeled_fraction": 0.1,
    } | changes
    given = {key: value for key, value in arguments.items() if value is not None}
    return make_splits(LABELS, ["a", "b", "c"], **given)


def test_outer_folds_partition_the_dataset():
    tests = np.concatenate([split.test_idx for split in splits()])
    assert sorted(tests) == list(range(240))


def test_labeled_unlabeled_and_test_partition_the_dataset():
    for split in splits():
        parts = [split.labeled_idx, split.unlabeled_idx, split.test_idx]
        assert sorted(np.concatenate(parts)) == list(range(240))
        assert [len(part) for part in parts] == [18, 162, 60]


def test_parts_are_stratified():
    for split in splits():
        for part, size in (("test_idx", [25, 20, 15]), ("unlabeled_idx", [67, 54, 41])):
            counts = np.bincount(LABELS[getattr(split, part)])
            assert np.abs(counts - size).max() <= 1
        assert np.abs(np.bincount(split.labeled_y) - [7.5, 6, 4.5]).max() <= 0.5


def test_only_labels_of_labeled_examples_are_written(tmp_path):
    for split in splits():
        np.testing.assert_array_equal(split.labeled_y, LABELS[split.labeled_idx])
        split_files.save_split(tmp_path / "split.npz", split)
        with np.load(tmp_path / "split.npz") as written:
            assert set(written.files) == {
                "test_idx",
                "labeled_idx",
                "labeled_y",
                "unlabeled_idx",
                "inner_fold",
                "classes",
            }


def test_a_split_is_read_as_it_was_written(tmp_path):
    split = splits()[1]
    split_files.save_split(tmp_path / "split.npz", split)
    read = split_files.load_split(tmp_path / "split.npz")
    assert read.classes == split.classes == 3
    for name, array in vars(split).items():
        np.testing.assert_array_equal(getattr(read, name), array)
        assert type(getattr(read, name)) is type(array)


def test_inner_folds_hold_out_every_class():
    for split in splits():
        for fold in range(3):
            held_out = split.labeled_y[split.inner_fold == fold]
            assert set(held_out) == {0, 1, 2}
    assert (splits(inner_folds=0)[0].inner_fold == -1).all()


def test_inner_folds_change_nothing_else():
    for one, other in zip(splits(), splits(inner_folds=0), strict=True):
        for name in ("test_idx", "labeled_idx", "unlabeled_idx"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_splits_depend_on_seed_and_dataset_alone():
    first, again = splits()[2], splits()[2]
    other_seed, other_dataset = splits(seed=2)[2], splits(dataset="e")[2]
    np.testing.assert_array_equal(first.unlabeled_idx, again.unlabeled_idx)
    assert (first.unlabeled_idx != other_seed.unlabeled_idx).any()
    assert (first.unlabeled_idx != other_dataset.unlabeled_idx).any()


def test_unlabeled_examples_are_in_no_order():
    unlabeled = splits()[0].unlabeled_idx
    assert (np.diff(unlabeled) < 0).sum() > 50


@pytest.mark.parametrize(
    ("budgets", "labels"),
    [
        ([{"labels_per_class": count} for count in (3, 4, 25, 44)], [9, 12, 75, 132]),
        ([{"labeled_fraction": part} for part in (0.1, 0.2, 0.5)], [18, 36, 90]),
        ([{"labels_per_class": 4}, {"labeled_fraction": 0.2}], [12, 36]),
    ],
)
def test_a_smaller_budget_is_a_subset_over_the_same_folds(budgets, labels):
    studied = [splits(**NO_BUDGET | budget) for budget in budgets]
    assert [len(one[3].labeled_idx) for one in studied] == labels
    for smaller, larger in pairwise(studied):
        for one, other in zip(smaller, larger, strict=True):
            np.testing.assert_array_equal(one.test_idx, other.test_idx)
            assert set(one.labeled_idx) < set(other.labeled_idx)
            # What both leave unlabeled is taken in the same order.
            shared = one.unlabeled_idx[np.isin(one.unlabeled_idx, other.unlabeled_idx)]
            np.testing.assert_array_equal(shared, other.unlabeled_idx)


def test_labels_per_class_are_that_many_of_every_class():
    for split in splits(**NO_BUDGET | {"labels_per_class": 7}):
        assert np.bincount(split.labeled_y).tolist() == [7, 7, 7]
        np.testing.assert_array_equal(split.labeled_y, LABELS[split.labeled_idx])
        parts = [split.labeled_idx, split.unlabeled_idx, split.test_idx]
        assert sorted(np.concatenate(parts)) == list(range(240))


def test_labels_of_folds_are_drawn_apart():
    first, second = (set(split.labeled_idx) for split in splits(labeled_fraction=0.2)[:2])
    assert len(first & second) < len(first) / 2


@pytest.mark.parametrize("seed", range(20))
def test_what_passes_the_check_can_be_split(seed):
    """Random counts: whenever the check lets them pass, every class gets what it promises."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(2, 60, size=3)
    settings = {
        "dataset": "d",
        "outer_folds": int(rng.integers(2, 5)),
        "inner_folds": int(rng.choice([0, 2, 3])),
    }
    if seed % 2:
        settings["labels_per_class"] = int(rng.integers(1, 20))
    else:
        settings["labeled_fraction"] = float(rng.choice([0.05, 0.1, 0.3, 0.6, 0.9]))
    names = ["a", "b", "c"]
    try:
        check_class_counts(dict(zip(names, counts.tolist(), strict=True)), **settings)
    except DatasetError:
        return
    for split in make_splits(np.repeat([0, 1, 2], counts), names, seed=seed, **settings):
        labels = np.bincount(split.labeled_y, minlength=3)
        assert labels.min() >= max(1, settings["inner_folds"])
        assert len(split.unlabeled_idx)


def test_most_random_counts_reach_the_split():
    """Guards the test above against a check that refuses everything."""
    passed = 0
    for seed in range(20):
        counts = np.random.default_rng(seed).integers(40, 60, size=3).tolist()
        check_class_counts(
            dict(zip("abc", counts, strict=True)),
            dataset="d",
            outer_folds=3,
            inner_folds=2,
            labeled_fraction=0.1,
        )
        passed += 1
    assert passed == 20
