"""Which Snakemakes are alive in a working directory, on whatever machine.

Snakemake's lock files stay when it is killed, and the next start refuses to run; jobs that it has
handed to a cluster go on without it. Who knows that no other is alive here can clear both away.
"""

import atexit
import fcntl
import json
import logging
import os
import platform
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

import psutil

from self_training import slurm
from self_training.errors import StudyError

logger = logging.getLogger(__name__)

# Where a job finds the name of its Snakemake's sign.
VARIABLE = "SELF_TRAINING_SIGN"
# Seconds between two signs of life, and after which one without a sign is dead.
BEAT = 20.0
DEAD_AFTER = 3 * BEAT


class Presence(NamedTuple):
    """That of a Snakemake, from its start to its end.

    sign: a file that it touches as long as it is alive.
    lock: of the operating system, shared by the living, which goes with its process.
    dead: signs of others, if no other is alive here; None if one is.
    """

    sign: Path
    lock: IO
    dead: list[Path] | None


def enter(state: Path) -> Presence:
    """Give a sign of life, and clear away what the dead have left, if no other is alive here.

    That is Snakemake's locks, and jobs in Slurm that would go on to write results.

    Args:
        state: Snakemake's folder `.snakemake` in the working directory.

    Raises: StudyError, when jobs may be left that can't be ended.
    """
    presence = begin(state)
    os.environ[VARIABLE] = presence.sign.name
    if presence.dead is None:
        return presence
    about = [_read(sign) for sign in presence.dead]
    handed = [one for one in about if one.get("remote")]
    # One that has ended by itself has cancelled its jobs, or waited for them.
    if any(not one.get("ended") for one in handed) or (handed and slurm.is_here()):
        slurm.cancel_left(state.parent)
    # From here on jobs of the dead that begin yet do nothing.
    for sign in presence.dead:
        sign.unlink(missing_ok=True)
    for lock in state.glob("locks/*.lock"):
        lock.unlink()
    return presence


def check(state: Path) -> None:
    """Raise StudyError, in a job, unless its Snakemake is the one that results are made by.

    So it does where variables of the environment, which say what trains, have not reached the job.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        raise StudyError(
            f"Expected the environment of Snakemake in this job, with {VARIABLE} and perhaps "
            "KERAS_BACKEND. Received none: let the cluster hand it on, as sbatch --export=ALL does."
        )
    if not (state / "alive" / name).exists():
        raise StudyError(
            "This job is one of a Snakemake that has ended, after which another was started here. "
            "It does nothing."
        )


def hand_out_jobs(presence: Presence) -> None:
    """Say that this Snakemake hands jobs to a cluster, which may outlive it."""
    _write(presence.sign, _read(presence.sign) | {"remote": True})


def begin(state: Path) -> Presence:
    """Give a sign of life, now and from now on, and look for those of others.

    A lock of the operating system tells at once. Where the file system has none, or locks hold on
    one machine alone, signs of other machines are waited for.

    Args: of `enter`.
    """
    (state / "alive").mkdir(parents=True, exist_ok=True)
    sign = state / "alive" / uuid.uuid4().hex
    me = psutil.Process()
    about = {"host": platform.node(), "pid": me.pid, "since": me.create_time()}
    _write(sign, about)
    threading.Thread(target=_go_on, args=[sign], daemon=True).start()
    atexit.register(_end, sign)

    lock = (state / "alive.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        locked = True
    except BlockingIOError:
        return Presence(sign, lock, None)
    except OSError:  # The file system has no such locks.
        locked = False
    others = [other for other in sign.parent.iterdir() if other != sign]
    alone = not any(_is_alive(other, sign, locked) for other in others)
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_SH)
    return Presence(sign, lock, others if alone else None)


def _write(sign: Path, about: dict) -> None:
    temporary = sign.parent.parent / f"{sign.name}.tmp"
    temporary.write_text(json.dumps(about))
    temporary.replace(sign)


def _read(sign: Path) -> dict:
    # One that has been taken away meanwhile was dead.
    with suppress(FileNotFoundError):
        return json.loads(sign.read_text())
    return {"ended": True}


def _go_on(sign: Path) -> None:
    while True:
        time.sleep(BEAT)
        # Whoever took it away believes that this one is dead: its jobs do nothing from now on.
        with suppress(OSError):
            os.utime(sign)


def _end(sign: Path) -> None:
    with suppress(OSError):
        _write(sign, _read(sign) | {"ended": True})


def _is_alive(other: Path, own: Path, locked: bool) -> bool:
    """Return whether another Snakemake is alive.

    Args:
        locked: whether a lock shows that none is on this machine.
    """
    about = _read(other)
    if about.get("ended"):
        return False
    if about["host"] == platform.node():
        return not locked and _is_process(about["pid"], about["since"])
    # Both times are of the clock of the file system.
    os.utime(own)
    last = _time_of(other)
    waits = DEAD_AFTER - (own.stat().st_mtime - last)
    if waits > 0:
        logger.warning(
            "Another Snakemake gave a sign of life here, on %s. "
            "Waiting for the next one, for %.0f s at most.",
            about["host"],
            waits,
        )
    while waits > 0:
        time.sleep(min(1.0, BEAT / 10))
        waits -= min(1.0, BEAT / 10)
        if _time_of(other) > last:
            return not _read(other).get("ended")
    return False


def _time_of(sign: Path) -> float:
    with suppress(FileNotFoundError):
        return sign.stat().st_mtime
    return 0.0


def _is_process(pid: int, since: float) -> bool:
    with suppress(psutil.NoSuchProcess):
        return abs(psutil.Process(pid).create_time() - since) < 1
    return False
