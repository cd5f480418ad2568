"""Fair controls: what a method's students are compared with, to see what pseudo-labels do.

A fair control has no students. It is trained on the labeled examples alone, for as many gradient
steps as a method's last students, and like them in all else: noise, label smoothing, backbone and
number of members. So is that of a method of consistency training, whose networks stand for the last
students here.
"""

from self_training.errors import ConfigError
from self_training.study import methods, trainings
from self_training.study.candidates import OF_NETWORKS
from self_training.study.methods import LAST_STUDENT, WHOLE_CHAIN
from self_training.study.spaces import LENGTH

# Of the key `controls`, beside the two that say whose steps are taken.
NONE = "none"
# A control takes its steps from the method; it has no pseudo-labels to weigh.
MAY_DIFFER = (*LENGTH, "unlabeled_ratio", "loss", "consistency")
NAMES = {
    "decay": "learning rate decay",
    "ema": "averaged weights",
    "warmup": "warm-up",
    "transformer": "adaptation",
}


def add(config: dict) -> dict:
    """Return the config with a fair control for each method with students that has none, and for
    each control with synthetic examples the same without these.

    It is called `METHOD_control` and follows its method; `controls: none` adds nothing.

    Raises: ConfigError, when another method has that name.
    """
    if config.get("controls") == NONE or "methods" not in config:
        return config
    chains = [name for name in config["methods"] if is_compared(config, name)]
    # Heirs last: what is selected for the control of their parent is theirs, too.
    for name in sorted(chains, key=lambda name: "inherit" in config["methods"][name]):
        if of(config, name) is None:
            config = _with_control(config, name)
    return config


def is_compared(config: dict, method: str) -> bool:
    """Return whether a method has a fair control: one that learns from unlabeled examples, or a
    control of its own right with synthetic ones, which is compared with the same without these."""
    is_control = methods.kind(config, method) == methods.CONTROL
    if not is_control:
        return methods.learns_unlabeled(config, method)
    is_like_another = methods.control_of(config, method) is not None
    has_synthetic = methods.settings(config, method)["synthetic"] is not None
    return has_synthetic and not is_like_another


def _with_control(config: dict, method: str) -> dict:
    added = f"{method}_control"
    if added in config["methods"]:
        expected = f"the fair control of {method} (control_of: {method}), or another name"
        raise ConfigError.of(f"methods.{added}", expected, config["methods"][added])
    control = {
        "generations": 0,
        "control_of": method,
        "match": config.get("controls", LAST_STUDENT),
    }
    for parent, taken in methods.settings(config, method)["takes"].items():
        if set(taken) & set(methods.searched_of_networks(config, method)):
            control["inherit"] = of(config, parent)
    with_control = {}
    for name, settings in config["methods"].items():
        with_control[name] = settings
        if name == method:
            with_control[added] = control
    return config | {"methods": with_control}


def of(config: dict, method: str) -> str | None:
    """Return the fair control of a method with students, or None where the study has none.

    That is a control which is `control_of` the method; or else one that takes the steps of this
    very method, and so its seeds, and is otherwise trained as its students are. Their steps are
    those that the key `controls` asks for; without it, those of either kind.
    """
    asked = config.get("controls", LAST_STUDENT)
    matches = [LAST_STUDENT, WHOLE_CHAIN] if asked == NONE else [asked]
    found = [
        name
        for name in config["methods"]
        if methods.steps_of(config, name) == method
        and methods.kind(config, name) == methods.CONTROL
        and methods.trained_on(config, name) == "labeled"
        and methods.match(config, name) in matches
        and not trained_otherwise(config, method, name)
    ]

    def rank(name: str) -> tuple[bool, int]:
        is_alike = methods.control_of(config, name) == method
        return not is_alike, matches.index(methods.match(config, name))

    return min(found, key=rank, default=None)


def trained_otherwise(config: dict, method: str, control: str) -> list[str]:
    """Return what is not the same for a method's last students and for a control.

    Returns: `ensemble size`, `search` (of how networks are trained; also where the control takes
        over what was selected for students), and what else of `trainings.training` differs, in
        words.
        A size that is searched is that of a control only if it is `control_of` the method.
    """
    if methods.control_of(config, control) == method:
        return []
    if methods.kind(config, method) == methods.CONTROL:
        return ["synthetic examples"]
    last = max(methods.generations(config, method), default=1)
    sizes = [methods.full_space(config, name)["ensemble_size"] for name in (method, control)]
    alike = sizes[0] == sizes[1] and len(sizes[0]) == 1
    differences: dict[str, None] = {} if alike else {"ensemble size": None}
    for dataset in config["datasets"]:
        students = trainings.training(config, dataset, method, last)
        other = trainings.training(config, dataset, control)
        for key, value in students.items():
            if key not in MAY_DIFFER and value != other[key]:
                differences[NAMES.get(key, key.replace("_", " "))] = None
    if len({str(methods.settings(config, name)["synthetic"]) for name in (method, control)}) > 1:
        differences["synthetic examples"] = None
    found = [methods.searched_of_networks(config, name) for name in (method, control)]
    handed_on = [
        key
        for other, keys in methods.settings(config, control)["takes"].items()
        if methods.kind(config, other) != methods.CONTROL
        for key in keys
    ]
    if found[0] != found[1] or set(OF_NETWORKS) & set(handed_on):
        differences["search"] = None
    return list(differences)
