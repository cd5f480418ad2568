"""Texts of a generator: the pool that they are to be like, and what is left of them."""

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from self_training import storage
from self_training.data.split import load_split
from self_training.text import filters

logger = logging.getLogger(__name__)


def pool_of(texts_path: Path | str, split_path: Path | str, transductive: bool) -> list[str]:
    """Return the texts of an outer fold's pool, labeled and unlabeled ones, in their order in the
    dataset, which tells nothing of labels.

    Args:
        transductive: whether the texts of the outer test fold are among them.
    """
    split = load_split(split_path)
    parts = [split.labeled_idx, split.unlabeled_idx]
    if transductive:
        parts.append(split.test_idx)
    texts = storage.load_json(texts_path)
    return [texts[index] for index in np.sort(np.concatenate(parts)).tolist()]


def filter_files(files, written, params, encode: Callable[..., np.ndarray]) -> None:
    """Write which texts of a generator are left and why others are not, and arrays of the former.

    Args:
        files: `texts`, `split`, `classes` and `generated`.
        written: `filtered` (a reason or KEPT for each row of `generated`), `examples` and `labels`
            of what is kept.
        params: `filter` of `filters.judge`, `transductive`, and `settings` of the encoder.
        encode: of the dataset's encoder.
    """
    rows, classes = storage.load_json(files.generated)["rows"], storage.load_json(files.classes)
    texts, prompts = ([row[key] for row in rows] for key in ("text", "prompt"))
    pool = pool_of(files.texts, files.split, params.transductive)
    verdicts = filters.judge(texts, prompts, pool, **params.filter)
    kept = [index for index, verdict in enumerate(verdicts) if verdict == filters.KEPT]
    found = ", ".join(f"{count} {verdict}" for verdict, count in sorted(Counter(verdicts).items()))
    logger.info("of %d texts: %s", len(texts), found)
    labels = np.array([classes.index(rows[index]["class"]) for index in kept], np.int32)
    # Of no text there is no array, whose shape a text tells.
    given = [texts[index] for index in kept] or pool[:1]
    storage.save_array(written.examples, encode(given, **params.settings)[: len(kept)])
    storage.save_array(written.labels, labels)
    storage.save_json(written.filtered, verdicts)
