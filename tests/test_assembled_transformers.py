"""From trained transformers to a folder that predicts: what training keeps, what is made of it."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from self_training import storage
from self_training.deployment import deploy, labels, model, networks, predict
from self_training.errors import DatasetError, ModelError
from self_training.study import names
from self_training.text import cleaning, streams
from self_training.training import checkpoints, job
from self_training.training.runs import Run, TrainingSettings
from test_deployed_model import make_model
from tiny_transformers import KINDS, WORDS, write_transformer

torch = pytest.importorskip("torch", reason="torch: transformers are trained by the extra text")
for _name in ("transformers", "peft"):
    pytest.importorskip(_name, reason=f"{_name}: transformers are trained by the extra text")

import transformers  # noqa: E402
from self_training.deployment import assembly  # noqa: E402
from self_training.text import tokens  # noqa: E402
from self_training.training.transformer import TransformerTrainer  # noqa: E402

LORA = {"rank": 2, "alpha": 16, "dropout": 0.1, "bias": "all", "target_modules": None}
LENGTH, MEMBERS = 12, 2
CLASSES = ["trade", "sports", "world"]
NOISE = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0.2, "survival": 1}
# Merged, an adapter is added to the weights in single precision, and no more to what they give.
MERGED = 1e-5
RNG = np.random.default_rng(0)
# Of 1 to 14 words, of which the first ten are used.
TEXTS = [" ".join(RNG.choice(WORDS, 1 + number % 14)) for number in range(150)]
LABELS = np.arange(150, dtype=np.int32) % 3


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, str]:
    return {kind: write_transformer(tmp_path_factory.mktemp(kind), kind) for kind in KINDS}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before[0])
    torch.use_deterministic_algorithms(before[1])


def training(folder: str, lora=None, kept=True, **changes) -> dict:
    own = {"model": folder, "lora": lora, "micro_batch": None, "recompute": False, "kept": kept}
    some = TrainingSettings(
        backbone=names.BACKBONES["transformer"],
        epochs=None,
        steps=8,
        batch_size=8,
        learning_rate=0.003,
        scaling="none",
        l2=0,
        weight_decay=0.01,
        warmup=0,
        decay="none",
        ema=0,
        loss="per_example",
        unlabeled_ratio=None,
        distillation=1,
        label_smoothing=0,
        noise=NOISE,
        threads=1,
        transformer=own | {"bfloat16": False},
    )
    return asdict(replace(some, **changes))


def runs(part: str = "final") -> list[Run]:
    asked = {"evaluation": np.arange(150)}
    return [
        Run({"study": 1, "part": part, "member": member}, np.arange(30), LABELS[:30], asked)
        for member in range(MEMBERS)
    ]


def train(root: Path, settings: dict, some: list[Run], **others) -> np.ndarray:
    """Train a job's runs; return what they predict, (runs, texts, classes)."""
    examples = root / "examples.npy"
    if not examples.exists():
        np.save(examples, tokens.encode(TEXTS, settings["transformer"]["model"], LENGTH))
    (root / "models").mkdir(exist_ok=True)
    (trained,), _ = job.train_batch(
        [some], examples, len(CLASSES), settings, [root / "models"], **others
    )
    return np.stack([one.probabilities["evaluation"] for one in trained])


def deployed(root: Path, folder: str, lora=None):
    """Train, put together and deploy; return the model's folder, and what the study predicts."""
    probabilities = train(root, training(folder, lora), runs())
    storage.save_json(root / "classes.json", CLASSES)
    storage.save_json(root / "choice.json", {"hyper_parameters": {"ensemble_size": MEMBERS}})
    (root / "ended").mkdir()
    files = SimpleNamespace(
        classes=root / "classes.json",
        choice=[root / "choice.json"],
        # Generation 2 was never trained.
        networks=[str(root / "models"), str(root / "ended")],
    )
    assembly.assemble(files, LENGTH, root / "networks")
    found, others = deploy.copy_networks(root / "networks", MEMBERS, root / "away")
    source = {"encoder": {"name": "tokens", "model": folder, "length": LENGTH}}
    made = make_model(
        root / "unused",
        kind="texts",
        classes=CLASSES,
        shape=[LENGTH],
        reading=streams.reading(source | {"text_columns": "text"}),
        members=[model.member(root / "away", name) for name in found],
        files={name: storage.sha256(root / "away" / name) for name in others},
        backend="torch",
        batch_size=64,
    )
    model.save(root / "away", made)
    return root / "away", probabilities


@pytest.fixture(scope="module", params=[None, LORA], ids=["all", "adapters"])
def of_bert(request, folders, tmp_path_factory):
    return deployed(tmp_path_factory.mktemp("bert"), folders["bert"], request.param)


def predicted(folder, *paths, output) -> pd.DataFrame:
    predict.predict(folder, [str(path) for path in paths], output)
    return pd.read_csv(output, dtype={"id": str})


