"""An outer fold as one would write it in a notebook: the work that the workflow is compared with.

Every candidate is trained from its teacher on, so that a chain of 3 generations trains again what
chains of 1 and 2 have trained; one network after the other, built, compiled, fitted and asked with
Keras' own `fit` and `predict`, in one process. Seeds and order of examples are those of the
workflow, so that both make the same choices.

Run by outer_fold.py, as `python notebook.py STUDY.yaml RESULTS FOLD`; prints JSON.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))

from self_training.data.split import load_split
from self_training.methods.noisy_student import slice_of
from self_training.methods.parts import SEARCH, parts
from self_training.study import methods, names, trainings
from self_training.study.candidates import Candidate, grid
from self_training.training.batches import orders
from self_training.training.framework import keras, start_framework
from self_training.training.prediction import PREDICTION_BATCH, scale
from self_training.training.runs import FINAL, Run, TrainingSettings
from self_training.training.trainer import build_network


class Fold:
    """One outer fold of one dataset."""

    def __init__(self, config: dict, results: Path, fold: int):
        (dataset,) = config["datasets"]
        data = results / "datasets" / dataset
        images = np.load(data / "examples.npy")
        self.images = scale(images)
        # TensorFlow replaces the division in a graph by this product, which rounds otherwise.
        self.images_to_fit = images.astype(np.float32) * np.float32(1 / 255)
        self.labels = np.load(data / "labels.npy")
        self.split = load_split(results / f"runs/{dataset}/fold_{fold}/split.npz")
        self.settings = TrainingSettings(**names.with_paths(trainings.training(config, dataset)))
        self.identity = {"study": config["seed"], "dataset": dataset, "outer_fold": fold}
        self.networks = 0

    def fit(self, part: str, generation: int, member: int, examples, targets):
        """Build a network, fit it, and return it."""
        identity = self.identity | {"part": part, "generation": generation, "member": member}
        keras.backend.clear_session()
        network = build_network(self.images.shape[1:], self.split.classes, self.settings, identity)
        network.compile(
            keras.optimizers.Adam(self.settings.learning_rate),
            keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"),
        )
        run = Run(identity, examples, targets, {})
        order = np.concatenate([*orders(run, self.settings)]).ravel()
        network.fit(
            self.images_to_fit[examples[order]],
            targets[order],
            batch_size=self.settings.batch_size,
            shuffle=False,
            verbose=0,
        )
        self.networks += 1
        return network

    def ask(self, networks: list, examples) -> np.ndarray:
        """Return the mean probabilities (examples, classes) of an ensemble."""
        asked = [
            network.predict(self.images[examples], batch_size=PREDICTION_BATCH, verbose=0)
            for network in networks
        ]
        return np.mean(asked, axis=0, dtype=np.float64)

    def accuracy(self, part, candidate: Candidate) -> float:
        """Train a chain from its teachers on; return the last generation's accuracy."""
        members = range(candidate.ensemble_size)
        examples, targets = part.labeled_idx, part.labeled_y
        networks = [self.fit(part.name, 0, member, examples, targets) for member in members]
        for generation in range(1, candidate.generations + 1):
            asked = slice_of(self.split, candidate, generation)
            if not len(asked):
                break
            probabilities = self.ask(networks, asked)
            selected = probabilities.max(axis=1) > candidate.threshold
            if not selected.any():
                break
            examples = np.concatenate([examples, asked[selected]])
            targets = np.concatenate([targets, probabilities[selected].argmax(axis=1)])
            networks = [
                self.fit(part.name, generation, member, examples, targets) for member in members
            ]
        predicted = self.ask(networks, part.evaluation_idx).argmax(axis=1)
        return float(np.mean(predicted == self.labels[part.evaluation_idx]))

    def choose(self, space: dict) -> Candidate:
        """Train every candidate on every inner fold and return the best: the cheapest of equals."""
        inner = parts(self.split, SEARCH)
        candidates = grid(space)
        scores = [
            np.mean([self.accuracy(part, candidate) for part in inner]).round(12)
            for candidate in candidates
        ]
        best = min(
            range(len(candidates)),
            key=lambda index: (
                -scores[index],
                candidates[index].generations,
                candidates[index].ensemble_size,
            ),
        )
        return candidates[best]

    def run(self, config: dict) -> dict:
        """Return choice and test accuracy of each method."""
        (final,) = parts(self.split, FINAL)
        plain = self.choose(methods.full_space(config, "noisy_student"))
        sizes = methods.full_space(config, "noisy_student_ensemble")["ensemble_size"]
        inherited = {name: [value] for name, value in plain.as_dict().items()}
        chosen = {
            "baseline": Candidate(None, None, 0, 1),
            "noisy_student": plain,
            "noisy_student_ensemble": self.choose(inherited | {"ensemble_size": sizes}),
        }
        return {
            method: {"choice": choice.as_dict(), "accuracy": self.accuracy(final, choice)}
            for method, choice in chosen.items()
        }


def main() -> None:
    started = time.perf_counter()
    config = yaml.safe_load(Path(sys.argv[1]).read_text())
    start_framework(config["threads"])
    fold = Fold(config, Path(sys.argv[2]), int(sys.argv[3]))
    results = fold.run(config)
    print(
        json.dumps(
            {
                "methods": results,
                "networks": fold.networks,
                "seconds": time.perf_counter() - started,
            }
        )
    )


if __name__ == "__main__":
    main()
