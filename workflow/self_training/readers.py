"""Readers: files that hold images and labels, whatever their format, checked and made alike.

A reader gives labels and class names at once, and images when it is asked for them, since many
questions are about labels alone and the images of some classes are often enough.
"""

import csv
import json
import re
import struct
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isqrt
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from self_training.errors import DatasetError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
# What file managers leave in folders, beside hidden files.
_LITTER = {"thumbs.db", "desktop.ini"}
_MODES = {"grayscale": "L", "rgb": "RGB"}
# Pillow's modes of 8 bits per channel (1: of one bit), by what they are read as.
_GRAY, _COLOR = {"1", "L", "LA", "La"}, {"P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}


# Exif's orientation, and the number of Pillow's transposition that undoes it.
_ORIENTATION = 0x0112
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}


@dataclass(frozen=True)
class Examples:
    """Labeled images.

    y: (examples,) integer labels.
    class_names: str (classes,).
    images: function from indices (kept,) to images, uint8 (kept, height, width, channels).
    origin: where an archive was made from, as recorded in it; empty where nothing was.
    """

    y: np.ndarray
    class_names: np.ndarray
    images: Callable[[np.ndarray], np.ndarray]
    origin: dict = field(default_factory=dict)


def read_npz(path) -> Examples:
    """Read a NumPy archive: x uint8 (examples, height, width, channels), y and class_names.

    Raises: DatasetError, naming the file and what it should hold.
    """
    with _readable(path, _NPZ), np.load(path) as archive:
        missing = {"x", "y", "class_names"} - set(archive.files)
        if missing:
            raise DatasetError(
                f"{path}: Expected the arrays x, y and class_names. Received: "
                f"{', '.join(sorted(archive.files)) or 'none'}. "
                f"Missing: {', '.join(sorted(missing))}."
            )
        y, class_names = archive["y"], archive["class_names"]
        origin = _read_origin(archive["origin"]) if "origin" in archive.files else {}
    check_archive(path, y, class_names)

    def images(kept: np.ndarray) -> np.ndarray:
        with _readable(path, _NPZ), np.load(path) as archive:
            x = archive["x"]
        if x.dtype != np.uint8 or x.ndim != 4:
            raise DatasetError(
                f"{path}: Expected x as uint8 of shape (examples, height, width, channels). "
                f"Received {x.dtype} of shape {x.shape}."
            )
        if x.shape[3] not in (1, 3):
            raise DatasetError(
                f"{path}: Expected images x with 1 channel (grayscale) or 3 (color). "
                f"Received {x.shape[3]}, in x of shape {x.shape}."
            )
        if len(x) != len(y):
            raise DatasetError(
                f"{path}: Expected one label in y per image in x. Received {len(y)} labels and "
                f"{len(x)} images."
            )
        return x[kept]

    return Examples(y, class_names, images, origin)


_NPZ = "a NumPy archive (.npz) with x, y and class_names"


def _read_origin(text: np.ndarray) -> dict:
    """Return what an archive of this workflow was made from; an array of the user's is none."""
    try:
        origin = json.loads(str(text))
    except json.JSONDecodeError:
        return {}
    return origin if isinstance(origin, dict) else {}


@contextmanager
def _readable(path, expected: str):
    """Turn whatever a library says of a damaged file into one error."""
    try:
        yield
    except DatasetError:
        raise
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        BadZipFile,
        zlib.error,
    ) as error:
        raise DatasetError(
            f"{path}: Expected {expected}. Received a file that cannot be read as one ({error})."
        ) from error


def check_archive(path, y: np.ndarray, class_names: np.ndarray) -> None:
    """Raise DatasetError unless labels and class names of an archive fit each other."""
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
        raise DatasetError(
            f"{path}: Expected y as integers of shape (examples,). "
            f"Received {y.dtype} of shape {y.shape}."
        )
    if class_names.ndim != 1 or class_names.dtype.kind != "U":
        raise DatasetError(
            f"{path}: Expected class_names as strings of shape (classes,). "
            f"Received {class_names.dtype} of shape {class_names.shape}."
        )
    _check_different(path, class_names.tolist())
    if len(y) and not 0 <= y.min() <= y.max() < len(class_names):
        raise DatasetError(
            f"{path}: Expected labels y from 0 to {len(class_names) - 1}, one per class name. "
            f"Received labels from {y.min()} to {y.max()}."
        )


def _check_different(path, names: list[str]) -> None:
    """Raise DatasetError when two names read the same, however they are encoded."""
    read = [unicodedata.normalize("NFC", name).strip() for name in names]
    twice = [name for name, count in Counter(read).items() if count > 1]
    if twice:
        raise DatasetError(
            f"{path}: Expected different class names. Received '{twice[0]}' more than once."
        )


