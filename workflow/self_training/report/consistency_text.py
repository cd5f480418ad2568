"""What a paragraph of methods says of consistency training."""

from self_training.report.words import join
from self_training.study import consistency, methods, trainings

# How each is called, and what it learns of an unlabeled example.
_NAMES = {
    "fixmatch": (
        "FixMatch (Sohn et al. 2020)",
        "the most probable class of its weak view, where the confidence reached {threshold}",
    ),
    "uda": (
        "UDA (Xie et al. 2020b, without the annealing of given labels)",
        "the probabilities of its weak view at temperature {temperature:g}, where the confidence "
        "reached {threshold}",
    ),
    "flexmatch": (
        "FlexMatch (Zhang et al. 2021)",
        "the most probable class of its weak view, where the confidence was above the class's own "
        "threshold, of {threshold} for the class that was learned best",
    ),
    "freematch": (
        "FreeMatch (Wang et al. 2023)",
        "the most probable class of its weak view, where the confidence was above a threshold that "
        "followed the mean confidence and the class (momentum {momentum:g}; weight of class "
        "fairness {entropy:g})",
    ),
    "softmatch": (
        "SoftMatch (Chen et al. 2023)",
        "the most probable class of its weak view, with a weight that fell below the mean "
        "confidence (momentum {momentum:g}, {deviations:g} deviations, uniform alignment)",
    ),
    "mean_teacher": (
        "Mean Teacher (Tarvainen and Valpola 2017)",
        "what the averaged weights said of its weak view, by squared differences whose weight rose "
        "over {warmup:g} of the steps",
    ),
}
# The schedule of FixMatch and of those after it, in which Mean Teacher was run, too.
_STEPS = 2**20


def describe(config: dict, name: str) -> str:
    """Return what a method of consistency training did, without how its networks were trained."""
    own = methods.settings(config, name)["consistency"]
    searched = methods.full_space(config, name)
    values = dict(own)
    for key, setting in consistency.SEARCHED.items():
        values[setting] = _values(searched.get(key, [own.get(setting)]))
    title, learned = _NAMES[own["name"]]
    members = _values(searched["ensemble_size"])
    mean = "" if members == "1" else f", the mean of {members} networks"
    return (
        f"{name}: consistency training, {title}{mean}. Of a strong view of every unlabeled example "
        f"was learned {learned.format(**values)} (weight of this loss: {values['weight']}); "
        f"{own['batch_size']} labeled examples and {own['ratio']:g} unlabeled ones per labeled one "
        "in every step"
    )


def of_length(config: dict, name: str) -> str:
    """Return a sentence of how short the training is; '' where it is as long as published."""
    found = [trainings.training(config, dataset, name)["steps"] for dataset in config["datasets"]]
    if all(steps and steps >= _STEPS for steps in found):
        return ""
    return f" The schedule is shorter than the published one of {_STEPS:,} steps."


def of_views(config: dict, name: str) -> str:
    """Return which input noise views have, of a method of consistency training or of its control,
    which has weak noise alone; '' of all others."""
    like = methods.control_of(config, name) or name
    own = methods.settings(config, like)["consistency"]
    if not own:
        return ""
    found: dict[str, dict[str, None]] = {view: {} for view in consistency.VIEWS}
    for dataset in config["datasets"].values():
        for view, noise in consistency.views(own, dataset).items():
            text = f"{noise['policy']} of magnitude {noise['magnitude']:g}"
            found[view].setdefault(text if noise["magnitude"] else "none")
    kinds = consistency.VIEWS if like == name else consistency.VIEWS[:1]
    return join(f"{view} noise ({join(found[view])})" for view in kinds)


def _values(values: list) -> str:
    return " or ".join(f"{value:g}" for value in values if value is not None)
