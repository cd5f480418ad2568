"""What a method is: its kind, its settings with the defaults filled in, and its search space.

A method of a config is of one of four kinds. A *teacher* trains nothing of its own: it is the
teachers of generation 0, which all methods of an outer fold share. A *chain* trains generations of
students on pseudo-labels. A *control* trains networks of its own on given labels alone, and a
method of *consistency* training on labeled and unlabeled examples at once.

This is the only module that tells one from another by the keys that a method has.
"""

import math
from typing import Any

from self_training.study import consistency, spaces
from self_training.study.candidates import (
    HYPER_PARAMETERS,
    OF_CHAINS,
    OF_LABELS,
    OF_NETWORKS,
    OF_NOISE,
    TEACHER_MEMBERS,
    grid,
)
from self_training.study.spaces import LENGTH

TEACHER, CHAIN, CONTROL, CONSISTENCY = "teacher", "chain", "control", "consistency"
# Their networks are trained once, and have no generations.
TRAINED_ONCE = (CONTROL, CONSISTENCY)
# Which candidate is selected: see `methods.search.select`.
BEST, ONE_STANDARD_ERROR = "best", "one_standard_error"
# What makes a method a control.
OF_CONTROLS = ("control_of", "steps_of", "train_on")
# The schedule in which every generation has unlabeled examples of its own.
SLICES = "slices"
# Whose gradient steps a control takes: those of the last student, or of all networks of a chain.
LAST_STUDENT, WHOLE_CHAIN = "last_student", "whole_chain"

DEFAULT_SETTINGS: dict[str, Any] = {
    "schedule": SLICES,
    "labels": "hard",
    "temperature": 1,
    "distillation": False,
    "filter": "every_generation",
    "curriculum": None,
    "share": {},
    "uncertainty": None,
    "align": False,
    "balance": "none",
    "quota": None,
    "noise": {},
    "label_smoothing": 0,
    "unlabeled_ratio": None,
    "backbone": None,
    "teacher": None,
    "adapt": None,
    "transformer": None,
    "synthetic": None,
}
# How all networks are trained, where `training` says nothing else.
DEFAULT_TRAINING: dict[str, Any] = {
    "l2": 0,
    "weight_decay": 0,
    "warmup": 0,
    "decay": "none",
    "ema": 0,
    "loss": "per_example",
    "optimizer": "adam",
    "logit_adjustment": 0,
}
# What `training` says of all networks, and a method of its own.
OF_ALL = ("learning_rate", *DEFAULT_TRAINING)
# Of consistency training alone, and of its controls, which have as large batches.
DEFAULT_SETTINGS |= dict.fromkeys((*OF_ALL, "batch_size", "consistency"))
NO_NOISE = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0, "survival": 1}
# Parts of the examples that teachers are asked about: how many are selected in any case.
WHOLE_SHARE = {"at_least": 0, "at_most": 1}
# How networks are trained. The shared teachers have none of these: a chain or a control has.
OF_TRAINING = ("noise", "label_smoothing", "backbone", "learning_rate", "l2", "weight_decay",
               "warmup", "decay", "ema", "optimizer", "batch_size", "logit_adjustment",
               "adapt", "transformer", "synthetic", *LENGTH)  # fmt: skip
# How pseudo-labels are made, and how they are mixed with given ones: a chain alone has these.
OF_STUDENTS = ("unlabeled_fraction", "threshold", "schedule", "labels", "temperature",
               "distillation", "filter", "curriculum", "share", "uncertainty", "align", "balance",
               "quota", "unlabeled_ratio", "loss", "teacher", TEACHER_MEMBERS)  # fmt: skip


def kind(config: dict, name: str) -> str:
    """Return what a method is: TEACHER, CHAIN, CONTROL or CONSISTENCY."""
    if "consistency" in config["methods"][name]:
        return CONSISTENCY
    if set(OF_CONTROLS) & set(config["methods"][name]):
        return CONTROL
    return CHAIN if generations(config, name) else TEACHER


def controls(config: dict) -> dict[str, list[str]]:
    """Return the controls among the methods, by what they are trained on: `labeled` or `pool`."""
    found: dict[str, list[str]] = {"labeled": [], "pool": []}
    for name in config.get("methods", {}):
        if kind(config, name) == CONTROL:
            found[trained_on(config, name)].append(name)
    return found


def of_consistency(config: dict) -> list[str]:
    """Return the methods of consistency training."""
    return [name for name in config.get("methods", {}) if kind(config, name) == CONSISTENCY]


