"""What a paragraph of methods says of the optimizer and the loss, and whom to cite for them."""

from self_training.study import trainings

NAMES = {
    "adam": "Adam (Kingma and Ba 2015",
    "sgd": "stochastic gradient descent (Nesterov's momentum of 0.9",
}
# What may be several values, which are searched.
SEARCHED = ("learning_rate", "l2", "weight_decay", "logit_adjustment")
_RATE = {"learning_rate": "learning rate {}"}
_SETTINGS = {
    "scaling": "features scaled: {}",
    "l2": "L2 penalty {}",
    "weight_decay": "decoupled weight decay {}",
    "warmup": "linear warm-up over {:g} of the steps",
    "decay": "learning-rate decay: {}",
    "ema": "weights averaged with a decay of {:g}",
    "loss": "loss {}",
    "logit_adjustment": (
        "in the loss, {} times the logarithm of each class's share among what was learned added to "
        "the logits (logit adjustment; Menon et al. 2021)"
    ),
}


def settings(said: dict, with_rate: bool = False) -> str:
    """Return what is said of the optimizer and the loss, each with a comma before it.

    Args:
        said: settings; of what is None, nothing is said.
        with_rate: whether the learning rate is among them.
    """
    texts = (_RATE if with_rate else {}) | _SETTINGS
    if said.get("logit_adjustment") == 0:
        texts = texts | {"logit_adjustment": "without logit adjustment"}
    return "".join(
        ", " + text.format(said[key]).replace("_", " ")
        for key, text in texts.items()
        if said.get(key) is not None
    )


def cited(config: dict) -> list[str]:
    """Return whom to cite for the optimizers and the losses that a study trains with."""
    found = [
        trainings.training(config, dataset, name)
        for dataset in config["datasets"]
        for name in [None, *config["methods"]]
    ]
    used = {
        "adam": any(one["optimizer"] == "adam" for one in found),
        "nesterov": any(one["optimizer"] == "sgd" for one in found),
        "logit_adjustment": any(one["logit_adjustment"] for one in found),
    }
    return [name for name, is_used in used.items() if is_used]
