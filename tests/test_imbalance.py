"""Classes that are made unequal: what is kept, what is left out, and what a config may ask for."""

from itertools import pairwise

import numpy as np
import pytest
from conftest import tiny_config
from self_training.data import data_check, foreign, imbalance_counts
from self_training.data.distinct_budgets import check_distinct_budgets
from self_training.data.examples import TEST, UNKNOWN
from self_training.errors import ConfigError, DatasetError
from self_training.evaluation import rarest
from self_training.image.readers import read
from self_training.study import budgets, checks
from self_training.study.plan import Plan
from test_foreign import at

CLASSES = ["a", "b", "c"]
EQUAL = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], 80))
UNEQUAL = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [120, 100, 80]))
SETTINGS = {"seed": 1, "dataset": "d", "outer_folds": 4, "inner_folds": 2, "labels_per_class": 12}
RATIOS = [1, 2, 6]
NOTHING = np.zeros(0, int)


def folds(ratio, labels=EQUAL, **changes):
    changes = ({} if ratio is None else {"imbalance": ratio}) | changes
    return foreign.make_outer_folds(labels, CLASSES, NOTHING, **SETTINGS | changes)


def with_test() -> np.ndarray:
    """Return labels of which 20 of each class are of a test file."""
    labels = EQUAL.copy()
    for label in range(3):
        labels[np.flatnonzero(labels == label)[:20]] = TEST
    return labels


def test_classes_have_so_many_by_hand():
    """12, 12 / sqrt(6) = 4.9 and 2; 5, 2.5 and 1.25; what powers get wrong in the last digit."""
    assert imbalance_counts.sizes(12, 6, 3) == [12, 5, 2]
    assert imbalance_counts.sizes(5, 4, 3) == [5, 3, 1]
    assert imbalance_counts.sizes(10, 64, 4) == [10, 3, 1, 0]
    assert imbalance_counts.sizes(35, 343, 4) == [35, 5, 1, 0]
    assert imbalance_counts.sizes(9, 1, 3) == [9, 9, 9]
    assert imbalance_counts.unlabeled_sizes([50, 90, 70], 6, "alike") == [50, 20, 8]
    assert imbalance_counts.unlabeled_sizes([50, 90, 70], 6, "reversed") == [8, 20, 50]


@pytest.mark.parametrize(("way", "hidden"), [("alike", [48, 20, 8]), ("reversed", [8, 20, 48])])
def test_splits_have_so_many(way, hidden):
    """Pools have 60 of each class, of which 12 are labeled at a ratio of 1; tests have 20."""
    for split in folds(6, unlabeled_imbalance=way):
        assert np.bincount(split.labeled_y).tolist() == [12, 5, 2]
        assert np.bincount(EQUAL[split.unlabeled_idx]).tolist() == hidden
        assert np.bincount(EQUAL[split.test_idx]).tolist() == [20, 20, 20]
        np.testing.assert_array_equal(split.labeled_y, EQUAL[split.labeled_idx])
        # The rarest has two labels, one in each inner fold.
        assert sorted(split.inner_folds[0][split.labeled_y == 2]) == [0, 1]


@pytest.mark.parametrize("draw", [False, True])
def test_a_ratio_of_1_of_equal_classes_is_the_dataset_as_it_is(draw):
    labels = with_test() if draw else EQUAL
    for way in ("alike", "reversed"):
        for before, split in zip(
            folds(None, labels), folds(1, labels, unlabeled_imbalance=way), strict=True
        ):
            for name, array in vars(before).items():
                np.testing.assert_array_equal(getattr(split, name), array)


def test_unequal_classes_are_thinned_to_equal_ones_at_a_ratio_of_1():
    """Pools have 90, 75 and 60; the last has 48 hidden ones, and so has each."""
    for before, split in zip(folds(None, UNEQUAL), folds(1, UNEQUAL), strict=True):
        assert np.bincount(UNEQUAL[split.unlabeled_idx]).tolist() == [48, 48, 48]
        np.testing.assert_array_equal(split.labeled_idx, before.labeled_idx)


