"""A study of 45 labeled wines and many of unknown label, with its model deployed and asked."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from conftest import tiny_config
from self_training.deployment.model import FORMAT
from self_training.deployment.predict import predict
from self_training.training import framework
from sklearn.datasets import load_wine
from test_study import planned

pytestmark = pytest.mark.study

WINE = load_wine()
FEATURES = list(WINE.feature_names)
CLASSES = ["Barolo", "Grignolino", "Barbera"]
# Not in the order of the file.
READ = FEATURES[5:] + FEATURES[:5]
DEPLOYED, PREDICTED = "results/vectors/deployed/wine", "results/vectors/predictions/wine/new.csv"


def wines() -> pd.DataFrame:
    table = pd.DataFrame(WINE.data, columns=FEATURES)
    table.insert(0, "bottle", [f"bottle {row}" for row in range(len(table))])
    table["cultivar"] = np.array(CLASSES)[WINE.target]
    return table.sample(frac=1, random_state=0, ignore_index=True)


@pytest.fixture(scope="module")
def study(make_study):
    """The study: some wines without a label in its file, others in one of their own."""
    config = tiny_config()
    del config["inner_folds"]
    config |= {"study": "vectors", "deploy": "auto", "jobs": "per_dataset"}
    config["training"] = {"backbone": "linear", "batch_size": 16, "learning_rate": 0.01}
    config["training"] |= {"scaling": "standardize", "l2": 0.01}
    config["datasets"] = {
        "wine": {
            "kind": "vectors",
            "source": "csv",
            "path": "wine.csv",
            "unlabeled": "more.csv",
            "label_column": "cultivar",
            "id_column": "bottle",
            "feature_columns": READ,
            "policy": "gaussian",
            "steps": 100,
            "labels_per_class": "all",
            "predict": ["new.csv"],
        }
    }
    config["methods"] = {
        "baseline": {"generations": 0, "ensemble_size": 2},
        "student": {"threshold": 0.5, "generations": 1, "schedule": "all"},
    }
    study = make_study(config)
    table = wines()
    first, more = table[:120].copy(), table[120:]
    first.loc[60:, "cultivar"] = ""
    first.to_csv(study.folder / "wine.csv", index=False)
    more.drop(columns="cultivar").to_csv(study.folder / "more.csv", index=False)
    # All of unknown label, in another order, with columns of their own in another place.
    new = table[60:].iloc[::-1].assign(price=7, label=[f"a, {row}" for row in range(118)])
    new[new.columns[::-1]].to_csv(study.folder / "new.csv", index=False)
    study.run("--cores", "2", PREDICTED)
    return study


def own(study) -> pd.DataFrame:
    return pd.read_csv(study.folder / DEPLOYED / "predictions.csv", dtype=str, index_col="id")


def test_all_vectors_of_unknown_label_have_one(study):
    table = own(study)
    expected = wines()[60:]
    assert table.index.tolist() == expected["bottle"].tolist()
    assert (table["label"].to_numpy() == expected["cultivar"].to_numpy()).mean() > 0.9
    model = json.loads((study.folder / DEPLOYED / "model.json").read_text())
    assert (model["format"], model["kind"], model["shape"]) == (FORMAT, "vectors", [13])
    assert model["reading"] == {"feature_columns": READ, "id_column": "bottle"}
    assert len(model["members"]) >= 1 and model["classes"] == sorted(CLASSES)


def test_new_vectors_get_the_labels_that_the_study_gave_them(study, tmp_path, monkeypatch):
    """In another order of rows and columns, beside columns of their own; and in an archive."""
    columns = ["label", "confidence", "agreement", *sorted(CLASSES)]
    expected = own(study)[columns]
    found = pd.read_csv(study.folder / PREDICTED, dtype=str, index_col="id")
    assert found.index.tolist() == expected.index[::-1].tolist()
    pd.testing.assert_frame_equal(found.loc[expected.index, columns], expected)
    assert list(found)[-3:] == ["label_", "price", "cultivar"]
    assert found["label_"].tolist() == [f"a, {row}" for row in range(118)]
    np.savez(tmp_path / "plain.npz", x=wines()[60:][READ].to_numpy())
    # Other tests of this process have started it.
    monkeypatch.setattr(framework, "start_framework", lambda threads: None)
    predict(study.folder / DEPLOYED, [str(tmp_path / "plain.npz")], tmp_path / "out.csv")
    plain = pd.read_csv(tmp_path / "out.csv", dtype=str)
    pd.testing.assert_frame_equal(plain[columns], expected.reset_index(drop=True))


def test_the_five_lines_of_the_card_say_the_same_of_vectors_as_they_are(study, monkeypatch, capsys):
    """Networks have the scaling within: plain Keras needs nothing but the numbers of the file."""
    folder = study.folder / DEPLOYED
    card = (folder / "MODEL_CARD.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.S)
    line = 'x = np.zeros((1, 13), "float32")  # Your vectors, as the study had them: not scaled.\n'
    assert line in code and len(code.splitlines()) == 5
    vectors = wines()[60:][READ].to_numpy(np.float32)
    monkeypatch.chdir(folder)
    names = {"own": vectors}
    exec(code.replace(line, "x = own\n"), names)
    printed = capsys.readouterr().out
    probabilities = names["p"] / names["p"].sum(axis=1, keepdims=True)
    table = own(study)
    np.testing.assert_allclose(probabilities, table[sorted(CLASSES)].astype(float), atol=1e-5)
    assert re.findall(r"'(\w+)'", printed) == table["label"].tolist()
    layers = [layer.name for layer in names["keras"].models.load_model("member_0.keras").layers]
    assert "scaling" in layers
    assert "of vectors of 13 features" in card.replace("label vectors", "of vectors")
    assert "image" not in card and "pixel" not in card


def test_what_to_label_next_is_shown_as_a_table(study):
    folder = study.folder / DEPLOYED
    proposed = pd.read_csv(folder / "label_next.csv")
    tasks = json.loads((folder / "label_next.json").read_text())
    assert [task["data"]["id"] for task in tasks] == proposed["id"].tolist() and len(tasks) == 100
    rows = wines().set_index("bottle")
    for task in tasks:
        shown = task["data"]["table"]
        assert list(shown) == READ
        assert list(shown.values()) == rows.loc[task["data"]["id"], READ].tolist()
        (result,) = task["predictions"][0]["result"]
        assert result["to_name"] == "table" and result["from_name"] == "label"


def test_a_change_of_how_vectors_are_read_labels_them_anew(study, tmp_path):
    copy = study.copy(tmp_path / "copy")
    streams = copy.folder / "workflow/self_training/vector/streams.py"
    streams.write_text(streams.read_text().replace("return x.astype(", "return x.view().astype("))
    assert planned(copy.run("-n", PREDICTED)) == {"deploy": 1, "predict": 1}
    # How images are read is nothing to it.
    streams.write_text((study.folder / streams.relative_to(copy.folder)).read_text())
    images = copy.folder / "workflow/self_training/image/streams.py"
    images.write_text(images.read_text() + "\nANOTHER = 1\n")
    assert "Nothing to be done" in copy.run("-n", PREDICTED)
