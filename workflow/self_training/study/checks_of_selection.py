"""Rules of how pseudo-labels are selected, and by how many teachers: one function each, named for
what it forbids."""

from self_training.errors import ConfigError
from self_training.study.candidates import TEACHER_MEMBERS
from self_training.study.checks_of_inheritance import Rules
from self_training.study.methods import full_space, generations, settings


def no_threshold_of_a_curriculum(config: dict, name: str) -> None:
    """Forbid a threshold where it is known how many examples are selected."""
    method = config["methods"][name]
    if "threshold" in method and settings(config, name)["curriculum"] is not None:
        expected = "no value, as curriculum says how many are selected"
        raise ConfigError.of(f"methods.{name}.threshold", expected, method["threshold"])


def no_curriculum_of_what_does_not_grow(config: dict, name: str) -> None:
    """Forbid to select more and more of examples that are others every time, or the same ones."""
    method = settings(config, name)
    if method["curriculum"] is None:
        return
    key, received = f"methods.{name}.curriculum", method["curriculum"]
    if method["schedule"] != "all":
        expected = "it only with schedule all, as a part of all unlabeled examples"
        raise ConfigError.of(key, expected, received)
    if method["filter"] == "once":
        expected = "it only with filter every_generation, as each selects more"
        raise ConfigError.of(key, expected, received)


def no_share_that_something_else_decides(config: dict, name: str) -> None:
    """Forbid bounds that nothing keeps to, or nothing can."""
    method = settings(config, name)
    key, share = f"methods.{name}.share", method["share"]
    if not share:
        return
    if share["at_least"] > share["at_most"]:
        expected = "at_least no larger than at_most"
        raise ConfigError.of(key, expected, share)
    if method["curriculum"] is not None:
        expected = "either share or curriculum, which says how many are selected"
        raise ConfigError.of(key, expected, share)
    if method["uncertainty"] is not None:
        expected = "either share or uncertainty, which may select fewer"
        raise ConfigError.of(key, expected, share)


def no_uncertainty_of_one_member(config: dict, name: str) -> None:
    """Forbid to ask how far apart the members of one network are."""
    if settings(config, name)["uncertainty"] is None or not generations(config, name):
        return
    space = full_space(config, name)
    key = TEACHER_MEMBERS if TEACHER_MEMBERS in space else "ensemble_size"
    if min(space[key]) < 2:
        expected = "at least 2, as uncertainty is how far apart the members of the teachers are "
        expected += f"(or {TEACHER_MEMBERS})" if key == "ensemble_size" else ""
        raise ConfigError.of(f"methods.{name}.{key}", expected.rstrip(), space[key])


def no_fewer_teachers_than_students(config: dict, name: str) -> None:
    """Forbid teachers of fewer members than the last students have."""
    space = full_space(config, name)
    if TEACHER_MEMBERS not in space:
        return
    needed, received = max(space["ensemble_size"]), space[TEACHER_MEMBERS]
    if min(received) < needed:
        expected = f"at least {needed}, as ensemble_size is, or none"
        raise ConfigError.of(f"methods.{name}.{TEACHER_MEMBERS}", expected, received)


# In the order in which they are checked; a rule may count on those above it.
SELECTION_RULES: Rules = [
    no_threshold_of_a_curriculum,
    no_curriculum_of_what_does_not_grow,
    no_share_that_something_else_decides,
    no_uncertainty_of_one_member,
    no_fewer_teachers_than_students,
]
