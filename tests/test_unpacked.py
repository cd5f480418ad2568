"""What a dataset takes in memory, which its files alone do not say."""

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from self_training.data import unpacked

ZEROS = np.zeros((1000, 64, 64, 3), np.uint8)  # 12.3 MB


def images(folder, count, side):
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(np.zeros((side, side, 3), np.uint8)).save(folder / f"{number}.PNG")
    (folder / "notes.csv").write_text("x" * 10**6)


def test_a_compressed_archive_is_as_large_as_what_is_in_it(tmp_path):
    path, other = tmp_path / "a.npz", tmp_path / "b.npz"
    np.savez_compressed(path, x=ZEROS, y=np.zeros(1000, np.int64), class_names=np.array(["a"]))
    np.savez(other, x=ZEROS)
    assert path.stat().st_size < 1e5
    settings = {"source": "npz", "path": str(path)}
    assert unpacked.megabytes(settings) == 12
    assert unpacked.megabytes(settings | {"unlabeled": str(other)}) == 25
    assert unpacked.megabytes(settings | {"test_path": str(other)}) == 25


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, 8 * 500 * 500 * 3 / 1e6),
        ({"color_mode": "grayscale"}, 8 * 500 * 500 / 1e6),
        ({"image_size": [1000, 2000]}, 8 * 1000 * 2000 * 3 / 1e6),
    ],
)
def test_a_folder_of_images_is_as_large_as_their_pixels(settings, expected, tmp_path):
    images(tmp_path / "photos/a", 5, 500)
    images(tmp_path / "photos/b/c", 3, 500)
    of_folder = {"source": "images", "path": str(tmp_path / "photos")}
    assert unpacked.megabytes(of_folder | settings) == round(expected)


def test_what_can_not_be_read_or_is_not_there(tmp_path):
    path = tmp_path / "a.npz"
    settings = {"source": "npz", "path": str(path)}
    assert unpacked.megabytes(settings) == 0
    path.write_bytes(b"x" * 3_000_000)
    assert unpacked.megabytes(settings) == 3
    (tmp_path / "photos").mkdir()
    of_folder = {"source": "images", "path": str(tmp_path / "photos")}
    assert unpacked.megabytes(of_folder) == 0
    (tmp_path / "photos/a.png").write_bytes(b"x" * 2_000_000)
    assert unpacked.megabytes(of_folder) == 2


def test_the_rule_asks_for_it():
    rules = (ROOT / "workflow/rules/data.smk").read_text()
    assert rules.count("mem_mb=memory_of_preparing") == 1
