"""Rules that tie keys of a dataset to each other: one function each, named for what it forbids."""

from collections.abc import Callable
from pathlib import Path

from self_training.data import sources
from self_training.errors import ConfigError, DatasetError
from self_training.study import budgets, encoders, hub, names
from self_training.study.checks_of_imbalance import IMBALANCE_RULES
from self_training.study.methods import LENGTH


def no_two_lengths(key: str, dataset: dict) -> None:
    """Forbid epochs beside steps, and neither."""
    if len(set(LENGTH) & set(dataset)) != 1:
        received = {name: dataset[name] for name in LENGTH if name in dataset} or None
        raise ConfigError.of(key, "either epochs or steps (gradient steps)", received)


def no_two_kinds_of_budget(key: str, dataset: dict) -> None:
    """Forbid a fraction of labels beside a number of labels, and neither."""
    given = [name for name in budgets.KEYS if name in dataset]
    if len(given) != 1:
        first, second = budgets.KEYS
        received = {name: dataset[name] for name in given}
        raise ConfigError.of(f"{key}.{first}", f"either it or {second}", received)


def no_foreign_examples_of_no_class(key: str, dataset: dict) -> None:
    """Forbid a share of foreign examples where no class is left out, and beside examples of which
    nobody knows whether they are foreign, too."""
    share = dataset.get(budgets.FOREIGN)
    if share is None:
        return
    if "classes" not in dataset:
        expected = (
            "it only beside classes, which names those that the study keeps: foreign examples are "
            "of the others"
        )
        raise ConfigError.of(f"{key}.{budgets.FOREIGN}", expected, share)
    for name in ("unlabeled", "unlabeled_split"):
        if name in dataset:
            expected = f"it only without {name}, of which nobody knows what is foreign"
            raise ConfigError.of(f"{key}.{budgets.FOREIGN}", expected, share)


def no_two_axes(key: str, dataset: dict) -> None:
    """Forbid lists of two settings, each value of which is a dataset of its own."""
    lists = [name for name in budgets.AXES if isinstance(dataset.get(name), list)]
    if len(lists) > 1:
        first, second = lists
        expected = f"one value, as {first} is a list: one thing is varied at a time"
        raise ConfigError.of(f"{key}.{second}", expected, dataset[second])


def no_random_draw_of_every_class(key: str, dataset: dict) -> None:
    """Forbid to draw so many labels of every class, and without regard to classes."""
    if dataset.get("draw") == "random" and "labels_per_class" in dataset:
        expected = "stratified, as labels_per_class is of every class; or a labeled_fraction"
        raise ConfigError.of(f"{key}.draw", expected, "random")


def no_source_of_another_kind(key: str, dataset: dict) -> None:
    """Forbid sources that have no examples of this kind."""
    try:
        sources.keys_of(dataset)
    except DatasetError as error:
        raise ConfigError(f"{key}.{error}") from None


def no_source_without_its_keys(key: str, dataset: dict) -> None:
    """Forbid to leave out what a source needs."""
    required, _ = sources.keys_of(dataset)
    for name in required:
        if name not in dataset:
            expected = f"a value, as source is {dataset['source']}"
            raise ConfigError.of(f"{key}.{name}", expected, None)


def no_keys_of_another_source(key: str, dataset: dict) -> None:
    """Forbid what this source would ignore."""
    required, optional = sources.keys_of(dataset)
    of_kind = sources.SOURCES[sources.kind_of(dataset)]
    for name in sorted(sources.SOURCE_KEYS - {*required, *optional}):
        if name in dataset:
            takers = [taker for taker, keys in of_kind.items() if name in sum(keys, ())]
            expected = f"it only with source {', '.join(takers)}"
            if not takers:
                kinds = [
                    kind
                    for kind, table in sources.SOURCES.items()
                    if any(name in sum(keys, ()) for keys in table.values())
                ]
                expected = f"it only with kind {', '.join(kinds)}"
            raise ConfigError.of(f"{key}.{name}", expected, dataset[name])


def no_label_among_the_examples(key: str, dataset: dict) -> None:
    """Forbid labels as a part of what networks are given, where they would be read off."""
    label = dataset.get("label_column")
    for name in ("text_columns", "feature_columns"):
        columns = dataset.get(name, [])
        if label is not None and label in ([columns] if isinstance(columns, str) else columns):
            expected = f"other columns than {label!r}, which is the label_column"
            raise ConfigError.of(f"{key}.{name}", expected, columns)


def no_policy_of_another_kind(key: str, dataset: dict) -> None:
    """Forbid input noise of other examples."""
    kind = encoders.what_networks_take(dataset)
    known = names.POLICIES_OF[kind]
    if dataset.get("policy", next(iter(known))) not in known:
        is_kind = f"kind is {kind}"
        if kind != sources.kind_of(dataset):
            is_kind = f"its encoder gives {kind}"
        expected = f"one of {', '.join(known)}, as {is_kind}"
        raise ConfigError.of(f"{key}.policy", expected, dataset["policy"])


def no_unknown_keras_dataset(key: str, dataset: dict) -> None:
    """Forbid names that Keras has no dataset of."""
    if dataset["source"] == "keras" and dataset["name"] not in sources.KERAS_NAMES:
        expected = f"one of {', '.join(sources.KERAS_NAMES)}"
        raise ConfigError.of(f"{key}.name", expected, dataset["name"])


