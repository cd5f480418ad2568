"""A study's config: its validation, and what each rule needs to know of it."""

import math
from difflib import get_close_matches
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from self_training import backbones, datasets, search
from self_training.class_counts import check_class_counts
from self_training.errors import ConfigError
from self_training.input_noise import POLICIES

SCHEMA = Path(__file__).parents[1] / "schemas" / "config.schema.yaml"
DEFAULT_SETTINGS = {
    "schedule": "slices",
    "labels": "hard",
    "temperature": 1,
    "balance": "none",
    "noise": {},
    "label_smoothing": 0,
    "unlabeled_ratio": None,
    "backbone": None,
}
NO_NOISE = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0, "survival": 1}
# How long a network is trained: one of them.
LENGTH = ("epochs", "steps")
# What a method without generations does not take, as its network is a shared teacher's; a control
# does.
OF_TRAINING = ("noise", "label_smoothing", "backbone", *LENGTH)
# What only students have a use for.
OF_STUDENTS = ("unlabeled_fraction", "threshold", "schedule", "labels", "temperature", "balance")
OF_STUDENTS += ("unlabeled_ratio",)
BUDGETS = ("labeled_fraction", "labels_per_class")


def _is_integer(_, value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_, value) -> bool:
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


# JSON counts 3.0 as an integer and YAML has .nan; neither is what a setting can be.
_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


class _UniqueKeyLoader(yaml.SafeLoader):
    """Reads YAML, of which a key that stands twice is an error; YAML itself keeps the last one."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise ConfigError(
                    f"{self.name}, line {line}: Expected every key once. Received '{key}' again."
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def check_unique_keys(path) -> None:
    """Raise ConfigError when a key stands twice in a config file, of which YAML keeps the last."""
    with open(path) as file:
        yaml.load(file, _UniqueKeyLoader)


def validate(config: dict) -> None:
    """Raise ConfigError, naming the first key that is wrong, what it expects and what it got."""
    schema = yaml.safe_load(SCHEMA.read_text())
    if compares_only(config):
        schema["required"] = ["study", "external_scores"]
    errors = sorted(
        _Validator(schema).iter_errors(config), key=lambda error: list(map(str, error.path))
    )
    if errors:
        raise ConfigError(_describe(errors[0]))
    for path in external_scores(config):
        if not Path(path).is_file():
            _fail("external_scores", "existing CSV files", path)
    if compares_only(config):
        return
    _validate_backbone("training.backbone", config["training"]["backbone"])
    for name, dataset in config["datasets"].items():
        _validate_dataset(name, dataset)
    _validate_archives(config)
    for name in config["methods"]:
        _validate_inheritance(config["methods"], name)
    for name in config["methods"]:
        _validate_method(config, name)
    for name in [name for names in controls(config).values() for name in names]:
        _validate_control(config, name)


def compares_only(config: dict) -> bool:
    """Return whether a study has no methods of its own, only scores from elsewhere."""
    return "external_scores" in config and not {"datasets", "methods"} & set(config)


def external_scores(config: dict) -> list[str]:
    """Return the files of scores from elsewhere."""
    paths = config.get("external_scores", [])
    return [paths] if isinstance(paths, str) else paths


def statistics(config: dict) -> dict:
    """Return the settings of the tests that the config, expanded, gives."""
    settings = config.get("statistics", {})
    given = {key: settings[key] for key in ("control", "rope") if key in settings}
    return given | ({"budgets": label_budgets(config)} if label_budgets(config) else {})


def controls(config: dict) -> dict[str, list[str]]:
    """Return the controls among the methods, by what they are trained on: `labeled` or `pool`."""
    found = {"labeled": [], "pool": []}
    for name, method in config.get("methods", {}).items():
        if "steps_of" in method or "train_on" in method:
            found[method.get("train_on", "labeled")].append(name)
    return found


def equal_steps(config: dict, method: str) -> list[str]:
    """Return the methods without students that take as many gradient steps as a method's last one.

    By `steps_of`, or since both are given the same `steps`, or the method of `steps_of` is.
    """

    def steps(name: str | None) -> list:
        return [training(config, dataset, name)["steps"] for dataset in config["datasets"]]

    found = []
    for name, other in config["methods"].items():
        if generations(config, name) or other.get("train_on") == "pool":
            continue
        own = steps(other.get("steps_of", name if "train_on" in other else None))
        if other.get("steps_of") == method or (all(own) and own == steps(method)):
            found.append(name)
    return found


def trained_otherwise(config: dict, method: str, control: str) -> list[str]:
    """Return in what the training of a method's last students differs from that of a control."""
    last = max(generations(config, method))
    differences = {}
    for dataset in config["datasets"]:
        students, other = (
            training(config, dataset, method, last),
            training(config, dataset, control),
        )
        for name in ("noise", "label_smoothing", "backbone"):
            if students[name] != other[name]:
                differences[name.replace("_", " ")] = None
    return list(differences)


