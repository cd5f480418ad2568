"""A study of texts, some of unknown label, with its model deployed and asked."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from test_text_study import text_config, write_news

pytestmark = pytest.mark.study

CLASSES = ["sports", "trade", "world"]
DEPLOYED = "results/tiny_texts/deployed/news"
PREDICTED = "results/tiny_texts/predictions/news/new.csv"


@pytest.fixture(scope="module")
def study(make_study):
    config = text_config(labels_per_class="all", predict=["new.jsonl"])
    del config["inner_folds"], config["datasets"]["news"]["labeled_fraction"]
    config |= {"deploy": "auto", "jobs": "per_dataset"}
    config["methods"] = {"baseline": {"generations": 0}}
    study = make_study(config)
    write_news(study.folder)
    # Those of unknown label, the last ones first, and with keys of their own.
    lines = (study.folder / "news.jsonl").read_text().splitlines()[:-4:-1]
    rows = [json.loads(line) | {"title": None, "page": number} for number, line in enumerate(lines)]
    (study.folder / "new.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    study.run("--cores", "2", PREDICTED)
    return study


def test_texts_of_unknown_label_have_one(study):
    table = pd.read_csv(study.folder / DEPLOYED / "predictions.csv", dtype=str)
    assert table["id"].tolist() == ["121", "122", "123"]
    assert table["label"].tolist() == CLASSES
    model = json.loads((study.folder / DEPLOYED / "model.json").read_text())
    assert (model["kind"], model["shape"]) == ("texts", [128])
    assert model["reading"] == {
        "text_columns": ["title", "body"],
        "clean": "web",
        "encoder": {"length": 128, "name": "ngrams"},
    }


def test_new_texts_get_the_labels_that_the_study_gave_them(study):
    columns = ["label", "confidence", "agreement", *CLASSES]
    own = pd.read_csv(study.folder / DEPLOYED / "predictions.csv", dtype=str)[columns]
    found = pd.read_csv(study.folder / PREDICTED, dtype=str)
    pd.testing.assert_frame_equal(found[columns], own[::-1].reset_index(drop=True))
    assert found["id"].tolist() == ["1", "2", "3"] and found["page"].tolist() == ["0", "1", "2"]


def test_the_five_lines_of_the_card_say_the_same_of_texts(study, monkeypatch, capsys):
    """Of texts as they stand in a file, by the function that the card names."""
    folder = study.folder / DEPLOYED
    card = (folder / "MODEL_CARD.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.S)
    _, loads, line, *others = code.splitlines()
    named = re.search(r"# Yours: (self_training\S+)\.encode\(texts, model\[\"reading\"\]\)", line)
    names: dict = {"texts": ["cup whose?", "oil whose?", "war whose?"]}
    exec(f"import json, keras, numpy as np, {named.group(1)}", names)
    monkeypatch.chdir(folder)
    # The model is there when its line on texts asks for it.
    exec(loads, names)
    exec(f"x = {named.group(1)}.encode(texts, model['reading'])", names)
    exec("\n".join(others), names)
    probabilities = names["p"] / names["p"].sum(axis=1, keepdims=True)
    table = pd.read_csv(folder / "predictions.csv")
    np.testing.assert_allclose(probabilities, table[CLASSES], atol=1e-5)
    assert re.findall(r"'(\w+)'", capsys.readouterr().out) == CLASSES
    assert "image" not in card and "pixel" not in card


def test_what_to_label_next_is_shown_as_the_text(study):
    tasks = json.loads((study.folder / DEPLOYED / "label_next.json").read_text())
    texts = json.loads((study.results / "datasets/news/texts.json").read_text())
    assert {task["data"]["id"]: task["data"]["text"] for task in tasks} == {
        str(row + 1): texts[row] for row in (120, 121, 122)
    }
