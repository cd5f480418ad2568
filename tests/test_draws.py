"""Test files: draws of labels, the test of their differences, and that nothing trains on them."""

import json
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import tiny_config
from PIL import Image
from scipy import stats
from self_training import dotted_paths
from self_training.data import datasets
from self_training.data.data_check import look
from self_training.data.draws import deal, make_draws, make_outer_folds
from self_training.data.examples import TEST
from self_training.data.sources import fingerprint
from self_training.data.split import load_split, save_split
from self_training.data.splits import make_deployed_split, make_splits
from self_training.errors import ConfigError, DatasetError
from self_training.evaluation import differences, draws, significance, temperature
from self_training.evaluation.comparison import over_seeds
from self_training.image.readers import read
from self_training.image.thumbnails import thumbnails
from self_training.methods.parts import SEARCH, parts
from self_training.report import (
    answer,
    answer_of_dataset,
    findings,
    findings_of_data,
    findings_of_draws,
    methods_of_data,
    methods_text,
)
from self_training.study import budgets, checks, kinds

FILES = ("examples.npy", "labels.npy", "classes.json", "ids.json", "duplicates.json")
FILES += ("test_labels.npy",)
# Of 3 classes 40, 30 and 20 examples in the training file, 12 of unknown label, and 30 of test.
LABELS = np.concatenate([np.repeat([0, 1, 2, -1], [40, 30, 20, 12]), np.full(30, TEST)])
NAMES = ["a", "b", "c"]


def drawn(labels=LABELS, **changes):
    settings = {"seed": 1, "dataset": "d", "outer_folds": 5, "inner_folds": 2}
    settings |= {"labels_per_class": 4} | changes
    given = {key: value for key, value in settings.items() if value is not None}
    return make_draws(labels, NAMES, **given)


# Draws.


def test_all_draws_are_tested_on_the_test_file_and_take_labels_from_all_of_the_other():
    for split in drawn():
        np.testing.assert_array_equal(split.test_idx, np.arange(102, 132))
        both = np.concatenate([split.labeled_idx, split.unlabeled_idx])
        assert sorted(both) == list(range(102)), "test examples are in neither"
        np.testing.assert_array_equal(split.labeled_y, LABELS[split.labeled_idx])
        assert np.bincount(split.labeled_y).tolist() == [4, 4, 4]
        for part in parts(split, SEARCH):
            assert max(part.evaluation_idx.max(), part.labeled_idx.max()) < 102


def test_draws_have_no_label_in_common_where_there_are_enough():
    """20 of class c are enough for 5 draws of 4."""
    splits = drawn()
    taken = np.concatenate([split.labeled_idx for split in splits])
    assert len(set(taken)) == len(taken) == 60
    assert [split.overlap for split in splits] == [0] * 5


def test_draws_have_as_few_labels_in_common_as_can_be():
    """Of 20 examples 5 draws of 12 take each three times."""
    splits = drawn(labels_per_class=12)
    times = np.bincount(np.concatenate([split.labeled_idx for split in splits]), minlength=132)
    for label, least, most in ((0, 1, 2), (1, 2, 2), (2, 3, 3)):
        found = times[label == LABELS]
        assert (found.min(), found.max()) == (least, most)
    shared = [
        len(np.intersect1d(one.labeled_idx, other.labeled_idx)) / 36
        for one, other in combinations(splits, 2)
    ]
    assert np.mean([split.overlap for split in splits]) == pytest.approx(np.mean(shared))


def test_labels_of_a_smaller_budget_are_among_those_of_a_larger_one():
    for fewer, more in zip(drawn(), drawn(labels_per_class=12), strict=True):
        assert set(fewer.labeled_idx) < set(more.labeled_idx)
        np.testing.assert_array_equal(fewer.test_idx, more.test_idx)
        shared = [some.unlabeled_idx for some in (fewer, more)]
        kept = shared[0][np.isin(shared[0], shared[1])]
        np.testing.assert_array_equal(kept, shared[1])


def test_draws_depend_on_seed_and_dataset():
    sets = [
        tuple(split.labeled_idx.tolist())
        for changes in ({}, {"seed": 2}, {"dataset": "e"})
        for split in drawn(**changes)
    ]
    assert len(set(sets)) == 15
    np.testing.assert_array_equal(drawn()[3].unlabeled_idx, drawn()[3].unlabeled_idx)


