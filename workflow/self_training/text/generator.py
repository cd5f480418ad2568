"""A causal language model: what continues texts, and so makes new ones from prompts.

PyTorch and transformers are imported when one is loaded, not before.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from self_training.data import encoders, generators
from self_training.errors import DatasetError
from self_training.text import pretrained

# Of what is not a token of a text, the model learns nothing.
NOT_LEARNED = -100


class Generator(NamedTuple):
    """A causal language model.

    tokenizer, network: of `transformers`.
    positions: most tokens of a prompt and its continuation.
    """

    tokenizer: Any
    network: Any
    positions: int


def load(model: str, revision: str | None = None) -> Generator:
    """Load a causal language model.

    Args:
        model: a folder, or the name of one on the Hugging Face hub (`owner/name`).
        revision: the commit of the hub, which such a name must come with.

    Raises: DatasetError, when the libraries or the model are not there, or it continues no texts.
    """
    torch, transformers = pretrained.libraries("a generator")
    path, commit = pretrained.locate(model, revision)
    try:
        config = transformers.AutoConfig.from_pretrained(
            path, revision=commit, trust_remote_code=False
        )
        architectures = config.architectures or []
        if not encoders.is_causal(architectures):
            raise generators.not_causal(model, architectures)
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, revision=commit)
        network = transformers.AutoModelForCausalLM.from_pretrained(
            path, revision=commit, dtype=torch.float32, trust_remote_code=False
        )
    except DatasetError:
        raise
    except Exception as error:  # These libraries raise whatever they like of damaged files.
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DatasetError(
            "generator.model: Expected a causal language model that transformers can load. "
            f"Received {model!r}: {first}. Lay its files there anew, or take another one."
        ) from error
    if tokenizer.eos_token_id is None or len(tokenizer) > config.vocab_size:
        raise DatasetError(
            "generator.model: Expected a tokenizer with a token that ends texts, and of at most "
            f"{config.vocab_size} tokens, of which the network has embeddings. That of {model} has "
            f"{len(tokenizer)}, and {tokenizer.eos_token!r} for the end. Take another model."
        )
    most = getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length
    return Generator(tokenizer, network, most)


def begun(generator: Generator, text: str) -> list[int]:
    """Return the ids of what a text begins with: of the token that begins texts, and its own."""
    tokenizer = generator.tokenizer
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    first = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    return [first, *ids]


def whole(generator: Generator, text: str) -> list[int]:
    """Return the ids of a text that is learned, to its end; of a long one the first ones."""
    return [*begun(generator, text), generator.tokenizer.eos_token_id][: generator.positions]


def lengths(generator: Generator, texts: Sequence[str]) -> np.ndarray:
    """Return how many tokens each of some texts has, without those of beginning and end."""
    return np.array([len(begun(generator, text)) - 1 for text in texts])


def padded(rows: list[list[int]], pad: int, left: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return ids of several texts as one array, and a mask of what does not pad.

    Args:
        left: whether what pads stands before a text, which is then continued.
    """
    longest = max(map(len, rows))
    ids = np.full((len(rows), longest), pad, np.int64)
    mask = np.zeros_like(ids)
    for row, own in enumerate(rows):
        at = slice(longest - len(own), longest) if left else slice(0, len(own))
        ids[row, at], mask[row, at] = own, 1
    return ids, mask


def continue_all(
    generator: Generator, prompts: list[str], new_tokens: int, sampling: dict[str, Any]
) -> list[str]:
    """Return a continuation of each prompt, without the prompt, drawn at random.

    Args:
        new_tokens: most tokens of each.
        sampling: `temperature`, `top_k` (0 for none), `top_p` and `repetition_penalty`.
    """
    import torch
    import transformers

    tokenizer, network = generator.tokenizer, generator.network
    pad = tokenizer.eos_token_id
    rows = [begun(generator, prompt) for prompt in prompts]
    ids, mask = padded(rows, pad, left=True)
    if ids.shape[1] + new_tokens > generator.positions:
        raise DatasetError(
            "generator.prompts: Expected prompts that have, with up to "
            f"{new_tokens} new tokens, at most the {generator.positions} tokens that the model has "
            f"positions for. Received one of {ids.shape[1]} tokens. Shorten it, or new_tokens."
        )
    how = transformers.GenerationConfig(
        do_sample=True,
        max_new_tokens=new_tokens,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=pad,
        **sampling,
    )
    network.eval()
    with torch.inference_mode():
        made = network.generate(
            input_ids=torch.from_numpy(ids).to(network.device),
            attention_mask=torch.from_numpy(mask).to(network.device),
            generation_config=how,
        )
    new = made[:, ids.shape[1] :].cpu().tolist()
    return [text.strip() for text in tokenizer.batch_decode(new, skip_special_tokens=True)]
