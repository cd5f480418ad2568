"""All checks of a config before anything runs."""

from pathlib import Path

from self_training.data.class_counts import check_class_counts
from self_training.data.datasets import count_classes
from self_training.data.examples import Reader
from self_training.errors import ConfigError
from self_training.study import budgets
from self_training.study import config as study_config
from self_training.study.checks_of_datasets import ARCHIVE_RULES, DATASET_RULES
from self_training.study.checks_of_methods import (
    CONTROL_RULES,
    INHERITANCE_RULES,
    METHOD_RULES,
    check_backbone,
)
from self_training.study.methods import CONTROL, kind
from self_training.study.schema import check_schema


def validate(config: dict) -> None:
    """Check a config against its schema, then every rule that ties one key to another.

    Raises: ConfigError, naming the first key that is wrong, what it expects and what it got.
    """
    check_schema(config)
    no_missing_file_of_scores(config)
    no_unknown_control_of_statistics(config)
    if study_config.compares_only(config):
        return
    check_backbone("training.backbone", config["training"]["backbone"])
    for name, dataset in config["datasets"].items():
        for dataset_rule in DATASET_RULES:
            dataset_rule(f"datasets.{name}", dataset)
    for archive_rule in ARCHIVE_RULES:
        archive_rule(config)
    # Settings can be looked at once it is clear where they are inherited from.
    for rules in (INHERITANCE_RULES, METHOD_RULES):
        for name in config["methods"]:
            for rule in rules:
                rule(config, name)
    for name in config["methods"]:
        if kind(config, name) == CONTROL:
            for rule in CONTROL_RULES:
                rule(config, name)


def no_missing_file_of_scores(config: dict) -> None:
    """Forbid the path of a table of scores that is not there."""
    for path in study_config.external_scores(config):
        if not Path(path).is_file():
            raise ConfigError.of("external_scores", "existing CSV files", path)


def no_unknown_control_of_statistics(config: dict) -> None:
    """Forbid a comparison with a method that is not there.

    Where scores come from elsewhere, `evaluation.checks` knows all methods.
    """
    control = config.get("statistics", {}).get("control")
    known = list(config.get("methods", {}))
    if control is not None and control not in known and not study_config.external_scores(config):
        raise ConfigError.of("statistics.control", f"one of {', '.join(known)}", control)


def check_datasets(config: dict, read: Reader) -> None:
    """Raise DatasetError when a dataset can't be split as the config says.

    A dataset whose labels cannot be had yet, or not quickly, is checked when it is prepared.

    Args:
        read: of the kind of examples, such as `image.readers.read`.
    """
    for name, dataset in config.get("datasets", {}).items():
        counts = count_classes(dataset, name, read)
        if counts is None:
            continue
        for budget in budgets.of(dataset):
            check_class_counts(
                counts,
                dataset=name,
                outer_folds=config["outer_folds"],
                inner_folds=study_config.inner_folds(config),
                **budget,
            )
