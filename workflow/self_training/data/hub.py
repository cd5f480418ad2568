"""Downloads from the Hugging Face hub: files of a repository, at a commit.

The library huggingface_hub speaks with the hub: it lists files, has addresses and credentials, and
asks for the rest of a file. Its own downloads begin anew after a kill; here, what has arrived stays
in a file of its own until its SHA-256 is what the hub says.
"""

import logging
import os
from pathlib import Path
from typing import Any, NamedTuple

from self_training.data import downloads
from self_training.errors import DatasetError, DownloadError, StudyError
from self_training.storage import sha256

logger = logging.getLogger(__name__)

DATASET, MODEL = "dataset", "model"


class Repository(NamedTuple):
    """A dataset or a model on the hub, at a commit.

    kind: DATASET or MODEL.
    name: OWNER/NAME; some models have no owner.
    revision: the commit.
    """

    kind: str
    name: str
    revision: str

    @property
    def address(self) -> str:
        """The address of its page."""
        return f"{_endpoint()}/{'datasets/' if self.kind == DATASET else ''}{self.name}"

    def __str__(self) -> str:
        """Return what messages call it."""
        return f"Hugging Face {self.kind} {self.name} at {self.revision[:8]}"


def list_files(repository: Repository) -> dict[str, Any]:
    """Return what the hub says of all files of a repository, by their paths.

    Raises: DownloadError or, where the config names what is not there, DatasetError.
    """
    from huggingface_hub import HfApi

    ask = HfApi(endpoint=_endpoint()).repo_info
    try:
        found = downloads.again(
            lambda: ask(
                repository.name,
                repo_type=repository.kind,
                revision=repository.revision,
                files_metadata=True,
                timeout=downloads.TIMEOUT,
            ),
            may_pass=_may_pass,
        )
    except _errors() as error:
        raise _refused(error, repository, str(repository)) from error
    if found.sha != repository.revision:
        raise DownloadError(
            f"{repository}: Expected files of the commit {repository.revision} (revision). "
            f"Received those of {found.sha}."
        )
    return {file.rfilename: file for file in found.siblings or []}


def download(
    repository: Repository, names: list[str], listed: dict[str, Any], folder: Path, parts: Path
) -> None:
    """Download files of a repository into a folder, but those that are there.

    Args:
        names: of the files.
        listed: of `list_files`.
        parts: a folder for what has arrived of a file, which is not removed.

    Raises: DownloadError, DatasetError.
    """
    parts.mkdir(parents=True, exist_ok=True)
    for name in names:
        file, expected = folder / name, listed[name]
        if not file.exists():
            part = parts / name.replace("/", ".")
            _fetch(repository, name, part, expected)
            file.parent.mkdir(parents=True, exist_ok=True)
            os.replace(part, file)
        elif not _is_whole(file, expected):
            raise DownloadError(
                f"{file}: Expected the file of this name on the hub. Received another, or a part "
                "of it. Delete it to have it downloaded."
            )


def by_hand(repository: Repository, what: str, include: str, folder: Path, parts: Path) -> str:
    """Say which files to lay where, so that nothing is downloaded.

    Args:
        what: which files, in words.
        include: options of the command `hf download`.
    """
    unfinished = f", and delete {parts}" if parts.exists() else ""
    of_kind = "--repo-type dataset " if repository.kind == DATASET else ""
    return (
        f"Without a network, lay {what} into {folder}, in the folders that they have on the hub"
        f"{unfinished}. On a machine with a network this fetches them: hf download "
        f"{repository.name} {of_kind}--revision {repository.revision} {include} "
        f"--local-dir {folder}"
    )


def _fetch(repository: Repository, name: str, part: Path, expected: Any) -> None:
    """Download a file, or what is still to come of it, until it is whole."""
    from huggingface_hub import hf_hub_url

    kind, revision = repository.kind, repository.revision
    url = hf_hub_url(repository.name, name, repo_type=kind, revision=revision, endpoint=_endpoint())
    try:
        downloads.again(lambda: _go_on(url, part, expected.size), may_pass=_may_pass)
    except _errors() as error:
        raise _refused(error, repository, f"{repository}, {name}") from error
    if not _is_whole(part, expected):
        received = sha256(part)
        part.unlink()
        hub_has = f"the blob {expected.blob_id} of git"
        if expected.lfs:
            hub_has = f"a file with the SHA-256 {expected.lfs.sha256}"
        raise DownloadError(
            f"{url}: Expected {hub_has}. Received a file with the SHA-256 {received}. It has been "
            "changed or damaged; nothing of it was kept. Start again."
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


def _refused(error: Exception, repository: Repository, what: str) -> StudyError:
    """Return the error to raise where the hub gave nothing: a DownloadError, unless the config
    names what is not there."""
    from huggingface_hub import errors

    kind = repository.kind
    if isinstance(error, errors.OfflineModeIsEnabled):
        return DownloadError(f"{what}: Expected a download. Received: HF_HUB_OFFLINE is set.")
    response = getattr(error, "response", None)
    status = response.status_code if response is not None else None
    if status in (401, 403):
        return DownloadError(
            f"{what}: Expected access. Received {status}. Is the name spelled right, and if the "
            f"{kind} is private or gated: is a token in HF_TOKEN, and has its account accepted the "
            f"terms at {repository.address}?"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return DatasetError(
            f"{what}: Expected a commit of this {kind} (revision). Received {repository.revision}, "
            f"which the hub does not know. {repository.address}/commits/main lists them."
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return DatasetError(
            f"{what}: Expected a {kind} on the hub. Received {status}. Is its name spelled right?"
        )
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return DownloadError(
        f"{what}: Expected a download. Received: {reason}. Is this machine online?"
    )


def _endpoint() -> str:
    """Return the address of the hub, as the library finds it, also where it is not installed."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