def figures(config: dict) -> dict[str, str]:
    """Return the figures that a study's scores have something to show in, with their titles."""
    titles = {
        "critical_difference": "Average ranks and critical difference",
        "accuracy": "Accuracy per dataset",
    }
    if not compares_only(config):
        if label_budgets(config):
            titles["learning_curve"] = "Accuracy against number of labels"
        titles["cost"] = "Accuracy against training cost"
        titles["reliability"] = "Reliability of confidences"
        if any(generations(config, name) for name in config["methods"]):
            titles["generations"] = "Learning by generation"
            titles["hyper_parameters"] = "Selected hyper-parameters"
    return titles


def _describe(error) -> str:
    key = ".".join(str(step) for step in error.absolute_path) or "config"
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in known)
        hint = get_close_matches(str(unknown), known, 1)
        return (
            f"{key}: Expected the keys {', '.join(known)}. Received the unknown key '{unknown}'."
            + (f" Did you mean '{hint[0]}'?" if hint else "")
        )
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return (
            f"{key}: Expected the keys {', '.join(error.validator_value)}. "
            f"Missing: {', '.join(missing)}."
        )
    expected = error.schema.get("expected", error.message)
    return f"{key}: Expected {expected}. Received: {error.instance!r}."


def _fail(key: str, expected: str, received) -> None:
    raise ConfigError(f"{key}: Expected {expected}. Received: {received!r}.")


def _validate_backbone(key: str, name: str) -> None:
    """Check that a backbone is one of ours or can be imported, without importing it."""
    if name in backbones.BACKBONES:
        return
    expected = f"one of {', '.join(backbones.BACKBONES)}, or your own as package.module:function"
    if ":" not in name:
        _fail(key, expected, name)
    if backbones.source_of(name) is None:
        _fail(key, "a function in a module that Python finds from the working directory", name)


def _validate_dataset(name: str, dataset: dict) -> None:
    """Check that a dataset has the keys that its source needs, and no others of a source."""
    if len(set(LENGTH) & set(dataset)) != 1:
        received = {key: dataset[key] for key in LENGTH if key in dataset}
        _fail(f"datasets.{name}", "either epochs or steps (gradient steps)", received or None)
    given = [key for key in BUDGETS if key in dataset]
    if len(given) != 1:
        expected = f"either it or {BUDGETS[1]}"
        _fail(f"datasets.{name}.{BUDGETS[0]}", expected, {key: dataset[key] for key in given})
    source = dataset["source"]
    required, optional = datasets.SOURCES[source]
    for key in required:
        if key not in dataset:
            _fail(f"datasets.{name}.{key}", f"a value, as source is {source}", None)
    for key in datasets.SOURCE_KEYS - {*required, *optional}:
        if key in dataset:
            takers = ", ".join(taker for taker in datasets.SOURCES if key in _keys_of(taker))
            _fail(f"datasets.{name}.{key}", f"it only with source {takers}", dataset[key])
    if source == "keras" and dataset["name"] not in datasets.KERAS_NAMES:
        _fail(f"datasets.{name}.name", f"one of {', '.join(datasets.KERAS_NAMES)}", dataset["name"])
    if source == "kaggle":
        kind = Path(dataset["file"]).suffix
        if kind not in (".csv", ".npz"):
            _fail(f"datasets.{name}.file", "a .csv or .npz file", dataset["file"])
        if (kind == ".csv") != ("label_column" in dataset):
            received = dataset.get("label_column")
            _fail(f"datasets.{name}.label_column", "it for a .csv file, and only there", received)
    if set("{}") & set(dataset.get("path", "")):
        _fail(f"datasets.{name}.path", "a path without braces", dataset["path"])
    path = Path(dataset.get("path", ""))
    if source == "images" and not path.is_dir():
        _fail(f"datasets.{name}.path", "an existing folder", dataset["path"])
    if source in ("npz", "csv") and not path.is_file():
        _fail(f"datasets.{name}.path", f"an existing .{source} file", dataset["path"])


