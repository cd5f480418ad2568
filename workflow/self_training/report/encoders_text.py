"""What the text on methods says of encoders: how texts became what networks are given."""

from self_training.data.sources import TEXTS, kind_of
from self_training.report.words import join
from self_training.study import budgets, encoders


def names(config: dict) -> set[str]:
    """Return the names of the encoders of a study's texts."""
    datasets = config["datasets"].values()
    return {encoders.of(dataset)["name"] for dataset in datasets if kind_of(dataset) == TEXTS}


def encoded(config: dict) -> str:
    """Return a sentence on each encoder, with a space before it; nothing without texts."""
    datasets = budgets.sources(config).values()
    used = [encoders.of(dataset) for dataset in datasets if kind_of(dataset) == TEXTS]
    lengths = {str(some["length"]) for some in used if some["name"] == encoders.NGRAMS}
    tokens = {str(some["length"]) for some in used if some["name"] == encoders.TOKENS}
    models = {named(some) for some in used if some["name"] == encoders.SENTENCE}
    text = ""
    if tokens:
        text += f" Of a text, up to {join(sorted(tokens))} tokens were used."
    if lengths:
        text += f" Of a text, up to {join(sorted(lengths))} words were used, as hashes."
    if models:
        text += (
            f" Texts became vectors by {join(sorted(models))}, pretrained and not changed: means "
            "over tokens, of length 1 (Reimers and Gurevych 2019)."
        )
    return text


def models(config: dict) -> set[str]:
    """Return the names of pretrained networks whose tokens a study's texts become."""
    used = [encoders.of(dataset) for dataset in config["datasets"].values()]
    return {named(some) for some in used if some["name"] == encoders.TOKENS}


def named(encoder: dict) -> str:
    """Return what a text calls a pretrained network: its `model`, and if given its `revision`."""
    revision = f" (revision {encoder['revision'][:8]})" if "revision" in encoder else ""
    return encoder["model"].rstrip("/").rpartition("/")[2] + revision
