"""Vectors in Parquet files: numbers in columns of theirs, or lists of them in one."""

import json
import re
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from self_training.data import datasets
from self_training.data.examples import TEST
from self_training.errors import DatasetError
from self_training.study import kinds
from self_training.vector import parquet_rows
from self_training.vector.features import for_duplicates

ALL = np.arange(3)


def write(path, **columns):
    parquet.write_table(pa.table(columns), path)
    return path


def read(path, **settings):
    source = {"kind": "vectors", "source": "parquet", "label_column": "kind", "path": str(path)}
    return kinds.read(path, source | settings)


def test_numbers_of_any_type_stand_in_columns(tmp_path):
    path = write(
        tmp_path / "a.parquet",
        name=[10, 11, 12],
        b=pa.array([1.5, 1e3, 7], pa.float16()),
        kind=["red", "blue", None],
        a=[-2, 0, 2**60],
        c=pa.array([True, False, True]),
        d=pa.array([0.5, 0.5, 2]).dictionary_encode(),
        e=pa.array([1, 2, 3], pa.decimal128(9, 2)),
        note=["not", "read", None],
    )
    examples = read(path, id_column="name", feature_columns=["a", "b", "c", "d", "e"])
    assert examples.class_names.tolist() == ["blue", "red"]
    assert examples.y.tolist() == [1, 0, -1] and examples.ids == ["10", "11", "12"]
    x = examples.load(ALL)
    assert x.dtype == np.float32
    expected = [[-2, 1.5, 1, 0.5, 1], [0, 1000, 0, 0.5, 2], [2**60, 7, 1, 2, 3]]
    np.testing.assert_array_equal(x, expected)


def test_classes_have_the_names_that_a_file_gives_their_numbers(tmp_path):
    """As the library `datasets` writes them."""
    features = {"kind": {"names": ["war", "oil", "cup"], "_type": "ClassLabel"}}
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"kind": [2, 0, 2], "a": [1.0, 2, 3]}).replace_schema_metadata(about)
    path = tmp_path / "a.parquet"
    parquet.write_table(table, path)
    examples = read(path)
    assert examples.class_names.tolist() == ["war", "cup"] and examples.y.tolist() == [1, 0, 1]
    mine = read(path, class_names=["w", "o", "c"])
    assert mine.class_names.tolist() == ["w", "o", "c"] and mine.y.tolist() == [2, 0, 2]


LISTS = {
    "of any length": pa.list_(pa.float32()),
    "of one length": pa.list_(pa.float64(), 2),
    "large": pa.large_list(pa.float16()),
    "of whole numbers": pa.list_(pa.int8()),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("named", [{}, {"feature_columns": ["embedding"]}])
def test_a_column_of_lists_has_all_features(tmp_path, monkeypatch, name, named):
    monkeypatch.setattr(parquet_rows, "_ROWS", 2)
    lists = pa.array([[1, 2], [3, 4], [5, 6]], LISTS[name])
    path = write(tmp_path / "a.parquet", kind=[3, -1, 20], embedding=lists)
    examples = read(path, **named)
    assert examples.class_names.tolist() == ["3", "20"] and examples.y.tolist() == [0, -1, 1]
    assert examples.ids == ["1", "2", "3"]
    x = examples.load(ALL)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, [[1, 2], [3, 4], [5, 6]])


def test_an_index_of_pandas_is_no_feature_and_may_be_ids(tmp_path):
    """It numbers rows, perhaps class after class."""
    frame = pd.DataFrame({"kind": ["x", "y"], "a": [1.0, 2.0]}, index=[7, 8])
    frame.to_parquet(tmp_path / "a.parquet")
    np.testing.assert_array_equal(read(tmp_path / "a.parquet").load(ALL[:2]), [[1], [2]])
    frame.rename_axis("name").to_parquet(tmp_path / "a.parquet")
    examples = read(tmp_path / "a.parquet", id_column="name")
    assert examples.ids == ["7", "8"]
    np.testing.assert_array_equal(examples.load(ALL[:2]), [[1], [2]])


def test_unlabeled_rows_and_class_names_are_as_of_a_csv_file(tmp_path):
    path = write(tmp_path / "a.parquet", b=[1, 3], kind=["red", "blue"], a=[2, 4])
    more = write(tmp_path / "u.parquet", a=[6.0], b=[5.0], note=["new"])
    examples = read(path, unlabeled=str(more), class_names=["red", "blue"])
    assert examples.y.tolist() == [0, 1, -1] and examples.ids == ["1", "2", "u.parquet:1"]
    np.testing.assert_array_equal(examples.load(ALL), [[1, 2], [3, 4], [5, 6]])
    more = write(tmp_path / "u.parquet", a=[6.0], b=[5.0], kind=["red"])
    with pytest.raises(DatasetError, match=r"Expected no column 'kind' \(label_column\)"):
        read(path, unlabeled=str(more))


