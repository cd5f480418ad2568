"""Folds partition; labeled and unlabeled are disjoint and never meet the test fold."""

import re
from itertools import pairwise

import numpy as np
import pytest
from self_training.data import split as split_files
from self_training.data import splits as split_module
from self_training.data.class_counts import check_class_counts
from self_training.data.splits import make_splits
from self_training.errors import DatasetError
from self_training.methods.parts import SEARCH, parts

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
                "inner_folds",
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
            held_out = split.labeled_y[split.inner_folds[0] == fold]
            assert set(held_out) == {0, 1, 2}
    assert (splits(inner_folds=0)[0].inner_folds == -1).all()


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


RANDOM = {"draw": "random"}


def test_a_random_draw_is_nested_and_partitions_the_pool():
    studied = [splits(**RANDOM, labeled_fraction=part) for part in (0.1, 0.2, 0.5)]
    assert [len(one[3].labeled_idx) for one in studied] == [18, 36, 90]
    for smaller, larger in pairwise(studied):
        for one, other in zip(smaller, larger, strict=True):
            assert set(one.labeled_idx) < set(other.labeled_idx)
            parts = [one.labeled_idx, one.unlabeled_idx, one.test_idx]
            assert sorted(np.concatenate(parts)) == list(range(240))
            np.testing.assert_array_equal(one.labeled_y, LABELS[one.labeled_idx])
    # The outer folds, and the order of what is left unlabeled, are those of any draw.
    for one, other in zip(studied[0], splits(), strict=True):
        np.testing.assert_array_equal(one.test_idx, other.test_idx)
        shared = one.unlabeled_idx[np.isin(one.unlabeled_idx, other.unlabeled_idx)]
        kept = other.unlabeled_idx[np.isin(other.unlabeled_idx, one.unlabeled_idx)]
        np.testing.assert_array_equal(shared, kept)


def test_labels_decide_nothing_in_a_random_draw(monkeypatch):
    """Given the outer folds, other labels draw the same examples; of a stratified draw, others."""

    class SomeFolds:
        def __init__(self, *_arguments, **_settings):
            pass

        def split(self, x, _y):
            yield np.arange(0, 200), np.arange(200, len(x))

    monkeypatch.setattr(split_module, "StratifiedKFold", SomeFolds)
    monkeypatch.setattr(split_module, "check_class_counts", lambda *_, **__: None)

    def drawn(labels, **settings):
        arguments = {"seed": 1, "dataset": "d", "outer_folds": 1, "inner_folds": 0}
        (split,) = make_splits(
            labels, ["a", "b", "c"], **arguments, labeled_fraction=0.1, **settings
        )
        return split.labeled_idx, split.unlabeled_idx

    others = np.random.default_rng(1).permutation(LABELS)
    for one, other in zip(drawn(LABELS, **RANDOM), drawn(others, **RANDOM), strict=True):
        np.testing.assert_array_equal(one, other)
    assert set(drawn(LABELS)[0]) != set(drawn(others)[0])


def test_a_random_draw_has_classes_by_chance():
    """Counts of a class vary as those of draws without replacement do, about their mean."""
    counts = [
        np.bincount(split.labeled_y, minlength=3)
        for seed in range(40)
        for split in splits(**RANDOM, seed=seed, labeled_fraction=0.2, inner_folds=0)
    ]
    # 36 of a pool of 180 with 75, 60 and 45: 15, 12 and 9; a variance of 36 p (1 - p) 144 / 179.
    np.testing.assert_allclose(np.mean(counts, axis=0), [15, 12, 9], atol=0.5)
    expected = [36 * p * (1 - p) * 144 / 179 for p in (75 / 180, 60 / 180, 45 / 180)]
    np.testing.assert_allclose(np.var(counts, axis=0), expected, rtol=0.3)


RARE = np.repeat([0, 1, 2], [100, 80, 4])


def of_rare_class(seed: int, inner_folds: int, labeled_fraction=0.3):
    names = ["cat", "dog", "cow"]
    settings = {"dataset": "pets", "outer_folds": 2, "draw": "random"}
    settings |= {"inner_folds": inner_folds, "labeled_fraction": labeled_fraction}
    return make_splits(RARE, names, seed=seed, **settings)


def test_a_class_that_gets_no_label_is_an_error():
    message = (
        "datasets.pets.labeled_fraction: Expected a label of every class in every outer fold. "
        "Received none of class 'cow' in outer fold [01], by a random draw of 28 labels. Use a "
        "larger fraction, another seed, or draw: stratified."
    )
    failed = 0
    for seed in range(20):
        try:
            for split in of_rare_class(seed, 0):
                assert set(split.labeled_y) == {0, 1, 2}
        except DatasetError as error:
            failed += 1
            assert re.fullmatch(message, str(error))
    # Two of a pool of 92 are cows: without any with a probability of about 0.7 ** 2, in two folds.
    assert 8 < failed < 20


def test_inner_folds_of_a_rare_class_are_as_stratified_as_can_be():
    found = 0
    for seed in range(20):
        try:
            made = of_rare_class(seed, 2)
        except DatasetError:
            continue
        for split in made:
            sizes = np.bincount(split.inner_folds[0])
            assert sizes.tolist() == [14, 14]
            rare = np.bincount(split.inner_folds[0][split.labeled_y == 2], minlength=2)
            assert rare.max() <= 1
            found += rare.sum() == 1
    assert found
    with pytest.raises(DatasetError, match="at least 25 labels of some class in every outer fold"):
        for seed in range(20):
            of_rare_class(seed, 25)


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


def test_repeated_inner_folds_are_other_partitions():
    labels = np.arange(120) % 3
    settings = {"seed": 1, "dataset": "d", "outer_folds": 2, "labeled_fraction": 0.5}
    once = make_splits(labels, ["a", "b", "c"], inner_folds=2, **settings)[0]
    split = make_splits(labels, ["a", "b", "c"], inner_folds=2, inner_repeats=3, **settings)[0]
    assert split.inner_folds.shape == (3, len(split.labeled_idx))
    np.testing.assert_array_equal(split.inner_folds[:1], once.inner_folds)
    assert len({tuple(inner_fold) for inner_fold in split.inner_folds.tolist()}) == 3
    searched = parts(split, SEARCH)
    assert [part.name for part in searched] == [f"inner_{number}" for number in range(6)]
    for first, second in zip(searched[::2], searched[1::2], strict=True):
        both = np.concatenate([first.evaluation_idx, second.evaluation_idx])
        assert sorted(both.tolist()) == split.labeled_idx.tolist()
        assert first.labeled_idx.tolist() == second.evaluation_idx.tolist()
