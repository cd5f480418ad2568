"""A trial of users' backbones: each is built once for a dataset's examples, and trains nothing."""

import logging

import numpy as np

from self_training.training import framework, outputs
from self_training.training.runs import TrainingSettings
from self_training.training.trainer import build_network

logger = logging.getLogger(__name__)


def try_backbones(inputs: np.ndarray, classes: int, trainings: list[dict]) -> list[dict]:
    """Build networks, and predict a few examples with each.

    Args:
        inputs: (examples, ...), see `prediction.scale`.
        trainings: fields of `runs.TrainingSettings`, of one network each.

    Returns: of each network its `backbone`, its `noise` and how many `parameters` it has.
    Raises: ConfigError, where a backbone gives no class probabilities.
    """
    framework.start_framework(trainings[0]["threads"])
    dtype = "int32" if inputs.dtype.kind == "i" else "float32"
    tried = []
    for training in trainings:
        settings = TrainingSettings(**training)
        model = build_network(inputs.shape[1:], classes, settings, {}, dtype)
        outputs.try_out(settings.backbone, model, inputs)
        noise = {name: settings.noise[name] for name in ("dropout", "survival")}
        made = {"backbone": settings.backbone, "noise": noise, "parameters": model.count_params()}
        logger.info("%s", made)
        tried.append(made)
    return tried
