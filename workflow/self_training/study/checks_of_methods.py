"""Rules that tie keys of a method to each other: one function each, named for what it forbids."""

from self_training.errors import ConfigError
from self_training.study import names
from self_training.study.checks_of_backbones import check_backbone
from self_training.study.checks_of_inheritance import Rules
from self_training.study.encoders import what_networks_take
from self_training.study.methods import (
    CHAIN,
    CONTROL,
    LENGTH,
    OF_STUDENTS,
    OF_TRAINING,
    SLICES,
    TEACHER,
    full_space,
    generations,
    kind,
    largest_ensemble,
    searches,
    settings,
    steps_of,
    teacher,
    trained_on,
)
from self_training.study.trainings import backbones_of

# What is searched, and where its values come from.


def no_fraction_of_a_schedule_of_all(config: dict, name: str) -> None:
    """Forbid a size of slices where every generation is asked about all unlabeled examples."""
    method, schedule = config["methods"][name], settings(config, name)["schedule"]
    if schedule != SLICES and "unlabeled_fraction" in method:
        key, received = f"methods.{name}.unlabeled_fraction", method["unlabeled_fraction"]
        raise ConfigError.of(key, f"no value, as schedule is {schedule}", received)


def _needed_by_students(config: dict, name: str) -> list[str]:
    method = settings(config, name)
    needed = {"unlabeled_fraction": method["schedule"] == SLICES}
    needed |= {"threshold": method["curriculum"] is None}
    return [key for key, is_needed in needed.items() if is_needed]


def no_students_without_their_hyper_parameters(config: dict, name: str) -> None:
    """Forbid generations without a threshold, or without the size of their slices."""
    space = full_space(config, name)
    for needed in _needed_by_students(config, name):
        if max(space["generations"]) > 0 and space[needed] == [None]:
            expected = "a value, as there are generations to train"
            raise ConfigError.of(f"methods.{name}.{needed}", expected, None)


def no_hyper_parameters_of_a_parent_that_may_have_none(config: dict, name: str) -> None:
    """Forbid to inherit threshold and size of slices from what may be selected without them."""
    parent, own = config["methods"][name].get("inherit"), settings(config, name)["space"]
    if parent is None or not max(own.get("generations", [0])):
        return
    for needed in _needed_by_students(config, name):
        if needed not in own and 0 in full_space(config, parent)["generations"]:
            expected = f"a value, as {parent} may be selected without generations and then has none"
            raise ConfigError.of(f"methods.{name}.{needed}", expected, None)


def no_trials_but_of_a_random_search(config: dict, name: str) -> None:
    """Forbid a random search of an unknown length, and a length of other searches."""
    search = config["methods"][name].get("search", {})
    if (search.get("strategy") == "random") != ("trials" in search):
        expected = "a number of trials with strategy random, and only there"
        raise ConfigError.of(f"methods.{name}.search.trials", expected, search.get("trials"))


def no_list_that_is_not_searched(config: dict, name: str) -> None:
    """Forbid several values of a hyper-parameter where the strategy is to search nothing."""
    if config["methods"][name].get("search", {}).get("strategy") == "fixed":
        for key, values in settings(config, name)["space"].items():
            if len(values) > 1:
                expected = "one value, as search.strategy is fixed"
                raise ConfigError.of(f"methods.{name}.{key}", expected, values)


def no_search_without_inner_folds(config: dict, name: str) -> None:
    """Forbid a choice among candidates without anything to score them on."""
    if searches(config, name) and "inner_folds" not in config:
        expected = f"a number of folds, as {name} has candidates to choose from"
        raise ConfigError.of("inner_folds", expected, None)


# How networks are trained.


def no_training_of_a_shared_teacher(config: dict, name: str) -> None:
    """Forbid settings of training to a method that has no networks of its own."""
    if kind(config, name) == TEACHER:
        for key in OF_TRAINING:
            if key in config["methods"][name]:
                expected = "it only with students, or in a control (train_on: labeled), as "
                expected += "without generations the network is the teacher that all methods share"
                received = config["methods"][name][key]
                raise ConfigError.of(f"methods.{name}.{key}", expected, received)


def no_pseudo_labels_without_students(config: dict, name: str) -> None:
    """Forbid settings of pseudo-labels to a method that makes none."""
    if not generations(config, name):
        for key in OF_STUDENTS:
            if key in config["methods"][name]:
                expected = "it only with students (generations)"
                received = config["methods"][name][key]
                raise ConfigError.of(f"methods.{name}.{key}", expected, received)