def test_a_random_draw_takes_labels_as_they_come():
    splits = drawn(labels_per_class=None, labeled_fraction=0.2, draw="random", inner_folds=0)
    taken = np.concatenate([split.labeled_idx for split in splits])
    assert len(set(taken)) == len(taken) == 90, "five times a fifth is all"
    counts = {tuple(np.bincount(split.labeled_y, minlength=3)) for split in splits}
    assert len(counts) > 1


@pytest.mark.parametrize(("cards", "hands", "size"), [(10, 3, 3), (10, 3, 7), (7, 5, 6), (4, 2, 4)])
def test_hands_have_different_cards_and_all_cards_are_in_about_as_many(cards, hands, size):
    found = deal(np.arange(100, 100 + cards), hands, size, np.random.default_rng(0))
    assert found.shape == (hands, size)
    assert all(len(set(hand)) == size for hand in found.tolist())
    times = np.bincount(found.ravel() - 100, minlength=cards)
    assert times.max() - times.min() <= 1
    fewer = deal(np.arange(100, 100 + cards), hands, size - 1, np.random.default_rng(0))
    np.testing.assert_array_equal(found[:, :-1], fewer)


def test_a_split_of_a_draw_is_read_as_it_was_written(tmp_path):
    split = drawn(labels_per_class=12)[0]
    save_split(tmp_path / "split.npz", split)
    found = load_split(tmp_path / "split.npz")
    assert found.overlap == split.overlap > 0 and found.classes == 3


def test_without_test_examples_outer_folds_are_those_of_a_cross_validation(tmp_path):
    labels = LABELS[:102]
    settings = {"seed": 1, "dataset": "d", "outer_folds": 5, "inner_folds": 2}
    settings |= {"labels_per_class": 4}
    for repeat in (0, 1):
        one = make_outer_folds(labels, NAMES, repeat=repeat, **settings)
        other = make_splits(labels, NAMES, repeat=repeat, **settings)
        for some, same in zip(one, other, strict=True):
            assert some.overlap is None
            for name, array in vars(same).items():
                np.testing.assert_array_equal(getattr(some, name), array)
    save_split(tmp_path / "split.npz", one[0])
    assert "overlap" not in np.load(tmp_path / "split.npz").files


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels_per_class": 20}, "asks for all 20 examples of class 'c'.*Use a smaller number"),
        ({"labels_per_class": 21}, "class 'c' has 20 labeled.*Use a smaller number.$"),
        ({"labels_per_class": None, "labeled_fraction": 0.99}, "Use a smaller fraction"),
        ({"labels_per_class": 1}, "at least 2 labeled examples"),
        (
            {"labels_per_class": None, "labeled_fraction": 1.0, "draw": "random"},
            "leaves 90 labels of the 90 .*Use a smaller fraction.$",
        ),
    ],
)
def test_draws_that_would_have_all_labels_are_an_error(changes, message):
    with pytest.raises(DatasetError, match=message):
        drawn(**changes)


def test_a_deployed_model_is_given_all_labels_of_the_training_file_and_no_test_example():
    split = make_deployed_split(LABELS, NAMES, identity={"study": 1, "dataset": "d"}, inner_folds=2)
    np.testing.assert_array_equal(split.labeled_idx, np.arange(90))
    np.testing.assert_array_equal(split.labeled_y, LABELS[:90])
    np.testing.assert_array_equal(split.test_idx, np.arange(90, 102))
    assert sorted(split.unlabeled_idx) == list(range(90, 102))


# The file.


def image(value: int) -> np.ndarray:
    """Return an image of 3 x 3 pixels that is like that of no other value."""
    return np.random.default_rng(value).integers(0, 256, (3, 3, 1)).astype(np.uint8)


def archive(path, values: list[int], y: list[int], names=("cat", "dog")):
    x = np.stack([image(value) for value in values])
    np.savez(path, x=x, y=np.array(y), class_names=np.array(names))
    return str(path)


def prepare(tmp_path, source="npz", **settings):
    """Return examples, labels, ids and labels of the test file."""
    paths = [tmp_path / name for name in FILES]
    settings = {"source": source} | settings
    datasets.prepare(settings["path"], "data", settings, read, thumbnails, *paths)
    return np.load(paths[0]), np.load(paths[1]), json.loads(paths[3].read_text()), np.load(paths[5])


