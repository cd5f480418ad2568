"""Rules of how much a config asks for: not more than there is, not nothing, and an end in sight."""

import math

from self_training.data.class_counts import labels_of_class
from self_training.data.datasets import Counts
from self_training.data.foreign_counts import check_foreign, check_unknown_beside, count_foreign
from self_training.data.imbalance_counts import (
    ALIKE,
    hidden_of,
    sizes,
    unlabeled_sizes,
)
from self_training.errors import ConfigError, DatasetError
from self_training.study import methods
from self_training.study.budgets import FOREIGN, as_list
from self_training.study.candidates import OF_CHAINS, grid
from self_training.study.checks_of_inheritance import Rules
from self_training.study.methods import TRAINED_ONCE, full_space, kind, settings

# Candidates of a method; a search of the published study had 45.
MOST_CANDIDATES = 10_000


def no_names_of_one_case(config: dict) -> None:
    """Forbid names that differ by case alone, whose folders are one on some machines."""
    for key in ("datasets", "methods"):
        first: dict[str, str] = {}
        for name in config[key]:
            other = first.setdefault(name.lower(), name)
            if other != name:
                expected = f"names that differ by more than capital letters from '{other}'"
                raise ConfigError.of(key, expected, name)


def no_endless_search(config: dict, name: str) -> None:
    """Forbid more combinations of values than anybody could try."""
    count = math.prod(len(values) for values in settings(config, name)["space"].values())
    if count > MOST_CANDIDATES:
        expected = f"lists of values with at most {MOST_CANDIDATES} combinations"
        raise ConfigError.of(f"methods.{name}", expected, count)


def no_search_of_nothing(config: dict, name: str) -> None:
    """Forbid to say how candidates are searched where there is one, or to draw more than there are.

    The study's `trials` are of all methods, some of which may have fewer.
    """
    search = config["methods"][name].get("search", {"strategy": "fixed"})
    if search["strategy"] == "fixed":
        return
    none: dict[str, list] = {key: [None] for key in OF_CHAINS} | {"generations": [1]}
    count = len(grid(none | settings(config, name)["space"]))
    if count == 1:
        expected = f"it only with a list of values to search in methods.{name}"
        raise ConfigError.of(f"methods.{name}.search", expected, search)
    if search.get("trials", 1) > count:
        expected = f"at most {count}, as {name} has so many candidates (or strategy grid)"
        raise ConfigError.of(f"methods.{name}.search.trials", expected, search["trials"])


def no_trials_of_nothing(config: dict) -> None:
    """Forbid a search budget in a study that searches nothing."""
    if "trials" in config and not any(methods.searches(config, name) for name in config["methods"]):
        expected = "it only where a method has a list of values to search"
        raise ConfigError.of("trials", expected, config["trials"])


SIZE_RULES: Rules = [no_endless_search, no_search_of_nothing]


def check_slices(
    config: dict,
    counts: Counts,
    dataset: str,
    outer_folds: int,
    draw: str,
    has_test: bool,
    **budget,
) -> None:
    """Raise DatasetError where a generation's slice has one example, or more than are unlabeled.

    Args:
        counts: of the dataset.
        draw, has_test: of `class_counts.check_class_counts`.
        budget: of the same, and of `imbalance.keep`.
    """
    known, labeled = _smallest_pool(counts, outer_folds, draw, has_test, **budget)
    pool = known + counts.unknown
    for name in config["methods"]:
        if kind(config, name) in TRAINED_ONCE:
            continue
        for fraction in full_space(config, name)["unlabeled_fraction"]:
            size = None if fraction is None else round(fraction * pool)
            if size is not None and not 1 < size <= pool - labeled:
                raise DatasetError(
                    f"methods.{name}.unlabeled_fraction: Expected a part of the pool that is at "
                    f"least 2 examples and at most the {pool - labeled} unlabeled ones of the "
                    f"{pool} in a pool of {dataset}. Received: {fraction}, which is {size}. Choose "
                    "another, or schedule: all."
                )


def check_shares(dataset: dict, counts: Counts, name: str, outer_folds: int, **budget) -> None:
    """Raise DatasetError where there are too few foreign examples for a share of them.

    Args:
        dataset: its settings.
        counts: of the dataset.
        name: of the dataset.
        budget: of `class_counts.check_class_counts`.
    """
    shares = as_list(dataset[FOREIGN]) if FOREIGN in dataset else []
    draw, has_test = dataset.get("draw", "stratified"), "test_path" in dataset
    pool, labeled = _smallest_pool(counts, outer_folds, draw, has_test, **budget)
    for share in shares:
        check_unknown_beside(counts.unknown, name)
        check_foreign(counts.foreign, count_foreign(pool - labeled, share), share, name)


def _smallest_pool(
    counts: Counts,
    outer_folds: int,
    draw: str,
    has_test: bool,
    imbalance: float | None = None,
    unlabeled_imbalance: str = ALIKE,
    **budget,
) -> tuple[int, int]:
    """Return how many examples of known label the smallest pool has, and how many keep theirs."""
    pools = [
        count if has_test else count - -(-count // outer_folds)
        for count in counts.of_classes.values()
    ]
    if draw == "random":
        return sum(pools), labels_of_class(sum(pools), **budget)
    if imbalance is not None:
        first = budget["labels_per_class"]
        hidden = hidden_of(counts.of_classes, first, outer_folds, has_test)
        labeled = sum(sizes(first, imbalance, len(pools)))
        return labeled + sum(unlabeled_sizes(hidden, imbalance, unlabeled_imbalance)), labeled
    return sum(pools), sum(labels_of_class(pool, **budget) for pool in pools)
