"""A campaign of malformed configs: each gets one message that says where, what and what to do."""

import json
import re
import sys

import pytest
import yaml
from conftest import ROOT, tiny_config
from self_training.errors import ConfigError, DatasetError
from self_training.study import checks, checks_of_backend, config_file, kinds
from self_training.study.checks_of_backend import check_backend

PLAIN = yaml.safe_dump(tiny_config())
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 9)
)


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        "# study: no\n" + PLAIN,
        json.dumps(tiny_config()),
        json.dumps(tiny_config(), indent=4),
        # YAML has no tabs, and Snakemake reads JSON first.
        json.dumps(tiny_config(), indent="\t"),
        "a: &a {x: 1}\nb: {<<: *a, x: 2}\n",
        "a: &a [1, 2]\nb: *a\nc: *a\n",
        "1: a\n'1': b\n",
    ],
)
def test_files_of_configs(tmp_path, content):
    path = tmp_path / "study.yaml"
    path.write_bytes(content.encode())
    config_file.check_file(path)


FILES = {
    "a key twice": (
        "seed: 1\nmethods:\n  a: {}\n  b: {}\n  a: {}\n",
        "line 5: Expected every key once. Received 'a' again",
    ),
    "a key twice in JSON": ('{"a": {"x": 1, "x": 2}}', "every key once. Received 'x' again"),
    "runs code": (
        "seed: 1\n__use_yte__: true\n",
        "line 2: Expected a config of plain values. Received '__use_yte__', which .* Remove the",
    ),
    "runs code, in quotes": ("'__use_yte__': true\n", "line 1: Expected a config of plain values"),
    "says that it runs no code": ("__use_yte__: false\n", "line 1: Expected a config of plain"),
    "runs code, in JSON": ('{"__use_yte__": true}', "Expected a config of plain values"),
    "runs code, within": ("a: {b: [{__use_yte__: true}]}", "line 1: Expected a config of plain"),
    "aliases of aliases": (BOMB, "at most 100000 values. Received more, aliases replaced by"),
    "an alias of itself": ("a: &a {b: *a}\n", "line 1: Expected values. Received an alias of its"),
    "tabs": ("a:\n\tb: 1\n", "line 2: Expected YAML. .* Indent by blanks, not by tabs"),
    "an open bracket": ("a: [1\nb: 2\n", "line 2: Expected YAML. Received a mistake in it"),
    "two colons": ("a: b: c\n", "line 1: Expected YAML. Received a mistake in it .*not allowed"),
    "an unknown tag": ("a: !!python/name:os.system x\n", "line 1: Expected YAML. .*constructor"),
    "an object": ("a: !!python/object/apply:os.getcwd []\n", "line 1: Expected YAML"),
    "a date that is none": ("a: 2020-13-45\n", "Expected YAML. Received a value that is none"),
    "two documents": ("a: 1\n---\nb: 2\n", "line 2: Expected YAML. .*another document"),
    "nothing": ("", "Expected keys and their values, .* Received nothing"),
    "a comment": ("# a\n", "Expected keys and their values, .* Received nothing"),
    "a list": ("- a\n", "Expected keys and their values, .* Received something else"),
    "a text": ("study\n", "Expected keys and their values, .* Received something else"),
    "a list in JSON": ("[1]", "Expected keys and their values, .* Received something else"),
    "deep": ("a: " + "[" * 5000 + "]" * 5000, "Expected a config of some levels"),
    "large": (f"a: {'x' * 2**20}\n", "Expected a config of at most 1048576 bytes. Received 10485"),
    "an unknown alias": ("a: *b\n", "line 1: Expected YAML. .*undefined alias"),
    "a null byte": ("a: \x00\n", "Expected YAML"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_config(tmp_path, name):
    content, message = FILES[name]
    path = tmp_path / "study.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=rf"study\.yaml.*{message}") as caught:
        config_file.check_file(path)
    assert len(str(caught.value)) < 500


def test_no_file_of_a_config(tmp_path):
    with pytest.raises(ConfigError, match="none.yaml: Expected the file of a config. .* no file"):
        config_file.check_file(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="Expected the file of a config. Received a folder"):
        config_file.check_file(tmp_path)
    path = tmp_path / "study.yaml"
    path.write_bytes(b"a: 1\nb: \xe9\n")
    with pytest.raises(ConfigError, match="study.yaml, line 2: Expected UTF-8. .* Save the file"):
        config_file.check_file(path)


BIG = 10**30
KAGGLE = {"source": "kaggle", "name": "a", "slug": "owner/data", "file": "a.csv"}
KAGGLE |= {"label_column": "y", "epochs": 1, "labeled_fraction": 0.1, "policy": "characters"}
CSV = {"source": "csv", "label_column": "y", "epochs": 1, "labeled_fraction": 0.1}
NOISY, DIGITS = "methods/noisy_student", "datasets/digits_0_2"
SEARCH = f"{NOISY}/search"
# Where in the config, what stands there, and what is said of it.
CHANGES = {
    "jobs of no fold": ("folds_per_job", 0, "folds_per_job: Expected an integer of at least 1"),
    "a line break after a name": ("study", "tiny\n", "study: Expected a name of up to 60"),
    "a line break after a dataset": (
        "datasets",
        {"digits\n": tiny_config()["datasets"]["digits_0_2"]},
        r"datasets: Expected a name of up to 60 .* Received: 'digits\\n'",
    ),
    "a line break after a method": ("methods/a\n", {"generations": 0}, "methods: Expected a name"),
    "a line break after a hash": (f"{DIGITS}/sha256", "a" * 64 + "\n", "Expected 64 hexadecimal"),
    "a line break after a slug": (
        "datasets/k",
        KAGGLE | {"slug": "owner/data\n"},
        "datasets.k.slug: Expected OWNER/DATASET, as in .* Received: 'owner/data",
    ),
    "a line break in a file": ("datasets/k", KAGGLE | {"file": "a\n.csv"}, "k.file: Expected the"),
    "a file elsewhere": ("datasets/k", KAGGLE | {"file": "../a.csv"}, "k.file: Expected the name"),
    "a file far away": ("datasets/k", KAGGLE | {"file": "b/../../a.csv"}, "k.file: Expected the"),
    "an absolute file": (
        "datasets/k",
        KAGGLE | {"file": "/etc/a.csv"},
        "k.file: Expected the name",
    ),
    "a slug of dots": ("datasets/k", KAGGLE | {"slug": "../.."}, "k.slug: Expected OWNER/DATASET"),
    "an absolute slug": ("datasets/k", KAGGLE | {"slug": "/a"}, "k.slug: Expected OWNER/DATASET"),
    "no backbone": ("training/backbone", "", "training.backbone: Expected the name of a backbone"),
    "no backbone of a method": (f"{NOISY}/backbone", "", "noisy_student.backbone: Expected the na"),
    "no backbone in a list": (f"{NOISY}/backbone", [""], "noisy_student.backbone: Expected the na"),
    "an empty class name": (
        "datasets/k",
        KAGGLE | {"class_names": ["a", ""]},
        "class_names.1: Expected a class name .* without blanks around it. Received: ''",
    ),
    "a class name with a blank": (
        "datasets/k",
        KAGGLE | {"class_names": ["a ", "b"]},
        "class_names.0: Expected a class name .* Received: 'a '",
    ),
    "a class name with a line break": (
        "datasets/k",
        KAGGLE | {"class_names": ["a\nb", "b"]},
        "class_names.0: Expected a class name .* Received: 'a",
    ),
    "trials above the grid": (
        SEARCH,
        {"strategy": "random", "trials": 5},
        "search.trials: Expected at most 4, as noisy_student has so many .* Received: 5",
    ),
    "a search of nothing": (
        "methods/baseline/search",
        {"strategy": "grid"},
        "methods.baseline.search: Expected it only with a list of values to search in",
    ),
    "a random search of nothing": (
        "methods/baseline/search",
        {"strategy": "random", "trials": 1},
        "methods.baseline.search: Expected it only with a list of values to search in",
    ),
    "an endless search": (
        NOISY,
        tiny_config()["methods"]["noisy_student"]
        | {"threshold": [n / 1000 for n in range(1000)], "learning_rate": [*range(1, 99)]},
        "methods.noisy_student: Expected lists of values with at most 10000 comb.* Received: 1960",
    ),
    "methods of one name": (
        "methods/Baseline",
        {"generations": 0},
        "methods: Expected names that differ by more than capital letters from 'baseline'. "
        "Received: 'Baseline'",
    ),
    "datasets of one name": (
        "datasets/DIGITS_0_2",
        tiny_config()["datasets"]["digits_0_2"],
        "datasets: Expected names that differ by more .* Received: 'DIGITS_0_2'",
    ),
    "the folder of teachers": (
        "methods/Teachers",
        {"generations": 0},
        "methods: Expected a name that is not the folder of the shared teachers. .*'Teachers'",
    ),
    "a part of a character": (
        "description",
        "a\ud800",
        "description: Expected text of up to 10,00",
    ),
    "no character": ("description", "a\uffff", "description: Expected text of up to 10,000"),
    "a control character": ("description", "a\x07", "description: Expected text of up to 10,000"),
    "a null byte": ("description", "a\x00", "description: Expected text of up to 10,000"),
    "a long description": ("description", "a" * 10**6, r"'aaa.*\.\.\. \(1000002 characters\)"),
    "a long name": ("study", "a" * 10**6, r"study: Expected a name .*\(1000002 characters\)"),
    "a long key": ("a" * 10**6, 1, r"Received the unknown key 'aaa.*\(1000002 characters\)"),
    "a long list": (
        f"{NOISY}/threshold",
        [2] * 10**5,
        r"threshold: Expected .*\(300000 characters",
    ),
    "values twice": (
        f"{NOISY}/threshold",
        [0.5, 0.5],
        r"threshold: Expected .* or a list of such, which must be different. Received: \[0.5, 0.5",
    ),
    "labels twice": (f"{DIGITS}/labels_per_class", [1, 1], "which must be different. .*1, 1"),
    "no path": ("datasets/k", CSV | {"path": ""}, "k.path: Expected the path of a file or folder"),
    "a long path": ("datasets/k", CSV | {"path": "a" * 5000 + ".csv"}, "Expected an existing .csv"),
    "a path of two": ("datasets/k", CSV | {"path": "a\0.csv"}, "k.path: Expected an existing .csv"),
    "a long path of scores": ("external_scores", "a" * 5000, "external_scores: Expected existing"),
    "a path of scores with braces": (
        "external_scores",
        "{a}.csv",
        "Expected a path without braces",
    ),
    "students of an upper bound": (
        f"{NOISY}/train_on",
        "pool",
        "methods.noisy_student.train_on: Expected it only with generations: 0.* Received: 'pool'",
    ),
    "students of a control": (
        f"{NOISY}/steps_of",
        "noisy_student_ensemble",
        "methods.noisy_student.steps_of: Expected it only with generations: 0",
    ),
    "a method like a file": (
        "methods/split.npz",
        {"generations": 0},
        "Expected a name that is not",
    ),
    "a backbone's file": (
        "training/backbone",
        "my_models.py:build",
        "training.backbone: Expected a module's name, as my_models:build, not its file. Received",
    ),
    "a backbone's path": (
        f"{NOISY}/backbone",
        "./models/mine.py:build",
        "noisy_student.backbone: Expected a module's name, as models.mine:build, not its file",
    ),
    "images that can't be pooled": (
        "datasets/k",
        CSV | {"path": "a.csv", "image_size": [3, 8]},
        "datasets.k.image_size: Expected at least 4 x 4 pixels, for original_cnn. Received: .3, 8",
    ),
    **{
        f"{str(value)[:7]} of {path}": (
            path,
            value,
            f"{path.replace('/', '.')}.*: Expected .*{said}",
        )
        for path, value, said in (
            ("seed", BIG, "an integer of at least 0, and of at most 9223372036854775807. Received"),
            ("threads", BIG, "an integer of at least 1, and of at most 1024. Received: 1000"),
            ("outer_folds", BIG, "at least 2, and of at most 1000. Received: 1000"),
            ("inner_folds", BIG, "at least 2, and of at most 100. Received: 1000"),
            ("repeats", BIG, "at least 1, and of at most 1000. Received: 1000"),
            ("seeds", BIG, "at least 1, and of at most 1000. Received: 1000"),
            ("inner_repeats", BIG, "at least 1, and of at most 1000. Received: 1000"),
            ("trials", BIG, "at least 1, and of at most 100000. Received: 1000"),
            ("training/batch_size", BIG, "at least 1, and of at most 1000000. Received: 1000"),
            (f"{DIGITS}/epochs", BIG, "at least 1, and of at most 1000000. Received: 1000"),
            (f"{DIGITS}/steps", BIG, "at least 1, and of at most 100000000. Received: 1000"),
            (f"{DIGITS}/examples", BIG, "at least 1, and of at most 1000000000. Received: 1000"),
            (f"{DIGITS}/labels_per_class", BIG, "a list of such, and of at most 1000000000. Rec"),
            (f"{NOISY}/ensemble_size", BIG, "or a list of such, and of at most 1000. Received: 1"),
            (
                f"{NOISY}/ensemble_size",
                [1, BIG],
                "of such, and of at most 1000. Received: .1, 1000",
            ),
            (f"{NOISY}/generations", BIG, "or a list of such, and of at most 100. Received: 1000"),
            ("training/learning_rate", BIG, "0.001., and of at most 1000000000. Received: 1000"),
            ("training/l2", BIG, "at least 0, and of at most 1000000000. Received: 1000"),
            (f"{NOISY}/unlabeled_ratio", 1e30, "or null, and of at most 1000000000. Rec.* 1e.30"),
            (f"{NOISY}/temperature", BIG, "or a list of such, and of at most 1000000000. Rec"),
            (f"{NOISY}/generations", 100_000, "and of at most 100. Received: 100000"),
            (f"{NOISY}/quota", BIG, "or null, and of at most 1000000000. Received: 1000"),
            (f"{NOISY}/epochs", BIG, "or a list of such, and of at most 100000000. Received: 10"),
            (f"{NOISY}/noise/operations", BIG, "at least 1, and of at most 100. Received: 1000"),
            (SEARCH, {"strategy": "random", "trials": BIG}, "and of at most 100000. Received: 1"),
            ("outer_folds", 1_000_000, "and of at most 1000. Received: 1000000"),
        )
    },
}


def changed(path: str, value) -> dict:
    """Return the tiny config with one key set."""
    config = tiny_config()
    *parents, key = path.split("/")
    part = config
    for parent in parents:
        part = part[parent]
    part[key] = value
    return config


@pytest.mark.parametrize("name", CHANGES)
def test_values_that_make_no_sense(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, value, message = CHANGES[name]
    if "pooled" in name:
        (tmp_path / "a.csv").touch()
    with pytest.raises(ConfigError, match=message) as caught:
        checks.validate(changed(path, value))
    assert len(str(caught.value)) < 1200
    assert {file.name for file in tmp_path.iterdir()} <= {"a.csv"}


def test_two_sizes_of_jobs():
    config = tiny_config() | {"jobs": "per_fold", "folds_per_job": 2}
    with pytest.raises(ConfigError, match="^folds_per_job: Expected one of jobs and folds_per_job"):
        checks.validate(config)


def test_a_budget_of_trials_in_a_study_that_searches_nothing():
    config = tiny_config() | {"trials": 4}
    config["methods"] = {"baseline": {"generations": 0}}
    with pytest.raises(ConfigError, match="^trials: Expected it only where a method has a list of"):
        checks.validate(config)
    # Of a study some methods of which have fewer candidates, it is the largest number.
    checks.validate(tiny_config() | {"trials": 100})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("description", "Caf\u00e9, \u732b,\nand \U0001f431\ttoo"),
        ("study", "a" * 60),
        ("datasets/k", KAGGLE | {"file": "folder/a b.v1..2.csv", "slug": "my-name/data_1"}),
        ("datasets/k", KAGGLE | {"class_names": ["x", "two words", "caf\u00e9"]}),
        (SEARCH, {"strategy": "random", "trials": 4}),
        (f"{NOISY}/generations", 100),
        ("threads", 64),
    ],
)
def test_values_that_do(path, value):
    checks.validate(changed(path, value))


@pytest.mark.parametrize(
    ("fraction", "message"),
    [
        (0.001, "of the 268 in a pool of digits_0_2. Received: 0.001, which is 0"),
        (0.005, "Expected a part of the pool that is at least 2 .* Received: 0.005, which is 1"),
        (
            0.92,
            "at most the 241 unlabeled ones of the 268 in a pool .* Received: 0.92, which is 247",
        ),
        ([0.2, 0.95], "Received: 0.95, which is 255. Choose another, or schedule: all"),
        (0.89, None),
        (0.008, None),
    ],
)
def test_slices_of_one_example_or_of_more_than_there_are(fraction, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = changed(f"{NOISY}/unlabeled_fraction", fraction)
    checks.validate(config)
    if message is None:
        checks.check_datasets(config, kinds.read)
        return
    with pytest.raises(
        DatasetError, match=f"methods.noisy_student.unlabeled_fraction: .*{message}"
    ):
        checks.check_datasets(config, kinds.read)


def test_a_backbone_is_never_run_to_find_it(tmp_path, monkeypatch):
    """Nor are the packages that it is in, nor is what can't be parsed said not to be there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    ran = "open('ran', 'w')\ndef build(inputs, classes, dropout, survival, seed): pass\n"
    (tmp_path / "bad_models.py").write_text(ran)
    (tmp_path / "bad_package").mkdir()
    for name in ("__init__", "inside"):
        (tmp_path / f"bad_package/{name}.py").write_text(ran)
    (tmp_path / "bad_python.py").write_text("x = 1\ndef build(:\n")
    for path in ("bad_models:build", "bad_package.inside:build", "bad_package:build"):
        checks.validate(changed("training/backbone", path))
    for path, message in (
        ("bad_models.py:build", "a module's name, as bad_models:build, not its file"),
        (
            "bad_models:other",
            "a function that .*bad_models.py defines. Received: 'bad_models:other'",
        ),
        (
            "bad_python:build",
            "a function that .*defines, which is no Python in line 2 .invalid syntax",
        ),
        ("bad_package.other:build", "a function in a module that Python finds from the working"),
        ("bad_models.build:build", "a function in a module that Python finds from the working"),
        (":build", "a function in a module that Python finds"),
        ("..a:build", "a function in a module that Python finds"),
    ):
        with pytest.raises(ConfigError, match=f"training.backbone: Expected {message}"):
            checks.validate(changed("training/backbone", path))
    assert not (tmp_path / "ran").exists()


def test_a_backend_that_is_none_or_not_there(monkeypatch):
    check_backend(tiny_config(), "tensorflow", False)
    check_backend({"study": "a", "external_scores": "a.csv"}, "theano", False)
    for name in ("theano", "TensorFlow", ""):
        with pytest.raises(ConfigError, match="KERAS_BACKEND: Expected one of tensorflow, jax, t"):
            check_backend(tiny_config(), name, False)
    monkeypatch.setattr(checks_of_backend, "find_spec", lambda name: name == "jax" or None)
    with pytest.raises(
        ConfigError, match=r"Expected one that is installed \(jax\). .*'tensorflow'"
    ):
        check_backend(tiny_config(), "tensorflow", False)


def test_a_study_that_is_called_like_a_file_of_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/tiny").mkdir(parents=True)
    (tmp_path / "results/README.md").touch()
    checks_of_backend.check_results(tiny_config())
    with pytest.raises(ConfigError, match="study: Expected a name that no file .* 'README.md'"):
        checks_of_backend.check_results(tiny_config() | {"study": "README.md"})


def test_all_datasets_are_prepared_and_split_before_one_is_trained_on():
    """A file that is wrong beside good ones ends a study at once."""
    rules = (ROOT / "workflow/rules/data.smk").read_text()
    found = re.findall(r"rule (\w+):|(partition.rule)\n|priority: (\d)", rules)
    order, name = {}, ""
    for rule, partition, priority in found:
        name = rule or partition or name
        if priority:
            order[name] = int(priority)
    assert order.pop("check_data") == 1 and order.pop("partition.rule") == 2
    assert order.pop("prepare_dataset") == 3
    assert order == dict.fromkeys(["download", "download_split", "download_encoder"], 4)
    for file in ("training", "evaluation"):
        assert "priority" not in (ROOT / f"workflow/rules/{file}.smk").read_text()


@pytest.mark.parametrize(
    ("parameters", "fits"),
    [
        ("inputs, classes, dropout, survival, seed", True),
        ("x, classes, dropout=0, survival=1, seed=None, width=8", True),
        ("x, *, seed, survival, dropout, classes", True),
        ("x, classes, **others", True),
        ("*inputs, **others", True),
        ("x, /, classes, dropout, survival, seed", True),
        ("inputs, classes", False),
        ("", False),
        ("inputs, classes, dropout, survival, seed, width", False),
        ("inputs, classes, dropout, survival, seed, *, width", False),
        ("inputs, classes, rate, survival, seed", False),
    ],
)
def test_parameters_of_a_backbone_are_known_before_it_is_imported(
    parameters, fits, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "params_models.py").write_text(f"1 / 0\ndef build({parameters}): pass\n")
    config = changed(f"{NOISY}/backbone", "params_models:build")
    if fits:
        checks.validate(config)
        return
    message = (
        "noisy_student.backbone: Expected a function of inputs, classes, dropout, survival and"
    )
    with pytest.raises(ConfigError, match=f"{message} seed. Received: 'params_models:build"):
        checks.validate(config)
