"""Vectors: how they are read, scaled, noised, penalized and trained on."""

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from conftest import ROOT, tiny_config
from self_training import dotted_paths
from self_training.data import datasets, pool
from self_training.data.split import Split, save_split
from self_training.errors import ConfigError, DatasetError
from self_training.study import checks, kinds, names
from self_training.study.plan import Plan
from self_training.training import framework, job
from self_training.training.one_by_one import OneByOneTrainer
from self_training.training.runs import Run, TrainingSettings
from self_training.vector import noise
from self_training.vector.constant import check_varied
from self_training.vector.features import features, for_duplicates
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression

WINE = load_wine()
X, Y = WINE.data.astype(np.float32), WINE.target.astype(np.int32)
NO_NOISE = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0, "survival": 1}


def settings(**changes) -> TrainingSettings:
    defaults = {
        "backbone": names.BACKBONES["linear"], "epochs": None, "steps": 100, "batch_size": 32,
        "learning_rate": 0.01, "scaling": "standardize", "l2": 0, "weight_decay": 0, "warmup": 0,
        "decay": "none", "ema": 0, "loss": "per_example", "unlabeled_ratio": None,
        "distillation": 1, "label_smoothing": 0, "noise": NO_NOISE, "threads": 1,
    }  # fmt: skip
    return TrainingSettings(**defaults | changes)


def run(indices=None, seed=0, **changes) -> Run:
    indices = np.arange(0, len(Y), 2) if indices is None else indices
    asked = {"evaluation": np.arange(1, len(Y), 2)}
    some = Run(
        {"study": seed, "part": "final"}, indices, Y[indices], asked, pool=pool.describe(X, indices)
    )
    return replace(some, **changes)


def train(some_run, x=X, **changes):
    trainer = OneByOneTrainer(x, 3, settings(**changes), some_run)
    return trainer, trainer.train(some_run).probabilities["evaluation"]


# Sources.


def test_an_archive_of_numbers_is_read_as_they_are(tmp_path):
    x = np.array([[1.5, -2], [0, 1e30], [7, 8]])
    np.savez(tmp_path / "a.npz", x=x, y=np.array([0, 1, -1]), class_names=np.array(["a", "b"]))
    examples = kinds.read(tmp_path / "a.npz", {"kind": "vectors", "source": "npz"})
    loaded = examples.load(np.array([0, 2]))
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, [[1.5, -2], [7, 8]])
    assert examples.y.tolist() == [0, 1, -1]
    assert list(examples.ids) == ["0", "1", "2"]


CSV = "name,b,kind,a,note\nx,1.5,red,-2,hm\ny,1e3,blue,0,\nz,7,,8,so\n"


def test_a_csv_file_of_numbers_has_features_in_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    source = {"kind": "vectors", "source": "csv", "label_column": "kind", "id_column": "name"}
    source |= {"path": str(path), "feature_columns": ["a", "b"]}
    examples = kinds.read(path, source)
    assert examples.class_names.tolist() == ["blue", "red"]
    assert examples.y.tolist() == [1, 0, -1] and examples.ids == ["x", "y", "z"]
    np.testing.assert_array_equal(examples.load(np.arange(3)), [[-2, 1.5], [0, 1000], [8, 7]])


