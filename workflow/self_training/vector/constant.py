"""Features that have one value in all examples: nothing to scale, and nothing to learn from."""

import logging
from pathlib import Path

import numpy as np

from self_training.data.sources import TABLES
from self_training.errors import DatasetError
from self_training.vector.tables import feature_columns

logger = logging.getLogger(__name__)

SHOWN = 8  # Features that a message names.


def check_varied(path: Path | str, vectors: np.ndarray, settings: dict) -> None:
    """Raise DatasetError where a feature that will be standardized has one value in a dataset.

    A column of a table can be left out, and is more often a mistake than meant: it is an error.
    What is a position in an array or in a list, such as a pixel that is always white, can't be left
    out one by one; the log names it, and networks are given 0. So they are, without a word, for
    what varies in a dataset and is constant in the pool of an outer fold.

    Args:
        path: of the dataset, for messages.
        vectors: float32 (examples, features), all that may be trained on.
        settings: of the dataset.
    """
    constant = np.flatnonzero((vectors == vectors[:1]).all(axis=0))
    if not len(constant):
        return
    features = vectors.shape[1]
    columns = feature_columns(settings) if settings["source"] in TABLES else []
    of_columns = len(columns) == features
    names = [f"'{columns[index]}'" if of_columns else str(index) for index in constant[:SHOWN]]
    values = [f"{name} ({vectors[0, at]:g})" for name, at in zip(names, constant, strict=False)]
    shown = ", ".join(values) + (", ..." if len(constant) > SHOWN else "")
    if of_columns or len(constant) == features:
        remedy = "Leave them out: name the other columns in feature_columns. Or set"
        raise DatasetError(
            f"{path}: Expected features of more than one value, as training.scaling is "
            f"standardize. Received {len(constant)} of {features} that have one value in all "
            f"{len(vectors)} examples: {shown}. {remedy if of_columns else 'Set'} "
            "training.scaling: none."
        )
    logger.warning(
        "%s: %d of %d features have one value in all %d examples: %s. Standardized, they are 0.",
        *(path, len(constant), features, len(vectors), shown),
    )
