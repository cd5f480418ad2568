"""Methods of consistency training: their settings, as published, and the views that they have.

Such a method trains networks of its own, at once on labeled examples and on weak and strong views
of unlabeled ones. See `training.consistency`.
"""

from typing import Any

from self_training.study import budgets, names

# Where each is defined.
METHODS = {
    "fixmatch": "self_training.training.consistency.fixmatch:FIXMATCH",
    "uda": "self_training.training.consistency.uda:UDA",
    "flexmatch": "self_training.training.consistency.flexmatch:FLEXMATCH",
    "freematch": "self_training.training.consistency.freematch:FREEMATCH",
    "softmatch": "self_training.training.consistency.softmatch:SOFTMATCH",
    "mean_teacher": "self_training.training.consistency.mean_teacher:MEAN_TEACHER",
}
# As published: labeled examples of a batch, unlabeled ones per labeled one, weight of their loss.
_ALL: dict[str, Any] = {"batch_size": 64, "ratio": 7, "weight": 1}
# What each has beside these, or otherwise; of Mean Teacher in the evaluation of Zhang et al. 2021.
_OWN: dict[str, dict[str, Any]] = {
    "fixmatch": {"threshold": 0.95},
    "uda": {"threshold": 0.8, "temperature": 0.4},
    "flexmatch": {"threshold": 0.95},
    "freematch": {"momentum": 0.999, "entropy": 0.001},
    "softmatch": {"momentum": 0.999, "deviations": 2},
    "mean_teacher": {"ratio": 1, "weight": 50, "warmup": 0.4},
}
VIEWS = ("weak", "strong")
# How the networks of all are trained, where a method does not say it.
TRAINING = {"optimizer": "sgd", "learning_rate": 0.03, "ema": 0.999}
# What may be a list of values to search, by what candidates call it.
SEARCHED = {"consistency_threshold": "threshold", "consistency_weight": "weight"}
# The policy of weak or of strong views, where that is not the one of the dataset: RandAugment where
# mirrored images keep their classes, which it mirrors.
_WEAK_OF = {"rand_augment": "clothing"}
_STRONG_OF = {"clothing": "rand_augment"}
# Magnitudes of both views by policies.
_MAGNITUDES = {
    "characters": (5, 20),
    "clothing": (5, 20),
    "rand_augment": (5, 10),
    "gaussian": (0.1, 0.5),
    "feature_dropout": (1, 9),
    "words": (3, 15),
}


def said(method: dict) -> dict | None:
    """Return what a method of a config says of consistency training, as a mapping with a `name`;
    None where it is none."""
    given = method.get("consistency")
    return {"name": given} if isinstance(given, str) else given


def keys_of(name: str) -> list[str]:
    """Return the settings that a method of this name has."""
    return ["name", *(_ALL | _OWN[name]), *VIEWS]


def settings(method: dict) -> dict | None:
    """Return what a method says of consistency training, what is published where it says nothing;
    of what is searched the largest value. None where it is none."""
    given = said(method)
    if given is None:
        return None
    found = _ALL | _OWN[given["name"]] | given
    return {key: max(value) if isinstance(value, list) else value for key, value in found.items()}


def space(method: dict) -> dict[str, list]:
    """Return the lists of values that a method says, by what candidates call them."""
    given = said(method) or {}
    return {
        name: budgets.as_list(given[key])
        for name, key in SEARCHED.items()
        if isinstance(given.get(key), list)
    }


def views(chosen: dict, dataset: dict) -> dict[str, dict]:
    """Return the input noise of both views of a dataset's examples: `policy`, which may be None,
    `magnitude` and `operations`.

    The strong view of Mean Teacher is another weak one, as in the paper.

    Args:
        chosen: of `settings`.
        dataset: of the config.
    """
    given = {view: chosen.get(view) or {} for view in VIEWS}
    of_dataset = dataset.get("policy", "")
    weak = given["weak"].get("policy", _WEAK_OF.get(of_dataset, of_dataset))
    strong = given["strong"].get("policy", _STRONG_OF.get(of_dataset, of_dataset))
    if chosen["name"] == "mean_teacher":
        strong = given["strong"].get("policy", weak)
    found: dict[str, dict] = {}
    for number, (view, policy) in enumerate(zip(VIEWS, (weak, strong), strict=True)):
        usual = _MAGNITUDES.get(policy, (0, 0))[number]
        if view == "strong" and chosen["name"] == "mean_teacher" and policy == weak:
            usual = found["weak"]["magnitude"]
        magnitude = given[view].get("magnitude", usual)
        found[view] = {"policy": policy or None, "magnitude": magnitude, "operations": 2}
    return found


def training(chosen: dict, dataset: dict) -> dict:
    """Return what jobs know of a method of consistency training, names for dotted paths.

    Args: of `views`.
    """
    strong = views(chosen, dataset)["strong"]
    strong |= {} if strong["magnitude"] else {"policy": None}
    numbers = {key: value for key, value in chosen.items() if key not in ("name", *VIEWS)}
    del numbers["batch_size"]
    return {"method": chosen["name"], "strong": strong} | numbers


def with_paths(training: dict) -> dict:
    """Return what `training` has returned, dotted paths for names, as trainers take it."""
    strong = training["strong"]
    if strong["magnitude"]:
        strong = strong | {"policy": names.policy_path(strong["policy"])}
    return training | {"method": METHODS[training["method"]], "strong": strong}


def paths(training: dict) -> list[str]:
    """Return the dotted paths that a job's settings of consistency training name."""
    found = with_paths(training)
    return [found["method"], *filter(None, [found["strong"]["policy"]])]
