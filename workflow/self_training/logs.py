"""Where a rule's output goes: all of it to the rule's log file."""

import ctypes
import logging
import os
import signal
import sys
from functools import partial

from self_training.errors import NoSpaceError, StudyError

PR_SET_PDEATHSIG = 1  # From Linux' sys/prctl.h.


def log_to(path) -> None:
    """Send Python logging, stdout, stderr, C++ messages and uncaught exceptions to a file.

    A StudyError is written as its message alone: what to change, not where it was raised.
    """
    _die_with_parent()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    terminal = os.dup(2)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.close(handle)
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    sys.excepthook = partial(_log_exception, terminal)


def _die_with_parent() -> None:
    """End this process when Snakemake ends, even when that is killed (on Linux).

    A job that outlived its Snakemake could write its results over those of the next run, whose
    config may be another one.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        sys.exit("Snakemake has ended before its job began.")


def _log_exception(terminal: int, kind, error, traceback) -> None:
    if issubclass(kind, NoSpaceError):
        # The log may be on the same file system, and stay empty.
        os.write(terminal, f"{error}\n".encode())
    if issubclass(kind, KeyboardInterrupt):
        logging.getLogger(__name__).error("Interrupted")
    elif issubclass(kind, StudyError):
        logging.getLogger(__name__).error("%s", error)
    else:
        logging.getLogger(__name__).critical(
            "Uncaught exception", exc_info=(kind, error, traceback)
        )
