"""The files of a causal language model, which continues texts; its folder is as of any encoder."""

import json
from pathlib import Path

from self_training.data import encoders
from self_training.errors import DatasetError

# How far from their mean numbers of new tokens are at most, in deviations.
FARTHEST = 3


def not_causal(model: str, architectures: list[str]) -> DatasetError:
    """Return the error to raise where a transformer does not continue texts."""
    return DatasetError(
        "generator.model: Expected a causal language model, such as GPT-2, of which config.json "
        f"names a class ...ForCausalLM or ...LMHeadModel. Received {model!r}, of "
        f"{', '.join(architectures) or 'no class'}."
    )


def check_folder(model: str) -> None:
    """Raise DatasetError unless a folder has a causal language model."""
    if not Path(model).expanduser().is_dir():
        raise DatasetError(
            f"generator.model: Expected an existing folder. Received {model!r}. Lay the files of a "
            "causal language model there. Where there is a network, this does: hf download "
            f"openai-community/gpt2 --exclude '*/*' --local-dir {model}"
        )
    try:
        encoders.list_files(model)
    except DatasetError as error:
        raise DatasetError(str(error).replace("encoder.model", "generator.model")) from None
    config = _config_of(model)
    architectures = config.get("architectures") or []
    if config and not encoders.is_causal(architectures):
        raise not_causal(model, architectures)


def positions(model: str) -> int | None:
    """Return how many tokens a folder's model has positions for, if its config.json says so."""
    config = _config_of(model)
    found = [config.get(key) for key in ("n_positions", "max_position_embeddings")]
    return next((some for some in found if isinstance(some, int)), None)


def _config_of(model: str) -> dict:
    """Return a model's settings; nothing of a damaged file, which is told when it is loaded."""
    try:
        config = json.loads((Path(model).expanduser() / "config.json").read_text())
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}
