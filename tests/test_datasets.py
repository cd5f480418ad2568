"""Archives: what is accepted, and what a wrong one is told."""

import numpy as np
import pytest
from self_training import datasets
from self_training.errors import DatasetError


def archive(tmp_path, **changes):
    arrays = {
        "x": np.arange(6 * 4 * 4, dtype=np.uint8).reshape(6, 4, 4, 1),
        "y": np.array([2, 0, 1, 2, 0, 1]),
        "class_names": np.array(["a", "b", "c"]),
    } | changes
    path = tmp_path / "data.npz"
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def prepare(path, tmp_path, classes=None):
    outputs = [tmp_path / name for name in ("images.npy", "labels.npy", "classes.json")]
    datasets.prepare(path, "data", classes, *outputs)
    return np.load(outputs[0]), np.load(outputs[1]), outputs[2].read_text()


def test_digits_are_the_real_ones(tmp_path):
    datasets.write_digits(tmp_path / "digits.npz")
    arrays = datasets.read_archive(tmp_path / "digits.npz")
    assert arrays["x"].shape == (1797, 8, 8, 1) and arrays["x"].dtype == np.uint8
    assert arrays["x"].max() == 255 and arrays["x"].min() == 0
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(arrays["y"]).tolist() == counts


def test_classes_are_renumbered_in_their_order(tmp_path):
    images, labels, names = prepare(archive(tmp_path), tmp_path, classes=[2, 0])
    assert labels.tolist() == [0, 1, 0, 1]
    assert images[:, 0, 0, 0].tolist() == [0, 16, 48, 64]
    assert names.split() == ["[", '"c",', '"a"', "]"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": None}, "Missing: y"),
        ({"x": np.zeros((6, 4, 4, 1))}, "Expected x as uint8 .* Received float64"),
        ({"x": np.zeros((6, 4, 4), np.uint8)}, r"Received uint8 of shape \(6, 4, 4\)"),
        ({"x": np.zeros((5, 4, 4, 1), np.uint8)}, "Received 6 labels and 5 images"),
        ({"y": np.array([0.0] * 6)}, "Expected y as integers .* Received float64"),
        ({"y": np.zeros((6, 1), int)}, r"Expected y as integers .* shape \(6, 1\)"),
        ({"y": np.array([0, 1, 2, 3, 0, 1])}, "Expected labels y from 0 to 2, .* from 0 to 3"),
        ({"y": np.array([0, 1, 2, -1, 0, 1])}, "from -1 to 2"),
        ({"class_names": np.array(["a", "b", "a"])}, "different class names. Received 'a' 2 times"),
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
    for content in (b"", b"no archive", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match=r"data.npz: Expected a NumPy archive"):
            datasets.read_archive(path)


def test_counts_of_classes(tmp_path):
    path = archive(tmp_path)
    counts = datasets.count_classes({"source": "npz", "classes": [2, 0]}, path, "data")
    assert counts == {"c": 2, "a": 2}
    with pytest.raises(DatasetError, match="Missing: class_names"):
        missing = archive(tmp_path, class_names=None)
        datasets.count_classes({"source": "npz"}, missing, "data")
    path = archive(tmp_path)
    with pytest.raises(
        DatasetError, match="data.classes: Expected labels from 0 to 2. Received: 3"
    ):
        datasets.count_classes({"source": "npz", "classes": [0, 3]}, path, "data")
