"""Foreign examples among the unlabeled: how they are kept, drawn, hidden and counted."""

import json
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from conftest import tiny_config
from self_training.data import datasets, draws, duplicate_groups, foreign, shown
from self_training.data.examples import FOREIGN, TEST, UNKNOWN, marked
from self_training.errors import ConfigError, DatasetError
from self_training.evaluation import foreign as foreign_scores
from self_training.evaluation import scores, tables
from self_training.image.readers import read
from self_training.image.thumbnails import thumbnails
from self_training.methods.labeled_so_far import no_pseudo_labels
from self_training.study import budgets, checks
from self_training.study.plan import Plan
from sklearn.datasets import load_digits
from test_by_hand_scores import NAMES, SPLIT, TEACHERS, chosen, records

CLASSES = ["a", "b", "c"]
# 240 of the study, in the order of which 160 foreign ones stand.
ALL = np.random.default_rng(0).permutation(np.repeat([0, 1, 2, FOREIGN], [100, 80, 60, 160]))
IS_FOREIGN = ALL == FOREIGN
LABELS = np.where(IS_FOREIGN, UNKNOWN, ALL)
SETTINGS = {"seed": 1, "dataset": "d", "outer_folds": 4, "inner_folds": 3, "labels_per_class": 5}
SHARES = [0, 0.1, 0.25, 0.5]


def folds(share, labels=LABELS, **changes):
    settings = SETTINGS | {"out_of_class": share} | changes
    return foreign.make_outer_folds(labels, CLASSES, np.flatnonzero(IS_FOREIGN), **settings)


def test_a_share_of_the_unlabeled_is_foreign_and_nothing_else_is():
    """Outer pools have 180 examples, 15 of them labeled: of 165, a tenth is 17 and a half 83."""
    for share, expected in zip(SHARES, (0, 17, 41, 83), strict=True):
        for split in folds(share):
            assert len(split.unlabeled_idx) == len(set(split.unlabeled_idx.tolist())) == 165
            assert IS_FOREIGN[split.unlabeled_idx].sum() == expected
            assert not IS_FOREIGN[split.labeled_idx].any()
            assert not IS_FOREIGN[split.test_idx].any()
            np.testing.assert_array_equal(split.labeled_y, LABELS[split.labeled_idx])


def test_all_shares_have_the_same_labels_and_folds_as_a_dataset_without_foreign_examples():
    own = np.flatnonzero(~IS_FOREIGN)
    for number, base in enumerate(draws.make_outer_folds(LABELS[own], CLASSES, **SETTINGS)):
        for share in SHARES:
            split = folds(share)[number]
            np.testing.assert_array_equal(split.test_idx, own[base.test_idx])
            np.testing.assert_array_equal(split.labeled_idx, own[base.labeled_idx])
            np.testing.assert_array_equal(split.inner_folds, base.inner_folds)
            same = ~IS_FOREIGN[split.unlabeled_idx]
            np.testing.assert_array_equal(split.unlabeled_idx[same], own[base.unlabeled_idx][same])
            assert share or same.all()


def test_foreign_examples_of_a_smaller_share_are_among_those_of_a_larger():
    for smaller, larger in pairwise(SHARES):
        for one, other in zip(folds(smaller), folds(larger), strict=True):
            places = IS_FOREIGN[one.unlabeled_idx]
            np.testing.assert_array_equal(one.unlabeled_idx[places], other.unlabeled_idx[places])


def test_foreign_examples_come_from_what_a_fold_is():
    """Another fold, repeat, seed or dataset has others, and the same has the same again."""
    found = [
        folds(0.25)[0],
        folds(0.25)[1],
        folds(0.25, repeat=1)[0],
        folds(0.25, seed=2)[0],
        folds(0.25, dataset="e")[0],
    ]
    drawn = [frozenset(split.unlabeled_idx[IS_FOREIGN[split.unlabeled_idx]]) for split in found]
    assert len(set(drawn)) == 5
    np.testing.assert_array_equal(found[0].unlabeled_idx, folds(0.25)[0].unlabeled_idx)


def test_they_lie_anywhere_in_the_order_of_the_unlabeled():
    """The mean of their places is that of all, give or take what chance does: 7 per fold."""
    places = [
        np.flatnonzero(IS_FOREIGN[split.unlabeled_idx]).mean()
        for seed in range(10)
        for split in folds(0.25, seed=seed)
    ]
    assert abs(np.mean(places) - 82) < 3 * 7 / np.sqrt(40)


