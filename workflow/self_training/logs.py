"""Where a rule's output goes: all of it to the rule's log file."""

import logging
import os
import sys

from self_training.errors import StudyError


def log_to(path) -> None:
    """Send Python logging, stdout, stderr, C++ messages and uncaught exceptions to a file.

    A StudyError is written as its message alone: what to change, not where it was raised.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.close(handle)
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    sys.excepthook = _log_exception


def _log_exception(kind, error, traceback) -> None:
    if issubclass(kind, StudyError):
        logging.getLogger(__name__).error("%s", error)
    else:
        logging.getLogger(__name__).critical(
            "Uncaught exception", exc_info=(kind, error, traceback)
        )
