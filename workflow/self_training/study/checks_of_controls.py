"""Rules that tie keys of a control to each other: one function each, named for what it forbids."""

from self_training.errors import ConfigError
from self_training.study.checks_of_inheritance import Rules
from self_training.study.methods import (
    control_of,
    full_space,
    learns_unlabeled,
    steps_of,
    trained_on,
)


def no_settings_of_what_is_like_another(config: dict, name: str) -> None:
    """Forbid settings to a control that has those of the students it is compared with."""
    liked = control_of(config, name)
    for key, received in config["methods"][name].items():
        if liked is not None and key not in ("control_of", "match", "generations"):
            expected = f"no value, as control_of says that all is as in {liked} (or steps_of, for "
            expected += "a control with settings of its own)"
            raise ConfigError.of(f"methods.{name}.{key}", expected, received)


def no_generations_of_a_control(config: dict, name: str) -> None:
    """Forbid a control with students."""
    if full_space(config, name)["generations"] != [0]:
        received = config["methods"][name].get("generations")
        expected = "0, as a control has no students"
        raise ConfigError.of(f"methods.{name}.generations", expected, received)


def no_backbones_by_generation_of_a_control(config: dict, name: str) -> None:
    """Forbid a list of backbones to what has no generations."""
    backbone = config["methods"][name].get("backbone")
    if isinstance(backbone, list):
        expected = "one, as a control has no generations"
        raise ConfigError.of(f"methods.{name}.backbone", expected, backbone)


def no_search_of_an_upper_bound(config: dict, name: str) -> None:
    """Forbid to search what is trained with hidden labels, which no search may read."""
    for key, values in full_space(config, name).items():
        if trained_on(config, name) == "pool" and len(values) > 1:
            expected = "one value, as an upper bound (train_on: pool) is not searched"
            raise ConfigError.of(f"methods.{name}.{key}", expected, values)


def no_steps_of_a_method_without_students(config: dict, name: str) -> None:
    """Forbid to take the gradient steps of students that do not exist."""
    taken = steps_of(config, name)
    with_students = [other for other in config["methods"] if learns_unlabeled(config, other)]
    if taken is not None and taken not in with_students and taken != control_of(config, name):
        expected = f"a method with students ({', '.join(with_students)})"
        raise ConfigError.of(f"methods.{name}.steps_of", expected, taken)


# In the order in which they are checked; a rule may count on those above it.
CONTROL_RULES: Rules = [
    no_settings_of_what_is_like_another,
    no_generations_of_a_control,
    no_backbones_by_generation_of_a_control,
    no_search_of_an_upper_bound,
    no_steps_of_a_method_without_students,
]
