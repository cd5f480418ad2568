"""New vectors through a deployed model: the numbers of the study, whatever they come in."""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from self_training.data import new_examples
from self_training.deployment import how_to_load, labels, model, model_card, networks, predict
from self_training.errors import DatasetError, StudyError
from self_training.study import kinds
from self_training.training import framework, job
from self_training.vector import streams
from self_training.vector.named import by_name
from test_deployed_model import make_model
from test_vectors import NO_NOISE, WINE, X, run, settings

NEW = np.arange(1, len(X), 2)
NAMES = list(WINE.target_names)
COLUMNS = list(WINE.feature_names)
FEATURES = len(COLUMNS)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """A study's networks of two members, deployed, and what the study itself predicts of NEW."""
    folder = tmp_path_factory.mktemp("deployed")
    np.save(folder / "examples.npy", X)
    noise = NO_NOISE | {"dropout": 0.3}
    runs = [run(identity={"study": 1, "part": "final", "member": member}) for member in (0, 1)]
    with pytest.MonkeyPatch.context() as patch:
        # Other tests of this process have started it.
        patch.setattr(framework, "start_framework", lambda threads: None)
        (trained,), _ = job.train_batch(
            [runs],
            folder / "examples.npy",
            len(NAMES),
            asdict(settings(noise=noise)),
            [folder / "model"],
            pools=[run().examples],
        )
    made = make_model(
        folder / "unused",
        kind="vectors",
        classes=NAMES,
        shape=[FEATURES],
        reading={"feature_columns": COLUMNS, "id_column": "name"},
        temperature=1.5,
    )
    members = [model.member(folder / "model", f"member_{index}.keras") for index in (0, 1)]
    model.save(folder / "model", replace(made, members=members))
    return folder / "model", np.stack([one.probabilities["evaluation"] for one in trained])


@pytest.fixture()
def predicted(deployed, tmp_path, monkeypatch):
    """A function that predicts paths, and returns the table as text."""
    monkeypatch.setattr(framework, "start_framework", lambda threads: None)

    def predicted(*paths, reading=None):
        folder = deployed[0]
        if reading is not None:
            monkeypatch.setattr(
                predict, "load", lambda folder: replace(model.load(folder), reading=reading)
            )
        predict.predict(folder, [str(path) for path in paths], tmp_path / "out.csv")
        return pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)

    return predicted


@pytest.fixture()
def expected(deployed):
    """The table that the study's own probabilities give, as it is written, without ids."""
    folder, probabilities = deployed
    table = labels.table([""] * len(NEW), probabilities, model.load(folder))
    return pd.DataFrame({name: table[name].astype(str) for name in table}).drop(columns="id")


def archive(path, x=X[NEW], **others):
    np.savez(path, x=x, **others)
    return path


def write_csv(path, x=X[NEW], names=COLUMNS, **columns):
    pd.DataFrame(columns | dict(zip(names, x.T, strict=True))).to_csv(path, index=False)
    return path


def assert_same(found, expected):
    pd.testing.assert_frame_equal(found[list(expected)], expected)


def test_a_deployed_model_of_vectors_predicts_what_the_study_does_to_the_last_bit(
    deployed, monkeypatch
):
    folder, study = deployed
    monkeypatch.setattr(framework, "start_framework", lambda threads: None)
    loaded = model.load(folder)
    members = networks.load_networks(folder, loaded)
    found = networks.predict_members(members, X[NEW], loaded)
    assert study.shape == (2, len(NEW), 3) and (study[0] != study[1]).any()
    np.testing.assert_array_equal(found, study)
    # Plain Keras, which is given the vectors as they are: the networks scale them.
    plain = np.stack([network.predict(X[NEW], verbose=0) for network in members])
    np.testing.assert_allclose(plain, found, atol=1e-6)
    assert (found.mean(axis=0).argmax(axis=1) == WINE.target[NEW]).mean() > 0.9


def test_vectors_of_an_archive(predicted, expected, tmp_path):
    found = predicted(archive(tmp_path / "new.npz", y=WINE.target[NEW]))
    assert_same(found, expected)
    assert list(found) == ["id", *expected] and list(found["id"]) == [*map(str, range(len(NEW)))]


@pytest.mark.parametrize("dtype", ["float64", ">f4", "fortran"])
def test_any_numbers_that_are_those_of_the_study(predicted, expected, tmp_path, dtype):
    """In other bytes, or column by column, as pandas gives them."""
    x = np.asfortranarray(X[NEW]) if dtype == "fortran" else X[NEW].astype(dtype)
    assert_same(predicted(archive(tmp_path / "new.npz", x)), expected)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float16])
