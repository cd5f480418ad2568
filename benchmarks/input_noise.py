"""What input noise costs beside a training step, on one thread.

    uv run python benchmarks/input_noise.py [ARCHIVE.npz ...]

Archives of images (x, as in resources/); those in resources/ when none is named, otherwise
scikit-learn's digits. Every figure is the median of several repetitions, in turns, in one run.
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np
from images import settings

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from self_training import dotted_paths  # noqa: E402
from self_training.study.names import POLICIES  # noqa: E402
from self_training.training.framework import start_framework  # noqa: E402
from self_training.training.one_by_one import OneByOneTrainer  # noqa: E402
from self_training.training.runs import Run  # noqa: E402

EXAMPLES, REPETITIONS = 3200, 5


def archives() -> dict[str, np.ndarray]:
    """Return uint8 images by name."""
    paths = list(map(Path, sys.argv[1:])) or sorted((ROOT / "resources").glob("*.npz"))
    if not paths:
        from sklearn.datasets import load_digits

        digits = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)
        return {"digits": np.resize(digits[..., None], (EXAMPLES, 8, 8, 1))}
    return {path.stem: np.load(path)["x"][:EXAMPLES] for path in paths}


def main() -> None:
    start_framework(threads=1)
    trainer_settings = settings(dropout=0.5)
    print(f"{'images':24}{'':16}{'images/s':>10}{'of a training step':>20}")
    for name, images in archives().items():
        labels = np.random.default_rng(0).integers(0, 10, len(images)).astype(np.int32)
        runs = [
            Run({"repetition": repetition}, np.arange(len(images)), labels, {})
            for repetition in range(REPETITIONS)
        ]
        trainer = OneByOneTrainer(images, 10, trainer_settings, runs[0])
        seconds = {"training": []} | {policy: [] for policy in POLICIES}
        for repetition, run in enumerate(runs):
            seconds["training"].append(trainer.train(run).record["training_seconds"])
            for policy in POLICIES:
                found = dotted_paths.find(POLICIES[policy])
                started = time.perf_counter()
                found.add_noise(images, 10, 2, np.random.default_rng(repetition))
                seconds[policy].append(time.perf_counter() - started)
        medians = {what: statistics.median(values) for what, values in seconds.items()}
        shape = "x".join(map(str, images.shape[1:]))
        for what, median in medians.items():
            share = "" if what == "training" else f"{median / medians['training']:.2f}"
            print(f"{name + ' ' + shape:24}{what:16}{len(images) / median:>10.0f}{share:>20}")


if __name__ == "__main__":
    main()
