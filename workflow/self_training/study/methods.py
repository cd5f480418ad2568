"""What a method is: its kind, its settings with the defaults filled in, and its search space.

A method of a config is of one of three kinds. A *teacher* trains nothing of its own: it is the
teachers of generation 0, which all methods of an outer fold share. A *chain* trains generations of
students on pseudo-labels. A *control* trains networks of its own on given labels alone.

This is the only module that tells one from another by the keys that a method has.
"""

import math
from typing import Any

from self_training.study.budgets import as_list
from self_training.study.candidates import HYPER_PARAMETERS

TEACHER, CHAIN, CONTROL = "teacher", "chain", "control"

DEFAULT_SETTINGS: dict[str, Any] = {
    "schedule": "slices",
    "labels": "hard",
    "temperature": 1,
    "balance": "none",
    "noise": {},
    "label_smoothing": 0,
    "unlabeled_ratio": None,
    "backbone": None,
}
# How all networks are trained, where `training` says nothing else.
DEFAULT_TRAINING: dict[str, Any] = {
    "weight_decay": 0,
    "warmup": 0,
    "decay": "none",
    "ema": 0,
    "loss": "per_example",
}
# What `training` says of all networks, and a method of its own.
OF_ALL = ("learning_rate", *DEFAULT_TRAINING)
DEFAULT_SETTINGS |= dict.fromkeys(OF_ALL)
NO_NOISE = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0, "survival": 1}
# How long a network is trained: one of them.
LENGTH = ("epochs", "steps")
# How networks are trained. The shared teachers have none of these: a chain or a control has.
OF_TRAINING = ("noise", "label_smoothing", "backbone", "learning_rate", "weight_decay", "warmup",
               "decay", "ema", *LENGTH)  # fmt: skip
# How pseudo-labels are made, and how they are mixed with given ones: a chain alone has these.
OF_STUDENTS = ("unlabeled_fraction", "threshold", "schedule", "labels", "temperature", "balance",
               "unlabeled_ratio", "loss")  # fmt: skip


def kind(config: dict, name: str) -> str:
    """Return what a method is: TEACHER, CHAIN or CONTROL."""
    if {"steps_of", "train_on"} & set(config["methods"][name]):
        return CONTROL
    return CHAIN if generations(config, name) else TEACHER


def controls(config: dict) -> dict[str, list[str]]:
    """Return the controls among the methods, by what they are trained on: `labeled` or `pool`."""
    found: dict[str, list[str]] = {"labeled": [], "pool": []}
    for name in config.get("methods", {}):
        if kind(config, name) == CONTROL:
            found[trained_on(config, name)].append(name)
    return found


def trained_on(config: dict, name: str) -> str:
    """Return whose labels a method is given: `labeled`, or for an upper bound `pool`, all."""
    return config["methods"][name].get("train_on", "labeled")


def steps_of(config: dict, name: str) -> str | None:
    """Return the method whose last student's number of gradient steps a control takes, if any."""
    return config["methods"][name].get("steps_of")


def settings(config: dict, name: str) -> dict:
    """Return a method's settings with what it inherits and the defaults filled in.

    Returns: `space` (lists of values of what the method sets itself), `strategy`, `trials`,
        `inherit`, `epochs` and `steps` (None where the dataset says it), and the keys of
        DEFAULT_SETTINGS (None where the study's `training` says it).
    """
    method = config["methods"][name]
    parent = method.get("inherit")
    inherited = config["methods"][parent] if parent else {}
    own = {key: as_list(method[key]) for key in HYPER_PARAMETERS if key in method}
    defaults = {"unlabeled_fraction": [None], "threshold": [None], "ensemble_size": [1]}
    chosen = {
        key: method.get(key, inherited.get(key, default))
        for key, default in DEFAULT_SETTINGS.items()
    }
    # In one order, so that a config whose keys are rearranged is the same config.
    chosen["noise"] = {key: chosen["noise"].get(key, none) for key, none in NO_NOISE.items()}
    length = method if {*LENGTH, "steps_of"} & set(method) else inherited
    chosen |= {key: length.get(key) for key in LENGTH}
    if chosen["schedule"] == "all":
        own["unlabeled_fraction"] = [None]
    space = own if parent else defaults | own
    return chosen | {
        "space": {key: space[key] for key in HYPER_PARAMETERS if key in space},
        "strategy": method.get("search", {}).get("strategy", "grid"),
        "trials": method.get("search", {}).get("trials"),
        "inherit": parent,
    }