def test_whole_numbers_and_short_ones_are_numbers(predicted, tmp_path, dtype):
    """A network that has learned from float32 is given them as such: nothing is divided by 255."""
    x = np.clip(X[NEW], 0, 250).astype(dtype)
    found = predicted(archive(tmp_path / "new.npz", x))
    assert_same(found, predicted(archive(tmp_path / "same.npz", x.astype(np.float32))))


@pytest.mark.parametrize("order", ["C", "F"])
def test_vectors_are_read_some_at_a_time(predicted, expected, tmp_path, monkeypatch, order):
    monkeypatch.setattr(predict, "CHUNK_NUMBERS", 1)
    read = []
    monkeypatch.setattr(
        predict,
        "predict_members",
        lambda members, x, made: read.append(len(x)) or networks.predict_members(members, x, made),
    )
    twice = np.concatenate([X[NEW], X[NEW]])
    both = pd.concat([expected, expected], ignore_index=True)
    found = predicted(archive(tmp_path / "new.npz", np.asarray(twice, order=order)))
    assert_same(found, both)
    assert list(found["id"]) == [*map(str, range(len(twice)))]
    in_csv = predicted(write_csv(tmp_path / "new.csv", twice))
    assert_same(in_csv, both)
    assert list(in_csv["id"]) == [str(row) for row in range(1, len(twice) + 1)]
    assert read == [128, len(twice) - 128] * 2


def test_memory_does_not_grow_with_rows_of_few_features(deployed, tmp_path, monkeypatch):
    """Of one feature, as many rows would fit as numbers."""
    sizes = []
    opened = streams.open_path

    def watched(*arguments):
        stream = opened(*arguments)
        return stream._replace(chunks=lambda size: sizes.append(size) or stream.chunks(size))

    monkeypatch.setattr(streams, "open_path", watched)
    monkeypatch.setattr(framework, "start_framework", lambda threads: None)
    path = archive(tmp_path / "new.npz")
    predict.predict(deployed[0], [str(path)], tmp_path / "out.csv")
    assert sizes == [2**16]


def test_features_are_found_by_the_names_that_the_study_knew(predicted, expected, tmp_path):
    """In whatever order they stand, and beside other columns, which are kept."""
    ids = [f"bottle {row}" for row in range(len(NEW))]
    others = {"name": ids, "note": ["a, b", *[""] * (len(NEW) - 1)], "year": [1990] * len(NEW)}
    path = write_csv(tmp_path / "new.csv", **others)
    table = pd.read_csv(path)
    table[table.columns[::-1]].to_csv(path, index=False)
    found = predicted(path)
    assert_same(found, expected)
    assert list(found["id"]) == ids
    assert list(found)[-2:] == ["year", "note"] and found["note"][0] == "a, b"
    assert set(found["year"]) == {"1990"}


def test_features_without_names_are_all_columns_but_ids(predicted, expected, tmp_path):
    """As of a study of an archive."""
    ids = [f"bottle {row}" for row in range(len(NEW))]
    names = [f"feature {index}" for index in range(FEATURES)]
    path = write_csv(tmp_path / "new.csv", names=names, id=ids)
    found = predicted(path, reading={})
    assert_same(found, expected)
    assert list(found["id"]) == ids and list(found) == ["id", *expected]


def write_parquet(path, **columns):
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    parquet.write_table(table, path, row_group_size=20)
    return path


def test_features_in_columns_of_a_parquet_file_are_found_by_name(predicted, expected, tmp_path):
    ids = [f"bottle {row}" for row in range(len(NEW))]
    numbers = dict(zip(COLUMNS[::-1], X[NEW].T[::-1], strict=True))
    others = {"year": [1990, *[None] * (len(NEW) - 1)], "name": ids}
    found = predicted(write_parquet(tmp_path / "new.parquet", **others, **numbers))
    assert_same(found, expected)
    assert list(found["id"]) == ids and list(found) == ["id", *expected, "year"]
    assert found["year"].tolist()[:2] == ["1990", ""]


@pytest.mark.parametrize("reading", [{"feature_columns": ["embedding"]}, {}])
def test_a_column_of_lists_is_predicted_some_rows_at_a_time(
    predicted, expected, tmp_path, monkeypatch, reading
):
    """Whether the study knew its name, or none."""
    monkeypatch.setattr(predict, "CHUNK_NUMBERS", 1)
    twice = np.concatenate([X[NEW], X[NEW]])
    path = write_parquet(tmp_path / "new.parquet", embedding=twice.tolist())
    found = predicted(path, reading=reading)
    assert_same(found, pd.concat([expected, expected], ignore_index=True))
    assert list(found["id"]) == [str(row) for row in range(1, len(twice) + 1)]


