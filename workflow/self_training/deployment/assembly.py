"""Deployed transformers: from what training has kept to folders of Hugging Face's libraries."""

import logging
from pathlib import Path

from self_training import storage
from self_training.deployment.kept_networks import last_networks
from self_training.study.deployed_transformers import MEMBER
from self_training.text import classifier, tokens

logger = logging.getLogger(__name__)
# Weights are in one file, however many there are.
_ONE_FILE = "1TB"


def assemble(files, length: int, folder: Path | str) -> None:
    """Write a folder per member of a deployed model: a classifier of `transformers` with all its
    weights, adapters merged into them, and its tokenizer.

    Args:
        files: of the job: `classes`; and `choice` and `networks` of the chain (see
            `study.plan_of_deployment.DeployedPlan.trained`).
        length: the most tokens of a text.
        folder: that these are in.

    Raises: StudyError, where the pretrained transformer is not there any more, or a file of trained
        weights is damaged.
    """
    classes = storage.load_json(files.classes)
    size = storage.load_json(files.choice[0])["hyper_parameters"]["ensemble_size"]
    source = last_networks(files.networks)
    for member in range(size):
        name = MEMBER.format(member=member)
        network, start = classifier.load(source / f"{name}.safetensors", len(classes))
        network.config.id2label = dict(enumerate(classes))
        network.config.label2id = {label: index for index, label in enumerate(classes)}
        # A place on this machine, of use to nobody else.
        network.config.name_or_path = ""
        network.save_pretrained(Path(folder, name), max_shard_size=_ONE_FILE)
        tokenizer = tokens.load(start).tokenizer
        # Who gives it texts otherwise gets the length of the study's.
        tokenizer.model_max_length = length
        tokenizer.save_pretrained(Path(folder, name))
        logger.info("%s is written", Path(folder, name))
