"""Input noise: random changes of the words of a text that keep its class. NumPy, no Keras.

Of Wei and Zou 2019 (EMNLP, *EDA: Easy data augmentation techniques for boosting performance on text
classification tasks*) the random deletion and swap, which need no thesaurus, and words that are
masked. Words are changed as ids, before a batch is formed, so that every backend sees the same.
"""

from dataclasses import dataclass

import numpy as np

from self_training.text.ngrams import MASK, PAD

LARGEST_MAGNITUDE = 30  # Of 100 words, so many are chosen to be changed.


@dataclass(frozen=True)
class Policy:
    """A kind of input noise of words.

    delete, swap, mask: how often a word that is chosen is left out, changes places with the next
        one, or becomes MASK, in parts of their sum.
    """

    delete: int
    swap: int
    mask: int

    def add_noise(
        self, examples: np.ndarray, magnitude: float, operations: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Return noisy copies of texts.

        A text that would have no word left stays as it is.

        Args:
            examples: int32 (examples, length), ids of words, then PAD.
            magnitude: 0 (no noise: the texts themselves) to LARGEST_MAGNITUDE, of 100 words how
                many are chosen, each on its own.
            operations: of no meaning here.

        Returns: int32 of the same shape.
        """
        if magnitude == 0 or len(examples) == 0:
            return examples
        is_word = examples > MASK
        chosen = (rng.random(examples.shape) < magnitude / 100) & is_word
        operation = rng.integers(self.delete + self.swap + self.mask, size=examples.shape)
        deleted = chosen & (operation < self.delete)
        masked = chosen & (operation >= self.delete + self.swap)
        noisy = _swap(examples, chosen & ~deleted & ~masked)
        # Where a word stands now is masked or left out: as many, and each as likely, as before.
        noisy = np.where(masked, np.int32(MASK), noisy)
        noisy = _delete(noisy, deleted)
        nothing = ~(noisy > MASK).any(axis=1)
        noisy[nothing] = examples[nothing]
        return noisy


def _swap(ids: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return ids where a chosen word and the one after it have changed places.

    One whose predecessor was chosen stays, as does the last of a text.
    """
    first = chosen[:, :-1] & (ids[:, 1:] > MASK)
    first[:, 1:] &= ~chosen[:, :-2]
    second = np.zeros_like(chosen)
    second[:, 1:] = first
    first = np.pad(first, ((0, 0), (0, 1)))
    swapped = ids.copy()
    # Rows are read in one order, so the n-th first and the n-th second are of one pair.
    swapped[first], swapped[second] = ids[second], ids[first]
    return swapped


def _delete(ids: np.ndarray, deleted: np.ndarray) -> np.ndarray:
    """Return ids without the deleted ones; the others move up, and PAD follows."""
    left = np.where(deleted, np.int32(PAD), ids)
    order = np.argsort(deleted, axis=1, kind="stable")
    return np.take_along_axis(left, order, axis=1)


WORDS = Policy(delete=1, swap=1, mask=1)
