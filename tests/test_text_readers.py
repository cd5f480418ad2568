"""Tables and folders of texts, as users have them."""

import csv
import json
import sys

import numpy as np
import pytest
from self_training.data import datasets
from self_training.data.examples import TEST, UNKNOWN
from self_training.data.prepared import load_examples
from self_training.errors import DatasetError
from self_training.text.cleaning import clean, clean_web
from self_training.text.features import count_words
from self_training.text.readers import read
from self_training.text.tables import LONGEST

TABLE = {"text_columns": ["title", "body"], "label_column": "topic"}
# As they stand in AG News (Zhang, Zhao and LeCun 2015).
RAW = {
    "Putin #39;s response": "Putin's response",
    "in the Gunners #39; 3-1 win": "in the Gunners' 3-1 win",
    "to leave  quot;for years quot; to": 'to leave "for years" to',
    "buy AT amp;T Wireless": "buy AT&T Wireless",
    r"the  #36;10 million or \$10b prize": "the $10 million or $10b prize",
    r"rocked the\Australian embassy": "rocked the Australian embassy",
    r'index:\\"We indexed': 'index: "We indexed',
    r"security standards.\ ": "security standards.",
    "four &lt;b&gt;...&lt;/b&gt; LAKE": "four ... LAKE",
    'Inc. &lt;A HREF="http://x.com/?t=A.N target=/q"&gt;PFE.N&lt;/A&gt; rose': "Inc. PFE.N rose",
    "Profit Rises; a < b; Sox; &eacute;t&eacute;": "Profit Rises; a < b; Sox; été",
    "&amp;lt;b&amp;gt;twice&amp;nbsp;escaped": "twice escaped",
    "  Title  here \n\n body  text ": "Title here\nbody text",
}


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def texts_of(examples):
    found = examples.load(np.arange(len(examples.y)))
    assert found.dtype == object and found.shape == examples.y.shape
    return found.tolist()


def read_jsonl(tmp_path, *rows, **settings):
    path = write(tmp_path / "some.jsonl", "\n".join(map(json.dumps, rows)) + "\n")
    return read(path, {"source": "jsonl"} | TABLE | settings)


@pytest.mark.parametrize("raw", RAW)
def test_debris_of_web_pages_is_taken_out(raw):
    assert clean_web(raw) == RAW[raw]
    assert clean([raw], "none") == [raw.strip()]


def test_a_cleaner_has_a_name():
    with pytest.raises(DatasetError, match="clean: Expected one of none, web. Received: 'all'"):
        clean(["some"], "all")


@pytest.mark.parametrize(("source", "separator"), [("csv", ","), ("csv", ";"), ("tsv", "\t")])
def test_tables_of_texts(tmp_path, source, separator):
    rows = ["key|topic|title|body|more", 'a1| 2 ||"One ""word"", \nmore"|x', "a2|1|Head| tail |"]
    rows += ["a3||Nobody|knows|y", "a4|-1|nor|here|"]
    # No comma in the first line is what tells a semicolon.
    text = "\ufeff" + "\r\n".join(rows).replace("|", separator) + "\r\n"
    settings = {"source": source, "id_column": "key"} | TABLE
    examples = read(write(tmp_path / "some", text), settings)
    assert texts_of(examples) == ['One "word", \nmore', "Head\ntail", "Nobody\nknows", "nor\nhere"]
    assert examples.y.tolist() == [1, 0, -1, -1]
    assert examples.class_names.tolist() == ["1", "2"] and examples.ids == ["a1", "a2", "a3", "a4"]
    assert examples.load(np.array([1, 3])).tolist() == ["Head\ntail", "nor\nhere"]


