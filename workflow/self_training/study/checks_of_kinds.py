"""Rules that tie what examples are to what is trained on them: named for what each forbids."""

from collections.abc import Callable

from self_training.data.sources import VECTORS, kind_of
from self_training.errors import ConfigError
from self_training.study import names
from self_training.study.encoders import TOKENS, what_networks_take
from self_training.study.methods import settings
from self_training.study.trainings import backbones_of


def _first(config: dict) -> tuple[str, str]:
    """Return the first dataset and the kind of what networks take of it, which is that of all."""
    name, dataset = next(iter(config["datasets"].items()))
    return name, what_networks_take(dataset)


def no_two_kinds(config: dict) -> None:
    """Forbid datasets of several kinds, which no network takes."""
    first, given = _first(config)
    kind = kind_of(config["datasets"][first])
    for name, dataset in config["datasets"].items():
        if what_networks_take(dataset) != given and kind_of(dataset) == kind:
            expected = (
                f"one that gives {given}, as that of datasets.{first}; study the others apart"
            )
            raise ConfigError.of(f"datasets.{name}.encoder", expected, dataset.get("encoder"))
        if kind_of(dataset) != kind:
            expected = f"{kind}, as of datasets.{first}; study the others apart"
            raise ConfigError.of(f"datasets.{name}.kind", expected, kind_of(dataset))


def no_backbone_of_another_kind(config: dict) -> None:
    """Forbid our backbones that take something else."""
    _, kind = _first(config)
    of_kind = names.BACKBONES_OF[kind]
    for method in config["methods"]:
        for number, backbone in enumerate(backbones_of(config, method)):
            is_ours = backbone in names.BACKBONES
            # No network of Keras would know which tokens are special, or pad.
            if backbone not in of_kind and (is_ours or kind == TOKENS):
                key = f"methods.{method}.backbone" if number else "training.backbone"
                own = "" if kind == TOKENS else ", or your own"
                expected = f"one of {', '.join(of_kind)}{own}, as the examples are {kind}"
                raise ConfigError.of(key, expected, backbone)


def no_images_that_are_too_small(config: dict) -> None:
    """Forbid a size of images that a backbone of ours can't pool."""
    for method in config["methods"]:
        for backbone in backbones_of(config, method):
            least = names.LEAST_SIDE.get(backbone, 1)
            for name, dataset in config["datasets"].items():
                size = dataset.get("image_size")
                if size is not None and min(size) < least:
                    expected = f"at least {least} x {least} pixels, for {backbone}"
                    raise ConfigError.of(f"datasets.{name}.image_size", expected, size)


def no_noise_of_another_kind(config: dict) -> None:
    """Forbid input noise that other examples have."""
    _, kind = _first(config)
    for method in config["methods"]:
        policy = settings(config, method)["noise"]["policy"]
        if policy is not None and policy not in names.POLICIES_OF[kind]:
            expected = f"one of {', '.join(names.POLICIES_OF[kind])}, as the examples are {kind}"
            raise ConfigError.of(f"methods.{method}.noise.policy", expected, policy)


def no_scaling_but_of_vectors(config: dict) -> None:
    """Forbid to scale what has no features to scale."""
    _, kind = _first(config)
    scaling = config["training"].get("scaling", "none")
    if scaling != "none" and kind != VECTORS:
        expected = f"it only with kind {VECTORS}, as the examples are {kind}"
        raise ConfigError.of("training.scaling", expected, scaling)


# In the order in which they are checked.
KIND_RULES: list[Callable[[dict], None]] = [
    no_two_kinds,
    no_backbone_of_another_kind,
    no_images_that_are_too_small,
    no_noise_of_another_kind,
    no_scaling_but_of_vectors,
]