def test_test_examples_come_last_and_their_labels_are_in_a_file_of_their_own(tmp_path):
    train = archive(tmp_path / "train.npz", [1, 2, 3, 4], [0, 1, 0, -1])
    # The names are in another order, and one is not a class of any example.
    test = archive(tmp_path / "test.npz", [5, 6, 7], [1, 2, 1], ("bird", "dog", "cat"))
    x, labels, ids, test_labels = prepare(tmp_path, path=train, test_path=test)
    np.testing.assert_array_equal(x, [image(value) for value in (1, 2, 3, 4, 5, 6, 7)])
    assert labels.tolist() == [0, 1, 0, -1, TEST, TEST, TEST]
    assert test_labels.tolist() == [1, 0, 1]
    assert ids == ["0", "1", "2", "3", "test.npz:0", "test.npz:1", "test.npz:2"]
    *_, none = prepare(tmp_path, path=train)
    assert none.tolist() == []


def test_test_examples_of_classes_that_are_left_out_are(tmp_path):
    names = ("cat", "dog", "fox")
    train = archive(tmp_path / "train.npz", [1, 2, 3], [0, 1, 2], names)
    test = archive(tmp_path / "test.npz", [5, 6, 7, 8], [1, 2, 0, 2], names)
    settings = {"path": train, "test_path": test, "classes": ["fox", "cat"]}
    x, labels, _, test_labels = prepare(tmp_path, **settings)
    np.testing.assert_array_equal(x, [image(value) for value in (1, 3, 6, 7, 8)])
    assert labels.tolist() == [1, 0, TEST, TEST, TEST] and test_labels.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("y", "names", "message"),
    [
        ([0, -1, 1], ("cat", "dog"), "known label of every test example. Received 1 of 3"),
        ([0, 1, 2], ("cat", "dog", "fox"), "Received some of class 'fox', which .*train.npz has"),
        ([0, 0, 0], ("cat", "dog"), "every class of datasets.data. Received none of class 'dog'"),
    ],
)
def test_a_test_file_has_known_labels_and_the_classes_of_the_other(tmp_path, y, names, message):
    train = archive(tmp_path / "train.npz", [1, 2], [0, 1])
    test = archive(tmp_path / "test.npz", [5, 6, 7], y, names)
    settings = {"source": "npz", "path": train, "test_path": test}
    with pytest.raises(DatasetError, match=f"test.npz: Expected .*{message}"):
        prepare(tmp_path, **settings)
    with pytest.raises(DatasetError, match=message):
        datasets.count_classes(settings, "data", read)


def test_a_folder_and_a_csv_file_may_be_tested_on(tmp_path):
    for name, value in (
        ("train/cat/a", 1),
        ("train/dog/b", 2),
        ("test/cat/a", 5),
        ("test/dog/c", 6),
    ):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image(value)[..., 0]).save(path)
    folders = {"path": str(tmp_path / "train"), "test_path": str(tmp_path / "test")}
    x, labels, ids, test_labels = prepare(tmp_path, "images", **folders)
    np.testing.assert_array_equal(x, [image(value) for value in (1, 2, 5, 6)])
    assert labels.tolist() == [0, 1, TEST, TEST] and test_labels.tolist() == [0, 1]
    assert ids == ["cat/a.png", "dog/b.png", "test/cat/a.png", "test/dog/c.png"]

    header = "label," + ",".join(f"p{pixel}" for pixel in range(4))
    (tmp_path / "train.csv").write_text(f"{header}\n7,1,2,3,4\n9,5,6,70,8\n")
    (tmp_path / "test.csv").write_text(f"{header}\n9,1,20,3,4\n7,50,6,7,8\n")
    files = {"path": str(tmp_path / "train.csv"), "test_path": str(tmp_path / "test.csv")}
    *_, test_labels = prepare(tmp_path, "csv", label_column="label", **files)
    assert test_labels.tolist() == [1, 0]
    turned = header.replace("p0,p1", "p1,p0")
    (tmp_path / "test.csv").write_text(f"{turned}\n9,1,20,3,4\n7,50,6,7,8\n")
    with pytest.raises(DatasetError, match="test.csv: Expected the columns of .*train.csv, in the"):
        prepare(tmp_path, "csv", label_column="label", **files)


