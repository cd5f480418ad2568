"""How many bytes a dataset's examples are in memory, as far as its files say before they are read.

An archive may be compressed, and a folder of images has pixels: what reading it takes, its
size on the disk does not say.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from self_training.data.sources import FOLDERS, IMAGES, archive, kind_of

# Of what else a dataset is made from beside its source.
_OTHERS = ("unlabeled", "test_path")


def megabytes(settings: dict) -> int:
    """Return megabytes of all examples of a dataset, in whole numbers; 0 of what is not there yet.

    Args:
        settings: of the dataset.
    """
    paths = [archive(settings), *(settings[name] for name in _OTHERS if name in settings)]
    found = (Path(path) for path in paths)
    return round(sum(_bytes(path, settings) for path in found if path.exists()) / 1e6)


def _bytes(path: Path, settings: dict) -> int:
    if path.is_dir():
        content = FOLDERS["images" if kind_of(settings) == IMAGES else "texts"]
        files = (file for file in path.rglob("*") if file.suffix.lower() in content.suffixes)
        return _of_images(files, settings) if kind_of(settings) == IMAGES else _on_disk(files)
    if path.suffix == ".npz":
        try:
            with ZipFile(path) as members:
                return sum(member.file_size for member in members.infolist())
        except (BadZipFile, OSError):
            pass  # What is wrong with it is said where it is read.
    return _on_disk([path])


def _on_disk(files: Iterable[Path]) -> int:
    return sum(os.path.getsize(file) for file in files)


def _of_images(files: Iterable[Path], settings: dict) -> int:
    """Return the bytes of images, all of which have the size of one, or that of the config."""
    from PIL import Image

    paths = list(files)
    if not paths:
        return 0
    height, width = settings.get("image_size") or (0, 0)
    channels = 1 if settings.get("color_mode") == "grayscale" else 3
    if not height:
        try:
            with Image.open(paths[0]) as image:
                width, height = image.size
        except OSError:
            return _on_disk(paths)
    return len(paths) * height * width * channels
