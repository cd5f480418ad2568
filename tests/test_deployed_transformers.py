"""Studies of transformers, some texts of unknown label, with the model deployed and asked."""

import io
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from test_text_study import write_news
from test_transformer_study import transformer_config
from tiny_transformers import write_transformer

for _name in ("torch", "transformers", "peft"):
    pytest.importorskip(_name, reason=f"{_name}: transformers are trained by the extra text")

import torch  # noqa: E402
import transformers  # noqa: E402

pytestmark = pytest.mark.study

CLASSES = ["sports", "trade", "world"]
LORA = {"rank": 4, "alpha": 32, "dropout": 0.1, "bias": "all"}
# What an adapter adds is added to the weights, in their precision, which changes the last digits.
MERGED = 1e-5
# As the study's own, without a label; and as they are once they are cleaned.
NEW = [
    {"title": "S #39;s <b>news</b>", "body": "cup goal team the a"},
    {"title": "T #39;s <b>news</b>", "body": "shares oil bank the a"},
    {"title": "W #39;s <b>news</b>", "body": "vote war talks the a"},
]
TEXTS = ["S's news\ncup goal team the a", "T's news\nshares oil bank the a"]
TEXTS += ["W's news\nvote war talks the a"]


@pytest.fixture(scope="module", params=["all", "adapters"])
def study(request, make_study):
    adapted = request.param == "adapters"
    config = transformer_config(**({"transformer": {"lora": LORA}} if adapted else {}))
    # Students of two seeds, whose training has dropout; or teachers, as most of it is the same.
    chosen = "baseline" if adapted else "noisy_student"
    config["methods"] = {name: config["methods"][name] for name in {"baseline": 0, chosen: 0}}
    config["methods"][chosen]["ensemble_size"] = 2
    config |= {"deploy": chosen, "controls": "none"}
    config["datasets"]["news"] |= {"labels_per_class": "all", "predict": ["new.csv"]}
    del config["inner_folds"], config["datasets"]["news"]["labeled_fraction"]
    study = make_study(config)
    write_transformer(study.folder / "tiny", attention_probs_dropout_prob=0.3)
    write_news(study.folder)
    path = study.folder / "news.jsonl"
    path.write_text("\n".join([*path.read_text().splitlines()[:120], *map(json.dumps, NEW)]) + "\n")
    table = pd.DataFrame(NEW).assign(page=[7, 8, 9])
    table.to_csv(study.folder / "new.csv", index=False)
    study.run("--cores", "1", "results/tiny_transformer/predictions/news/new.csv")
    return study


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    """The model's folder alone, on a machine that has neither the study nor its encoder."""
    taken = tmp_path_factory.mktemp("taken") / "away"
    shutil.copytree(study.results / "deployed/news", taken)
    return taken


def ask(folder, *paths, given: bytes = b"", **environment):
    return subprocess.run(
        [sys.executable, "-m", "self_training", "predict", folder, *map(str, paths)],
        cwd=folder.parent,
        env=os.environ
        | {"PYTHONPATH": str(ROOT / "workflow"), "HF_HUB_OFFLINE": "1"}
        | environment,
        input=given,
        capture_output=True,
    )


def test_the_study_and_its_model_say_the_same(study):
    own = pd.read_csv(study.results / "deployed/news/predictions.csv", dtype={"id": str})
    found = pd.read_csv(study.results / "predictions/news/new.csv", dtype={"id": str})
    assert own["id"].tolist() == ["121", "122", "123"] and own["label"].tolist() == CLASSES
    assert found["label"].tolist() == CLASSES and found["page"].tolist() == [7, 8, 9]
    np.testing.assert_allclose(found[CLASSES], own[CLASSES], atol=MERGED)
    assert "Nothing to be done" in study.run(
        "--cores", "1", "--dry-run", "results/tiny_transformer/predictions/news/new.csv"
    )


def test_networks_are_kept_where_they_are_deployed_alone(study):
    runs = study.results / "runs/news"
    kept = sorted(path.relative_to(runs).as_posix() for path in runs.rglob("member_*"))
    folders = ["deployed/teachers/models"]
    if "noisy_student" in study.config["methods"]:
        folders.insert(0, "deployed/noisy_student/final/generation_1/models")
    assert kept == [f"{one}/member_{member}.safetensors" for one in folders for member in (0, 1)]
    # What was put together of them is in the model alone.
    assert not (runs / "deployed/networks").exists()