def no_ratio_in_a_batch_of_one(config: dict, name: str) -> None:
    """Forbid batches that are too small for examples of both kinds of labels."""
    size = config["training"]["batch_size"]
    if settings(config, name)["unlabeled_ratio"] and size < 2:
        expected = f"at least 2, as {name} has an unlabeled_ratio"
        raise ConfigError.of("training.batch_size", expected, size)


def no_epochs_beside_steps(config: dict, name: str) -> None:
    """Forbid two lengths of a training."""
    method = config["methods"][name]
    if set(LENGTH) <= set(method):
        received = {key: method[key] for key in LENGTH}
        raise ConfigError.of(f"methods.{name}", "either epochs or steps", received)


def no_length_beside_steps_of(config: dict, name: str) -> None:
    """Forbid a length of a training that takes the steps of another."""
    method = config["methods"][name]
    for key in LENGTH:
        if key in method and steps_of(config, name) is not None:
            expected = "no value, as steps_of says how many"
            raise ConfigError.of(f"methods.{name}.{key}", expected, method[key])


def no_teacher_that_is_none(config: dict, name: str) -> None:
    """Forbid a teacher that is no control with labels and a length of its own."""
    chosen = teacher(config, name)
    able = [
        other
        for other, method in config["methods"].items()
        if kind(config, other) == CONTROL
        and trained_on(config, other) == "labeled"
        and steps_of(config, other) is None
        and ("inherit" not in method or kind(config, method["inherit"]) != CHAIN)
    ]
    if chosen is not None and chosen not in able:
        expected = "a control that is trained on the labeled examples (train_on: labeled), for "
        expected += "epochs or steps of its own, and inherits from no students "
        expected += f"({', '.join(able) or 'there is none'})"
        raise ConfigError.of(f"methods.{name}.teacher", expected, chosen)


def no_teacher_with_too_few_members(config: dict, name: str) -> None:
    """Forbid ensembles that are larger than that of their teacher."""
    chosen = teacher(config, name)
    if chosen is not None:
        needed = largest_ensemble(config, name)
        received = full_space(config, chosen)["ensemble_size"]
        if min(received) < needed:
            expected = f"at least {needed}, as it is the teacher of {name}"
            raise ConfigError.of(f"methods.{chosen}.ensemble_size", expected, received)


def no_match_of_nothing(config: dict, name: str) -> None:
    """Forbid to say whose steps are taken where none are."""
    method = config["methods"][name]
    if "match" in method and steps_of(config, name) is None:
        expected = "it only with control_of or steps_of"
        raise ConfigError.of(f"methods.{name}.match", expected, method["match"])


def no_temperature_of_hard_labels(config: dict, name: str) -> None:
    """Forbid a temperature of what has no probabilities."""
    method = config["methods"][name]
    if "temperature" in method and settings(config, name)["labels"] != "soft":
        key = f"methods.{name}.temperature"
        raise ConfigError.of(key, "it only with labels soft", method["temperature"])


def no_distillation_of_several_temperatures(config: dict, name: str) -> None:
    """Forbid to distill what is not soft, or at a temperature that is searched."""
    method = settings(config, name)
    if not method["distillation"]:
        return
    key = f"methods.{name}.distillation"
    if method["labels"] != "soft":
        raise ConfigError.of(key, "it only with labels soft", True)
    if "temperature" in full_space(config, name):
        raise ConfigError.of(key, "one temperature with it, not a list of them", True)


def no_logit_adjustment_of_what_is_distilled(config: dict, name: str) -> None:
    """Forbid to adjust logits that are matched at a temperature: shares of softened labels are no
    shares of classes."""
    adjusted = settings(config, name)["logit_adjustment"]
    if adjusted is None:
        adjusted = config["training"].get("logit_adjustment", 0)
    if adjusted and settings(config, name)["distillation"]:
        expected = "no value, or 0, as distillation matches logits that nothing is added to"
        raise ConfigError.of(f"methods.{name}.logit_adjustment", expected, adjusted)


def no_filter_once_of_slices(config: dict, name: str) -> None:
    """Forbid to keep the examples of the first generation where each has its own."""
    own = settings(config, name)
    if own["filter"] == "once" and own["schedule"] != "all":
        expected = "it only with schedule all, as every slice (or rest) is filtered once"
        raise ConfigError.of(f"methods.{name}.filter", expected, "once")