def _keys_of(source: str) -> set[str]:
    return {key for keys in datasets.SOURCES[source] for key in keys}


def _validate_archives(config: dict) -> None:
    """Check that datasets which share an archive say the same of where it comes from."""
    first, slugs = {}, {}
    for name, dataset in config["datasets"].items():
        if "path" in dataset:
            continue
        if dataset["source"] == "kaggle":
            # By their names these are looked for in resources/.
            slug = slugs.setdefault(Path(dataset["file"]).name, dataset["slug"])
            if slug != dataset["slug"]:
                expected = f"a file of another name than that of {slug}; study the two apart"
                _fail(f"datasets.{name}.file", expected, dataset["file"])
        other = first.setdefault(datasets.archive(dataset), name)
        for key in (*datasets.ORIGIN, "sha256"):
            expected, received = config["datasets"][other].get(key), dataset.get(key)
            if received != expected:
                _fail(
                    f"datasets.{name}.{key}",
                    f"{expected!r}, as in datasets.{other}, which is made from the same archive "
                    f"({datasets.archive(dataset)})",
                    received,
                )


def _validate_inheritance(methods: dict, name: str) -> None:
    if name == "teachers":
        _fail("methods", "a name that is not the folder of the shared teachers", name)
    parent = methods[name].get("inherit")
    if parent is None:
        if "generations" not in methods[name]:
            _fail(
                f"methods.{name}.generations",
                "a number of generations (0 for a supervised baseline), or inherit",
                None,
            )
        return
    if parent not in methods or parent == name:
        others = ", ".join(other for other in methods if other != name)
        _fail(f"methods.{name}.inherit", f"another method ({others or 'there is none'})", parent)
    if "inherit" in methods[parent]:
        _fail(f"methods.{name}.inherit", "a method that does not inherit itself", parent)
    if {"steps_of", "train_on"} & set(methods[parent]):
        _fail(f"methods.{name}.inherit", "a method that is not a control", parent)


def _validate_method(config: dict, name: str) -> None:
    method, key = config["methods"][name], f"methods.{name}"
    parent = method.get("inherit")
    chosen = settings(config, name)
    own, space = chosen["space"], full_space(config, name)
    if chosen["schedule"] == "all" and "unlabeled_fraction" in method:
        received = method["unlabeled_fraction"]
        _fail(f"{key}.unlabeled_fraction", "no value, as schedule is all", received)
    needed = ["threshold"] if chosen["schedule"] == "all" else ["unlabeled_fraction", "threshold"]
    for hyper_parameter in needed:
        if max(space["generations"]) > 0 and space[hyper_parameter] == [None]:
            _fail(f"{key}.{hyper_parameter}", "a value, as there are generations to train", None)
        if (
            parent is not None
            and "generations" in own
            and max(own["generations"]) > 0
            and hyper_parameter not in own
            and 0 in full_space(config, parent)["generations"]
        ):
            _fail(
                f"{key}.{hyper_parameter}",
                f"a value, as {parent} may be selected without generations and then has none",
                None,
            )
    strategy = method.get("search", {}).get("strategy")
    trials = method.get("search", {}).get("trials")
    if (strategy == "random") != (trials is not None):
        _fail(
            f"{key}.search.trials",
            "a number of trials with strategy random, and only there",
            trials,
        )
    if strategy == "fixed":
        for hyper_parameter, values in own.items():
            if len(values) > 1:
                _fail(f"{key}.{hyper_parameter}", "one value, as search.strategy is fixed", values)
    if searches(config, name) and "inner_folds" not in config:
        _fail("inner_folds", f"a number of folds, as {name} has candidates to choose from", None)
    _validate_students(config, name)


