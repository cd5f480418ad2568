"""Label budgets: how many examples of a dataset keep their labels; and other axes of a dataset.

A dataset with a list of budgets is studied with each of them. For that the config is expanded once:
from then on every budget is a dataset of its own, `NAME@BUDGET`. So is every share of a list of
shares of foreign examples (see `data.foreign`), `NAME@foreign_SHARE`, and every ratio of a list of
such (see `data.imbalance`), `NAME@imbalance_RATIO`.
"""

from typing import Any

KEYS = ("labeled_fraction", "labels_per_class")
FOREIGN = "out_of_class"
IMBALANCE, UNLABELED_IMBALANCE = "imbalance", "unlabeled_imbalance"
# What a dataset may have a list of, each value of which is a dataset then; and what that is called.
AXES = {key: "{}" for key in KEYS} | {
    FOREIGN: "foreign_{:g}",
    IMBALANCE: "imbalance_{:g}",
}
# What says how a dataset is split, trained on, noised and counted, not what its examples are.
_NOT_OF_THE_SOURCE = {
    "epochs",
    "steps",
    "policy",
    "draw",
    "original",
    "group",
    "predict",
    "generator",
    UNLABELED_IMBALANCE,
    *AXES,
}


def of(dataset: dict) -> list[dict]:
    """Return a dataset's label budgets, the smallest first: `labeled_fraction` or
    `labels_per_class` of each.

    Args:
        dataset: its settings in the config.
    """
    return [{key: value} for key in KEYS if key in dataset for value in as_list(dataset[key])]


def expand(config: dict) -> dict:
    """Return the config with a dataset `NAME@BUDGET` for each label budget of a list, and so for
    each value of another axis.

    Such a dataset has its own budget alone and, as `original`, the name of what it came from. One
    whose budget is a single value stays as it is. None has lists of two axes.
    """
    if "datasets" not in config:
        return config
    expanded = {}
    for name, dataset in config["datasets"].items():
        axis = next((key for key in AXES if isinstance(dataset.get(key), list)), None)
        if axis is None:
            expanded[name] = dataset
            continue
        for value in as_list(dataset[axis]):
            called = f"{name}@{AXES[axis].format(value)}"
            expanded[called] = dataset | {axis: value, "original": name}
    return config | {"datasets": expanded}


def original(config: dict, dataset: str) -> str:
    """Return the dataset in the config that one of an expanded config came from."""
    return config["datasets"][dataset].get("original", dataset)


def sources(config: dict) -> dict[str, dict]:
    """Return, per original dataset, what its examples and labels are, however they are split.

    Of one with foreign examples it says `foreign`, whatever their share.
    """
    return {
        original(config, name): {
            key: dataset[key] for key in sorted(dataset) if key not in _NOT_OF_THE_SOURCE
        }
        | ({"foreign": True} if FOREIGN in dataset else {})
        for name, dataset in config.get("datasets", {}).items()
    }


def members(config: dict) -> dict[str, list[str]]:
    """Return, per original dataset, its datasets in an expanded config, in the order of the values
    of its axis."""
    found: dict[str, list[str]] = {}
    for name in config.get("datasets", {}):
        found.setdefault(original(config, name), []).append(name)
    return found


def several(config: dict) -> dict[str, list[str]]:
    """Return, per original dataset with several label budgets, its datasets in an expanded config,
    the smallest budget first."""
    return {
        name: datasets
        for name, datasets in members(config).items()
        if len({str(of(config["datasets"][dataset])) for dataset in datasets}) > 1
    }


def along(config: dict, axis: str) -> dict[str, dict[str, float]]:
    """Return, per original dataset with several values of an axis other than that of label budgets,
    its datasets in an expanded config and their values, the smallest first.

    Args:
        axis: FOREIGN or IMBALANCE.
    """
    found = {
        name: {dataset: config["datasets"][dataset].get(axis) for dataset in datasets}
        for name, datasets in members(config).items()
    }
    return {name: values for name, values in found.items() if len(set(values.values())) > 1}


def unequal(dataset: dict) -> list[dict]:
    """Return how a dataset's classes are made unequal, at each of its ratios, the smallest first:
    IMBALANCE and, where it is given, UNLABELED_IMBALANCE. None of a dataset that is as it is."""
    if IMBALANCE not in dataset:
        return []
    of_unlabeled = {key: dataset[key] for key in [UNLABELED_IMBALANCE] if key in dataset}
    return [{IMBALANCE: ratio} | of_unlabeled for ratio in as_list(dataset[IMBALANCE])]


def has(config: dict, axis: str) -> bool:
    """Return whether a dataset of a config has a value of an axis, such as a share of foreign
    examples, which may be none."""
    return any(axis in dataset for dataset in config.get("datasets", {}).values())


def as_list(value: Any) -> list:
    """Return the values of a setting that may be one or a list.

    Sorted, so that a config whose values are rearranged is the same config.
    """
    return sorted(value, key=_words_last) if isinstance(value, list) else [value]


def _words_last(value: Any) -> tuple[bool, Any]:
    return isinstance(value, str), value
