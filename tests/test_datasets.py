"""Sources and archives: what is accepted, and what a wrong one is told."""

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from self_training.data import archives, datasets, folders, sources
from self_training.errors import DatasetError
from self_training.image import readers, thumbnails


def archive(tmp_path, **changes):
    arrays = {
        "x": np.arange(6 * 4 * 4, dtype=np.uint8).reshape(6, 4, 4, 1),
        "y": np.array([2, 0, 1, 2, 0, 1]),
        "class_names": np.array(["a", "b", "c"]),
    } | changes
    path = tmp_path / "data.npz"
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def prepare(path, tmp_path, source="npz", **settings):
    names = (
        "examples.npy",
        "labels.npy",
        "classes.json",
        "ids.json",
        "duplicates.json",
        "test_labels.npy",
    )
    outputs = [tmp_path / name for name in names]
    read, features = readers.read, thumbnails.thumbnails
    datasets.prepare(path, "data", {"source": source} | settings, read, features, *outputs)
    return np.load(outputs[0]), np.load(outputs[1]), json.loads(outputs[2].read_text())


def count(settings):
    return datasets.count_classes(settings, "data", readers.read)


def test_digits_are_the_real_ones(tmp_path):
    settings = {"source": "digits"}
    archives.make_archive(tmp_path / "digits.npz", settings, readers.read)
    examples = readers.read(tmp_path / "digits.npz", settings)
    x = examples.load(np.arange(1797))
    assert x.shape == (1797, 8, 8, 1) and x.dtype == np.uint8
    assert x.max() == 255 and x.min() == 0
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(examples.y).tolist() == counts


@pytest.mark.parametrize("classes", [[2, 0], ["c", "a"], ["c", 0]])
def test_classes_are_renumbered_in_their_order(tmp_path, classes):
    images, labels, names = prepare(archive(tmp_path), tmp_path, classes=classes)
    assert labels.tolist() == [0, 1, 0, 1]
    assert images[:, 0, 0, 0].tolist() == [0, 16, 48, 64]
    assert names == ["c", "a"]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([0, 3], r"datasets.data.classes: Expected labels from 0 to 2, .*\(a, b, c\). Received: 3"),
        (["a", "d"], r"Received: 'd'"),
        (["a", 0], "Expected every class once"),
    ],
)
def test_classes_that_are_not_there(tmp_path, classes, message):
    with pytest.raises(DatasetError, match=message):
        prepare(archive(tmp_path), tmp_path, classes=classes)


def test_another_number_of_examples_is_an_error_that_names_both(tmp_path):
    prepare(archive(tmp_path), tmp_path, classes=[0, 1], examples=4)
    with pytest.raises(DatasetError, match=r"datasets.data.examples: Expected 5 .* Received 4 in"):
        prepare(archive(tmp_path), tmp_path, classes=[0, 1], examples=5)


def test_checksum_of_a_file(tmp_path):
    path = archive(tmp_path)
    prepare(path, tmp_path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(DatasetError, match=f"{path}: Expected the SHA-256 0000"):
        prepare(path, tmp_path, sha256="0" * 64)
    # A file of the user's is not believed what it says of itself.
    for origin in ('{"sha256": "' + "0" * 64 + '"}', "5", "of my own"):
        path = archive(tmp_path, origin=np.array(origin))
        prepare(path, tmp_path)
        with pytest.raises(DatasetError, match="Expected the SHA-256 0000"):
            prepare(path, tmp_path, sha256="0" * 64)


def test_colors(tmp_path):
    gray = archive(tmp_path)
    images, _, _ = prepare(gray, tmp_path, color_mode="rgb")
    plain, _, _ = prepare(gray, tmp_path, color_mode="grayscale")
    assert images.shape == (6, 4, 4, 3) and (images == plain).all()
    primaries = np.zeros((6, 4, 4, 3), np.uint8)
    for example in range(6):
        primaries[example, ..., example % 3] = 255
    images, _, _ = prepare(archive(tmp_path, x=primaries), tmp_path, color_mode="grayscale")
    assert images.shape == (6, 4, 4, 1)
    # The luma of red, green and blue.
    assert images[:3, 0, 0, 0].tolist() == [76, 150, 29]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": None}, "Missing: y"),
        ({"x": np.zeros((6, 4, 4, 1))}, "Expected x as uint8 .* Received float64"),
        ({"x": np.zeros((6, 4, 4), np.uint8)}, r"Received uint8 of shape \(6, 4, 4\)"),
        ({"x": np.zeros((6, 4, 4, 2), np.uint8)}, r"1 channel .* or 3 .* Received 2"),
        ({"x": np.zeros((5, 4, 4, 1), np.uint8)}, "Received 6 labels and 5 images"),
        ({"y": np.array([0.0] * 6)}, "Expected y as integers .* Received float64"),
        ({"y": np.zeros((6, 1), int)}, r"Expected y as integers .* shape \(6, 1\)"),
        ({"y": np.array([0, 1, 2, 3, 0, 1])}, "Expected labels y from 0 to 2, .* from 0 to 3"),
        ({"y": np.array([0, 1, 2, -2, 0, 1])}, "or -1 where none is known. .*from -2 to 2"),
        (
            {"class_names": np.array(["a", "b", "a"])},
            "class names. Received 'a' more than once",
        ),
        ({"class_names": np.array([b"a", b"b", b"c"])}, "Expected class_names as strings"),
        ({"y": np.array([0, 0, 0, 1, 1, 1])}, "Expected examples of class 'c'. Received none"),
    ],
)
def test_wrong_archives_are_told_what_is_wrong(tmp_path, changes, message):
    path = archive(tmp_path, **changes)
    with pytest.raises(DatasetError, match=f"data.npz: .*{message}"):
        prepare(path, tmp_path)
    assert not list(tmp_path.glob("images*")), "half a dataset was left behind"


