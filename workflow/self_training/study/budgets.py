"""Label budgets: how many examples of a dataset keep their labels.

A dataset with a list of budgets is studied with each of them. For that the config is expanded once:
from then on every budget is a dataset of its own, `NAME@BUDGET`.
"""

from typing import Any

KEYS = ("labeled_fraction", "labels_per_class")
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
    *KEYS,
}


def of(dataset: dict) -> list[dict]:
    """Return a dataset's label budgets, the smallest first: `labeled_fraction` or
    `labels_per_class` of each.

    Args:
        dataset: its settings in the config.
    """
    return [{key: value} for key in KEYS if key in dataset for value in as_list(dataset[key])]


def expand(config: dict) -> dict:
    """Return the config with a dataset `NAME@BUDGET` for each label budget of a list.

    Such a dataset has its own budget alone and, as `original`, the name of what it came from. One
    whose budget is a single value stays as it is.
    """
    if "datasets" not in config:
        return config
    expanded = {}
    for name, dataset in config["datasets"].items():
        for budget in of(dataset):
            ((key, value),) = budget.items()
            if isinstance(dataset[key], list):
                expanded[f"{name}@{value}"] = dataset | budget | {"original": name}
            else:
                expanded[name] = dataset
    return config | {"datasets": expanded}


def original(config: dict, dataset: str) -> str:
    """Return the dataset in the config that one of an expanded config came from."""
    return config["datasets"][dataset].get("original", dataset)


def sources(config: dict) -> dict[str, dict]:
    """Return, per original dataset, what its examples and labels are, however they are split."""
    return {
        original(config, name): {
            key: dataset[key] for key in sorted(dataset) if key not in _NOT_OF_THE_SOURCE
        }
        for name, dataset in config.get("datasets", {}).items()
    }


def several(config: dict) -> dict[str, list[str]]:
    """Return, per original dataset with several label budgets, its datasets in an expanded config,
    the smallest budget first."""
    found: dict[str, list[str]] = {}
    for name in config.get("datasets", {}):
        found.setdefault(original(config, name), []).append(name)
    return {name: datasets for name, datasets in found.items() if len(datasets) > 1}


def as_list(value: Any) -> list:
    """Return the values of a setting that may be one or a list.

    Sorted, so that a config whose values are rearranged is the same config.
    """
    return sorted(value, key=_words_last) if isinstance(value, list) else [value]


def _words_last(value: Any) -> tuple[bool, Any]:
    return isinstance(value, str), value
