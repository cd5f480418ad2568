"""The networks of a deployed model that are transformers: loaded once, asked with PyTorch alone."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from self_training.deployment.model import Model
from self_training.errors import ModelError
from self_training.study.deployed_transformers import FIRST
from self_training.text import pretrained, tokens


class Network(NamedTuple):
    """A member.

    network: a classifier of `transformers`.
    pad: the id that pads its texts.
    """

    network: Any
    pad: int


def load(folder: Path | str, model: Model) -> list[Network]:
    """Start PyTorch and load a model's networks, in the order of its members.

    Raises: DatasetError, where PyTorch or transformers is missing; ModelError, where these versions
        can't load a network, or it is none of this model's classes and texts.
    """
    _, transformers = pretrained.libraries("tokens")
    from self_training.training import pytorch

    pytorch.start_framework(model.threads)
    first = str(Path(folder, FIRST))
    made_by = tokens.load(first)
    tokens.check_length(made_by, first, model.shape[0])
    networks = []
    for member in model.members:
        own = Path(folder, member["file"]).parent
        try:
            network = transformers.AutoModelForSequenceClassification.from_pretrained(
                own, dtype="float32", local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # These libraries raise whatever they like of damaged files.
            raise ModelError(
                f"{own}: Expected a network that transformers {transformers.__version__} can load. "
                f"Received another ({error})."
            ) from error
        _check_classes(own, network, model)
        network.eval().to(pytorch.device())
        networks.append(Network(network, made_by.tokenizer.pad_token_id))
    return networks


def predict_members(networks: list[Network], ids: np.ndarray, model: Model) -> np.ndarray:
    """Return the class probabilities of texts by every member, float32 (members, texts, classes).

    Args:
        networks: of `load`.
        ids: int32 (texts, length), of `text.tokens`.
    """
    from self_training.text import predicting

    classes, size = len(model.classes), model.batch_size
    return np.stack(
        [predicting.predict(own, ids, classes, pad, batch_size=size) for own, pad in networks]
    )


def _check_classes(folder: Path, network: Any, model: Model) -> None:
    """Raise ModelError unless a network's classes are the model's, in their order."""
    named = network.config.id2label
    if [named[index] for index in range(len(named))] != model.classes:
        raise ModelError(
            f"{folder / 'config.json'}: Expected the classes {', '.join(model.classes)}, in this "
            f"order, as model.json says (id2label). Received: {', '.join(named.values())}. Copy "
            "the whole folder of the model again."
        )