def test_draws_of_labels_have_foreign_examples_too():
    labels = LABELS.copy()
    test = np.flatnonzero(~IS_FOREIGN)[:40]
    labels[test] = TEST
    one, other = (folds(share, labels, outer_folds=2) for share in (0, 0.25))
    for before, split in zip(one, other, strict=True):
        np.testing.assert_array_equal(split.test_idx, test)
        np.testing.assert_array_equal(split.labeled_idx, before.labeled_idx)
        assert split.overlap == before.overlap and len(split.unlabeled_idx) == 185
        assert IS_FOREIGN[split.unlabeled_idx].sum() == 46


@pytest.mark.parametrize(
    ("share", "labels", "message"),
    [
        (
            0.98,
            LABELS,
            "datasets.d.out_of_class: Expected a share for which the 160 examples of the classes "
            r"that the study leaves out are enough. Received: 0.98, which is 162 .*\(classes\)",
        ),
        (0.003, LABELS, "d.out_of_class: Expected 0, or a share that is at least one .*: 0.003"),
        (
            0.25,
            np.where(np.arange(400) == np.flatnonzero(~IS_FOREIGN)[7], UNKNOWN, LABELS),
            "d.out_of_class: Expected a known label of every example.* Received 1 of unknown",
        ),
    ],
)
def test_shares_that_there_are_no_examples_for(share, labels, message):
    with pytest.raises(DatasetError, match=message):
        folds(share, labels)


def config_of(share, **changes) -> dict:
    config = tiny_config()
    config["datasets"]["digits_0_2"] |= {"out_of_class": share} | changes
    return config


@pytest.mark.parametrize(
    ("share", "changes", "message"),
    [
        (1, {}, r"out_of_class: Expected a number in \[0, 1\), or a list of such.*1"),
        (-0.1, {}, r"out_of_class: Expected a number in \[0, 1\).*-0.1"),
        ([0, 1.5], {}, r"out_of_class.*: Expected a number in \[0, 1\).*1.5"),
        ([0.5, 0.5], {}, "out_of_class"),
        (0.5, {"classes": None}, "out_of_class: Expected it only beside classes, which names tho"),
        (
            [0, 0.5],
            {"labeled_fraction": [0.1, 0.2]},
            "out_of_class: Expected one value, as labeled_fraction is a list",
        ),
        (
            0.5,
            {"source": "images", "path": "a", "unlabeled": "b", "image_size": [4, 4]},
            "out_of_class: Expected it only without unlabeled, of which nobody knows",
        ),
    ],
)
def test_shares_that_make_no_sense(share, changes, message):
    config = config_of(share, **changes)
    dataset = config["datasets"]["digits_0_2"]
    config["datasets"]["digits_0_2"] = {k: v for k, v in dataset.items() if v is not None}
    with pytest.raises(ConfigError, match=message):
        checks.validate(config)


def test_nothing_is_deployed_beside_foreign_examples():
    with pytest.raises(ConfigError, match=r"deploy: Expected it only without out_of_class \(data"):
        checks.validate(config_of(0.5) | {"deploy": "baseline"})


def test_too_few_foreign_examples_end_a_study_before_anything_runs(tmp_path, monkeypatch):
    """Of 1,797 digits 9 classes have 1,623; the tenth has 174, too few for half of all others."""
    monkeypatch.chdir(tmp_path)
    checks.check_datasets(config_of([0, 0.5]), read)
    for classes in (list(range(9)), list(range(10))):
        with pytest.raises(DatasetError, match="digits_0_2.out_of_class: Expected a share for whi"):
            checks.check_datasets(config_of([0, 0.5], classes=classes), read)


