"""What a training job has reached so far, on disk: the same job goes on from there after a kill.

What trains says what its state is, as arrays and what is JSON; here is when it is written, where,
and for whom. Only long jobs write anything. Nothing here changes what is computed: a state is that
between two steps, wherever the clock has it written.
"""

import hashlib
import json
import logging
import shutil
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from self_training.errors import NoSpaceError
from self_training.storage import save_arrays
from self_training.training.runs import TrainedRun

logger = logging.getLogger(__name__)

# Seconds between two saves, or before the first, at least; and the share of the time since the last
# one that a save may take.
INTERVAL = 120.0
SHARE = 0.01
# Bytes of networks of runs that have ended which wait for the next save; one may be larger. What is
# more is not saved.
WAITING_BYTES = 2**28
# The file of the state, and those of results; see `Checkpoints`.
STATE, RESULTS = "state.npz", "results_*.npz"
_ABOUT = "about"


class State(NamedTuple):
    """Where something is that can go on from there.

    arrays: in an order that whoever made it knows.
    about: the rest, JSON-able.
    """

    arrays: list[np.ndarray]
    about: dict[str, Any]


class Ended(NamedTuple):
    """A run that has ended.

    weights: of its network; none where no network is kept.
    """

    result: TrainedRun
    weights: list[np.ndarray]


class _Place(NamedTuple):
    """Where a state is: in which file, as which of its states; how many arrays it has, and what is
    not one."""

    path: Path
    at: int
    arrays: int
    about: dict[str, Any]


class Checkpoints:
    """What a job keeps for the same job after a kill: the state of what it trains, and results.

    Of a file that is damaged, or that belongs to a job of other settings, code or examples, nothing
    is taken. Two jobs that write into one folder are no danger to each other's results: each file
    is written as a whole, and says whose it is.

    Args:
        folder: of the job; None to keep nothing.
        describe: returns all that determines the job's results, JSON-able. It may take some time,
            and is not asked before there is something to save, or to go on from.
    """

    def __init__(self, folder: Path | None = None, describe: Callable[[], dict] = dict):
        self.folder, self.describe = folder, describe
        self.started = time.perf_counter()
        self.next = self.started + INTERVAL
        # Seconds of the same job, up to the last save before it was killed.
        self.seconds_before = 0.0
        self._key: str | None = None
        self._waiting: dict[str, Ended] = {}
        self._warned = False
        self._states: dict[str, _Place] = {}
        self._results: dict[str, _Place] = {}
        if folder is not None:
            self._states = self._look_into(folder / STATE)
            for path in sorted(folder.glob(RESULTS)):
                self._results |= self._look_into(path)

    def key(self) -> str:
        """Return a hash of all that determines the job's results."""
        if self._key is None:
            text = json.dumps(self.describe(), sort_keys=True)
            self._key = hashlib.sha256(text.encode()).hexdigest()
        return self._key

    def state(self, name: str) -> State | None:
        """Return the state that something was saved in, if it was."""
        return _load(self._states.get(name))

    def ended(self, digest: str) -> Ended | None:
        """Return a run that has ended before the job was killed, if it has, and was saved.

        Args:
            digest: of `Run.digest`.
        """
        state = _load(self._results.get(digest))
        if state is None:
            return None
        names = state.about["names"]
        probabilities = dict(zip(names, state.arrays, strict=False))
        return Ended(TrainedRun(probabilities, state.about["record"]), state.arrays[len(names) :])

    def add(self, digest: str, result: TrainedRun, weights: Iterable[np.ndarray] = ()) -> None:
        """Keep a run that has ended, from the next save on."""
        if self.folder is None:
            return
        ended = Ended(result, [*weights])
        waiting = [array for one in self._waiting.values() for array in one.weights]
        together = sum(array.nbytes for array in [*waiting, *ended.weights])
        if not waiting or together <= WAITING_BYTES:
            self._waiting[digest] = ended
        if self.due():
            self.save()

    def offer(self, name: str, state: Callable[[], State]) -> None:
        """Save the state of something, if it is time to.

        Args:
            name: which determines, together with what the job is described by, what it will be.
            state: returns it.
        """
        if self.due():
            self.save(name, state)

    def due(self) -> bool:
        """Return whether it is time to save."""
        return self.folder is not None and time.perf_counter() >= self.next

    def save(self, name: str = "", state: Callable[[], State] | None = None) -> None:
        """Save results that are not saved yet, and a state, if there is one.

        Where they can't be written, the job goes on without them: it has been long enough.
        """
        assert self.folder is not None
        started = time.perf_counter()
        try:
            if self._waiting:
                results = {digest: _as_state(ended) for digest, ended in self._waiting.items()}
                self._write(self.folder / RESULTS.replace("*", uuid.uuid4().hex), results)
                self._waiting.clear()
            if state is not None:
                self._write(self.folder / STATE, {name: state()})
        except (OSError, NoSpaceError) as error:
            if not self._warned:
                logger.warning(
                    "%s can't be written. If this job is killed, it begins anew: %s",
                    self.folder,
                    error,
                )
            self._warned = True
        ended = time.perf_counter()
        self.next = ended + max(INTERVAL, (ended - started) / SHARE)

    def _write(self, path: Path, states: dict[str, State]) -> None:
        seconds = self.seconds_before + time.perf_counter() - self.started
        about = {
            "key": self.key(),
            "seconds": seconds,
            "states": {name: [len(state.arrays), state.about] for name, state in states.items()},
        }
        arrays = {_ABOUT: np.frombuffer(json.dumps(about).encode(), np.uint8)}
        for at, state in enumerate(states.values()):
            arrays |= {f"{at}/{index}": array for index, array in enumerate(state.arrays)}
        save_arrays(path, arrays)

    def _look_into(self, path: Path) -> dict[str, _Place]:
        """Return where in a file is what this job can go on from, by name."""
        about = _read(path, _read_about) if path.exists() else None
        if about is None:
            return {}
        if about["key"] != self.key():
            logger.info("%s is of other settings, code or examples: nothing is taken", path)
            return {}
        self.seconds_before = max(self.seconds_before, about["seconds"])
        states = about["states"].items()
        return {name: _Place(path, at, *state) for at, (name, state) in enumerate(states)}


def remove_when_made(folder: Path, made: Iterable[str]) -> None:
    """Remove what jobs have left, if all has been made that they were for.

    Args:
        folder: of all checkpoints of a study.
        made: paths.
    """
    if folder.exists() and all(Path(path).exists() for path in made):
        shutil.rmtree(folder, ignore_errors=True)


def _as_state(ended: Ended) -> State:
    names, arrays = list(ended.result.probabilities), ended.result.probabilities.values()
    about = {"names": names, "record": ended.result.record}
    return State([*arrays, *ended.weights], about)


def _load(place: _Place | None) -> State | None:
    if place is None:
        return None

    def read(archive) -> State:
        arrays = [archive[f"{place.at}/{index}"] for index in range(place.arrays)]
        return State(arrays, place.about)

    return _read(place.path, read)


def _read_about(archive) -> dict:
    # NumPy does not come to the checksum of what a damaged header has made shorter.
    if archive.zip.testzip() is not None:
        raise ValueError("a checksum that does not fit")
    return json.loads(archive[_ABOUT].tobytes())


def _read(path: Path, read: Callable[[Any], Any]) -> Any:
    """Return what is read of a file; None, and a line in the log, where that fails."""
    try:
        with np.load(path) as archive:
            return read(archive)
    except Exception as error:  # Of what is damaged, any; what it had is only a convenience.
        logger.warning("%s is damaged (%r): what it had is trained again", path, error)
        return None