def test_vectors_and_texts_may_be_tested_on(tmp_path):
    def prepared(kind: str, first: str, **settings):
        paths = [tmp_path / name for name in (first, *FILES[1:])]
        settings |= {"kind": kind}
        features = dotted_paths.find(kinds.of(settings).for_duplicates)
        datasets.prepare(settings["path"], "data", settings, kinds.read, features, *paths)
        return np.load(paths[1]).tolist(), np.load(paths[5]).tolist()

    names = np.array(["a", "b"])
    for name in ("train", "test"):
        x = np.random.default_rng(len(name)).normal(size=(4, 3))
        np.savez(tmp_path / f"{name}.npz", x=x, y=np.array([0, 1, 1, 0]), class_names=names)
        header = "label;text" if name == "train" else "text;label"
        rows = ["a;one", "b;two"] if name == "train" else ["three;b", "four;a", "five;a"]
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")
    files = {"path": str(tmp_path / "train.npz"), "test_path": str(tmp_path / "test.npz")}
    found = prepared("vectors", "examples.npy", source="npz", **files)
    assert found == ([0, 1, 1, 0, *[TEST] * 4], [0, 1, 1, 0])
    assert np.load(tmp_path / "examples.npy").shape == (8, 3)
    files = {name: path.replace(".npz", ".csv") for name, path in files.items()}
    columns = {"text_columns": ["text"], "label_column": "label"}
    found = prepared("texts", "texts.json", source="csv", **columns, **files)
    assert found == ([0, 1, *[TEST] * 3], [1, 0, 0])
    texts = json.loads((tmp_path / "texts.json").read_text())
    assert texts == ["one", "two", "three", "four", "five"]


def test_a_changed_test_file_is_prepared_anew(tmp_path):
    train = archive(tmp_path / "train.npz", [1, 2], [0, 1])
    settings = {"source": "npz", "path": train}
    settings["test_path"] = archive(tmp_path / "test.npz", [5, 6], [0, 1])
    before = fingerprint(settings)
    archive(tmp_path / "test.npz", [5, 6, 7], [0, 1, 1])
    assert fingerprint(settings) != before


def test_duplicates_are_dropped_on_the_side_of_training_alone(tmp_path):
    """1 and 2 are in both files, 2 of unknown label; 3 is twice in one, and 7 in the other."""
    train = archive(tmp_path / "train.npz", [1, 2, 3, 3, 4], [0, -1, 1, 1, 0])
    test = archive(tmp_path / "test.npz", [1, 7, 7, 2], [1, 0, 0, 1])
    settings = {"path": train, "test_path": test, "duplicates": "drop"}
    x, labels, _, test_labels = prepare(tmp_path, **settings)
    np.testing.assert_array_equal(x, [image(value) for value in (3, 4, 1, 7, 7, 2)])
    assert labels.tolist() == [1, 0, TEST, TEST, TEST, TEST]
    assert test_labels.tolist() == [1, 0, 0, 1]
    found = json.loads((tmp_path / "duplicates.json").read_text())
    seen = look(labels, ["cat", "dog"], thumbnails(x), found, {"dataset": "data"})
    assert seen["parts"] == {"labeled": 2, "test": 4}
    assert [row["labels"] for row in seen["classes"]] == [1, 1]
    across = {tuple(row["parts"]): row["groups"] for row in seen["duplicates"]["counts"]}
    assert across == {
        ("labeled", "test"): 1,
        ("unlabeled", "test"): 1,
        ("labeled",): 1,
        ("test",): 1,
    }
    text = " ".join(findings_of_data.describe(seen, 5))
    assert "A test file has 4 others." in text
    assert "3 examples dropped: all but one of each group" in text
    assert "; of a group with test examples all others, while these stay." in text
    done = [findings_of_data.what_was_done(group) for group in seen["duplicates"]["shown"]]
    assert sorted(done) == ["1 test example kept", "1 test example kept", "all kept", "one kept"]
    # Of a group within the test file nothing is dropped.
    alone = [
        group for group in found["groups"] if {m["part"] for m in group["members"]} == {"test"}
    ]
    seen = look(labels, ["cat", "dog"], thumbnails(x), found | {"groups": alone}, {"dataset": "d"})
    assert "None was dropped, as test examples stay." in " ".join(
        findings_of_data.describe(seen, 5)
    )
    assert findings_of_data.of_first_sheet([seen], []) == []