def test_every_share_of_a_list_becomes_a_dataset():
    config = budgets.expand(config_of([0.5, 0, 0.25]))
    assert list(config["datasets"]) == [
        "digits_0_2@foreign_0",
        "digits_0_2@foreign_0.25",
        "digits_0_2@foreign_0.5",
    ]
    assert budgets.along(config, "out_of_class") == {
        "digits_0_2": dict(zip(config["datasets"], (0, 0.25, 0.5), strict=True))
    }
    # They are no label budgets, and share their examples.
    assert budgets.several(config) == {} and list(budgets.sources(config)) == ["digits_0_2"]
    assert budgets.sources(config)["digits_0_2"]["foreign"] is True
    one = budgets.expand(config_of(0.5))
    assert list(one["datasets"]) == ["digits_0_2"] and budgets.along(one, "out_of_class") == {}
    none = tiny_config()
    assert "foreign" not in budgets.sources(budgets.expand(none))["digits_0_2"]
    plan = Plan(config_of([0, 0.5]))
    settings = [plan.split_settings(at(name)) for name in plan.datasets]
    assert [some["out_of_class"] for some in settings] == [0, 0.5]
    assert {some["dataset"] for some in settings} == {"digits_0_2"}
    # Adding a share neither prepares nor draws anything else anew.
    assert plan.dataset_settings(at("digits_0_2")) == Plan(config_of(0.25)).dataset_settings(
        at("digits_0_2")
    )
    assert plan.budget_settings(at("digits_0_2"))["budgets"] == [{"labeled_fraction": 0.1}]
    assert plan.identities(at("digits_0_2@foreign_0.5", fold="0")) == plan.identities(
        at("digits_0_2@foreign_0", fold="0")
    )
    # Nor is what trains told of a share.
    for method in plan.methods:
        one, other = (plan.training(at(name, method=method)) for name in plan.datasets)
        assert one == other
    assert "out_of_class" not in Plan(none).split_settings(at("digits_0_2"))


def at(dataset: str, **others):
    return type("Wildcards", (), {"dataset": dataset} | others)()


def prepare(tmp_path, **settings):
    """Return examples, their labels and which are foreign, as they are written."""
    names = ("examples.npy", "labels.npy", "classes.json", "ids.json", "duplicates.json")
    paths = [tmp_path / name for name in (*names, "test_labels.npy", "foreign.npy")]
    settings = {"source": "npz", "path": str(tmp_path / "data.npz")} | settings
    datasets.prepare(settings["path"], "data", settings, read, thumbnails, *paths)
    return (
        [np.load(paths[index]) for index in (0, 1, 6)],
        [json.loads(path.read_text()) for path in paths[3:5]],
    )


def archive(tmp_path, x, y):
    images = np.array(x, np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 2, 2, 1), np.uint8)
    np.savez(tmp_path / "data.npz", x=images, y=np.array(y), class_names=np.array(["a", "b", "c"]))


def test_classes_that_are_left_out_are_kept_where_they_stand(tmp_path):
    archive(tmp_path, [10, 20, 30, 40, 50], [2, 0, 1, 2, 0])
    (x, y, which), (ids, _) = prepare(tmp_path, classes=["c", "a"], foreign=True)
    assert x[:, 0, 0, 0].tolist() == [10, 20, 30, 40, 50] and ids == ["0", "1", "2", "3", "4"]
    assert y.tolist() == [0, 1, UNKNOWN, 0, 1] and which.tolist() == [2]
    # Its number of labeled examples is that of its classes.
    prepare(tmp_path, classes=["c", "a"], foreign=True, examples=4)
    (x, y, which), _ = prepare(tmp_path, classes=["c", "a"])
    assert x[:, 0, 0, 0].tolist() == [10, 20, 40, 50] and which.tolist() == []


def test_a_foreign_duplicate_is_dropped_and_contradicts_no_label(tmp_path):
    archive(tmp_path, [10, 10, 30, 40, 50], [1, 0, 1, 2, 0])
    (x, y, which), (_, found) = prepare(
        tmp_path, classes=["c", "a"], foreign=True, duplicates="drop"
    )
    assert x[:, 0, 0, 0].tolist() == [10, 30, 40, 50]
    assert y.tolist() == [1, UNKNOWN, 0, 1] and which.tolist() == [1]
    (group,) = found["groups"]
    assert not group["contradicting"]
    assert [(some["part"], some["label"], some["spare"]) for some in group["members"]] == [
        ("foreign", None, True),
        ("labeled", "a", False),
    ]
    labels = np.array([0, UNKNOWN, FOREIGN])
    parts = duplicate_groups.parts_of(labels)
    assert {name: part.tolist().index(True) for name, part in parts.items()} == {
        "labeled": 0,
        "unlabeled": 1,
        "foreign": 2,
    }


CHAIN = no_pseudo_labels(2, "hard")._replace(
    examples=np.array([6, 7, 9]),
    targets=np.array([0, 0, 1]),
    confidence=np.array([0.9, 0.8, 0.6]),
    generation=np.array([1, 1, 1]),
    copies=np.array([1, 2, 1]),
    offered=np.array([4]),
)
# Of the unlabeled 6 to 9 the last three are foreign.
SPLIT_OF_FOREIGN = SPLIT.__class__(
    **{**vars(SPLIT), "unlabeled_idx": np.array([6, 7, 8, 9])},
)
TRUE = marked(np.array([0, 1, 0, 1, 0, 1, 0, UNKNOWN, UNKNOWN, UNKNOWN]), np.array([7, 8, 9]))