def test_unlabeled_rows_lie_in_a_file_of_their_own(tmp_path):
    (tmp_path / "a.csv").write_text("b,kind,a\n1,red,2\n3,blue,4\n")
    # Columns are known by their headers.
    (tmp_path / "u.csv").write_text("a,b\n6,5\n")
    source = {"kind": "vectors", "source": "csv", "label_column": "kind"}
    source |= {"path": str(tmp_path / "a.csv"), "unlabeled": str(tmp_path / "u.csv")}
    examples = kinds.read(tmp_path / "a.csv", source)
    assert examples.y.tolist() == [1, 0, -1]
    np.testing.assert_array_equal(examples.load(np.arange(3)), [[1, 2], [3, 4], [5, 6]])


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("a,kind\n1,x\nnan,y\n", None, "Received nan in row 2, feature 'a', and 0 more"),
        ("a,kind\n1,x\n1e39,y\n", None, "Received inf in row 2, feature 'a'"),
        ("a,kind\n1,x\n,y\n", None, "Expected numbers as features. Received nothing in data"),
        ("a,kind\n1,x\nred,y\n", None, "Received 'red' in data row 2, column 'a'"),
        (
            "a,b,kind\n1,2,x\n3,y\n",
            None,
            "Expected 3 values in every row. Received 2 in data",
        ),
        ("kind\nx\ny\n", None, "Expected columns of numbers beside kind. Received none"),
        ("a,kind\n1,x\n", ["c"], "Expected the column 'c' of a feature. Received the columns: a"),
        ("a,kind\n1,x\n", ["a", "kind"], "Expected features other than 'kind', which is the label"),
        ("a,a,kind\n1,2,x\n", None, "Expected every column of a feature once. Received 'a' twice"),
        ("a,kind\n", None, "Expected a row per example under the header. Received none"),
        (
            "a,kind\n1,x\n\xff,y\n",
            None,
            "Expected UTF-8. Received the byte 0xff in line 3, which is none there. Save the file",
        ),
        ("\xe9,kind\n1,x\n", None, "Expected UTF-8. Received the byte 0xe9 in line 1"),
        (
            "a,kind\n1,0\n2,0.5\n",
            None,
            "Expected classes in column 'kind' (label_column): names or whole numbers. Received 0.5"
            " in data row 2. If they are classes",
        ),
        (
            f"a,kind\n1,x\n{'x' * 10**7},y\n",
            None,
            f"Expected numbers as features. Received '{'x' * 40}",
        ),
        (f"a,kind\n1,x\n{'7' * 10**7},y\n", None, "Received inf in row 2, feature 'a'"),
        (
            f"a,kind\n1,x\n1,{'y' * 10**7}\n",
            None,
            "Expected labels of at most 1,000 characters in column 'kind' (label_column). Received "
            "10,000,000 in data row 2.",
        ),
    ],
)
def test_what_is_no_table_of_numbers(tmp_path, text, columns, message):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode("latin-1"))
    source = {"kind": "vectors", "source": "csv", "label_column": "kind", "path": str(path)}
    source |= {"feature_columns": columns} if columns else {}
    with pytest.raises(DatasetError, match=re.escape(message)) as caught:
        kinds.read(path, source)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 8, 8, 1)), "as kind is vectors. Received float64 of shape (2, 8, 8, 1)"),
        (np.array([["a"], ["b"]]), "Expected x as numbers of shape (examples, features)"),
        (np.array([[1, np.inf], [2, np.nan]]), "Received inf in row 0, feature '1', and 1 more"),
        (np.zeros((2, 0)), "Expected features in x. Received x of shape (2, 0)"),
        (np.zeros((3, 2)), "Received 2 labels and 3 vectors"),
    ],
)
def test_what_is_no_archive_of_vectors(tmp_path, x, message):
    path = tmp_path / "a.npz"
    np.savez(path, x=x, y=np.array([0, 1]), class_names=np.array(["a", "b"]))
    examples = kinds.read(path, {"kind": "vectors", "source": "npz"})
    with pytest.raises(DatasetError, match=re.escape(message)):
        examples.load(np.arange(2))


@pytest.mark.parametrize(
    ("x", "hint"),
    [
        (np.zeros((2, 8, 8, 1)), "Pixels are whole numbers from 0 to 255; of numbers from 0 to 1,"),
        (np.zeros((2, 8, 8), np.uint8), r"Gray images have one channel: x\[..., None\]"),
        (np.zeros((2, 64)), "Vectors are of kind: vectors"),
    ],
)
def test_images_as_floats_and_vectors_as_images_are_told_apart(tmp_path, x, hint):
    path = tmp_path / "a.npz"
    np.savez(path, x=x, y=np.array([0, 1]), class_names=np.array(["a", "b"]))
    with pytest.raises(DatasetError, match="Expected x as uint8 of shape .examples, hei.*" + hint):
        kinds.read(path, {"source": "npz"}).load(np.arange(2))


