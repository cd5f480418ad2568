"""All checks of a config before anything runs."""

from pathlib import Path

from self_training.data.class_counts import check_class_counts, check_unknown
from self_training.data.datasets import count_classes
from self_training.data.distinct_budgets import check_distinct_budgets
from self_training.data.examples import Reader
from self_training.data.imbalance_counts import check_imbalance
from self_training.errors import ConfigError
from self_training.study import budgets, fair_controls, hub
from self_training.study.adaptation import ADAPTATION_RULES
from self_training.study.checks_of_backbones import check_backbone
from self_training.study.checks_of_consistency import check_consistency
from self_training.study.checks_of_controls import CONTROL_RULES
from self_training.study.checks_of_datasets import ARCHIVE_RULES, DATASET_RULES, is_there
from self_training.study.checks_of_deployment import (
    DEPLOYMENT_RULES,
    no_deployment_without_training,
)
from self_training.study.checks_of_draws import DRAW_RULES, no_repeats_of_draws
from self_training.study.checks_of_inheritance import INHERITANCE_RULES
from self_training.study.checks_of_kinds import KIND_RULES
from self_training.study.checks_of_methods import METHOD_RULES
from self_training.study.checks_of_selection import SELECTION_RULES
from self_training.study.checks_of_size import (
    SIZE_RULES,
    check_shares,
    check_slices,
    no_names_of_one_case,
    no_trials_of_nothing,
)
from self_training.study.checks_of_synthetic import (
    GENERATOR_RULES,
    SYNTHETIC_RULES,
    check_classes,
    no_generator_that_nobody_asks,
)
from self_training.study.config import compares_only, external_scores, inner_folds
from self_training.study.methods import CONTROL, kind
from self_training.study.new_examples import PREDICTION_RULES
from self_training.study.schema import check_schema
from self_training.study.transformers import TRANSFORMER_RULES


def validate(config: dict) -> None:
    """Check a config against its schema, then every rule that ties one key to another.

    Raises: ConfigError, naming the first key that is wrong, what it expects and what it got.
    """
    check_schema(config)
    no_missing_file_of_scores(config)
    no_deployment_without_training(config)
    if compares_only(config):
        return
    check_backbone("training.backbone", config["training"]["backbone"])
    for name, dataset in config["datasets"].items():
        for dataset_rule in DATASET_RULES:
            dataset_rule(f"datasets.{name}", dataset)
        for generator_rule in GENERATOR_RULES:
            generator_rule(f"datasets.{name}", dataset)
        for draw_rule in DRAW_RULES:
            draw_rule(f"datasets.{name}", hub.with_files(dataset))
        for prediction_rule in PREDICTION_RULES:
            prediction_rule(config, name)
    no_two_sizes_of_jobs(config)
    config = hub.expand(config)
    for archive_rule in ARCHIVE_RULES:
        archive_rule(config)
    no_repeats_of_draws(config)
    no_names_of_one_case(config)
    # Settings can be looked at once it is clear, of all methods, where they are inherited from.
    for rule in INHERITANCE_RULES:
        for name in config["methods"]:
            rule(config, name)
    check_consistency(config)
    for size_rule in SIZE_RULES:
        for name in config["methods"]:
            size_rule(config, name)
    for kind_rule in [*KIND_RULES, *TRANSFORMER_RULES, *ADAPTATION_RULES]:
        kind_rule(config)
    for name in config["methods"]:
        for rule in [*METHOD_RULES, *SELECTION_RULES, *SYNTHETIC_RULES]:
            rule(config, name)
    no_generator_that_nobody_asks(config)
    for name in config["methods"]:
        if kind(config, name) == CONTROL:
            for rule in CONTROL_RULES:
                rule(config, name)
    no_trials_of_nothing(config)
    with_controls = fair_controls.add(config)
    for deployment_rule in DEPLOYMENT_RULES:
        deployment_rule(with_controls)
    all_methods = list(with_controls["methods"])
    if not external_scores(config):
        no_unknown_control_of_statistics(config, all_methods)
        no_group_of_an_unknown_dataset(config, [])


def no_missing_file_of_scores(config: dict) -> None:
    """Forbid the path of a table of scores that is not there."""
    for path in external_scores(config):
        if set("{}") & set(path):
            # Snakemake would take it for a wildcard.
            raise ConfigError.of("external_scores", "a path without braces", path)
        if not is_there(path, Path.is_file):
            raise ConfigError.of("external_scores", "existing CSV files", path)


def no_two_sizes_of_jobs(config: dict) -> None:
    """Forbid to say twice how many outer folds a job does."""
    if {"jobs", "folds_per_job"} <= set(config):
        expected = "one of jobs and folds_per_job"
        raise ConfigError.of("folds_per_job", expected, {"jobs": config["jobs"]})


def no_unknown_control_of_statistics(config: dict, methods: list[str]) -> None:
    """Forbid to compare with a method that is not there.

    Args:
        methods: of the study and, where there are some, of scores from elsewhere.
    """
    control = config.get("statistics", {}).get("control")
    if control is not None and control not in methods:
        raise ConfigError.of("statistics.control", f"one of {', '.join(methods)}", control)


def no_group_of_an_unknown_dataset(config: dict, datasets: list[str]) -> None:
    """Forbid to group what there are no scores of, and datasets that have a key for it.

    Args:
        datasets: of scores from elsewhere that are none of the study's, budgets left out.
    """
    for name in config.get("statistics", {}).get("groups", {}):
        if name not in datasets:
            known = ", ".join(datasets) or "there are none"
            expected = f"datasets of scores from elsewhere ({known})"
            if name in config.get("datasets", {}):
                expected = f"the group of a dataset of the study in datasets.{name}.group"
            raise ConfigError.of("statistics.groups", expected, name)


def check_datasets(config: dict, read: Reader) -> None:
    """Raise DatasetError when a dataset can't be split as the config says.

    A dataset whose labels cannot be had yet, or not quickly, is checked when it is prepared.

    Args:
        read: reads a source of any kind, `kinds.read`.
    """
    for name, dataset in config.get("datasets", {}).items():
        counts = count_classes(dataset, name, read)
        if counts is None:
            continue
        check_classes(f"datasets.{name}", dataset, counts.of_classes)
        if "deploy" in config:
            check_unknown(counts.unknown, name)
        draw, has_test = dataset.get("draw", "stratified"), "test_path" in dataset
        asked: dict = {
            "dataset": name,
            "outer_folds": config["outer_folds"],
            "inner_folds": inner_folds(config),
            "unknown": counts.unknown,
            "has_test": has_test,
        }
        unequal = budgets.unequal(dataset)
        for budget in budgets.of(dataset):
            check_class_counts(counts.of_classes, draw=draw, **asked, **budget)
            for ratio in unequal or [{}]:
                check_imbalance(counts.of_classes, **asked, **ratio, **budget)
                check_slices(
                    config, counts, name, config["outer_folds"], draw, has_test, **ratio, **budget
                )
            check_shares(dataset, counts, name, config["outer_folds"], **budget)
        check_distinct_budgets(
            counts.of_classes,
            budgets.of(dataset),
            dataset=name,
            outer_folds=config["outer_folds"],
            draw=draw,
            has_test=has_test,
            ratios=[ratio[budgets.IMBALANCE] for ratio in unequal],
        )
