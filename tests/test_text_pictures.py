"""What people see of texts: pseudo-labels with their texts, and duplicates."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from self_training.data import duplicates
from self_training.text.features import WIDTH, count_words
from self_training.text.ngrams import word_id
from self_training.text.show import CHARACTERS, draw_pseudo_labels

NAMES = ["World", "Sports"]
TEXTS = ["an early text", "the cup", "a long text " * 30, "x" * 500, "two\nlines"]


def row(example, pseudo_label, label, confidence=0.5):
    return {
        "example": example,
        "generation": 1,
        "confidence": confidence,
        "pseudo_label": pseudo_label,
        "label": label,
    }


def drawn(examples):
    figure = draw_pseudo_labels(examples, TEXTS, NAMES)
    (axes,) = figure.axes
    figure.canvas.draw()
    plt.close(figure)
    # Lines from the top, each from the left.
    return [
        text.get_text() for text in sorted(axes.texts, key=lambda text: text.get_position()[::-1])
    ]


def test_pseudo_labels_are_shown_with_their_texts():
    found = drawn([row(4, 1, 1), row(0, 0, 0, 0.956), row(1, 0, 1), row(1, 1, None)])
    assert found == [
        *("right", "0.50", "Sports", "two lines", "0.96", "World", "an early text"),
        *("wrong", "0.50", "World (Sports)", "the cup"),
        *("not known", "0.50", "Sports", "the cup"),
    ]
    assert drawn([]) == ["none right", "none wrong"]


def test_long_texts_are_shown_short():
    found = drawn([row(2, 0, 0), row(3, 0, 0)])
    assert found[3].startswith("a long text a long") and found[3].endswith("a long …")
    assert found[6].startswith("xxx") and found[6].endswith("xx …")
    assert all(CHARACTERS - 15 < len(text) <= CHARACTERS for text in (found[3], found[6]))


def test_features_are_of_words_alone():
    texts = np.array(["The cat; the DOG", "the dog\n'the cat'", "the cat", "", "a " * 300], object)
    features = count_words(texts)
    assert features.shape == (5, WIDTH) and features.dtype == np.float32
    np.testing.assert_array_equal(features[0], features[1])
    assert features[0, word_id("the") % WIDTH] == pytest.approx(2**0.5)
    assert features[0].sum() == pytest.approx(2**0.5 + 2)
    assert features[3].sum() == 0 and features[4].max() == pytest.approx(300**0.5)


def test_texts_that_are_hardly_different_are_near():
    base = " ".join(f"word{number}" for number in range(40))
    texts = [base, base.upper() + "!", base + " more", base.replace("word7 ", ""), "other words"]
    near = duplicates.near(count_words(texts), np.arange(5))
    assert near.tolist() == [0, 0, 2, 3, 4]
