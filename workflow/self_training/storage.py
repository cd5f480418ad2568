"""Files between rules: NumPy archives and JSON, written whole or not at all.

What is damaged later, by a disk or by hand, is an error where it is read, and no wrong number.
"""

import errno
import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from self_training.errors import NoSpaceError, StudyError

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
        # NumPy has no number for it; of a file that is on a full disk, no more can be written.
        if error.errno in (errno.ENOSPC, errno.EDQUOT) or "written" in str(error):
            raise no_space(path, Path(temporary).stat().st_size) from error
        raise
    finally:
        Path(temporary).unlink(missing_ok=True)


def no_space(path: Path, written: int) -> NoSpaceError:
    """Return the error to raise where a file could not be written as a whole.

    Args:
        written: bytes that were.
    """
    folder = path.parent.resolve()
    mount = next(parent for parent in (folder, *folder.parents) if parent.is_mount())
    free = shutil.disk_usage(folder).free
    return NoSpaceError(
        f"{path}: Expected space for it on the file system at {mount}. Received none after "
        f"{written / 1e6:,.1f} MB of it; {free / 1e6:,.1f} MB are free now that these are gone. "
        "Free some (or a quota's), and start the same command again: what is finished is kept."
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def save_arrays(path: Path | str, arrays: Mapping[str, Any]) -> None:
    """Write named arrays to an uncompressed `.npz` archive."""
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)


def load_arrays(path: Path | str) -> dict[str, np.ndarray]:
    """Read every array of an `.npz` archive into memory.

    Raises: StudyError, when it is damaged: the format has checksums.
    """
    with whole(path), np.load(path) as archive:
        # NumPy reads no further than an array's header says, which may be what is damaged, and a
        # checksum is looked at where all has been read.
        if (damaged := archive.zip.testzip()) is not None:
            raise ValueError(f"a checksum that does not fit: {damaged}")
        return {name: archive[name] for name in archive.files}


def save_array(path: Path | str, array: np.ndarray) -> None:
    """Write one array to a `.npy` file, which can be memory-mapped, with a checksum behind it."""
    with atomic_path(path) as temporary:
        np.save(temporary, array)
        seal = _SEAL % _checksum(temporary, temporary.stat().st_size)
        with temporary.open("ab") as file:
            file.write(seal)


def load_array(path: Path | str, memory_mapped: bool = False) -> np.ndarray:
    """Return an array that `save_array` has written.

    Raises: StudyError, when the file is damaged.
    """
    size = Path(path).stat().st_size - len(_SEAL % 0)
    with whole(path):
        with open(path, "rb") as file:
            file.seek(max(0, size))
            seal = file.read()
        # Without one it was written by other means.
        if seal.startswith(_SEAL[:7]) and seal != _SEAL % _checksum(Path(path), size):
            raise ValueError("a checksum that does not fit")
        return np.load(path, mmap_mode="r" if memory_mapped else None)


# What stands behind an array: NumPy reads as far as its shape says.
_SEAL = b"\ncrc32 %08x\n"


def _checksum(path: Path, size: int) -> int:
    """Return the CRC-32 of the first bytes of a file."""
    checksum = 0
    with path.open("rb") as file:
        while size > 0 and (block := file.read(min(size, 2**22))):
            checksum = zlib.crc32(block, checksum)
            size -= len(block)
    return checksum


@contextmanager
def whole(path: Path | str) -> Iterator[None]:
    """Raise StudyError, naming a file that a rule wrote and what to do, where it can't be read."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ValueError, EOFError, KeyError, TypeError, BadZipFile, zlib.error) as error:
        raise StudyError(
            f"{path}: Expected a file as this workflow has written it. Received a damaged one "
            f"({type(error).__name__}). Delete it, and start the same command again, which makes "
            "it anew."
        ) from error


def save_json(path: Path | str, content: Any) -> None:
    """Write JSON, readable by a person. NaN is refused: JSON has none."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def load_json(path: Path | str) -> Any:
    """Read JSON.

    Raises: StudyError, when it is none any more.
    """
    with whole(path):
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
