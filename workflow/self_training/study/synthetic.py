"""Synthetic texts: what a config may say of the generator of a dataset, and of methods that are
trained on its texts."""

from typing import Any

from self_training.data import encoders as files
from self_training.data.encoders import folder_of_hub
from self_training.study import asked, methods

# Of a dataset, and of a method.
KEY, OF_METHOD = "generator", "synthetic"
_DEFAULTS: dict[str, Any] = {
    "revision": None,
    "adapt": None,
    "new_tokens": None,
    "batch_size": 32,
    "transductive": False,
}
_OF_SAMPLING: dict[str, Any] = {
    "temperature": 1,
    "top_k": 0,
    "top_p": 1,
    "repetition_penalty": 1,
}
_OF_ADAPTING = {"batch_size": 16, "learning_rate": 5e-5}
_OF_FILTER = {"min_words": 5, "max_overlap": 0.5, "agrees_with_teacher": False}


def of(dataset: dict) -> dict[str, Any] | None:
    """Return the generator of a dataset with the defaults filled in; None where it has none.

    Returns: `model`, a folder where there is one, and `revision`, None of a folder; `adapt`, None
        where it stays as it is; `prompts`, `per_class`, `new_tokens`, `batch_size`, `sampling`,
        `filter` and `transductive`.
    """
    if KEY not in dataset:
        return None
    own = dataset[KEY]
    adapt = own.get("adapt")
    if adapt is not None:
        adapt = (_OF_ADAPTING | adapt) if adapt["steps"] else None
    found = {key: own.get(key, default) for key, default in _DEFAULTS.items() if key != "adapt"} | {
        "model": own["model"],
        "prompts": own["prompts"],
        "per_class": own["per_class"],
    }
    return found | {
        "adapt": adapt,
        "sampling": {key: own.get(key, default) for key, default in _OF_SAMPLING.items()},
        "filter": _OF_FILTER | own.get("filter", {}),
    }


def of_hub(dataset: dict) -> dict[str, str] | None:
    """Return `model` and `revision` of a dataset's generator of the hub; None where it has none."""
    own = of(dataset)
    if own is None or files.is_folder(own["model"]):
        return None
    return {"model": own["model"], "revision": own["revision"]}


def located(dataset: dict) -> dict[str, Any]:
    """Return the generator of a dataset that has one; of one of the hub, with the folder that its
    files are fetched to."""
    own, hub = of(dataset), of_hub(dataset)
    assert own is not None
    return own | ({"model": str(folder_of_hub(**hub)), "revision": None} if hub else {})


def fingerprint(dataset: dict) -> str:
    """Return what changes with the files of a dataset's generator."""
    own = of(dataset)
    assert own is not None
    return files.fingerprint(own["model"], own["revision"])


def of_method(config: dict, name: str) -> dict[str, Any] | None:
    """Return `per_class` and `weight` of the synthetic texts of a method; None of one without."""
    if methods.kind(config, name) == methods.TEACHER:
        return None
    own = methods.settings(config, name)[OF_METHOD]
    return own and {"weight": 1} | own


def users(config: dict) -> list[str]:
    """Return the methods that are trained on synthetic texts."""
    return [name for name in config.get("methods", {}) if of_method(config, name)]


def agrees_with_teacher(dataset: dict) -> bool:
    """Return whether texts of another class than that of a teacher are left out."""
    own = of(dataset)
    return own is not None and own["filter"]["agrees_with_teacher"]


def teachers(config: dict) -> dict:
    """Return what is asked of a fold's shared teachers: of `asked.teachers`, and at least one of
    them where it says which synthetic texts are left out."""
    wanted = asked.teachers(config)
    if not any(agrees_with_teacher(dataset) for dataset in config.get("datasets", {}).values()):
        return wanted
    asking = users(config)
    searched = any(methods.trains_in_search(config, name) for name in asking)
    least = {"final_members": bool(asking), "search_members": searched}
    return wanted | {key: max(wanted[key], int(needed)) for key, needed in least.items()}


def with_generator(config: dict) -> dict:
    """Return the datasets that have a generator, by name."""
    return {name: some for name, some in config.get("datasets", {}).items() if KEY in some}
