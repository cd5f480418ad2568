"""What to label next: where members disagree, spread over the classes."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from self_training.deployment import label_next
from self_training.image.addresses import address


def test_disagreement_by_hand():
    """Two sure members of two minds: log 2. Two members that both can't tell: nothing."""
    members = np.array(
        [
            [[1.0, 0.0], [0.5, 0.5], [1.0, 0.0], [0.9, 0.1]],
            [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0], [0.6, 0.4]],
        ],
        dtype=np.float32,
    )
    name, values = label_next.disagreement(members)
    assert name == "mutual_information"

    def entropy(p):
        return -(p * np.log(p) + (1 - p) * np.log(1 - p))

    last = entropy(0.75) - (entropy(0.9) + entropy(0.6)) / 2
    np.testing.assert_allclose(values, [np.log(2), 0, 0, last], atol=1e-7)


def test_one_member_can_not_disagree():
    name, values = label_next.disagreement(np.array([[[1.0, 0.0], [0.5, 0.5]]], np.float32))
    assert name == "entropy"
    np.testing.assert_allclose(values, [0, np.log(2)], atol=1e-7)


def test_classes_take_turns_in_the_order_of_disagreement():
    classes = np.array([0, 0, 0, 0, 1, 1, 2])
    values = np.array([0.9, 0.8, 0.7, 0.6, 0.1, 0.5, 0.3])
    # The largest of every class, then the second of those that have one, then what is left.
    assert label_next.spread(classes, values, 7).tolist() == [0, 5, 6, 1, 4, 2, 3]
    assert label_next.spread(classes, values, 4).tolist() == [0, 5, 6, 1]
    assert label_next.spread(classes, values, 100).tolist() == [0, 5, 6, 1, 4, 2, 3]


@pytest.fixture()
def proposed() -> pd.DataFrame:
    probabilities = np.array(
        [
            [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.99, 0.01]],
            [[0.1, 0.9], [0.4, 0.6], [0.6, 0.4], [0.99, 0.01]],
        ],
        dtype=np.float32,
    )
    columns = {
        "id": ["a", "b", "c", "d"],
        "label": ["cat", "dog", "cat", "cat"],
        "confidence": [0.5, 0.7, 0.6, 0.99],
        "agreement": [0.5, 1, 1, 1],
        "cat": [0.5, 0.3, 0.6, 0.99],
        "dog": [0.5, 0.7, 0.4, 0.01],
    }
    return label_next.propose(pd.DataFrame(columns), probabilities, 3)


def test_the_examples_that_members_disagree_about_come_first(proposed):
    assert [*proposed] == ["id", "label", "confidence", "agreement", "mutual_information"]
    # The cats that both are equally sure of are as good as each other: the first goes first.
    assert proposed["id"].tolist() == ["a", "b", "c"]
    assert proposed.index.tolist() == [0, 1, 2]
    assert proposed["mutual_information"].is_monotonic_decreasing


def test_a_task_has_its_prediction_filled_in(proposed):
    (task, *_) = label_next.tasks(proposed, ["x", "y", "z"], "study/pets/student", "image")
    assert task == {
        "data": {"image": "x", "id": "a"},
        "predictions": [
            {
                "model_version": "study/pets/student",
                "score": 0.5,
                "result": [
                    {
                        "from_name": "label",
                        "to_name": "image",
                        "type": "choices",
                        "value": {"choices": ["cat"]},
                    }
                ],
            }
        ],
    }


def test_an_image_in_a_folder_has_the_address_of_its_file(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more/a b.png").touch()
    image = np.zeros((2, 2, 3), np.uint8)
    source = {"source": "images", "path": str(tmp_path / "pets")}
    root = str(tmp_path).lstrip("/")
    with_more = source | {"unlabeled": str(tmp_path / "more")}
    assert address(image, "a b.png", with_more) == f"/data/local-files/?d={root}/more/a%20b.png"
    # In a sub-folder of the dataset's own.
    found = address(image, "unlabeled/c.png", with_more)
    assert found == f"/data/local-files/?d={root}/pets/unlabeled/c.png"
    assert address(image, "unlabeled/c.png", source) == found


@pytest.mark.parametrize("channels", [1, 3])
def test_any_other_image_is_its_own_address(channels):
    image = np.arange(12 * channels, dtype=np.uint8).reshape(3, 4, channels)
    found = address(image, "7", {"source": "npz", "path": "x.npz"})
    head, _, content = found.partition(",")
    assert head == "data:image/png;base64"
    opened = np.array(Image.open(io.BytesIO(base64.b64decode(content))))
    np.testing.assert_array_equal(opened.reshape(image.shape), image)
