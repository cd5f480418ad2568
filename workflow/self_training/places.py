"""Whether a study can be run where it is: a folder at the place of a folder, a file at that of a
file, and leave to read and to write there."""

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from self_training.errors import StudyError

RESULTS, RESOURCES, STATE = Path("results"), Path("resources"), Path(".snakemake")
# What is written in these before anything is trained; what they hold has folders of its own.
_OF_SNAKEMAKE = [STATE / name for name in ("alive", "locks", "metadata", "incomplete")]
_WILDCARD = re.compile(r"\{[^{}]*\}")
_AGAIN = "start the same command again"


def check_name(folder: Path | str) -> None:
    """Forbid braces in the path of the workflow's folder: Snakemake takes them for a variable."""
    if re.search("[{}]", str(folder)):
        raise StudyError(
            f"{folder}: Expected a path of the workflow's folder without braces, which Snakemake "
            f"takes for a variable's. Received some. Rename the folder, and {_AGAIN}."
        )


def check_folders(state_is_written: bool) -> None:
    """Raise StudyError unless all folders that a study begins with are folders, or not there yet.

    Args:
        state_is_written: whether Snakemake is about to work, and not to show what it would do.
    """
    for folder in (RESULTS, RESOURCES, RESOURCES / "encoders", RESOURCES / "huggingface", STATE):
        check_folder(folder)
    for folder in (STATE, *_OF_SNAKEMAKE):
        check_folder(folder)
        if state_is_written:
            check_writable(folder)


def check_folder(folder: Path) -> None:
    """Raise StudyError where something that is no folder, or can't be read, has a folder's name."""
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        received = f"a link to {os.readlink(folder)}" if folder.is_symlink() else "a file"
        missing = " that is not there" if folder.is_symlink() and not folder.exists() else ""
        raise StudyError(
            f"{folder}: Expected a folder, or nothing. Received {received}{missing}. Move it "
            f"away, and {_AGAIN}."
        )
    if not os.access(folder, os.R_OK | os.X_OK):
        raise _not_allowed(folder, "read")


def check_writable(path: Path) -> None:
    """Raise StudyError where nothing can be written into a folder, or into the one that it would
    be made in."""
    while not path.exists() and path != path.parent:
        path = path.parent
    if not os.access(path, os.W_OK | os.X_OK):
        raise _not_allowed(path, "write")


def check_all_writable(paths: Iterable[Path]) -> None:
    """Raise StudyError where one of many files can't be written."""
    parents = {path.parent for path in paths}
    known: set[Path] = set()
    for folder in sorted(parents):
        while folder not in known and not folder.exists():
            known.add(folder)
            folder = folder.parent
        if folder not in known:
            known.add(folder)
            check_writable(folder)


def of_state(error: OSError) -> StudyError:
    """Return what to say where a file in Snakemake's folder can't be written after all."""
    return StudyError(
        f"{error.filename or STATE}: Expected a file that can be written. Received: "
        f"{error.strerror}. Get leave to write it, or remove it, and {_AGAIN}."
    )


def _not_allowed(folder: Path, what: str) -> StudyError:
    about = folder.stat()
    if what == "write" and os.statvfs(folder).f_flag & os.ST_RDONLY:
        received = "one of a file system that is mounted read-only"
    else:
        received = (
            f"one of user {about.st_uid} ({stat.filemode(about.st_mode)}), while this is user "
            f"{os.geteuid()}"
        )
    into = "a folder into which files can be written" if what == "write" else "a folder to read"
    return StudyError(
        f"{folder}: Expected {into}. Received {received}. Get leave to {what} there, or copy the "
        f"whole folder {Path.cwd()} to where you have it; then {_AGAIN}. What is finished is kept."
    )


def of_rules(rules: Iterable) -> "Outputs":
    """Return the places of what the rules of a workflow write into results/: outputs, logs and
    benchmarks."""
    files: list[str] = []
    folders: list[str] = []
    for rule in rules:
        for path in (*rule.output, *rule.log, rule.benchmark):
            if str(path).startswith(f"{RESULTS}/"):
                is_folder = getattr(path, "flags", {}).get("directory")
                (folders if is_folder else files).append(str(path))
    return Outputs(files, folders)


class Outputs:
    """The places of all that a workflow writes below a folder, one part of their paths each.

    Args:
        files, folders: patterns of paths, with wildcards in braces.
    """

    def __init__(self, files: Iterable[str], folders: Iterable[str] = ()):
        self.below: dict[str, Outputs] = {}
        # Those below that have wildcards in their names.
        self.named: list[tuple[re.Pattern, Outputs]] = []
        self.is_file = self.is_folder = False
        for patterns, is_file in ((files, True), (folders, False)):
            for pattern in patterns:
                place = self
                for part in pattern.split("/"):
                    place.is_folder = True
                    place = place.below.setdefault(part, Outputs(()))
                place.is_file |= is_file
                place.is_folder |= not is_file
        self._name()

    def _name(self) -> None:
        for part, place in self.below.items():
            place._name()
            if _WILDCARD.search(part):
                literals = map(re.escape, _WILDCARD.split(part))
                self.named.append((re.compile(".+".join(literals)), place))

    def check(self, root: Path = Path()) -> None:
        """Raise StudyError where a file has the place of a folder, or a folder that of a file.

        Args:
            root: what the patterns are relative to.
        """
        _check_below(root, [self])


def _check_below(folder: Path, places: list[Outputs]) -> None:
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir()) for entry in entries]
    for name, is_folder in found:
        fitting = [place.below[name] for place in places if name in place.below]
        named = (some for place in places for some in place.named)
        # A wildcard stands for other names than those that are given.
        fitting = fitting or [place for pattern, place in named if pattern.fullmatch(name)]
        if not fitting:
            continue
        path = folder / name
        if not is_folder and not any(place.is_file for place in fitting):
            check_folder(path)
        if is_folder and not any(place.is_folder for place in fitting):
            raise StudyError(
                f"{path}: Expected a file, or nothing. Received a folder. Move it away, and "
                f"{_AGAIN}."
            )
        if is_folder:
            check_folder(path)
            _check_below(path, [place for place in fitting if place.below])
