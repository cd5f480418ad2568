"""Fair controls: what a method's students are compared with, to see what pseudo-labels do.

A fair control has no students. It is trained on the labeled examples alone, for as many gradient
steps as a method's last students, and like them in all else: noise, label smoothing, backbone and
number of members.
"""

from self_training.errors import ConfigError
from self_training.study import methods
from self_training.study.methods import LAST_STUDENT
from self_training.study.spaces import LENGTH

# Of the key `controls`, beside the two that say whose steps are taken.
NONE = "none"
# How long both are trained is asked by `equal_steps`; a control has no pseudo-labels to weigh.
MAY_DIFFER = (*LENGTH, "unlabeled_ratio", "loss")
NAMES = {"decay": "learning rate decay", "ema": "averaged weights", "warmup": "warm-up"}


def add(config: dict) -> dict:
    """Return the config with a fair control for each method with students that has none.

    It is called `METHOD_control` and follows its method; `controls: none` adds nothing.

    Raises: ConfigError, when another method has that name.
    """
    if config.get("controls") == NONE or "methods" not in config:
        return config
    chains = [name for name in config["methods"] if methods.kind(config, name) == methods.CHAIN]
    # Heirs last: what is selected for the control of their parent is theirs, too.
    for name in sorted(chains, key=lambda name: "inherit" in config["methods"][name]):
        if of(config, name) is None:
            config = _with_control(config, name)
    return config


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

    Before all others goes one that is `control_of` the method, then one that takes the steps of
    the method itself, then one that happens to take as many. Their steps are those that the key
    `controls` asks for.
    """
    asked = config.get("controls", LAST_STUDENT)
    match = LAST_STUDENT if asked == NONE else asked
    for name in config["methods"]:
        if methods.control_of(config, name) == method and methods.match(config, name) == match:
            return name
    fair = [
        control
        for control in equal_steps(config, method)
        if methods.match(config, control) == match
        and not trained_otherwise(config, method, control)
    ]
    return min(fair, key=lambda name: methods.steps_of(config, name) != method, default=None)


def equal_steps(config: dict, method: str) -> list[str]:
    """Return the methods without students that take as many gradient steps as a method with them.

    Either `steps_of` names the method, or both have the same number of `steps`, of their own or of
    the method that `steps_of` names.
    """

    searched = set(methods.full_space(config, method)) & set(LENGTH)

    def steps(name: str | None) -> list:
        return [methods.training(config, dataset, name)["steps"] for dataset in config["datasets"]]

    found = []
    for name in config["methods"]:
        if methods.generations(config, name) or methods.trained_on(config, name) == "pool":
            continue
        if methods.match(config, name) == methods.WHOLE_CHAIN:
            found += [name] if methods.steps_of(config, name) == method else []
            continue
        taken = methods.steps_of(config, name)
        own = steps(taken or (name if methods.kind(config, name) == methods.CONTROL else None))
        if taken == method or (all(own) and own == steps(method) and not searched):
            found.append(name)
    return found


def trained_otherwise(config: dict, method: str, control: str) -> list[str]:
    """Return what is not the same for a method's last students and for a control.

    Returns: `ensemble size`, `search` (of how networks are trained), and what else of
        `methods.training` differs, in words. A size that is searched differs from that of a
        control, which has one unless it is `control_of` the method.
    """
    if methods.control_of(config, control) == method:
        return []
    last = max(methods.generations(config, method))
    sizes = [methods.full_space(config, name)["ensemble_size"] for name in (method, control)]
    differences: dict[str, None] = {} if sizes[0] == sizes[1] else {"ensemble size": None}
    for dataset in config["datasets"]:
        students = methods.training(config, dataset, method, last)
        other = methods.training(config, dataset, control)
        for key, value in students.items():
            if key not in MAY_DIFFER and value != other[key]:
                differences[NAMES.get(key, key.replace("_", " "))] = None
    found = [methods.searched_of_networks(config, name) for name in (method, control)]
    if found[0] != found[1]:
        differences["search"] = None
    return list(differences)