@pytest.mark.parametrize(
    ("columns", "reading", "message"),
    [
        ({"alcohol": X[NEW, 0]}, None, "Expected the 13 feature columns of the study. Missing: m"),
        ({"a": X[NEW, 0]}, {}, "Expected 13 columns of features beside 'id', .* Received 1."),
        ({"a": [[1.0, 2.0]]}, {}, "Expected lists of 13 numbers in column 'a', .* Received 2."),
        (
            {"a": [*np.ones((200, FEATURES)).tolist(), [1.0]]},
            {},
            "Expected lists of one length in column 'a', 13 numbers as in .* Received 1 in data row"
            " 201.",
        ),
        (
            {"a": [*np.ones((200, FEATURES)).tolist(), [np.inf] * FEATURES]},
            {},
            "Received inf in row 201, feature 'a.0.', and 12 more",
        ),
        ({"a": X[NEW, 0]}, {"feature_columns": ["a"]}, "Expected lists of 13 numbers in column"),
        ({"a": np.ones((0, 3)).tolist()}, {}, "Expected numbers as features, .*null in column 'a'"),
    ],
)
def test_a_parquet_file_of_other_vectors_is_an_error(
    predicted, tmp_path, columns, reading, message
):
    (tmp_path / "in").mkdir()
    with pytest.raises(DatasetError, match=message):
        predicted(write_parquet(tmp_path / "in/x.parquet", **columns), reading=reading)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_table_without_lists_is_none_of_a_study_that_had_them(predicted, tmp_path):
    path = write_csv(tmp_path / "x.csv", X[NEW, :1], ["embedding"])
    with pytest.raises(DatasetError, match="Expected lists of 13 numbers in column 'embedding'"):
        predicted(path, reading={"feature_columns": ["embedding"]})


def text_file(path, text):
    path.write_text(text)
    return path


HEADER = ",".join(COLUMNS)
ROW = ",".join(["7"] * FEATURES)


def too_late(folder, made):
    raise AssertionError("a network is loaded")


