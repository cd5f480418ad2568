"""How the networks of each training job are trained: what a method, a dataset and the study say."""

from typing import Any

from self_training.study import consistency, methods, transformers
from self_training.study.methods import DEFAULT_SETTINGS, DEFAULT_TRAINING, NO_NOISE, OF_ALL
from self_training.study.spaces import LENGTH


def training(config: dict, dataset: str, method: str | None = None, generation: int = 1) -> dict:
    """Return how the networks of a dataset's training jobs are trained.

    Args:
        method: whose students of a generation are trained, or which is a control; None for the
            shared teachers.

    Returns: the fields of `training.runs.TrainingSettings`, of which backbone and policy are names.
    """
    chosen: dict[str, Any] = DEFAULT_SETTINGS | {"noise": NO_NOISE} | dict.fromkeys(LENGTH)
    if method is not None:
        chosen = methods.settings(config, method)
    length = chosen if any(chosen[key] for key in LENGTH) else config["datasets"][dataset]
    # Of generation 1, 2, ...; the last one also of all that follow.
    backbone = chosen["backbone"] or config["training"]["backbone"]
    if isinstance(backbone, list):
        backbone = backbone[min(generation, len(backbone)) - 1]
    of_all = {"scaling": "none"} | DEFAULT_TRAINING | config["training"]
    said = config["datasets"][dataset]
    noise = chosen["noise"] | _of_weak_views(config, said, method)
    if noise["magnitude"]:
        policy = noise["policy"] or said["policy"]
        noise = noise | {"policy": policy}
    of_all["batch_size"] = chosen["batch_size"] or of_all["batch_size"]
    chosen_consistency = chosen["consistency"]
    consistent = chosen_consistency and consistency.training(chosen_consistency, said)
    return transformers.of(backbone, config, dataset, chosen) | {
        "backbone": backbone,
        **{key: length.get(key) for key in LENGTH},
        **{key: of_all[key] for key in ("batch_size", "scaling")},
        **{key: of_all[key] if chosen[key] is None else chosen[key] for key in OF_ALL},
        **{key: chosen[key] for key in ("unlabeled_ratio", "label_smoothing")},
        "distillation": chosen["temperature"] if chosen["distillation"] else 1,
        **{"noise": noise, "threads": config["threads"]},
        **({"consistency": consistent} if consistent else {}),
    }


def _of_weak_views(config: dict, dataset: dict, method: str | None) -> dict:
    """Return the input noise of labeled examples of consistency training, and of its control: that
    of weak views. Nothing for all others."""
    like = method and (methods.control_of(config, method) or method)
    chosen = like and methods.settings(config, like)["consistency"]
    if not chosen:
        return {}
    weak = consistency.views(chosen, dataset)["weak"]
    return weak | {"policy": weak["policy"] if weak["magnitude"] else None}


def backbones_of(config: dict, method: str) -> list[str]:
    """Return the backbones behind a method's scores: of the teachers, and of its own networks."""
    own = methods.settings(config, method)["backbone"] or []
    own = [own] if isinstance(own, str) else own
    return list(dict.fromkeys([config["training"]["backbone"], *own]))


def search_buys_steps(config: dict, name: str) -> bool:
    """Return whether candidates of a method may differ in gradient steps, where no number of steps
    is given: the more is selected, the longer is an epoch."""
    space = methods.full_space(config, name)
    decide = ("unlabeled_fraction", "threshold", "uncertainty", "generations")
    by_epochs = any(not training(config, dataset, name)["steps"] for dataset in config["datasets"])
    return by_epochs and any(len(space.get(key, [])) > 1 for key in decide)