def read_csv(path, label_column: str, class_names=None, image_size=None) -> Examples:
    """Read a CSV file: a header, and a row per image of a label and pixels from 0 to 255.

    Args:
        label_column: header of the labels; all other columns are pixels, row by row, in color the
            channels of a pixel side by side.
        class_names: names of the labels 0, 1, ..., or of labels that are such names; without, the
            classes are the labels that occur, in order.
        image_size: (height, width); without, images are square.

    Raises: DatasetError, naming the file, and the row where one is wrong.
    """
    with _readable(path, "a CSV file in UTF-8"):
        with open(path, encoding="utf-8-sig", newline="") as file:
            first_line = file.readline()
        separator = ";" if ";" in first_line and "," not in first_line else ","
        header = next(csv.reader([first_line], delimiter=separator), [])
    header = [name.strip() for name in header]
    if label_column not in header:
        shown = ", ".join(header[:8]) + (", ..." if len(header) > 8 else "")
        raise DatasetError(
            f"{path}: Expected the column '{label_column}' (label_column). Received the columns: "
            f"{shown or 'none'}."
        )
    shape = _image_shape(path, len(header) - 1, image_size)
    column = header.index(label_column)
    labels = []

    def note_label(text: str) -> int:
        labels.append(unicodedata.normalize("NFC", text.strip()))
        return 0

    try:
        with _readable(path, "a CSV file in UTF-8"), open(path, encoding="utf-8-sig") as file:
            table = np.loadtxt(
                file,
                dtype=np.uint8,
                comments=None,
                delimiter=separator,
                quotechar='"',
                skiprows=1,
                ndmin=2,
                converters={column: note_label},
            )
    except DatasetError as error:
        raise DatasetError(_where_wrong(str(error), path, header)) from error
    if not labels:
        raise DatasetError(f"{path}: Expected a row per image under the header. Received none.")
    if table.shape[1] != len(header):
        raise DatasetError(
            f"{path}: Expected {len(header)} values in every row, one per column of the header. "
            f"Received {table.shape[1]}."
        )
    x = np.delete(table, column, axis=1).reshape(-1, *shape)
    y, names = _encode(path, labels, class_names)
    return Examples(y, names, x.__getitem__)


def _where_wrong(message: str, path, header: list[str]) -> str:
    """Say of NumPy's message which row and column of the file it means."""
    value = re.search(r"convert string '(.*)' to uint8 at row (\d+), column (\d+)", message)
    if value:
        text, row, column = value.group(1), int(value.group(2)), int(value.group(3))
        if column > len(header):
            return (
                f"{path}: Expected {len(header)} values in every row, one per column of the "
                f"header. Received more in data row {row + 1}."
            )
        return (
            f"{path}: Expected whole numbers from 0 to 255 as pixels. Received "
            f"{repr(text) if text else 'nothing'} in data row {row + 1}, column "
            f"'{header[column - 1]}'."
        )
    if "converter specified for column" in message:
        return f"{path}: Expected {len(header)} values in every row. Received fewer."
    columns = re.search(r"columns changed from (\d+) to (\d+) at row (\d+)", message)
    if columns:
        expected, received, row = columns.groups()
        return (
            f"{path}: Expected {expected} values in every row. Received {received} in data row "
            f"{row}."
        )
    return message