def test_a_test_file_has_the_same_features(tmp_path):
    train = write(tmp_path / "a.parquet", kind=[0, 1, 0], a=[1.0, 2, 3], b=[4.0, 5, 6])
    test = write(tmp_path / "t.parquet", a=[7.0, 8], b=[9.0, 9], kind=[1, 0])
    settings = {"kind": "vectors", "source": "parquet", "label_column": "kind"}
    settings |= {"path": str(train), "test_path": str(test)}
    names = ("examples.npy", "labels.npy", "classes.json", "ids.json", "found.json", "test.npy")
    outputs = [tmp_path / name for name in names]
    # Its labels would be read with all else: it is looked at when it is prepared.
    assert datasets.count_classes(settings, "d", kinds.read) is None
    datasets.prepare(train, "d", settings, kinds.read, for_duplicates, *outputs)
    np.testing.assert_array_equal(np.load(outputs[0])[3:], [[7, 9], [8, 9]])
    assert np.load(outputs[1]).tolist() == [0, 1, 0, TEST, TEST]
    assert np.load(outputs[5]).tolist() == [1, 0]
    write(test, b=[9.0, 9], a=[7.0, 8], kind=[1, 0])
    with pytest.raises(DatasetError, match="Expected the columns of .*, in their order .a, b."):
        datasets.prepare(train, "d", settings, kinds.read, for_duplicates, *outputs)


KIND = {"kind": ["x", "y"]}
WRONG = {
    "a number that is none": (
        KIND | {"a": [1, np.nan]},
        {},
        "Expected finite numbers of up to 3.4e+38. Received nan in row 2, feature 'a', and 0 more",
    ),
    "a number in a list that is none": (
        KIND | {"v": [[1, 2], [-np.inf, 3]]},
        {},
        "Received -inf in row 2, feature 'v[0]', and 0 more",
    ),
    "a number beyond float32": (KIND | {"a": [1, 1e39]}, {}, "Received inf in row 2, feature 'a'"),
    "no number": (
        KIND | {"a": [1, None]},
        {},
        "Expected numbers as features. Received nothing in data row 2, column 'a'.",
    ),
    "no list": (KIND | {"v": [[1.0], None]}, {}, "Received nothing in data row 2, column 'v'."),
    "no number in a list": (
        KIND | {"v": [[1.0, 2.0], [3.0, None]]},
        {},
        "Received nothing in data row 2, column 'v', at position 1.",
    ),
    "ragged lists": (
        KIND | {"v": [[1.0, 2.0], [3.0]]},
        {},
        "Expected lists of one length in column 'v', 2 numbers as in data row 1. Received 1 in "
        "data row 2.",
    ),
    "empty lists": (KIND | {"v": pa.array([[], []], pa.list_(pa.float32()))}, {}, "Received empty"),
    "texts": (
        KIND | {"a": [1, 2], "note": ["red", "7"]},
        {},
        "Expected numbers as features, or one column of lists of them. Received string in column "
        "'note'. Leave it out, or name the columns of features (feature_columns of the dataset).",
    ),
    "lists of lists": (
        KIND | {"v": [[[1]], [[2]]]},
        {},
        "Received list<element: list<element: int64>> in column 'v'",
    ),
    "lists beside numbers": (
        KIND | {"v": [[1], [2]], "a": [1, 2]},
        {},
        "Received lists in column 'v', and column 'a' beside it. Name those of one kind "
        "(feature_columns: [v])",
    ),
    "two columns of lists": (
        KIND | {"v": [[1], [2]], "w": [[1], [2]]},
        {},
        "Received lists in column 'v', and column 'w' beside it.",
    ),
    "no features": (KIND, {}, "Expected columns of numbers beside kind. Received none"),
    "no such feature": (
        KIND | {"a": [1, 2]},
        {"feature_columns": ["b"]},
        "Expected the column 'b' of a feature. Received the columns: kind, a.",
    ),
    "no such label": (
        {"a": [1, 2]},
        {},
        "Expected the column 'kind' (label_column). Received the columns: a.",
    ),
    "no such id": (KIND | {"a": [1, 2]}, {"id_column": "b"}, "Expected the column 'b' (id_column)"),
    "measured labels": (
        {"kind": [1.0, 2.5], "a": [1, 2]},
        {},
        "Expected classes in column 'kind' (label_column): names or whole numbers. Received 1.0 in "
        "data row 1. If they are classes, write them as whole numbers",
    ),
    "labels that are none": (
        {"kind": [["x"], ["y"]], "a": [1, 2]},
        {},
        "Expected a name or a whole number in column 'kind' (label_column). Received ['x'] in data",
    ),
    "no rows": (
        {"kind": pa.array([], pa.string()), "a": pa.array([], pa.float32())},
        {},
        "Expected a row per example. Received none.",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_table_of_vectors(tmp_path, name):
    columns, settings, message = WRONG[name]
    path = write(tmp_path / "a.parquet", **columns)
    with pytest.raises(DatasetError, match=re.escape(message)) as caught:
        read(path, **settings)
    assert str(caught.value).startswith(f"{path}: Expected ")


def test_rows_are_counted_over_all_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_rows, "_ROWS", 2)
    labels = ["x"] * 4
    path = write(tmp_path / "a.parquet", kind=labels, v=[[1], [2], [3], [4, 5]])
    with pytest.raises(DatasetError, match="Received 2 in data row 4."):
        read(path)
    write(path, kind=labels, v=[[1], [2], [3], [None]])
    with pytest.raises(DatasetError, match="nothing in data row 4, column 'v', at position 0"):
        read(path)
    write(path, kind=labels, a=[1, 2, 3, None])
    with pytest.raises(DatasetError, match="nothing in data row 4, column 'a'."):
        read(path)


def test_another_file_is_named_and_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_text("kind,a\nx,1\n")
    with pytest.raises(DatasetError, match="a.parquet: Expected a Parquet file. Received a file"):
        read(tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DatasetError, match="Install it: uv sync --extra parquet"):
        read(tmp_path / "a.parquet")
