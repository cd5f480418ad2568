"""Encoders: what makes arrays of texts, which networks are given. None of it is imported here."""

from collections.abc import Callable
from typing import Any

from self_training.data import encoders
from self_training.data.sources import TEXTS, VECTORS, kind_of
from self_training.errors import ConfigError, DatasetError

NGRAMS, SENTENCE, TOKENS = "ngrams", "sentence", "tokens"
# They have the files of a pretrained network.
PRETRAINED = (SENTENCE, TOKENS)
# Functions of texts and of the settings of an encoder.
ENCODERS = {
    NGRAMS: "self_training.text.ngrams:encode",
    SENTENCE: "self_training.text.sentence:encode",
    TOKENS: "self_training.text.tokens:encode",
}
# What a config may say of each, and what it must.
_KEYS = {NGRAMS: ("length",)} | dict.fromkeys(PRETRAINED, ("model", "revision", "length"))
_REQUIRED: dict[str, tuple[str, ...]] = {NGRAMS: ()} | dict.fromkeys(PRETRAINED, ("model",))
# Words or tokens of a text, where a config does not say.
_DEFAULTS: dict[str, dict[str, Any]] = {
    NGRAMS: {"length": 128},
    SENTENCE: {},
    TOKENS: {"length": 128},
}


# What networks take of texts, where it is not ids of words.
_GIVEN = {SENTENCE: VECTORS, TOKENS: TOKENS}


def of(dataset: dict) -> dict[str, Any]:
    """Return the encoder of a dataset of texts: its `name`, and its settings."""
    encoder = dataset.get("encoder", NGRAMS)
    if isinstance(encoder, str):
        encoder = {"name": encoder}
    return _DEFAULTS[encoder["name"]] | encoder


def settings(dataset: dict, threads: int) -> dict[str, Any]:
    """Return the arguments of an encoder's function, beside texts."""
    own = {key: value for key, value in of(dataset).items() if key != "name"}
    return own | ({"threads": threads} if of(dataset)["name"] == SENTENCE else {})


def fingerprint(dataset: dict) -> str | None:
    """Return what changes with the files of a dataset's encoder; None of one without any."""
    encoder = of(dataset)
    if encoder["name"] not in PRETRAINED:
        return None
    return encoders.fingerprint(encoder["model"], encoder.get("revision"))


def of_hub(dataset: dict) -> dict[str, str] | None:
    """Return `model` and `revision` of a dataset's encoder of the hub; None where it has none."""
    if kind_of(dataset) != TEXTS:
        return None
    encoder = of(dataset)
    if encoder["name"] not in PRETRAINED or encoders.is_folder(encoder["model"]):
        return None
    return {"model": encoder["model"], "revision": encoder["revision"]}


def what_networks_take(dataset: dict) -> str:
    """Return the kind of a dataset's examples or, of texts that an encoder makes vectors of,
    VECTORS, or TOKENS: that of the backbones and of the noise for them."""
    kind = kind_of(dataset)
    return _GIVEN.get(of(dataset)["name"], kind) if kind == TEXTS else kind


def no_keys_of_another_encoder(key: str, dataset: dict) -> None:
    """Forbid what an encoder would ignore, and to leave out what it needs."""
    if kind_of(dataset) != TEXTS:
        return
    encoder = of(dataset)
    for name in sorted(set(encoder) - {"name", *_KEYS[encoder["name"]]}):
        takers = ", ".join(taker for taker, keys in _KEYS.items() if name in keys)
        raise ConfigError.of(f"{key}.encoder.{name}", f"it only with {takers}", encoder[name])
    for name in _REQUIRED[encoder["name"]]:
        if name not in encoder:
            expected = f"a value, as encoder is {encoder['name']}"
            raise ConfigError.of(f"{key}.encoder.{name}", expected, None)


def no_encoder_that_may_change(key: str, dataset: dict) -> None:
    """Forbid an encoder of the hub without the commit that its files are of."""
    if kind_of(dataset) != TEXTS:
        return
    encoder = of(dataset)
    on_hub = encoder["name"] in PRETRAINED and not encoders.is_folder(encoder["model"])
    if on_hub and "revision" not in encoder:
        expected = (
            f"the commit of {encoder['model']!r} on the Hugging Face hub (or the folder, which "
            "does not exist; a folder is named as ./NAME)"
        )
        raise ConfigError.of(f"{key}.encoder.revision", expected, None)


def no_revision_of_a_folder(key: str, dataset: dict) -> None:
    """Forbid a commit of the hub beside files of yours, of which it would say nothing."""
    if kind_of(dataset) != TEXTS:
        return
    encoder = of(dataset)
    if "revision" in encoder and encoders.is_folder(encoder["model"]):
        expected = f"it only with a model of the Hugging Face hub; {encoder['model']!r} is a folder"
        raise ConfigError.of(f"{key}.encoder.revision", expected, encoder["revision"])


def no_encoder_without_files(key: str, dataset: dict) -> None:
    """Forbid a folder that is not there, and one without an encoder."""
    if kind_of(dataset) != TEXTS:
        return
    encoder = of(dataset)
    if encoder["name"] in PRETRAINED and encoders.is_folder(encoder["model"]):
        try:
            encoders.list_files(encoder["model"])
            if encoder["name"] == TOKENS:
                encoders.check_not_causal(encoder["model"])
        except DatasetError as error:
            raise ConfigError(f"{key}.{error}") from None


# In the order in which they are checked.
ENCODER_RULES: list[Callable[[str, dict], None]] = [
    no_keys_of_another_encoder,
    no_encoder_that_may_change,
    no_revision_of_a_folder,
]
