"""GPUs: whether training jobs ask for one, and which one a job on this machine takes."""

import fcntl
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

# Where jobs find what the Snakemake that planned them was told.
VARIABLE = "SELF_TRAINING_GPUS"
DEVICES = "CUDA_VISIBLE_DEVICES"
# What the driver says of its devices.
OF_DRIVER = Path("/proc/driver/nvidia/gpus")
LOCKS = Path(tempfile.gettempdir())
# Held until the process ends.
_held: list[IO] = []


def announce(limits: Mapping[str, Any]) -> None:
    """Remember, for jobs too, whether there are GPUs: Snakemake was told how many, or of a model.

    Args:
        limits: resources of Snakemake by name: `--resources`, and over them `--default-resources`.
    """
    there_are = any(limits.get(name) for name in ("gpu", "gpu_model"))
    os.environ[VARIABLE] = "1" if there_are else "0"


def per_job() -> int:
    """Return how many GPUs a job asks for that trains or predicts: one, where there are any."""
    return int(os.environ.get(VARIABLE, "0"))


def take() -> str | None:
    """Take a GPU of this machine for this process, that no other job has, if one is left.

    Must be called before a framework looks for devices. Where there are more jobs than GPUs, some
    share one.

    Returns: its name among those of `CUDA_VISIBLE_DEVICES`; None where there is nothing to choose.
    """
    devices = _visible()
    if len(devices) < 2:
        return None
    chosen = next(filter(_lock, devices), devices[os.getpid() % len(devices)])
    os.environ[DEVICES] = chosen
    return chosen


def _visible() -> list[str]:
    if DEVICES in os.environ:
        return [name.strip() for name in os.environ[DEVICES].split(",") if name.strip()]
    count = len(list(OF_DRIVER.iterdir())) if OF_DRIVER.is_dir() else 0
    return [str(number) for number in range(count)]


def _lock(device: str) -> bool:
    """Return whether nobody else had a device, which is this process's now."""
    path = LOCKS / f"self_training_gpu_{device.replace('/', '_')}.lock"
    # Another user's file can't be opened, nor can the lock be had where there are none.
    with suppress(OSError):
        file = path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        _held.append(file)
        return True
    return False