CASES = {
    "a folder": (
        lambda t: (t / "x").mkdir() or t / "x",
        "x: Expected a file that ends in .npz, .csv, .parquet. Received a folder.",
    ),
    "an image": (
        lambda t: text_file(t / "x.png", ""),
        "x.png: Expected a file that ends in .npz, .csv, .parquet. Received '.png'",
    ),
    "text": (
        lambda t: text_file(t / "x.jsonl", ""),
        "x.jsonl: Expected vectors, as this is a model of vectors. Received a .jsonl file, which",
    ),
    "no such path": (lambda t: t / "x", "x: Expected an existing file or folder"),
    "an archive of images": (
        lambda t: archive(t / "x.npz", np.zeros((5, 8, 8, 1), np.uint8)),
        "x.npz: Expected x as numbers of shape (vectors, features), as this is a model of vectors. "
        "Received uint8 of shape (5, 8, 8, 1).",
    ),
    "an archive of one vector that is no row": (
        lambda t: archive(t / "x.npz", X[0]),
        "Received float32 of shape (13,).",
    ),
    "an archive of texts": (
        lambda t: archive(t / "x.npz", np.full((2, FEATURES), "a")),
        "x.npz: Expected x as numbers of shape (vectors, features)",
    ),
    "an archive of objects": (
        lambda t: archive(t / "x.npz", X[NEW].astype(object)),
        "Received object of shape",
    ),
    "an archive of fewer features": (
        lambda t: archive(t / "x.npz", X[NEW, 1:]),
        "x.npz: Expected vectors of 13 features, as the model was trained on. Received 12.",
    ),
    "an archive without vectors": (
        lambda t: archive(t / "x.npz", X[:0]),
        "x.npz: Expected vectors in x. Received none.",
    ),
    "an archive that is none": (
        lambda t: text_file(t / "x.npz", "none"),
        "x.npz: Expected a NumPy archive (.npz) with x. Received a file that cannot be read as one",
    ),
    "a table without a feature": (
        lambda t: write_csv(t / "x.csv", X[NEW, 1:], COLUMNS[1:]),
        "x.csv: Expected the 13 feature columns of the study. Missing: alcohol.",
    ),
    "a table of two columns of a name": (
        lambda t: text_file(t / "x.csv", f"alcohol,{HEADER}\n7,{ROW}\n"),
        "x.csv: Expected columns of different names. Received 'alcohol' more than once",
    ),
}
LATER = {
    "a number that is not finite in an archive": (
        lambda t: archive(t / "x.npz", np.where(np.arange(FEATURES) == 3, np.nan, X[NEW])),
        "x.npz: Expected finite numbers of up to 3.4e+38. Received nan in row 0, feature '3', and",
    ),
    "a number that float32 does not have": (
        lambda t: archive(t / "x.npz", X[NEW].astype(float) * 1e38),
        "x.npz: Expected finite numbers of up to 3.4e+38. Received",
    ),
    "an infinite short number": (
        lambda t: archive(t / "x.npz", np.full((2, FEATURES), np.inf, np.float16)),
        "x.npz: Expected finite numbers of up to 3.4e+38. Received inf in row 0, feature '0', and",
    ),
    "a number that is not finite in a table": (
        lambda t: text_file(t / "x.csv", f"{HEADER}\n" + f"{ROW}\n" * 200 + f"inf{ROW[1:]}\n"),
        "Received inf in row 201, feature 'alcohol', and 0 more",
    ),
    "a word in the place of a number": (
        lambda t: text_file(t / "x.csv", f"{HEADER}\n" + f"{ROW}\n" * 200 + f"red{ROW[1:]}\n"),
        "x.csv: Expected numbers as features. Received 'red' in data row 201, column 'alcohol'",
    ),
    "no number": (
        lambda t: text_file(t / "x.csv", f"{HEADER}\n{ROW[1:]}\n"),
        "x.csv: Expected numbers as features. Received nothing in data row 1, column 'alcohol'",
    ),
    "a table without rows": (
        lambda t: text_file(t / "x.csv", f"{HEADER}\n"),
        "x.csv: Expected a row per vector under the header. Received none.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_file_of_no_such_vectors_is_an_error_before_a_network_is_loaded(
    predicted, tmp_path, case, monkeypatch
):
    monkeypatch.setattr(predict, "load_networks", too_late)
    make, message = CASES[case]
    (tmp_path / "in").mkdir()
    path = make(tmp_path / "in")
    with pytest.raises(StudyError, match=re.escape(message)):
        predicted(path)


@pytest.mark.parametrize("case", LATER)
def test_a_vector_that_is_none_is_an_error_and_nothing_is_written(
    predicted, tmp_path, case, monkeypatch
):
    monkeypatch.setattr(predict, "CHUNK_NUMBERS", 1)
    make, message = LATER[case]
    (tmp_path / "in").mkdir()
    path = make(tmp_path / "in")
    with pytest.raises(StudyError, match=re.escape(message)):
        predicted(path)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_columns_without_names_must_be_as_many_as_features(predicted, tmp_path):
    path = write_csv(tmp_path / "x.csv", note=["a"] * len(NEW))
    with pytest.raises(DatasetError, match="Expected 13 columns of features beside 'id', .* 14"):
        predicted(path, reading={})


# What a study says of vectors.


def test_a_study_of_a_csv_file_knows_its_features_by_name(tmp_path):
    (tmp_path / "a.csv").write_text("name,b,kind,a,note\nx,1.5,red,-2,hm\n")
    source = {"kind": "vectors", "source": "csv", "path": str(tmp_path / "a.csv")}
    source |= {"label_column": "kind", "id_column": "name"}
    assert streams.reading(source | {"feature_columns": ["a", "b"]}) == {
        "feature_columns": ["a", "b"],
        "id_column": "name",
    }
    expected = {"feature_columns": ["name", "b", "a", "note"]}
    del source["id_column"]
    assert streams.reading(source) == expected
    assert streams.reading({"kind": "vectors", "source": "npz", "path": "a.npz"}) == {}


def test_a_study_of_a_parquet_file_knows_its_column_of_lists(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", embedding=[[1.0, 2.0]], kind=["red"])
    source = {"kind": "vectors", "source": "parquet", "path": path, "label_column": "kind"}
    assert streams.reading(source) == {"feature_columns": ["embedding"]}


def test_a_vector_is_shown_by_the_names_of_its_features():
    vector = np.array([0.1, 3e20], np.float32)
    assert by_name(vector, "x", {}, {"feature_columns": ["a", "b"]}) == {"a": 0.1, "b": 3e20}
    assert list(by_name(vector, "x", {}, {"feature_columns": ["embedding"]})) == ["0", "1"]
    shown = by_name(vector, "x", {}, {})
    assert shown == {"0": 0.1, "1": 3e20} and json.loads(json.dumps(shown)) == shown
    assert np.float32(shown["0"]) == vector[0]


def test_the_card_speaks_of_vectors(deployed):
    made = model.load(deployed[0])
    said = "\n".join([*how_to_load.lines(made), *model_card._use(made)])
    assert (
        'np.zeros((1, 13), "float32")  # Your vectors, as the study had them: not scaled.' in said
    )
    assert "To label vectors like those of d," in said
    assert "- other features, or features in another order or other units, than those" in said
    assert "A vector of none of these gets" in said
    assert "image" not in said and "pixel" not in said


def test_every_kind_says_which_files_may_be_named():
    assert set(new_examples.NAMED) == set(kinds.KINDS)
