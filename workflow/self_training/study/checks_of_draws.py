"""What a config may say of a dataset with a test file, whose outer folds are draws of labels."""

from collections.abc import Callable
from pathlib import Path

from self_training.data.class_counts import ALL
from self_training.errors import ConfigError
from self_training.study import budgets


def no_test_file_without_a_path(key: str, dataset: dict) -> None:
    """Forbid a test file beside what is downloaded or ships with a library."""
    if "test_path" in dataset and not {"path", "test_split"} & set(dataset):
        expected = f"it only beside path, of files of yours; source is {dataset['source']}"
        raise ConfigError.of(f"{key}.test_path", expected, dataset["test_path"])


def no_test_file_that_is_trained_on(key: str, dataset: dict) -> None:
    """Forbid a test file that is read with the examples of training, or has them."""
    if "test_path" not in dataset:
        return
    test = Path(dataset["test_path"]).resolve()
    for name in ("path", "unlabeled"):
        if name not in dataset:
            continue
        other = Path(dataset[name]).resolve()
        if test == other or test in other.parents or other in test.parents:
            expected = f"other files than those of {name}, none within the other"
            raise ConfigError.of(f"{key}.test_path", expected, dataset["test_path"])


def no_draws_of_all_labels(key: str, dataset: dict) -> None:
    """Forbid draws that are all the same."""
    if "test_path" not in dataset:
        return
    for budget in budgets.of(dataset):
        ((name, value),) = budget.items()
        if value == ALL or (name == "labeled_fraction" and value == 1):
            raise ConfigError.of(
                f"{key}.{name}",
                "fewer than all labels of the training file, as there is a test file (test_path): "
                "outer folds are draws of labels, and draws that are all the same do not show how "
                "much one decides",
                value,
            )


def no_repeats_of_draws(config: dict) -> None:
    """Forbid to repeat outer folds that are draws of labels: more draws are more outer folds."""
    draws = [name for name, dataset in config["datasets"].items() if "test_path" in dataset]
    if draws and config.get("repeats", 1) > 1:
        expected = (
            f"1, as datasets.{draws[0]} has a test file (test_path) and its outer folds are draws "
            "of labels: set outer_folds to more of them, or study datasets without one apart"
        )
        raise ConfigError.of("repeats", expected, config["repeats"])


# In the order in which they are checked; a rule may count on those above it.
DRAW_RULES: list[Callable[[str, dict], None]] = [
    no_test_file_without_a_path,
    no_test_file_that_is_trained_on,
    no_draws_of_all_labels,
]
