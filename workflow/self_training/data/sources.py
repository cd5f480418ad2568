"""Sources: where datasets come from, and whether that is what the config says.

A source is read either from a file or folder of the user's (`path`), or from an archive
`resources/NAME.npz`, which is made once from a download and shared by all datasets that name it.
An archive laid there by hand is used in its place. Of the Hugging Face hub there are the files of a
split, and a list of them (see `hub_splits`).
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

from self_training.data import hub_splits
from self_training.data.folders import Content, list_files, list_without_classes
from self_training.data.hub_splits import HUB, Split
from self_training.errors import DatasetError
from self_training.storage import sha256


class Keys(NamedTuple):
    """The keys that a dataset of a source must have, and those that it may have."""

    required: tuple[str, ...]
    optional: tuple[str, ...]


# Kinds of examples, and the sources that they come from.
IMAGES, VECTORS, TEXTS = "images", "vectors", "texts"
_OF_TEXTS = ("class_names", "id_column", "clean", "encoder")
_TABLE_OF_TEXTS = Keys(("path", "text_columns", "label_column"), ("unlabeled", *_OF_TEXTS))
_TABLE_OF_VECTORS = Keys(
    ("path", "label_column"), ("unlabeled", "class_names", "id_column", "feature_columns")
)
SOURCES = {
    IMAGES: {
        "digits": Keys((), ("color_mode",)),
        "keras": Keys(("name",), ("color_mode",)),
        "kaggle": Keys(
            ("name", "slug", "file"), ("label_column", "class_names", "image_size", "color_mode")
        ),
        "npz": Keys(("path",), ("unlabeled", "color_mode")),
        "images": Keys(("path",), ("unlabeled", "image_size", "color_mode")),
        "csv": Keys(
            ("path", "label_column"),
            ("unlabeled", "class_names", "image_size", "id_column", "color_mode"),
        ),
    },
    VECTORS: {
        "sklearn": Keys(("name",), ()),
        "npz": Keys(("path",), ("unlabeled",)),
        **dict.fromkeys(("csv", "parquet"), _TABLE_OF_VECTORS),
    },
    TEXTS: {
        **dict.fromkeys(("csv", "tsv", "jsonl", "parquet"), _TABLE_OF_TEXTS),
        "texts": Keys(("path",), ("unlabeled", "clean", "encoder")),
        HUB: Keys(
            ("name", "revision", "split", "text_columns", "label_column"),
            ("subset", "test_split", "unlabeled_split", *_OF_TEXTS),
        ),
    },
}
# Sources whose labels stand among the examples, all of which are read with them.
TABLES = ("csv", "tsv", "jsonl", "parquet")
SOURCE_KEYS = {
    key for of_kind in SOURCES.values() for keys in of_kind.values() for key in sum(keys, ())
}
KERAS_NAMES = ("mnist", "fashion_mnist", "cifar10", "cifar100")
SKLEARN_NAMES = ("breast_cancer", "digits", "iris", "wine")
# Sources that are folders, and what files are in them; the others are one file.
FOLDERS = {
    "images": Content("image", (".png", ".jpg", ".jpeg", ".webp")),
    "texts": Content("text", (".txt",)),
}
# Sources that come with a library: a reader gives them without a file.
SHIPPED = ("digits", "sklearn")
# What an archive is made from, and records; datasets that share one must agree on it.
ORIGIN = ("source", "name", "slug", "file", "label_column", "class_names", "image_size")


def kind_of(settings: dict) -> str:
    """Return the kind of a dataset's examples: IMAGES where it says nothing."""
    return settings.get("kind", IMAGES)


def keys_of(settings: dict) -> Keys:
    """Return the keys that the source of a dataset has.

    Raises: DatasetError, when its kind has no such source.
    """
    of_kind = SOURCES[kind_of(settings)]
    if settings["source"] not in of_kind:
        raise unknown_source(settings)
    return of_kind[settings["source"]]


