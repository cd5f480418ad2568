"""The bag of words and pairs: by hand, on both backends, saved and loaded without our code."""

import json
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
from conftest import ROOT
from self_training.text.backbones.bag_of_ngrams import DIMENSIONS, PAIRS, WORDS, build
from self_training.text.ngrams import IDS, MASK, PAD, encode
from self_training.training.framework import keras

TEXTS = encode(["Oil prices rose again", "the cup final", "rose", "prices oil rose again"], 6)


def network(length=6, classes=3, dropout=0.0):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((length,), dtype="int32")
    outputs = build(inputs, classes=classes, dropout=dropout, survival=1, seed=5)
    return keras.Model(inputs, outputs)


def by_hand(model, texts):
    """Return probabilities with Python's own integers, word by word."""
    table, kernel, bias = (np.asarray(weight, np.float64) for weight in model.get_weights())
    found = []
    for text in texts.tolist():
        rows = [word for word in text if word > 1]
        for left, right in pairwise(text):
            if left > 1 and right > 1:
                rows.append(WORDS + (left * 31_337 + right) % PAIRS)
        x = table[rows].mean(axis=0) if rows else np.zeros(DIMENSIONS)
        logits = np.exp(x @ kernel + bias)
        found.append(logits / logits.sum())
    return np.array(found)


def test_it_is_the_mean_of_words_and_pairs():
    model = network()
    model.set_weights([weight * 20 for weight in model.get_weights()])
    largest = np.full((1, 6), IDS - 1, np.int32)
    masked = np.array([[TEXTS[0, 0], MASK, TEXTS[0, 1], PAD, PAD, PAD], [PAD] * 6], np.int32)
    texts = np.concatenate([TEXTS, largest, masked])
    found = np.asarray(model(texts))
    np.testing.assert_allclose(found, by_hand(model, texts), atol=1e-6)
    # The same words in another order are another text.
    assert np.abs(found[0] - found[3]).max() > 1e-3


def test_padding_changes_nothing():
    short, long = network(6), network(40)
    long.set_weights(short.get_weights())
    padded = np.pad(TEXTS, ((0, 0), (0, 34)))
    np.testing.assert_allclose(np.asarray(long(padded)), np.asarray(short(TEXTS)), atol=1e-7)
    # Trainers give floats where they do not know better; every id is one exactly.
    floats = keras.Input((6,))
    model = keras.Model(floats, build(floats, classes=3, dropout=0, survival=1, seed=5))
    model.set_weights(short.get_weights())
    found = np.asarray(model(TEXTS.astype(np.float32)))
    np.testing.assert_array_equal(found, np.asarray(short(TEXTS)))


def test_dropout_acts_while_training_and_leaves_the_weights_alone():
    quiet, noisy = network(), network(dropout=0.5)
    for one, other in zip(quiet.get_weights(), noisy.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(np.asarray(quiet(TEXTS)), np.asarray(noisy(TEXTS)))
    assert np.abs(np.asarray(noisy(TEXTS, training=True)) - np.asarray(quiet(TEXTS))).max() > 1e-5


def test_another_backend_loads_it_without_the_code_that_built_it(tmp_path):
    """By Keras alone."""
    model = network(dropout=0.3)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(np.asarray(again(TEXTS)), np.asarray(model(TEXTS)))
    np.save(tmp_path / "texts.npy", TEXTS)
    code = (
        "import keras, numpy as np, sys\n"
        "model = keras.saving.load_model('model.keras', compile=False)\n"
        "np.save('found.npy', np.asarray(model(np.load('texts.npy'))))\n"
        "assert keras.backend.backend() == 'jax'\n"
        "assert not any(name.startswith('self_training') for name in sys.modules)\n"
    )
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    found = np.load(tmp_path / "found.npy")
    np.testing.assert_allclose(found, np.asarray(model(TEXTS)), atol=1e-6)


def test_it_learns_what_pairs_alone_tell():
    """Both classes have the same words, as often, in another order."""
    rng = np.random.default_rng(0)
    pairs = rng.permutation(np.arange(2, 66, dtype=np.int32)).reshape(-1, 2)
    y = rng.integers(2, size=300)
    chosen = pairs[rng.integers(len(pairs), size=(300, 3))]
    texts = np.where(y[:, None, None], chosen, chosen[:, :, ::-1])
    # Between pairs a word is masked, so that there are no other pairs.
    texts = np.pad(texts, ((0, 0), (0, 0), (0, 1)), constant_values=MASK).reshape(300, 9)
    model = network(9, classes=2, dropout=0.1)
    model.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy")
    model.fit(texts[:200], y[:200], epochs=10, verbose=0)
    found = np.asarray(model(texts[200:])).argmax(axis=1)
    assert (found == y[200:]).mean() > 0.95


IN_STACKS = """
import json, sys
import numpy as np
sys.path.insert(0, "tests")
from self_training.training import framework
framework.start_framework(1)
from self_training.text.ngrams import encode
from self_training.training.one_by_one import OneByOneTrainer
from self_training.training.runs import Run
from self_training.training.stacked import StackedTrainer
import test_vectors as t
rng = np.random.default_rng(0)
x = rng.integers(2, 90, (400, 12)).astype(np.int32)
x[:, 8:] = 0
y = (x[:, 0] % 3).astype(np.int32)
noise = t.NO_NOISE | {"policy": "self_training.text.noise:WORDS", "magnitude": 20}
backbone = "self_training.text.backbones.bag_of_ngrams:build"
settings = t.settings(backbone=backbone, noise=noise, scaling="none")
asked = {"evaluation": np.arange(300, 400)}
runs = [
    Run({"study": 1, "part": "search", "member": member}, np.arange(300), y[:300], asked)
    for member in range(2)
]
def trained(trainer):
    results = trainer(x, 3, settings, runs[0]).train_all(runs)
    return [result.probabilities["evaluation"] for result in results]
together, alone = trained(StackedTrainer), trained(OneByOneTrainer)
print(json.dumps([float(np.abs(a - b).max()) for a, b in zip(together, alone)]))
"""


def test_stacks_of_jax_train_texts_with_noise_as_they_are_trained_alone():
    done = subprocess.run(
        [sys.executable, "-c", IN_STACKS],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert max(json.loads(done.stdout.splitlines()[-1])) < 1e-4