@pytest.mark.parametrize("labels", [EQUAL, UNEQUAL])
@pytest.mark.parametrize("way", ["alike", "reversed"])
def test_a_larger_ratio_keeps_a_part_of_what_a_smaller_one_keeps(labels, way):
    """In the same order, over the same test folds; what loses its label is in the study no more."""
    for smaller, larger in pairwise(RATIOS):
        for one, other in zip(
            *(folds(ratio, labels, unlabeled_imbalance=way) for ratio in (smaller, larger)),
            strict=True,
        ):
            np.testing.assert_array_equal(one.test_idx, other.test_idx)
            assert set(other.labeled_idx) < set(one.labeled_idx)
            assert not set(one.labeled_idx) & set(other.unlabeled_idx)
            same = np.isin(one.unlabeled_idx, other.unlabeled_idx)
            assert len(other.unlabeled_idx) == same.sum() < len(same)
            np.testing.assert_array_equal(one.unlabeled_idx[same], other.unlabeled_idx)


def test_labels_of_a_smaller_budget_are_among_those_of_a_larger_at_one_ratio():
    for few, many in zip(folds(3, labels_per_class=6), folds(3, labels_per_class=15), strict=True):
        assert np.bincount(few.labeled_y).tolist() == [6, 3, 2]
        assert np.bincount(many.labeled_y).tolist() == [15, 9, 5]
        assert set(few.labeled_idx) < set(many.labeled_idx)


def test_slices_are_of_one_balance():
    """In the first half of the order lies half of each class. The rarest has 8 in a fold, so 640 in
    all of 80, of which 320 lie there, give or take 10."""
    first = [
        np.bincount(EQUAL[split.unlabeled_idx[:38]], minlength=3)
        for seed in range(20)
        for split in folds(6, seed=seed)
    ]
    assert abs(np.sum(first, axis=0)[2] - 320) < 3 * 10


def test_what_is_kept_comes_from_what_a_fold_is():
    found = [folds(6)[0], folds(6)[1], folds(6, repeat=1)[0], folds(6, seed=2)[0],
             folds(6, dataset="e")[0]]  # fmt: skip
    assert len({frozenset(split.unlabeled_idx[EQUAL[split.unlabeled_idx] == 2])
                for split in found}) == 5  # fmt: skip
    np.testing.assert_array_equal(found[0].unlabeled_idx, folds(6)[0].unlabeled_idx)


def test_draws_of_labels_are_thinned_too():
    """Of 60 of a class 12 are dealt to each of two draws, which have none in common; and of 48, 40
    to each, so that the rarest class, of which 7 are left, may be in both by luck alone."""
    labels = with_test()
    before, after = (folds(ratio, labels, outer_folds=2) for ratio in (1, 6))
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(other.test_idx, np.flatnonzero(labels == TEST))
        assert np.bincount(other.labeled_y).tolist() == [12, 5, 2]
        assert set(other.labeled_idx) < set(one.labeled_idx)
        assert np.bincount(labels[other.unlabeled_idx]).tolist() == [48, 20, 8]
        assert other.overlap == 0
    after = folds(6, labels, outer_folds=2, labels_per_class=40)
    shared = set(after[0].labeled_idx) & set(after[1].labeled_idx)
    for split in after:
        assert np.bincount(split.labeled_y).tolist() == [40, 16, 7]
        assert split.overlap == pytest.approx(len(shared) / 63)


@pytest.mark.parametrize(
    ("labels", "changes", "message"),
    [
        (
            EQUAL,
            {"imbalance": 13},
            r"datasets.d.imbalance: Expected a ratio that leaves every class at least 2 labeled "
            r"examples \(inner_folds: 2\). Received: 13, which leaves 1 of class 'c', as labels_per"
            "_class is 12. Use a smaller ratio, or a larger labels_per_class.",
        ),
        (
            EQUAL,
            {"imbalance": 30, "inner_folds": 0},
            "at least 1 labeled example. Received: 30, which leaves 0 of class 'c'",
        ),
        (
            EQUAL,
            {"imbalance": 6, "labels_per_class": 58},
            "d.imbalance: Expected a ratio that leaves every class an unlabeled example. Received: "
            "6, which leaves none of class 'c', as the most frequent one has 2. Use a smaller "
            "ratio, or a smaller labels_per_class.",
        ),
        (
            EQUAL,
            {"imbalance": 6, "labels_per_class": 58, "unlabeled_imbalance": "reversed"},
            "leaves none of class 'a'",
        ),
        (
            np.where(np.arange(240) == 7, UNKNOWN, EQUAL),
            {"imbalance": 1},
            "d.imbalance: Expected a known label of every example.* Received 1 of unknown label",
        ),
    ],
)
def test_ratios_that_leave_a_class_nothing(labels, changes, message):
    with pytest.raises(DatasetError, match=message):
        folds(None, labels, **changes)