def unknown_source(settings: dict) -> DatasetError:
    """Return the error to raise where a source is none of those that a dataset's kind has."""
    kind, source = kind_of(settings), settings["source"]
    others = [other for other, of_kind in SOURCES.items() if source in of_kind]
    hint = f" It is one of {' and '.join(others)} (kind)." if others else ""
    known = ", ".join(SOURCES[kind])
    return DatasetError(f"source: Expected one of {known}, of {kind}. Received: {source!r}.{hint}")


def archive(settings: dict) -> str:
    """Return the file or folder that a dataset is prepared from, which need not exist yet.

    Raises: DatasetError, when the source is unknown.
    """
    source, keys = settings["source"], keys_of(settings)
    if "path" in keys.required:
        return settings["path"]
    if source == HUB:
        return str(Split.of(settings).path)
    name = settings["name"] if "name" in keys.required else source
    # Names of scikit-learn's may be those of other archives.
    return f"resources/{'sklearn_' if source == 'sklearn' else ''}{name}.npz"


def check_origin(path: Path | str, origin: dict, settings: dict) -> None:
    """Raise DatasetError when an archive was made from something else than settings name."""
    for key in ORIGIN:
        if origin.get(key) != settings.get(key):
            raise DatasetError(
                f"{path}: Expected an archive of {key} {settings.get(key)!r}. Received one of "
                f"{origin.get(key)!r}. Delete it to have it made anew, or give the "
                "dataset another name."
            )


def files_of(path: Path | str, settings: dict) -> tuple[list[Path], Path]:
    """Return the files of a source, and the folder that names in its digest are relative to."""
    source, path = settings["source"], Path(path)
    keys_of(settings)
    if source in FOLDERS:
        classes, _ = list_files(path, FOLDERS[source])
        return [file for files in classes for file in files], path
    if source == HUB:
        return hub_splits.files_of(path)
    return [path], path.parent


def files_of_unlabeled(settings: dict) -> list[Path]:
    """Return the files of examples of unknown label, of those that lie apart from the others."""
    if "unlabeled" not in settings:
        return []
    path = Path(settings["unlabeled"])
    if settings["source"] in FOLDERS:
        return list_without_classes(path, FOLDERS[settings["source"]])
    return [path]


def fingerprint(settings: dict) -> str | None:
    """Return a hash of names, sizes and times of the user's own files, or of all of a folder's.

    Their times may be older than what was made of them. Nothing is read, so it can be asked for
    whenever a study is planned.

    Returns: None for an archive in resources/.
    """
    if "path" not in settings:
        return None
    files, folder = files_of(settings["path"], settings)
    named = {str(file.relative_to(folder)): file for file in files}
    # Two folders may have files of one name.
    apart = {f"unlabeled {file}": file for file in files_of_unlabeled(settings)}
    if "test_path" in settings:
        tests, _ = files_of(settings["test_path"], settings)
        apart |= {f"test {file}": file for file in tests}
    return stamp(named | apart)


def stamp(files: dict[str, Path]) -> str:
    """Return a hash of sizes and times of files, and of the names that they are given here."""
    stats = [(name, file.stat()) for name, file in files.items()]
    text = repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest(files: list[Path], folder: Path) -> str:
    """Return the SHA-256 of a file or, of several, that of the list which `sha256sum` prints."""
    if len(files) == 1:
        return sha256(files[0])
    names = {str(path.relative_to(folder)): path for path in files}
    listing = "".join(f"{sha256(names[name])}  {name}\n" for name in sorted(names))
    return hashlib.sha256(listing.encode()).hexdigest()


def check_sha256(received: str, settings: dict, path: Path | str) -> None:
    """Raise DatasetError when the config names another SHA-256 (`sha256`) than a file has."""
    expected = settings.get("sha256", received)
    if received != expected:
        raise DatasetError(
            f"{path}: Expected the SHA-256 {expected} (sha256). Received {received}. The file is "
            "another one, or damaged; fetch it again or correct the config."
        )
