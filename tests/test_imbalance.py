"""Classes that are made unequal: what is kept, what is left out, and what a config may ask for."""

import json
from itertools import pairwise

import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import tiny_config
from self_training.data import data_check, foreign, imbalance_counts
from self_training.data.distinct_budgets import check_distinct_budgets
from self_training.data.examples import TEST, UNKNOWN
from self_training.errors import ConfigError, DatasetError
from self_training.evaluation import rarest
from self_training.evaluation.differences import corrected_t_test
from self_training.image.readers import read
from self_training.methods import controls
from self_training.study import budgets, checks
from self_training.study.candidates import Candidate
from self_training.study.plan import Plan
from self_training.training.runs import FINAL
from sklearn.datasets import load_digits
from test_foreign import at
from test_study import assert_same_arrays

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


@pytest.mark.parametrize(
    ("ratios", "same"),
    # 1.05 has as many labels as 1, and 15 unlabeled examples in place of 16.
    [((2, 2.02), "2 and 2.02"), ((2, 2.5), None), ((1, 1.05), None)],
)
def test_two_ratios_that_keep_the_same_are_seen_when_a_dataset_is_prepared(ratios, same):
    labels, nothing = np.repeat([0, 1], 30), {"groups": [], "asked": "report"}
    asked = {"budgets": [{"labels_per_class": 4}], "outer_folds": 3, "ratios": ratios}
    identity = {"study": 0, "dataset": "pets"}
    for check in (
        lambda: check_distinct_budgets({"a": 30, "b": 30}, dataset="pets", **asked),
        lambda: data_check.look(labels, ["a", "b"], np.zeros((60, 1)), nothing, identity, asked),
    ):
        assert received(check) == same


def received(check) -> str | None:
    """Return which two ratios are said to be the same; None where there are none."""
    try:
        check()
    except DatasetError as error:
        assert str(error).startswith("datasets.pets.imbalance: Expected ratios that keep differ")
        return str(error).partition("Received: ")[2].partition(", which both")[0]
    return None


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


def test_folds_have_no_more_in_common_where_examples_are_left_out():
    """60 of 240 are tested at every ratio, so that the test of a difference is the same: it knows
    of 180 others, of which 76 and 19 are in the study at a ratio of 6."""
    split = folds(6)[0]
    assert rarest.left_out(EQUAL, split, True) == {"left_out": 85} and len(EQUAL) == 240
    assert rarest.left_out(EQUAL, split, False) == {}
    accuracies = {"a": [0.6, 0.7, 0.65, 0.6], "b": [0.7, 0.72, 0.73, 0.7]}
    rows = pd.DataFrame(
        {"dataset": "d", "method": method, "fold": fold, "accuracy": values[fold], "test": 60}
        for method, values in accuracies.items()
        for fold in range(4)
    )
    whole = corrected_t_test(rows.assign(labeled=36, unlabeled=144), "a", "b", 4)
    thinned = rows.assign(labeled=19, unlabeled=76, left_out=85)
    assert corrected_t_test(thinned, "a", "b", 4) == whole
    nobody = rows.assign(labeled=36, unlabeled=144, left_out=np.nan)
    assert corrected_t_test(nobody, "a", "b", 4) == whole
    assert corrected_t_test(thinned.assign(left_out=0), "a", "b", 4) != whole


def test_an_upper_bound_is_trained_on_the_thinned_pool():
    split = folds(6)[0]
    candidate = Candidate(None, None, 0, 1)
    (run,) = controls.runs(split, FINAL, [candidate], identity={}, labels=EQUAL)
    assert run.examples.tolist() == sorted([*split.labeled_idx, *split.unlabeled_idx])
    np.testing.assert_array_equal(run.targets, EQUAL[run.examples])
    assert len(run.examples) == 19 + 76


def imbalance_config(**changes) -> dict:
    """Of vectors, which train in seconds: 150 of each of the digits 0 to 2."""
    config = tiny_config() | {"study": "imbalance", "jobs": "per_dataset"}
    del config["controls"]
    dataset = config["datasets"]["digits_0_2"]
    del dataset["labeled_fraction"]
    dataset |= {"epochs": 4, "labels_per_class": 8, "imbalance": [1, 4]}
    dataset |= {"kind": "vectors", "source": "npz", "path": "digits.npz", "policy": "gaussian"}
    config["training"]["backbone"] = "linear"
    chain = {"unlabeled_fraction": 0.3, "threshold": [0.3, 0.5], "generations": 2, "align": True}
    config["methods"] = {
        "baseline": {"generations": 0},
        "student": chain | {"balance": "quota"},
        "bound": {"generations": 0, "train_on": "pool"},
    }
    return config | changes