def test_damaged_archives_are_named(tmp_path):
    path = archive(tmp_path)
    whole = path.read_bytes()
    for content in (
        b"",
        b"no archive",
        whole[: len(whole) // 2],
        whole.replace(b"\x5f", b"\x60", 1),
    ):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match=r"data.npz: Expected a NumPy archive"):
            prepare(path, tmp_path)


def test_counts_of_classes(tmp_path):
    settings = {"source": "npz", "path": str(archive(tmp_path)), "classes": [2, 0]}
    assert count(settings) == ({"c": 2, "a": 2}, 0, 2)
    assert count(settings | {"path": "elsewhere.npz"}) is None
    archive(tmp_path, class_names=None)
    with pytest.raises(DatasetError, match="Missing: class_names"):
        count(settings)


def test_counts_of_what_is_not_there_yet_or_takes_long(tmp_path, monkeypatch):
    """Digits need no archive to be counted; of a CSV file all rows would have to be read."""
    monkeypatch.chdir(tmp_path)
    assert count({"source": "digits", "classes": [8, 0]}) == ({"8": 174, "0": 178}, 0, 1445)
    assert count({"source": "keras", "name": "mnist"}) is None
    (tmp_path / "data.csv").write_text("label,a\n0,1\n")
    assert count({"source": "csv", "path": "data.csv", "label_column": "label"}) is None


UNKNOWN = {"source": "words", "name": "words", "path": "words.npz"}


@pytest.mark.parametrize(
    "use",
    [
        sources.archive,
        sources.fingerprint,
        count,
        lambda settings: sources.files_of("words.npz", settings),
        lambda settings: readers.read("words.npz", settings),
        lambda settings: archives.make_archive("words.npz", settings, readers.read),
        lambda settings: datasets.prepare(
            "words.npz", "data", settings, readers.read, thumbnails.thumbnails, *"abcdef"
        ),
    ],
    ids=["archive", "fingerprint", "count", "files_of", "read", "make_archive", "prepare"],
)
def test_an_unknown_source_is_an_error_everywhere(tmp_path, monkeypatch, use):
    """Also where there is a file that could be read as that of another source."""
    monkeypatch.chdir(tmp_path)
    archive(tmp_path).rename("words.npz")
    with pytest.raises(DatasetError, match="source: Expected one of digits, .* Received: 'words'"):
        use(UNKNOWN)
    assert os.listdir(tmp_path) == ["words.npz"]


def test_only_what_comes_with_a_library_is_read_without_a_file():
    with pytest.raises(DatasetError, match=r"comes with a library \(digits\).* Received: 'npz'"):
        readers.read(None, {"source": "npz"})


def test_an_archive_is_what_all_datasets_that_share_it_need(tmp_path):
    """Not the classes and colors of the one that it is made for."""
    rgb = np.arange(6 * 4 * 4 * 3, dtype=np.uint8).reshape(6, 4, 4, 3)
    archive(tmp_path, x=rgb).rename(tmp_path / "shared_by_hand.npz")
    settings = {"source": "kaggle", "name": "shared", "slug": "a/b", "file": "shared_by_hand.npz"}
    own = settings | {"color_mode": "grayscale", "classes": [0, 1], "examples": 4}
    archives.make_archive(tmp_path / "shared.npz", own, readers.read)
    images, labels, _ = prepare(tmp_path / "shared.npz", tmp_path, **settings)
    np.testing.assert_array_equal(images, rgb)
    assert labels.tolist() == [2, 0, 1, 2, 0, 1]
    images, labels, _ = prepare(tmp_path / "shared.npz", tmp_path, **own)
    assert images.shape == (4, 4, 4, 1) and labels.tolist() == [0, 1, 0, 1]


def test_fingerprints_change_with_files(tmp_path):
    """Of the user's own files alone, and not with what a file manager leaves among them."""
    assert sources.fingerprint({"source": "keras", "name": "mnist"}) is None
    path = archive(tmp_path)
    settings = {"source": "npz", "path": str(path)}
    before = sources.fingerprint(settings)
    assert before == sources.fingerprint(settings)
    os.utime(path, (1e9, 1e9))
    assert before != sources.fingerprint(settings)
    folder = tmp_path / "pets"
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").write_bytes(b"no image, but nothing is read")
    settings = {"source": "images", "path": str(folder)}
    before = sources.fingerprint(settings)
    (folder / "cat/Thumbs.db").touch()
    assert before == sources.fingerprint(settings)
    (folder / "cat/2.png").touch()
    assert before != sources.fingerprint(settings)


def test_folders_of_other_files_than_images(tmp_path):
    for name in ("10", "9"):
        (tmp_path / "letters" / name).mkdir(parents=True)
        (tmp_path / "letters" / name / "1.TXT").touch()
    content = folders.Content("text", (".txt",))
    files, names = folders.list_files(tmp_path / "letters", content)
    assert names == ["9", "10"]
    assert files == [[tmp_path / "letters" / name / "1.TXT"] for name in names]
    (tmp_path / "letters/9/2.png").touch()
    with pytest.raises(DatasetError, match=r"2.png: Expected nothing but texts here \(.txt\)"):
        folders.list_files(tmp_path / "letters", content)


def test_what_plans_a_study_imports_quickly():
    """Libraries that only preparation and downloads need are not imported at planning time."""
    code = (
        "import sys; from self_training.data import class_counts, datasets, sources, split; "
        "from self_training.image import readers; "
        "print({'sklearn', 'scipy', 'pandas', 'PIL', 'requests', 'tenacity'} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    command = [sys.executable, "-c", code]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "set()"