def _image_shape(path, pixels: int, image_size) -> tuple[int, int, int]:
    """Return height, width and channels of images of so many pixel columns."""
    if image_size is not None:
        height, width = image_size
        if pixels in (height * width, 3 * height * width):
            return height, width, pixels // (height * width)
        raise DatasetError(
            f"{path}: Expected {height * width} pixel columns (grayscale) or {3 * height * width} "
            f"(color), as image_size is {height} x {width}. Received {pixels}."
        )
    for channels in (1, 3):
        side = isqrt(pixels // channels)
        if side and channels * side**2 == pixels:
            return side, side, channels
    raise DatasetError(
        f"{path}: Expected the pixel columns of square images. Received {pixels} columns beside "
        "the labels. Set image_size: [height, width], and leave out what is no pixel."
    )


def _encode(path, labels: list[str], class_names) -> tuple[np.ndarray, np.ndarray]:
    """Return integer labels and class names for labels as they stand in a file."""
    found = set(labels)
    numbers = all(re.fullmatch(r"-?\d+", label) for label in found)
    if class_names is None:
        if numbers and len({int(label) for label in found}) < len(found):
            raise DatasetError(f"{path}: Expected every number written in one way, as 1 or as 01.")
        names = sorted(found, key=int) if numbers else sorted(found)
        code = {name: index for index, name in enumerate(names)}
        if "" in found:
            row = labels.index("") + 1
            raise DatasetError(f"{path}: Expected a label in every row. Received none in {row}.")
    else:
        names = list(class_names)
        code = {name: index for index, name in enumerate(names)}
        if numbers and not found & set(names):
            code = {label: int(label) for label in found if 0 <= int(label) < len(names)}
        wrong = next((row for row, label in enumerate(labels, 1) if label not in code), None)
        if wrong is not None:
            raise DatasetError(
                f"{path}: Expected a label from 0 to {len(names) - 1}, or one of the class_names. "
                f"Received '{labels[wrong - 1]}' in data row {wrong}."
            )
    return np.array([code[label] for label in labels], dtype=np.int32), np.array(names, dtype=str)


def read_images(path, image_size=None, color_mode=None) -> Examples:
    """Read a folder with one sub-folder per class: PNG, JPEG and WebP images.

    Classes are in the order of their names (numbers as numbers), images too. Pixels are those that
    are shown: turned as their Exif data say, on white where they are transparent.

    Args:
        image_size: (height, width) to which every image is stretched; without, all images must
            have the size of the first.
        color_mode: `grayscale` or `rgb`; without, images must all be the one or all the other.

    Raises: DatasetError, naming the image that is wrong.
    """
    files, class_names = list_images(Path(path))
    y = np.repeat(np.arange(len(files), dtype=np.int32), [len(some) for some in files])
    paths = [file for some in files for file in some]

    def images(kept: np.ndarray) -> np.ndarray:
        x, first = None, None
        for row, index in enumerate(kept):
            image = _decode(paths[index], image_size, color_mode)
            if x is None:
                first = paths[index]
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

    return Examples(y, np.array(class_names, dtype=str), images)


def list_images(folder: Path) -> tuple[list[list[Path]], list[str]]:
    """Return the images of each class, and the names of the classes."""
    entries = sorted(entry for entry in folder.iterdir() if not _is_litter(entry))
    classes = [entry for entry in entries if entry.is_dir()]
    if all(entry.name.isdecimal() for entry in classes):
        classes.sort(key=lambda entry: int(entry.name))
    outside = [entry for entry in entries if entry.suffix.lower() in IMAGE_SUFFIXES]
    if not classes or outside:
        raise DatasetError(
            f"{folder}: Expected images in sub-folders, one per class. Received "
            + (f"the image {outside[0].name} beside them." if outside else "no sub-folder.")
        )
    _check_different(folder, [entry.name for entry in classes])
    files = []
    for entry in classes:
        files.append(sorted(file for file in entry.iterdir() if not _is_litter(file)))
        for file in files[-1]:
            if file.suffix.lower() not in IMAGE_SUFFIXES:
                raise DatasetError(
                    f"{file}: Expected nothing but images here ({', '.join(IMAGE_SUFFIXES)}). "
                    "Convert the file or move it elsewhere."
                )
    return files, [unicodedata.normalize("NFC", entry.name).strip() for entry in classes]


def _is_litter(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in _LITTER


def _decode(path: Path, image_size, color_mode) -> np.ndarray:
    """Return one image, uint8 (height, width, channels)."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            turn = _TURNS.get(image.getexif().get(_ORIENTATION))
            if image.mode not in _GRAY | _COLOR:
                raise DatasetError(
                    f"{path}: Expected an image of 8 bits per channel. Received mode {image.mode}. "
                    "Convert it."
                )
            mode = _MODES.get(color_mode, "L" if image.mode in _GRAY else "RGB")
            if image.has_transparency_data:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            image = image.convert(mode)
            if turn is not None:
                image = image.transpose(turn)
            if image_size is not None:
                height, width = image_size
                image = image.resize((width, height), Image.Resampling.BILINEAR)
            pixels = np.asarray(image)
    except DatasetError:
        raise
    except (
        OSError,
        ValueError,
        TypeError,
        LookupError,
        SyntaxError,
        EOFError,
        struct.error,
        Image.DecompressionBombError,
    ) as error:
        raise DatasetError(
            f"{path}: Expected an image. Received a file that cannot be read as one ({error}). "
            "Replace or remove it."
        ) from error
    return pixels.reshape(*pixels.shape[:2], -1)


def convert_colors(images: np.ndarray, color_mode) -> np.ndarray:
    """Return images, uint8 (examples, height, width, 1 or 3), as `grayscale` or `rgb`.

    Gray is the luma of ITU-R 601-2, as in Pillow; color of a gray image repeats it.
    """
    if color_mode == "rgb" and images.shape[3] == 1:
        return np.repeat(images, 3, axis=3)
    if color_mode == "grayscale" and images.shape[3] == 3:
        from PIL import Image

        gray = np.empty((*images.shape[:3], 1), np.uint8)
        for image, target in zip(images, gray, strict=True):
            target[..., 0] = Image.fromarray(image).convert("L")
        return gray
    return images


def read_digits() -> dict[str, np.ndarray]:
    """Return the 1,797 handwritten digits of scikit-learn as uint8 images.

    Source: the test set of Optical Recognition of Handwritten Digits (Alpaydin & Kaynak 1998,
    UCI Machine Learning Repository), 8 x 8 pixels of 17 gray levels, here spread over 0 to 255.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    return {
        "x": np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., None],
        "y": digits.target.astype(np.uint8),
        "class_names": np.array([str(name) for name in digits.target_names]),
    }
