"""Rules of the key `deploy`: one function each, named for what it forbids."""

from collections.abc import Callable

from self_training.errors import ConfigError
from self_training.study import budgets, methods
from self_training.study.config import AUTO, compares_only, deployable


def no_deployment_without_training(config: dict) -> None:
    """Forbid to deploy what a study of scores from elsewhere alone has not."""
    if "deploy" in config and compares_only(config):
        expected = "no value, as there are no datasets and methods, only external_scores"
        raise ConfigError.of("deploy", expected, config["deploy"])


def no_deployment_of_a_method_that_is_not_there(config: dict) -> None:
    """Forbid the name of no method, of an upper bound, whose labels nobody has, of consistency
    training, and of a control with synthetic texts."""
    known = deployable(config)
    if config.get("deploy", AUTO) not in [AUTO, *known]:
        expected = f"{AUTO}, or a method that is trained on labels alone or on pseudo-labels"
        raise ConfigError.of("deploy", f"{expected} ({', '.join(known)})", config["deploy"])


def no_automatic_deployment_of_students_alone(config: dict) -> None:
    """Forbid to leave the choice to a study in which nothing is left when students don't help."""
    kinds = {methods.kind(config, name) for name in deployable(config)}
    if config.get("deploy") == AUTO and kinds == {methods.CHAIN}:
        expected = (
            "the name of a method, or one that is trained on labels alone beside those with "
            "students (baseline: {generations: 0}), which is deployed where they don't help"
        )
        raise ConfigError.of("deploy", expected, AUTO)


def no_deployment_of_what_has_no_unknown_labels(config: dict) -> None:
    """Forbid to deploy what was studied with foreign examples, or with classes that were made
    unequal: a model labels examples of unknown label, of which there are none."""
    for name, dataset in config["datasets"].items():
        for axis in (budgets.FOREIGN, budgets.IMBALANCE):
            if "deploy" in config and axis in dataset:
                expected = f"it only without {axis} (datasets.{name})"
                raise ConfigError.of("deploy", expected, config["deploy"])


# Of a config with its added fair controls, once its methods are checked.
DEPLOYMENT_RULES: list[Callable[[dict], None]] = [
    no_deployment_of_a_method_that_is_not_there,
    no_automatic_deployment_of_students_alone,
    no_deployment_of_what_has_no_unknown_labels,
]
