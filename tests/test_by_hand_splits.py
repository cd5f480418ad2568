"""Splits, recomputed from their seeds; and what hidden labels may not change."""

import numpy as np
from self_training import storage
from self_training.data.splits import make_splits
from self_training.seeds import generator

LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [100, 80, 60]))


def splits(labels=LABELS, **changes):
    settings = {"seed": 1, "dataset": "d", "outer_folds": 4, "inner_folds": 3}
    settings |= {"labels_per_class": 5} | changes
    return make_splits(labels, ["a", "b", "c"], **settings)


def pool_and_identity(split, fold: int) -> tuple[np.ndarray, dict]:
    pool = np.setdiff1d(np.arange(len(LABELS)), split.test_idx)
    return pool, {"study": 1, "dataset": "d", "outer_fold": fold}


def test_labeled_examples_are_the_first_of_their_class_in_an_order_of_the_fold():
    for fold, split in enumerate(splits()):
        pool, identity = pool_and_identity(split, fold)
        order = generator(purpose="labeled", **identity).permutation(pool).tolist()
        expected = [i for label in (0, 1, 2) for i in [i for i in order if LABELS[i] == label][:5]]
        assert split.labeled_idx.tolist() == sorted(expected)


def test_unlabeled_examples_are_in_an_order_of_the_fold_that_knows_no_class():
    for fold, split in enumerate(splits()):
        pool, identity = pool_and_identity(split, fold)
        order = generator(purpose="unlabeled order", **identity).permutation(pool).tolist()
        labeled = set(split.labeled_idx.tolist())
        assert split.unlabeled_idx.tolist() == [i for i in order if i not in labeled]


def test_hidden_labels_that_are_exchanged_change_nothing():
    """Two neighbors of one test fold exchange their labels: outer folds stay as they are, and in
    every fold where neither was and is labeled so does all that a split has."""
    before, compared = splits(), 0
    test_fold = np.zeros(len(LABELS), int)
    for fold, split in enumerate(before):
        test_fold[split.test_idx] = fold
    first = np.flatnonzero((LABELS[:-1] != LABELS[1:]) & (test_fold[:-1] == test_fold[1:]))
    # Classes are numbered by where they first occur.
    for example in first[first > 10]:
        pair = np.array([example, example + 1])
        exchanged = LABELS.copy()
        exchanged[pair] = LABELS[pair[::-1]]
        for one, other in zip(before, splits(exchanged), strict=True):
            np.testing.assert_array_equal(one.test_idx, other.test_idx)
            touched = np.isin(pair, [*one.test_idx, *one.labeled_idx, *other.labeled_idx])
            if touched.any():
                continue
            compared += 1
            for name, array in vars(one).items():
                np.testing.assert_array_equal(getattr(other, name), array)
    assert compared > 50


def test_slices_have_the_classes_that_chance_gives_them():
    """Neither one class alone nor the same share of each: as hypergeometric draws do."""
    of_class = []
    for seed in range(30):
        unlabeled = splits(seed=seed)[0].unlabeled_idx
        of_class += [
            (LABELS[unlabeled[start : start + 33]] == 0).sum() for start in range(0, 165, 33)
        ]
    drawn, share = 33, 70 / 165
    variance = drawn * share * (1 - share) * (165 - drawn) / 164
    assert np.mean(of_class) == drawn * share == 14
    assert 0.7 < np.mean((np.array(of_class) - 14) ** 2) / variance < 1.4


def test_outer_folds_are_of_their_seed_and_dataset():
    tests = [splits(**changes)[0].test_idx for changes in ({}, {"seed": 2}, {"dataset": "e"})]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (tests[one] != tests[other]).any()
    np.testing.assert_array_equal(tests[0], splits(labels_per_class=9)[0].test_idx)


def test_inner_folds_have_their_share_of_every_class():
    for split in splits(labels_per_class=7):
        counts = [np.bincount(split.labeled_y[split.inner_folds[0] == fold]) for fold in range(3)]
        assert np.sum(counts, axis=0).tolist() == [7, 7, 7]
        assert np.isin(counts, [2, 3]).all()


def test_files_of_folds_stay_together():
    assert storage.by_fold(["a0", "b0", "c0", "a1", "b1", "c1"], 2) == [
        ["a0", "b0", "c0"],
        ["a1", "b1", "c1"],
    ]
