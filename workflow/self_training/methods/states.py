"""Files between generations: what a job leaves of several ensembles, by their names.

Shared teachers and controls are named after the part that they are trained on, `PART`; the students
of a chain `CHAIN/PART`, with the position of their chain among those of the job.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from self_training.storage import load_arrays, save_arrays


def name_of(chain: int, part: str) -> str:
    """Return the name of a chain on a part.

    Args:
        chain: its position among the chains of a job.
        part: the name of a part (see `parts.Part`).
    """
    return f"{chain}/{part}"


def save(path: Path | str, state: Mapping[str, Any]) -> None:
    """Write the fields of every ensemble, but those that are None, as arrays NAME/FIELD.

    Args:
        path: of an `.npz` archive.
        state: a NamedTuple, of arrays or texts, by the names of the ensembles.
    """
    save_arrays(
        path,
        {
            f"{name}/{field}": np.asarray(value)
            for name, fields in state.items()
            for field, value in fields._asdict().items()
            if value is not None
        },
    )


def load(path: Path | str) -> dict[str, dict[str, Any]]:
    """Read what `save` has written: the arrays of every ensemble, by their fields."""
    state: dict[str, dict[str, Any]] = {}
    for joined, array in load_arrays(path).items():
        name, _, field = joined.rpartition("/")
        state.setdefault(name, {})[field] = array
    return state
