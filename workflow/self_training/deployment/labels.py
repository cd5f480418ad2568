"""From the probabilities of a deployed model to the table of its labels: NumPy, no network."""

from typing import TYPE_CHECKING

import numpy as np

from self_training.deployment.model import Model
from self_training.methods.predictions import ensemble
from self_training.methods.pseudo_labels import targets

if TYPE_CHECKING:
    import pandas as pd

# Columns before one per class; the last is of a study's own predictions alone.
COLUMNS = ("id", "label", "confidence", "agreement", "selected_in_generation")


def table(ids: list[str], probabilities: np.ndarray, model: Model) -> "pd.DataFrame":
    """Return the labels of some examples.

    Args:
        ids: names of the examples.
        probabilities: of the members, (members, examples, classes).
        model: that they are members of.

    Returns: per example `id`; `label`, the name of the class that the members' mean finds most
        probable; `confidence`, the calibrated probability of that class; `agreement`, the share of
        members that by themselves find this class most probable; and the calibrated probability of
        each class (Guo et al. 2017, section 4.2), in a column of its name.
    """
    import pandas as pd

    mean = ensemble(probabilities)
    labels = mean.argmax(axis=1)
    calibrated = targets(mean, "soft", model.temperature)
    agreement = (probabilities.argmax(axis=2) == labels).mean(axis=0)
    columns = {
        "id": ids,
        "label": np.array(model.classes, dtype=object)[labels],
        "confidence": calibrated.max(axis=1),
        "agreement": agreement,
    }
    names = free_names(model.classes, COLUMNS)
    return pd.DataFrame(columns | dict(zip(names, calibrated.T, strict=True)))


def free_names(names: list[str], taken: tuple[str, ...] | list[str]) -> list[str]:
    """Return names of columns, with `_` after those that are taken by other columns."""
    found: list[str] = []
    for name in names:
        while name in {*taken, *found}:
            name += "_"
        found.append(name)
    return found