def write(path, texts=TEXTS):
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    elif path.suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="Parquet is read by the extra parquet")
        pd.DataFrame({"text": texts}).to_parquet(path)
    else:
        pd.DataFrame({"text": texts}).to_csv(path, index=False)
    return path


# The same numbers.


@pytest.mark.parametrize("lora", [None, LORA], ids=["all", "adapters"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_deployed_transformer_predicts_what_the_study_does(folders, tmp_path, kind, lora):
    """To the last bit where all is trained; where adapters are merged, to five digits. Without the
    dropout that the pretrained network's files have."""
    folder, study = deployed(tmp_path, folders[kind], lora)
    loaded = model.load(folder)
    members = networks.load_networks(folder, loaded)
    found = networks.predict_members(members, np.load(tmp_path / "examples.npy"), loaded)
    np.testing.assert_allclose(found, study, atol=MERGED if lora else 0, rtol=0)
    # Members are of two seeds, and none is what it started from.
    assert np.abs(study[0] - study[1]).max() > 1e-2
    dropouts = [
        getattr(members[0].network.config, key, 0) for key in ("hidden_dropout_prob", "dropout")
    ]
    assert kind == "modernbert" or max(dropouts) > 0


def test_plain_transformers_load_it(of_bert):
    """Classes, tokenizer and weights, by lines that know nothing of this project."""
    folder, study = of_bert
    for member in range(MEMBERS):
        own = folder / f"member_{member}"
        network = transformers.AutoModelForSequenceClassification.from_pretrained(own)
        tokenizer = transformers.AutoTokenizer.from_pretrained(own)
        assert network.config.id2label == {0: "trade", 1: "sports", 2: "world"}
        assert network.config.label2id == {"trade": 0, "sports": 1, "world": 2}
        given = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
        assert given["input_ids"].shape[1] == LENGTH
        with torch.inference_mode():
            logits = network(**given).logits
        np.testing.assert_allclose(logits.softmax(dim=1).numpy(), study[member], atol=MERGED)
        asked = transformers.pipeline("text-classification", model=str(own), device="cpu")
        said = asked(TEXTS[:20], truncation=True)
        expected = [CLASSES[label] for label in study[member][:20].argmax(axis=1)]
        assert [one["label"] for one in said] == expected


def test_a_folder_says_nothing_of_this_machine(of_bert, folders):
    for file in of_bert[0].glob("*/*.json"):
        assert folders["bert"] not in file.read_text(), file


# What is kept.


def test_what_is_kept_is_what_was_trained(folders, tmp_path):
    train(tmp_path, training(folders["bert"], LORA | {"bias": "none"}), runs())
    from safetensors.numpy import load_file

    found = load_file(tmp_path / "models/member_1.safetensors")
    # Of two layers queries and values, A and B; and the head.
    assert len(found) == 2 * 2 * 2 + 2
    assert all(".lora_" in name or ".classifier." in name for name in found)


def test_folds_of_a_study_and_its_search_keep_nothing(folders, tmp_path):
    train(tmp_path, training(folders["bert"], kept=False), runs())
    assert not [*tmp_path.glob("models/*")]
    train(tmp_path, training(folders["bert"]), runs("inner"))
    assert not [*tmp_path.glob("models/*")]


@pytest.mark.parametrize("lora", [None, LORA], ids=["all", "adapters"])
def test_a_run_that_has_ended_before_a_kill_has_its_network(folders, tmp_path, monkeypatch, lora):
    """Also where it is larger than what may wait for the next save."""
    settings = training(folders["bert"], lora)
    expected = train(tmp_path, settings, runs())
    whole = [(tmp_path / f"models/member_{member}.safetensors").read_bytes() for member in (0, 1)]
    monkeypatch.setattr(checkpoints, "INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", float("inf"))
    monkeypatch.setattr(checkpoints, "WAITING_BYTES", 1000)
    trained, own, limit = [], TransformerTrainer._train, [1]

    def killed(trainer, run, digest):
        if len(trained) == limit[0]:
            raise KeyboardInterrupt
        trained.append(run.identity["member"])
        return own(trainer, run, digest)

    kept = {"kept_in": tmp_path / "checkpoints"}
    monkeypatch.setattr(TransformerTrainer, "_train", killed)
    shutil.rmtree(tmp_path / "models")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, settings, runs(), **kept)
    # Snakemake removes what a job has written that was killed.
    shutil.rmtree(tmp_path / "models")
    trained.clear()
    limit[0] = MEMBERS
    np.testing.assert_array_equal(train(tmp_path, settings, runs(), **kept), expected)
    assert trained == [1]
    found = [(tmp_path / f"models/member_{member}.safetensors").read_bytes() for member in (0, 1)]
    assert found == whole


# New texts.


@pytest.mark.parametrize("name", ["new.csv", "new.jsonl", "new.parquet"])
def test_tables_are_labeled_some_texts_at_a_time(of_bert, tmp_path, monkeypatch, name):
    folder, study = of_bert
    monkeypatch.setattr(predict, "CHUNK_NUMBERS", 64 * LENGTH)
    encoded, encode = [], tokens.encode_by
    monkeypatch.setattr(
        tokens, "encode_by", lambda *some: encoded.append(len(some[1])) or encode(*some)
    )
    found = predicted(folder, write(tmp_path / name), output=tmp_path / "out.csv")
    expected = labels.table([str(row) for row in range(1, 151)], study, model.load(folder))
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, atol=MERGED, rtol=0)
    assert encoded == [64, 64, 22]


