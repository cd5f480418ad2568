"""Downloads from a server on this machine that misbehaves as real ones do."""

import gzip
import hashlib
import importlib.util
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from kagglesdk import kaggle_env
from self_training.data import archives, downloads, keras_archives, sources
from self_training.errors import DatasetError, DownloadError
from self_training.image import readers
from servers import CONTENT, Server


@pytest.fixture()
def server(monkeypatch):
    monkeypatch.setattr(downloads, "LONGEST_WAIT", 0.02)
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


def make_archive(path, settings) -> None:
    archives.make_archive(path, settings, readers.read)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "behaviors",
    [
        ["whole"],
        [503, "whole"],
        [503, 500, 429, 504, "whole"],
        ["cut", "whole"],
        ["drop", "cut", "whole"],
        ["silent", "whole"],
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again(server, tmp_path, monkeypatch, behaviors):
    monkeypatch.setattr(downloads, "TIMEOUT", 2)
    url = server.serve("/file", *behaviors)
    downloads.download(url, tmp_path / "file", sha256(CONTENT))
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(server.requests) == len(behaviors)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("behavior", "requests", "message"),
    [
        (503, downloads.ATTEMPTS, "Received: 503 Server Error"),
        ("cut", downloads.ATTEMPTS, "IncompleteRead|incomplete"),
        ("drop", downloads.ATTEMPTS, "Is this machine online"),
        (404, 1, "Received: 404 Client Error"),
        (403, 1, "Received: 403 Client Error"),
        (b"another file", 1, f"Expected a file with SHA-256 {sha256(CONTENT)}. Received one with"),
    ],
)
def test_what_does_not_pass_is_an_error_that_leaves_nothing(
    server, tmp_path, behavior, requests, message
):
    url = server.serve("/file", behavior)
    with pytest.raises(DownloadError, match=message) as error:
        downloads.download(url, tmp_path / "file", sha256(CONTENT))
    assert url in str(error.value)
    assert len(server.requests) == requests
    assert os.listdir(tmp_path) == []


def test_a_server_that_is_not_there(server, tmp_path):
    url = server.serve("/file", CONTENT)
    server.shutdown()
    server.server_close()
    with pytest.raises(DownloadError, match="Is this machine online"):
        downloads.download(url, tmp_path / "file", sha256(CONTENT))


def test_a_failed_download_keeps_the_file_of_before(server, tmp_path):
    (tmp_path / "file").write_bytes(b"whole")
    with pytest.raises(DownloadError):
        downloads.download(server.serve("/file", "cut"), tmp_path / "file", sha256(CONTENT))
    assert (tmp_path / "file").read_bytes() == b"whole"


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    return gzip.compress(header + array.tobytes())


