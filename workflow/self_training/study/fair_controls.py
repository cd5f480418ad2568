"""Fair controls: what a method's students are compared with, to see what pseudo-labels do.

A fair control has no students. It is trained on the labeled examples alone, for as many gradient
steps as a method's last students, and like them in all else: noise, label smoothing, backbone and
number of members.
"""

from self_training.study import methods

# How long both are trained is asked by `equal_steps`; a control has no pseudo-labels to weigh.
MAY_DIFFER = (*methods.LENGTH, "unlabeled_ratio", "loss")
NAMES = {"decay": "learning rate decay", "ema": "averaged weights", "warmup": "warm-up"}


def of(config: dict, method: str) -> str | None:
    """Return the fair control of a method with students, or None where the study has none.

    One that takes the steps of the method itself goes before one that happens to take as many.
    """
    fair = [
        control
        for control in equal_steps(config, method)
        if not trained_otherwise(config, method, control)
    ]
    return min(fair, key=lambda name: methods.steps_of(config, name) != method, default=None)


def equal_steps(config: dict, method: str) -> list[str]:
    """Return the methods without students that take as many gradient steps as a method's last one.

    Either `steps_of` names the method, or both have the same number of `steps`, of their own or of
    the method that `steps_of` names.
    """

    def steps(name: str | None) -> list:
        return [methods.training(config, dataset, name)["steps"] for dataset in config["datasets"]]

    found = []
    for name in config["methods"]:
        if methods.generations(config, name) or methods.trained_on(config, name) == "pool":
            continue
        taken = methods.steps_of(config, name)
        own = steps(taken or (name if methods.kind(config, name) == methods.CONTROL else None))
        if taken == method or (all(own) and own == steps(method)):
            found.append(name)
    return found


def trained_otherwise(config: dict, method: str, control: str) -> list[str]:
    """Return what is not the same for a method's last students and for a control.

    Returns: `ensemble size`, and what else of `methods.training` differs, in words. A size that is
        searched differs from that of a control, which has one.
    """
    last = max(methods.generations(config, method))
    sizes = [methods.full_space(config, name)["ensemble_size"] for name in (method, control)]
    differences: dict[str, None] = {} if sizes[0] == sizes[1] else {"ensemble size": None}
    for dataset in config["datasets"]:
        students = methods.training(config, dataset, method, last)
        other = methods.training(config, dataset, control)
        for key, value in students.items():
            if key not in MAY_DIFFER and value != other[key]:
                differences[NAMES.get(key, key.replace("_", " "))] = None
    return list(differences)
