"""Duplicates and near duplicates: which are found, which are not, and what is done with them."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from self_training.data import archives, datasets, duplicate_groups, duplicates
from self_training.data.examples import UNKNOWN
from self_training.errors import DatasetError
from self_training.image import readers
from self_training.image.thumbnails import thumbnails
from sklearn.datasets import load_digits, load_sample_image


def photos() -> np.ndarray:
    """Return 60 pieces of a real photo, 64 x 64 in color."""
    photo = load_sample_image("china.jpg")[:384, :640]
    return photo.reshape(6, 64, 10, 64, 3).swapaxes(1, 2).reshape(60, 64, 64, 3)


def brighter(image: np.ndarray) -> np.ndarray:
    return np.clip(image * 0.8 + 10, 0, 255).astype(np.uint8)


def compressed(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=75)
    return np.asarray(Image.open(file))


def resized(image: np.ndarray) -> np.ndarray:
    larger = Image.fromarray(image).resize((100, 100), Image.Resampling.BICUBIC)
    return np.asarray(larger.resize((64, 64), Image.Resampling.BICUBIC))


def gray(image: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image).convert("L").convert("RGB"))


def mirrored(image: np.ndarray) -> np.ndarray:
    return image[:, ::-1]


def cropped(image: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image[6:-6, 6:-6]).resize((64, 64)))


def groups_of(images: np.ndarray) -> list[int]:
    return duplicates.near(thumbnails(images), duplicates.exact(images)).tolist()


def of_correlation(*correlations: float) -> np.ndarray:
    """Return vectors that each have a correlation with the one before, in a plane."""
    basis = np.array([[1, -1, 0, 0], [0, 0, 1, -1]]) / 2**0.5
    angles = np.cumsum([0, *np.arccos(correlations)])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) @ basis


def test_exact_duplicates_have_the_same_bytes():
    examples = np.array([[1, 2], [3, 4], [1, 2], [2, 1], [3, 4], [1, 2]], np.uint8)
    assert duplicates.exact(examples).tolist() == [0, 1, 0, 3, 1, 0]
    assert duplicates.exact(examples[:0]).tolist() == []


def test_near_is_what_correlates_above_the_bound():
    """The bound is that of a correlation of 0.997, whatever the brightness and contrast."""
    features = of_correlation(0.9971, 0.9969)
    own = np.arange(3)
    assert duplicates.near(features, own).tolist() == [0, 0, 2]
    lit = features * [[1], [5], [0.1]] + [[7], [90], [0]]
    assert duplicates.near(lit, own).tolist() == [0, 0, 2]
    assert duplicates.near(-features, own).tolist() == [0, 0, 2]
    assert duplicates.near(features * [[1], [-1], [1]], own).tolist() == [0, 1, 2]


def test_a_group_is_what_is_linked_also_by_others():
    assert duplicates.near(of_correlation(0.998, 0.998, 0.9), np.arange(4)).tolist() == [0, 0, 0, 3]
    # The second is a duplicate, byte by byte, of what the third is near.
    features = of_correlation(0.9, 0.998)[[0, 1, 1, 2]]
    assert duplicates.near(features, np.array([0, 1, 1, 3])).tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize("block", [1, 7, 50, 1024])
@pytest.mark.parametrize("components", [1, 3, 16])
def test_no_pair_is_missed_whatever_the_blocks(monkeypatch, block, components):
    """As by comparing each with each, in many dimensions and near the bound."""
    monkeypatch.setattr(duplicates, "BLOCK", block)
    monkeypatch.setattr(duplicates, "COMPONENTS", components)
    rng = np.random.default_rng(3)
    features = rng.normal(size=(60, 20))
    features = np.concatenate([features, features + rng.normal(0, 0.075, features.shape)])
    features = features[rng.permutation(120)]
    near = np.corrcoef(features) >= duplicates.CORRELATION
    assert 10 < (near.sum() - 120) / 2 < 50, "about half of the pairs are near"
    expected = [np.flatnonzero(row)[0] for row in near]
    assert duplicates.near(features, np.arange(120)).tolist() == expected


def test_a_large_group_takes_no_memory_for_its_pairs(monkeypatch):
    """Of 2,000 examples that are all alike, 2 million pairs are near."""
    joins = []
    joined = duplicates._joined
    monkeypatch.setattr(duplicates, "_joined", lambda *args: joins.append(args) or joined(*args))
    features = np.arange(256) + np.random.default_rng(0).normal(0, 0.5, (2000, 256))
    assert set(duplicates.near(features, np.arange(2000))) == {0}
    assert sum(len(first) for _, first, _ in joins) < 10_000


def test_what_is_of_one_color_has_no_near_duplicates():
    blank = np.stack([np.full((40, 30, 1), value, np.uint8) for value in (0, 7, 200, 200, 255)])
    assert groups_of(blank) == [0, 1, 2, 2, 4]
    # Rounding errors are left of these when they are centered.
    features = np.full((300, 9), np.arange(9) / 7 + 0.1, np.float32).T
    assert (features.mean(axis=1) != features[:, 0]).sum() > 2
    assert duplicates.near(features, np.arange(9)).tolist() == list(range(9))


@pytest.mark.parametrize("change", [brighter, compressed, resized, gray])
def test_pictures_that_are_hardly_changed_are_found(change):
    images = photos()[30:]  # Below the sky, which is of almost one color.
    changed = np.stack([change(image) for image in images])
    assert groups_of(np.concatenate([images, changed])) == [*range(30), *range(30)]


@pytest.mark.parametrize("change", [mirrored, cropped])
def test_other_views_of_a_picture_are_not_found(change):
    """As docs/data.md says."""
    images = photos()[30:]
    groups = groups_of(np.concatenate([images, np.stack([change(image) for image in images])]))
    assert groups[30:] == list(range(30, 60))


def test_real_digits_raise_no_false_alarm():
    """Written by many hands, often alike: 28 pairs correlate above 0.98."""
    digits = load_digits().images
    images = np.rint(digits * (255 / 16)).astype(np.uint8)[..., None]
    assert groups_of(images) == list(range(1797))


def test_thumbnails_are_means_of_areas():
    image = np.zeros((1, 32, 48, 1), np.uint8)
    image[0, :2, :3] = 90
    image[0, 0, 3:6] = 200
    small = thumbnails(image).reshape(16, 16)
    assert small.dtype == np.float32
    np.testing.assert_allclose(small[0, :3], [90, 100, 0], atol=1e-4)
    assert small[1:].max() == 0
    few = np.arange(6 * 4, dtype=np.uint8).reshape(1, 6, 4, 1)
    assert thumbnails(few).tolist() == [list(range(24))]
    red = np.zeros((1, 2, 2, 3), np.uint8)
    red[..., 0] = 255
    assert thumbnails(red).tolist() == [[76, 76, 76, 76]]


U = UNKNOWN
# Groups: {0, 3, 5}, {1, 4}, {2, 6, 7, 8} and {9} alone.
GROUP = np.array([0, 1, 2, 0, 1, 0, 2, 2, 2, 9])


@pytest.mark.parametrize(
    ("labels", "contradicting", "spare"),
    [
        # The first of each group stays.
        ([1, 0, 1, 1, 0, 1, 1, 1, 1, 0], [], [3, 4, 5, 6, 7, 8]),
        # A labeled one before an unknown one.
        ([U, U, U, U, 0, 1, U, 1, 1, U], [], [0, 3, 1, 2, 6, 8]),
        ([U, U, U, U, U, U, U, U, U, U], [], [3, 4, 5, 6, 7, 8]),
        # Where labels contradict each other, none of the labeled ones; an unknown one, if any.
        ([0, 1, 0, 1, 0, U, 1, 0, 0, 1], [0, 3, 5, 1, 4, 2, 6, 7, 8], [0, 3, 1, 4, 2, 6, 7, 8]),
        ([0, 1, U, 0, 1, 0, 2, U, 0, 1], [2, 6, 7, 8], [3, 5, 4, 6, 7, 8]),
    ],
)
def test_who_stays_of_a_group(labels, contradicting, spare):
    labels = np.array(labels, np.int32)
    found = np.flatnonzero(duplicate_groups.contradicting(GROUP, labels))
    assert found.tolist() == sorted(contradicting)
    assert np.flatnonzero(duplicate_groups.spare(GROUP, labels)).tolist() == sorted(spare)


def test_groups_are_described_those_with_contradicting_labels_first():
    labels = np.array([0, 0, 1, U, 1])
    same, group = np.array([0, 1, 2, 0, 4]), np.array([0, 1, 2, 0, 1])
    first, second = duplicate_groups.describe(same, group, labels, ["cat", "dog"], list("abcde"))
    assert first == {
        "exact": False,
        "contradicting": True,
        "members": [
            {"example": 1, "id": "b", "part": "labeled", "label": "cat", "spare": True},
            {"example": 4, "id": "e", "part": "labeled", "label": "dog", "spare": True},
        ],
    }
    assert second == {
        "exact": True,
        "contradicting": False,
        "members": [
            {"example": 0, "id": "a", "part": "labeled", "label": "cat", "spare": False},
            {"example": 3, "id": "d", "part": "unlabeled", "label": None, "spare": True},
        ],
    }


NAMES = (
    "examples.npy",
    "labels.npy",
    "classes.json",
    "ids.json",
    "duplicates.json",
    "test_labels.npy",
)


def prepare(path, folder, source="npz", **settings):
    """Prepare a dataset as the rule does, and return what was written."""
    folder.mkdir()
    outputs = [folder / name for name in NAMES]
    settings = {"source": source, "path": str(path)} | settings
    datasets.prepare(path, "pets", settings, readers.read, thumbnails, *outputs)
    written = [
        np.load(output) if output.suffix == ".npy" else json.loads(output.read_text())
        for output in outputs
    ]
    names = ("images", "labels", "classes", "ids", "duplicates", "test_labels")
    return dict(zip(names, written, strict=True))


@pytest.fixture()
def planted(tmp_path):
    """Ten photos, and doubles of some: an archive with labels of some of them."""
    images = photos()[30:40]
    doubles = [images[0], brighter(images[1]), compressed(images[2]), images[3], images[4]]
    y = [0, 0, 0, 1, U, 1, 1, 0, 1, U, 0, U, 1, U, 1]
    path = tmp_path / "pets.npz"
    x = np.concatenate([images, doubles])
    np.savez(path, x=x, y=np.array(y), class_names=np.array(["cat", "dog"]))
    return path, x, np.array(y)


# 0 and 10 are both cats, 1 and 11 a cat and unknown, 2 and 12 a cat and a dog, 3 and 13 a dog and
# unknown, 4 and 14 unknown and a dog.
STAY = [0, 1, 3, 5, 6, 7, 8, 9, 14]


def test_duplicates_are_reported_by_default_and_all_stay(tmp_path, planted):
    path, x, y = planted
    for name, settings in (("a", {}), ("b", {"duplicates": "report"})):
        written = prepare(path, tmp_path / name, **settings)
        np.testing.assert_array_equal(written["images"], x)
        np.testing.assert_array_equal(written["labels"], y)
        assert written["ids"] == readers.read(path, {"source": "npz"}).ids
        found = written["duplicates"]
        assert found["asked"] == "report"
        members = [[member["example"] for member in group["members"]] for group in found["groups"]]
        assert members == [[2, 12], [0, 10], [1, 11], [3, 13], [4, 14]]
        assert [group["exact"] for group in found["groups"]] == [False, True, False, True, True]


def test_drop_keeps_one_of_each_group_and_changes_nothing_else(tmp_path, planted):
    path, x, y = planted
    kept = prepare(path, tmp_path / "report")
    dropped = prepare(path, tmp_path / "drop", duplicates="drop")
    np.testing.assert_array_equal(dropped["images"], x[STAY])
    np.testing.assert_array_equal(dropped["labels"], y[STAY])
    assert dropped["ids"] == [kept["ids"][index] for index in STAY]
    assert dropped["classes"] == kept["classes"]
    assert dropped["duplicates"] == kept["duplicates"] | {"asked": "drop"}
    for name in ("images", "labels"):
        assert dropped[name].dtype == kept[name].dtype
    # What is left has none.
    again = tmp_path / "again.npz"
    np.savez(again, x=x[STAY], y=y[STAY], class_names=np.array(["cat", "dog"]))
    assert prepare(again, tmp_path / "error", duplicates="error")["duplicates"]["groups"] == []


def test_error_names_some_and_leaves_nothing_behind(tmp_path, planted):
    path, *_ = planted
    with pytest.raises(DatasetError) as raised:
        prepare(path, tmp_path / "error", duplicates="error")
    message = str(raised.value)
    ids = readers.read(path, {"source": "npz"}).ids
    assert message.startswith("datasets.pets.duplicates: Expected no duplicates")
    assert "Received 5 groups of such, 1 of them with labels that contradict each other" in message
    assert f": {ids[2]} (cat) = {ids[12]} (dog); {ids[0]} (cat) = {ids[10]} (cat); " in message
    assert f"{ids[1]} (cat) = {ids[11]}. Remove some, or set duplicates: drop" in message
    assert not list((tmp_path / "error").iterdir())


def test_images_of_folders_are_named_by_their_files(tmp_path):
    for index, image in enumerate(photos()[30:36]):
        file = tmp_path / "photos" / ("cat", "dog", "unlabeled")[index % 3] / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(file)
    Image.fromarray(photos()[30]).save(tmp_path / "photos/dog/copy.png")
    Image.fromarray(photos()[31]).save(tmp_path / "photos/unlabeled/copy.jpg", quality=90)
    path = tmp_path / "photos"
    first, second = prepare(path, tmp_path / "a", "images")["duplicates"]["groups"]
    assert first["contradicting"] and first["exact"]
    assert [member["id"] for member in first["members"]] == ["cat/0.png", "dog/copy.png"]
    assert [member["label"] for member in first["members"]] == ["cat", "dog"]
    assert [member["part"] for member in second["members"]] == ["labeled", "unlabeled"]
    dropped = prepare(path, tmp_path / "b", "images", duplicates="drop")
    assert dropped["ids"] == [
        name
        for name in prepare(path, tmp_path / "c", "images")["ids"]
        if name not in ("cat/0.png", "dog/copy.png", "unlabeled/copy.jpg")
    ]


def test_an_unknown_word_for_what_to_do_is_an_error(tmp_path, planted):
    with pytest.raises(DatasetError, match="Expected one of report, drop, error. Received: 'keep'"):
        prepare(planted[0], tmp_path / "a", duplicates="keep")


def test_of_an_archive_of_real_digits_nothing_is_dropped(tmp_path):
    archives.make_archive(tmp_path / "digits.npz", {"source": "digits"}, readers.read)
    outputs = [tmp_path / name for name in NAMES]
    settings = {"source": "digits", "duplicates": "drop"}
    datasets.prepare(
        tmp_path / "digits.npz", "digits", settings, readers.read, thumbnails, *outputs
    )
    assert len(np.load(outputs[0])) == 1797