def test_a_shift_is_looked_for_between_labeled_and_unlabeled_examples_alone():
    """Test examples that are all white would be told from both."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, -1, TEST], [40, 40, 80, 80])
    features = rng.normal(size=(240, 4))
    found = {"asked": "report", "groups": []}
    seen = look(labels, ["a", "b"], features, found, {"dataset": "d"})
    features[160:] += 100
    shifted = look(labels, ["a", "b"], features, found, {"dataset": "d"})
    assert seen["shift"] == shifted["shift"] and seen["shift"]["compared"] == 80


# What a config may say.


def config_of(tmp_path, **settings) -> dict:
    train = archive(tmp_path / "train.npz", list(range(20)), [0, 1] * 10)
    test = archive(tmp_path / "test.npz", list(range(30, 40)), [0, 1] * 5)
    config = tiny_config()
    dataset = {"source": "npz", "path": train, "test_path": test, "policy": "characters"}
    config["datasets"] = {"mine": dataset | {"epochs": 1, "labels_per_class": 4} | settings}
    return config


def test_a_test_file_is_a_key_of_a_dataset(tmp_path):
    config = config_of(tmp_path)
    checks.validate(config)
    checks.check_datasets(config, read)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labels_per_class": "all"}, "labels_per_class: Expected fewer than all labels"),
        ({"labels_per_class": [2, "all"]}, "labels_per_class: Expected fewer than all labels"),
        ({"test_path": "nowhere.npz"}, "test_path: Expected an existing .npz file"),
        ({"test_path": "{dataset}.npz"}, "test_path: Expected a path without braces"),
    ],
)
def test_what_cannot_be_tested_on_is_an_error(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=f"datasets.mine.{message}"):
        checks.validate(config_of(tmp_path, **settings))


def test_a_test_file_is_none_of_those_that_are_trained_on(tmp_path):
    config = config_of(tmp_path)
    mine = config["datasets"]["mine"]
    mine["test_path"] = mine["path"]
    with pytest.raises(
        ConfigError, match="mine.test_path: Expected other files than those of path"
    ):
        checks.validate(config)
    for name in ("pets/cat", "pets/test"):
        (tmp_path / name).mkdir(parents=True)
    mine |= {"source": "images", "path": str(tmp_path / "pets")}
    mine["test_path"] = str(tmp_path / "pets/test")
    with pytest.raises(
        ConfigError, match="mine.test_path: Expected other files than those of path"
    ):
        checks.validate(config)


def test_a_test_file_belongs_to_files_of_the_user(tmp_path):
    config = tiny_config()
    test = archive(tmp_path / "test.npz", [1, 2], [0, 1])
    config["datasets"]["digits_0_2"]["test_path"] = test
    with pytest.raises(ConfigError, match="digits_0_2.test_path: Expected "):
        checks.validate(config)


def test_draws_are_not_repeated(tmp_path):
    config = config_of(tmp_path) | {"repeats": 2}
    with pytest.raises(ConfigError, match="repeats: Expected 1, as datasets.mine has a test file"):
        checks.validate(config)
    checks.validate(config_of(tmp_path) | {"repeats": 1, "seeds": 2})


def test_labels_of_the_training_file_are_counted_before_anything_runs(tmp_path):
    config = config_of(tmp_path, labels_per_class=10)
    with pytest.raises(DatasetError, match="asks for all 10 examples of class 'cat'"):
        checks.check_datasets(config, read)
    # More draws than examples of a class are allowed: no example must be in each fold.
    checks.check_datasets(config_of(tmp_path) | {"outer_folds": 15}, read)


# The test.


def right(draws_: int = 4, test: int = 60, seed: int = 0, gain: float = 0.0) -> np.ndarray:
    """Return bool (2 methods, draws, test examples)."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(size=(1, 1, test)) + 0.5 * rng.normal(size=(2, 1, test))
    good = 0.3 * rng.normal(size=(2, draws_, 1))
    ahead = np.array([0, gain])[:, None, None]
    return hard + good + ahead + 0.5 * rng.normal(size=(2, draws_, test)) > -1


def scores_of(found: np.ndarray, overlap: float = 0.0, dataset: str = "d", **columns):
    """Return the scores of methods a and b, or of more."""
    names = columns.pop("names", ("a", "b"))
    return pd.DataFrame(
        [
            {"dataset": dataset, "method": method, "fold": fold, "accuracy": some.mean()}
            | {"overlap": overlap, "right": draws.pack(some), "test": len(some)}
            | {"labeled": 12, "unlabeled": 78, "unknown": 0, "source": "study"}
            | columns
            for method, of_method in zip(names, found, strict=True)
            for fold, some in enumerate(of_method)
        ]
    )


def test_which_are_right_is_read_as_it_was_written():
    for size in (1, 7, 8, 9, 1000):
        some = np.random.default_rng(size).random(size) < 0.5
        np.testing.assert_array_equal(draws.unpack(draws.pack(some)), some)
    one, other = np.array([True, True, False]), np.array([True, False, False])
    both = f"{draws.pack(one)} {draws.pack(other)}"
    assert draws.unpack(both).tolist() == [1, 0.5, 0]