def test_json_lines(tmp_path):
    rows = [
        {"topic": "spam", "title": None, "body": "buy\u2028this"},
        {"topic": "ham", "title": "dear", "body": "you", "more": 1},
        {"topic": None, "body": "whose?"},
        {"body": "and this?"},
    ]
    examples = read_jsonl(tmp_path, *rows)
    assert texts_of(examples) == ["buy\u2028this", "dear\nyou", "whose?", "and this?"]
    assert examples.y.tolist() == [1, 0, -1, -1] and examples.ids == ["1", "2", "3", "4"]
    examples = read_jsonl(tmp_path, *rows[:2], class_names=["spam", "ham"], clean="web")
    assert examples.y.tolist() == [0, 1] and texts_of(examples)[0] == "buy\nthis"
    rows = [{"topic": label, "body": "x", "title": ""} for label in (3, 10, -1, True)]
    assert read_jsonl(tmp_path, *rows[:3]).class_names.tolist() == ["3", "10"]
    assert read_jsonl(tmp_path, *rows[2:]).class_names.tolist() == ["true"]


def test_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="Parquet is read by the extra parquet")
    from pyarrow import parquet

    columns = {
        "topic": pa.array([1, 0, None, -1]),
        "title": pa.array(["a", "b", None, "b"]).dictionary_encode(),
        "body": ["", "c", "d", "e"],
        "score": [0.5, 1.5, 2.5, float("nan")],
    }
    parquet.write_table(pa.table(columns), tmp_path / "some.parquet")
    settings = {"source": "parquet"} | TABLE
    examples = read(tmp_path / "some.parquet", settings)
    assert texts_of(examples) == ["a", "b\nc", "d", "b\ne"]
    assert examples.y.tolist() == [1, 0, -1, -1]
    with pytest.raises(DatasetError, match=r"'score' \(label_column\).*Received 0.5 in data row 1"):
        read(tmp_path / "some.parquet", settings | {"label_column": "score"})
    with pytest.raises(DatasetError, match="Expected the column 'none'.*topic, title, body, score"):
        read(tmp_path / "some.parquet", settings | {"text_columns": "none"})
    write(tmp_path / "other.parquet", "no table")
    with pytest.raises(DatasetError, match="Expected a Parquet file"):
        read(tmp_path / "other.parquet", settings)


def test_parquet_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DatasetError, match="Install it: uv sync --extra parquet"):
        read(tmp_path / "some.parquet", {"source": "parquet"} | TABLE)


def test_folders_of_texts(tmp_path):
    for name in ("10", "9", "unlabeled/deeper"):
        (tmp_path / "mail" / name).mkdir(parents=True)
        write(tmp_path / f"mail/{name}/b.txt", f"second of {name}")
        write(tmp_path / f"mail/{name}/a.TXT", f"first &amp; of {name}\r\n")
    examples = read(tmp_path / "mail", {"source": "texts", "clean": "web"})
    assert examples.class_names.tolist() == ["10", "9"]
    assert examples.y.tolist() == [0, 0, 1, 1, -1, -1]
    assert texts_of(examples)[2:] == [
        "first & of 9",
        "second of 9",
        "first & of unlabeled/deeper",
        "second of unlabeled/deeper",
    ]
    assert examples.ids[2:5] == ["9/a.TXT", "9/b.txt", "unlabeled/deeper/a.TXT"]
    (tmp_path / "mail/9/c.pdf").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"c.pdf: Expected nothing but texts here \(.txt\)"):
        read(tmp_path / "mail", {"source": "texts"})


