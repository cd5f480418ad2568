"""Rules of consistency training: one function each, named for what it forbids."""

from self_training.errors import ConfigError
from self_training.study import consistency, names
from self_training.study.checks_of_inheritance import Rules
from self_training.study.encoders import what_networks_take
from self_training.study.methods import CHAIN, CONSISTENCY, OF_STUDENTS, kind, settings, steps_of
from self_training.study.transformers import TRANSFORMER

# Of `noise`, what a method says in its views.
_OF_VIEWS = ("policy", "magnitude", "operations")
# What a method of another kind is made by.
_OF_OTHERS = ("inherit", "control_of", "train_on", "synthetic", *OF_STUDENTS)


def no_other_kind_beside_consistency(config: dict, name: str) -> None:
    """Forbid generations, pseudo-labels, and what makes a control."""
    method = config["methods"][name]
    if method.get("generations", 0) not in (0, [0]):
        expected = "0 or no value, as consistency training has no generations"
        raise ConfigError.of(f"methods.{name}.generations", expected, method["generations"])
    for key in _OF_OTHERS:
        if key in method:
            expected = "it only without consistency"
            if key in ("threshold", "temperature"):
                expected = f"it as methods.{name}.consistency.{key}"
            raise ConfigError.of(f"methods.{name}.{key}", expected, method[key])


def no_setting_of_another_consistency(config: dict, name: str) -> None:
    """Forbid a setting that the method does not have."""
    given = consistency.said(config["methods"][name]) or {}
    known = consistency.keys_of(given["name"])
    for key, value in given.items():
        if key not in known:
            expected = f"a setting that {given['name']} has ({', '.join(known[1:])})"
            raise ConfigError.of(f"methods.{name}.consistency.{key}", expected, value)


def no_consistency_of_transformers(config: dict, name: str) -> None:
    """Forbid to train a pretrained transformer so, whose trainer does not have it."""
    backbone = config["methods"][name].get("backbone", config["training"]["backbone"])
    if isinstance(backbone, list):
        expected = "one, as consistency training has no generations"
        raise ConfigError.of(f"methods.{name}.backbone", expected, backbone)
    if backbone == TRANSFORMER:
        expected = f"another backbone than {TRANSFORMER}, or no such method: it is trained by "
        expected += "PyTorch, and consistency training is not"
        key = f"methods.{name}.consistency"
        raise ConfigError.of(key, expected, config["methods"][name]["consistency"])


def no_input_noise_beside_views(config: dict, name: str) -> None:
    """Forbid to say twice which input noise there is."""
    given = config["methods"][name].get("noise", {})
    for key in _OF_VIEWS:
        if key in given:
            expected = f"it as methods.{name}.consistency.weak, and .strong"
            raise ConfigError.of(f"methods.{name}.noise.{key}", expected, given[key])


def no_views_of_an_unknown_policy(config: dict, name: str) -> None:
    """Forbid views of examples of which nobody says which noise keeps their classes, or whose kind
    has other noise."""
    given = settings(config, name)["consistency"]
    for dataset, source in config["datasets"].items():
        of_kind = names.POLICIES_OF[what_networks_take(source)]
        for view, noise in consistency.views(given, source).items():
            if noise["policy"] is None:
                expected = f"the input noise that keeps its classes, as {name} has views: "
                raise ConfigError.of(
                    f"datasets.{dataset}.policy", expected + ", ".join(of_kind), None
                )
            if noise["policy"] not in of_kind:
                expected = f"one of {', '.join(of_kind)}, as the examples of {dataset} are others"
                key = f"methods.{name}.consistency.{view}.policy"
                raise ConfigError.of(key, expected, noise["policy"])


def no_views_that_are_alike(config: dict, name: str) -> None:
    """Forbid strong views without noise, which say nothing that weak ones do not."""
    given = settings(config, name)["consistency"]
    for source in config["datasets"].values():
        if not consistency.views(given, source)["strong"]["magnitude"]:
            key = f"methods.{name}.consistency.strong.magnitude"
            raise ConfigError.of(key, "a number above 0, as strong views are noisy", 0)


def no_mean_teacher_without_averages(config: dict, name: str) -> None:
    """Forbid to be taught by averaged weights where there are none."""
    own = settings(config, name)
    if own["consistency"]["name"] == "mean_teacher" and not own["ema"]:
        expected = "a number above 0, as the teacher has averaged weights"
        raise ConfigError.of(f"methods.{name}.ema", expected, own["ema"])


def no_steps_of_what_is_no_chain(config: dict, name: str) -> None:
    """Forbid to take the gradient steps of a method that has no students."""
    taken = steps_of(config, name)
    chains = [other for other in config["methods"] if kind(config, other) == CHAIN]
    if taken is not None and taken not in chains:
        expected = f"a method with students ({', '.join(chains) or 'there is none'})"
        raise ConfigError.of(f"methods.{name}.steps_of", expected, taken)


# In the order in which they are checked; a rule may count on those above it.
CONSISTENCY_RULES: Rules = [
    no_other_kind_beside_consistency,
    no_setting_of_another_consistency,
    no_consistency_of_transformers,
    no_input_noise_beside_views,
    no_views_of_an_unknown_policy,
    no_views_that_are_alike,
    no_mean_teacher_without_averages,
    no_steps_of_what_is_no_chain,
]


def check_consistency(config: dict) -> None:
    """Check all methods of consistency training."""
    for name in config["methods"]:
        if kind(config, name) == CONSISTENCY:
            for rule in CONSISTENCY_RULES:
                rule(config, name)