def test_the_test_of_draws_by_hand():
    """By the mean squares of a two-way analysis of variance, worked out from its definition."""
    found = right()
    d = found[1].astype(float) - found[0]
    count, test = d.shape
    of_draws = test * sum((row.mean() - d.mean()) ** 2 for row in d) / (count - 1)
    of_test = count * sum((column.mean() - d.mean()) ** 2 for column in d.T) / (test - 1)
    total = ((d - d.mean()) ** 2).sum()
    rest = (total - of_draws * (count - 1) - of_test * (test - 1)) / ((count - 1) * (test - 1))
    assert of_test > rest, "or the test examples would not count"
    variance = (of_draws + of_test - rest) / (count * test)
    degrees = (of_draws + of_test - rest) ** 2 / (
        of_draws**2 / (count - 1) + (of_test - rest) ** 2 / (test - 1)
    )
    half = stats.t.ppf(0.975, degrees) * variance**0.5
    test_of = differences.corrected_t_test(scores_of(found), "a", "b", 4)
    assert test_of["interval"] == pytest.approx([d.mean() - half, d.mean() + half])
    t = abs(d.mean()) / variance**0.5
    assert test_of["p_value"] == pytest.approx(2 * stats.t.sf(t, degrees))
    assert (test_of["folds"], test_of["draws"]["test"]) == (4, 60)
    assert test_of["difference"] == pytest.approx(found[1].mean() - found[0].mean())
    # On infinitely many test examples it would be the t-test over draws.
    of_means = stats.ttest_1samp(d.mean(axis=1), 0).pvalue
    assert test_of["p_value"] > of_means


def test_draws_that_share_labels_count_less():
    found = right()
    apart, shared = (
        differences.corrected_t_test(scores_of(found, overlap), "a", "b", 4)
        for overlap in (0.0, 0.5)
    )
    assert shared["difference"] == apart["difference"]
    of_draws = apart["draws"]["of_draws"]
    assert shared["draws"]["of_draws"] == pytest.approx(of_draws * (1 / 4 + 1) / (1 / 4))
    assert shared["draws"]["of_test"] == apart["draws"]["of_test"]
    assert shared["p_value"] > apart["p_value"]


def test_test_examples_that_vary_by_chance_alone_add_nothing():
    """Their variance is estimated below 0, and is never taken off that of the draws."""
    rng = np.random.default_rng(2)
    for _ in range(50):
        values = rng.normal(size=(3, 20))
        found = draws.spread(values, 0.0)
        assert found.of_test >= 0 and found.of_draws == pytest.approx(
            values.mean(axis=1).var(ddof=1) / 3
        )
        assert found.degrees >= 2 - 1e-9


def test_one_draw_and_draws_that_differ_alike_say_nothing():
    found = right(1)
    test = differences.corrected_t_test(scores_of(found), "a", "b", 2)
    assert test["p_value"] is None and test["reason"] == "too_few_folds"
    alike = np.zeros((2, 3, 10), bool)
    for number in range(3):
        alike[1, number, number] = True
    test = differences.corrected_t_test(scores_of(alike), "a", "b", 3)
    assert test["difference"] == pytest.approx(0.1)
    assert test["p_value"] is None and test["interval"] is None
    assert test["reason"] == "one_difference"


def test_a_score_that_does_not_say_which_are_right_is_not_tested():
    scores = scores_of(right())
    scores.loc[scores["method"] == "b", ["right", "overlap"]] = [None, np.nan]
    test = differences.corrected_t_test(scores, "a", "b", 4)
    assert test["p_value"] is None and test["reason"] == "no_test_examples"
    assert test["difference"] is not None


def test_methods_are_paired_by_draw_whatever_the_order_of_rows():
    scores = scores_of(right())
    mixed = scores.sample(frac=1, random_state=0)
    one, other = (
        differences.corrected_t_test(some, "a", "b", 4)["interval"] for some in (mixed, scores)
    )
    assert one == pytest.approx(other)


def test_training_seeds_are_means_of_test_examples():
    found = [right(seed=seed) for seed in (0, 1)]
    scores = pd.concat(scores_of(some, training_seed=seed) for seed, some in enumerate(found))
    test = differences.corrected_t_test(over_seeds(scores), "a", "b", 4)
    d = np.mean([some[1].astype(float) - some[0] for some in found], axis=0)
    half = draws.spread(d, 0.0).half_width()
    assert test["interval"] == pytest.approx([d.mean() - half, d.mean() + half])


def test_the_interval_of_a_mean_accuracy_is_over_draws_and_test_examples():
    found = right()
    rows = scores_of(found)
    own = rows[rows["method"] == "a"]
    half = draws.spread(found[0].astype(float), 0.0).half_width()
    assert differences.fold_interval(own) == pytest.approx(half)
    assert differences.fold_interval(own.assign(right=None)) == 0


