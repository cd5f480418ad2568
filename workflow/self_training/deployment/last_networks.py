"""The networks that were trained last in a chain, which may have ended early."""

from pathlib import Path


def last_networks(folders: list[str]) -> Path:
    """Return the folder of the networks that were trained last.

    Networks of Keras and of PyTorch are files in it, transformers that were put together folders.

    Args:
        folders: of generation 0, 1, 2, ...; those of generations after a chain's end are empty, but
            for what Snakemake leaves there.
    """
    return next(Path(some) for some in reversed(folders) if any(Path(some).glob("member_*")))
