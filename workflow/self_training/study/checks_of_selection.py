"""Rules of how pseudo-labels are selected, and by how many teachers: one function each, named for
what it forbids."""

from self_training.errors import ConfigError
from self_training.study.asked import is_of_passes
from self_training.study.candidates import TEACHER_MEMBERS
from self_training.study.checks_of_inheritance import Rules
from self_training.study.methods import (
    full_space,
    generations,
    settings,
    teacher,
    teaching_members,
)
from self_training.study.trainings import backbones_of
from self_training.study.transformers import TRANSFORMER


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


def _is_uncertain(config: dict, name: str) -> bool:
    asks = settings(config, name)["uncertainty"] is not None
    return asks and bool(generations(config, name))


def no_uncertainty_of_one_and_of_several(config: dict, name: str) -> None:
    """Forbid to search whether it is of passes of one network or of several members."""
    if not _is_uncertain(config, name):
        return
    members = teaching_members(config, name)
    if min(members) == 1 < max(members):
        key = TEACHER_MEMBERS if TEACHER_MEMBERS in full_space(config, name) else "ensemble_size"
        expected = "at least 2, as uncertainty is how far apart the members of the teachers are, "
        expected += "or 1 alone, where it is how far passes of one with dropout are"
        raise ConfigError.of(f"methods.{name}.{key}", expected, members)


def no_passes_of_a_transformer(config: dict, name: str) -> None:
    """Forbid to ask for passes with dropout of a network whose trainer has none."""
    if is_of_passes(config, name) and TRANSFORMER in backbones_of(config, name):
        expected = f"at least 2 (or {TEACHER_MEMBERS}), as uncertainty of one network is not of "
        expected += f"backbone {TRANSFORMER}"
        key = f"methods.{name}.ensemble_size"
        raise ConfigError.of(key, expected, full_space(config, name)["ensemble_size"])


def no_passes_of_a_network_without_dropout(config: dict, name: str) -> None:
    """Forbid to ask how far passes are apart of networks that were trained without dropout, as all
    shared teachers are."""
    if not is_of_passes(config, name):
        return
    why = "as uncertainty of one network is how far its passes with dropout are apart (or an "
    why += f"ensemble_size of at least 2, or {TEACHER_MEMBERS})"
    taught = teacher(config, name)
    if taught is None:
        expected = f"a control with noise.dropout, as shared teachers have none, {why}"
        raise ConfigError.of(f"methods.{name}.teacher", expected, None)
    students = [name] if len(generations(config, name)) > 1 else []
    for trained in [taught, *students]:
        single = settings(config, trained)["noise"]["dropout"]
        values = full_space(config, trained).get("dropout", [single])
        if not min(values):
            key = f"methods.{trained}.noise.dropout"
            raise ConfigError.of(key, f"a number above 0, {why}", min(values))


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
    no_uncertainty_of_one_and_of_several,
    no_passes_of_a_transformer,
    no_passes_of_a_network_without_dropout,
    no_fewer_teachers_than_students,
]