def test_more_draws_narrow_what_draws_bring_and_no_more():
    test = differences.corrected_t_test(scores_of(right(8, 200)), "a", "b", 8)
    low, high = test["interval"]
    assert draws.with_more(test, 8) == pytest.approx((high - low) / 2)
    parts_ = test["draws"]
    endless = stats.norm.ppf(0.975) * parts_["of_test"] ** 0.5
    assert draws.with_more(test, 10**6) == pytest.approx(endless, rel=0.02)


def test_no_method_is_ahead_too_often():
    """Of 400 studies in which none is, the test says so in at most 8 %; one over draws alone in
    more than 20 %."""
    rng = np.random.default_rng(0)
    found, naive = [], []
    for _ in range(400):
        shape = (2, 10, 200)
        hard = rng.normal(size=(1, 1, 200)) + 0.5 * rng.normal(size=(2, 1, 200))
        some = hard + 0.5 * rng.normal(size=shape) > -1
        d = some[1].astype(float) - some[0]
        found.append(draws.t_test(d, 0.0)["p_value"] < 0.05)
        naive.append(stats.ttest_1samp(d.mean(axis=1), 0).pvalue < 0.05)
    assert 0.02 < np.mean(found) < 0.08
    assert np.mean(naive) > 0.2


# Calibration.


def test_temperatures_of_draws_are_fitted_on_other_test_examples(tmp_path, monkeypatch):
    """All draws predict the same ones: each is left out with its part in all draws."""
    rng = np.random.default_rng(0)
    splits = drawn(outer_folds=2)
    files = {"splits": [], "choices": [], "predictions": []}
    for fold, split in enumerate(splits):
        files["splits"].append(tmp_path / f"split_{fold}.npz")
        save_split(files["splits"][-1], split)
        files["choices"].append(tmp_path / f"choice_{fold}.json")
        choice = {"hyper_parameters": {"ensemble_size": 1}}
        files["choices"][-1].write_text(json.dumps(choice))
        files["predictions"].append(fold)
    probabilities = rng.dirichlet([1, 1, 1], (2, 30)).astype(np.float32)
    state = [SimpleNamespace(evaluation=probabilities[fold][None]) for fold in range(2)]
    monkeypatch.setattr(temperature.predictions, "load", lambda path: {"final": state[path]})
    held_out = temperature.load_held_out(SimpleNamespace(**files))
    for part in (0, 1):
        own = set(held_out.examples[held_out.folds == part])
        assert own.isdisjoint(held_out.examples[held_out.folds != part]) and len(own) == 15
    labels = LABELS.copy()
    labels[LABELS == TEST] = rng.integers(0, 3, 30)
    found = temperature.calibrate(labels, held_out)
    assert found["predictions"] == 60 and found["examples"] == 30


# Words.


def of_study(found: np.ndarray, overlap: float = 0.0, **settings) -> tuple[dict, dict]:
    names = ("baseline", "control", "student")
    table = np.concatenate([found[:1], found])
    scores = scores_of(
        table, overlap, "pets", names=names, training_seed=0, classes=3, repeat=0,
        generations_trained=1, termination_condition="generations_reached",
    )  # fmt: skip
    settings = {"fair": {"student": "control"}, "control": "baseline"} | settings
    statistics = findings.describe(significance.compare_methods(scores, **settings))
    statistics = json.loads(json.dumps(statistics, allow_nan=False))
    empty = pd.DataFrame(columns=["dataset", "method", "fold", "training_seed", "generation"])
    generations = empty.assign(offered=None, accuracy=None)
    return statistics, answer.of_study(scores, generations, statistics, {})


def test_an_answer_says_what_it_is_over():
    statistics, found = of_study(right(10, 400, gain=0.5))
    assert statistics["draws"] == {"pets": {"draws": 10, "test": 400, "overlap": 0.0}}
    assert found["headlines"][0].startswith("Self-training helps here: ")
    assert (
        "pets has a test file, so its outer folds are 10 draws of labels, all scored on the same "
        "400 test examples; no two have a label in common. What is more than luck is judged by how "
        "much a difference varies over draws, and over test examples."
    ) in found["details"]
    assert (
        "over draws of labels on one test set (test of draws and test examples"
        in (statistics["reading"])
    )
    _, shared = of_study(right(10, 400, gain=0.5), overlap=0.25)
    assert any("two have 25% of their labels in common" in text for text in shared["details"])


