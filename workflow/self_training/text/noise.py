"""Input noise: random changes of the words of a text that keep its class. NumPy, no Keras.

Of Wei and Zou 2019 (EMNLP, *EDA: Easy data augmentation techniques for boosting performance on text
classification tasks*) the random deletion and swap, which need no thesaurus, and words that are
masked. Words are changed as ids, before a batch is formed, so that every backend sees the same.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from self_training.data.pool import Pool
from self_training.text.ngrams import MASK, PAD

LARGEST_MAGNITUDE = 30  # Of 100 words, so many are chosen to be changed.


class Words(NamedTuple):
    """What ids mean.

    pad: pads a short text.
    mask: noise puts it in the place of a word.
    others: all ids that are no words, these two among them.
    """

    pad: int
    mask: int
    others: tuple[int, ...]

    def are_in(self, ids: Any) -> Any:
        """Return which ids are words, bool of the same shape; arrays of NumPy or of JAX."""
        xp = ids.__array_namespace__()
        return ~xp.isin(ids, xp.asarray(self.others))


HASHED = Words(PAD, MASK, (PAD, MASK))


@dataclass(frozen=True)
class Policy:
    """A kind of input noise of words. `study.names.POLICIES` says which there are.

    delete, swap, mask: how often a word that is chosen is left out, changes places with the next
        one, or becomes MASK, in parts of their sum.
    on_gpu: dotted path of a function that does it on JAX (see `image.noise_on_gpu`).
    """

    delete: int
    swap: int
    mask: int
    on_gpu: str = "self_training.text.noise_on_gpu:words"

    def draw(
        self,
        shape: tuple[int, ...],
        magnitude: float,
        operations: int,
        rng: np.random.Generator,
        pool: Pool | None = None,
    ) -> tuple[np.ndarray, ...]:
        """Draw what is done to texts of a shape: which of their places are left out, swapped with
        the next one, and masked, bool (examples, length) each.

        Args:
            shape: examples, length.
            magnitude: of `add_noise`.
            operations, pool: of policies of other kinds.
        """
        chosen = rng.random(shape, np.float32) < magnitude / 100
        operation = rng.integers(self.delete + self.swap + self.mask, size=shape, dtype=np.int8)
        deleted = operation < self.delete
        masked = operation >= self.delete + self.swap
        return chosen & deleted, chosen & ~deleted & ~masked, chosen & masked

    def draw_steps(
        self,
        rows: tuple[int, int],
        shape: tuple[int, ...],
        magnitude: float,
        operations: int,
        rng: np.random.Generator,
        pool: Pool | None = None,
    ) -> tuple[np.ndarray, ...]:
        """Draw what is done to the texts of some steps, arrays (steps, batch, length).

        Args:
            rows: steps, batch.
            shape: of a text.
            magnitude, operations, pool: of `add_noise`.
        """
        draws = self.draw((rows[0] * rows[1], *shape), magnitude, operations, rng)
        return tuple(array.reshape(*rows, *shape) for array in draws)

    def add_noise(
        self,
        examples: np.ndarray,
        magnitude: float,
        operations: int,
        rng: np.random.Generator,
        pool: Pool | None = None,
    ) -> np.ndarray:
        """Return noisy copies of texts.

        A text that would have no word left stays as it is.

        Args:
            examples: int32 (examples, length), ids of words, then PAD.
            magnitude: 0 (no noise: the texts themselves) to LARGEST_MAGNITUDE, of 100 words how
                many are chosen, each on its own.
            operations, pool: of policies of other kinds.

        Returns: int32 of the same shape.
        """
        if magnitude == 0 or len(examples) == 0:
            return examples
        deleted, swapped, masked = self.draw(examples.shape, magnitude, operations, rng)
        return change(examples, deleted, swapped, masked)


def change(ids: Any, deleted: Any, swapped: Any, masked: Any, words: Words = HASHED) -> Any:
    """Return texts whose words are changed; arrays of NumPy or of JAX.

    A text that would have no word left stays as it is.

    Args:
        ids: int32 (examples, length), ids of words, then what pads.
        deleted, swapped, masked: of `Policy.draw`; where no word is they mean nothing.
        words: what the ids mean.
    """
    xp = ids.__array_namespace__()
    is_word = words.are_in(ids)
    noisy = swap(ids, swapped & is_word, words)
    noisy = xp.where(masked & is_word, words.mask, noisy)
    noisy = delete(noisy, deleted & is_word, words.pad)
    some_left = words.are_in(noisy).any(axis=1)
    return xp.where(some_left[:, None], noisy, ids).astype(ids.dtype)


def swap(ids: Any, chosen: Any, words: Words = HASHED) -> Any:
    """Return ids where a chosen word and the one after it have changed places.

    One whose predecessor was chosen stays, as does the last of a text.
    """
    xp = ids.__array_namespace__()
    nothing = xp.zeros_like(chosen[:, :1])
    before = xp.concat([nothing, chosen[:, :-1]], axis=1)
    after = xp.concat([ids[:, 1:], xp.full_like(ids[:, :1], words.pad)], axis=1)
    first = chosen & ~before & words.are_in(after)
    second = xp.concat([nothing, first[:, :-1]], axis=1)
    previous = xp.concat([ids[:, :1], ids[:, :-1]], axis=1)
    return xp.where(first, after, xp.where(second, previous, ids))


def delete(ids: Any, deleted: Any, pad: int = PAD) -> Any:
    """Return ids without the deleted ones; the others move up, and what pads follows."""
    xp = ids.__array_namespace__()
    order = xp.argsort(deleted.astype("int8"), axis=1, stable=True)
    return xp.take_along_axis(xp.where(deleted, pad, ids), order, axis=1)


WORDS = Policy(delete=1, swap=1, mask=1)
