"""Rules that tie a method to the others that it names: one function each, for what it forbids."""

from collections.abc import Callable

from self_training.errors import ConfigError
from self_training.study.methods import (
    CONSISTENCY,
    CONTROL,
    OF_CONTROLS,
    TRAINED_ONCE,
    control_of,
    kind,
    learns_unlabeled,
)

# What lies beside the folders of methods in the folder of a fold.
_FILES_OF_FOLDS = ("split.npz", "decision.json")
Rules = list[Callable[[dict, str], None]]


def no_method_in_the_teachers_folder(config: dict, name: str) -> None:
    """Forbid the name of the folder that the shared teachers of a fold are in, which on some
    machines is one in capital letters, too."""
    if name.lower() == "teachers":
        raise ConfigError.of(
            "methods", "a name that is not the folder of the shared teachers", name
        )
    if name.lower() in _FILES_OF_FOLDS:
        raise ConfigError.of("methods", "a name that is not a file beside methods' folders", name)


def no_method_without_generations(config: dict, name: str) -> None:
    """Forbid to leave open how many generations a method has."""
    given = set(config["methods"][name])
    if not {"inherit", "generations", CONSISTENCY} & given:
        expected = "a number of generations (0 for a supervised baseline), or inherit"
        raise ConfigError.of(f"methods.{name}.generations", expected, None)


def no_control_with_students(config: dict, name: str) -> None:
    """Forbid what makes a method a control beside generations of its own."""
    method = config["methods"][name]
    given = method.get("generations", 0)
    if given in (0, [0]):
        return
    for key in OF_CONTROLS:
        if key in method:
            expected = "it only with generations: 0, as a control has no students"
            raise ConfigError.of(f"methods.{name}.{key}", expected, method[key])


def no_unknown_parent(config: dict, name: str) -> None:
    """Forbid to inherit from what is no other method."""
    parent = config["methods"][name].get("inherit")
    if parent is not None and (parent not in config["methods"] or parent == name):
        others = ", ".join(other for other in config["methods"] if other != name)
        expected = f"another method ({others or 'there is none'})"
        raise ConfigError.of(f"methods.{name}.inherit", expected, parent)


def no_grandparent(config: dict, name: str) -> None:
    """Forbid to inherit from a method that itself inherits."""
    parent = config["methods"][name].get("inherit")
    if parent is not None and "inherit" in config["methods"][parent]:
        expected = "a method that does not inherit itself"
        raise ConfigError.of(f"methods.{name}.inherit", expected, parent)


def no_heir_of_a_control(config: dict, name: str) -> None:
    """Forbid to inherit from a control or from consistency training, which have nothing selected to
    hand on."""
    parent = config["methods"][name].get("inherit")
    if parent is not None and kind(config, parent) in TRAINED_ONCE:
        expected = "a method that is not a control"
        expected += ", nor of consistency training" * (kind(config, parent) == CONSISTENCY)
        raise ConfigError.of(f"methods.{name}.inherit", expected, parent)


def no_control_of_what_is_no_chain(config: dict, name: str) -> None:
    """Forbid to be like a method that has no unlabeled examples to do without, and no synthetic
    ones."""
    liked = control_of(config, name)
    able = [other for other in config["methods"] if _has_a_control(config, other)]
    if liked is not None and liked not in able:
        expected = f"a method with students ({', '.join(able)})"
        expected += ", or a control with synthetic texts" if _has_synthetic(config) else ""
        raise ConfigError.of(f"methods.{name}.control_of", expected, liked)


def _has_a_control(config: dict, name: str) -> bool:
    # Of a control, generations can't be asked for before it is clear what it is like.
    if kind(config, name) != CONTROL:
        return learns_unlabeled(config, name)
    method = config["methods"][name]
    parent = config["methods"].get(method.get("inherit"), {})
    return "control_of" not in method and bool((parent | method).get("synthetic"))


def _has_synthetic(config: dict) -> bool:
    return any(method.get("synthetic") for method in config["methods"].values())


# In the order in which they are checked; a rule may count on those above it.
INHERITANCE_RULES: Rules = [
    no_method_in_the_teachers_folder,
    no_method_without_generations,
    no_control_with_students,
    no_unknown_parent,
    no_grandparent,
    no_heir_of_a_control,
    no_control_of_what_is_no_chain,
]