def evaluated(chain=(CHAIN,), fraction=None, labels=TRUE, split=SPLIT_OF_FOREIGN) -> dict:
    histories = [records(7, 3)] * (1 + len(chain))
    choice = chosen(fraction, 0.5, len(chain), 1)
    final = scores.FinalChain(split, [TEACHERS] * (1 + len(chain)), list(chain), choice, histories,
                              [])  # fmt: skip
    return scores.evaluate(labels, NAMES, final)


def test_what_became_of_foreign_examples_by_hand():
    """Offered are one of the study and three foreign ones; pseudo-labeled it and two of these."""
    result = evaluated()
    assert (result["out_of_class"], result["foreign"], result["unknown"]) == (0.75, 3, 0)
    teachers, students = result["generations_of_chain"]
    assert students["offered"] == 4 and students["selected"] == 3
    assert students["foreign_offered"] == 3 and students["foreign_selected"] == 2
    assert students["foreign_confidence"] == pytest.approx(0.7)
    assert students["own_confidence"] == pytest.approx(0.9)
    # A foreign one is known to be of no class: none of its pseudo-labels is right.
    assert students["known"] == 3 and students["correct"] == 1
    assert (teachers["foreign_offered"], teachers["foreign_confidence"]) == (0, None)
    shown_as = [row.get("foreign", False) for row in result["examples"]]
    assert shown_as == [False, True, True]
    assert [row["label"] for row in result["examples"]] == [0, None, None]
    groups = shown.by_truth(result["examples"])
    assert [len(rows) for rows in groups.values()] == [1, 0, 2] and "foreign" in groups


def test_slices_and_filters_are_counted_by_what_was_offered():
    """Of slices of 2, each generation's own; filtered once, what the first teachers selected."""
    first = CHAIN._replace(
        examples=np.array([7]), targets=np.array([0]), confidence=np.array([0.8]),
        generation=np.array([1]), copies=np.array([1]), offered=np.array([2]),
    )  # fmt: skip
    second = CHAIN._replace(
        examples=np.array([7, 8, 9]), generation=np.array([1, 2, 2]), offered=np.array([2, 2]),
        confidence=np.array([0.8, 0.7, 0.6]),
    )  # fmt: skip
    _, one, two = evaluated([first, second], 1 / 3)["generations_of_chain"]
    assert (one["foreign_offered"], one["foreign_selected"], one["own_confidence"]) == (1, 1, None)
    assert (two["foreign_offered"], two["foreign_selected"]) == (2, 2)
    assert two["foreign_confidence"] == pytest.approx(0.65)
    once = CHAIN._replace(generation=np.array([2, 2, 2]), offered=np.array([4, 3]))
    _, one, two = evaluated([CHAIN, once])["generations_of_chain"]
    assert (two["offered"], two["foreign_offered"], two["foreign_selected"]) == (3, 2, 2)
    rest = CHAIN._replace(
        examples=np.array([6, 7, 9, 8]), generation=np.array([1, 1, 1, 2]),
        confidence=np.array([0.9, 0.8, 0.6, 0.7]), copies=np.ones(4, int),
        targets=np.array([0, 0, 1, 1]), offered=np.array([4, 1]),
    )  # fmt: skip
    _, one, two = evaluated([CHAIN, rest])["generations_of_chain"]
    assert (two["offered"], two["foreign_offered"], two["foreign_selected"]) == (1, 1, 1)
    none = once._replace(
        examples=CHAIN.examples, generation=CHAIN.generation, offered=np.array([4, 4]),
        termination="nothing_selected",
    )  # fmt: skip
    _, one, two = evaluated([CHAIN, none])["generations_of_chain"]
    assert (two["foreign_offered"], two["foreign_selected"]) == (3, 0)
    assert two["foreign_confidence"] is None is two["own_confidence"]


def test_a_study_without_foreign_examples_has_no_columns_of_them():
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, UNKNOWN])
    result = evaluated(labels=labels)
    assert "out_of_class" not in result and "foreign" not in result
    assert foreign_scores.of_fold(labels, SPLIT_OF_FOREIGN) == {}
    identity = {"dataset": "d", "method": "m", "fold": 0, "training_seed": 0}
    without, with_some = (
        tables.collect_generations([identity | some]) for some in (result, evaluated())
    )
    assert [*with_some] == [*without, *tables.OF_FOREIGN]


