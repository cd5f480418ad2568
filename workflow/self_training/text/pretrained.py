"""Pretrained transformers of Hugging Face: where their files are, and what is said where they can't
be loaded. PyTorch and transformers are imported when one is asked for, not before.
"""

import os
import re
from pathlib import Path
from typing import Any

from self_training.data import encoders
from self_training.errors import DatasetError

INSTALL = "uv sync --extra text"
# How libraries tell of a package that is not there.
_PACKAGE = re.compile(r"No module named '(\w+)|requires the (\w+) library|`(\w+)` is required")


def locate(model: str, revision: str | None) -> tuple[str, str | None]:
    """Return what `from_pretrained` is given: a folder, or a name on the hub and its commit.

    Args:
        model: a folder, or the name of one on the Hugging Face hub (`owner/name`).
        revision: the commit of the hub, which such a name must come with.

    Raises: DatasetError, where there is no such folder, or no commit.
    """
    if encoders.is_folder(model):
        encoders.list_files(model)
        return str(Path(model).expanduser()), None
    if not re.fullmatch("[0-9a-f]{40}", revision or ""):
        raise DatasetError(
            f"encoder.revision: Expected the commit of {model!r} on the Hugging Face hub, 40 hex "
            f"digits, so that its files never change. Received: {revision!r}. The page of its "
            "files lists them (History). A folder is named as ./NAME."
        )
    if encoders.list_of_hub(model, revision or "").is_file():
        # What the workflow has fetched; elsewhere, the library looks into its own cache.
        return str(encoders.folder_of_hub(model, revision or "")), None
    return model, revision


def libraries(asking: str) -> tuple[Any, Any]:
    """Return PyTorch and transformers.

    Args:
        asking: the encoder that needs them.

    Raises: DatasetError, where they are not installed.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import torch
        import transformers
    except ImportError as error:
        raise DatasetError(
            f"encoder: Expected PyTorch and transformers to be installed, which {asking} needs. "
            f"Received: {error}. Install them: {INSTALL}"
        ) from error
    transformers.utils.logging.disable_progress_bar()
    return torch, transformers


def load_network(
    kind: str, model: str, dropout: float | None, **changes: Any
) -> tuple[Any, dict[str, Any]]:
    """Return a network of transformers that is to be trained, in single precision, and what the
    library says of how it was loaded.

    Args:
        kind: a class of `transformers`, such as `AutoModelForMaskedLM`.
        model: a folder as Hugging Face's libraries save it.
        dropout: of all its layers, in place of what its files say; 0 for none, and None to leave
            it.
        changes: to its configuration.

    Raises: DatasetError, where there is no such transformer, or one that continues texts.
    """
    _, transformers = libraries("tokens")
    path, revision = locate(model, None)
    try:
        config = transformers.AutoConfig.from_pretrained(
            path, revision=revision, trust_remote_code=False, **changes
        )
        check_encodes(model, config)
        if dropout is not None:
            set_dropout(config, dropout)
        return getattr(transformers, kind).from_pretrained(
            path,
            revision=revision,
            config=config,
            dtype="float32",
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    except DatasetError:
        raise
    except Exception as error:  # These libraries raise whatever they like of damaged files.
        raise not_loaded(path, revision, error) from error


def set_dropout(config: Any, dropout: float) -> None:
    """Give all kinds of dropout that a transformer has one probability.

    Args:
        config: of `transformers`.
    """
    for key, value in config.to_dict().items():
        is_probability = value is None or isinstance(value, int | float)
        if "drop" in key and is_probability and not isinstance(value, bool):
            # Whole layers are left out by `survival`, which a transformer does not have.
            setattr(config, key, 0.0 if "layerdrop" in key else float(dropout))


def not_loaded(model: str, revision: str | None, error: Exception) -> DatasetError:
    """Return what is wrong where transformers can't load an encoder.

    Args:
        model, revision: of `locate`.
        error: whatever the library has raised.
    """
    return _package_missing(model, error) or _damaged(model, revision, error)


def _damaged(model: str, revision: str | None, error: Exception) -> DatasetError:
    first_line = (str(error).splitlines() or [type(error).__name__])[0]
    named = f"{model!r}" + (f" at revision {revision}" if revision else "")
    hint = (
        "Without a network, lay its files into a folder (config.json, its tokenizer, "
        "model.safetensors), and name that: model: PATH."
    )
    if revision is None:
        hint = "Lay its files there anew, or take another one. Code that one brings is never run."
    return DatasetError(
        f"encoder.model: Expected an encoder that transformers can load. Received {named}: "
        f"{first_line.rstrip(': ')}{'' if first_line.endswith('.') else '.'} {hint}"
    )


def _package_missing(model: str, error: BaseException) -> DatasetError | None:
    """Return what to install, where an encoder can't be loaded without a package that is not there;
    None where that is not why."""
    links: list[BaseException] = [error]
    while following := links[-1].__cause__ or links[-1].__context__:
        links.append(following)
    for link in links:
        found = _PACKAGE.search(str(link))
        if found:
            package = next(filter(None, found.groups())).lower()
            received = f"none ({str(link).strip().splitlines()[0]})"
            # transformers falls back on another package, which can't read such files either.
            if package == "tiktoken" and any(Path(model).glob("*.model")):
                package, received = "sentencepiece", "a tokenizer of SentencePiece, and no such one"
            return DatasetError(
                f"encoder.model: Expected the package {package} to be installed, without which "
                f"{model} can't be loaded. Received {received}. Install it: uv pip install "
                f"{package}"
            )
    return None


def check_encodes(model: str, config: Any) -> None:
    """Raise DatasetError unless a transformer reads texts as a whole, and classifies them: one that
    continues texts sees of every token those before it alone.

    Args:
        model: as a message names it.
        config: of the transformer, of `transformers`.
    """
    architectures = config.architectures or []
    if encoders.is_causal(architectures) or getattr(config, "is_decoder", False):
        raise encoders.causal(model, architectures)