def test_what_is_not_told_from_luck_asks_for_draws_or_for_a_larger_test_file():
    few = right(3, 4000, seed=3, gain=0.02)
    _, found = of_study(few)
    (row,) = found["datasets"]
    assert row["is_draws"] and row["verdict"] == "can't be told from luck"
    text = " ".join(found["next"])
    assert "repeat" not in text
    assert ("Draw labels 3 times as often" in text) != ("Take a larger test file" in text)
    _, small = of_study(right(10, 60))
    assert "Take a larger test file" in " ".join(small["next"])


def test_advice_where_draws_are_equal_is_not_to_repeat_them():
    """Repeats are forbidden beside a test file."""
    same = np.tile(right(1), (1, 4, 1))
    statistics, found = of_study(same)
    assert found["datasets"][0]["verdict"] == "can't be told"
    assert found["next"][0] == (
        "Draw labels more often (`outer_folds`) or take a larger test file, since all draws say "
        "the same: pets."
    )
    assert "repeat" not in " ".join(found["next"]).lower()
    assert {test["reason"] for test in statistics["per_dataset"]} == {
        "The difference is the same on every draw of labels."
    }
    statistics, found = of_study(right(1))
    assert "but one draw of labels does not say how" in found["datasets"][0]["sentence"]
    assert statistics["per_dataset"][0]["reason"].endswith("on at least 2 draws of labels.")


def test_results_without_students_are_counted_in_draws():
    row = {"is_draws": True, "results": 5, "without_students": 5, "nothing_selected": 5}
    assert answer_of_dataset._why_no_students(row).startswith("In all 5 draws of labels no pseudo")


def test_words_of_a_study_that_trained_no_students_are_of_draws():
    scores = scores_of(
        right(), 0.0, "pets", names=("control", "student"), training_seed=0, classes=3, repeat=0,
        generations_trained=0, termination_condition="nothing_selected",
    )  # fmt: skip
    settings = {"fair": {"student": "control"}, "control": "control"}
    statistics = findings.describe(significance.compare_methods(scores, **settings))
    assert "no draw of labels trained a student" in statistics["reading"]
    assert "fold" not in " ".join(statistics["notes"])
    empty = pd.DataFrame(columns=["dataset", "method", "fold", "training_seed", "generation"])
    found = answer.of_study(scores, empty.assign(offered=None, accuracy=None), statistics, {})[
        "next"
    ]
    assert "no pseudo-label was confident enough: pets (4 of 4 draws of labels)." in found[0]


def test_a_draw_that_left_a_class_no_label_is_called_a_draw():
    with pytest.raises(
        DatasetError, match="in every draw. Received none of class .* in draw [0-4]"
    ):
        make_draws(
            LABELS, NAMES, seed=1, dataset="d", outer_folds=5, inner_folds=0, draw="random",
            labeled_fraction=0.034,
        )  # fmt: skip


def test_the_methods_text_says_what_outer_folds_are(tmp_path):
    config = config_of(tmp_path)
    statistics, _ = of_study(right())
    text = methods_text.write(config, statistics, {})
    assert "by 2 draws of labels from a training file" in text
    assert "cross-validation" not in text and "test fold" not in text
    assert "The test file was used for the scores alone. All methods of a draw had" in text
    several = budgets.expand(config_of(tmp_path, labels_per_class=[2, 3]))
    of_data = methods_of_data.write(several, {"mine": 7})
    assert "in every draw; they were never part of a test file, nor of an inner fold" in of_data
    assert "over the same draws" in of_data
    assert "Hillis" in text and "Nadeau" not in text
    config["datasets"]["other"] = tiny_config()["datasets"]["digits_0_2"]
    text = methods_text.write(config, statistics, {})
    assert "2-fold stratified cross-validation, and where there is a test file (mine) by" in text


def test_budgets_that_are_drawn_alike_are_said_once():
    alike = {"draws": 10, "test": 400, "overlap": 0.0}
    budgets = {"pets": ["pets@4", "pets@8"]}
    drawn = {"pets@4": alike, "pets@8": dict(alike), "cars": alike}
    found = findings_of_draws.describe({"draws": drawn, "budgets": budgets})
    assert [sentence.split(" has ")[0] for sentence in found] == ["pets", "cars"]
    drawn["pets@8"]["overlap"] = 0.5
    found = findings_of_draws.describe({"draws": drawn, "budgets": budgets})
    assert [sentence.split(" has ")[0] for sentence in found] == ["pets@4", "pets@8", "cars"]
