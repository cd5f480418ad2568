"""The datasets that Keras offers, read from where Keras reads them; without Keras itself."""

import gzip
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import numpy as np

from self_training.data.downloads import download

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
_CIFAR = "https://www.cs.toronto.edu/~kriz"
# What Keras' own datasets are read from, (URL, SHA-256): the addresses of keras.datasets, and its
# checksums but for Fashion-MNIST, of which it has none.
KERAS_FILES = {
    "mnist": [
        (
            f"{_KERAS}/mnist.npz",
            "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        ),
    ],
    "fashion_mnist": [
        (
            f"{_KERAS}/train-images-idx3-ubyte.gz",
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        (
            f"{_KERAS}/train-labels-idx1-ubyte.gz",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
    ],
    "cifar10": [
        (
            f"{_CIFAR}/cifar-10-python.tar.gz",
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        ),
    ],
    "cifar100": [
        (
            f"{_CIFAR}/cifar-100-python.tar.gz",
            "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
        ),
    ],
}


def fetch(name: str, folder: Path) -> list[Path]:
    """Download a dataset's files into a folder.

    Raises: DownloadError.
    """
    paths = []
    for url, sha256 in KERAS_FILES[name]:
        paths.append(folder / url.rpartition("/")[2])
        download(url, paths[-1], sha256)
    return paths


def read(name: str, paths: list[Path]) -> dict[str, np.ndarray]:
    """Return a dataset's training split.

    Returns: x uint8 (examples, height, width, channels), y (examples,) and class_names (classes,).
    """
    readers: dict[str, Callable[..., dict[str, np.ndarray]]] = {
        "mnist": _read_mnist,
        "fashion_mnist": _read_fashion_mnist,
        "cifar10": _read_cifar10,
        "cifar100": _read_cifar100,
    }
    return readers[name](*paths)


def _read_mnist(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        x, y = archive["x_train"], archive["y_train"]
    names = np.array([str(digit) for digit in range(10)])
    return {"x": x[..., None], "y": y, "class_names": names}


def _read_fashion_mnist(images: Path, labels: Path) -> dict[str, np.ndarray]:
    names = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
    return {
        "x": _read_idx(images)[..., None],
        "y": _read_idx(labels),
        "class_names": np.array(names.split(",")),
    }


def _read_idx(path: Path) -> np.ndarray:
    """Read a gzipped IDX file: 0, 0, type (8: uint8), number of axes, their lengths, the data."""
    with gzip.open(path) as file:
        content = file.read()
    axes = content[3]
    shape = np.frombuffer(content, ">i4", axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _read_cifar10(path: Path) -> dict[str, np.ndarray]:
    folder = "cifar-10-batches-py"
    batches = [f"{folder}/data_batch_{number}" for number in range(1, 6)]
    return _read_cifar(path, batches, b"labels", f"{folder}/batches.meta", b"label_names")


def _read_cifar100(path: Path) -> dict[str, np.ndarray]:
    folder = "cifar-100-python"
    return _read_cifar(
        path, [f"{folder}/train"], b"fine_labels", f"{folder}/meta", b"fine_label_names"
    )


def _read_cifar(path, batches, labels, meta, names) -> dict[str, np.ndarray]:
    """Read pickled batches; a pickle may run code, so the file's SHA-256 was checked before."""
    with tarfile.open(path) as archive:
        *parts, about = [
            pickle.load(cast(IO[bytes], archive.extractfile(name)), encoding="bytes")
            for name in [*batches, meta]
        ]
    x = np.concatenate([part[b"data"] for part in parts]).reshape(-1, 3, 32, 32)
    return {
        "x": np.ascontiguousarray(x.transpose(0, 2, 3, 1)),
        "y": np.concatenate([part[labels] for part in parts]).astype(np.uint8),
        "class_names": np.array([name.decode() for name in about[names]]),
    }
