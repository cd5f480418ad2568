"""A pretrained transformer as a classifier of texts, all of it trained, or adapters of it (LoRA).

Hu et al. 2022 (ICLR, *LoRA: Low-rank adaptation of large language models*). PyTorch, transformers
and peft are imported when one is built, not before.
"""

import json
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from self_training import storage
from self_training.errors import ConfigError, DatasetError
from self_training.text import pretrained

logger = logging.getLogger(__name__)

# Layers that get adapters where nobody names them: of what attention asks for and what it gives, as
# in section 4.2 of the paper, by the kind of transformer; of ModernBERT both are one layer.
_ADAPTED = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "electra", "albert"), ("query", "value")),
    "distilbert": ("q_lin", "v_lin"),
    "mpnet": ("q", "v"),
    "deberta-v2": ("query_proj", "value_proj"),
    "modernbert": ("Wqkv",),
}
# What peft takes for every layer but the head.
ALL_LAYERS = "all-linear"
# The last layers of a classifier, which are always new: what they knew is another task.
_HEADS = ("classifier.", "score.")
# A network without it has it drawn anew.
_POOLER = "pooler."
# In the names that peft gives to what adapters have.
_ADAPTER = ".lora_"
_INITIALIZER_RANGE = 0.02
# Of a file of trained weights, what they were trained from.
_ABOUT = "trained_from"


class Classifier:
    """A pretrained transformer with a new head, which is reset for every run.

    Of what is not trained there is one copy, whoever is trained on it: with adapters, that is all
    but these, the head and perhaps biases.

    Args:
        model: of `transformers`, or of `peft`.
        new: names of what is not in the files, and is drawn anew for every run.
    """

    def __init__(self, model: Any, new: set[str]):
        self.model = model
        trained = {name: some for name, some in model.named_parameters() if some.requires_grad}
        self.trained = list(trained.values())
        self.new = {
            name: some
            for name, some in trained.items()
            if _ADAPTER in name or _own_name(name) in new
        }
        self.starts = {
            name: some.detach().clone() for name, some in trained.items() if name not in self.new
        }
        self.parameters = sum(some.numel() for some in model.parameters())
        self.trainable = sum(some.numel() for some in self.trained)
        self.deviation = getattr(model.config, "initializer_range", _INITIALIZER_RANGE)

    def reset(self, seed: int) -> None:
        """Give it the pretrained weights, and new ones of a seed where there are none.

        A new layer's weights are normal with the deviation that the transformer was made with,
        biases are 0; of adapters A is uniform, and B 0, so that they change nothing at first (Hu et
        al. 2022, section 4.1).
        """
        import torch

        generator = torch.Generator().manual_seed(seed)
        parameters = dict(self.model.named_parameters())
        with torch.no_grad():
            for name, value in self.starts.items():
                parameters[name].copy_(value)
            for name, parameter in self.new.items():
                drawn = torch.empty(parameter.shape)
                if "lora_A" in name:
                    torch.nn.init.kaiming_uniform_(drawn, math.sqrt(5), generator=generator)
                elif "lora_B" in name or name.endswith("bias"):
                    drawn.zero_()
                elif drawn.ndim == 1:
                    drawn.fill_(1)
                else:
                    drawn.normal_(0, self.deviation, generator=generator)
                parameter.copy_(drawn)

    def weights(self) -> list[np.ndarray]:
        """Return copies of what is trained."""
        return [some.detach().cpu().numpy().copy() for some in self.trained]

    def restore(self, weights: Sequence[np.ndarray]) -> None:
        """Give it trained weights, of `weights`; nothing changes where there are none."""
        import torch

        with torch.no_grad():
            for parameter, value in zip(self.trained, weights, strict=bool(weights)):
                parameter.copy_(torch.from_numpy(value))

    def save(self, path: Path, model: str, lora: dict | None) -> None:
        """Write what is trained to a `.safetensors` file, by name, and what it was trained from.

        Args:
            model, lora: of `build`.
        """
        from safetensors.numpy import save_file

        about = {_ABOUT: json.dumps({"model": model, "lora": lora})}
        save_file(dict(zip(self._names(), self.weights(), strict=True)), path, about)

    def _names(self) -> list[str]:
        return [name for name, some in self.model.named_parameters() if some.requires_grad]


def build(
    model: str,
    classes: int,
    dropout: float | None = 0,
    lora: dict | None = None,
    recompute: bool = False,
) -> Classifier:
    """Return a pretrained transformer with a new head.

    Args:
        model: a folder as Hugging Face's libraries save it.
        dropout: of all its layers, in place of what its files say; 0 for none, and None to leave
            it.
        lora: `rank`, `alpha`, `dropout`, `bias` and `target_modules` of adapters; None to train
            all weights.
        recompute: whether inner values are computed twice, so that they need not be kept (gradient
            checkpointing).

    Raises: DatasetError, where there is no such transformer; ConfigError, where adapters can't be.
    """
    network, loaded = pretrained.load_network(
        "AutoModelForSequenceClassification", model, dropout, num_labels=classes
    )
    heads = {name for name, _ in network.named_parameters() if name.startswith(_HEADS)}
    return connect(network, lacking(model, network, loaded) | heads, lora, recompute)


