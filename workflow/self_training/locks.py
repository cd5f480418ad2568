"""Locks that outlive a killed Snakemake."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

_held = []


def clear_stale_locks(state: Path) -> None:
    """Remove the locks that a killed Snakemake has left in its working directory.

    Snakemake's lock files stay when it is killed, and the next start refuses to run. Every start
    therefore also holds a lock of the operating system, which goes with its process: who can have
    that one alone knows that no other Snakemake is alive here, and that the files are stale.

    Args:
        state: Snakemake's folder `.snakemake` in the working directory.
    """
    state.mkdir(exist_ok=True)
    handle = os.open(state / "alive.lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # Others are alive, or the file system has no such locks: theirs decide.
        pass
    else:
        for lock in (state / "locks").glob("*.lock"):
            lock.unlink()
    with suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_SH)
    _held.append(handle)


def release() -> None:
    """Stop holding what `clear_stale_locks` holds; the end of the process does the same."""
    while _held:
        os.close(_held.pop())