def test_a_test_example_is_never_foreign():
    with pytest.raises(ValueError, match="Expected test examples of known label"):
        evaluated(labels=marked(TRUE, np.array([0])))


def foreign_config(**changes) -> dict:
    """Of vectors, which train in seconds: digits 0 to 2 are kept, the others are foreign."""
    config = tiny_config() | {"study": "foreign", "jobs": "per_dataset"}
    del config["controls"]
    del config["inner_folds"]
    dataset = config["datasets"]["digits_0_2"]
    dataset |= {"epochs": 3, "out_of_class": [0, 0.25, 0.5]}
    dataset |= {"kind": "vectors", "source": "npz", "path": "digits.npz", "policy": "gaussian"}
    config["training"]["backbone"] = "linear"
    chain = {"unlabeled_fraction": 0.3, "threshold": 0.4, "generations": 2}
    config["methods"] = {
        "baseline": {"generations": 0},
        "student": chain,
        "bound": {"generations": 0, "train_on": "pool"},
    }
    return config | changes


def write_digits(folder):
    digits = load_digits()
    names = np.array([str(name) for name in range(10)])
    np.savez(folder / "digits.npz", x=digits.data, y=digits.target, class_names=names)


@pytest.fixture(scope="module")
def finished(make_study):
    made = make_study(foreign_config(), backend="jax")
    write_digits(made.folder)
    made.run("--cores", "2")
    return made


@pytest.mark.study
def test_a_study_of_three_shares(finished):
    table = pd.read_csv(finished.results / "scores.csv")
    shares = table.groupby("dataset", sort=False)["out_of_class"].mean().to_dict()
    assert shares == pytest.approx(
        {
            "digits_0_2@foreign_0": 0,
            "digits_0_2@foreign_0.25": 0.25,
            "digits_0_2@foreign_0.5": 0.5,
        },
        abs=0.003,
    )
    # What needs no unlabeled example is the same at every share.
    baseline = table[table["method"] == "baseline"].groupby("fold")["accuracy"].nunique()
    assert baseline.tolist() == [1, 1]
    generations = pd.read_csv(finished.results / "generations.csv")
    own = generations[(generations["method"] == "student") & (generations["generation"] > 0)]
    by_share = own.groupby("dataset", sort=False)["foreign_offered"].sum()
    assert by_share.iloc[0] == 0 < by_share.iloc[1] < by_share.iloc[2]
    assert own[own["foreign_selected"] > 0]["foreign_confidence"].between(1 / 3, 1).all()
    assert [path.name for path in (finished.results / "datasets").iterdir()] == ["digits_0_2"]


@pytest.mark.study
def test_rules_that_know_which_examples_are_foreign(finished):
    """None of those that train, select or search: neither by a file nor by a share of theirs."""
    output = finished.run("--cores", "1", "-n", "--forceall")
    rules = re.findall(r"(?:local)?rule (\w+):\n    input: (.*)\n", output)
    assert {rule for rule, inputs in rules if "/foreign.npy" in inputs} == {
        "make_splits",
        "check_data",
        "evaluate",
    }
    (labels, which) = (
        np.load(finished.results / f"datasets/digits_0_2/{name}.npy")
        for name in ("labels", "foreign")
    )
    # The upper bound, which is given the labels, can't tell them from others of unknown label.
    assert len(which) == 1797 - 537 and (labels[which] == UNKNOWN).all()
    assert (labels >= 0).sum() == 537


@pytest.mark.study
def test_a_share_of_none_is_the_study_without_foreign_examples(finished, make_study):
    """To the last bit, of all networks: which are foreign reaches none of them."""
    config = foreign_config(study="without")
    del config["datasets"]["digits_0_2"]["out_of_class"]
    without = make_study(config, backend="jax")
    write_digits(without.folder)
    files = [
        f"runs/{{dataset}}/fold_1/{file}"
        for file in ("teachers/final.npz", "student/final/generation_2/predictions.npz")
    ]
    without.run("--cores", "2", *(
        f"results/without/{file.format(dataset='digits_0_2')}" for file in files
    ))  # fmt: skip
    for file in files:
        with (
            np.load(without.results / file.format(dataset="digits_0_2")) as one,
            np.load(finished.results / file.format(dataset="digits_0_2@foreign_0")) as other,
        ):
            assert one.files == other.files
            for name in one.files:
                np.testing.assert_array_equal(one[name], other[name])
