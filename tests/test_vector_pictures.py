"""What people see of vectors: pseudo-labels, and the labeled examples next to them."""

import json
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from self_training.data.shown import Fold, load_fold
from self_training.data.split import Split, save_split
from self_training.report import style
from self_training.vector.show import COLUMNS, draw_pseudo_labels, nearest
from test_text_pictures import row

NAMES = ["cat", "dog", "a fox with a very long name"]
# In the first feature 10 is a deviation or so, in the second 1.
VECTORS = np.array([[0, 0], [20, 0], [0, 2], [20, 3], [1, 0.5], [20, 2.6]], np.float32)
IDS = ["first", "second", "third", "fourth", "fifth", "sixth"]
FOLD = Fold(np.array([3, 0, 1]), np.array([1, 0, 0]), IDS)


def drawn(examples, vectors=VECTORS, fold=FOLD):
    with style.in_style():
        figure = draw_pseudo_labels(examples, vectors, NAMES, fold)
        figure.canvas.draw()
    table, scale = figure.axes
    plt.close(figure)
    texts = [
        text.get_text() for text in sorted(table.texts, key=lambda text: text.get_position()[::-1])
    ]
    marks = {
        marker: [
            (line.get_xdata()[0], line.get_ydata()[0])
            for line in scale.lines
            if line.get_marker() == marker and len(line.get_xdata())
        ]
        for marker in ("o", "D")
    }
    return texts[len(COLUMNS) :], marks, scale.get_xlabel()


def test_the_nearest_labeled_example_of_each_class_is_found():
    """Whatever else is nearer."""
    first, second = nearest(VECTORS, 5, FOLD)
    assert (first.example, first.label) == (3, 1) and (second.example, second.label) == (1, 0)
    assert first.distance == pytest.approx(0.4, rel=1e-5)
    assert second.distance == pytest.approx(2.6, rel=1e-5)
    (one,) = nearest(VECTORS, 4, FOLD._replace(labeled=np.array([2]), labels=np.array([2])))
    assert one.example == 2 and one.label == 2


def test_pseudo_labels_are_shown_with_what_is_near():
    texts, marks, label = drawn([row(5, 1, 1, 0.956), row(4, 1, 0), row(2, 2, None)])
    deviations = VECTORS.astype(np.float64).std(axis=0)
    scaled = VECTORS / deviations
    distance = np.linalg.norm(scaled[:, None] - scaled, axis=2)
    # In numbers as they stand, the first example would be nearest to the third one in any case.
    near = distance[2, [3, 0, 1]]
    assert near.argmin() == 1
    assert texts == [
        *("right", "0.96", "sixth", "dog", "dog", "dog", "fourth", f"{distance[5, 3]:.2f}"),
        *("wrong", "0.50", "fifth", "dog", "cat", "cat", "first", f"{distance[4, 0]:.2f}"),
        *("not known", "0.50", "third", "a fox with a ve…", "not known", "cat", "first"),
        f"{distance[2, 0]:.2f}",
    ]
    # Of the class of the pseudo-label, and of another one; there is no labeled fox.
    np.testing.assert_allclose(marks["o"], [(distance[5, 3], 1.5), (distance[4, 3], 3.5)])
    others = [(distance[5, 1], 1.5), (distance[4, 0], 3.5), (distance[2, 0], 5.5)]
    np.testing.assert_allclose(marks["D"], others)
    assert label.endswith("(Euclidean, features in units of their deviations)")
    assert drawn([])[0] == ["none right", "none wrong"]


def test_vectors_of_length_1_are_compared_as_they_are():
    angles = np.array([0, 1, 0.2])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    fold = Fold(np.array([0, 1]), np.array([0, 1]), IDS)
    texts, marks, label = drawn([row(2, 0, 0)], vectors, fold)
    chords = 2 * np.sin(np.array([0.2, 0.8]) / 2)
    assert texts[5:8] == ["cat", "first", f"{chords[0]:.2f}"]
    np.testing.assert_allclose([*marks["o"], *marks["D"]], [(c, 1.5) for c in chords], rtol=1e-5)
    assert label.endswith("(Euclidean, of vectors of length 1)")


def test_what_is_labeled_is_read_of_the_split(tmp_path):
    split = Split(*map(np.array, ([4], [3, 0, 1], [1, 0, 0], [2, 5], [[0, 0, 0]])), 2)
    save_split(tmp_path / "split.npz", replace(split, classes=3))
    (tmp_path / "ids.json").write_text(json.dumps(IDS))
    found = load_fold(tmp_path / "split.npz", tmp_path / "ids.json")
    assert found.labeled.tolist() == [3, 0, 1] and found.labels.tolist() == [1, 0, 0]
    assert found.ids == IDS
