"""Slurm: jobs that a killed Snakemake has left in it, and a controller that does not answer."""

import logging
import os
import shutil
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from self_training.errors import StudyError

logger = logging.getLogger(__name__)

# Seconds in which jobs that are cancelled must have ended, of which Slurm gives them 30 by default.
END_WITHIN = 180.0
# Seconds for which a controller that does not answer is waited for, and between two questions.
PATIENCE = 24 * 3600.0
ASK_EVERY = 5.0


def is_here() -> bool:
    """Return whether Slurm can be asked on this machine."""
    return shutil.which("squeue") is not None


def cancel_left(folder: Path) -> None:
    """Cancel this user's jobs of rules of a working directory, and wait until they have ended.

    Must be called while no Snakemake is alive there.

    Raises: StudyError, when Slurm can't be asked, or a job doesn't end.
    """
    if not is_here():
        raise StudyError(
            "A Snakemake that handed jobs to a cluster was ended here, and its jobs may still "
            "write results. Expected Slurm's squeue on this machine, to find and cancel them. "
            "Start where it is; or, when no such job is left, delete .snakemake/alive."
        )
    left = _jobs(folder)
    if not left:
        return
    logger.warning("Cancelling jobs that were left in Slurm: %s.", ", ".join(left))
    _call("scancel", *left)
    until = time.monotonic() + END_WITHIN
    while left := _jobs(folder):
        if time.monotonic() > until:
            raise StudyError(
                f"Expected jobs that were left in Slurm to end within {END_WITHIN:.0f} s of being "
                f"cancelled. Still there: {', '.join(left)}. End them, and start again."
            )
        time.sleep(0.5)


def be_patient(executor: Any, gives_up: Callable[[], object]) -> None:
    """Let Snakemake's executor wait while Slurm's controller does not answer, as when it restarts.

    By itself it fails at the first job that it can't hand out; after five vain questions about jobs
    that it has handed out it forgets them, and waits for ever.

    Args:
        executor: of Slurm's plugin; any other is left as it is.
        gives_up: returns whether there is nothing to wait for any more.
    """
    if not type(executor).__module__.startswith("snakemake_executor_plugin_slurm"):
        return
    lock = threading.Lock()
    for name in ("run_job", "run_array_jobs"):
        setattr(executor, name, _patient(getattr(executor, name), lock, gives_up))
    ended: set[str] = set()
    for name in ("report_job_success", "report_job_error"):
        setattr(executor, name, _noting(getattr(executor, name), ended))
    executor.check_active_jobs = _forgetting_none(executor.check_active_jobs, ended)


def _patient(hand_out: Callable, lock: threading.Lock, gives_up: Callable[[], object]) -> Callable:
    def patient(jobs: Any) -> None:
        # Two threads hand out jobs; one of them asks, and complains.
        with lock:
            _wait_for_controller(gives_up)
        hand_out(jobs)

    return patient


def _noting(report: Callable, ended: set[str]) -> Callable:
    def noting(job: Any, *arguments: Any, **names: Any) -> None:
        ended.add(job.external_jobid)
        report(job, *arguments, **names)

    return noting


def _forgetting_none(check: Callable, ended: set[str]) -> Callable:
    """Return a check of jobs that goes on to ask about those of which it has heard nothing."""

    async def forgetting_none(jobs: list) -> AsyncIterator[Any]:
        known = set()
        async for job in check(jobs):
            known.add(job.external_jobid)
            yield job
        for job in jobs:
            if job.external_jobid not in known | ended:
                yield job

    return forgetting_none


def _wait_for_controller(gives_up: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    waits = False
    while _is_down() and not gives_up() and time.monotonic() < until:
        if not waits:
            logger.warning("Slurm's controller does not answer. Waiting to hand it a job.")
        waits = True
        time.sleep(ASK_EVERY)
    if waits:
        logger.warning("No longer waiting for Slurm's controller.")


def _is_down() -> bool:
    """Return whether no controller of Slurm's answers, neither the first nor one that stands in."""
    with suppress(OSError, subprocess.TimeoutExpired):
        asked = ["scontrol", "ping"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=60).stdout.split()
        return "DOWN" in said and "UP" not in said
    return False


def _jobs(folder: Path) -> list[str]:
    """Return ids of this user's jobs of rules with this working directory."""
    lines = _call("squeue", "--me", "--noheader", "--format", "%A|%k|%Z").splitlines()
    found = []
    for job, comment, where in (line.split("|", 2) for line in lines if line.count("|") >= 2):
        # So they are called by Snakemake's plugin.
        if comment.startswith(("rule_", "group_")) and _same(where, folder):
            found.append(job)
    return sorted(set(found))


def _same(where: str, folder: Path) -> bool:
    return os.path.realpath(where) == os.path.realpath(folder)


def _call(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip()
        raise StudyError(
            f"{command[0]}: Expected an answer of Slurm, in which a Snakemake that was ended may "
            f"have left jobs that still write results. Received: {said}. Start again when it "
            "answers; or, when no such job is left, delete .snakemake/alive."
        ) from None
    return done.stdout
