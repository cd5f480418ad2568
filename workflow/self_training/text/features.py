"""Features of texts: what a look at the data compares texts by."""

from collections.abc import Sequence

import numpy as np

from self_training.text.ngrams import word_id, words_of

WIDTH = 256  # As many as an image's thumbnail has pixels.


def count_words(texts: Sequence[str] | np.ndarray) -> np.ndarray:
    """Return how often words occur in each text, hashed into a few columns.

    Case, signs between words and their order count for nothing: texts that differ in these alone
    have the same features.

    Args:
        texts: str (texts,), of dtype object where it is an array.

    Returns: float32 (texts, WIDTH), square roots of counts, so that frequent words count less.
    """
    counts = np.zeros((len(texts), WIDTH), np.float32)
    for row, text in zip(counts, texts, strict=True):
        for word in words_of(text):
            row[word_id(word) % WIDTH] += 1
    return np.sqrt(counts)