def config_of(ratio, **changes) -> dict:
    config = tiny_config()
    dataset = config["datasets"]["digits_0_2"]
    del dataset["labeled_fraction"]
    dataset |= {"labels_per_class": 12, "imbalance": ratio} | changes
    config["datasets"]["digits_0_2"] = {k: v for k, v in dataset.items() if v is not None}
    return config


@pytest.mark.parametrize(
    ("ratio", "changes", "message"),
    [
        (0.5, {}, r"imbalance: Expected a number in \[1, 100000\], or a list of such.*0.5"),
        ([1, 0.5], {}, r"imbalance.*: Expected a number in \[1, 100000\].*0.5"),
        ([2, 2], {}, "imbalance"),
        (
            2,
            {"labels_per_class": None, "labeled_fraction": 0.1},
            "digits_0_2.imbalance: Expected it only beside a number of labels_per_class, which the "
            "most frequent class has. Received: {'labeled_fraction': 0.1}",
        ),
        (2, {"labels_per_class": "all"}, "only beside a number .* {'labels_per_class': 'all'}"),
        (2, {"labels_per_class": [4, "all"]}, "imbalance: Expected it only beside a number"),
        (2, {"draw": "random"}, "digits_0_2.draw: Expected stratified"),
        (
            [1, 2],
            {"labels_per_class": [4, 8]},
            "imbalance: Expected one value, as labels_per_class is a list",
        ),
        (2, {"out_of_class": 0.5}, "imbalance: Expected it only without out_of_class"),
        (
            2,
            {"source": "images", "path": "a", "unlabeled": "b", "image_size": [4, 4]},
            "imbalance: Expected it only without unlabeled, of unknown classes",
        ),
        (
            None,
            {"unlabeled_imbalance": "reversed"},
            "unlabeled_imbalance: Expected it only beside imbalance.*'reversed'",
        ),
        (2, {"unlabeled_imbalance": "upside"}, "unlabeled_imbalance: Expected one of alike, rev"),
    ],
)
def test_ratios_that_make_no_sense(ratio, changes, message):
    with pytest.raises(ConfigError, match=message):
        checks.validate(config_of(ratio, **changes))


def test_nothing_is_deployed_beside_unequal_classes():
    with pytest.raises(ConfigError, match=r"deploy: Expected it only without imbalance \(datasets"):
        checks.validate(config_of(2) | {"deploy": "baseline"})


def test_a_config_that_makes_sense():
    for ratio, changes in (([1, 2], {}), (2, {"labels_per_class": [8, 16]})):
        checks.validate(config_of(ratio, unlabeled_imbalance="reversed", **changes))


@pytest.mark.parametrize(
    ("ratio", "changes", "message"),
    [
        ([1, 100], {}, "digits_0_2.imbalance: Expected a ratio that leaves every class at least"),
        (
            [3.9, 3.91],
            {},
            "digits_0_2.imbalance: Expected ratios that keep different numbers of labels or "
            "unlabeled examples. Received: 3.9 and 3.91, which both keep 3 labels and 19 unlabeled "
            "examples of the rarest class, and as many of every other one. Leave one of them out.",
        ),
    ],
)
def test_what_a_class_is_left_is_known_before_anything_runs(
    ratio, changes, message, tmp_path, monkeypatch
):
    """Of 177 examples the rarest class has 88 in a pool of two folds, of which 76 are hidden."""
    monkeypatch.chdir(tmp_path)
    checks.check_datasets(config_of([1, 2, 4], **changes), read)
    with pytest.raises(DatasetError, match=message):
        checks.check_datasets(config_of(ratio, **changes), read)


