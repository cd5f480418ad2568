"""What each Snakemake that is alive in a working directory makes, so that no two make the same.

Snakemake has locks for that, whose message advises to remove them: which would let two write over
each other's results.
"""

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from self_training import presence
from self_training.errors import StudyError

_CLAIMS = "makes"


def claim(here: presence.Presence, makes: Iterable[str | Path]) -> None:
    """Say what this Snakemake makes.

    Args:
        here: of `presence.enter`.
        makes: paths, each as the config makes it.

    Raises: StudyError, where another one that is alive here makes some of it.
    """
    mine = sorted(map(str, makes))
    if here.dead is None:
        for other in here.sign.parent.iterdir():
            about = _read(other)
            both = sorted({*mine} & {*about.get(_CLAIMS, [])})
            if other != here.sign and both and _is_alive(other, about, here.sign):
                raise StudyError(
                    f"{', '.join(both)}: Expected no other Snakemake that makes this. Received one "
                    f"that is alive: process {about['pid']} on {about['host']}, since "
                    f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(about['since']))}. Wait "
                    "for its end, or end it, and start the same command again. A copy of the "
                    "folder, or another study's name, may run beside it."
                )
    temporary = here.sign.parent.parent / f"{here.sign.name}.claim"
    temporary.write_text(json.dumps(_read(here.sign) | {_CLAIMS: mine}))
    temporary.replace(here.sign)


def _read(sign: Path) -> dict:
    with suppress(OSError, ValueError):
        return json.loads(sign.read_text())
    return {"ended": True}


def _is_alive(other: Path, about: dict, own: Path) -> bool:
    if about.get("ended"):
        return False
    here = _read(own)
    if about["host"] == here["host"]:
        with suppress(psutil.NoSuchProcess):
            return abs(psutil.Process(about["pid"]).create_time() - about["since"]) < 1
        return False
    # Both times are of the clock of the file system.
    with suppress(OSError):
        own.touch()
        return own.stat().st_mtime - other.stat().st_mtime < presence.DEAD_AFTER
    return False
