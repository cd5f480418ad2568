"""Archives in resources/: made once from a download, for all datasets that share it."""

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from self_training.data import downloads, keras_archives
from self_training.data.examples import Reader, check_labels
from self_training.data.sources import ORIGIN, SHIPPED, check_sha256, digest, unknown_source
from self_training.errors import DatasetError, DownloadError
from self_training.storage import save_arrays

logger = logging.getLogger(__name__)

# The sources that files of Kaggle are read as, by their suffix.
_FORMATS = {".csv": "csv", ".npz": "npz"}


def make_archive(path: Path | str, settings: dict, read: Reader) -> None:
    """Write the archive of a source that is not the user's own: x, y, class_names and origin.

    Args:
        path: of the archive; files laid beside it by hand are used instead of a download.
        settings: of one of the datasets that share it.
        read: the reader of the kind of its examples.

    Raises: DownloadError, DatasetError.
    """
    path = Path(path)
    with _work_folder(path.parent / f".{path.stem}.download") as folder:
        laid = any(by_hand.is_file() for by_hand in _by_hand(path.parent, settings))
        try:
            files = _fetch(path.parent, settings, folder)
        except DownloadError as error:
            raise DownloadError(
                f"{error} An archive laid at {path} is used without a download."
            ) from error
        origin = {key: settings[key] for key in ORIGIN if key in settings}
        if files:
            origin["sha256"] = digest(files, folder)
            check_sha256(origin["sha256"], settings, ", ".join(file.name for file in files))
        try:
            arrays = _read(files, settings, read)
        except DatasetError as error:
            # What was unpacked is gone when it is read.
            text = str(error)
            for unpacked in files:
                zipped = path.parent / f"{unpacked.name}.zip"
                text = text.replace(
                    str(unpacked),
                    f"{zipped} ({unpacked.name})"
                    if folder in unpacked.parents and zipped.is_file()
                    else str(unpacked),
                )
            raise DatasetError(text) from error
        check_labels(path, arrays["y"], arrays["class_names"])
        save_arrays(path, arrays | {"origin": np.array(json.dumps(origin))})
        if settings["source"] == "kaggle" and not laid:
            files[0].unlink()


def _fetch(resources: Path, settings: dict, folder: Path) -> list[Path]:
    """Return the files that an archive is made from, downloaded to a folder where none are laid."""
    source = settings["source"]
    if source == "keras":
        return keras_archives.fetch(settings["name"], folder)
    if source == "kaggle":
        return [_kaggle_file(resources, settings, folder)]
    if source in SHIPPED:
        return []
    raise unknown_source(settings)


def _read(files: list[Path], settings: dict, read: Reader) -> dict[str, np.ndarray]:
    """Return x, y and class_names of an archive, the examples as they are in its files."""
    source = settings["source"]
    if source == "keras":
        return keras_archives.read(settings["name"], files)
    # Without what datasets that share the archive may differ in: classes, colors.
    shared = {key: settings[key] for key in ORIGIN if key in settings}
    if source == "kaggle":
        (path,) = files
        if path.suffix not in _FORMATS:
            raise DatasetError(f"{path}: Expected a .csv or .npz file. Received: '{path.suffix}'.")
        examples = read(path, shared | {"source": _FORMATS[path.suffix]})
    elif source in SHIPPED:
        examples = read(None, shared)
    else:
        raise unknown_source(settings)
    x = examples.load(np.arange(len(examples.y)))
    return {"x": x, "y": examples.y, "class_names": examples.class_names}


@contextmanager
def _work_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder that is gone afterwards, and is not what a killed run has left of it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _by_hand(resources: Path, settings: dict) -> list[Path]:
    """Return where a file that was downloaded by hand is looked for."""
    if settings["source"] != "kaggle":
        return []
    name = Path(settings["file"]).name
    return [resources / name, resources / f"{name}.zip"]


def _kaggle_file(resources: Path, settings: dict, folder: Path) -> Path:
    """Return the file of a Kaggle dataset: laid by hand, zipped or not, or else downloaded."""
    name = Path(settings["file"]).name
    for by_hand in _by_hand(resources, settings):
        if by_hand.is_file():
            logger.info("%s is used instead of a download", by_hand)
            return downloads.unzipped(by_hand, name, folder)
    # Kept until there is an archive: what is wrong in the config costs no second download.
    fetched = downloads.fetch_kaggle(settings["slug"], settings["file"], folder)
    return Path(shutil.move(fetched, resources / name))
