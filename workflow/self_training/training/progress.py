"""How far the training of a transformer is: lines of the log, and curves in TensorBoard.

Nothing here changes what is computed. TensorBoard's package is imported where a study asks for it.
"""

import logging
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from self_training.errors import ConfigError
from self_training.training.runs import Run

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 30  # Of the log.
SECONDS_BETWEEN_FLUSHES = 30  # Of what TensorBoard reads.


class Progress:
    """Of one run.

    Args:
        steps: that it takes.
        begun: how many of them were taken before the job was killed.
        events: folder for TensorBoard; None to write nothing for it. What another process has
            written there of the steps that follow is not shown any more.
    """

    def __init__(self, steps: int, begun: int = 0, events: Path | None = None):
        self.steps, self.said = steps, time.perf_counter()
        self._writer = None if events is None else _writer(events, begun)

    def taken(self, step: int, loss: float, rate: float, seconds: float) -> None:
        """Tell of a step that has been taken.

        Args:
            step: how many there were.
            loss, rate: of this one, the latter the learning rate.
            seconds: that all of them took.
        """
        speed = step / seconds
        if self._writer is not None:
            shown = {"loss": loss, "learning rate": rate, "steps per second": speed}
            for name, value in shown.items():
                self._writer.add_scalar(name, value, step)
        if time.perf_counter() - self.said > SECONDS_BETWEEN_LINES:
            self.said = time.perf_counter()
            left = (self.steps - step) / speed / 60
            logger.info(
                "step %d of %d: loss %.4g, %.3g steps/s, %.3g minutes left",
                *(step, self.steps, loss, speed, left),
            )

    def end(self) -> None:
        """Write what TensorBoard has not been given yet."""
        if self._writer is not None:
            self._writer.close()


def folder_of(folder: Path | None, run: Run, digest: str) -> Path | None:
    """Return the folder for TensorBoard of a run of a job.

    Args:
        folder: of the job; None where the study asks for none.
        digest: of the run: candidates of a search differ in nothing else.
    """
    if folder is None:
        return None
    of_run = ("outer_fold", "part", "generation", "member")
    known = [f"{key}_{run.identity[key]}" for key in of_run if key in run.identity]
    return folder / "_".join([*known, digest[:8]])


def _writer(folder: Path, begun: int) -> Any:
    # It would load TensorFlow to write files with, were there no such module.
    sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ConfigError(
            "training.transformer.tensorboard: Expected the package tensorboard to be installed. "
            f"Received: {error}. Install it (uv sync --extra text), or leave tensorboard out."
        ) from error
    return SummaryWriter(str(folder), purge_step=begun + 1, flush_secs=SECONDS_BETWEEN_FLUSHES)
