"""What of a study's networks is tried before any training: users' own backbones, and least sizes.

What is tried is no input of what trains: a backbone that a method is given later retrains nothing.
"""

from self_training.digests import code_digest
from self_training.study import budgets, methods, names, trainings

# Of the settings of a job those that its network is built by.
_BUILT_BY = ("dropout", "survival")


def backbones(config: dict) -> dict[str, str]:
    """Return all backbones of a study, and of each the key of the config that asks for it first."""
    found = {config["training"]["backbone"]: "training.backbone"} if config.get("methods") else {}
    for method in config.get("methods", {}):
        for backbone in trainings.backbones_of(config, method):
            found.setdefault(backbone, f"methods.{method}.backbone")
    return found


def own_backbones(config: dict) -> list[str]:
    """Return the dotted paths of backbones of the user's own."""
    return [backbone for backbone in backbones(config) if ":" in backbone]


def least_sides(config: dict) -> list[dict]:
    """Return the backbones that pool images: each `backbone` with its `key` in the config, and the
    pixels that a side of an image must have at `least`."""
    return [
        {"backbone": backbone, "key": key, "least": names.LEAST_SIDE[backbone]}
        for backbone, key in backbones(config).items()
        if backbone in names.LEAST_SIDE
    ]


def networks(config: dict, dataset: str) -> list[dict]:
    """Return settings of training jobs of a dataset, one of all that build the same network of a
    backbone of the user's own: the fields of `training.runs.TrainingSettings`.

    Args:
        config: of a plan, with label budgets as datasets (see `budgets.expand`).
        dataset: an original one.
    """
    dataset = budgets.members(config)[dataset][0]
    found = [trainings.training(config, dataset)]
    for method in config["methods"]:
        own = methods.settings(config, method)["backbone"]
        count = len(own) if isinstance(own, list) else 1
        found += [
            trainings.training(config, dataset, method, 1 + number) for number in range(count)
        ]
    different: dict[tuple, dict] = {}
    for training in found:
        if ":" in training["backbone"]:
            noise = training["noise"]
            key = (training["backbone"], *(str(noise[name]) for name in _BUILT_BY))
            different.setdefault(key, names.with_paths(training))
    return list(different.values())


def code(config: dict) -> str:
    """Return a digest of the code that tries backbones, and of the users' own files."""
    return code_digest("try_backbones", *own_backbones(config))
