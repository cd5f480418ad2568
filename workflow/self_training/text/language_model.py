"""A pretrained transformer as a masked language model, which is trained on texts without labels.

Devlin et al. 2019 (NAACL, *BERT: Pre-training of deep bidirectional transformers for language
understanding*, section 3.1). PyTorch and transformers are imported when one is built, not before.
"""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from self_training.data import encoders
from self_training.errors import DatasetError
from self_training.text import classifier, pretrained
from self_training.text.classifier import Classifier
from self_training.text.tokens import Tokens

# Of a text's tokens, how many are to be predicted; and of these, how many are masked, and how many
# are another token, the others staying what they are.
ASKED, MASKED, RANDOM = 0.15, 0.8, 0.1
# Where no token is to be predicted.
NOT_ASKED = -1


class Vocabulary(NamedTuple):
    """What ids mean.

    mask: stands in the place of a token.
    special: ids that stand for no part of a text, or for one that is not known.
    ordinary: all others.
    """

    mask: int
    special: np.ndarray
    ordinary: np.ndarray


def vocabulary_of(tokens: Tokens) -> Vocabulary:
    """Return what masks must know of ids.

    Raises: DatasetError, where the tokenizer has no mask.
    """
    tokenizer = tokens.tokenizer
    if tokenizer.mask_token_id is None:
        raise DatasetError(
            "training.transformer.adapt: Expected a tokenizer with a token that masks others. It "
            "has none. Take another encoder.model, or leave adapt out."
        )
    special = np.unique(tokenizer.all_special_ids)
    return Vocabulary(
        tokenizer.mask_token_id, special, np.setdiff1d(np.arange(len(tokenizer)), special)
    )


def has_tokens(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Return which texts have a token that can be asked for, bool (texts,)."""
    return (~np.isin(ids, vocabulary.special)).sum(axis=1) > 0


def mask(
    ids: np.ndarray, vocabulary: Vocabulary, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return texts some tokens of which are hidden, and what these are.

    Of every text that has an ordinary token, ASKED of these are chosen, at least one: MASKED of
    them become the mask, RANDOM of them any ordinary token, and the others stay.

    Args:
        ids: int32 (texts, length), of tokens; padded.

    Returns: int32 (texts, length) each: the texts; and what is to be predicted, or NOT_ASKED.
    """
    ordinary = ~np.isin(ids, vocabulary.special)
    count = ordinary.sum(axis=1)
    asked = np.where(count > 0, np.maximum(1, np.rint(ASKED * count)), 0)
    drawn = np.where(ordinary, rng.random(ids.shape), 2)
    chosen = drawn.argsort(axis=1).argsort(axis=1) < asked[:, None]
    becomes = rng.random(ids.shape)
    others = rng.choice(vocabulary.ordinary, ids.shape)
    shown = np.where(chosen & (becomes < MASKED), vocabulary.mask, ids)
    is_random = chosen & (becomes >= MASKED) & (becomes < MASKED + RANDOM)
    shown = np.where(is_random, others, shown)
    return shown.astype(ids.dtype), np.where(chosen, ids, NOT_ASKED).astype(ids.dtype)


def build(model: str, recompute: bool = False) -> Classifier:
    """Return a pretrained transformer that predicts tokens, all of which is trained.

    What its files have no weights of (such as the last layers, where they are of a network that was
    made for something else) is new, but for the last one, whose weights are those of the tokens.
    Nothing is dropped out.

    Args:
        model: a folder as Hugging Face's libraries save it.
        recompute: of `classifier.build`.

    Raises: DatasetError, where there is no such transformer, or it does not predict tokens.
    """
    _, transformers = pretrained.libraries("tokens")
    encoders.check_predicts_tokens(model)
    # Where files lack a language model's last layers, the library takes them for damaged.
    verbosity = transformers.utils.logging.get_verbosity()
    transformers.utils.logging.set_verbosity_error()
    try:
        network, loaded = pretrained.load_network(
            "AutoModelForMaskedLM", model, 0, tie_word_embeddings=True
        )
    finally:
        transformers.utils.logging.set_verbosity(verbosity)
    return classifier.connect(
        network, classifier.lacking(model, network, loaded), recompute=recompute
    )


def save(network: Any, model: str, folder: Path | str) -> None:
    """Write the files of a transformer whose network has been trained, which has the last layers of
    a language model.

    What its files have and a masked language model does not (a pooler) is written as it is; what
    they lack is not written, and so is drawn anew for every run that starts from these files.

    Args:
        network: of `build`, of `transformers`.
        model: the folder that it was built from.
        folder: to write to; made where it is not there.
    """
    _, transformers = pretrained.libraries("tokens")
    path, _ = pretrained.locate(model, None)
    whole, loaded = transformers.AutoModel.from_pretrained(
        path, dtype="float32", ignore_mismatched_sizes=True, output_loading_info=True
    )
    trained = network.base_model.state_dict()
    untrained = {
        f"{network.base_model_prefix}.{name}": value
        for name, value in whole.state_dict().items()
        if name not in trained and name not in loaded["missing_keys"]
    }
    weights = network.state_dict() | untrained
    network.save_pretrained(folder, state_dict=weights, max_shard_size="1TB")
    # Its own config.json says that nothing is dropped out.
    for name in encoders.beside_weights(path):
        shutil.copy(Path(path, name), Path(folder, name))