def _validate_students(config: dict, name: str) -> None:
    """Check how a method's students, or the networks of a control, are trained."""
    method, key = config["methods"][name], f"methods.{name}"
    chosen = settings(config, name)
    is_control = any(name in names for names in controls(config).values())
    if not generations(config, name) and not is_control:
        for setting in OF_TRAINING:
            if setting in method:
                expected = "it only with students, or in a control (train_on: labeled), as "
                expected += "without generations the network is the teacher that all methods share"
                _fail(f"{key}.{setting}", expected, method[setting])
    if not generations(config, name):
        for setting in OF_STUDENTS:
            if setting in method:
                _fail(f"{key}.{setting}", "it only with students (generations)", method[setting])
    if chosen["unlabeled_ratio"] and config["training"]["batch_size"] < 2:
        received = config["training"]["batch_size"]
        _fail("training.batch_size", f"at least 2, as {name} has an unlabeled_ratio", received)
    if set(LENGTH) <= set(method):
        _fail(key, "either epochs or steps", {name: method[name] for name in LENGTH})
    for setting in LENGTH:
        if setting in method and "steps_of" in method:
            _fail(f"{key}.{setting}", "no value, as steps_of says how many", method[setting])
    if "temperature" in method and chosen["labels"] != "soft":
        _fail(f"{key}.temperature", "it only with labels soft", method["temperature"])
    noise = chosen["noise"]
    for setting in ("policy", "operations"):
        if setting in method.get("noise", {}) and not noise["magnitude"]:
            expected = f"a number above 0, as there is noise.{setting}"
            _fail(f"{key}.noise.magnitude", expected, method["noise"].get("magnitude"))
    policies = set()
    for dataset, own in config["datasets"].items():
        policies.add(noise["policy"] or own.get("policy"))
        if noise["magnitude"] and None in policies:
            expected = f"the input noise that keeps its classes, as {name} has noise.magnitude: "
            expected += ", ".join(POLICIES)
            _fail(f"datasets.{dataset}.policy", expected, None)
    if "operations" in method.get("noise", {}) and "rand_augment" not in policies:
        expected = "it only with policy rand_augment, in the method or a dataset"
        _fail(f"{key}.noise.operations", expected, noise["operations"])
    for backbone in backbones_of(config, name)[1:] or [config["training"]["backbone"]]:
        _validate_backbone(f"{key}.backbone", backbone)
        if backbone == "original_cnn" and noise["survival"] < 1:
            expected = "1, as original_cnn has no residual blocks (small_resnet has)"
            _fail(f"{key}.noise.survival", expected, noise["survival"])


def _validate_control(config: dict, name: str) -> None:
    method, key = config["methods"][name], f"methods.{name}"
    if full_space(config, name)["generations"] != [0]:
        _fail(f"{key}.generations", "0, as a control has no students", method.get("generations"))
    if isinstance(method.get("backbone"), list):
        _fail(f"{key}.backbone", "one, as a control has no generations", method["backbone"])
    sizes = full_space(config, name)["ensemble_size"]
    if len(sizes) > 1:
        _fail(f"{key}.ensemble_size", "one value, as a control is not searched", sizes)
    taken = method.get("steps_of")
    with_students = [other for other in config["methods"] if generations(config, other)]
    if taken is not None and taken not in with_students:
        _fail(f"{key}.steps_of", f"a method with students ({', '.join(with_students)})", taken)


def check_external_scores(config: dict) -> None:
    """Raise ScoresError or ConfigError when scores from elsewhere, or the control, are wrong."""
    tables = []
    if external_scores(config):
        # Loads pandas and scikit-learn, which a plan without such scores does without.
        from self_training.external_scores import read

        tables = [read(path) for path in external_scores(config)]
    expanded = expand_budgets(config).get("datasets", {})
    for name in [name for table in tables for name in table["dataset"].unique()]:
        if name in config.get("datasets", {}) and name not in expanded:
            names = [other for other in expanded if expanded[other].get("original") == name]
            _fail("external_scores", f"scores at a label budget ({', '.join(names)})", name)
    methods = [*config.get("methods", {}), *(name for table in tables for name in table["method"])]
    control = config.get("statistics", {}).get("control")
    if control is not None and control not in methods:
        _fail("statistics.control", f"one of {', '.join(dict.fromkeys(methods))}", control)