def test_measured_numbers_are_no_labels_of_an_archive(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros((2, 3)), y=np.array([0.5, 1]), class_names=np.array(["a", "b"]))
    with pytest.raises(DatasetError, match="Expected y as integers.* Received float64.*is no clas"):
        kinds.read(path, {"kind": "vectors", "source": "npz"})


@pytest.mark.parametrize("name", ["wine", "breast_cancer", "digits", "iris"])
def test_tables_come_with_scikit_learn(name):
    examples = kinds.read(None, {"kind": "vectors", "source": "sklearn", "name": name})
    x = examples.load(np.arange(len(examples.y)))
    assert x.ndim == 2 and x.dtype == np.float32 and len(x) == len(examples.y) > 100
    assert len(set(examples.y.tolist())) == len(examples.class_names)


def test_a_file_of_other_features_is_named(tmp_path):
    y, class_names = np.array([0, 1]), np.array(["a", "b"])
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 4)), y=y, class_names=class_names)
    np.savez(tmp_path / "u.npz", x=np.zeros((3, 5)))
    source = {"kind": "vectors", "source": "npz", "unlabeled": str(tmp_path / "u.npz")}
    examples = kinds.read(tmp_path / "a.npz", source)
    with pytest.raises(DatasetError, match="of 4. Received 5. These are numbers of features"):
        examples.load(np.arange(5))


# Features of one value.


def prepare(tmp_path, settings, checks=(check_varied,)):
    names = ("examples.npy", "labels.npy", "classes.json", "ids.json", "found.json", "test.npy")
    outputs = [tmp_path / name for name in names]
    path = settings["path"]
    datasets.prepare(path, "d", settings, kinds.read, for_duplicates, *outputs, checks=checks)
    return np.load(outputs[0])