@pytest.mark.parametrize("source", ["csv", "texts"])
def test_unlabeled_texts_lie_in_a_place_of_their_own(tmp_path, source):
    if source == "csv":
        write(tmp_path / "some.csv", "topic,title,body\na,one,x\nb,two,y\n")
        write(tmp_path / "more.csv", "body,title\nz,three #39;s\n,four\n")
        settings = {"source": "csv", "path": tmp_path / "some.csv", "clean": "web"} | TABLE
        settings["unlabeled"] = tmp_path / "more.csv"
        ids = ["1", "2", "more.csv:1", "more.csv:2"]
    else:
        for name, text in {"a/1": "one\nx", "b/1": "two\ny"}.items():
            (tmp_path / "some" / name).parent.mkdir(parents=True)
            write(tmp_path / f"some/{name}.txt", text)
        (tmp_path / "more/x").mkdir(parents=True)
        write(tmp_path / "more/1.txt", "three #39;s\nz")
        write(tmp_path / "more/x/1.txt", "four")
        settings = {"source": "texts", "path": tmp_path / "some", "unlabeled": tmp_path / "more"}
        settings["clean"], ids = "web", ["a/1.txt", "b/1.txt", "1.txt", "x/1.txt"]
    examples = read(settings["path"], settings)
    assert texts_of(examples) == ["one\nx", "two\ny", "three's\nz", "four"]
    assert examples.y.tolist() == [0, 1, -1, -1] and examples.ids == ids