def no_quota_of_another_balance(config: dict, name: str) -> None:
    """Forbid a number of examples per class where nothing keeps to it."""
    method = config["methods"][name]
    if method.get("quota") is not None and settings(config, name)["balance"] != "quota":
        key = f"methods.{name}.quota"
        raise ConfigError.of(key, "it only with balance quota", method["quota"])


def no_settings_of_absent_noise(config: dict, name: str) -> None:
    """Forbid to say how input noise is where there is none."""
    own, noise = config["methods"][name].get("noise", {}), settings(config, name)["noise"]
    for key in ("policy", "operations"):
        if key in own and not noise["magnitude"]:
            expected = f"a number above 0, as there is noise.{key}"
            received = own.get("magnitude")
            raise ConfigError.of(f"methods.{name}.noise.magnitude", expected, received)


def _policies(config: dict, name: str) -> dict[str, str | None]:
    """Return the policy of input noise of each dataset."""
    own = settings(config, name)["noise"]["policy"]
    return {dataset: own or said.get("policy") for dataset, said in config["datasets"].items()}


def no_noise_without_a_policy(config: dict, name: str) -> None:
    """Forbid input noise on a dataset of which nobody says which noise keeps its classes."""
    for dataset, policy in _policies(config, name).items():
        if settings(config, name)["noise"]["magnitude"] and policy is None:
            expected = f"the input noise that keeps its classes, as {name} has noise.magnitude: "
            kind = what_networks_take(config["datasets"][dataset])
            expected += ", ".join(names.POLICIES_OF[kind])
            raise ConfigError.of(f"datasets.{dataset}.policy", expected, None)


def no_operations_of_a_policy_without(config: dict, name: str) -> None:
    """Forbid a number of operations where no policy has operations."""
    received = config["methods"][name].get("noise", {}).get("operations")
    policies = set(_policies(config, name).values())
    if received is not None and not policies & names.WITH_OPERATIONS:
        expected = f"it only with policy {' or '.join(sorted(names.WITH_OPERATIONS))}, in the "
        expected += "method or a dataset"
        raise ConfigError.of(f"methods.{name}.noise.operations", expected, received)


def _own_backbones(config: dict, name: str) -> list[str]:
    return backbones_of(config, name)[1:] or [config["training"]["backbone"]]


def no_backbones_of_unknown_generations(config: dict, name: str) -> None:
    """Forbid backbones by generation where it is searched how many generations there are.

    The control of the last students could not know which backbone theirs is.
    """
    backbone, numbers = settings(config, name)["backbone"], full_space(config, name)["generations"]
    if isinstance(backbone, list) and len(backbone) > 1 and len(numbers) > 1:
        expected = "one number, as there are backbones by generation"
        raise ConfigError.of(f"methods.{name}.generations", expected, numbers)


def no_unknown_backbone(config: dict, name: str) -> None:
    """Forbid a backbone that is none of ours and can't be imported."""
    for backbone in _own_backbones(config, name):
        check_backbone(f"methods.{name}.backbone", backbone)


def no_stochastic_depth_without_blocks(config: dict, name: str) -> None:
    """Forbid to leave out blocks of a backbone that has none."""
    survival = settings(config, name)["noise"]["survival"]
    for backbone in _own_backbones(config, name):
        if backbone in names.WITHOUT_BLOCKS and survival < 1:
            expected = f"1, as {backbone} has no residual blocks (small_resnet has)"
            raise ConfigError.of(f"methods.{name}.noise.survival", expected, survival)


# In the order in which they are checked; a rule may count on those above it.
METHOD_RULES: Rules = [
    no_fraction_of_a_schedule_of_all,
    no_students_without_their_hyper_parameters,
    no_hyper_parameters_of_a_parent_that_may_have_none,
    no_trials_but_of_a_random_search,
    no_list_that_is_not_searched,
    no_search_without_inner_folds,
    no_training_of_a_shared_teacher,
    no_pseudo_labels_without_students,
    no_ratio_in_a_batch_of_one,
    no_epochs_beside_steps,
    no_length_beside_steps_of,
    no_match_of_nothing,
    no_teacher_that_is_none,
    no_teacher_with_too_few_members,
    no_temperature_of_hard_labels,
    no_distillation_of_several_temperatures,
    no_logit_adjustment_of_what_is_distilled,
    no_filter_once_of_slices,
    no_quota_of_another_balance,
    no_settings_of_absent_noise,
    no_noise_without_a_policy,
    no_operations_of_a_policy_without,
    no_unknown_backbone,
    no_backbones_of_unknown_generations,
    no_stochastic_depth_without_blocks,
]
