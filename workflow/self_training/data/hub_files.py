"""What studies need of the Hugging Face hub, fetched where it is not laid: splits and encoders."""

import logging
import shutil
from importlib import import_module
from pathlib import Path

from self_training.data import encoders, hub, hub_splits
from self_training.data.hub import Repository
from self_training.data.hub_splits import Split
from self_training.errors import DatasetError, DownloadError
from self_training.storage import save_json, sha256

logger = logging.getLogger(__name__)

SHOWN = 8  # Files that a message names.


def fetch_split(path: Path | str, split: Split) -> None:
    """Write the list of a split's files, which are downloaded before where they are not laid.

    Args:
        path: of the list; the files are in the folder of `hub_splits` beside it.

    Raises: DownloadError, saying what to lay where, and DatasetError.
    """
    path = Path(path)
    folder, parts = path.parent / hub_splits.FILES, path.parent / f".{path.stem}.parts"
    # A folder of parts is what a killed download has left: it could be that others lack yet.
    names = hub_splits.choose(hub_splits.laid(folder), split)
    if not names or parts.exists() or hub_splits.missing(names):
        try:
            names = _download_split(folder, parts, split)
        except DownloadError as error:
            repository = Repository(hub.DATASET, split.name, split.revision)
            what = (
                f"of {repository.address}/tree/{split.revision} the split's Parquet files (as "
                f"data/{split.split}-00000-of-00001.parquet)"
            )
            lacking = hub_splits.missing(names)
            if lacking:
                what = f"the files that are still missing ({', '.join(lacking)})"
            include = f"--include '*{split.split}*.parquet'"
            hint = hub.by_hand(repository, what, include, folder, parts)
            raise DownloadError(f"{error} {hint}") from error
    else:
        logger.info("%s: %s laid there; nothing is downloaded", folder, ", ".join(names))
    _write_list(path, split._asdict(), folder, names)
    shutil.rmtree(parts, ignore_errors=True)


def _download_split(folder: Path, parts: Path, split: Split) -> list[str]:
    """Download a split's files into their folder, and return their names, in order."""
    # What reads the files must be there, too, before they are.
    _check_libraries("huggingface_hub", "pyarrow", extra="huggingface")
    repository = Repository(hub.DATASET, split.name, split.revision)
    listed = hub.list_files(repository)
    names = hub_splits.choose(list(listed), split)
    if not names:
        raise _no_such_split(list(listed), split, repository)
    lacking = hub_splits.missing(names)
    if lacking:
        raise DownloadError(
            f"{repository}: Expected all parts of it on the hub. Received none that is called "
            f"{', '.join(lacking[:SHOWN])}."
        )
    hub.download(repository, names, listed, folder, parts)
    return names


def fetch_encoder(path: Path | str, model: str, revision: str) -> None:
    """Write the list of an encoder's files, which are downloaded before where they are not laid.

    Args:
        path: of the list; the files are in the folder of `data.encoders` beside it.
        model: its name on the hub.
        revision: the commit.

    Raises: DownloadError, saying what to lay where, and DatasetError.
    """
    path = Path(path)
    folder, parts = path.parent / encoders.FILES, path.parent / f".{path.stem}.parts"
    names = encoders.choose([file.name for file in folder.glob("*") if file.is_file()])
    if parts.exists() or not encoders.are_whole(names):
        repository = Repository(hub.MODEL, model, revision)
        try:
            names = _download_encoder(folder, parts, repository)
        except DownloadError as error:
            what = (
                f"of {repository.address}/tree/{revision} config.json, all of the tokenizer, and "
                "model.safetensors (or pytorch_model.bin)"
            )
            include = "--exclude '*/*'"
            hint = hub.by_hand(repository, what, include, folder, parts)
            raise DownloadError(f"{error} {hint}") from error
    else:
        logger.info("%s: %s laid there; nothing is downloaded", folder, ", ".join(names))
    _write_list(path, {"model": model, "revision": revision}, folder, names)
    shutil.rmtree(parts, ignore_errors=True)


def _download_encoder(folder: Path, parts: Path, repository: Repository) -> list[str]:
    """Download an encoder's files into their folder, and return their names."""
    _check_libraries("huggingface_hub", extra="text")
    listed = hub.list_files(repository)
    names = encoders.choose(list(listed))
    if not encoders.are_whole(names):
        raise DatasetError(
            f"{repository}: Expected a transformer (config.json, a tokenizer, and "
            "model.safetensors or pytorch_model.bin). Received the files: "
            f"{', '.join(list(listed)[:SHOWN]) or 'none'}."
        )
    hub.download(repository, names, listed, folder, parts)
    return names


def _check_libraries(*names: str, extra: str) -> None:
    try:
        for name in names:
            import_module(name)
    except ImportError as error:
        raise DownloadError(
            f"Expected {' and '.join(names)} to be installed, which what is on the Hugging Face "
            f"hub needs. Received: {error}. Install them: uv sync --extra {extra}."
        ) from error


def _write_list(path: Path, what: dict, folder: Path, names: list[str]) -> None:
    """Write what some files are of, and of each its path and SHA-256."""
    files = [{"path": name, "sha256": sha256(folder / name)} for name in names]
    save_json(path, what | {"files": files})


def _no_such_split(paths: list[str], split: Split, repository: Repository) -> DatasetError:
    found = [path for path in paths if path.endswith(hub_splits.SUFFIX)]
    what = "Parquet files" if found else "no Parquet file, but"
    shown = ", ".join((found or paths)[:SHOWN]) + (", ..." if len(found or paths) > SHOWN else "")
    subset = f" and the subset {split.subset!r}" if split.subset else ""
    return DatasetError(
        f"{repository}: Expected Parquet files of the split {split.split!r}{subset}, such as "
        f"data/{split.split}-00000-of-00001.parquet. Received {what}: {shown or 'nothing'}. The "
        f"hub converts datasets at {hub_splits.CONVERTED}: take a commit of that as revision "
        f"({repository.address}/commits/{hub_splits.CONVERTED.replace('/', '%2F')}), or name the "
        "files of yours with another source (path)."
    )
