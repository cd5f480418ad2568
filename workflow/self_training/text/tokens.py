"""Encoder `tokens`: texts become the ids of tokens of a pretrained transformer, which is trained.

Ids are those of the model's own tokenizer, its special tokens and padding among them. PyTorch and
transformers are imported when texts are encoded, not before.
"""

import logging
from typing import Any, NamedTuple

import numpy as np

from self_training.errors import DatasetError
from self_training.text import pretrained
from self_training.text.noise import Words

logger = logging.getLogger(__name__)

AT_ONCE = 10_000  # Texts that are made ids of at a time, so that memory stays small.
# Their first position is after the id of padding.
_POSITIONS_AFTER_PADDING = {
    "camembert",
    "data2vec-text",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
}


class Tokens(NamedTuple):
    """What makes ids of texts.

    tokenizer: of `transformers`.
    config: of the transformer that it belongs to, of `transformers`.
    """

    tokenizer: Any
    config: Any


def encode(texts: list[str], model: str, length: int, revision: str | None = None) -> np.ndarray:
    """Return the ids of the tokens of texts, int32 (texts, length), padded at the end.

    The first tokens of a text are used; the log says how many texts have more.

    Args:
        model: a folder, or the name of one on the Hugging Face hub (`owner/name`).
        length: most tokens of a text, special ones among them.
        revision: the commit of the hub, which such a name must come with.

    Raises: DatasetError, when the libraries or the model are not there, when its tokenizer or its
        kind does not suit a classifier, and when it does not take so many tokens.
    """
    tokens = load(model, revision)
    check_length(tokens, model, length)
    return encode_by(tokens, texts, length)


def check_length(tokens: Tokens, model: str, length: int) -> None:
    """Raise DatasetError unless a transformer takes texts of so many tokens (see `encode`)."""
    least, most = tokens.tokenizer.num_special_tokens_to_add() + 1, longest(tokens)
    if not least <= length <= most:
        raise DatasetError(
            f"encoder.length: Expected {least} to {most} tokens, for which {model} has positions, "
            f"{least - 1} of them special ones. Received: {length}."
        )


def encode_by(tokens: Tokens, texts: list[str], length: int) -> np.ndarray:
    """Return the ids of the tokens of texts by what makes them (see `encode`)."""
    encoded = np.empty((len(texts), length), np.int32)
    for start in range(0, len(texts), AT_ONCE):
        some = texts[start : start + AT_ONCE]
        encoded[start : start + len(some)] = tokens.tokenizer(
            some, padding="max_length", truncation=True, max_length=length, return_tensors="np"
        )["input_ids"]
    full = int((encoded[:, -1] != tokens.tokenizer.pad_token_id).sum())
    logger.info(
        "encoded %d texts as up to %d tokens each; %d of them have so many or more, of which the "
        "first are used",
        *(len(texts), length, full),
    )
    return encoded


def load(model: str, revision: str | None = None) -> Tokens:
    """Load what makes ids of texts. For the arguments and errors, see `encode`."""
    _, transformers = pretrained.libraries("tokens")
    path, commit = pretrained.locate(model, revision)
    try:
        config = transformers.AutoConfig.from_pretrained(
            path, revision=commit, trust_remote_code=False
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, revision=commit)
    except Exception as error:  # These libraries raise whatever they like of damaged files.
        raise pretrained.not_loaded(path, commit, error) from error
    pretrained.check_encodes(model, config)
    if len(tokenizer) > config.vocab_size:
        raise DatasetError(
            f"encoder.model: Expected a tokenizer of at most {config.vocab_size} tokens, of which "
            f"the network of {model} has embeddings. Received one of {len(tokenizer)}. Lay the "
            "tokenizer there that it was trained with."
        )
    if tokenizer.pad_token_id is None:
        raise DatasetError(
            f"encoder.model: Expected a tokenizer with a token that pads. That of {model} has "
            "none. Take another model."
        )
    # Positions are counted from the first token on.
    tokenizer.padding_side = tokenizer.truncation_side = "right"
    return Tokens(tokenizer, config)


def longest(tokens: Tokens) -> int:
    """Return how many tokens a transformer takes."""
    config = tokens.config
    positions = (
        getattr(config, "max_position_embeddings", None) or tokens.tokenizer.model_max_length
    )
    if config.model_type in _POSITIONS_AFTER_PADDING:
        positions -= config.pad_token_id + 1
    return min(positions, tokens.tokenizer.model_max_length)


def words_of(tokens: Tokens) -> Words:
    """Return what noise must know of the ids: which pad, mask, and are no part of a text.

    Raises: DatasetError, where no token can stand in the place of another.
    """
    tokenizer = tokens.tokenizer
    masks = [tokenizer.mask_token_id, tokenizer.unk_token_id]
    mask = next((some for some in masks if some is not None), None)
    if mask is None:
        raise DatasetError(
            "noise: Expected a tokenizer with a token that masks others, or stands for unknown "
            "ones. It has none. Train without noise.magnitude, or with another model."
        )
    # Whatever does not occur in a text, but for what stands for an unknown part of it.
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    return Words(tokenizer.pad_token_id, mask, tuple(sorted({*special, mask})))
