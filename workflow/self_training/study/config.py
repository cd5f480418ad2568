"""What a config says of the study as a whole."""

from pathlib import Path

from self_training.data import sources
from self_training.study import budgets, fair_controls, methods

# Of the key `deploy`: the method is the one that the results speak for.
AUTO = "auto"


def compares_only(config: dict) -> bool:
    """Return whether a study has no methods of its own, only scores from elsewhere."""
    return "external_scores" in config and not {"datasets", "methods"} & set(config)


def external_scores(config: dict) -> list[str]:
    """Return the files of scores from elsewhere."""
    paths = config.get("external_scores", [])
    return [paths] if isinstance(paths, str) else paths


def deployable(config: dict) -> list[str]:
    """Return the methods that may be deployed: all but upper bounds, which know hidden labels, and
    consistency training, with what takes its steps, and controls with synthetic texts, of which no
    test says that they help."""
    left_out = methods.of_consistency(config)
    return [
        name
        for name in config["methods"]
        if methods.trained_on(config, name) == "labeled"
        and name not in left_out
        and methods.steps_of(config, name) not in left_out
        and not (
            methods.kind(config, name) == methods.CONTROL
            and methods.settings(config, name)["synthetic"]
        )
    ]


def kinds_of_methods(config: dict) -> dict[str, str]:
    """Return the kind of every method that may be deployed; none of scores from elsewhere alone."""
    if "methods" not in config:
        return {}
    return {name: methods.kind(config, name) for name in deployable(config)}


def inner_folds(config: dict) -> int:
    """Return the number of inner folds; 0 when the study has none."""
    return config.get("inner_folds", 0)


def statistics(config: dict) -> dict:
    """Return the settings of the tests that the config, expanded, gives, those that it has.

    Returns: `control` and `rope` as given; `budgets` (of `budgets.several`); `out_of_class` and
        `imbalance` (of `budgets.along`); `groups` (of `groups`); `repeats` of the outer
        cross-validation; `consistency`, the methods of consistency training; and `fair`, for each
        method that learns from unlabeled examples its fair control, or None where it has none.
    """
    settings = config.get("statistics", {})
    given = {key: settings[key] for key in ("control", "rope") if key in settings}
    fair = {
        name: fair_controls.of(config, name)
        for name in config.get("methods", {})
        if methods.learns_unlabeled(config, name)
    }
    found = {"budgets": budgets.several(config), "groups": groups(config), "fair": fair}
    along = {axis: budgets.along(config, axis) for axis in (budgets.FOREIGN, budgets.IMBALANCE)}
    found |= {"repeats": config.get("repeats"), **along}
    found |= {"consistency": methods.of_consistency(config)}
    return given | {name: value for name, value in found.items() if value}


def groups(config: dict) -> dict[str, str]:
    """Return the group of each dataset: what is made from one source is one unit of the tests.

    Left out, a dataset's group is the archive, file or folder that it is prepared from, or its name
    on the hub; scores from elsewhere have theirs in `statistics.groups`.
    """
    found = {}
    for name, dataset in config.get("datasets", {}).items():
        source = sources.archive(dataset)
        default = source if "path" in dataset else Path(source).stem
        if dataset["source"] == sources.HUB:
            default = "/".join(filter(None, (dataset["name"], dataset.get("subset"))))
        found[budgets.original(config, name)] = dataset.get("group", default)
    return found | config.get("statistics", {}).get("groups", {})
