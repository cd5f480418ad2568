"""The networks that training has kept: which were trained last, and how a model gets them."""

import shutil
from pathlib import Path

from self_training import storage
from self_training.study import deployed_transformers


def last_networks(folders: list[str]) -> Path:
    """Return the folder of the networks that were trained last.

    Args:
        folders: of generation 0, 1, 2, ...; those of generations after a chain's end are empty, but
            for what Snakemake leaves there. Networks of Keras and of PyTorch are files in them,
            transformers that were put together are folders.
    """
    return next(Path(some) for some in reversed(folders) if any(Path(some).glob("member_*")))


def copy_networks(source: Path, members: int, folder: Path) -> tuple[list[str], list[str]]:
    """Copy the first members of an ensemble: files of Keras, or folders of transformers.

    Returns: the names of the files of networks, in the order of members, and of those beside them.
    """
    names, others = [], []
    for member in range(members):
        own = deployed_transformers.MEMBER.format(member=member)
        is_folder = (source / own).is_dir()
        names.append(f"{own}/{deployed_transformers.WEIGHTS}" if is_folder else f"{own}.keras")
        found = [names[-1]]
        if is_folder:
            found = sorted(f"{own}/{file.name}" for file in (source / own).iterdir())
        others += [name for name in found if name != names[-1]]
        for name in found:
            with storage.atomic_path(folder / name) as path:
                shutil.copyfile(source / name, path)
    return names, others