def test_the_folder_is_what_hugging_face_s_libraries_load(folder, study):
    """Members, classes and tokenizer, by lines that know nothing of this project."""
    model = json.loads((folder / "model.json").read_text())
    assert (model["format"], model["backend"], model["batch_size"]) == (3, "torch", 64)
    assert [one["file"] for one in model["members"]] == [
        f"member_{member}/model.safetensors" for member in (0, 1)
    ]
    files = {path.relative_to(folder).as_posix() for path in folder.glob("member_*/*")}
    assert files == {*model["files"], *(one["file"] for one in model["members"])}
    assert model["reading"]["encoder"] == {"name": "tokens", "model": "./member_0", "length": 12}
    tables = []
    for member in (0, 1):
        own = folder / f"member_{member}"
        network = transformers.AutoModelForSequenceClassification.from_pretrained(own)
        tokenizer = transformers.AutoTokenizer.from_pretrained(own)
        assert network.config.id2label == dict(enumerate(CLASSES))
        assert network.config.attention_probs_dropout_prob == 0.3
        assert not any("lora" in name for name in network.state_dict())
        tokens = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
        assert tokens["input_ids"].shape[1] <= 12
        with torch.inference_mode():
            tables.append(network(**tokens).logits.softmax(dim=1).numpy())
    assert np.abs(tables[0] - tables[1]).max() > 1e-3
    done = ask(folder, study.folder / "new.csv")
    table = pd.read_csv(io.BytesIO(done.stdout))
    logits = np.log(np.mean(tables, axis=0)) / model["temperature"]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(table[CLASSES], expected, atol=MERGED)
    assert table["label"].tolist() == CLASSES
    # No place of files on the machine of the study.
    for file in folder.glob("*/*.json"):
        assert str(study.folder) not in file.read_text()
        assert "./tiny" not in file.read_text(), file


def test_the_lines_of_the_card_say_the_same(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    card = (folder / "MODEL_CARD.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.S)
    assert '["A text."]' in code and 'cleaning.clean(texts, "web")' in code
    names: dict = {}
    exec(code.replace('["A text."]', str(TEXTS)), names)
    probabilities = names["p"] / names["p"].sum(axis=1, keepdims=True)
    table = pd.read_csv(folder / "predictions.csv")
    np.testing.assert_allclose(probabilities, table[CLASSES], atol=MERGED)
    assert re.findall(r"'(\w+)'", capsys.readouterr().out) == CLASSES
    assert "2 networks of PyTorch" in card and "Keras" not in card


def test_a_text_of_standard_input_is_answered_without_keras(folder, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nfor name in ('tensorflow', 'keras', 'jax'): sys.modules[name] = None\n"
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT / "workflow")])
    done = ask(folder, "-", given=b"T #39;s <b>news</b>\nshares oil bank the a\n", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr.decode()
    table = pd.read_csv(io.BytesIO(done.stdout), dtype={"id": str})
    own = pd.read_csv(folder / "predictions.csv")
    assert table["id"].tolist() == ["-"] and table["label"].tolist() == ["trade"]
    np.testing.assert_allclose(table[CLASSES], own[CLASSES][1:2], atol=MERGED)
    assert not done.stderr
    kaggle = ask(folder, "-", "--format", "kaggle", given=TEXTS[1].encode())
    assert kaggle.stdout.decode().splitlines() == ["ID,Label", "-,trade"]


def test_without_pytorch_it_says_what_installs_it(folder, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['torch'] = None\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT / "workflow")])
    done = ask(folder, "-", given=b"oil", PYTHONPATH=path)
    assert done.returncode == 1 and not done.stdout
    said = done.stderr.decode()
    assert "Expected PyTorch and transformers to be installed" in said and "Traceback" not in said
    assert said.strip().endswith("uv sync --extra text")


def test_a_changed_or_missing_file_is_named(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "m")
    settings = tmp_path / "m/member_1/tokenizer.json"
    settings.write_text(settings.read_text() + " ")
    said = ask(tmp_path / "m", "-", given=b"oil").stderr.decode()
    assert "member_1/tokenizer.json: Expected the file of SHA-256" in said
    settings.unlink()
    said = ask(tmp_path / "m", "-", given=b"oil").stderr.decode()
    assert "member_1/tokenizer.json: Expected a file, as model.json says. Received no such" in said