WRONG = {
    "no such text column": ("topic,body\na,b\n", {}, "column 'title' (text_columns)"),
    "no such label column": ("title,body\na,b\n", {}, "column 'topic' (label_column)"),
    "no such id": ("topic,title,body\n", {"id_column": "key"}, "column 'key' (id_column)"),
    "a column twice": ("topic,title,body,title\n", {}, "columns: topic, title, body, title."),
    "no row": ("topic,title,body\n\n", {}, "Expected an example per data row. Received none"),
    "nothing": ("", {}, "Received the columns: none."),
    "empty texts": (
        "topic,title,body\na,x,\na,,\nb, ,<p>\n",
        {"clean": "web"},
        "Expected a text in every data row (title, body). Received none in 2: data row 2, 3.",
    ),
    "labels of floats": (
        "topic,title,body\n1,x,\n,x,\n2.0,x,\n",
        {},
        "'topic' (label_column): names or whole numbers. Received 2.0 in data row 3. If they",
    ),
    "a ragged row": (
        "topic,title,body\na,x,y\nb,one, two,three\n",
        {},
        "Expected 3 values in every row, one per column of the header. Received 4 in data row 2.",
    ),
    "a short row": ("topic,title,body\na,x\n", {}, "Received 2 in data row 1."),
    "a stray quote": (
        'topic,title,body\na,"x"y,z\n',
        {},
        "Expected double quotes in pairs around a text; one that is part of it is doubled. "
        "Received others in data row 1",
    ),
    "a quote without an end": ('topic,title,body\na,x,y\nb,"x,y\nb,y,z\n', {}, "in data row 2"),
    "a class that is no class": (
        "topic,title,body\nc,x,y\n",
        {"class_names": ["a", "b"]},
        "or one of the class_names. Received 'c' in data row 1",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_table_is_told(tmp_path, name):
    text, settings, message = WRONG[name]
    path = write(tmp_path / "some.csv", text)
    with pytest.raises(DatasetError) as caught:
        read(path, {"source": "csv"} | TABLE | settings)
    assert str(caught.value).startswith(f"{path}: Expected ") and message in str(caught.value)


@pytest.mark.parametrize("quote", ["", '"'])
def test_an_endless_cell_is_told(tmp_path, quote):
    cell = quote + "x" * (10 * 2**20) + quote
    path = write(tmp_path / "some.csv", f"topic,title,body\na,b,c\na,{cell},c\n")
    message = "Expected at most 1,000,000 characters in a cell. Received more in data row 2. Cut"
    with pytest.raises(DatasetError, match=message):
        read(path, {"source": "csv"} | TABLE)
    assert csv.field_size_limit() < LONGEST
    row = {"topic": "a", "title": cell, "body": ""}
    with pytest.raises(DatasetError, match="Received 10,485,76. in line 1, column 'title'. Cut"):
        read_jsonl(tmp_path, row)
    (tmp_path / "mail/a").mkdir(parents=True)
    write(tmp_path / "mail/a/1.txt", cell)
    with pytest.raises(DatasetError, match="1.txt: Expected at most 1,000,000 characters"):
        texts_of(read(tmp_path / "mail", {"source": "texts"}))


def test_a_wrong_encoding_is_told(tmp_path):
    path = write(tmp_path / "some.csv", "topic,title,body\na,b,c\na,caf\u00e9,c\n", "latin-1")
    message = "some.csv: Expected UTF-8. Received the byte 0xe9 in line 3"
    with pytest.raises(DatasetError, match=message):
        read(path, {"source": "csv"} | TABLE)
    path.write_bytes(b"\xef\xbb\xbftopic\n\xff\n")
    with pytest.raises(DatasetError, match="the byte 0xff in line 2"):
        read(path, {"source": "csv"} | TABLE)
    (tmp_path / "mail/a").mkdir(parents=True)
    write(tmp_path / "mail/a/1.txt", "caf\u00e9", "utf-16")
    with pytest.raises(DatasetError, match="1.txt: Expected UTF-8. Received the byte 0xff in lin"):
        texts_of(read(tmp_path / "mail", {"source": "texts"}))
    write(tmp_path / "mail/a/1.txt", " \n")
    with pytest.raises(DatasetError, match="1.txt: Expected a text. Received none: it is empty"):
        texts_of(read(tmp_path / "mail", {"source": "texts"}))


@pytest.mark.parametrize(
    ("line", "message"),
    {
        "[1, 2]": "Expected a JSON object in every line. Received a list in line 3.",
        '{"title": }': "Received none in line 3, character 11",
        '{"title": 5}': r"texts in column 'title' \(text_columns\). Received 5 in line 2",
        '{"title": "x", "topic": ["a"]}': r"Expected a name or a whole number in column 'topic'",
        '{"title": "x", "topic": 0.5}': "whole numbers. Received 0.5 in line 2",
        '{"title": "\\ud83d"}': "Received '.ud83d' in line 2",
    }.items(),
)
def test_a_wrong_line_is_told(tmp_path, line, message):
    """Blank lines are no rows, but count where a line of the file is named."""
    first = {"topic": 1, "title": "a", "body": "b"}
    path = write(tmp_path / "some.jsonl", f"{json.dumps(first)}\n\n{line}\n")
    with pytest.raises(DatasetError, match=message):
        read(path, {"source": "jsonl"} | TABLE)


def test_texts_have_a_path(tmp_path):
    with pytest.raises(DatasetError, match="source: Expected one of"):
        read(None, {"source": "csv"} | TABLE)
    with pytest.raises(DatasetError, match="source: Expected one of"):
        read(tmp_path, {"source": "images"})


def test_texts_are_prepared_as_they_are(tmp_path):
    """With a test file, whose texts come last, and without duplicates."""
    write(tmp_path / "train.csv", "topic,title,body\na,One,x y\nb,Two,z\na,one,X y!\n,who,knows\n")
    write(tmp_path / "test.csv", "topic,title,body\nb,four,z\na,five,z\n")
    settings = {"kind": "texts", "source": "csv", "duplicates": "drop"} | TABLE
    settings |= {"path": str(tmp_path / "train.csv"), "test_path": str(tmp_path / "test.csv")}
    names = ("texts.json", "labels.npy", "classes.json", "ids.json", "duplicates.json", "test.npy")
    outputs = [tmp_path / name for name in names]
    datasets.prepare(settings["path"], "news", settings, read, count_words, *outputs)
    texts = load_examples(outputs[0])
    assert texts.tolist() == ["One\nx y", "Two\nz", "who\nknows", "four\nz", "five\nz"]
    assert texts.dtype == object
    assert np.load(outputs[1]).tolist() == [0, 1, UNKNOWN, TEST, TEST]
    assert np.load(outputs[5]).tolist() == [1, 0]
    assert datasets.count_classes(settings, "news", read) is None
