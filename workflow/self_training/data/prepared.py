"""Examples of a prepared dataset, in the file that they are kept in."""

from pathlib import Path

import numpy as np

from self_training.storage import load_array, load_json, save_array, save_json

# Of texts, before an encoder makes arrays of them; and of all examples that are arrays.
TEXTS_FILE, EXAMPLES_FILE = "texts.json", "examples.npy"


def save_examples(path: Path | str, examples: np.ndarray) -> None:
    """Write examples: texts, which are of dtype object, as JSON, all others as an array."""
    if examples.dtype == object:
        save_json(path, examples.tolist())
    else:
        save_array(path, examples)


def load_examples(path: Path | str) -> np.ndarray:
    """Return examples as `save_examples` was given them; those that are numbers memory-mapped."""
    if Path(path).suffix == ".json":
        return np.array(load_json(path), dtype=object)
    return load_array(path, mapped=True)
