"""Task-adaptive pretraining: which networks start from weights that were adapted to the texts of
their outer fold, how that is done, and what a config may not say of it."""

from collections.abc import Callable
from typing import Any

from self_training.data import encoders as files
from self_training.data.sources import TEXTS, kind_of
from self_training.errors import ConfigError, DatasetError
from self_training.study import encoders, methods, trainings
from self_training.study.methods import CONTROL, NO_NOISE, TEACHER
from self_training.study.transformers import ADAPT, TRANSFORMER, is_trained

# As Gururangan et al. 2020 adapt RoBERTa (appendix B): decoupled weight decay, and the share of the
# steps over which the learning rate rises; afterwards it falls linearly.
WEIGHT_DECAY, WARMUP = 0.01, 0.06
KEY = f"training.{TRANSFORMER}.{ADAPT}"


def is_asked_for(config: dict) -> bool:
    """Return whether a study says how transformers are adapted."""
    return ADAPT in config.get("training", {}).get(TRANSFORMER, {})


def is_of_teachers(config: dict) -> bool:
    """Return whether the shared teachers start from adapted weights."""
    return is_trained(config) and is_asked_for(config)


def is_of_networks(config: dict, method: str) -> bool:
    """Return whether a method's own networks start from adapted weights, its students or those of a
    control; of a method without any, the shared teachers."""
    settings = methods.settings(config, method)
    own = settings[ADAPT] is not False and settings[TRANSFORMER] is None
    return is_of_teachers(config) and (own or methods.kind(config, method) == TEACHER)


def is_behind(config: dict, method: str) -> bool:
    """Return whether any network of a method, its first teachers among them, starts from adapted
    weights."""
    shared = methods.kind(config, method) != CONTROL and methods.teacher(config, method) is None
    return is_of_networks(config, method) or (shared and is_of_teachers(config))


def training(config: dict, dataset: str) -> dict[str, Any]:
    """Return how the transformer of a dataset is adapted: the fields of
    `training.runs.TrainingSettings`, of which the backbone is a name."""
    found = trainings.training(config, dataset)
    own = found[TRANSFORMER]
    how = own[ADAPT]
    # All weights learn, whatever of them classifiers train.
    of_network = {TRANSFORMER: own | {"lora": None, ADAPT: None}}
    of_rate = {"weight_decay": WEIGHT_DECAY, "warmup": WARMUP, "decay": "linear"}
    return (
        found
        | {"epochs": None, "noise": NO_NOISE, "loss": "per_example"}
        | of_rate
        | how
        | of_network
    )


def no_adaptation_of_nothing(config: dict) -> None:
    """Forbid to say of a method whether its networks are adapted where nothing says how."""
    for name, method in config["methods"].items():
        if ADAPT in method and not is_of_teachers(config):
            expected = f"it only with {KEY}, which says for how many steps"
            raise ConfigError.of(f"methods.{name}.{ADAPT}", expected, method[ADAPT])


def no_adaptation_that_nobody_starts_from(config: dict) -> None:
    """Forbid to say how transformers are adapted where no network starts from that."""
    if is_of_teachers(config) and not any(is_behind(config, name) for name in config["methods"]):
        expected = "a method whose networks start from adapted weights (none says adapt: false)"
        raise ConfigError.of(KEY, expected, "adapt: false of all methods")


def no_adaptation_of_another_kind(config: dict) -> None:
    """Forbid to adapt a transformer that predicts no masked tokens, by the files of a folder."""
    if not is_of_teachers(config):
        return
    for name, dataset in config["datasets"].items():
        encoder = encoders.of(dataset) if kind_of(dataset) == TEXTS else {}
        if encoder.get("name") == encoders.TOKENS and files.is_folder(encoder["model"]):
            try:
                files.check_predicts_tokens(encoder["model"])
            except DatasetError as error:
                raise ConfigError(f"datasets.{name}.{error}") from None


# In the order in which they are checked.
ADAPTATION_RULES: list[Callable[[dict], None]] = [
    no_adaptation_of_nothing,
    no_adaptation_that_nobody_starts_from,
    no_adaptation_of_another_kind,
]
