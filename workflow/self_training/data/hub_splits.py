"""Splits of datasets on the Hugging Face hub: which files are theirs, and where those lie.

Files lie in resources/huggingface/OWNER/NAME/REVISION/files, in the folders that they have on the
hub. Beside that folder, SPLIT.json lists those of a split in their order; a dataset is prepared
from such lists, which say what they are of and have the SHA-256 of every file.
"""

import re
from pathlib import Path
from typing import NamedTuple

from self_training.errors import DatasetError
from self_training.storage import load_json

HUB = "huggingface"
INSTALL = "uv sync --extra huggingface"
RESOURCES = Path("resources") / HUB
FILES, SUFFIX = "files", ".parquet"
# What the hub converts datasets to Parquet at.
CONVERTED = "refs/convert/parquet"
# Where there are no subsets, files lie in one of these.
_DEFAULT, _DEFAULT_FOLDERS = "default", ("", "data", "default")
# The number of a part in the name of its file, of how many, and a hash that some names end with.
_PART = re.compile(
    r"(?P<before>(?<=/)|[-_.])(?P<number>\d+)(-of-(?P<count>\d+))?(?P<hash>-[0-9a-f]{8,})?\.parquet$"
)


class Split(NamedTuple):
    """A split of a dataset on the hub.

    name: OWNER/NAME of the dataset.
    revision: the commit that its files are of.
    split: such as `train`.
    subset: of a dataset that has several, which the hub calls configurations; None of one without.
    """

    name: str
    revision: str
    split: str
    subset: str | None = None

    @classmethod
    def of(cls, settings: dict, key: str = "split") -> "Split":
        """Return the split that a key of a dataset's settings names."""
        return cls(settings["name"], settings["revision"], settings[key], settings.get("subset"))

    @property
    def path(self) -> Path:
        """The list of its files, which need not exist yet."""
        parts = filter(None, (self.subset, self.split))
        return RESOURCES / self.name / self.revision / f"{'.'.join(parts)}.json"

    @property
    def folder(self) -> Path:
        """Where the files of the dataset lie."""
        return self.path.parent / FILES


def files_of(path: Path | str) -> tuple[list[Path], Path]:
    """Return the files that a list names, in the order of the split, and the folder they are in.

    Raises: DatasetError, when one of them is not there, or the list is none.
    """
    path = Path(path)
    try:
        folder = path.parent / FILES
        files = [folder / file["path"] for file in load_json(path)["files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{path}: Expected the list of a split's files. Received a file that cannot be read as "
            f"one ({error}). Delete it to have it made anew."
        ) from error
    for file in files:
        if not file.is_file():
            raise DatasetError(
                f"{file}: Expected a file, which {path} lists. Received none. Lay it there, or "
                f"delete {path} to fetch it again."
            )
    return files, folder


def choose(paths: list[str], split: Split) -> list[str]:
    """Return those of a dataset's files that are of a split, in order; none where it has none.

    They are called as Hugging Face's library `datasets` calls them: FOLDER/SPLIT.parquet or
    FOLDER/SPLIT-00000-of-00002.parquet, perhaps with a hash behind, or FOLDER/SPLIT/0000.parquet.
    The folder is the subset, or one of `_DEFAULT_FOLDERS`.

    Args:
        paths: relative to the folder of the dataset, separated by slashes.

    Raises: DatasetError, where files of several subsets could be meant.
    """
    by_name = re.compile(rf"{re.escape(split.split)}([-_.]\d+)?(-of-\d+)?(-[0-9a-f]{{8,}})?")
    by_subset: dict[str, list[str]] = {}
    for path in sorted(paths):
        *folders, file = path.split("/")
        if not file.endswith(SUFFIX):
            continue
        if by_name.fullmatch(file.removesuffix(SUFFIX)):
            by_subset.setdefault("/".join(folders), []).append(path)
        elif folders and folders[-1] == split.split:
            by_subset.setdefault("/".join(folders[:-1]), []).append(path)
    if split.subset is not None:
        wanted = {split.subset, f"data/{split.subset}"}
        wanted |= set(_DEFAULT_FOLDERS if split.subset == _DEFAULT else ())
        by_subset = {name: files for name, files in by_subset.items() if name in wanted}
    if len(by_subset) > 1:
        names = ", ".join(sorted(name or "(no folder)" for name in by_subset))
        raise DatasetError(
            f"{split.name}: Expected files of one subset with the split {split.split!r}. Received "
            f"some of {len(by_subset)}, by their folders: {names}. Name one: subset."
        )
    files = next(iter(by_subset.values()), [])
    numbers = [part["number"] for path in files if (part := _part(path))]
    if len(set(numbers)) < len(numbers):
        raise DatasetError(
            f"{split.name}: Expected every part of the split {split.split!r} once. Received: "
            f"{', '.join(files)}. Lay those of one time into {split.folder}."
        )
    return files


def missing(paths: list[str]) -> list[str]:
    """Return the files that a split lacks, as far as the names of the others tell.

    Args:
        paths: of `choose`.
    """
    parts = [match for path in paths if (match := _part(path))]
    if not parts or len(parts) < len(paths):
        return []
    last = max(parts, key=lambda part: int(part["number"]))
    count = int(last["count"] or int(last["number"]) + 1)
    have = {int(part["number"]) for part in parts}
    path, width = last.string[: last.start("number")], len(last["number"])
    rest = f"-of-{last['count']}" if last["count"] else ""
    rest += f"{'-*' if last['hash'] else ''}{SUFFIX}"
    return [f"{path}{number:0{width}d}{rest}" for number in range(count) if number not in have]


def _part(path: str) -> re.Match | None:
    """Return what the name of a file says of which part of a split it is, if it tells."""
    match = _PART.search(path)
    # What stands behind a split's name, without how many there are, may be a year.
    return match if match and (match["count"] or not match["before"]) else None


def laid(folder: Path) -> list[str]:
    """Return the Parquet files in the folder of a dataset, relative to it, but hidden ones."""
    paths = [file.relative_to(folder) for file in folder.rglob(f"*{SUFFIX}") if file.is_file()]
    seen = [path for path in paths if not any(part.startswith(".") for part in path.parts)]
    return sorted(path.as_posix() for path in seen)
