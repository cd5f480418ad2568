"""Hashed words and pairs of words beside TF-IDF and logistic regression, on two tables of texts.

    uv run python benchmarks/texts.py TRAIN.csv TEST.csv --labels 5600

Tables have a header; the last columns are of texts, the first one of labels. Each side is given the
same labels, as many of every class, and is scored on all rows of the second table. How long
networks are trained, and at which rate, was chosen on other rows of the training table.
"""

import argparse
import csv
import os
import time

import numpy as np

os.environ |= {
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}

from self_training.text.ngrams import encode
from self_training.text.readers import read
from self_training.training.framework import keras, start_framework
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

RATE, EPOCHS, BATCH, LENGTH = 0.01, 8, 32, 128


def read_table(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the texts and the labels of a table."""
    with open(path, encoding="utf-8", newline="") as file:
        label, *columns = next(csv.reader(file))
    settings = {"kind": "texts", "source": "csv", "clean": "web"}
    examples = read(path, settings | {"label_column": label, "text_columns": columns})
    return examples.load(np.arange(len(examples.y))), examples.y


def regression(texts, y, others) -> np.ndarray:
    """Return the classes that what a user would write gives other texts."""
    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
    model = LogisticRegression(C=10, max_iter=1000).fit(vectorizer.fit_transform(texts), y)
    return model.predict(vectorizer.transform(others))


def network(texts, y, others, seed: int) -> tuple[np.ndarray, str]:
    """Return the classes that bag_of_ngrams gives other texts, and how fast it was trained."""
    from self_training.text.backbones.bag_of_ngrams import build

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((LENGTH,), dtype="int32")
    model = keras.Model(inputs, build(inputs, len(set(y.tolist())), 0, 1, seed))
    model.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy")
    x = encode(texts.tolist(), LENGTH)
    model.train_on_batch(x[:BATCH], y[:BATCH])
    wall, own = time.perf_counter(), time.process_time()
    history = model.fit(x, y, BATCH, EPOCHS, verbose=0)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    steps = len(history.history["loss"]) * -(-len(x) // BATCH)
    speed = f"{steps / wall:.0f} steps/s, {steps / own:.0f} per second of CPU time"
    found = model.predict(encode(others.tolist(), LENGTH), batch_size=500, verbose=0)
    return found.argmax(axis=1), speed


def main() -> None:
    """Print the accuracy of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--labels", type=int, default=5600)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    start_framework(1)
    (texts, y), (others, truth) = read_table(arguments.train), read_table(arguments.test)
    for seed in range(arguments.seeds):
        rng = np.random.default_rng(seed)
        classes = np.unique(y)
        each = arguments.labels // len(classes)
        of_classes = [rng.choice(np.flatnonzero(y == one), each, False) for one in classes]
        drawn = rng.permutation(np.concatenate(of_classes))
        found, speed = network(texts[drawn], y[drawn], others, seed)
        by_regression = (regression(texts[drawn], y[drawn], others) == truth).mean()
        print(
            f"draw {seed}: TF-IDF + logistic regression {by_regression:.4f}, bag_of_ngrams "
            f"{(found == truth).mean():.4f} ({speed})",
            flush=True,
        )


if __name__ == "__main__":
    main()