def tar(members: dict) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            pickled = pickle.dumps(content)
            info = tarfile.TarInfo(name)
            info.size = len(pickled)
            archive.addfile(info, io.BytesIO(pickled))
    return buffer.getvalue()


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def small_images(channels: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    side = 28 if channels == 1 else 32
    x = rng.integers(0, 256, (60, side, side, channels), dtype=np.uint8)
    return x, np.arange(60, dtype=np.uint8) % 10


def cifar_batch(x, y, labels: bytes) -> dict:
    """Images as CIFAR has them: all red values, row by row, then all green and blue ones."""
    return {b"data": x.transpose(0, 3, 1, 2).reshape(len(x), -1), labels: y.tolist()}


def keras_files(name: str, x: np.ndarray, y: np.ndarray) -> dict[str, bytes]:
    """Return a dataset's files in their real formats."""
    if name == "mnist":
        test = {"x_test": x[:1, ..., 0], "y_test": y[:1]}
        return {"mnist.npz": npz(x_train=x[..., 0], y_train=y, **test)}
    if name == "fashion_mnist":
        return {
            "train-images-idx3-ubyte.gz": idx(x[..., 0]),
            "train-labels-idx1-ubyte.gz": idx(y),
        }
    names = [f"class {label}".encode() for label in range(10)]
    if name == "cifar10":
        folder = "cifar-10-batches-py"
        batches = {
            f"{folder}/data_batch_{part + 1}": cifar_batch(
                x[part * 12 : part * 12 + 12], y[part * 12 : part * 12 + 12], b"labels"
            )
            for part in range(5)
        }
        meta = {f"{folder}/batches.meta": {b"label_names": names}}
        return {"cifar-10-python.tar.gz": tar(batches | meta)}
    folder = "cifar-100-python"
    coarse = {b"coarse_labels": [0] * len(y)}
    return {
        "cifar-100-python.tar.gz": tar(
            {
                f"{folder}/train": cifar_batch(x, y, b"fine_labels") | coarse,
                f"{folder}/meta": {b"fine_label_names": names, b"coarse_label_names": [b"all"]},
            }
        )
    }


@pytest.mark.parametrize("name", sources.KERAS_NAMES)
def test_datasets_of_keras(server, tmp_path, monkeypatch, name):
    x, y = small_images(1 if "mnist" in name else 3)
    files = keras_files(name, x, y)
    assert list(files) == [url.rpartition("/")[2] for url, _ in keras_archives.KERAS_FILES[name]]
    addresses = [
        (server.serve(f"/{file}", 503, "cut", content), sha256(content))
        for file, content in files.items()
    ]
    monkeypatch.setitem(keras_archives.KERAS_FILES, name, addresses)
    settings = {"source": "keras", "name": name, "epochs": 1}
    make_archive(tmp_path / f"{name}.npz", settings)
    examples = readers.read(tmp_path / f"{name}.npz", settings)
    np.testing.assert_array_equal(examples.load(np.arange(60)), x)
    np.testing.assert_array_equal(examples.y, y)
    assert len(examples.class_names) == 10
    assert os.listdir(tmp_path) == [f"{name}.npz"]


def test_pickles_are_opened_only_after_their_checksum(server, tmp_path, monkeypatch):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    trap = tar({"cifar-100-python/train": Trap(), "cifar-100-python/meta": {}})
    address = [(server.serve("/cifar", trap), sha256(CONTENT))]
    monkeypatch.setitem(keras_archives.KERAS_FILES, "cifar100", address)
    with pytest.raises(DownloadError, match="Expected a file with SHA-256"):
        make_archive(tmp_path / "cifar100.npz", {"source": "keras", "name": "cifar100"})
    assert os.listdir(tmp_path) == []


def test_the_files_of_keras_are_those_that_keras_names():
    """Its own source says so, for all that it gives a checksum of."""
    (location,) = importlib.util.find_spec("keras").submodule_search_locations
    folder = Path(location) / "src/datasets"
    for name, files in keras_archives.KERAS_FILES.items():
        source = (folder / f"{name}.py").read_text()
        for url, checksum in files:
            base, _, file = url.rpartition("/")
            assert base in source and file in source
            assert name == "fashion_mnist" or checksum in source


def test_killed_in_the_middle_of_a_download(server, tmp_path):
    """What is left is not taken for an archive, and gone after the next attempt."""
    x, y = small_images(1)
    (content,) = keras_files("mnist", x, y).values()
    url = server.serve("/mnist.npz", "slow", content)
    code = (
        "import sys; from self_training.data import archives, keras_archives; "
        "from self_training.image.readers import read; "
        "keras_archives.KERAS_FILES['mnist'] = [(sys.argv[1], sys.argv[2])]; "
        "archives.make_archive('mnist.npz', {'source': 'keras', 'name': 'mnist'}, read)"
    )
    command = [sys.executable, "-c", code, url, sha256(content)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment)
    assert server.sent.wait(60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "mnist.npz").exists() and os.listdir(tmp_path)
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert os.listdir(tmp_path) == ["mnist.npz"]


LETTERS = {
    "source": "kaggle",
    "name": "letters",
    "slug": "owner/letters",
    "file": "A_Z Letters.csv",
    "label_column": "0",
    "class_names": ["A", "B"],
}
# As the real file: no header, so that the first row is taken for one and columns share names.
LETTERS_CSV = b"0,0,0,7,0\n0,1,2,3,4\n1,5,6,7,8\n0,9,10,11,255\n"


def check_letters(path):
    examples = readers.read(path, LETTERS)
    assert examples.y.tolist() == [0, 1, 0] and examples.class_names.tolist() == ["A", "B"]
    assert examples.load(np.arange(3))[:, :, :, 0].tolist() == [
        [[1, 2], [3, 4]],
        [[5, 6], [7, 8]],
        [[9, 10], [11, 255]],
    ]


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("as_zip", [False, True])
def test_kaggle_files_laid_by_hand(tmp_path, as_zip):
    file = LETTERS["file"] + (".zip" if as_zip else "")
    content = zipped(LETTERS["file"], LETTERS_CSV) if as_zip else LETTERS_CSV
    (tmp_path / file).write_bytes(content)
    make_archive(tmp_path / "letters.npz", LETTERS)
    check_letters(tmp_path / "letters.npz")
    assert sorted(os.listdir(tmp_path)) == [file, "letters.npz"]
    assert (tmp_path / file).read_bytes() == content


def test_damaged_zips_are_named(tmp_path):
    path = tmp_path / f"{LETTERS['file']}.zip"
    whole = zipped(LETTERS["file"], LETTERS_CSV)
    damaged = whole.replace(b"1,5,6,7,8", b"1,5,6,7,9")
    for content in (whole[:50], damaged, zipped("other.csv", LETTERS_CSV)):
        path.write_bytes(content)
        with pytest.raises(DownloadError, match=f"{path}: Expected"):
            make_archive(tmp_path / "letters.npz", LETTERS)
        assert os.listdir(tmp_path) == [path.name]


def test_checksum_of_a_kaggle_file(tmp_path):
    (tmp_path / LETTERS["file"]).write_bytes(LETTERS_CSV)
    right = LETTERS | {"sha256": sha256(LETTERS_CSV)}
    make_archive(tmp_path / "letters.npz", right)
    sources.check_sha256(readers.read(tmp_path / "letters.npz", right).origin["sha256"], right, "")
    (tmp_path / "letters.npz").unlink()
    with pytest.raises(DatasetError, match="A_Z Letters.csv: Expected the SHA-256 0000"):
        make_archive(tmp_path / "letters.npz", LETTERS | {"sha256": "0" * 64})
    assert os.listdir(tmp_path) == [LETTERS["file"]]


def test_an_archive_of_something_else_is_not_used(tmp_path):
    (tmp_path / LETTERS["file"]).write_bytes(LETTERS_CSV)
    make_archive(tmp_path / "letters.npz", LETTERS)
    with pytest.raises(DatasetError, match="letters.npz: Expected an archive of slug 'me/other'"):
        readers.read(tmp_path / "letters.npz", LETTERS | {"slug": "me/other"})


DOWNLOAD = "/v1/datasets.DatasetApiService/DownloadDataset"
LOGIN = "/v1/security.OAuthService/IntrospectToken"


@pytest.fixture()
def kaggle_server(server, monkeypatch, tmp_path_factory):
    """The server, which Kaggle's own package takes for Kaggle."""
    monkeypatch.setenv("KAGGLE_API_TOKEN", "a token")
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    address = f"http://localhost:{server.server_port}"
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, address)
    server.serve(LOGIN, 503, {"active": True, "username": "me"})
    return server


