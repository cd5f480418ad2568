"""Downloads by address and from Kaggle: a file arrives whole or not at all."""

import logging
import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import tenacity

from self_training.errors import DownloadError
from self_training.storage import atomic_path
from self_training.storage import sha256 as sha256_of

logger = logging.getLogger(__name__)

ATTEMPTS = 5
LONGEST_WAIT = 30  # Seconds between two attempts: 1, 2, 4, ... up to this.
TIMEOUT = 60  # Seconds in which a server must send something.
# A server's answers that may be others a moment later.
PASSING = {408, 425, 429, 500, 502, 503, 504}


def download(url: str, path: Path, sha256: str) -> None:
    """Download a file, again when the connection breaks or the server is busy.

    Raises: DownloadError, when the server refuses, is still busy after the last attempt, or sends
        something else than expected; no file is left then.
    """
    with atomic_path(path) as part:
        try:
            again(_stream, url, part)
        except requests.RequestException as error:
            raise DownloadError(
                f"{url}: Expected a download. Received: {_reason(error)}. Is this machine online, "
                "and does the address open in a browser?"
            ) from error
        received = sha256_of(part)
        if received != sha256:
            raise DownloadError(
                f"{url}: Expected a file with SHA-256 {sha256}. Received one with {received}. It "
                "has been changed or damaged; nothing of it was kept."
            )


def again(
    function: Callable, *arguments: Any, may_pass: Callable[[BaseException], bool] | None = None
) -> Any:
    """Call a function that uses the network, again after errors that may pass.

    Args:
        may_pass: tells these from others; those of requests when left out.
    """
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(may_pass or _may_pass),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_exponential(max=LONGEST_WAIT),
        before_sleep=_log_failure,
        reraise=True,
    )(function, *arguments)


def _log_failure(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if error is not None:
        number, reason = state.attempt_number, _reason(error)
        logger.warning("Attempt %d of %d failed: %s", number, ATTEMPTS, reason)


def _reason(error: BaseException) -> str:
    """Return what went wrong, without the wrappings of the libraries on the way."""
    wrapped = error.args[0] if error.args else error
    return str(getattr(wrapped, "reason", error))


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error.response.status_code in PASSING
    return isinstance(
        error,
        requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError,
    )


def _stream(url: str, path: Path) -> None:
    # Identity: an archive must not be unpacked on the way, its SHA-256 would be another one.
    headers = {"Accept-Encoding": "identity"}
    with requests.get(url, stream=True, timeout=TIMEOUT, headers=headers) as response:
        response.raise_for_status()
        with open(path, "wb") as file:
            for chunk in response.iter_content(2**20):
                file.write(chunk)


def fetch_kaggle(slug: str, file: str, folder: Path) -> Path:
    """Download one file of a Kaggle dataset into a folder, which is empty, and unzip it.

    Args:
        slug: owner/dataset, as in the dataset's address.

    Raises: DownloadError, without credentials among others.
    """
    by_hand = (
        f"Or download '{file}' of https://www.kaggle.com/datasets/{slug} in a browser and lay it, "
        "or a zip of it, into resources/."
    )
    where = f"Kaggle dataset {slug}, file '{file}'"
    # Tries to log in when it is imported, and explains itself on stdout when it can't.
    import kaggle

    def fetch() -> None:
        # From an empty folder: what a failed attempt has left is not always what it should be.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            kaggle.api.dataset_download_file(slug, file, folder)
        except ValueError as error:  # Of another size than announced.
            raise requests.exceptions.ChunkedEncodingError(str(error)) from error

    try:
        again(kaggle.api.authenticate)
        again(fetch)
    except SystemExit as error:
        raise DownloadError(
            f"{where}: Expected credentials of Kaggle. Received none that can be used. "
            "Make a token at https://www.kaggle.com/settings/api and save it as "
            f"~/.kaggle/access_token, or set KAGGLE_API_TOKEN. {by_hand}"
        ) from error
    except requests.HTTPError as error:
        raise DownloadError(f"{where}: {_refusal(error)} {by_hand}") from error
    except (requests.RequestException, OSError) as error:
        raise DownloadError(
            f"{where}: Expected a download. Received: {_reason(error)}. Is this machine "
            f"online? {by_hand}"
        ) from error
    found = [path for path in folder.iterdir() if path.suffix in (".zip", Path(file).suffix)]
    if len(found) != 1:
        raise DownloadError(
            f"{where}: Expected one file. Received: "
            f"{', '.join(path.name for path in found) or 'none'}. {by_hand}"
        )
    return unzipped(found[0], file, folder)


def _refusal(error: requests.HTTPError) -> str:
    status = error.response.status_code if error.response is not None else None
    if status in (401, 403):
        return (
            f"Expected access. Received {status}. Is the token in ~/.kaggle/access_token or "
            "KAGGLE_API_TOKEN still valid, and has the account accepted the dataset's terms?"
        )
    if status == 404:
        return "Expected a file of this name. Received 404. Are slug and file spelled right?"
    return f"Expected a download. Received: {error}."


def unzipped(path: Path, file: str, folder: Path) -> Path:
    """Return a file as it is or, when it is a zip, the member `file` of it, unpacked to a folder.

    Raises: DownloadError, when the zip is damaged or has no such member.
    """
    if path.suffix != ".zip" or file.endswith(".zip"):
        return path
    try:
        with zipfile.ZipFile(path) as archive:
            if Path(file).name not in archive.namelist():
                raise DownloadError(
                    f"{path}: Expected '{Path(file).name}' in it. Received: "
                    f"{', '.join(archive.namelist()[:5])}."
                )
            return Path(archive.extract(Path(file).name, folder / "unzipped"))
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise DownloadError(
            f"{path}: Expected a whole zip archive. Received one that cannot be unpacked "
            f"({error}). Fetch it again, or unzip it by hand."
        ) from error