def load(path: Path, classes: int) -> tuple[Any, str]:
    """Return the network that `Classifier.save` has written, of `transformers`, adapters merged
    into what is not trained; and the folder of the pretrained transformer that it started from.

    Its dropout is that of this folder's files.

    Raises: StudyError, where the file is damaged; DatasetError, where the pretrained transformer is
        not there any more.
    """
    pretrained.libraries("tokens")
    from safetensors import SafetensorError, safe_open

    with storage.whole(path):
        try:
            with safe_open(path, "numpy") as file:
                about = json.loads(file.metadata()[_ABOUT])
                found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise ValueError(str(error)) from error
    trained = build(about["model"], classes, None, about["lora"])
    trained.restore([found[name] for name in trained._names()])
    network = trained.model if about["lora"] is None else trained.model.merge_and_unload()
    network.config.use_cache = True
    return network, about["model"]


def connect(
    network: Any, new: set[str], lora: dict | None = None, recompute: bool = False
) -> Classifier:
    """Return a classifier of a network, with adapters if it is to have some.

    Args:
        network: of `transformers`.
        new: names of what is not pretrained.
        lora, recompute: of `build`.
    """
    network.config.use_cache = False
    if recompute:
        network.activation_checkpointing_enable({"use_reentrant": False})
    found = Classifier(network if lora is None else _with_adapters(network, new, lora), new)
    logger.info(
        "%d of %d weights are trained (%s)",
        *(found.trainable, found.parameters, "all" if lora is None else "adapters"),
    )
    return found


def lacking(model: str, network: Any, loaded: dict) -> set[str]:
    """Return the names of parameters that a transformer's files do not have.

    Args:
        model: as a message names it.
        network: of `transformers`.
        loaded: what it says of how it was loaded.

    Raises: DatasetError, where files lack a part of what is to be pretrained.
    """
    mismatched = {some if isinstance(some, str) else some[0] for some in loaded["mismatched_keys"]}
    found = {*loaded["missing_keys"], *mismatched}
    prefix = f"{network.base_model_prefix}."
    gone = sorted(n for n in found if n.startswith(prefix) and _POOLER not in n)
    if gone:
        raise DatasetError(
            f"encoder.model: Expected the weights of a whole {network.config.model_type}. Received "
            f"{model!r}, in which {len(gone)} are missing or of another shape: "
            f"{', '.join(gone[:3])}{', ...' * (len(gone) > 3)}. Lay all its files there anew."
        )
    return found


def _with_adapters(network: Any, new: set[str], lora: dict) -> Any:
    """Return a network of which adapters and new layers are trained, and perhaps biases."""
    try:
        import peft
    except ImportError as error:
        raise ConfigError(
            "training.transformer.lora: Expected the package peft to be installed, which adapters "
            f"need. Received: {error}. Install it: {pretrained.INSTALL}"
        ) from error
    kind, key = network.config.model_type, "training.transformer.lora.target_modules"
    targets, known = lora["target_modules"] or _ADAPTED.get(kind), _lines(network)
    if targets is None:
        expected = f"names of layers, or {ALL_LAYERS}, as none are known of {kind}: {known}"
        raise ConfigError.of(key, expected, lora["target_modules"])
    settings = peft.LoraConfig(
        task_type="SEQ_CLS",
        r=lora["rank"],
        lora_alpha=lora["alpha"],
        lora_dropout=lora["dropout"],
        bias=lora["bias"],
        target_modules=targets if targets == ALL_LAYERS else list(targets),
        modules_to_save=sorted({_module(name, network.base_model_prefix) for name in new}),
    )
    try:
        adapted = peft.get_peft_model(network, settings)
    except ValueError as error:
        raise ConfigError.of(key, f"names of layers: {known}", targets) from error
    found = [f".{name}" for name in adapted.targeted_module_names]
    for some in targets if targets != ALL_LAYERS else ():
        if not any(name.endswith(f".{some}") for name in found):
            raise ConfigError.of(key, f"names of layers: {known}", some)
    return adapted


def _module(name: str, prefix: str) -> str:
    """Return the module of a new parameter that is trained as a whole: `classifier`, `pooler`."""
    return name.removeprefix(f"{prefix}.").partition(".")[0]


def _own_name(name: str) -> str:
    """Return what a parameter is called without peft."""
    return (
        name.removeprefix("base_model.model.")
        .replace(".modules_to_save.default", "")
        .replace(".base_layer", "")
    )


def _lines(network: Any) -> str:
    """Return the names of the linear layers of a network, for a message."""
    import torch

    names = {
        name.rpartition(".")[2]
        for name, module in network.base_model.named_modules()
        if isinstance(module, torch.nn.Linear)
    }
    return ", ".join(sorted(names))
