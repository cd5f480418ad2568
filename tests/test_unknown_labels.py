"""Examples whose label nobody knows: how they are read, split, trained on, and never scored."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import tiny_config
from PIL import Image
from self_training.data import datasets
from self_training.data.class_counts import check_class_counts
from self_training.data.splits import make_splits
from self_training.errors import ConfigError, DatasetError
from self_training.evaluation import scores
from self_training.evaluation.differences import corrected_t_test
from self_training.image.addresses import address
from self_training.image.readers import read
from self_training.image.show import draw_pseudo_labels
from self_training.image.thumbnails import thumbnails
from self_training.methods import controls
from self_training.methods.labeled_so_far import no_pseudo_labels
from self_training.study import checks
from self_training.study.candidates import Candidate
from self_training.study.plan import Plan

FILES = (
    "examples.npy",
    "labels.npy",
    "classes.json",
    "ids.json",
    "duplicates.json",
    "test_labels.npy",
)
LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [100, 80, 60]))


def prepare(tmp_path, path, source, **settings):
    """Return the first pixel of each image, its label and its id, and the names of the classes."""
    paths = [tmp_path / name for name in FILES]
    settings = {"source": source, "path": str(path)} | settings
    datasets.prepare(path, "data", settings, read, thumbnails, *paths)
    images, labels = np.load(paths[0]), np.load(paths[1])
    classes, ids = (json.loads(path.read_text()) for path in paths[2:4])
    assert len(images) == len(labels) == len(ids)
    return list(zip(images[:, 0, 0, 0].tolist(), labels.tolist(), ids, strict=True)), classes


def write_images(folder, **names):
    """Write gray images of 2 x 2 pixels, all of one value."""
    for name, value in names.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2), value).save(path.with_suffix(".png"))


def test_a_folder_has_a_sub_folder_of_unlabeled_images(tmp_path):
    write_images(tmp_path / "pets", cat__a=1, dog__b=2, unlabeled__c=3)
    rows, classes = prepare(tmp_path, tmp_path / "pets", "images")
    assert classes == ["cat", "dog"]
    assert rows == [(1, 0, "cat/a.png"), (2, 1, "dog/b.png"), (3, -1, "unlabeled/c.png")]


def test_sub_folders_of_unlabeled_images_say_nothing(tmp_path):
    write_images(tmp_path / "pets", cat__a=1, dog__b=2, unlabeled__cat__c=3, unlabeled__d=4)
    rows, classes = prepare(tmp_path, tmp_path / "pets", "images")
    assert classes == ["cat", "dog"]
    assert rows[2:] == [(3, -1, "unlabeled/cat/c.png"), (4, -1, "unlabeled/d.png")]
    write_images(tmp_path / "others", cat__a=1, dog__b=2, Unlabeled__c=3)
    with pytest.raises(DatasetError, match="others/Unlabeled: Expected 'unlabeled' .* Rename it"):
        prepare(tmp_path, tmp_path / "others", "images")


def test_names_that_both_folders_have_begin_with_a_folder(tmp_path):
    write_images(tmp_path / "pets", cat__a=1, dog__b=2)
    write_images(tmp_path / "more", cat__a=3)
    more = str(tmp_path / "more")
    rows, _ = prepare(tmp_path, tmp_path / "pets", "images", unlabeled=more)
    assert [name for _, _, name in rows] == ["cat/a.png", "dog/b.png", "more/cat/a.png"]
    # Label Studio finds the file all the same.
    source = {"source": "images", "path": str(tmp_path / "pets"), "unlabeled": more}
    found = address(np.zeros((2, 2, 1), np.uint8), "more/cat/a.png", source)
    assert found.endswith("/more/cat/a.png") and "more/more" not in found


def test_a_class_may_be_called_unlabeled(tmp_path):
    write_images(tmp_path / "pets", cat__a=1, dog__b=2, unlabeled__c=3)
    named = ["cat", "unlabeled"]
    rows, classes = prepare(tmp_path, tmp_path / "pets", "images", classes=named)
    assert classes == named
    assert rows == [(1, 0, "cat/a.png"), (3, 1, "unlabeled/c.png")]


def test_unlabeled_images_may_lie_in_a_folder_of_their_own(tmp_path):
    """With or without sub-folders, whose names say nothing."""
    write_images(tmp_path / "pets", cat__a=1, dog__b=2)
    write_images(tmp_path / "more", d=4, cat__e=5, x__y__f=6)
    (tmp_path / "more/.hidden").mkdir()
    (tmp_path / "more/.hidden/g.txt").write_text("")
    rows, classes = prepare(tmp_path, tmp_path / "pets", "images", unlabeled=str(tmp_path / "more"))
    assert classes == ["cat", "dog"]
    assert rows[2:] == [(5, -1, "cat/e.png"), (4, -1, "d.png"), (6, -1, "x/y/f.png")]
    # Whatever classes are kept, they may be of those.
    write_images(tmp_path / "pets", ant__h=7)
    rows, classes = prepare(
        tmp_path,
        tmp_path / "pets",
        "images",
        unlabeled=str(tmp_path / "more"),
        classes=["dog", "ant"],
    )
    assert rows[:2] == [(7, 1, "ant/h.png"), (2, 0, "dog/b.png")] and len(rows) == 5


def save_npz(path, values, **arrays):
    x = np.repeat(np.array(values, np.uint8), 4).reshape(-1, 2, 2, 1)
    np.savez(path, x=x, **arrays)
    return path


def test_archives_have_minus_1_or_another_archive(tmp_path):
    y, names = np.array([0, -1, 1, -1]), np.array(["a", "-1"])
    path = save_npz(tmp_path / "some.npz", [1, 2, 3, 4], y=y, class_names=names)
    expected = [(1, 0, "0"), (2, -1, "1"), (3, 1, "2"), (4, -1, "3")]
    assert prepare(tmp_path, path, "npz") == (expected, ["a", "-1"])
    kept = [(1, 1, "0"), (2, -1, "1"), (3, 0, "2"), (4, -1, "3")]
    assert prepare(tmp_path, path, "npz", classes=["-1", "a"])[0] == kept
    more = save_npz(tmp_path / "more.npz", [5, 6])
    rows, _ = prepare(tmp_path, path, "npz", unlabeled=str(more))
    # Where both have the same names, those of the other file begin with its own.
    assert rows == [*expected, (5, -1, "more.npz:0"), (6, -1, "more.npz:1")]


CSV = "label,name,p,q,r,s\n7,u,1,1,1,1\n,v,2,2,2,2\n-1,w,3,3,3,3\n8,x,4,4,4,4\n"


def test_cells_of_a_csv_file_may_be_empty(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text(CSV)
    csv = {"label_column": "label", "id_column": "name"}
    rows, classes = prepare(tmp_path, path, "csv", **csv)
    assert classes == ["7", "8"]
    assert rows == [(1, 0, "u"), (2, -1, "v"), (3, -1, "w"), (4, 1, "x")]
    # A class that has the number is one where it is named.
    for named in ({"classes": ["7", "-1"]}, {"class_names": ["7", "-1", "8"]}):
        rows, classes = prepare(tmp_path, path, "csv", **csv, **named)
        assert rows[:3] == [(1, 0, "u"), (2, -1, "v"), (3, 1, "w")]
    # Without a column of names, images are called by their rows.
    path.write_text("label,p,q,r,s\n7,1,1,1,1\n8,2,2,2,2\n")
    more = tmp_path / "more.csv"
    more.write_text("p,q,r,s\n9,9,9,9\n")
    rows, _ = prepare(tmp_path, path, "csv", label_column="label", unlabeled=str(more))
    assert rows == [(1, 0, "1"), (2, 1, "2"), (9, -1, "more.csv:1")]


def test_colors_are_converted_in_both_parts(tmp_path):
    write_images(tmp_path / "pets", cat__a=1, dog__b=2)
    (tmp_path / "more").mkdir()
    Image.new("RGB", (2, 2), (9, 9, 9)).save(tmp_path / "more/c.png")
    settings = {"unlabeled": str(tmp_path / "more")}
    with pytest.raises(DatasetError, match="more: Expected .* of 2 x 2 x 1. Received 2 x 2 x 3"):
        prepare(tmp_path, tmp_path / "pets", "images", **settings)
    rows, _ = prepare(tmp_path, tmp_path / "pets", "images", color_mode="rgb", **settings)
    assert [row[0] for row in rows] == [1, 2, 9]


def other_size(tmp_path):
    write_images(tmp_path / "pets", cat__a=1, dog__b=2)
    (tmp_path / "more").mkdir()
    Image.new("L", (3, 2), 9).save(tmp_path / "more/c.png")
    return "images", tmp_path / "pets", tmp_path / "more", {}


def empty_folder(tmp_path):
    write_images(tmp_path / "pets", cat__a=1, dog__b=2)
    (tmp_path / "more/inner").mkdir(parents=True)
    return "images", tmp_path / "pets", tmp_path / "more", {}


def texts(tmp_path):
    source, path, more, settings = empty_folder(tmp_path)
    (more / "inner/a.txt").write_text("")
    return source, path, more, settings


def archive_with_labels(tmp_path):
    arrays = {"y": np.array([0, 1]), "class_names": np.array(["a", "b"])}
    path = save_npz(tmp_path / "some.npz", [1, 2], **arrays)
    return "npz", path, path, {}


def other_columns(tmp_path, more="p,q,r\n1,2,3\n"):
    (tmp_path / "some.csv").write_text("label,p,q,r,s\n7,1,1,1,1\n8,2,2,2,2\n")
    (tmp_path / "more.csv").write_text(more)
    return "csv", tmp_path / "some.csv", tmp_path / "more.csv", {"label_column": "label"}


def column_of_labels(tmp_path):
    return other_columns(tmp_path, "label,p,q,r,s\n,1,2,3,4\n")


def other_order(tmp_path):
    return other_columns(tmp_path, "p,q,s,r\n1,2,3,4\n")


def no_column_of_names(tmp_path):
    source, path, more, settings = other_columns(tmp_path, "p,q,r,s\n1,2,3,4\n")
    path.write_text("label,id,p,q,r,s\n7,u,1,1,1,1\n8,v,2,2,2,2\n")
    return source, path, more, settings | {"id_column": "id"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (other_size, "more: Expected examples like the labeled ones, of 2 x 2 x 1. Rec.* 2 x 3 x"),
        (empty_folder, "more: Expected images .*, also in sub-folders. Received none"),
        (texts, "inner/a.txt: Expected nothing but images here"),
        (archive_with_labels, "some.npz: Expected the array x alone, .* Received: class_names, x"),
        (
            other_columns,
            "more.csv: Expected the columns of .* but 'label', .*: 4 from 'p' to 's'. Received 3",
        ),
        (column_of_labels, "more.csv: Expected no column 'label' .* an empty label is one that"),
        (other_order, "more.csv: Expected the columns of .* in their order"),
        (
            no_column_of_names,
            "more.csv: Expected the columns of .*: 5 from 'id' to 's'. Received 4",
        ),
    ],
)
def test_wrong_unlabeled_examples_are_told_what_is_wrong(tmp_path, make, message):
    source, path, more, settings = make(tmp_path)
    with pytest.raises(DatasetError, match=message):
        prepare(tmp_path, path, source, unlabeled=str(more), **settings)
    assert not [name for name in FILES if (tmp_path / name).exists()]


def test_images_beside_the_classes_are_told_where_they_belong(tmp_path):
    write_images(tmp_path / "pets", cat__a=1, dog__b=2, c=3)
    with pytest.raises(DatasetError, match="sub-folder 'unlabeled', or .* own .unlabeled: PATH"):
        prepare(tmp_path, tmp_path / "pets", "images")


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (
            {"source": "images", "path": "pets", "unlabeled": "none"},
            "an existing folder. Rec.*none",
        ),
        ({"source": "images", "path": "pets", "unlabeled": "a.npz"}, "an existing folder. .*a.npz"),
        ({"source": "npz", "path": "a.npz", "unlabeled": "pets"}, "an existing .npz file. .*pets"),
        ({"source": "npz", "path": "a.npz", "unlabeled": "b.csv"}, "an existing .npz file. .*b.cs"),
        ({"source": "images", "path": "pets", "unlabeled": "pets/x"}, "files that are not in path"),
        ({"source": "images", "path": "pets/x", "unlabeled": "pets"}, "does not contain path"),
        ({"source": "npz", "path": "a.npz", "unlabeled": "a.npz"}, "files that are not in path"),
        ({"source": "digits", "unlabeled": "pets"}, "only with source npz, images, csv"),
        ({"source": "npz", "path": "a.npz", "unlabeled": "{x}"}, "a path without braces"),
    ],
)
def test_a_wrong_path_ends_before_anything_runs(tmp_path, monkeypatch, dataset, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pets/x").mkdir(parents=True)
    for name in ("a.npz", "b.csv"):
        (tmp_path / name).write_text("")
    config = tiny_config()
    config["datasets"] = {"d": {"policy": "characters", "epochs": 1} | dataset}
    config["datasets"]["d"]["labels_per_class"] = "all"
    with pytest.raises(ConfigError, match=f"datasets.d.unlabeled: Expected .*{message}"):
        checks.validate(config)


def unknown_from(labels, first: int):
    """Return labels of which those after some are not known."""
    return np.concatenate([labels[:first], np.full(len(labels) - first, -1)])


def splits(labels, **changes):
    settings = {"seed": 1, "dataset": "d", "outer_folds": 4, "inner_folds": 3, "inner_repeats": 2}
    return make_splits(labels, ["a", "b", "c"], **settings | (changes or {"labels_per_class": 5}))


@pytest.mark.parametrize("budget", [{"labels_per_class": 5}, {"labeled_fraction": 1}])
def test_examples_of_unknown_label_are_unlabeled_in_every_fold(budget):
    labels = np.random.default_rng(1).permutation(unknown_from(LABELS, 180))
    unknown = set(np.flatnonzero(labels == -1).tolist())
    some = splits(labels, **budget)
    for split in some:
        assert unknown < set(split.unlabeled_idx.tolist()) or (
            budget == {"labeled_fraction": 1} and unknown == set(split.unlabeled_idx.tolist())
        )
        assert not unknown & {*split.labeled_idx.tolist(), *split.test_idx.tolist()}
        assert (split.labeled_y >= 0).all() and split.inner_folds.shape[1] == len(split.labeled_y)
        parts = [split.labeled_idx, split.unlabeled_idx, split.test_idx]
        assert sorted(np.concatenate(parts).tolist()) == list(range(240))
    assert sorted(np.concatenate([split.test_idx for split in some]).tolist()) == sorted(
        set(range(240)) - unknown
    )


def test_unlabeled_examples_of_both_kinds_are_in_one_random_order():
    """So every slice of U has hidden labels to judge pseudo-labels by, and unknown ones."""
    labels = unknown_from(LABELS, 140)
    for split in splits(labels):
        unknown = np.flatnonzero(labels[split.unlabeled_idx] == -1)
        assert len(unknown) == 100
        assert 0.4 < unknown.mean() / len(split.unlabeled_idx) < 0.6


def test_they_change_neither_test_folds_nor_labels():
    """A dataset has the outer folds and labels that it has without them, and one more or less of
    them changes the order of U alone."""
    alone, beside = splits(LABELS[:180]), splits(unknown_from(LABELS, 180))
    for one, other in zip(alone, beside, strict=True):
        for name in ("test_idx", "labeled_idx", "labeled_y", "inner_folds"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        assert set(other.unlabeled_idx) == {*one.unlabeled_idx, *range(180, 240)}


def test_labels_that_are_deleted_leave_the_order_of_the_others():
    """What is unlabeled has one order, whether its labels are hidden or not known."""
    (first, *_) = splits(LABELS)
    deleted = LABELS.copy()
    deleted[first.unlabeled_idx] = -1
    again = splits(deleted, labels_per_class="all", inner_folds=0)
    for split in again:
        same = np.setdiff1d(np.arange(240), split.test_idx)
        order = [i for i in first.unlabeled_idx if i in set(same)]
        assert set(order) == set(split.unlabeled_idx)
    assert sum(len(split.labeled_idx) for split in again) == 3 * (len(first.test_idx) + 15)


def test_all_labels_may_be_kept_where_there_are_others_of_unknown_label():
    counts, settings = {"a": 12, "b": 9}, {"dataset": "d", "outer_folds": 3, "inner_folds": 2}
    for budget in ({"labeled_fraction": 1}, {"labels_per_class": "all"}, {"labels_per_class": 6}):
        check_class_counts(counts, unknown=1, **settings, **budget)
        with pytest.raises(DatasetError, match="or add examples of unknown label .unlabeled: PATH"):
            check_class_counts(counts, **settings, **budget)
    random = {"draw": "random", "labeled_fraction": 1}
    check_class_counts(counts, unknown=1, **settings, **random)
    with pytest.raises(DatasetError, match="or add examples of unknown label"):
        check_class_counts(counts, **settings, **random)
    with pytest.raises(DatasetError, match="class 'b' has 6 labeled .* labels_per_class: all"):
        check_class_counts(counts, unknown=1, **settings, labels_per_class=7)
    with pytest.raises(
        DatasetError, match="at least 2 classes. Received: {'a': 9}, and 5 examples"
    ):
        check_class_counts({"a": 9}, unknown=5, **settings, labels_per_class=2)


def test_all_labels_are_the_last_of_several_budgets():
    config = tiny_config()
    config["datasets"]["digits_0_2"] |= {"labels_per_class": ["all", 20, 4]}
    del config["datasets"]["digits_0_2"]["labeled_fraction"]
    checks.validate(config)
    names = Plan(config).datasets
    assert names == ["digits_0_2@4", "digits_0_2@20", "digits_0_2@all"]


def chain_of(examples, targets):
    return no_pseudo_labels(3, "hard")._replace(
        examples=np.array(examples),
        targets=np.array(targets),
        confidence=np.linspace(0.5, 0.9, len(examples)),
        generation=np.ones(len(examples), int),
        copies=np.ones(len(examples), int),
        offered=np.array([9]),
    )


def test_precision_is_over_pseudo_labels_whose_truth_is_known():
    labels, names = np.array([0, 1, 2, -1, -1]), ["a", "b", "c"]
    chain = chain_of([0, 1, 3, 4], [0, 2, 0, 1])
    row = scores.score_generations(labels, names, [chain], [0.5, 0.5])[1]
    assert (row["selected"], row["known"], row["correct"]) == (4, 2, 1)
    nobody = scores.score_generations(labels, names, [chain_of([3, 4], [0, 1])], [0.5, 0.5])[1]
    assert (nobody["selected"], nobody["known"], nobody["correct"]) == (2, 0, None)
    shown = scores.show_pseudo_labels(labels, chain)
    assert [(one["pseudo_label"], one["label"]) for one in shown] == [
        (0, 0),
        (2, 1),
        (0, None),
        (1, None),
    ]
    figure = draw_pseudo_labels(shown, np.zeros((5, 2, 2, 1), np.uint8), names)
    written = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert written == ["right", "wrong", "not known"]


def test_test_examples_of_unknown_label_are_not_scored():
    (split, *_) = splits(LABELS)
    labels = LABELS.copy()
    labels[split.test_idx[0]] = -1
    candidate = {"mean_accuracy": None, "accuracies": []}
    choice = {"hyper_parameters": {"ensemble_size": 1}, "candidates": [candidate], "selected": 0}
    record = {"part": "final", "member": 0, "steps": 1, "diverged": False, "examples_seen": 1}
    record |= {"training_seconds": 1, "prediction_seconds": {"evaluation": 1}, "parameters": 1}
    predictions = [np.random.default_rng(0).dirichlet([1, 1, 1], (1, 60))]
    chain = scores.FinalChain(split, predictions, [], choice, [[record]], [])
    with pytest.raises(ValueError, match="Expected test examples of known label"):
        scores.evaluate(labels, ["a", "b", "c"], chain)


def test_they_are_not_counted_as_training_examples_by_the_test():
    """They are the same in every fold, so folds do not overlap less for them."""
    rows = pd.DataFrame(
        {
            "method": ["a", "b"] * 4,
            "fold": np.repeat(range(4), 2),
            "accuracy": [0.5, 0.6, 0.5, 0.62, 0.5, 0.55, 0.5, 0.58],
            "labeled": 30,
            "unlabeled": 60,
            "test": 30,
        }
    )
    hidden = corrected_t_test(rows, "a", "b", 4)
    more = rows.assign(unlabeled=9060, unknown=9000)
    assert corrected_t_test(more, "a", "b", 4) == hidden
    assert corrected_t_test(rows.assign(unlabeled=9060), "a", "b", 4)["p_value"] < hidden["p_value"]


def test_an_upper_bound_learns_from_known_labels():
    labels = unknown_from(LABELS, 180)
    (split, *_) = splits(labels)
    candidate = Candidate(None, None, 0, 1)
    (run,) = controls.runs(split, "final", [candidate], identity={}, labels=labels)
    assert len(run.examples) == 180 - len(split.test_idx)
    np.testing.assert_array_equal(run.targets, LABELS[run.examples])
