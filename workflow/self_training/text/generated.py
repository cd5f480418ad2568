"""Texts of a generator: what is left of them, and arrays of that."""

import logging
from collections import Counter
from collections.abc import Callable

import numpy as np

from self_training import storage
from self_training.text import filters
from self_training.text.pool import pool_of

logger = logging.getLogger(__name__)


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
