"""Rules of classes that are made unequal: one function each, named for what it forbids."""

from collections.abc import Callable

from self_training.data.class_counts import ALL
from self_training.errors import ConfigError
from self_training.study.budgets import (
    FOREIGN,
    IMBALANCE,
    UNLABELED_IMBALANCE,
    as_list,
)


def no_unlabeled_imbalance_of_equal_classes(key: str, dataset: dict) -> None:
    """Forbid to say how many unlabeled examples classes have that nobody has made unequal."""
    if UNLABELED_IMBALANCE in dataset and IMBALANCE not in dataset:
        expected = f"it only beside {IMBALANCE}, which makes classes unequal"
        received = dataset[UNLABELED_IMBALANCE]
        raise ConfigError.of(f"{key}.{UNLABELED_IMBALANCE}", expected, received)


def no_imbalance_without_a_number_of_labels(key: str, dataset: dict) -> None:
    """Forbid unequal classes where no number says how many labels the most frequent one has."""
    if IMBALANCE not in dataset:
        return
    expected = "it only beside a number of labels_per_class, which the most frequent class has"
    received = {
        name: dataset[name]
        for name in ("labeled_fraction", "labels_per_class", "draw")
        if name in dataset
    }
    if "labels_per_class" not in dataset or ALL in as_list(dataset["labels_per_class"]):
        raise ConfigError.of(f"{key}.{IMBALANCE}", expected, received)


def no_imbalance_of_unknown_classes(key: str, dataset: dict) -> None:
    """Forbid unequal classes among examples of which nobody knows the class."""
    for name in ("unlabeled", "unlabeled_split", FOREIGN):
        if IMBALANCE in dataset and name in dataset:
            why = "whose examples are of no class" if name == FOREIGN else "of unknown classes"
            expected = f"it only without {name}, {why} that could be made rare"
            raise ConfigError.of(f"{key}.{IMBALANCE}", expected, dataset[IMBALANCE])


IMBALANCE_RULES: list[Callable[[str, dict], None]] = [
    no_unlabeled_imbalance_of_equal_classes,
    no_imbalance_without_a_number_of_labels,
    no_imbalance_of_unknown_classes,
]