def test_a_column_of_one_value_is_an_error_where_it_is_to_be_standardized(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("b,kind,a,note\n1,red,2,7\n3,blue,2,7\n1,red,2,7\n")
    table = {"kind": "vectors", "source": "csv", "label_column": "kind", "path": str(path)}
    message = (
        f"{path}: Expected features of more than one value, as training.scaling is standardize. "
        "Received 2 of 3 that have one value in all 3 examples: 'a' (2), 'note' (7). Leave them "
        "out: name the other columns in feature_columns. Or set training.scaling: none."
    )
    with pytest.raises(DatasetError, match=re.escape(message)):
        prepare(tmp_path, table)
    assert prepare(tmp_path, table, ()).shape == (3, 3)
    assert prepare(tmp_path, table | {"feature_columns": ["b"]}).shape == (3, 1)
    # What varies in test examples alone is constant wherever something is trained.
    (tmp_path / "t.csv").write_text("b,kind,a,note\n1,red,5,7\n3,blue,6,7\n")
    with pytest.raises(DatasetError, match="all 3 examples: 'a' .2., 'note' .7.. Leave"):
        prepare(tmp_path, table | {"test_path": str(tmp_path / "t.csv")})
    # And what is constant in test examples alone is none.
    path.write_text("b,kind,a,note\n1,red,2,7\n3,blue,3,8\n")
    (tmp_path / "t.csv").write_text("b,kind,a,note\n1,red,2,7\n1,blue,2,7\n")
    assert prepare(tmp_path, table | {"test_path": str(tmp_path / "t.csv")}).shape == (4, 3)
    (tmp_path / "u.csv").write_text("b,a,note\n1,2,7\n")
    path.write_text("b,kind,a,note\n1,red,2,6\n3,blue,2,7\n")
    with pytest.raises(DatasetError, match="Received 1 of 3 .* in all 3 examples: 'a'"):
        prepare(tmp_path, table | {"unlabeled": str(tmp_path / "u.csv")})
    (tmp_path / "u.csv").write_text("b,a,note\n1,4,7\n")
    assert prepare(tmp_path, table | {"unlabeled": str(tmp_path / "u.csv")}).shape == (3, 3)


def test_a_position_of_one_value_is_told_in_the_log(tmp_path, caplog):
    """Such as a pixel that is always white: no key could leave it out."""
    path = tmp_path / "a.npz"
    x = np.array([[1, 4, 2], [1, 5, 2]])
    np.savez(path, x=x, y=np.array([0, 1]), class_names=np.array(["a", "b"]))
    archive = {"kind": "vectors", "source": "npz", "path": str(path)}
    np.testing.assert_array_equal(prepare(tmp_path, archive), x)
    assert "2 of 3 features have one value in all 2 examples: 0 (1), 2 (2). Stand" in caplog.text
    np.savez(path, x=x[:, [0, 2]], y=np.array([0, 1]), class_names=np.array(["a", "b"]))
    with pytest.raises(DatasetError, match="Received 2 of 2 .*: 0 .1., 1 .2.. Set training.scali"):
        prepare(tmp_path, archive)


def test_digits_are_standardized_though_some_pixels_are_always_white(caplog):
    source = {"kind": "vectors", "source": "sklearn", "name": "digits"}
    x = kinds.read(None, source).load(np.arange(1797))
    check_varied("resources/sklearn_digits.npz", x, source)
    assert "3 of 64 features have one value in all 1797 examples: 0 (0), 32 (0), 39" in caplog.text


def test_features_are_looked_at_where_they_are_to_be_standardized():
    config = vector_config()
    wine = SimpleNamespace(dataset="wine")
    assert Plan(config).checked_by(wine) == ["self_training.vector.constant:check_varied"]
    scaled = Plan(config).preparing_code(wine)
    config["training"]["scaling"] = "none"
    assert Plan(config).checked_by(wine) == []
    assert Plan(config).preparing_code(wine) != scaled
    images = Plan(tiny_config())
    assert images.checked_by(SimpleNamespace(dataset=next(iter(images.sources)))) == []


# What a config may say.


def vector_config() -> dict:
    config = tiny_config()
    config["training"] = {"backbone": "linear", "batch_size": 16, "learning_rate": 0.01}
    config["training"] |= {"scaling": "standardize", "l2": 0.01}
    config["datasets"] = {
        "wine": {"kind": "vectors", "source": "sklearn", "name": "wine", "steps": 40,
                 "labels_per_class": 4, "policy": "gaussian"}
    }  # fmt: skip
    return config


def test_a_study_of_vectors_is_valid():
    checks.validate(vector_config())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["training"].update(backbone="small_resnet"),
         "training.backbone: Expected one of linear, mlp, mlp_2, or your own, as the ex"),
        (lambda c: c["datasets"]["wine"].update(policy="clothing"),
         "datasets.wine.policy: Expected one of gaussian, feature_dropout, as kind is vectors"),
        (lambda c: c["datasets"]["wine"].update(color_mode="rgb"),
         "datasets.wine.color_mode: Expected it only with kind images"),
        (lambda c: c["datasets"]["wine"].update(feature_columns=["a"]),
         "datasets.wine.feature_columns: Expected it only with source csv, parquet"),
        (lambda c: c["datasets"].update(wine={
            "kind": "vectors", "source": "csv", "path": "a.csv", "label_column": "a", "steps": 9,
            "feature_columns": ["b", "a"], "labels_per_class": 4}),
         "datasets.wine.feature_columns: Expected other columns than 'a', which is the label_col"),
        (lambda c: c["datasets"]["wine"].update(name="roses"),
         "datasets.wine.name: Expected one of breast_cancer, digits, iris, wine. Received: 'r"),
        (lambda c: c["datasets"]["wine"].update(kind="images"),
         "datasets.wine.source: Expected one of digits, keras, kaggle, npz, images, csv, of images"
         ". Received: 'sklearn'. It is one of vectors (kind)."),
        (lambda c: c["datasets"].update(d={"source": "digits", "steps": 9, "labels_per_class": 2}),
         "datasets.d.kind: Expected vectors, as of datasets.wine; study the others apart. Rec"),
        (lambda c: c["training"].update(l2=-1), "training.l2: Expected a number of at least 0"),
        (lambda c: c["training"].update(scaling="minmax"),
         "training.scaling: Expected one of none, standardize"),
        (lambda c: c["methods"]["noisy_student"].update(
            noise={"policy": "clothing", "magnitude": 3}),
         "methods.noisy_student.noise.policy: Expected one of gaussian, feature_dropout"),
    ],
)  # fmt: skip
def test_mistakes_with_kinds_are_named(change, message):
    config = vector_config()
    change(config)
    with pytest.raises(ConfigError, match=re.escape(message)):
        checks.validate(config)


