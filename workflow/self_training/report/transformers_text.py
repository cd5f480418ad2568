"""What the text on methods says of pretrained transformers: their start, and what is trained."""

from self_training.report import encoders_text
from self_training.report.words import join
from self_training.study import transformers

# What trains them, of the packages that a study names with their versions.
PACKAGES = ["torch", "transformers", "peft"]
LORA = "lora"


def cited(config: dict) -> set[str]:
    """Return what is cited for the way in which transformers are trained."""
    own = config["training"].get(transformers.TRANSFORMER, {})
    return {LORA} if LORA in own else set()


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
