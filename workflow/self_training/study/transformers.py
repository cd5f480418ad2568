"""Pretrained transformers that are trained: what a config may say of them, and what it may not."""

from collections.abc import Callable
from typing import Any

from self_training.data import encoders as files
from self_training.data.encoders import folder_of_hub
from self_training.data.sources import TEXTS, kind_of
from self_training.errors import ConfigError, DatasetError
from self_training.study import encoders

# The backbone, which trains the network that the encoder's tokens are of.
TRANSFORMER = "transformer"
# What trains it, whatever Keras trains with.
BACKEND = "torch"
# What is said of task-adaptive pretraining; see `study.adaptation`.
ADAPT = "adapt"
# Whether curves are written.
TENSORBOARD = "tensorboard"
# Of training.transformer, where a config does not say.
_DEFAULTS: dict[str, Any] = {
    "lora": None,
    "micro_batch": None,
    "recompute": False,
    "bfloat16": False,
}
# Of an adapter.
_DEFAULTS_OF_LORA: dict[str, Any] = {
    "rank": 8,
    "alpha": 16,
    "dropout": 0,
    "bias": "none",
    "target_modules": None,
}
# Of adaptation; batches are as large as those of training.
_DEFAULTS_OF_ADAPT: dict[str, Any] = {"learning_rate": 1e-4}
# What its trainer does not have.
_NOT_THERE = ("l2", "ema")


def of(backbone: str, config: dict, dataset: str, method: dict) -> dict[str, dict]:
    """Return `transformer`, of `settings`, of networks with this backbone; nothing of others."""
    return {TRANSFORMER: settings(config, dataset, method)} if backbone == TRANSFORMER else {}


def settings(config: dict, dataset: str, method: dict | None = None) -> dict[str, Any]:
    """Return how the transformer of a dataset is trained, beside what holds for all backbones.

    Args:
        method: whose networks are trained, its settings: `adapt` (see `study.adaptation`) and
            `transformer`, of another one than the encoder's; None for the shared teachers.

    Returns: `model`, the folder of its files, of a method's own one with what changes with its
        `files`; and what `training.transformer` says, `lora` None where all of it is trained,
        `adapt` None where networks start from these files.
    """
    method = method or {}
    another = method.get(TRANSFORMER)
    own = _DEFAULTS | config["training"].get(TRANSFORMER, {})
    how = own.get(ADAPT)
    if how is not None:
        how = _DEFAULTS_OF_ADAPT | {"batch_size": config["training"]["batch_size"]} | how
    # Which changes nothing that is trained.
    own.pop(TENSORBOARD, None)
    own[ADAPT] = None if another or method.get(ADAPT) is False else how
    if own["lora"] is not None:
        own["lora"] = _DEFAULTS_OF_LORA | own["lora"]
    if another:
        return {"model": another["model"], "files": files.fingerprint(another["model"])} | own
    source = config["datasets"][dataset]
    hub = encoders.of_hub(source)
    model = str(folder_of_hub(**hub)) if hub else encoders.of(source)["model"]
    return {"model": model} | own


def without_curves(config: dict) -> dict:
    """Return a config without what changes no score of how transformers are trained."""
    own = config.get("training", {}).get(TRANSFORMER)
    if own is None or TENSORBOARD not in own:
        return config
    kept = {key: value for key, value in own.items() if key != TENSORBOARD}
    return config | {"training": config["training"] | {TRANSFORMER: kept}}


def is_trained(config: dict) -> bool:
    """Return whether a study trains transformers, as then all its methods do."""
    return config.get("training", {}).get("backbone") == TRANSFORMER


def no_settings_of_a_transformer_that_is_not_there(config: dict) -> None:
    """Forbid to say how a transformer is trained where none is."""
    if TRANSFORMER in config["training"] and not is_trained(config):
        expected = f"{TRANSFORMER}, as there is training.{TRANSFORMER}"
        raise ConfigError.of("training.backbone", expected, config["training"]["backbone"])


def no_part_of_a_batch_that_is_more_than_it(config: dict) -> None:
    """Forbid to compute more texts at a time than a step is about."""
    at_once = config["training"].get(TRANSFORMER, {}).get("micro_batch")
    size = config["training"]["batch_size"]
    if at_once is not None and at_once > size:
        expected = f"at most {size}, which is training.batch_size"
        raise ConfigError.of(f"training.{TRANSFORMER}.micro_batch", expected, at_once)


def no_other_transformer_of_other_tokens(config: dict) -> None:
    """Forbid networks of a method that are none of transformers, or know other tokens than those
    that the encoder makes of texts, as far as the files of folders say."""
    for name, method in config["methods"].items():
        if TRANSFORMER not in method:
            continue
        place, model = f"methods.{name}.{TRANSFORMER}", method[TRANSFORMER]["model"]
        if not is_trained(config):
            expected = f"no value, as training.backbone is not {TRANSFORMER}"
            raise ConfigError.of(place, expected, method[TRANSFORMER])
        if not files.is_folder(model):
            expected = "a folder, as ./NAME or an absolute path"
            raise ConfigError.of(f"{place}.model", expected, model)
        try:
            files.list_files(model)
        except DatasetError as error:
            raise ConfigError(str(error).replace("encoder.model", f"{place}.model")) from None
        for dataset, source in config["datasets"].items():
            encoder = encoders.of(source) if kind_of(source) == TEXTS else {}
            if files.is_folder(encoder.get("model", "")):
                ids = [files.ids_of_tokens(some) for some in (encoder["model"], model)]
                if all(ids) and ids[0] != ids[1]:
                    expected = (
                        f"a transformer with the tokenizer of datasets.{dataset}.encoder, as its "
                        "networks are given the same ids of tokens"
                    )
                    raise ConfigError.of(f"{place}.model", expected, model)


def no_training_that_a_transformer_does_not_have(config: dict) -> None:
    """Forbid penalties, averages of weights and another optimizer than AdamW, which its trainer
    does not have."""
    if not is_trained(config):
        return
    said = {"training": config["training"]}
    said |= {f"methods.{name}": method for name, method in config["methods"].items()}
    for place, given in said.items():
        if given.get("optimizer", "adam") != "adam":
            expected = f"adam, as backbone {TRANSFORMER} is trained by nothing else"
            raise ConfigError.of(f"{place}.optimizer", expected, given["optimizer"])
        for key in _NOT_THERE:
            values = given.get(key, 0)
            if any(values if isinstance(values, list) else [values]):
                expected = f"0, as backbone {TRANSFORMER} does not have it (weight_decay it has)"
                raise ConfigError.of(f"{place}.{key}", expected, values)


# In the order in which they are checked.
TRANSFORMER_RULES: list[Callable[[dict], None]] = [
    no_settings_of_a_transformer_that_is_not_there,
    no_part_of_a_batch_that_is_more_than_it,
    no_other_transformer_of_other_tokens,
    no_training_that_a_transformer_does_not_have,
]
