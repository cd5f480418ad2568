"""Deployed transformers: from what training has kept to folders of Hugging Face's libraries."""

import logging
from pathlib import Path
from typing import Any

from self_training import storage
from self_training.deployment.last_networks import last_networks
from self_training.study.deployed_transformers import MEMBER
from self_training.text import classifier, pretrained, tokens

logger = logging.getLogger(__name__)
# Weights are in one file, however many there are.
_ONE_FILE = "1TB"


def assemble(files, settings: dict, folder: Path | str) -> None:
    """Write a folder per member of a deployed model: a classifier of `transformers` with all its
    weights, adapters merged into them, and its tokenizer.

    Args:
        files: of the job: `classes`; and `choice` and `networks` of the chain (see
            `study.plan_of_deployment.DeployedPlan.trained`).
        settings: `model`, the folder of the tokenizer; `lora` of adapters; and `length`, the most
            tokens of a text. The pretrained transformer is what the networks started from.
        folder: that these are in.

    Raises: StudyError, where the pretrained transformer is not there any more, or a file of trained
        weights is damaged.
    """
    classes = storage.load_json(files.classes)
    size = storage.load_json(files.choice[0])["hyper_parameters"]["ensemble_size"]
    source = last_networks(files.networks)
    tokenizer = tokens.load(settings["model"]).tokenizer
    # Who gives it texts otherwise gets the length of the study's.
    tokenizer.model_max_length = settings["length"]
    for member in range(size):
        name = MEMBER.format(member=member)
        network = merged(source / f"{name}.safetensors", len(classes), settings)
        network.config.id2label = dict(enumerate(classes))
        network.config.label2id = {label: index for index, label in enumerate(classes)}
        network.save_pretrained(Path(folder, name), max_shard_size=_ONE_FILE)
        tokenizer.save_pretrained(Path(folder, name))
        logger.info("%s is written", Path(folder, name))


def merged(path: Path, classes: int, settings: dict) -> Any:
    """Return the network of a run, of `transformers`, whatever of it was trained.

    Its dropout is that of the pretrained transformer, for who trains it on.

    Args:
        path: of what `classifier.Classifier.save` has written.
        settings: of `assemble`.
    """
    pretrained.libraries("tokens")
    with storage.whole(path):
        # Of students perhaps another, and of adapted weights those of the deployed chain.
        source = classifier.source_of(path)
    trained = classifier.build(source, classes, None, settings["lora"])
    with storage.whole(path):
        trained.load(path)
    network = trained.model if settings["lora"] is None else trained.model.merge_and_unload()
    # Of no use to who predicts, and the place of files on this machine.
    network.config.use_cache, network.config.name_or_path = True, ""
    return network.eval()
