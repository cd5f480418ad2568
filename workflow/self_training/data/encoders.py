"""The files of pretrained encoders: a folder as Hugging Face's libraries save it.

Those of an encoder of the hub are in resources/encoders/NAME/REVISION/files; encoder.json beside
that folder lists them, with the SHA-256 of each.
"""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

from self_training.data.sources import digest, stamp
from self_training.errors import DatasetError

FILES, _CONFIG = "files", "config.json"
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
# What is fetched of a repository's top: these, and the weights in the first form that it has.
_FETCHED = (*_NAMED, "added_tokens.json", "*.model")
_FORMS_OF_WEIGHTS = ("model*.safetensors", "pytorch_model*.bin")
_SHARD = re.compile(r"-\d+-of-(\d+)\.")
# Transformers that predict tokens which are masked, as config.json calls their kinds.
PREDICT_TOKENS = (
    *("albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra"),
    *("modernbert", "mpnet", "roberta", "xlm-roberta"),
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


def list_of_hub(model: str, revision: str) -> Path:
    """Return the list of the files of an encoder of the hub, which need not exist yet."""
    return Path("resources/encoders") / model / revision / "encoder.json"


def folder_of_hub(model: str, revision: str) -> Path:
    """Return the folder with the files of an encoder of the hub."""
    return list_of_hub(model, revision).parent / FILES


def choose(paths: list[str]) -> list[str]:
    """Return those of a repository's files that an encoder is loaded from, in a fixed order."""
    top = sorted(path for path in paths if "/" not in path)
    named = [path for path in top if any(fnmatch(path, pattern) for pattern in _FETCHED)]
    for form in _FORMS_OF_WEIGHTS:
        weights = [path for path in top if fnmatch(path, form)]
        # Of weights in several files, an index says what is in which.
        index = [path for path in top if fnmatch(path, f"{form}.index.json")]
        if weights:
            return named + weights + index
    return named


def are_whole(names: list[str]) -> bool:
    """Return whether files are an encoder: a network's settings, and all of its weights."""
    weights = [name for name in names if any(fnmatch(name, form) for form in _FORMS_OF_WEIGHTS)]
    shards = [match[1] for name in weights if (match := _SHARD.search(name))]
    whole = not shards or len(shards) == int(shards[0])
    return _CONFIG in names and bool(weights) and whole


def is_causal(architectures: list[str]) -> bool:
    """Return whether a transformer continues texts, by the classes that its config.json names."""
    return any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in architectures)


def causal(model: str, architectures: list[str]) -> DatasetError:
    """Return the error to raise where a transformer continues texts."""
    return DatasetError(
        "encoder.model: Expected a transformer that encodes texts, such as BERT, RoBERTa, "
        f"DistilBERT, MiniLM or ModernBERT. Received {model!r}, a causal language model "
        f"({', '.join(architectures)})."
    )


def check_not_causal(model: str) -> None:
    """Raise DatasetError where a folder's transformer continues texts.

    Args:
        model: a folder that has one (see `list_files`).
    """
    architectures = _config(model).get("architectures") or []
    if is_causal(architectures):
        raise causal(model, architectures)


def check_predicts_tokens(model: str) -> None:
    """Raise DatasetError where a folder's transformer is of a kind that predicts no masked tokens.

    Args:
        model: a folder that has one (see `list_files`).
    """
    kind = _config(model).get("model_type")
    if kind is not None and kind not in PREDICT_TOKENS:
        raise DatasetError(
            "encoder.model: Expected a transformer with a masked language model, as there is "
            f"training.transformer.adapt: one of {', '.join(PREDICT_TOKENS)}. Received {model!r}, "
            f"of kind {kind}. Take another one, or leave adapt out."
        )


def _config(model: str) -> dict:
    """Return what a folder's config.json says; nothing of a damaged one, which is told when it is
    loaded."""
    try:
        config = json.loads((Path(model).expanduser() / _CONFIG).read_text())
    except ValueError:
        return {}
    return config if isinstance(config, dict) else {}


def ids_of_tokens(model: str) -> dict[str, int] | None:
    """Return the ids of the tokens of a folder's tokenizer, as its tokenizer.json or vocab.txt has
    them; None where neither can be read."""
    folder = Path(model).expanduser()
    try:
        if (folder / "tokenizer.json").is_file():
            made = json.loads((folder / "tokenizer.json").read_text())
            ids = made["model"]["vocab"]
            added = {token["content"]: token["id"] for token in made.get("added_tokens", [])}
            # Of some kinds a list of tokens with scores.
            found = ids if isinstance(ids, dict) else {one[0]: at for at, one in enumerate(ids)}
            return found | added
        lines = (folder / "vocab.txt").read_text().splitlines()
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    return {token: at for at, token in enumerate(lines)}


def beside_weights(model: str) -> list[str]:
    """Return the names of the files of an encoder's folder but its weights."""
    chosen = choose([file.name for file in Path(model).expanduser().iterdir() if file.is_file()])
    weights = (*_WEIGHTS, *(f"{form}.index.json" for form in _FORMS_OF_WEIGHTS))
    return [name for name in chosen if not any(fnmatch(name, form) for form in weights)]


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