def no_unknown_dataset_of_sklearn(key: str, dataset: dict) -> None:
    """Forbid names that scikit-learn has no table of."""
    if dataset["source"] == "sklearn" and dataset["name"] not in sources.SKLEARN_NAMES:
        expected = f"one of {', '.join(sources.SKLEARN_NAMES)}"
        raise ConfigError.of(f"{key}.name", expected, dataset["name"])


def no_kaggle_file_of_another_format(key: str, dataset: dict) -> None:
    """Forbid files of Kaggle's that no reader is for."""
    if dataset["source"] == "kaggle" and Path(dataset["file"]).suffix not in (".csv", ".npz"):
        raise ConfigError.of(f"{key}.file", "a .csv or .npz file", dataset["file"])


def no_kaggle_label_column_but_of_csv(key: str, dataset: dict) -> None:
    """Forbid the column of labels of a NumPy archive, and a CSV file of Kaggle's without one."""
    if dataset["source"] == "kaggle":
        is_csv = Path(dataset["file"]).suffix == ".csv"
        if is_csv != ("label_column" in dataset):
            received = dataset.get("label_column")
            expected = "it for a .csv file, and only there"
            raise ConfigError.of(f"{key}.label_column", expected, received)


def no_braces_in_a_path(key: str, dataset: dict) -> None:
    """Forbid what Snakemake would take for a wildcard."""
    for name in ("path", "unlabeled", "test_path"):
        if set("{}") & set(dataset.get(name, "")):
            raise ConfigError.of(f"{key}.{name}", "a path without braces", dataset[name])


def is_there(path: Path | str, kind: Callable[[Path], bool]) -> bool:
    """Return whether a path leads to a file or folder: not where it is longer than any, or has a
    character that none has."""
    try:
        return kind(Path(path))
    except (OSError, ValueError):
        return False


def no_missing_path(key: str, dataset: dict) -> None:
    """Forbid files and folders that are not there, and those of another form than the source's."""
    source = dataset["source"]
    for name in ("path", "unlabeled", "test_path"):
        if name not in dataset:
            continue
        path = Path(dataset[name])
        if source in sources.FOLDERS and not is_there(path, Path.is_dir):
            raise ConfigError.of(f"{key}.{name}", "an existing folder", dataset[name])
        is_file = is_there(path, Path.is_file) and path.suffix == f".{source}"
        if source not in sources.FOLDERS and not is_file:
            raise ConfigError.of(f"{key}.{name}", f"an existing .{source} file", dataset[name])


def no_unlabeled_examples_twice(key: str, dataset: dict) -> None:
    """Forbid a folder of unlabeled examples that is read with the labeled ones, or has them."""
    if "unlabeled" not in dataset:
        return
    path, unlabeled = (Path(dataset[name]).resolve() for name in ("path", "unlabeled"))
    if path == unlabeled or path in unlabeled.parents or unlabeled in path.parents:
        expected = (
            "files that are not in path, where a sub-folder 'unlabeled' is found by itself, and a "
            "folder that does not contain path"
        )
        raise ConfigError.of(f"{key}.unlabeled", expected, dataset["unlabeled"])


def no_two_kaggle_files_of_one_name(config: dict) -> None:
    """Forbid files of two datasets of Kaggle's that would lie at one place in resources/."""
    slugs: dict[str, str] = {}
    for name, dataset in config["datasets"].items():
        if dataset["source"] == "kaggle":
            slug = slugs.setdefault(Path(dataset["file"]).name, dataset["slug"])
            if slug != dataset["slug"]:
                expected = f"a file of another name than that of {slug}; study the two apart"
                raise ConfigError.of(f"datasets.{name}.file", expected, dataset["file"])


def no_archive_of_two_origins(config: dict) -> None:
    """Forbid datasets that share an archive and say different things of where it comes from."""
    first: dict[str, str] = {}
    for name, dataset in config["datasets"].items():
        # Files of a split on the hub stay as they are, whatever is read of them.
        if "path" in dataset or dataset["source"] == sources.HUB:
            continue
        archive = sources.archive(dataset)
        other = first.setdefault(archive, name)
        for key in (*sources.ORIGIN, "sha256"):
            expected, received = config["datasets"][other].get(key), dataset.get(key)
            if received != expected:
                raise ConfigError.of(
                    f"datasets.{name}.{key}",
                    f"{expected!r}, as in datasets.{other}, which is made from the same archive "
                    f"({archive})",
                    received,
                )


# In the order in which they are checked; a rule may count on those above it.
DATASET_RULES: list[Callable[[str, dict], None]] = [
    no_two_lengths,
    no_two_kinds_of_budget,
    no_foreign_examples_of_no_class,
    no_two_axes,
    no_random_draw_of_every_class,
    *IMBALANCE_RULES,
    no_source_of_another_kind,
    no_source_without_its_keys,
    no_keys_of_another_source,
    *hub.HUB_RULES,
    no_label_among_the_examples,
    *encoders.ENCODER_RULES,
    no_policy_of_another_kind,
    no_unknown_keras_dataset,
    no_unknown_dataset_of_sklearn,
    no_kaggle_file_of_another_format,
    no_kaggle_label_column_but_of_csv,
    no_braces_in_a_path,
    no_missing_path,
    no_unlabeled_examples_twice,
    encoders.no_encoder_without_files,
]
ARCHIVE_RULES: list[Callable[[dict], None]] = [
    no_two_kaggle_files_of_one_name,
    no_archive_of_two_origins,
]