def test_images_are_not_scaled_twice():
    config = tiny_config()
    config["training"]["scaling"] = "standardize"
    with pytest.raises(ConfigError, match="training.scaling: Expected it only with kind vectors"):
        checks.validate(config)


# Training.


def test_softmax_regression_is_that_of_scikit_learn():
    """With enough steps over all examples at once, to the same optimum."""
    _, found = train(run(), batch_size=89, steps=3000, l2=0.05, decay="cosine")
    np.testing.assert_allclose(found, by_scikit_learn(0.05), atol=5e-4)


def by_scikit_learn(l2: float) -> np.ndarray:
    some = run()
    scaled = (X - some.pool.mean) / some.pool.deviation
    other = LogisticRegression(C=1 / (len(some.examples) * l2), max_iter=10_000, tol=1e-8)
    fitted = other.fit(scaled[some.examples], Y[some.examples])
    return fitted.predict_proba(scaled[1::2])


def test_the_penalty_shrinks_all_weights_but_biases():
    networks = [train(run(), l2=l2, steps=400)[0].model for l2 in (0, 0.1, 1)]
    sizes = [np.abs(np.array(network.trainable_weights[0])).sum() for network in networks]
    assert sizes[0] > 1.5 * sizes[1] > 1.5 * sizes[2]
    # Biases alone learn how frequent classes are.
    _, flat = train(run(), l2=1000, steps=3000, decay="cosine", learning_rate=0.05)
    frequencies = np.bincount(Y[::2]) / len(Y[::2])
    np.testing.assert_allclose(flat.mean(axis=0), frequencies, atol=0.03)


def test_a_run_may_have_a_penalty_of_its_own_without_another_network():
    trainer = OneByOneTrainer(X, 3, settings(l2=0.5), run())
    own = trainer.train(run(settings={"l2": 0.01})).probabilities["evaluation"]
    np.testing.assert_array_equal(own, train(run(), l2=0.01)[1])
    assert (own != trainer.train(run(seed=0)).probabilities["evaluation"]).any()


def test_scaling_is_by_the_pool_of_the_run_and_goes_along_with_its_network(tmp_path):
    trainer, found = train(run())
    # What is done to features beforehand makes no difference to a network that scales them.
    moved = X * np.float32(4) + np.float32(16)
    indices = run().examples
    _, other = train(run(pool=pool.describe(moved, indices)), x=moved)
    np.testing.assert_allclose(found, other, atol=1e-4)
    # Another pool is another network; in a trainer that goes from run to run, too.
    few = run(pool=pool.describe(X, np.arange(10)))
    alone = train(few)[1]
    np.testing.assert_array_equal(trainer.train(few).probabilities["evaluation"], alone)
    assert (alone != found).any()
    trainer.train(run(seed=1))
    trainer.model.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", compile=False)
    np.testing.assert_array_equal(
        loaded.predict(X[1::2], verbose=0), trainer.model.predict(X[1::2], verbose=0)
    )
    assert (loaded.get_layer("scaling").moving_mean.numpy() == run().pool.mean).all()


def test_a_constant_feature_is_no_division_by_zero():
    x = X.copy()
    x[:, 3] = 7
    indices = run().examples
    _, found = train(run(pool=pool.describe(x, indices)), x=x)
    assert np.isfinite(found).all() and (found.argmax(axis=1) == Y[1::2]).mean() > 0.9


