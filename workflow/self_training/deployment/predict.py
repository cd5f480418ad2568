"""New examples through a deployed model: from paths to a table of labels."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from self_training.data.streams import Chunk, Stream
from self_training.deployment import labels
from self_training.deployment.inputs import open_path
from self_training.deployment.model import Model, load
from self_training.deployment.networks import load_networks, predict_members
from self_training.errors import ConfigError, DatasetError
from self_training.storage import atomic_path

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("csv", "kaggle")
# Of what networks take, that are in memory at a time; and examples, of which a file may hold more.
CHUNK_NUMBERS, CHUNK_EXAMPLES = 2**22, 2**16


def predict(
    folder: Path | str, paths: Sequence[str], output: Path | str | None, format: str = "csv"
) -> None:
    """Write the labels that a deployed model gives to new examples, whole or not at all.

    What is wrong with the model's folder, a path or the header of a file is said before a network
    is loaded.

    Args:
        folder: of the model.
        paths: of folders and files of examples.
        output: CSV file to write; replaced if it is there. None for standard output, to which what
            was labeled before an error has gone already.
        format: `csv` (see `labels.table`; columns of the examples' own come last) or `kaggle`
            (`ID,Label`).

    Raises: ModelError, DatasetError.
    """
    if format not in FORMATS:
        raise ConfigError.of("--format", f"one of {', '.join(FORMATS)}", format)
    model = load(folder)
    if output is not None:
        _check_output(Path(output), paths)
    streams = [open_path(path, model, folder) for path in paths]
    networks = load_networks(folder, model)
    columns = list(dict.fromkeys(name for stream in streams for name in stream.columns))
    size = min(CHUNK_NUMBERS // prod(model.shape), CHUNK_EXAMPLES) // model.batch_size
    size = max(1, size) * model.batch_size
    with _writing(output) as table_to, _progress(streams, model.kind) as progress:
        header = True
        for stream in streams:
            for chunk in stream.chunks(size):
                prefix = stream.prefix if len(streams) > 1 else ""
                table = _table(chunk, prefix, networks, model)
                for name, free in zip(columns, labels.free_names(columns, [*table]), strict=True):
                    table[free] = chunk.kept.get(name, "")
                if format == "kaggle":
                    table = table[["id", "label"]].set_axis(["ID", "Label"], axis=1)
                table.to_csv(table_to, mode="a", header=header, index=False)
                header = False
                progress.update(len(chunk.ids))


def _table(chunk: Chunk, prefix: str, networks: list, model: Model) -> "pd.DataFrame":
    probabilities = predict_members(networks, chunk.inputs, model)
    return labels.table([f"{prefix}{name}" for name in chunk.ids], probabilities, model)


def _check_output(output: Path, paths: Sequence[str]) -> None:
    """Raise DatasetError where a table can't be written, or would be written over its examples."""
    if output.is_dir():
        raise DatasetError(f"{output}: Expected a file to write to (--output). Received a folder.")
    folder = output.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise DatasetError(
            f"{output}: Expected a file in a folder that can be written to (--output). Received "
            f"one in {folder}, which can't."
        )
    if output.exists() and any(output.samefile(path) for path in paths if Path(path).exists()):
        raise DatasetError(
            f"{output}: Expected another file to write to (--output) than to read. Received one."
        )


@contextmanager
def _writing(output: Path | str | None) -> Iterator[Path | TextIO]:
    """Yield where to write to; say in words what a file system refuses (a full disk, /proc)."""
    if output is None:
        yield sys.stdout
        return
    try:
        with atomic_path(output) as temporary:
            yield temporary
    except OSError as error:
        raise DatasetError(
            f"{output}: Expected a file that can be written (--output). Received: {error}."
        ) from error


def _progress(streams: Sequence[Stream], kind: str):
    """Return a bar that shows how many examples are done, where a person looks at it."""
    from tqdm import tqdm

    lengths = [stream.length for stream in streams]
    total = None if None in lengths else sum(length or 0 for length in lengths)
    return tqdm(total=total, unit=f" {kind}", file=sys.stderr, disable=None)
