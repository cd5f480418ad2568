"""What a path that is to be predicted holds: known by its suffix, opened by its kind."""

from pathlib import Path

from self_training import dotted_paths
from self_training.data.new_examples import STANDARD_INPUT
from self_training.data.sources import TEXTS
from self_training.data.streams import Stream
from self_training.deployment.model import Model
from self_training.errors import DatasetError
from self_training.study.encoders import TOKENS
from self_training.study.kinds import KINDS

_OF_TEXTS = (".jsonl", ".txt")


def open_path(path: str, model: Model, folder: Path | str = ".") -> Stream:
    """Return the examples of a path, which are of the model's kind.

    Args:
        folder: of the model.

    Raises: DatasetError, naming what is wrong with it.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if model.kind != TEXTS and (path == STANDARD_INPUT or suffix in _OF_TEXTS):
        received = "standard input" if path == STANDARD_INPUT else f"a {suffix} file"
        raise DatasetError(
            f"{path}: Expected {model.kind}, as this is a model of {model.kind}. Received "
            f"{received}, which would be of texts."
        )
    reading = model.reading
    encoder = reading.get("encoder", {})
    if encoder.get("name") == TOKENS:
        # Its files are a part of the model's own folder.
        reading = reading | {"encoder": encoder | {"model": str(Path(folder, encoder["model"]))}}
    return dotted_paths.find(KINDS[model.kind].open)(file, model.shape, reading)
