"""New examples that a config names (`predict`), and rules of that key: each named for what it
forbids."""

from collections.abc import Callable
from pathlib import Path

from self_training.data.new_examples import list_examples
from self_training.data.sources import kind_of
from self_training.errors import ConfigError


def of(config: dict, dataset: str) -> dict[str, str]:
    """Return the paths of new examples that are asked about by a dataset's model, by the names of
    their tables."""
    return {Path(path).stem: path for path in config["datasets"][dataset].get("predict", [])}


def no_prediction_without_a_model(config: dict, dataset: str) -> None:
    """Forbid to ask a model that is not deployed."""
    paths = config["datasets"][dataset].get("predict")
    if paths and "deploy" not in config:
        raise ConfigError.of(f"datasets.{dataset}.predict", "it only with deploy", paths)


def no_new_examples_without_a_name(config: dict, dataset: str) -> None:
    """Forbid what gives a table no name, and what Snakemake would take for a wildcard."""
    for path in config["datasets"][dataset].get("predict", []):
        if not Path(path).stem.strip(".") or set("{}") & set(path):
            expected = "a path that ends in the name of a file or folder, without braces"
            raise ConfigError.of(f"datasets.{dataset}.predict", expected, path)


def no_two_tables_of_a_name(config: dict, dataset: str) -> None:
    """Forbid new examples whose tables would be one file."""
    paths = config["datasets"][dataset].get("predict", [])
    if len(of(config, dataset)) < len(paths):
        expected = "files and folders of different names, without their suffixes"
        raise ConfigError.of(f"datasets.{dataset}.predict", expected, paths)


def no_new_examples_that_are_none(config: dict, dataset: str) -> None:
    """Forbid paths that are not there, and those that hold no examples."""
    settings = config["datasets"][dataset]
    for path in settings.get("predict", []):
        list_examples(path, kind_of(settings))


# In the order in which they are checked.
PREDICTION_RULES: list[Callable[[dict, str], None]] = [
    no_prediction_without_a_model,
    no_new_examples_without_a_name,
    no_two_tables_of_a_name,
    no_new_examples_that_are_none,
]