def test_averaged_weights_keep_the_scaling():
    trainer, found = train(run(), ema=0.9)
    deviation = trainer.model.get_layer("scaling").moving_variance.numpy() ** 0.5
    np.testing.assert_allclose(deviation, run().pool.deviation, rtol=1e-4)
    assert (found.argmax(axis=1) == Y[1::2]).mean() > 0.9


@pytest.mark.parametrize("backbone", names.BACKBONES_OF["vectors"])
def test_backbones_of_vectors_learn(backbone):
    chosen = {"backbone": names.BACKBONES[backbone]}
    chosen["noise"] = NO_NOISE | {"dropout": 0.2}
    _, found = train(run(), **chosen)
    assert (found.argmax(axis=1) == Y[1::2]).mean() > 0.93
    np.testing.assert_array_equal(found, train(run(), **chosen)[1])


# Noise.


def add(policy, x, magnitude, seed=0):
    found = dotted_paths.find(names.POLICIES[policy])
    every = pool.describe(X, np.arange(len(X)))
    return found.add_noise(x, magnitude, 2, np.random.default_rng(seed), every)


def test_gaussian_noise_is_in_units_of_each_feature_s_deviation():
    x = np.repeat(X[:1], 20_000, axis=0)
    noisy = add("gaussian", x, 0.5)
    assert noisy.dtype == np.float32
    np.testing.assert_allclose((noisy - x).std(axis=0), 0.5 * X.std(axis=0), rtol=0.03)
    np.testing.assert_allclose((noisy - x).mean(axis=0) / X.std(axis=0), 0, atol=0.02)


def test_features_that_are_left_out_have_the_mean_of_the_pool():
    x = np.repeat(X[:1], 20_000, axis=0)
    noisy = add("feature_dropout", x, 6)
    assert noisy.dtype == np.float32
    replaced = noisy != x
    np.testing.assert_allclose(replaced.mean(axis=0), 0.2, atol=0.015)
    mean = np.broadcast_to(X.astype(np.float64).mean(axis=0).astype(np.float32), x.shape)
    np.testing.assert_array_equal(noisy[replaced], mean[replaced])
    # Each by itself, in every vector anew.
    assert abs(np.corrcoef(replaced[:, 0], replaced[:, 1])[0, 1]) < 0.03


@pytest.mark.parametrize("policy", names.POLICIES_OF["vectors"])
def test_noise_of_vectors_is_that_of_its_seed_and_none_at_magnitude_0(policy):
    assert add(policy, X, 0) is X
    np.testing.assert_array_equal(add(policy, X, 3), add(policy, X, 3))
    assert (add(policy, X, 3) != add(policy, X, 3, seed=1)).any()


def test_students_train_on_noise_and_predict_without():
    noisy = {"noise": NO_NOISE | {"policy": names.POLICIES["gaussian"], "magnitude": 1.0}}
    trainer, found = train(run(), **noisy)
    assert (found != train(run())[1]).any()
    np.testing.assert_array_equal(found, trainer.predict(np.arange(1, len(Y), 2)))
    np.testing.assert_array_equal(found, train(run(), **noisy)[1])


def test_the_pool_is_described_by_its_own_examples():
    indices = np.array([5, 3, 11])
    found = pool.describe(X, indices)
    np.testing.assert_allclose(found.mean, X[indices].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.deviation, X[indices].std(axis=0), rtol=1e-4)
    assert noise.GAUSSIAN.on_gpu.startswith("self_training.vector.noise_on_gpu")


def test_pools_of_the_same_examples_are_described_once(monkeypatch):
    """Draws of labels from one file have one pool, each in an order of its own."""
    pools = [np.array([5, 3, 11]), np.array([11, 5, 3]), np.array([5, 3, 12])]
    alone = [pool.describe(X, indices) for indices in pools]
    calls, describe = [], pool.describe
    monkeypatch.setattr(pool, "describe", lambda *given: calls.append(0) or describe(*given))
    for found, expected in zip(pool.describe_all(X, pools), alone, strict=True):
        np.testing.assert_array_equal(found.mean, expected.mean)
        np.testing.assert_array_equal(found.deviation, expected.deviation)
    assert len(calls) == 2