def full_space(config: dict, name: str) -> dict[str, list]:
    """Return lists of all values that a method's hyper-parameters may take, inherited ones too."""
    method = settings(config, name)
    if method["inherit"]:
        return settings(config, method["inherit"])["space"] | method["space"]
    return method["space"]


def generations(config: dict, name: str) -> list[int]:
    """Return the generations 1, 2, ... that a method's longest chain has."""
    return list(range(1, max(full_space(config, name)["generations"]) + 1))


def searches(config: dict, name: str) -> bool:
    """Return whether a method has more than one candidate, so that inner folds must choose."""
    method = settings(config, name)
    # However many values a method inherits, one of each is selected when it gets them.
    inherited = {key: [None] for key in HYPER_PARAMETERS} if method["inherit"] else {}
    count = math.prod(len(values) for values in (inherited | method["space"]).values())
    return min(count, method["trials"] or count) > 1


def teachers(config: dict) -> dict:
    """Return what the methods ask of a fold's shared teachers.

    Returns: `final_members` and `search_members`, of the largest ensemble that is run in the final
        chains and in the search (0 when nothing is searched), and `unlabeled_fraction`, of the
        largest first slice.
    """
    spaces = {name: full_space(config, name) for name in config.get("methods", {})}
    sizes = {name: max(space["ensemble_size"]) for name, space in spaces.items()}
    fractions = [
        fraction or 1
        for space in spaces.values()
        if max(space["generations"])
        for fraction in space["unlabeled_fraction"]
    ]
    return {
        "final_members": max(sizes.values(), default=0),
        "search_members": max(
            (sizes[name] for name in spaces if searches(config, name)), default=0
        ),
        "unlabeled_fraction": max(fractions, default=0),
    }


def training(config: dict, dataset: str, method: str | None = None, generation: int = 1) -> dict:
    """Return how the networks of a dataset's training jobs are trained.

    Args:
        method: whose students of a generation are trained, or which is a control; None for the
            shared teachers.

    Returns: the fields of `training.runs.TrainingSettings`, of which backbone and policy are names.
    """
    chosen: dict[str, Any] = DEFAULT_SETTINGS | {"noise": NO_NOISE} | dict.fromkeys(LENGTH)
    if method is not None:
        chosen = settings(config, method)
    length = chosen if any(chosen[key] for key in LENGTH) else config["datasets"][dataset]
    # Of generation 1, 2, ...; the last one also of all that follow.
    backbone = chosen["backbone"] or config["training"]["backbone"]
    if isinstance(backbone, list):
        backbone = backbone[min(generation, len(backbone)) - 1]
    of_all = DEFAULT_TRAINING | config["training"]
    noise = chosen["noise"]
    if noise["magnitude"]:
        policy = noise["policy"] or config["datasets"][dataset]["policy"]
        noise = noise | {"policy": policy}
    return {
        "backbone": backbone,
        **{key: length.get(key) for key in LENGTH},
        "batch_size": config["training"]["batch_size"],
        **{key: of_all[key] if chosen[key] is None else chosen[key] for key in OF_ALL},
        **{key: chosen[key] for key in ("unlabeled_ratio", "label_smoothing")},
        "noise": noise,
        "threads": config["threads"],
    }


def backbones_of(config: dict, method: str) -> list[str]:
    """Return the backbones behind a method's scores: of the teachers, and of its own networks."""
    own = settings(config, method)["backbone"] or []
    own = [own] if isinstance(own, str) else own
    return list(dict.fromkeys([config["training"]["backbone"], *own]))


def settings_behind_score(config: dict, dataset: str, method: str) -> dict:
    """Return all settings that a method's scores on a dataset depend on."""
    everything = ("seed", "threads", "outer_folds", "inner_folds", "training")
    return {
        **{key: _sorted(config[key]) for key in everything if key in config},
        "dataset": {"name": dataset} | _sorted(config["datasets"][dataset]),
        "method": {"name": method}
        | {key: config["methods"][method].get(key) for key in ("steps_of", "train_on")}
        | settings(config, method)
        | {"space": full_space(config, method)},
        "others": {name: settings(config, name) for name in behind(config, method)},
        "teachers": teachers(config),
    }


def behind(config: dict, method: str) -> list[str]:
    """Return the other methods that a method's scores depend on.

    These are the one that it inherits a choice from and, of a control, the one whose steps it takes
    and the one that this inherits from.
    """
    chain = steps_of(config, method)
    parents = [settings(config, name)["inherit"] for name in (method, chain) if name]
    found = dict.fromkeys(name for name in (chain, *parents) if name and name != method)
    return list(found)


def _sorted(value):
    # So that a config whose keys are rearranged is the same config.
    return dict(sorted(value.items())) if isinstance(value, dict) else value
