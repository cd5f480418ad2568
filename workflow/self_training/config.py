"""A study's config: its validation, and what each rule needs to know of it."""

from difflib import get_close_matches
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from self_training import datasets, search
from self_training.backbones import BACKBONES
from self_training.errors import ConfigError

SCHEMA = Path(__file__).parents[1] / "schemas" / "config.schema.yaml"
DEFAULT_SETTINGS = {"labels": "hard", "balance": "none", "noise": {}}


def validate(config: dict) -> None:
    """Raise ConfigError, naming the first key that is wrong, what it expects and what it got."""
    schema = yaml.safe_load(SCHEMA.read_text())
    errors = sorted(
        Draft202012Validator(schema).iter_errors(config),
        key=lambda error: list(map(str, error.path)),
    )
    if errors:
        raise ConfigError(_describe(errors[0]))
    backbone = config["training"]["backbone"]
    if backbone not in BACKBONES:
        _fail("training.backbone", f"one of {', '.join(BACKBONES)}", backbone)
    for name, dataset in config["datasets"].items():
        _validate_dataset(name, dataset)
    for name in config["methods"]:
        _validate_method(config, name)


def _describe(error) -> str:
    key = ".".join(str(step) for step in error.absolute_path) or "config"
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in known)
        hint = get_close_matches(str(unknown), known, 1)
        return (
            f"{key}: Expected the keys {', '.join(known)}. Received the unknown key '{unknown}'."
            + (f" Did you mean '{hint[0]}'?" if hint else "")
        )
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return (
            f"{key}: Expected the keys {', '.join(error.validator_value)}. "
            f"Missing: {', '.join(missing)}."
        )
    expected = error.schema.get("expected", error.message)
    return f"{key}: Expected {expected}. Received: {error.instance!r}."


def _fail(key: str, expected: str, received) -> None:
    raise ConfigError(f"{key}: Expected {expected}. Received: {received!r}.")


def _validate_dataset(name: str, dataset: dict) -> None:
    key = f"datasets.{name}.path"
    if dataset["source"] == "npz":
        if "path" not in dataset:
            _fail(key, "the path of a NumPy archive, as source is npz", None)
        if not Path(dataset["path"]).is_file():
            _fail(key, "an existing NumPy archive (.npz)", dataset["path"])
    elif "path" in dataset:
        _fail(key, f"no path, as source is {dataset['source']}", dataset["path"])


def _validate_method(config: dict, name: str) -> None:
    method, methods = config["methods"][name], config["methods"]
    key = f"methods.{name}"
    parent = method.get("inherit")
    if parent is not None:
        if parent not in methods or parent == name:
            others = [other for other in methods if other != name]
            _fail(
                f"{key}.inherit", f"another method ({', '.join(others) or 'there is none'})", parent
            )
        if "inherit" in methods[parent]:
            _fail(f"{key}.inherit", "a method that does not inherit itself", parent)
    elif "generations" not in method:
        _fail(key, "generations (0 for a supervised baseline), or inherit", sorted(method))
    space = full_space(config, name)
    for hyper_parameter in ("unlabeled_fraction", "threshold"):
        if max(space["generations"]) > 0 and space[hyper_parameter] == [None]:
            _fail(f"{key}.{hyper_parameter}", "a value, as there are generations to train", None)
    strategy = method.get("search", {}).get("strategy")
    trials = method.get("search", {}).get("trials")
    if (strategy == "random") != (trials is not None):
        _fail(
            f"{key}.search.trials",
            "a number of trials with strategy random, and only there",
            trials,
        )
    if strategy == "fixed":
        for hyper_parameter, values in settings(config, name)["space"].items():
            if len(values) > 1:
                _fail(f"{key}.{hyper_parameter}", "one value, as search.strategy is fixed", values)


def check_datasets(config: dict, archive_of) -> None:
    """Raise DatasetError when a dataset that is already there can't be split as the config says.

    Args:
        archive_of: function from a dataset's name to its archive, which need not exist yet.
    """
    for name, dataset in config["datasets"].items():
        datasets.check_class_counts(
            datasets.count_classes(dataset, archive_of(name), name),
            dataset=name,
            outer_folds=config["outer_folds"],
            labeled_fraction=dataset["labeled_fraction"],
            inner_folds=inner_folds(config),
        )


def settings(config: dict, name: str) -> dict:
    """Return a method's settings with what it inherits and the defaults filled in.

    Returns: `space` (lists of values of what the method sets itself), `strategy`, `trials`,
        `inherit`, `labels`, `balance`, `noise`.
    """
    method = config["methods"][name]
    parent = method.get("inherit")
    inherited = config["methods"][parent] if parent else {}
    own = {key: _as_list(method[key]) for key in search.HYPER_PARAMETERS if key in method}
    defaults = {"unlabeled_fraction": [None], "threshold": [None], "ensemble_size": [1]}
    chosen = {
        key: method.get(key, inherited.get(key, default))
        for key, default in DEFAULT_SETTINGS.items()
    }
    return chosen | {
        "space": own if parent else defaults | own,
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


def searches(config: dict, name: str) -> bool:
    """Return whether a method has more than one candidate, so that inner folds must choose."""
    method = settings(config, name)
    if method["inherit"]:
        return any(len(values) > 1 for values in method["space"].values())
    count = len(search.grid(method["space"]))
    return min(count, method["trials"] or count) > 1


def generations(config: dict, name: str) -> list[int]:
    """Return the generations 1, 2, ... that a method's longest chain has."""
    return list(range(1, max(full_space(config, name)["generations"]) + 1))


def inner_folds(config: dict) -> int:
    """Return the number of inner folds; 0 when no method searches."""
    return config["inner_folds"] if any(searches(config, name) for name in config["methods"]) else 0


def teachers(config: dict) -> dict:
    """Return what the methods ask of a fold's shared teachers.

    Returns: `final_members` and `search_members`, of the largest ensemble that is run in the final
        chains and in the search (0 when nothing is searched), and `unlabeled_fraction`, of the
        largest first slice.
    """
    spaces = {name: full_space(config, name) for name in config["methods"]}
    sizes = {name: max(space["ensemble_size"]) for name, space in spaces.items()}
    fractions = [
        fraction or 0
        for space in spaces.values()
        if max(space["generations"])
        for fraction in space["unlabeled_fraction"]
    ]
    return {
        "final_members": max(sizes.values()),
        "search_members": max(
            (sizes[name] for name in spaces if searches(config, name)), default=0
        ),
        "unlabeled_fraction": max(fractions, default=0),
    }


def training(config: dict, dataset: str) -> dict:
    """Return the settings of a dataset's training jobs, without noise."""
    return config["training"] | {
        "epochs": config["datasets"][dataset]["epochs"],
        "threads": config["threads"],
    }


def _as_list(value) -> list:
    return list(value) if isinstance(value, list) else [value]