def test_a_job_describes_the_pool_and_never_the_test_fold(tmp_path, monkeypatch):
    """Of each of its outer folds: labeled and unlabeled examples together."""
    order = np.random.default_rng(0).permutation(len(Y))
    parts = [order[:20], order[20:90], order[90:]]
    parts_of_other = [order[90:110], order[110:], order[:90]]
    for fold, (labeled, unlabeled, test) in enumerate((parts, parts_of_other)):
        none = np.zeros((1, 20), int)
        some = Split(test, labeled, Y[labeled], unlabeled, none, 3)
        save_split(tmp_path / f"{fold}.npz", some)
    np.save(tmp_path / "examples.npy", X)
    monkeypatch.setattr(framework, "start_framework", lambda threads: None)
    monkeypatch.chdir(tmp_path)
    chosen = settings(steps=5)
    snakemake = SimpleNamespace(
        rule="train_teachers",
        wildcards={},
        input=Output(
            examples=tmp_path / "examples.npy", splits=[tmp_path / f"{fold}.npz" for fold in (0, 1)]
        ),
        params=SimpleNamespace(training=asdict(chosen), code=""),
        output=Output(history="results/some/histories/train_teachers/some.json"),
    )
    found = job.train_job(snakemake, [[run(parts[0])], [run(parts_of_other[0])]], 3)
    for (result,), (labeled, unlabeled, _) in zip(found, (parts, parts_of_other), strict=True):
        described = pool.describe(X, np.concatenate([labeled, unlabeled]))
        _, alone = train(run(labeled, pool=described), steps=5)
        np.testing.assert_array_equal(result.probabilities["evaluation"], alone)


class Output(dict):
    """What a rule writes, as Snakemake hands it to a script."""

    __getattr__ = dict.__getitem__


# What a look at the data compares.


def test_near_duplicates_are_looked_for_where_there_are_features_enough():
    assert for_duplicates(X).shape == (len(X), 0)
    wide = np.random.default_rng(0).normal(size=(50, 40)).astype(np.float32)
    np.testing.assert_array_equal(for_duplicates(wide), features(wide))
    np.testing.assert_allclose(features(X).std(axis=0), 1, rtol=1e-4)


# JAX, whose stacks train vectors on a CPU, too.

