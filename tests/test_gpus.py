"""GPUs of a machine, of which every training job gets one of its own: pretended ones."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT
from self_training import gpus

TAKES = """
import sys
from pathlib import Path
from self_training import gpus
gpus.LOCKS = Path(sys.argv[1])
gpus.OF_DRIVER = Path(sys.argv[1]) / "driver"
print(gpus.take(), flush=True)
sys.stdin.read()
"""


@pytest.fixture()
def start(tmp_path):
    """Start a process that takes a GPU, and keeps it until it ends."""
    processes = []

    def begin(devices: str | None) -> tuple[subprocess.Popen, str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
        environment.pop(gpus.DEVICES, None)
        process = subprocess.Popen(
            [sys.executable, "-c", TAKES, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment if devices is None else {**environment, gpus.DEVICES: devices},
        )
        processes.append(process)
        assert process.stdout
        return process, process.stdout.readline().strip()

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def test_jobs_at_a_time_have_gpus_of_their_own(start):
    first, one = start("0,1")
    _, other = start("0,1")
    assert {one, other} == {"0", "1"}
    # More jobs than GPUs share them.
    assert start("0,1")[1] in "01"
    # One that is killed gives its GPU back.
    first.kill()
    first.wait()
    assert start("0,1")[1] == one


def test_there_may_be_nothing_to_choose(start, tmp_path):
    """No GPU, or the one that a cluster has given to the job."""
    assert [start(devices)[1] for devices in ("", "3", "GPU-8f2a", None)] == ["None"] * 4
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / "driver" / name).mkdir(parents=True)
    assert {start(None)[1], start(None)[1]} == {"0", "1"}


def test_a_process_sees_the_gpu_that_it_took(monkeypatch, tmp_path):
    monkeypatch.setattr(gpus, "LOCKS", tmp_path)
    monkeypatch.setenv(gpus.DEVICES, "4, 7")
    assert gpus.take() == "4" == os.environ[gpus.DEVICES]
    for held in gpus._held:
        held.close()


@pytest.mark.parametrize(
    ("limits", "asked"),
    [({}, 0), ({"mem_mb": 5}, 0), ({"gpu": 0}, 0), ({"gpu": 4}, 1), ({"gpu_model": "a100"}, 1)],
)
def test_jobs_ask_for_a_gpu_where_there_are_any(monkeypatch, limits, asked):
    monkeypatch.setenv(gpus.VARIABLE, "")
    gpus.announce(limits)
    assert gpus.per_job() == asked
    monkeypatch.delenv(gpus.VARIABLE)
    assert gpus.per_job() == 0
