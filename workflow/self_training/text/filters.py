"""What is left out of the texts of a generator, and why."""

from collections import defaultdict
from collections.abc import Iterable

from self_training.text.ngrams import words_of

# In the order in which they are looked for; a text has the first one. Of the last a teacher decides
# (see `methods.synthetic`).
EMPTY, SHORT, ECHO, TWICE, COPY = "empty", "too_short", "prompt_echo", "duplicate", "near_copy"
OTHER_CLASS = "other_class"
REASONS = (EMPTY, SHORT, ECHO, TWICE, COPY, OTHER_CLASS)
KEPT = "kept"
# Words in a row that a copy is told by.
SIZE = 5
# A prompt of fewer words may stand within a text by chance; at its beginning none does.
LONG_PROMPT = 3


def judge(
    texts: list[str],
    prompts: list[str],
    pool: Iterable[str],
    *,
    min_words: int,
    max_overlap: float,
) -> list[str]:
    """Return of each text why it is left out, one of REASONS, or KEPT.

    Args:
        texts: in the order in which they were generated; of several with the same words the first
            is kept.
        prompts: that each is the continuation of.
        pool: texts that none may be a near copy of.
        min_words: of a text.
        max_overlap: see `overlaps`.
    """
    words = [words_of(text) for text in texts]
    verdicts, seen = [], set()
    for own, prompt in zip(words, prompts, strict=True):
        verdict = _look_at(own, words_of(prompt), min_words)
        if verdict == KEPT and tuple(own) in seen:
            verdict = TWICE
        seen.add(tuple(own))
        verdicts.append(verdict)
    kept = [index for index, verdict in enumerate(verdicts) if verdict == KEPT]
    shares = overlaps([words[index] for index in kept], pool)
    for index, share in zip(kept, shares, strict=True):
        if share > max_overlap:
            verdicts[index] = COPY
    return verdicts


def _look_at(words: list[str], prompt: list[str], min_words: int) -> str:
    if not words:
        return EMPTY
    if len(words) < min_words:
        return SHORT
    at = range(len(words) - len(prompt) + 1) if len(prompt) >= LONG_PROMPT else range(1)
    if prompt and any(words[start : start + len(prompt)] == prompt for start in at):
        return ECHO
    return KEPT


def overlaps(texts: list[list[str]], pool: Iterable[str]) -> list[float]:
    """Return the largest part of each text that one text of a pool has, too: of its different rows
    of SIZE words, or of the whole of one with fewer.

    Args:
        texts: words of each.
    """
    rows = [_rows_of(words, SIZE) for words in texts]
    # Short ones are looked for as they are, so that of the pool only these lengths are cut.
    sizes = {len(row) for some in rows for row in some}
    wanted = set().union(*rows) if rows else set()
    shared: list[dict[int, int]] = [defaultdict(int) for _ in texts]
    having: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, some in enumerate(rows):
        for row in some:
            having[row].append(index)
    for number, text in enumerate(pool):
        words = words_of(text)
        found = set().union(*(_rows_of(words, size) & wanted for size in sizes)) if sizes else set()
        for row in found:
            for index in having[row]:
                shared[index][number] += 1
    return [
        max(counts.values(), default=0) / max(1, len(some))
        for counts, some in zip(shared, rows, strict=True)
    ]


def _rows_of(words: list[str], size: int) -> set[tuple[str, ...]]:
    size = min(size, len(words))
    return {tuple(words[start : start + size]) for start in range(len(words) - size + 1)}