def test_slices_are_of_the_thinned_pool(tmp_path, monkeypatch):
    """Pools of 89, 91 and 88 have 3 * 76 unlabeled examples at a ratio of 1, beside 3 * 12 labels;
    at a ratio of 4 they have 76, 38 and 19, beside 12, 6 and 3."""
    monkeypatch.chdir(tmp_path)
    config = config_of([1, 4])
    config["methods"]["noisy_student"]["unlabeled_fraction"] = 0.86
    checks.check_datasets(config, read)
    config["methods"]["noisy_student"]["unlabeled_fraction"] = 0.87
    with pytest.raises(DatasetError, match="at most the 228 unlabeled ones of the 264 in a pool"):
        checks.check_datasets(config, read)
    with pytest.raises(DatasetError, match="at most the 133 unlabeled ones of the 154 in a pool"):
        checks.check_datasets(config_of(4) | {"methods": config["methods"]}, read)


def test_two_ratios_that_keep_the_same_are_seen_when_a_dataset_is_prepared():
    labels = np.repeat([0, 1], 30)
    asked = {"budgets": [{"labels_per_class": 4}], "outer_folds": 3}
    counts = {"a": 30, "b": 30}
    for ratios in ((2, 2.02), (2, 2.5), (1, 1.05)):
        given = asked | {"ratios": ratios}
        found = [
            lambda given=given: check_distinct_budgets(counts, dataset="pets", **given),
            lambda given=given: data_check.look(
                labels, ["a", "b"], np.zeros((60, 1)), {"groups": [], "asked": "report"},
                {"study": 0, "dataset": "pets"}, given,
            ),
        ]  # fmt: skip
        for check in found:
            if ratios == (2, 2.02):
                with pytest.raises(DatasetError, match="pets.imbalance: .* 2 and 2.02, which both"):
                    check()
            else:
                # 1.05 has as many labels, and 15 unlabeled examples in place of 16.
                check()


def test_every_ratio_of_a_list_becomes_a_dataset():
    config = budgets.expand(config_of([6, 1, 2.5], unlabeled_imbalance="reversed"))
    names = ["digits_0_2@imbalance_1", "digits_0_2@imbalance_2.5", "digits_0_2@imbalance_6"]
    assert list(config["datasets"]) == names
    along = budgets.along(config, "imbalance")
    assert along == {"digits_0_2": dict(zip(names, (1, 2.5, 6), strict=True))}
    assert budgets.several(config) == {} == budgets.along(config, "out_of_class")
    assert budgets.along(budgets.expand(config_of(2, labels_per_class=[4, 8])), "imbalance") == {}
    plan = Plan(config_of([1, 6], unlabeled_imbalance="reversed"))
    settings = [plan.split_settings(at(name)) for name in plan.datasets]
    assert [some["imbalance"] for some in settings] == [1, 6]
    assert {(some["dataset"], some["unlabeled_imbalance"]) for some in settings} == {
        ("digits_0_2", "reversed")
    }
    # Adding a ratio prepares nothing anew; what trains is told of none.
    assert plan.sources == Plan(config_of(2)).sources == Plan(config_of(None)).sources
    asked = plan.budget_settings(at("digits_0_2"))
    assert (asked["budgets"], asked["ratios"]) == ([{"labels_per_class": 12}], [1, 6])
    assert "ratios" not in Plan(config_of(2)).budget_settings(at("digits_0_2"))
    for method in plan.methods:
        one, other = (plan.training(at(name, method=method)) for name in plan.datasets)
        assert one == other
    without = Plan(config_of(None))
    assert {"imbalance", "unlabeled_imbalance"}.isdisjoint(without.split_settings(at("digits_0_2")))
    assert plan.thinned(at("digits_0_2@imbalance_1")) and not without.thinned(at("digits_0_2"))


def test_the_rarest_class_is_the_last_at_every_ratio():
    """Of three test examples of the last class one is found; the first is the rarest in all."""
    labels, names = np.repeat([0, 1, 2], [2, 8, 8]), ["a", "b", "c"]
    y_true, probabilities = np.array([0, 1, 2, 2, 2]), np.eye(3)[[0, 1, 2, 0, 1]]
    thinned, as_it_is = (
        rarest.score(labels, names, y_true, probabilities, some) for some in (True, False)
    )
    assert thinned == {"rarest_class": "c", "rarest_recall": pytest.approx(1 / 3)}
    assert as_it_is == {"rarest_class": "a", "rarest_recall": 1.0}
    equal = np.repeat([0, 1, 2], 8)
    assert rarest.score(equal, names, y_true, probabilities, True)["rarest_class"] == "c"