def test_a_folder_of_texts_and_one_alone(of_bert, tmp_path):
    folder, study = of_bert
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / f"in/{number}.txt").write_text(f" {TEXTS[number]}\n")
    found = predicted(folder, tmp_path / "in", output=tmp_path / "out.csv")
    expected = study[:, :3].mean(axis=0)
    np.testing.assert_allclose(found[CLASSES], expected, atol=MERGED)
    assert found["id"].tolist() == ["0.txt", "1.txt", "2.txt"]
    alone = predicted(folder, tmp_path / "in/1.txt", output=tmp_path / "out.csv")
    np.testing.assert_allclose(alone[CLASSES], expected[1:2], atol=MERGED)


def test_the_model_s_cleaning_and_tokenizer_are_those_of_its_folder(of_bert, tmp_path, monkeypatch):
    folder, study = of_bert
    loaded = model.load(folder)
    assert loaded.reading["encoder"] == {"name": "tokens", "model": "./member_0", "length": LENGTH}
    web = loaded.reading | {"clean": "web"}
    monkeypatch.setattr(predict, "load", lambda folder: replace(loaded, reading=web))
    some = [f"<b>{text}</b>" for text in TEXTS[:5]]
    assert cleaning.clean(some, "web") == TEXTS[:5]
    found = predicted(folder, write(tmp_path / "new.csv", some), output=tmp_path / "out.csv")
    np.testing.assert_allclose(found[CLASSES], study[:, :5].mean(axis=0), atol=MERGED)


# What is wrong.


def changed(folder: Path, root: Path, **changes) -> Path:
    """Return a copy of a model whose model.json says something else."""
    shutil.copytree(folder, root / "m")
    model.save(root / "m", replace(model.load(folder), **changes))
    return root / "m"


def test_files_that_are_not_those_of_the_model_are_named(of_bert, tmp_path):
    folder = changed(of_bert[0], tmp_path)
    for name in ("member_1/model.safetensors", "member_0/tokenizer.json", "member_1/config.json"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content + b" ")
        with pytest.raises(ModelError, match=f"{name}: Expected the .* of SHA-256"):
            model.load(folder)
        (folder / name).unlink()
        with pytest.raises(ModelError, match=f"{name}: Expected a .* Received no such file"):
            model.load(folder)
        (folder / name).write_bytes(content)
    model.load(folder)


def test_classes_in_another_order_are_an_error(of_bert, tmp_path):
    folder = changed(of_bert[0], tmp_path, classes=["sports", "trade", "world"])
    message = "member_0/config.json: Expected the classes sports, trade, world, in this order"
    with pytest.raises(ModelError, match=message):
        networks.load_networks(folder, model.load(folder))


def test_a_length_that_a_transformer_does_not_take_is_an_error(of_bert, tmp_path):
    reading = model.load(of_bert[0]).reading
    reading = reading | {"encoder": reading["encoder"] | {"length": 99}}
    folder = changed(of_bert[0], tmp_path, reading=reading)
    with pytest.raises(DatasetError, match="encoder.length: Expected 3 to 12 tokens"):
        predict.predict(folder, [str(write(tmp_path / "new.csv"))], tmp_path / "out.csv")
    folder = changed(of_bert[0], tmp_path / "other", shape=[99])
    with pytest.raises(DatasetError, match="encoder.length: Expected 3 to 12 tokens"):
        networks.load_networks(folder, model.load(folder))


def test_a_network_that_cannot_be_loaded_is_an_error(of_bert, tmp_path):
    folder = changed(of_bert[0], tmp_path)
    (folder / "member_1/model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="member_1: Expected a network that transformers 5"):
        networks.load_networks(folder, replace(model.load(of_bert[0])))


def test_a_network_that_has_diverged_is_an_error(of_bert):
    loaded = model.load(of_bert[0])
    members = networks.load_networks(of_bert[0], loaded)
    with torch.no_grad():
        members[1].network.classifier.bias[0] = float("nan")
    ids = tokens.encode(TEXTS[:3], str(of_bert[0] / "member_0"), LENGTH)
    with pytest.raises(ModelError, match="member_1/model.safetensors: .* diverged"):
        networks.predict_members(members, ids, loaded)