def learns_unlabeled(config: dict, name: str) -> bool:
    """Return whether a method learns from unlabeled examples without their labels, so that a fair
    control can tell what these bring: one with students, or of consistency training."""
    return kind(config, name) == CONSISTENCY or bool(generations(config, name))


def trained_on(config: dict, name: str) -> str:
    """Return whose labels a method is given: `labeled`, or for an upper bound `pool`, all."""
    return config["methods"][name].get("train_on", "labeled")


def control_of(config: dict, name: str) -> str | None:
    """Return the method that a control is like in all but its students, if any."""
    return config["methods"][name].get("control_of")


def steps_of(config: dict, name: str) -> str | None:
    """Return the method whose number of gradient steps a control takes, if any (see `match`)."""
    return config["methods"][name].get("steps_of") or control_of(config, name)


def match(config: dict, name: str) -> str:
    """Return whose steps those of `steps_of` are: LAST_STUDENT or WHOLE_CHAIN."""
    return config["methods"][name].get("match", LAST_STUDENT)


def settings(config: dict, name: str) -> dict:
    """Return a method's settings with what it inherits and the defaults filled in.

    Returns: `space` (lists of values of what the method sets itself), `strategy`, `trials` and
        `selection` of the search, `takes` (other methods, and the hyper-parameters that are taken
        from what was selected for them), `epochs` and `steps` (None where the dataset says it), and
        the keys of DEFAULT_SETTINGS (None where the study's `training` says it).
    """
    method = config["methods"][name]
    if control_of(config, name) is not None:
        return _settings_of_fair_control(config, method)
    parent = method.get("inherit")
    inherited = config["methods"][parent] if parent else {}
    defaults: dict[str, list] = {"unlabeled_fraction": [None], "threshold": [None]}
    defaults |= {"ensemble_size": [1]}
    is_consistency = "consistency" in method
    defaults |= {"generations": [0]} if is_consistency else {}
    chosen = {
        key: method.get(key, inherited.get(key, default))
        for key, default in DEFAULT_SETTINGS.items()
    }
    is_control = is_consistency or bool(set(OF_CONTROLS) & set(method))
    of_method = consistency.settings(method)
    if of_method is not None:
        published = consistency.TRAINING
        if chosen["optimizer"] not in (None, published["optimizer"]):
            # Its learning rate is of this optimizer.
            published = {"ema": published["ema"]}
        chosen |= {key: value for key, value in published.items() if chosen[key] is None}
        chosen |= {"consistency": of_method, "batch_size": of_method["batch_size"]}
    if is_control:
        # It has no pseudo-labels, whoever it inherits from.
        chosen |= {key: DEFAULT_SETTINGS[key] for key in OF_STUDENTS if key in DEFAULT_SETTINGS}
    # In one order, so that a config whose keys are rearranged is the same config.
    chosen["noise"] = {key: chosen["noise"].get(key, none) for key, none in NO_NOISE.items()}
    chosen["share"] = chosen["share"] and WHOLE_SHARE | chosen["share"]
    length = method if {*LENGTH, "steps_of"} & set(method) else inherited
    chosen |= {key: length.get(key) for key in LENGTH}
    own = spaces.own(method)
    if chosen["schedule"] != SLICES:
        own["unlabeled_fraction"] = [None]
    if chosen["curriculum"] is not None:
        own["threshold"] = [None]
    taken = spaces.left_open(method, full_space(config, parent)) if parent else []
    if own.get("generations") == [0] and not is_control:
        # It is the shared teacher, however its parent's networks are trained.
        taken = [key for key in taken if key in OF_CHAINS]
    if is_control:
        taken = [key for key in taken if key not in OF_LABELS]
    return _with_single_values(chosen) | {
        "space": _in_order(own if parent else defaults | own),
        **_search(config, method),
        "takes": {parent: taken} if parent else {},
    }


def _with_single_values(chosen: dict) -> dict:
    noise = {key: spaces.single(chosen["noise"][key]) for key in OF_NOISE}
    of_networks = {
        key: spaces.single(chosen[key])
        for key in HYPER_PARAMETERS
        if key in chosen and key not in OF_NOISE
    }
    return chosen | of_networks | {"noise": chosen["noise"] | noise}


def _in_order(space: dict[str, list]) -> dict[str, list]:
    return {key: space[key] for key in HYPER_PARAMETERS if key in space}


def _search(config: dict, method: dict) -> dict:
    """Return how a method is searched: every method with the study's number of trials, if any."""
    trials = config.get("trials")
    default = {"strategy": "random", "trials": trials} if trials else {"strategy": "grid"}
    search = method.get("search", default)
    return {
        "strategy": search["strategy"],
        "trials": search.get("trials"),
        "selection": config.get("selection", BEST),
    }