def check_datasets(config: dict) -> None:
    """Raise DatasetError when a dataset can't be split as the config says.

    A dataset whose labels cannot be had yet, or not quickly, is checked when it is prepared.
    """
    for name, dataset in config.get("datasets", {}).items():
        counts = datasets.count_classes(dataset, name)
        for budget in budgets(dataset) if counts is not None else []:
            check_class_counts(
                counts,
                dataset=name,
                outer_folds=config["outer_folds"],
                inner_folds=inner_folds(config),
                **budget,
            )


def budgets(dataset: dict) -> list[dict]:
    """Return a dataset's label budgets, the smallest first: `labeled_fraction` or
    `labels_per_class` of each."""
    return [{key: value} for key in BUDGETS if key in dataset for value in _as_list(dataset[key])]


def expand_budgets(config: dict) -> dict:
    """Return the config with a dataset `NAME@BUDGET` for each label budget of a list.

    Such a dataset has its own budget alone and, as `original`, the name of what it came from. One
    whose budget is a single value stays as it is.
    """
    if compares_only(config):
        return config
    expanded = {}
    for name, dataset in config["datasets"].items():
        for budget in budgets(dataset):
            ((key, value),) = budget.items()
            if isinstance(dataset[key], list):
                expanded[f"{name}@{value}"] = dataset | budget | {"original": name}
            else:
                expanded[name] = dataset
    return config | {"datasets": expanded}


def original(config: dict, dataset: str) -> str:
    """Return the dataset in the config that one of an expanded config came from."""
    return config["datasets"][dataset].get("original", dataset)


def sources(config: dict) -> dict[str, dict]:
    """Return, per original dataset, what its images and labels are, however they are split."""
    apart = {*LENGTH, "policy", "original", *BUDGETS}
    return {
        original(config, name): {key: dataset[key] for key in sorted(dataset) if key not in apart}
        for name, dataset in config.get("datasets", {}).items()
    }


def label_budgets(config: dict) -> dict[str, list[str]]:
    """Return, per original dataset with several label budgets, its datasets in an expanded config,
    the smallest budget first."""
    found = {}
    for name in config.get("datasets", {}):
        found.setdefault(original(config, name), []).append(name)
    return {name: datasets for name, datasets in found.items() if len(datasets) > 1}


def settings(config: dict, name: str) -> dict:
    """Return a method's settings with what it inherits and the defaults filled in.

    Returns: `space` (lists of values of what the method sets itself), `strategy`, `trials`,
        `inherit`, `epochs` and `steps` (None where the dataset says it), and the keys of
        DEFAULT_SETTINGS.
    """
    method = config["methods"][name]
    parent = method.get("inherit")
    inherited = config["methods"][parent] if parent else {}
    own = {key: _as_list(method[key]) for key in search.HYPER_PARAMETERS if key in method}
    defaults = {"unlabeled_fraction": [None], "threshold": [None], "ensemble_size": [1]}
    chosen = {
        key: method.get(key, inherited.get(key, default))
        for key, default in DEFAULT_SETTINGS.items()
    }
    # In one order, so that a config whose keys are rearranged is the same config.
    chosen["noise"] = {key: chosen["noise"].get(key, none) for key, none in NO_NOISE.items()}
    length = method if {*LENGTH, "steps_of"} & set(method) else inherited
    chosen |= {key: length.get(key) for key in LENGTH}
    if chosen["schedule"] == "all":
        own["unlabeled_fraction"] = [None]
    space = own if parent else defaults | own
    return chosen | {
        "space": {key: space[key] for key in search.HYPER_PARAMETERS if key in space},
        "strategy": method.get("search", {}).get("strategy", "grid"),
        "trials": method.get("search", {}).get("trials"),
        "inherit": parent,
    }


def full_space(config: dict, name: str) -> dict[str, list]:
    """Return lists of all values that a method's hyper-parameters may take, inherited ones too."""
    method = settings(config, name)
    if method["inherit"]:
        return settings(config, method["inherit"])["space"] | method["space"]
    return method["space"]


