"""Readers of images: whatever the format of a source, images and labels checked and made alike."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil

from self_training.data.examples import UNKNOWN, Examples, with_unlabeled
from self_training.data.files import read_npz, read_unlabeled_npz
from self_training.data.folders import list_without_classes, name_files, read_classes
from self_training.data.sources import FOLDERS, check_origin, unknown_source
from self_training.errors import DatasetError
from self_training.image.csv_reader import read_csv, read_unlabeled_csv
from self_training.image.decoding import convert_colors, decode


def read(path: Path | str | None, settings: dict) -> Examples:
    """Read the labels of a dataset's source, and how to get at its images.

    Args:
        path: of a file or folder; None for a source that comes with a library.
        settings: of the dataset.

    Returns: examples whose `load` gives images in the dataset's `color_mode`; those of `unlabeled`
        come last.
    Raises: DatasetError, also when an archive was made from something else than settings name.
    """
    color_mode = settings.get("color_mode")
    examples = _in_colors(_read_path(path, settings), color_mode)
    if "unlabeled" in settings:
        unlabeled = _in_colors(_read_unlabeled(settings), color_mode)
        examples = with_unlabeled(examples, unlabeled, settings["unlabeled"])
    return examples


def _in_colors(examples: Examples, color_mode: str | None) -> Examples:
    return replace(examples, load=lambda kept: convert_colors(examples.load(kept), color_mode))


def _read_path(path: Path | str | None, settings: dict) -> Examples:
    """Return what a dataset has beside examples of `unlabeled`, in the colors that they have."""
    source = settings["source"]
    sizes = settings.get("image_size"), settings.get("color_mode")
    if path is None:
        return _read_shipped(source)
    if source == "images":
        return read_images(path, *sizes, settings.get("classes"))
    if source == "csv":
        names = [settings.get(key) for key in ("class_names", "image_size", "id_column", "classes")]
        return read_csv(path, settings["label_column"], *names)
    if source == "npz":
        return read_npz(path, check_images)
    if source in ("digits", "keras", "kaggle"):
        examples = read_npz(path, check_images)
        if examples.origin:
            check_origin(path, examples.origin, settings)
        return examples
    raise unknown_source(settings)


def _read_unlabeled(settings: dict) -> Examples:
    """Return the images of `unlabeled`, which are in the form of the source of the others."""
    source, path = settings["source"], settings["unlabeled"]
    if source == "npz":
        return read_unlabeled_npz(path, check_images)
    if source == "csv":
        names = settings.get("image_size"), settings.get("id_column")
        return read_unlabeled_csv(path, settings["path"], settings["label_column"], *names)
    files = list_without_classes(Path(path), FOLDERS["images"])
    load = _loader(files, settings.get("image_size"), settings.get("color_mode"))
    y = np.full(len(files), UNKNOWN, np.int32)
    return Examples(y, np.array([], dtype=str), load, name_files(files, path))


def _read_shipped(source: str) -> Examples:
    if source == "digits":
        return read_digits()
    raise DatasetError(
        "source: Expected one that comes with a library (digits), as there is no "
        f"path. Received: {source!r}."
    )


def check_images(path: Path | str, x: np.ndarray, labels: int) -> None:
    """Raise DatasetError unless x is an array of so many images as there are labels."""
    if x.dtype != np.uint8 or x.ndim != 4:
        hint = "Pixels are whole numbers from 0 to 255; of numbers from 0 to 1, save "
        hint += "(x * 255).round().astype('uint8')."
        if x.ndim == 3:
            hint = "Gray images have one channel: x[..., None]."
        if x.ndim == 2:
            hint = "Vectors are of kind: vectors."
        raise DatasetError(
            f"{path}: Expected x as uint8 of shape (examples, height, width, channels), as kind is "
            f"images. Received {x.dtype} of shape {x.shape}. {hint}"
        )
    if x.shape[3] not in (1, 3):
        raise DatasetError(
            f"{path}: Expected images x with 1 channel (grayscale) or 3 (color). "
            f"Received {x.shape[3]}, in x of shape {x.shape}."
        )
    if 0 in x.shape[1:3]:
        raise DatasetError(
            f"{path}: Expected images x with pixels. Received x of shape {x.shape}, of no height "
            "or no width."
        )
    if len(x) != labels:
        raise DatasetError(
            f"{path}: Expected one label in y per image in x. Received {labels} labels and "
            f"{len(x)} images."
        )


def read_images(
    path: Path | str,
    image_size: Sequence[int] | None = None,
    color_mode: str | None = None,
    classes: Sequence[int | str] | None = None,
) -> Examples:
    """Read a folder with one sub-folder per class: PNG, JPEG and WebP images.

    Classes are in the order of their names (numbers as numbers), images too; those in a sub-folder
    `unlabeled` are of unknown label, unless `classes` has it. Pixels are those that are shown:
    turned as their Exif data say, on white where they are transparent.

    Args:
        image_size: (height, width) to which every image is stretched; without, all images must
            have the size of the first.
        color_mode: `grayscale` or `rgb`; without, images must all be the one or all the other.

    Raises: DatasetError, naming the image that is wrong.
    """
    files, y, class_names = read_classes(path, FOLDERS["images"], classes)
    load = _loader(files, image_size, color_mode)
    return Examples(y, class_names, load, name_files(files, path))


def _loader(
    paths: list[Path], image_size: Sequence[int] | None, color_mode: str | None
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what loads images of some files, which must all have one shape."""

    def load(kept: np.ndarray) -> np.ndarray:
        x = np.empty((0, 0, 0, 1), np.uint8)
        for row, index in enumerate(kept):
            image = decode(paths[index], image_size, color_mode)
            if row == 0:
                first = paths[index]
                _check_memory(first, len(kept), image)
                x = np.empty((len(kept), *image.shape), np.uint8)
            if image.shape[:2] != x.shape[1:3]:
                raise DatasetError(
                    f"{paths[index]}: Expected an image of {x.shape[1]} x {x.shape[2]} pixels "
                    f"(height x width), as {first}. Received {image.shape[0]} x {image.shape[1]}. "
                    "Set image_size: [height, width] to resize all."
                )
            if image.shape[2] != x.shape[3]:
                kinds = {1: "grayscale", 3: "color"}
                raise DatasetError(
                    f"{paths[index]}: Expected a {kinds[x.shape[3]]} image, as {first}. Received a "
                    f"{kinds[image.shape[2]]} one. Set color_mode: grayscale or rgb to convert all."
                )
            x[row] = image
        return x

    return load


def _check_memory(path: Path, count: int, image: np.ndarray) -> None:
    """Raise DatasetError where so many images like one are more than the machine's memory."""
    needed, total = count * image.nbytes, psutil.virtual_memory().total
    if needed > total:
        shape = " x ".join(map(str, image.shape))
        raise DatasetError(
            f"{path}: Expected images that fit into memory together, of {total / 2**30:.0f} GiB. "
            f"Received {count} of {shape}, {needed / 2**30:.0f} GiB. Set a smaller image_size."
        )


def read_digits() -> Examples:
    """Return the 1,797 handwritten digits of scikit-learn as uint8 images.

    Source: the test set of Optical Recognition of Handwritten Digits (Alpaydin & Kaynak 1998,
    UCI Machine Learning Repository), 8 x 8 pixels of 17 gray levels, here spread over 0 to 255.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    x = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., None]
    class_names = np.array([str(name) for name in digits.target_names])
    ids = [str(number) for number in range(len(x))]
    return Examples(digits.target.astype(np.uint8), class_names, x.__getitem__, ids)