IN_STACKS = """
import json, sys
import numpy as np
sys.path[:0] = ["workflow", "tests"]
from self_training.study.plan import Plan
from self_training.training import framework, job
framework.start_framework(1)
import test_vectors as t
noisy = t.NO_NOISE | {"policy": t.names.POLICIES["gaussian"], "magnitude": 0.5}
dropped = t.NO_NOISE | {"policy": t.names.POLICIES["feature_dropout"], "magnitude": 3}
found = []
for chosen in ({}, {"ema": 0.9}):
    runs = [t.run(), t.run(seed=1), t.run(pool=t.pool.describe(t.X, np.arange(9))), t.run(steps=30)]
    trainer = job.make_trainer(t.X, 3, t.settings(**chosen), runs[0])
    assert type(trainer).__name__ == "StackedTrainer"
    for one, result in zip(runs, trainer.train_all(runs)):
        found.append(np.abs(result.probabilities["evaluation"] - t.train(one, **chosen)[1]).max())
# What a stack draws in a step is other noise, of the same distribution, and of each run alone.
again, sizes = [], []
for chosen, size in ((noisy, 1), (dropped, 1)):
    runs = [t.run(), t.run(seed=1)]
    results = []
    for some in (runs, runs[::-1], runs[:1]):
        trainer = job.make_trainer(t.X, 3, t.settings(noise=chosen), runs[0])
        trained = trainer.train_all(some)
        results.append({r.record["study"]: r.probabilities["evaluation"] for r in trained})
    again.append(max(np.abs(results[0][i] - other[i]).max() for other in results for i in other))
    again.append(max(np.abs(results[0][0] - t.train(runs[0])[1]).max(), 0))
    rng = np.random.default_rng(0)
    policy, pool = t.dotted_paths.find(chosen["policy"]), runs[0].pool
    steps = policy.draw_steps((300, 32), (13,), chosen["magnitude"], 2, rng, pool)
    change = t.dotted_paths.find(policy.on_gpu)
    x = np.repeat(t.X[:1], 32, axis=0)
    noisy_x = np.stack([change(x, chosen["magnitude"], one) for one in zip(*steps)])
    flat = noisy_x.reshape(-1, 13)
    if chosen is noisy:
        sizes += [(flat.std(axis=0) / runs[0].pool.deviation / 0.5).tolist(), len(set(flat[:, 0]))]
    else:
        is_mean = flat == runs[0].pool.mean
        others = np.broadcast_to(t.X[0], flat.shape)[~is_mean]
        sizes += [is_mean.mean(axis=0).tolist(), bool((flat[~is_mean] == others).all())]
# Students are distilled in stacks, too.
soft = np.full((40, 3), 0.1, np.float32)
soft[np.arange(40), np.arange(40) % 3] = 0.8
chosen = {"distillation": 3, "steps": 60}
runs = [t.replace(t.run(), examples=np.arange(40), targets=soft, given=given) for given in (8, 20)]
trainer = job.make_trainer(t.X, 3, t.settings(**chosen), runs[0])
def trained_alone(one, **chosen):
    return t.OneByOneTrainer(t.X, 3, t.settings(**chosen), one).train(one)
for one, result in zip(runs, trainer.train_all(runs)):
    predicted = result.probabilities["evaluation"]
    alone = trained_alone(one, **chosen).probabilities["evaluation"]
    found.append(np.abs(predicted - alone).max())
plain = trained_alone(one, steps=60).probabilities["evaluation"]
assert np.abs(predicted - plain).max() > 0.01
# A backbone's own penalty counts, too.
def build(inputs, classes, dropout, survival, seed):
    penalty = t.keras.regularizers.L2(1.0)
    return t.keras.layers.Dense(classes, "softmax", kernel_regularizer=penalty)(inputs)
t.penalized = build
own = t.settings(backbone="test_vectors:penalized")
stacked = next(job.make_trainer(t.X, 3, own, t.run()).train_all([t.run()]))
alone = t.OneByOneTrainer(t.X, 3, own, t.run()).train(t.run())
found.append(np.abs(stacked.probabilities["evaluation"] - alone.probabilities["evaluation"]).max())
far = {"batch_size": 89, "steps": 3000, "l2": 0.05, "decay": "cosine"}
runs = [t.run(), t.run(settings={"l2": 0.5})]
trainer = job.make_trainer(t.X, 3, t.settings(**far), runs[0])
long = [result.probabilities["evaluation"].tolist() for result in trainer.train_all(runs)]
imported = sys.modules["tensorflow"] is not None
print(json.dumps([list(map(float, found)), list(map(float, again)), sizes, long, imported]))
"""


def test_stacks_of_jax_train_vectors_on_a_cpu_as_they_are_trained_alone():
    done = subprocess.run(
        [sys.executable, "-c", IN_STACKS],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    differences, again, sizes, long, tensorflow_is_imported = found
    assert len(differences) == 11 and max(differences) < 2e-3
    # Whatever else is in the stack; noise makes a difference.
    assert again[0] < 1e-4 and again[2] < 1e-4 and again[1] > 1e-3 and again[3] > 1e-3
    np.testing.assert_allclose(sizes[0], 1, atol=0.04)
    assert sizes[1] > 9000
    np.testing.assert_allclose(sizes[2], 0.1, atol=0.02)
    assert sizes[3]
    for l2, probabilities in zip((0.05, 0.5), long, strict=True):
        np.testing.assert_allclose(probabilities, by_scikit_learn(l2), atol=5e-4)
    # Its import takes longer than all that is done here.
    assert not tensorflow_is_imported
