"""What a GPU gains from training runs together, and how long the study of 20 datasets takes on it.

    KERAS_BACKEND=jax uv run python benchmarks/gpu.py [ARCHIVE.npz] [--stacks 1 8 32] [--steps 640]

Runs of the original CNN on an archive of images (x, y, as in resources/), or on scikit-learn's
digits: images/s of one run after the other, step by step, and of stacks of several sizes, with
dropout and input noise as in that study; the mean use of the GPU meanwhile, as nvidia-smi reports
it. Needs `pip install "jax[cuda12]"`.
"""

import argparse
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import yaml
from images import BATCH, load, settings

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from self_training.study import asked, budgets, methods  # noqa: E402
from self_training.study.config import inner_folds  # noqa: E402
from self_training.study.names import POLICIES  # noqa: E402
from self_training.training import framework  # noqa: E402
from self_training.training.one_by_one import OneByOneTrainer  # noqa: E402
from self_training.training.runs import Run  # noqa: E402

REPETITIONS = 3


class GpuUse:
    """Asks nvidia-smi for the use of the first GPU, twice a second; None without one."""

    def __enter__(self):
        self.samples, self.over = [], threading.Event()
        self.thread = threading.Thread(target=self._sample)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _sample(self):
        ask = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not self.over.wait(0.5):
            try:
                output = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
            except (OSError, subprocess.CalledProcessError):
                return
            self.samples.append(int(output.split()[0]))

    def describe(self) -> str:
        return f"{statistics.mean(self.samples):.0f} %" if self.samples else "not known"


def count_images(config: dict) -> int:
    """Return how many images a study trains on at most: if every pseudo-label is selected.

    Of methods with the whole grid searched; `examples` of the datasets must be given.
    """
    total = 0
    outer, inner = config["outer_folds"], inner_folds(config)
    teachers = asked.teachers(config)
    for dataset in budgets.expand(config)["datasets"].values():
        pool = dataset["examples"] * (outer - 1) / outer
        labeled, epochs = dataset["labeled_fraction"] * pool, dataset["epochs"]
        of_inner = labeled * (inner - 1)  # All inner folds together.
        total += outer * epochs * teachers["final_members"] * labeled
        total += outer * epochs * teachers["search_members"] * of_inner
        for name in config["methods"]:
            settings, space = methods.settings(config, name), methods.full_space(config, name)
            if not methods.generations(config, name):
                continue
            longest = max(space["generations"])
            largest = max(space["unlabeled_fraction"])

            def chain(fraction, given, copies, longest=longest, pool=pool):
                return sum(
                    given + copies * generation * fraction * pool
                    for generation in range(1, longest + 1)
                )

            sizes = space["ensemble_size"]
            final = max(sizes) * chain(largest, labeled, 1)
            searched = 0
            if methods.searches(config, name):
                # What is inherited has one value in every fold, at most the largest.
                fractions = space["unlabeled_fraction"]
                thresholds = len(space["threshold"])
                if settings["takes"]:
                    fractions, thresholds = [largest], 1
                searched = (
                    sum(sizes)
                    * thresholds
                    * sum(chain(fraction, of_inner, inner) for fraction in fractions)
                )
            total += outer * epochs * (final + searched)
    return round(total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", nargs="?")
    parser.add_argument("--stacks", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--steps", type=int, default=640)
    parser.add_argument("--policy", choices=[*POLICIES, "none"], default="characters")
    arguments = parser.parse_args()
    framework.start_framework(threads=1)
    from self_training.training.stacked import StackedTrainer

    images, labels = load(arguments.archive)
    classes = int(labels.max()) + 1
    trainer_settings = settings(epochs=None, steps=arguments.steps, dropout=0.2)
    if arguments.policy != "none":
        trainer_settings.noise.update(policy=POLICIES[arguments.policy], magnitude=5)

    def measure(make, runs: int) -> tuple[float, str]:
        """Return the median images/s of several repetitions after one that compiles."""
        examples, trainer, rates = np.arange(len(images)), None, []
        for repetition in range(REPETITIONS + 1):
            identity = {"part": "inner_0", "repetition": repetition}
            batch = [
                Run(identity | {"member": member}, examples, labels, {}) for member in range(runs)
            ]
            trainer = trainer or make(images, classes, trainer_settings, batch[0])
            if hasattr(trainer, "stack"):
                trainer.stack = runs
            with GpuUse() as use:
                started = time.perf_counter()
                list(trainer.train_all(batch))
                rates.append(runs * arguments.steps * BATCH / (time.perf_counter() - started))
        return statistics.median(rates[1:]), use.describe()

    print(framework.describe_framework()["device"], "x".join(map(str, images.shape[1:])))
    print(f"{'runs':>16}{'images/s':>12}{'ratio':>8}{'use of the GPU':>16}")
    alone, use = measure(OneByOneTrainer, 1)
    print(f"{'step by step':>16}{alone:>12.0f}{1:>8.2f}{use:>16}")
    best = alone
    for stack in arguments.stacks:
        rate, use = measure(StackedTrainer, stack)
        best = max(best, rate)
        print(f"{stack:>16}{rate:>12.0f}{rate / alone:>8.2f}{use:>16}")
    config = yaml.safe_load((ROOT / "studies/twenty_datasets.yaml").read_text())
    total = count_images(config)
    print(
        f"Twenty datasets, whole grid: at most {total / 1e9:.1f} billion images, "
        f"{total / best / 3600:.1f} hours at the best of these rates, were all images of this size."
    )


if __name__ == "__main__":
    main()
