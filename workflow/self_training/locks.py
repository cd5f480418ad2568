"""Locks that outlive a killed Snakemake."""

import fcntl
from contextlib import suppress
from pathlib import Path
from typing import IO


def clear_stale_locks(state: Path) -> IO:
    """Remove the locks that a killed Snakemake has left in its working directory.

    Snakemake's lock files stay when it is killed, and the next start refuses to run. Every start
    therefore also holds a lock of the operating system, which goes with its process: who can have
    that one alone knows that no other Snakemake is alive here, and that the files are stale.

    Args:
        state: Snakemake's folder `.snakemake` in the working directory.

    Returns: the lock, held until it is closed or the process ends.
    """
    state.mkdir(exist_ok=True)
    alive = (state / "alive.lock").open("a")
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # Others are alive, or the file system has no such locks: theirs decide.
        pass
    else:
        for lock in (state / "locks").glob("*.lock"):
            lock.unlink()
    with suppress(OSError):
        fcntl.flock(alive, fcntl.LOCK_SH)
    return alive
