"""The files of pretrained encoders: a folder as Hugging Face's libraries save it."""

from pathlib import Path

from self_training.data.sources import digest, stamp
from self_training.errors import DatasetError

_CONFIG = "config.json"
_WEIGHTS = ("*.safetensors", "*.bin")
_TOKENIZER = ("tokenizer*", "vocab*", "*.model")
# What determines the vectors: the network, its tokenizer, and how long a text may be.
_NAMED = (
    _CONFIG,
    "tokenizer*",
    "vocab*",
    "merges*",
    "*.model",
    "special_tokens*",
    "sentence_bert_config.json",
)


def is_folder(model: str) -> bool:
    """Return whether an encoder is named by a folder, and not by its name on the hub.

    A name on the hub is `name` or `owner/name`; a folder that does not exist is told from one where
    it is named as `./name`.
    """
    return Path(model).is_dir() or model.startswith((".", "/", "~")) or model.count("/") > 1


def list_files(model: str) -> list[Path]:
    """Return the files of an encoder's folder that determine its vectors, in a fixed order.

    Raises: DatasetError, when there is no such folder, or no model in it.
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        raise DatasetError(
            f"encoder.model: Expected an existing folder. Received {model!r}. Lay the encoder's "
            "files there, or name one of the Hugging Face hub (owner/name)."
        )
    weights = {file for pattern in _WEIGHTS for file in folder.glob(pattern)}
    tokenizers = any(any(folder.glob(pattern)) for pattern in _TOKENIZER)
    if not weights or not (folder / _CONFIG).is_file() or not tokenizers:
        found = ", ".join(sorted(file.name for file in folder.iterdir())[:8])
        raise DatasetError(
            f"encoder.model: Expected a folder with the files of a transformer ({_CONFIG}, a "
            f"tokenizer: {' or '.join(_TOKENIZER)}, and weights: {' or '.join(_WEIGHTS)}). "
            f"Received {model!r}, which has: {found or 'nothing'}. Lay all files of the encoder "
            "there."
        )
    named = {file for pattern in _NAMED for file in folder.glob(pattern)}
    return sorted(weights | named)


def fingerprint(model: str, revision: str | None = None) -> str:
    """Return what changes with an encoder's files: names, sizes and times of those of a folder.

    Nothing is read, so it can be asked for whenever a study is planned.

    Args:
        revision: a commit of the hub, whose files never change.
    """
    if not is_folder(model):
        return f"{model}@{revision}"
    return stamp({file.name: file for file in list_files(model)})


def content_digest(model: str) -> str:
    """Return the SHA-256 of the files of an encoder's folder, whatever it is called and when they
    were written."""
    files = list_files(model)
    return digest(files, files[0].parent)
