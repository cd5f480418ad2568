"""Encoder `sentence`: texts become vectors by a frozen transformer of Hugging Face.

Mean pooling of Reimers and Gurevych 2019 (EMNLP, *Sentence-BERT*, section 3): the mean of the last
layer over the tokens of a text, here of length 1. PyTorch and transformers are imported when texts
are encoded, not before.
"""

import json
import logging
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from self_training.errors import DatasetError
from self_training.text import pretrained

logger = logging.getLogger(__name__)

BATCH_SIZE = 32
LONGEST = 512  # Tokens, where the files of an encoder do not say how many it takes.


class Encoder(NamedTuple):
    """A frozen transformer.

    tokenizer, network: of `transformers`.
    length: most tokens of a text that it is given; the rest is cut off.
    """

    tokenizer: Any
    network: Any
    length: int


def encode(
    texts: list[str],
    model: str,
    revision: str | None = None,
    length: int | None = None,
    threads: int = 1,
    batch_size: int = BATCH_SIZE,
) -> np.ndarray:
    """Return the vectors of texts, float32 (texts, dimensions) of length 1.

    Args:
        model: a folder, or the name of one on the Hugging Face hub (`owner/name`).
        revision: the commit of the hub, which such a name must come with.
        length: most tokens of a text; None for what the encoder's files say.
        threads: of PyTorch. Another number may change the last digits.
        batch_size: texts at a time.

    Raises: DatasetError, when the libraries or the model are not there.
    """
    encoder = load(model, revision, length, threads)
    return encode_by(encoder, texts, batch_size)


def load(
    model: str, revision: str | None = None, length: int | None = None, threads: int = 1
) -> Encoder:
    """Load an encoder, frozen. For the arguments, see `encode`."""
    model, revision = pretrained.locate(model, revision)
    torch, transformers = pretrained.libraries("sentence")
    torch.set_num_threads(threads)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, revision=revision)
        network = transformers.AutoModel.from_pretrained(
            model, revision=revision, dtype=torch.float32, trust_remote_code=False
        )
        own_length = _own_length(transformers, model, revision)
    except Exception as error:  # These libraries raise whatever they like of damaged files.
        raise pretrained.not_loaded(model, revision, error) from error
    network.eval()
    limits = [own_length, tokenizer.model_max_length, _positions(network)]
    most = min(limit for limit in limits if limit)
    if length is not None and length > most:
        raise DatasetError(
            f"encoder.length: Expected at most {most} tokens, which {model} takes. "
            f"Received: {length}."
        )
    return Encoder(tokenizer, network, length or most)


def encode_by(encoder: Encoder, texts: list[str], batch_size: int = BATCH_SIZE) -> np.ndarray:
    """Return the vectors of texts by an encoder, float32 (texts, dimensions) of length 1.

    Those of about one length are encoded together, so that little is padded.
    """
    import torch

    # Padding changes a vector's last digits; a stable order makes them the same in every run.
    order = np.argsort([-len(text) for text in texts], kind="stable")
    vectors = np.empty((len(texts), encoder.network.config.hidden_size), np.float32)
    cut = 0
    with torch.inference_mode():
        for start in range(0, len(texts), batch_size):
            rows = order[start : start + batch_size]
            batch = encoder.tokenizer(
                [texts[row] for row in rows],
                padding=True,
                truncation=True,
                max_length=encoder.length,
                return_tensors="pt",
            )
            tokens = encoder.network(**batch).last_hidden_state
            vectors[rows] = pool(tokens, batch["attention_mask"]).numpy()
            cut += int((batch["attention_mask"].sum(dim=1) == encoder.length).sum())
    logger.info(
        "encoded %d texts as vectors of %d numbers; %d of them have %d tokens or more, of which the"
        " first are used",
        *(*vectors.shape, cut, encoder.length),
    )
    return vectors


def pool(tokens: Any, mask: Any) -> Any:
    """Return the mean of the tokens of each text, of length 1.

    Args:
        tokens: Tensor float (texts, tokens, dimensions).
        mask: Tensor int (texts, tokens), 0 where a text is padded.
    """
    from torch.nn.functional import normalize

    weights = mask.unsqueeze(-1).to(tokens.dtype)
    return normalize((tokens * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9), dim=1)


def _own_length(transformers, model: str, revision: str | None) -> int | None:
    """Return the most tokens that an encoder's authors give it, if its files say so."""
    path = transformers.utils.cached_file(
        model,
        "sentence_bert_config.json",
        revision=revision,
        _raise_exceptions_for_missing_entries=False,
    )
    return json.loads(Path(path).read_text()).get("max_seq_length") if path else None


def _positions(network) -> int:
    return getattr(network.config, "max_position_embeddings", None) or LONGEST
