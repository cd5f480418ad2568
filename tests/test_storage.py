"""Files between rules: damaged ones are told, and so is a full disk."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from self_training import storage
from self_training.errors import NoSpaceError, StudyError


def flip(path: Path, at: int) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(bytes(content))


def write(path: Path):
    """Write a file of its kind, and return what reads it."""
    array = np.arange(600, dtype=np.float32).reshape(20, 30)
    if path.suffix == ".npy":
        storage.save_array(path, array)
        return storage.load_array
    if path.suffix == ".npz":
        storage.save_arrays(path, {"inner_0/evaluation": array, "inner_0/unlabeled": array + 1})
        return storage.load_arrays
    storage.save_json(path, {"scores": [0.25, 0.5]})
    return storage.load_json


@pytest.mark.parametrize("name", ["examples.npy", "predictions.npz"])
@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
def test_a_flipped_bit_is_an_error_and_no_wrong_number(tmp_path, name, where):
    path = tmp_path / name
    load = write(path)
    load(path)
    flip(path, int(where * path.stat().st_size))
    with pytest.raises(StudyError) as error:
        load(path)
    assert str(path) in str(error.value) and "damaged" in str(error.value)
    assert "Delete it, and start the same command again" in str(error.value)


def test_a_header_that_makes_an_array_shorter_is_an_error_too(tmp_path):
    """NumPy would read what it says, and never come to the checksum behind the array."""
    path = tmp_path / "predictions.npz"
    storage.save_arrays(path, {"inner_0/evaluation": np.arange(64000.0)})
    content = path.read_bytes()
    assert content.count(b"(64000,)") == 1
    path.write_bytes(content.replace(b"(64000,)", b"(24000,)"))
    with np.load(path) as archive:
        assert archive["inner_0/evaluation"].shape == (24000,)
    with pytest.raises(StudyError, match="Received a damaged one"):
        storage.load_arrays(path)


@pytest.mark.parametrize("name", ["examples.npy", "predictions.npz", "split.json"])
@pytest.mark.parametrize("kept", [0, 0.5, 0.9])
def test_what_was_cut_off_is_an_error(tmp_path, name, kept):
    path = tmp_path / name
    load = write(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(StudyError, match="Received a damaged one"):
        load(path)


@pytest.mark.parametrize("memory_mapped", [False, True])
def test_arrays_are_what_was_saved(tmp_path, memory_mapped):
    """NumPy reads them, too, and they may have been written by it."""
    arrays = (np.arange(7), np.zeros((0, 3), np.float32), np.ones((3, 4, 5)))
    for number, array in enumerate(arrays):
        path = tmp_path / f"{number}.npy"
        storage.save_array(path, array)
        for found in (storage.load_array(path, memory_mapped), np.load(path)):
            np.testing.assert_array_equal(found, array)
            assert found.dtype == array.dtype
        np.save(path, array)
        np.testing.assert_array_equal(storage.load_array(path), array)


@pytest.mark.parametrize("how", ["number", "numpy"])
def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path, how):
    path = tmp_path / "results" / "predictions.npz"
    with pytest.raises(NoSpaceError) as error, storage.atomic_path(path) as temporary:
        temporary.write_bytes(bytes(2_000_000))
        if how == "numpy":
            raise OSError("1000 requested and 0 written")
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"more")
    message = str(error.value)
    assert message.startswith(f"{path}: Expected space for it on the file system at /")
    assert "after 2.0 MB of it" in message and "start the same command again" in message
    assert list(path.parent.iterdir()) == []


def test_other_errors_stay_what_they_are(tmp_path):
    with (
        pytest.raises(PermissionError, match="not permitted"),
        storage.atomic_path(tmp_path / "a.json"),
    ):
        raise PermissionError(1, "not permitted")


def test_a_full_disk_is_told_where_the_log_is_on_it_too():
    program = (
        "from pathlib import Path\n"
        "from self_training.logs import log_to\n"
        "log_to('/dev/full')\n"
        "from self_training.storage import no_space\n"
        "raise no_space(Path('results/a.npz'), 5_000_000)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
    )
    assert done.returncode != 0
    assert done.stderr.startswith("results/a.npz: Expected space for it on the file system at /")