def _settings_of_fair_control(config: dict, method: dict) -> dict:
    """Return the settings of a control that is like the last students of a method.

    What is searched of how these are trained is searched for the control, too, but for how long:
    its steps are theirs.
    """
    liked = method["control_of"]
    students = settings(config, liked)
    backbone = students["backbone"]
    if isinstance(backbone, list):
        backbone = backbone[min(max(generations(config, liked)), len(backbone)) - 1]
    searched = searched_of_networks(config, liked)
    takes: dict[str, list[str]] = {liked: ["ensemble_size"]}
    parent = method.get("inherit")
    if parent is not None:
        takes[parent] = [key for key in searched if key not in students["space"]]
        searched = {key: values for key, values in searched.items() if key in students["space"]}
    none = {"unlabeled_fraction": [None], "threshold": [None], "generations": [0]}
    # Like what has no students it is in all but synthetic examples.
    left_out = {} if generations(config, liked) else {"synthetic": None}
    return (
        DEFAULT_SETTINGS
        | {key: students[key] for key in OF_TRAINING}
        | left_out
        | {"backbone": backbone}
        | dict.fromkeys(LENGTH)
        | {"space": none | searched, "takes": takes}
        | {key: students[key] for key in ("strategy", "trials", "selection")}
    )


def full_space(config: dict, name: str) -> dict[str, list]:
    """Return lists of all values that a method's hyper-parameters may take, inherited ones too."""
    method = settings(config, name)
    taken = {
        key: values
        for other, keys in method["takes"].items()
        for key, values in full_space(config, other).items()
        if key in keys
    }
    return taken | method["space"]


def searched_of_networks(config: dict, name: str) -> dict[str, list]:
    """Return what is searched of how a method's networks are trained, but for how long."""
    return {
        key: values
        for key, values in full_space(config, name).items()
        if key in OF_NETWORKS and key not in LENGTH
    }


def generations(config: dict, name: str) -> list[int]:
    """Return the generations 1, 2, ... that a method's longest chain has."""
    return list(range(1, max(full_space(config, name)["generations"]) + 1))


def searches(config: dict, name: str) -> bool:
    """Return whether a method has more than one candidate, so that inner folds must choose."""
    method = settings(config, name)
    # However many values a method takes from another, one of each is selected when it gets them.
    count = math.prod(len(values) for values in method["space"].values())
    return min(count, method["trials"] or count) > 1


def behind_choice(config: dict, name: str) -> list[str]:
    """Return the other methods whose searches a method's choice rests on: of its teacher, and of
    those that it takes hyper-parameters from.

    A control takes a chain's number of members, and nothing of what that cost.
    """
    method, is_control = settings(config, name), kind(config, name) == CONTROL
    taken = [o for o in method["takes"] if not is_control or kind(config, o) == CONTROL]
    return [*filter(None, [method["teacher"]]), *taken]


def tried(config: dict, name: str) -> int:
    """Return how many candidates were scored for a method's choice, of what it inherits too."""
    method = settings(config, name)
    none: dict[str, list] = {key: [None] for key in OF_CHAINS} | {"generations": [1]}
    count = len(grid(none | method["space"]))
    others = [tried(config, other) for other in behind_choice(config, name)]
    return sum(some for some in [min(count, method["trials"] or count), *others] if some > 1) or 1


def teacher(config: dict, name: str) -> str | None:
    """Return the control whose networks are a chain's generation 0; None for the shared ones."""
    return settings(config, name)["teacher"]


def is_of_shared_teachers(config: dict, name: str) -> bool:
    """Return whether a method's generation 0 is that of the shared teachers."""
    return kind(config, name) not in TRAINED_ONCE and teacher(config, name) is None


def taught_by(config: dict, control: str) -> list[str]:
    """Return the chains whose generation 0 a control's networks are."""
    return [name for name in config["methods"] if teacher(config, name) == control]


def trains_in_search(config: dict, name: str) -> bool:
    """Return whether a method's networks are trained on the inner folds: for its own search, or as
    teachers of a chain that is searched."""
    return any(searches(config, other) for other in [name, *taught_by(config, name)])


def teaching_members(config: dict, name: str) -> list[int]:
    """Return how many members a method's teachers may have."""
    space = full_space(config, name)
    return space.get(TEACHER_MEMBERS, space["ensemble_size"])


def largest_ensemble(config: dict, name: str) -> int:
    """Return how many members a method's teachers or students have at most."""
    space = full_space(config, name)
    return max([*space["ensemble_size"], *space.get(TEACHER_MEMBERS, [])])
