"""What the text on methods says of pretrained transformers: their start, and what is trained."""

from self_training.report import encoders_text
from self_training.report.words import count, join
from self_training.study import adaptation, methods, transformers

# What trains them, of the packages that a study names with their versions.
PACKAGES = ["torch", "transformers", "peft"]
LORA = "lora"
# Of task-adaptive pretraining.
ADAPTATION = ["bert", "gururangan"]


def cited(config: dict) -> set[str]:
    """Return what is cited for the way in which transformers are trained."""
    own = config["training"].get(transformers.TRANSFORMER, {})
    adapted = set(ADAPTATION) if adaptation.is_asked_for(config) else set()
    return adapted | ({LORA} if LORA in own else set())


def begun(config: dict) -> str:
    """Return how networks were trained, up to the optimizer."""
    if not transformers.is_trained(config):
        return "trained from scratch"
    own = transformers.settings(config, next(iter(config["datasets"])))[LORA]
    text = f"fine-tuned from {join(sorted(encoders_text.models(config)))} with a new head"
    if own is None:
        return f"{text}, all weights, without dropout but where it is named,"
    layers = own["target_modules"] or "the usual layers of attention"
    layers = layers if isinstance(layers, str) else join(layers)
    biases = {"all": ", all biases", "lora_only": ", their biases", "none": ""}[own["bias"]]
    return (
        f"{text}, as adapters (Hu et al. 2022; rank {own['rank']}, alpha {own['alpha']:g}, dropout "
        f"{own['dropout']:g}, of {layers}){biases}, without other dropout but where it is named,"
    )


def adapted(config: dict, outside: str) -> str:
    """Return how transformers were adapted before anything was trained, a sentence with a space
    before it; '' where they were not.

    Args:
        outside: what a text is outside of, to be in a pool: a fold, or a file.
    """
    if not adaptation.is_asked_for(config):
        return ""
    how = transformers.settings(config, next(iter(config["datasets"])))[transformers.ADAPT]
    plain = [name for name in config["methods"] if not adaptation.is_behind(config, name)]
    but = f", but for those of {join(plain)}" if plain else ""
    return (
        " Before, these weights were adapted to the task (Gururangan et al. 2020), once for every "
        f"outer fold{but}: by masked language modeling (Devlin et al. 2019; 15 % of a text's "
        "tokens, of these 80 % masked, 10 % another one and 10 % the same) on all texts outside "
        f"the test {outside}, without labels, for {count(how['steps'], 'gradient step')} of "
        f"{how['batch_size']} texts (AdamW, learning rate {how['learning_rate']:g}, decoupled "
        f"weight decay {adaptation.WEIGHT_DECAY:g}, linear warm-up over {adaptation.WARMUP:g} of "
        "the steps, linear decay, no dropout)."
    )


def started(config: dict, name: str) -> str:
    """Return what a method's own networks started from, where not all of a study's started from the
    same, with a comma before it; '' elsewhere.

    Args:
        name: of a method with students, or of a control.
    """
    another = methods.settings(config, name)[transformers.TRANSFORMER]
    if another and methods.kind(config, name) != methods.TEACHER:
        return f", fine-tuned from {encoders_text.named(another)}"
    behind = [adaptation.is_of_networks(config, some) for some in config["methods"]]
    if all(behind) or not any(behind) or methods.kind(config, name) == methods.TEACHER:
        return ""
    is_adapted = adaptation.is_of_networks(config, name)
    return f", from weights that were {'' if is_adapted else 'not '}adapted to the texts"
