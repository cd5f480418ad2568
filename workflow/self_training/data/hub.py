"""Downloads from the Hugging Face hub: splits of datasets, in Parquet files.

The library huggingface_hub speaks with the hub: it lists files, has addresses and credentials, and
asks for the rest of a file. Its own downloads begin anew after a kill; here, what has arrived stays
in a file of its own until the SHA-256 is what the hub says.
"""

import logging
import os
import shutil
from pathlib import Path
from typing import Any

from self_training.data import downloads, hub_splits
from self_training.data.hub_splits import Split
from self_training.errors import DatasetError, DownloadError, StudyError
from self_training.storage import save_json, sha256

logger = logging.getLogger(__name__)

INSTALL = "uv sync --extra huggingface"
SHOWN = 8  # Files that a message names.


def fetch_split(path: Path | str, split: Split) -> None:
    """Write the list of a split's files, which are downloaded before where they are not laid.

    Args:
        path: of the list; the files are in the folder beside it that the revision names.

    Raises: DownloadError, saying what to lay where, and DatasetError.
    """
    path = Path(path)
    folder, parts = path.parent / split.revision, path.parent / f".{path.stem}.parts"
    # A folder of parts is what a killed download has left: it could be that others lack yet.
    names = hub_splits.choose(hub_splits.laid(folder), split)
    if not names or parts.exists() or hub_splits.missing(names):
        try:
            names = _download(folder, parts, split)
        except DownloadError as error:
            raise DownloadError(f"{error} {_by_hand(folder, parts, split, names)}") from error
    else:
        logger.info("%s: %s laid there; nothing is downloaded", folder, ", ".join(names))
    files = [{"path": name, "sha256": sha256(folder / name)} for name in names]
    save_json(path, split._asdict() | {"files": files})
    shutil.rmtree(parts, ignore_errors=True)


def _download(folder: Path, parts: Path, split: Split) -> list[str]:
    """Download a split's files into their folder, and return their names, in order.

    Args:
        parts: a folder for what has arrived of a file.

    Raises: DownloadError, DatasetError.
    """
    _check_libraries()
    listed = _list_files(split)
    names = hub_splits.choose(list(listed), split)
    if not names:
        raise _no_such_split(list(listed), split)
    lacking = hub_splits.missing(names)
    if lacking:
        raise DownloadError(
            f"{_of(split)}: Expected all parts of it on the hub. Received none that is called "
            f"{', '.join(lacking[:SHOWN])}."
        )
    parts.mkdir(parents=True, exist_ok=True)
    for name in names:
        file, expected = folder / name, listed[name]
        if not file.exists():
            part = parts / name.replace("/", ".")
            _fetch(split, name, part, expected)
            file.parent.mkdir(parents=True, exist_ok=True)
            os.replace(part, file)
        elif not _is_whole(file, expected):
            raise DownloadError(
                f"{file}: Expected the file of this name on the hub. Received another, or a part "
                "of it. Delete it to have it downloaded."
            )
    return names


def _check_libraries() -> None:
    try:
        import huggingface_hub  # noqa: F401
        import pyarrow  # noqa: F401 Reads the files once they are there.
    except ImportError as error:
        raise DownloadError(
            "source: Expected huggingface_hub and pyarrow to be installed, which huggingface "
            f"needs. Received: {error}. Install them: {INSTALL}."
        ) from error


def _list_files(split: Split) -> dict[str, Any]:
    """Return what the hub says of all files of a dataset, by their paths."""
    from huggingface_hub import HfApi

    ask = HfApi(endpoint=_endpoint()).dataset_info
    try:
        found = downloads.again(
            lambda: ask(
                split.name,
                revision=split.revision,
                files_metadata=True,
                timeout=downloads.TIMEOUT,
            ),
            may_pass=_may_pass,
        )
    except _errors() as error:
        raise _refused(error, split, _of(split)) from error
    if found.sha != split.revision:
        raise DownloadError(
            f"{_of(split)}: Expected files of the commit {split.revision} (revision). Received "
            f"those of {found.sha}."
        )
    return {file.rfilename: file for file in found.siblings or []}


def _fetch(split: Split, name: str, part: Path, expected: Any) -> None:
    """Download a file, or what is still to come of it, until it is whole."""
    from huggingface_hub import hf_hub_url

    url = hf_hub_url(
        split.name, name, repo_type="dataset", revision=split.revision, endpoint=_endpoint()
    )
    try:
        downloads.again(lambda: _go_on(url, part, expected.size), may_pass=_may_pass)
    except _errors() as error:
        raise _refused(error, split, f"{_of(split)}, {name}") from error
    if not _is_whole(part, expected):
        received = sha256(part)
        part.unlink()
        raise DownloadError(
            f"{url}: Expected a file with the SHA-256 {expected.lfs.sha256}. Received one with "
            f"{received}. It has been changed or damaged; nothing of it was kept. Start again."
            if expected.lfs
            else f"{url}: Expected the blob {expected.blob_id} of git. Received another file, of "
            f"which nothing was kept. Start again."
        )
    logger.info("%s: %d bytes, as the hub has them", url, part.stat().st_size)


