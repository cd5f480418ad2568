"""Files between rules: NumPy archives and JSON, written whole or not at all."""

import errno
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from self_training.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

# What the system says where nothing more can be written.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
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
    except OSError as error:
        if error.errno in _FULL:
            raise StudyError(
                f"{path}: Expected space on the disk of {path.parent.resolve()}. Received: "
                f"{error.strerror}. Make room and start again; what is finished is kept."
            ) from error
        raise
    finally:
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def _written_here(path: Path | str) -> Iterator[None]:
    """Turn what a library says of a file into one StudyError: it should be of this workflow's."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ValueError, EOFError, KeyError, TypeError, BadZipFile, zlib.error) as error:
        raise StudyError(
            f"{path}: Expected a file as this workflow has written it. Received one that cannot be "
            f"read ({type(error).__name__}). Delete it to have it made anew."
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def save_arrays(path: Path | str, arrays: Mapping[str, Any]) -> None:
    """Write named arrays to an uncompressed `.npz` archive."""
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)


def load_arrays(path: Path | str) -> dict[str, np.ndarray]:
    """Read every array of an `.npz` archive into memory."""
    with _written_here(path), np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def save_array(path: Path | str, array: np.ndarray) -> None:
    """Write one array to a `.npy` file, which can be memory-mapped."""
    with atomic_path(path) as temporary:
        np.save(temporary, array)


def load_array(path: Path | str, mapped: bool = False) -> np.ndarray:
    """Read what `save_array` has written.

    Args:
        mapped: whether it is memory-mapped, and no part is read before it is asked for.
    """
    with _written_here(path):
        return np.load(path, mmap_mode="r" if mapped else None)


def save_json(path: Path | str, content: Any) -> None:
    """Write JSON, readable by a person. NaN is refused: JSON has none."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def load_json(path: Path | str) -> Any:
    """Read JSON."""
    with _written_here(path):
        return json.loads(Path(path).read_text())


def save_csv(path: Path | str, table: "pd.DataFrame") -> None:
    """Write a pandas table without its index."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)


# Columns of tables that hold text, whatever it looks like.
TEXTS = ["dataset", "method", "source", "not_learned", "classes_missing", "class"]
TEXTS += ["config", "code", "commits", "right"]


def load_csv(path: Path | str) -> "pd.DataFrame":
    """Read a table; names and digests stay text, even `1`, `true` or `NA`; folds stay integers."""
    import pandas as pd

    types = dict.fromkeys(TEXTS, str) | {"fold": "Int64", "repeat": "Int64"}
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def by_fold(paths: list[str], folds: int) -> list[list[str]]:
    """Return a rule's files, listed fold by fold, as one list per fold."""
    each = len(paths) // folds
    return [list(paths[fold * each : (fold + 1) * each]) for fold in range(folds)]
