"""Files between rules: NumPy archives and JSON, written whole or not at all."""

import hashlib
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np


@contextmanager
def atomic_path(path):
    """Yield a temporary path beside `path`, renamed to `path` when the block succeeds.

    A reader, or a later run after a kill, sees the old file or the whole new one, never a part.
    What a killed run has left of an earlier attempt is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.stem}.part-"
    for left in path.parent.glob(f"{prefix}*{path.suffix}"):
        left.unlink(missing_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=path.suffix)
    os.close(handle)
    os.chmod(temporary, 0o666 & ~_umask())
    try:
        yield Path(temporary)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def save_arrays(path, arrays: dict) -> None:
    """Write named arrays to an uncompressed `.npz` archive."""
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)


def load_arrays(path) -> dict[str, np.ndarray]:
    """Read every array of an `.npz` archive into memory."""
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def save_array(path, array: np.ndarray) -> None:
    """Write one array to a `.npy` file, which can be memory-mapped."""
    with atomic_path(path) as temporary:
        np.save(temporary, array)


def save_json(path, content) -> None:
    """Write JSON, readable by a person. NaN is refused: JSON has none."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def load_json(path):
    return json.loads(Path(path).read_text())


def save_tree(path, tree: dict[tuple, dict]) -> None:
    """Write a tree of arrays, (name, ...) -> key -> array, as one archive."""
    save_arrays(
        path,
        {
            "/".join((*name, key)): array
            for name, arrays in tree.items()
            for key, array in arrays.items()
        },
    )


def load_tree(path) -> dict[tuple, dict]:
    """Read what `save_tree` wrote."""
    tree = {}
    for joined, array in load_arrays(path).items():
        *name, key = joined.split("/")
        tree.setdefault(tuple(name), {})[key] = array
    return tree


def save_csv(path, table) -> None:
    """Write a pandas table without its index."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)


# Columns of tables that hold text, whatever it looks like.
TEXTS = ("dataset", "method", "source", "not_learned", "config", "code", "commits")


def load_csv(path):
    """Read a table; names and digests stay text, even `1`, `true` or `NA`; folds stay integers."""
    import pandas as pd

    texts = dict.fromkeys(TEXTS, str)
    return pd.read_csv(path, dtype=texts | {"fold": "Int64"}, keep_default_na=False, na_values=[""])


def sha256(path) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def by_fold(paths: list, folds: int) -> list[list]:
    """Return a rule's files, listed fold by fold, as one list per fold."""
    each = len(paths) // folds
    return [list(paths[fold * each : (fold + 1) * each]) for fold in range(folds)]
