"""The texts of an outer fold's pool, as a generator reads them: without labels."""

from pathlib import Path

import numpy as np

from self_training import storage
from self_training.data.split import load_split


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
