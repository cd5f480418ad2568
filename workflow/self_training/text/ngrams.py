"""Encoder `ngrams`: texts become the ids of their words, of which a network makes n-grams.

A word's id is a hash of it (Weinberger et al. 2009, ICML, *Feature hashing*): no vocabulary is
learned, so that an id depends on no other text and an unlabeled one tells nothing ahead of time.
"""

import logging
import re
import zlib

import numpy as np

logger = logging.getLogger(__name__)

# What pads a short text, and what noise puts in the place of a word; neither is a word.
PAD, MASK = 0, 1
# Ids are below it, so that a network can hash two of them without overflow of an int32.
IDS = 2**16
_WORD = re.compile(r"\w+")


def encode(texts: list[str], length: int) -> np.ndarray:
    """Return the ids of the words of texts, int32 (texts, length): 2 and more, then PAD.

    The first `length` words of a text are used; the log says how many texts have more.
    """
    ids: dict[str, int] = {}
    encoded = np.full((len(texts), length), PAD, np.int32)
    longer = 0
    for row, text in zip(encoded, texts, strict=True):
        words = words_of(text)
        longer += len(words) > length
        for place, word in enumerate(words[:length]):
            if word not in ids:
                ids[word] = word_id(word)
            row[place] = ids[word]
    share = longer / max(1, len(texts))
    logger.info(
        "encoded %d texts as %d words each; %.1f %% of them have more, of which the first are used",
        *(len(texts), length, 100 * share),
    )
    return encoded


def words_of(text: str) -> list[str]:
    """Return the words of a text: what letters, digits and underscores make, in lower case."""
    return _WORD.findall(text.lower())


def word_id(word: str) -> int:
    """Return the id of a word in lower case, from 2 to IDS - 1, the same on every machine."""
    return zlib.crc32(word.encode("utf-8", "replace")) % (IDS - 2) + 2
