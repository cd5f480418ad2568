"""Datasets of the Hugging Face hub: what a config may say of them, and which files they are."""

import re
from collections.abc import Callable

from self_training.data.hub_splits import HUB, Split
from self_training.errors import ConfigError

# Keys of splits, and those of the files that they are: as of any source, once they are expanded.
_FILES = {"test_split": "test_path", "unlabeled_split": "unlabeled"}
_SPLITS = ("split", *_FILES)
_NAME = r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*"


def with_files(dataset: dict) -> dict:
    """Return a dataset of which test and unlabeled splits are files, as with other sources."""
    if dataset["source"] != HUB:
        return dataset
    files = {_FILES[key]: str(Split.of(dataset, key).path) for key in _FILES if key in dataset}
    return dataset | files


def expand(config: dict) -> dict:
    """Return the config with the files of all test and unlabeled splits."""
    if "datasets" not in config:
        return config
    datasets = {name: with_files(dataset) for name, dataset in config["datasets"].items()}
    return config | {"datasets": datasets}


def splits(dataset: dict) -> list[Split]:
    """Return the splits of the hub that a dataset is made of; none with another source."""
    if dataset["source"] != HUB:
        return []
    return [Split.of(dataset, key) for key in _SPLITS if key in dataset]


def no_name_of_another_source(key: str, dataset: dict) -> None:
    """Forbid names without an owner on the hub, and names with one elsewhere."""
    if "name" not in dataset:
        return
    on_hub = dataset["source"] == HUB
    if on_hub != bool(re.fullmatch(_NAME, dataset["name"])):
        expected = "OWNER/NAME, as in the dataset's address" if on_hub else "a name without slashes"
        raise ConfigError.of(f"{key}.name", expected, dataset["name"])


def no_path_beside_a_split(key: str, dataset: dict) -> None:
    """Forbid a test file of one's own beside a dataset of the hub."""
    if dataset["source"] == HUB and "test_path" in dataset:
        expected = "test_split, a split of the dataset on the hub, or none"
        raise ConfigError.of(f"{key}.test_path", expected, dataset["test_path"])


def no_split_twice(key: str, dataset: dict) -> None:
    """Forbid to test on what is trained on, and to read examples twice."""
    if dataset["source"] != HUB:
        return
    first: dict[str, str] = {}
    for name in _SPLITS:
        other = first.setdefault(dataset[name], name) if name in dataset else name
        if other != name:
            raise ConfigError.of(f"{key}.{name}", f"another split than {other}", dataset[name])


# In the order in which they are checked.
HUB_RULES: list[Callable[[str, dict], None]] = [
    no_name_of_another_source,
    no_path_beside_a_split,
    no_split_twice,
]