def searches(config: dict, name: str) -> bool:
    """Return whether a method has more than one candidate, so that inner folds must choose."""
    method = settings(config, name)
    # However many values a method inherits, one of each is selected when it gets them.
    inherited = {key: [None] for key in search.HYPER_PARAMETERS} if method["inherit"] else {}
    count = math.prod(len(values) for values in (inherited | method["space"]).values())
    return min(count, method["trials"] or count) > 1


def generations(config: dict, name: str) -> list[int]:
    """Return the generations 1, 2, ... that a method's longest chain has."""
    return list(range(1, max(full_space(config, name)["generations"]) + 1))


def slice_of(config: dict, dataset: str, method: str) -> dict:
    """Return all settings that a method's scores on a dataset depend on."""
    everything = ("seed", "threads", "outer_folds", "inner_folds", "training")
    return {
        **{key: _sorted(config[key]) for key in everything if key in config},
        "dataset": {"name": dataset} | _sorted(config["datasets"][dataset]),
        "method": {"name": method}
        | {key: config["methods"][method].get(key) for key in ("steps_of", "train_on")}
        | settings(config, method)
        | {"space": full_space(config, method)},
        "teachers": teachers(config),
    }


def backbones_of(config: dict, method: str) -> list[str]:
    """Return the backbones behind a method's scores: of the teachers, and of its own networks."""
    own = settings(config, method)["backbone"] or []
    own = [own] if isinstance(own, str) else own
    return list(dict.fromkeys([config["training"]["backbone"], *own]))


def inner_folds(config: dict) -> int:
    """Return the number of inner folds; 0 when the study has none."""
    return config.get("inner_folds", 0)


def teachers(config: dict) -> dict:
    """Return what the methods ask of a fold's shared teachers.

    Returns: `final_members` and `search_members`, of the largest ensemble that is run in the final
        chains and in the search (0 when nothing is searched), and `unlabeled_fraction`, of the
        largest first slice.
    """
    spaces = {name: full_space(config, name) for name in config.get("methods", {})}
    sizes = {name: max(space["ensemble_size"]) for name, space in spaces.items()}
    fractions = [
        fraction or 1
        for space in spaces.values()
        if max(space["generations"])
        for fraction in space["unlabeled_fraction"]
    ]
    return {
        "final_members": max(sizes.values(), default=0),
        "search_members": max(
            (sizes[name] for name in spaces if searches(config, name)), default=0
        ),
        "unlabeled_fraction": max(fractions, default=0),
    }


def training(config: dict, dataset: str, method: str | None = None, generation: int = 1) -> dict:
    """Return the settings of a dataset's training jobs, as `training.TrainingSettings` takes them.

    Args:
        method: whose students of a generation are trained, or which is a control; None for the
            shared teachers.
    """
    chosen = DEFAULT_SETTINGS | {"noise": NO_NOISE} | dict.fromkeys(LENGTH)
    if method is not None:
        chosen = settings(config, method)
    length = chosen if any(chosen[key] for key in LENGTH) else config["datasets"][dataset]
    # Of generation 1, 2, ...; the last one also of all that follow.
    backbones_of = chosen["backbone"] or config["training"]["backbone"]
    if isinstance(backbones_of, list):
        backbones_of = backbones_of[min(generation, len(backbones_of)) - 1]
    noise = chosen["noise"]
    if noise["magnitude"]:
        policy = noise["policy"] or config["datasets"][dataset]["policy"]
        noise = noise | {"policy": policy}
    return {
        "backbone": backbones_of,
        **{key: length.get(key) for key in LENGTH},
        "batch_size": config["training"]["batch_size"],
        "learning_rate": config["training"]["learning_rate"],
        **{key: chosen[key] for key in ("unlabeled_ratio", "label_smoothing")},
        "noise": noise,
        "threads": config["threads"],
    }


def _sorted(value):
    # So that a config whose keys are rearranged is the same config.
    return dict(sorted(value.items())) if isinstance(value, dict) else value


def _as_list(value) -> list:
    # Sorted, so that a config whose values are rearranged is the same config.
    return sorted(value) if isinstance(value, list) else [value]
