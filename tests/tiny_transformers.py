"""Transformers of a few thousand random weights, and tokenizers of a few words, as files.

PyTorch and transformers are imported when one is written.
"""

from pathlib import Path

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# Those of `test_text_study.write_news`, most of which tell a class.
WORDS = [*("cup", "goal", "team", "shares", "oil", "bank", "vote", "war", "talks")]
WORDS += [*("the", "a", "s", "news", "t", "w", "'")]
PAD, UNK, CLS, SEP, MASK, FIRST = range(6)
VOCABULARY = len(SPECIAL) + len(WORDS)
_SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_IDS = {"pad_token_id": PAD, "bos_token_id": CLS, "eos_token_id": SEP}
# Of those that classify, by names in transformers: classes of configs, and what makes them small.
KINDS = {
    "bert": ("BertConfig", _SIZES | {"intermediate_size": 64, "pad_token_id": PAD}),
    "roberta": ("RobertaConfig", _SIZES | {"intermediate_size": 64} | _IDS),
    "distilbert": (
        "DistilBertConfig",
        {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "pad_token_id": PAD},
    ),
    "modernbert": (
        "ModernBertConfig",
        _SIZES | {"intermediate_size": 64, "cls_token_id": CLS, "sep_token_id": SEP} | _IDS,
    ),
}
# Of those that continue texts.
_GENERATORS = {
    "gpt2": (
        "GPT2Config",
        {"n_embd": 32, "n_layer": 2, "n_head": 2, "bos_token_id": CLS, "eos_token_id": SEP},
    )
}


def config_of(kind: str = "bert", **changes):
    """Return the configuration of a small transformer."""
    import transformers

    name, sizes = (KINDS | _GENERATORS)[kind]
    # Of the usual 0.02 so small a network would hardly learn.
    defaults = {"vocab_size": VOCABULARY, "max_position_embeddings": 40, "initializer_range": 0.2}
    return getattr(transformers, name)(**defaults | sizes | changes)


def write_tokenizer(folder: Path, words: list[str] = WORDS, **changes) -> None:
    """Write a tokenizer of words."""
    import tokenizers
    import transformers

    ids = {word: number for number, word in enumerate([*SPECIAL, *words])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(ids, unk_token="[UNK]"))
    made.normalizer = tokenizers.normalizers.Lowercase()
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)]
    )
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    settings = dict(zip(names, SPECIAL, strict=True)) | {"model_max_length": 512} | changes
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=made, **settings)
    fast.save_pretrained(folder)


def write_transformer(folder: Path, kind: str = "bert", seed: int = 0, **changes) -> str:
    """Write a transformer of random weights without a head; return its folder's path."""
    import torch
    import transformers

    torch.manual_seed(seed)
    model = transformers.AutoModel.from_config(config_of(kind, **changes))
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return str(folder)


def write_generator(folder: Path, seed: int = 0, words: list[str] = WORDS, **changes) -> str:
    """Write a causal language model of random weights; return its folder's path."""
    import torch
    import transformers

    torch.manual_seed(seed)
    config = config_of("gpt2", vocab_size=len(SPECIAL) + len(words), **changes)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    write_tokenizer(folder, words, bos_token="[CLS]", eos_token="[SEP]")
    return str(folder)