def write_equal_digits(folder):
    digits = load_digits()
    rows = np.concatenate([np.flatnonzero(digits.target == label)[:150] for label in range(3)])
    names = np.array(["0", "1", "2"])
    np.savez(folder / "digits.npz", x=digits.data[rows], y=digits.target[rows], class_names=names)


@pytest.fixture(scope="module")
def finished(make_study):
    made = make_study(imbalance_config(), backend="jax")
    write_equal_digits(made.folder)
    made.run("--cores", "2")
    return made


@pytest.mark.study
def test_a_study_of_two_ratios(finished):
    table = pd.read_csv(finished.results / "scores.csv")
    assert set(table["rarest_class"].astype(str)) == {"2"}
    of_ratio = table.groupby("dataset")[["labeled", "unlabeled", "left_out"]].agg(set)
    assert of_ratio.loc["digits_0_2@imbalance_1"].tolist() == [{24}, {201}, {0}]
    # 67, 33.5 and 16.75 of 67 of each class.
    assert of_ratio.loc["digits_0_2@imbalance_4"].tolist() == [{14}, {118}, {93}]
    assert table["rarest_recall"].between(0, 1).all()
    statistics = json.loads((finished.results / "statistics.json").read_text())
    assert statistics["imbalance"] == {
        "digits_0_2": {"digits_0_2@imbalance_1": 1, "digits_0_2@imbalance_4": 4}
    }
    assert statistics["datasets"] == 1
    assert (finished.results / "figures/imbalance.png").exists()
    workbook = openpyxl.load_workbook(finished.results / "report.xlsx")
    assert workbook["Imbalance"].max_row > 1 + 2 * len(set(table["method"]))
    assert [path.name for path in (finished.results / "datasets").iterdir()] == ["digits_0_2"]


@pytest.mark.study
def test_a_ratio_of_1_is_the_study_as_it_is(finished, make_study):
    """To the last bit, of all networks."""
    config = imbalance_config(study="without")
    del config["datasets"]["digits_0_2"]["imbalance"]
    without = make_study(config, backend="jax")
    write_equal_digits(without.folder)
    files = [f"runs/{{dataset}}/fold_1/{file}" for file in FINAL_FILES]
    without.run("--cores", "2", *(
        f"results/without/{file.format(dataset='digits_0_2')}" for file in files
    ))  # fmt: skip
    for file in files:
        assert_same_arrays(
            without.results / file.format(dataset="digits_0_2"),
            finished.results / file.format(dataset="digits_0_2@imbalance_1"),
        )


FINAL_FILES = (
    "split.npz",
    "teachers/final.npz",
    "student/search/generation_1/predictions.npz",
    "student/final/generation_2/predictions.npz",
    "bound/final/generation_0/predictions.npz",
)


@pytest.mark.study
def test_hidden_labels_of_unequal_classes_are_never_read(finished, tmp_path):
    """Permuting them leaves every prediction, pseudo-label and choice as it was, given the split;
    what an upper bound is trained on is another matter."""
    copy = finished.copy(tmp_path / "project")
    runs = "runs/digits_0_2@imbalance_4"
    files = [
        path.relative_to(finished.results)
        for name in ("predictions.npz", "pseudo_labels.npz", "final.npz", "search.npz")
        for path in finished.results.glob(f"{runs}/**/{name}")
        if "bound" not in path.parts
    ]
    splits = sorted(copy.results.glob(f"{runs}/*/split.npz"))
    path = copy.results / "datasets/digits_0_2/labels.npy"
    labels = np.load(path)
    # No example is labeled in one fold and hidden from all of them.
    given = np.concatenate([np.load(split)["labeled_idx"] for split in splits])
    hidden = np.setdiff1d(np.arange(len(labels)), given)
    labels[hidden] = np.random.default_rng(0).permutation(labels[hidden])
    np.save(path, labels)
    of_study = [f"results/imbalance/{split.relative_to(copy.results)}" for split in splits]
    copy.run("--cores", "1", "--touch", *of_study)
    assert files
    for file in files:
        (copy.results / file).unlink()
    methods = [name for name in copy.results.glob(f"{runs}/fold_0/*/scores.json")]
    targets = [
        f"results/imbalance/{file.relative_to(copy.results)}"
        for file in methods
        if "bound" not in file.parts
    ]
    copy.run("--cores", "2", *targets)
    for file in files:
        assert_same_arrays(copy.results / file, finished.results / file)
    for choice in finished.results.glob(f"{runs}/fold_0/student/choice.json"):
        assert (copy.results / choice.relative_to(finished.results)).read_text() == (
            choice.read_text()
        )
    one, other = (
        json.loads((some.results / f"{runs}/fold_0/student/scores.json").read_text())["accuracy"]
        for some in (finished, copy)
    )
    assert other < one