@pytest.mark.parametrize("as_zip", [False, True])
def test_kaggle_files_are_downloaded(kaggle_server, tmp_path, as_zip):
    content = zipped(LETTERS["file"], LETTERS_CSV) if as_zip else LETTERS_CSV
    path = "/A_Z%20Letters.csv" + (".zip" if as_zip else "")
    file = kaggle_server.serve(path, "cut", 503, 503, content)
    kaggle_server.serve(DOWNLOAD, 503, file)
    make_archive(tmp_path / "letters.npz", LETTERS)
    check_letters(tmp_path / "letters.npz")
    assert kaggle_server.requests.count(DOWNLOAD) >= 2
    assert os.listdir(tmp_path) == ["letters.npz"]


def test_a_mistake_in_the_config_costs_no_second_download(kaggle_server, tmp_path):
    kaggle_server.serve(DOWNLOAD, kaggle_server.serve("/A_Z%20Letters.csv", LETTERS_CSV))
    wrong = LETTERS | {"label_column": "label"}
    message = f"{tmp_path}/A_Z Letters.csv: Expected the column 'label'"
    with pytest.raises(DatasetError, match=message):
        make_archive(tmp_path / "letters.npz", wrong)
    requests = len(kaggle_server.requests)
    make_archive(tmp_path / "letters.npz", LETTERS)
    check_letters(tmp_path / "letters.npz")
    assert len(kaggle_server.requests) == requests


@pytest.mark.parametrize(
    ("behavior", "message"),
    [
        (401, "Is the token .* still valid"),
        (403, "accepted the dataset's terms"),
        (404, "Are slug and file spelled right"),
        (503, "Received: 503"),
    ],
)
def test_kaggle_refuses(kaggle_server, tmp_path, behavior, message):
    kaggle_server.serve(DOWNLOAD, behavior)
    with pytest.raises(DownloadError, match=message) as error:
        make_archive(tmp_path / "letters.npz", LETTERS)
    for part in ("owner/letters", "A_Z Letters.csv", "into resources/", "letters.npz"):
        assert part in str(error.value)
    assert os.listdir(tmp_path) == []


def test_a_token_that_kaggle_does_not_know(kaggle_server, tmp_path):
    kaggle_server.serve(LOGIN, {"active": False})
    with pytest.raises(DownloadError, match="Expected credentials of Kaggle"):
        make_archive(tmp_path / "letters.npz", LETTERS)


def test_kaggle_cannot_be_reached(kaggle_server, tmp_path):
    kaggle_server.shutdown()
    kaggle_server.server_close()
    with pytest.raises(DownloadError, match="Is this machine online"):
        make_archive(tmp_path / "letters.npz", LETTERS)


def test_without_credentials_of_kaggle(tmp_path):
    code = (
        "import json, sys; from self_training.data import archives; "
        "from self_training.image.readers import read; "
        "archives.make_archive('letters.npz', json.loads(sys.argv[1]), read)"
    )
    environment = {"PYTHONPATH": str(ROOT / "workflow"), "HOME": str(tmp_path / "home")}
    (tmp_path / "work").mkdir()
    process = subprocess.run(
        [sys.executable, "-c", code, json.dumps(LETTERS)],
        cwd=tmp_path / "work",
        env=environment,
        capture_output=True,
        text=True,
    )
    assert process.returncode != 0
    for part in ("Expected credentials of Kaggle", "~/.kaggle/access_token", "into resources/"):
        assert part in process.stderr
    assert os.listdir(tmp_path / "work") == []
