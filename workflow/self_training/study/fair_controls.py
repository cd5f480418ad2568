"""Fair controls: what a method's students are compared with, to see what pseudo-labels do.

A fair control has no students. It is trained on the labeled examples alone, for as many gradient
steps as a method's last students, and like them in all else: noise, label smoothing, backbone and
number of members.
"""

from self_training.errors import ConfigError
from self_training.study import methods
from self_training.study.methods import LAST_STUDENT

# Of the key `controls`, beside the two that say whose steps are taken.
NONE = "none"


def add(config: dict) -> dict:
    """Return the config with a fair control for each method with students that has none.

    It is called `METHOD_control` and follows its method; `controls: none` adds nothing.

    Raises: ConfigError, when another method has that name.
    """
    match = config.get("controls", LAST_STUDENT)
    if match == NONE or "methods" not in config:
        return config
    with_controls = {}
    for name, method in config["methods"].items():
        with_controls[name] = method
        if methods.kind(config, name) == methods.CHAIN and of(config, name) is None:
            added = f"{name}_control"
            if added in config["methods"]:
                expected = f"the fair control of {name} (control_of: {name}), or another name"
                raise ConfigError.of(f"methods.{added}", expected, config["methods"][added])
            with_controls[added] = {"generations": 0, "control_of": name, "match": match}
    return config | {"methods": with_controls}


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
        if taken == method or (all(own) and own == steps(method)):
            found.append(name)
    return found


def trained_otherwise(config: dict, method: str, control: str) -> list[str]:
    """Return what is not the same for a method's last students and for a control.

    Returns: of `ensemble size`, `noise`, `label smoothing` and `backbone` those that differ. A size
        that is searched differs from that of a control, which has one unless it is `control_of` the
        method.
    """
    if methods.control_of(config, control) == method:
        return []
    last = max(methods.generations(config, method))
    sizes = [methods.full_space(config, name)["ensemble_size"] for name in (method, control)]
    differences: dict[str, None] = {} if sizes[0] == sizes[1] else {"ensemble size": None}
    for dataset in config["datasets"]:
        students = methods.training(config, dataset, method, last)
        other = methods.training(config, dataset, control)
        for name in ("noise", "label_smoothing", "backbone"):
            if students[name] != other[name]:
                differences[name.replace("_", " ")] = None
    return list(differences)