def _go_on(url: str, part: Path, size: int | None) -> None:
    """Append to a file what is still to come of it."""
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers, disable_progress_bars

    disable_progress_bars()
    # Of a file that is longer than it should be, or of unknown length, nothing is believed.
    if part.exists() and (size is None or part.stat().st_size > size):
        part.unlink()
    have = part.stat().st_size if part.exists() else 0
    if have:
        logger.info("%s: goes on at byte %d of %d", url, have, size)
    # Identity: a compressed answer has other bytes, of which no rest can be asked for.
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    with open(part, "ab") as file:
        http_get(url, file, resume_size=have, headers=headers, expected_size=size)


def _is_whole(file: Path, expected: Any) -> bool:
    """Return whether a file is what the hub lists: by its SHA-256, or git's hash of a small one."""
    from huggingface_hub.utils.sha import git_hash

    if expected.lfs:
        return sha256(file) == expected.lfs.sha256
    return git_hash(file.read_bytes()) == expected.blob_id


def _errors() -> tuple[type[Exception], ...]:
    """Return what the library raises where a request fails."""
    from huggingface_hub.errors import HfHubHTTPError

    # The first is the base of all errors of its HTTP library, refusals among them.
    return (*HfHubHTTPError.__bases__, ValueError)


def _may_pass(error: BaseException) -> bool:
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in downloads.PASSING
    if isinstance(error, OfflineModeIsEnabled):
        return False
    # Another length than announced is an OSError without a number; a full disk has one.
    is_network = isinstance(error, HfHubHTTPError.__bases__[0])
    return is_network or (type(error) is OSError and error.errno is None)


def _refused(error: Exception, split: Split, what: str) -> StudyError:
    """Return the error to raise where the hub gave nothing: a DownloadError, unless the config
    names what is not there."""
    from huggingface_hub import errors

    if isinstance(error, errors.OfflineModeIsEnabled):
        return DownloadError(f"{what}: Expected a download. Received: HF_HUB_OFFLINE is set.")
    response = getattr(error, "response", None)
    status = response.status_code if response is not None else None
    if status in (401, 403):
        return DownloadError(
            f"{what}: Expected access. Received {status}. Is the name spelled right (name), and if "
            "the dataset is private or gated: is a token in HF_TOKEN, and has its account accepted "
            f"the terms at {_address(split)}?"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return DatasetError(
            f"{what}: Expected a commit of this dataset (revision). Received {split.revision}, "
            f"which the hub does not know. {_address(split)}/commits/main lists them."
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return DatasetError(
            f"{what}: Expected a dataset on the hub (name). Received {status}. Is it spelled right?"
        )
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return DownloadError(
        f"{what}: Expected a download. Received: {reason}. Is this machine online?"
    )


def _no_such_split(paths: list[str], split: Split) -> DatasetError:
    found = [path for path in paths if path.endswith(hub_splits.SUFFIX)]
    what = "Parquet files" if found else "no Parquet file, but"
    shown = ", ".join((found or paths)[:SHOWN]) + (", ..." if len(found or paths) > SHOWN else "")
    subset = f" and the subset {split.subset!r}" if split.subset else ""
    return DatasetError(
        f"{_of(split)}: Expected Parquet files of the split {split.split!r}{subset}, such as "
        f"data/{split.split}-00000-of-00001.parquet. Received {what}: {shown or 'nothing'}. The "
        f"hub converts datasets at {hub_splits.CONVERTED}: take a commit of that as revision "
        f"({_address(split)}/commits/{hub_splits.CONVERTED.replace('/', '%2F')}), or name the "
        "files of yours with another source (path)."
    )


def _by_hand(folder: Path, parts: Path, split: Split, names: list[str]) -> str:
    """Say which files to lay where, so that nothing is downloaded."""
    lacking = hub_splits.missing(names)
    example = f"data/{split.split}-00000-of-00001.parquet"
    which = f"of {_address(split)}/tree/{split.revision} the split's Parquet files (as {example})"
    if lacking:
        which = f"the files that are still missing ({', '.join(lacking)})"
    unfinished = f", and delete {parts}" if parts.exists() else ""
    return (
        f"Without a network, lay {which} into {folder}, in the folders that they have on the hub"
        f"{unfinished}. On a machine with a network this fetches them: hf download {split.name} "
        f"--repo-type dataset --revision {split.revision} --include '*{split.split}*.parquet' "
        f"--local-dir {folder}"
    )


def _of(split: Split) -> str:
    return f"Hugging Face dataset {split.name} at {split.revision[:8]}"


def _endpoint() -> str:
    """Return the address of the hub, as the library finds it, also where it is not installed."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def _address(split: Split) -> str:
    """Return the address of a dataset's page."""
    return f"{_endpoint()}/datasets/{split.name}"
