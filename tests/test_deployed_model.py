"""The folder of a deployed model, and the table of labels, by hand."""

import json

import numpy as np
import pytest
from self_training.deployment import labels, model
from self_training.errors import ModelError


def make_model(folder, **changes):
    """Return a model of two classes, whose folder has a file for each of its members."""
    folder.mkdir(exist_ok=True)
    for file in ("member_0.keras", "member_1.keras"):
        (folder / file).write_text(file)
    content = {
        "format": 3,
        "kind": "images",
        "study": "s",
        "dataset": "d",
        "method": "m",
        "reason": "It is better.",
        "classes": ["cat", "dog"],
        "shape": [8, 8, 1],
        "reading": {},
        "members": [model.member(folder, f"member_{index}.keras") for index in range(2)],
        "files": {},
        "temperature": 1.0,
        "backend": "tensorflow",
        "threads": 1,
        "batch_size": 128,
        "provenance": {"commit": "abc"},
    }
    return model.Model(**content | changes)


def test_a_model_is_read_as_it_was_written(tmp_path):
    written = make_model(tmp_path / "m", reading={"image_size": [8, 8], "id_column": "a"})
    model.save(tmp_path / "m", written)
    assert model.load(tmp_path / "m") == written
    # Of "member_0.keras", by hand: sha256sum.
    assert written.members[0]["sha256"].startswith("f38b0156")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "model.json").unlink(), "with model.json. Received a folder"),
        (
            lambda folder: (folder / "member_1.keras").unlink(),
            "member_1.keras: Expected a network, as model.json says. Received no such file. Copy",
        ),
        (
            lambda folder: (folder / "member_0.keras").write_text("other"),
            "member_0.keras: Expected the network of SHA-256 f38b0156",
        ),
        (
            lambda folder: (folder / "model.json").write_text('{"format": 1'),
            "model.json: Expected JSON. Received something else",
        ),
        (lambda folder: (folder / "model.json").write_text("[]"), "Received format None"),
    ],
)
def test_an_incomplete_model_is_an_error(tmp_path, change, message):
    model.save(tmp_path / "m", make_model(tmp_path / "m"))
    change(tmp_path / "m")
    with pytest.raises(ModelError, match=message):
        model.load(tmp_path / "m")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", 2, "Expected a model of format 3. Received format 2. Predict with the version"),
        (
            "kind",
            "sounds",
            "Expected a model of one of images, .* Received: 'sounds'. Pre",
        ),
        ("encoder", "x", "Missing or unknown: .*encoder"),
        ("classes", None, "Missing or unknown: .*classes"),
        ("members", [], "members that are none"),
    ],
)
def test_a_model_of_another_version_is_an_error(tmp_path, key, value, message):
    model.save(tmp_path / "m", make_model(tmp_path / "m"))
    content = json.loads((tmp_path / "m/model.json").read_text()) | {key: value}
    if value is None:
        del content[key]
    (tmp_path / "m/model.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match=message):
        model.load(tmp_path / "m")


def test_a_model_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(
        ModelError, match="deployed model, with model.json. Received no such folder"
    ):
        model.load(tmp_path / "m")


# Two members, three examples, two classes.
PROBABILITIES = np.array(
    [
        [[0.9, 0.1], [0.4, 0.6], [0.1, 0.9]],
        [[0.7, 0.3], [0.9, 0.1], [0.3, 0.7]],
    ],
    np.float32,
)


def test_the_table_of_labels_by_hand(tmp_path):
    found = labels.table(["a", "b", "c"], PROBABILITIES, make_model(tmp_path / "m"))
    assert list(found) == ["id", "label", "confidence", "agreement", "cat", "dog"]
    assert list(found["id"]) == ["a", "b", "c"]
    assert list(found["label"]) == ["cat", "cat", "dog"]
    assert list(found["agreement"]) == [1, 0.5, 1]
    assert found["confidence"].to_numpy() == pytest.approx([0.8, 0.65, 0.8])
    assert found["cat"].to_numpy() == pytest.approx([0.8, 0.65, 0.2])
    assert found["dog"].to_numpy() == pytest.approx([0.2, 0.35, 0.8])


def test_confidence_and_class_columns_are_calibrated_and_labels_are_not_changed(tmp_path):
    """Odds of 4 to 1 at temperature 2 are 2 to 1; those of 0.65 to 0.35 its square root."""
    made = make_model(tmp_path / "m", temperature=2.0)
    found = labels.table(["a", "b", "c"], PROBABILITIES, made)
    assert list(found["label"]) == ["cat", "cat", "dog"]
    assert list(found["agreement"]) == [1, 0.5, 1]
    assert found["confidence"].to_numpy() == pytest.approx([2 / 3, 0.576768, 2 / 3], abs=1e-6)
    assert found["cat"].to_numpy() == pytest.approx([2 / 3, 0.576768, 1 / 3], abs=1e-6)


def test_a_class_that_is_named_like_a_column_gets_a_name_of_its_own(tmp_path):
    made = make_model(tmp_path / "m", classes=["label", "label_"])
    found = labels.table(["a", "b", "c"], PROBABILITIES, made)
    assert list(found) == ["id", "label", "confidence", "agreement", "label_", "label__"]
    assert list(found["label"]) == ["label", "label", "label_"]
