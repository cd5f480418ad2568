"""How fast the original CNN trains: this project, Keras' `fit`, PyTorch, and what the CPU could do.

    uv run python benchmarks/throughput.py [ARCHIVE.npz]
    uv run --with torch python benchmarks/throughput.py [ARCHIVE.npz]

Every row is the median of several repetitions, in turns with the others, in worker processes of
their own: on one thread, and on all cores. The limit is what a product of large float32 matrices
reaches in the same turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from images import BATCH, load, settings

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

EXAMPLES, REPETITIONS, SIZE = 1600, 9, 2048


def cost(images: np.ndarray, classes: int) -> int:
    """Return the floating-point operations of a training step of the original CNN, per image.

    Products of matrices alone: forward, and backward for weights and for inputs; the images
    themselves need no gradient.
    """
    height, width, channels = images.shape[1:]
    first = height * width * 9 * channels * 32
    second = (height // 2) * (width // 2) * 9 * 32 * 64
    dense = (height // 4) * (width // 4) * 64 * 128 + 128 * classes
    return 2 * (2 * first + 3 * (second + dense))


def workflow(images, labels, threads):
    """Return a function that trains on all images once, as the workflow does."""
    from self_training.training.framework import start_framework
    from self_training.training.one_by_one import OneByOneTrainer
    from self_training.training.runs import Run

    start_framework(threads)
    run = Run({}, np.arange(len(images)), labels, {})
    trainer = OneByOneTrainer(images, int(labels.max()) + 1, settings(threads), run)
    trainer.reset(run)
    return lambda: trainer._train(run, run.digest())


def fit(images, labels, threads):
    """The same with `fit`."""
    from self_training.training.framework import keras, start_framework
    from self_training.training.prediction import scale
    from self_training.training.trainer import build_network

    start_framework(threads)
    classes = int(labels.max()) + 1
    model = build_network(images.shape[1:], classes, settings(threads), {})
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy())
    scaled = scale(images)
    return lambda: model.fit(scaled, labels, batch_size=BATCH, verbose=0)


def pytorch(images, labels, threads, fused=False):
    """The same with PyTorch, in channels-last."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    height, width, channels = images.shape[1:]
    model = nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(height // 4 * (width // 4) * 64, 128),
        nn.ReLU(),
        nn.Linear(128, int(labels.max()) + 1),
    ).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), fused=fused)
    loss = nn.CrossEntropyLoss()
    x = torch.tensor(images.transpose(0, 3, 1, 2)).float().div(255)
    x = x.contiguous(memory_format=torch.channels_last)
    y = torch.tensor(labels.astype(np.int64))

    def train():
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss(model(x[rows]), y[rows]).backward()
            optimizer.step()

    return train


def pytorch_fused(images, labels, threads):
    """The same with PyTorch's fused Adam, which is not its default."""
    return pytorch(images, labels, threads, fused=True)


def matrices(images, labels, threads):
    """Return a function that multiplies two matrices."""
    from self_training.training.framework import keras, start_framework

    start_framework(threads)
    ops = keras.ops
    a, b = (ops.convert_to_tensor(np.full((SIZE, SIZE), 0.5, np.float32)) for _ in range(2))
    return lambda: ops.convert_to_numpy(ops.matmul(a, b))


KINDS = {kind.__name__: kind for kind in (matrices, workflow, fit, pytorch, pytorch_fused)}


def work(kind: str, archive: str | None, threads: int) -> None:
    """Train once for every line that comes in, and answer each."""
    images, labels = load(archive)
    rows = np.arange(EXAMPLES) % len(images)
    repeat = KINDS[kind](images[rows], labels[rows], threads)
    repeat()
    print("ready", flush=True)
    for _ in sys.stdin:
        repeat()
        print("done", flush=True)


class Workers:
    """Processes that do the same at the same time."""

    def __init__(self, kind: str, processes: int, threads: int, archive: str | None):
        self.kind, self.processes, self.threads, self.seconds = kind, processes, threads, []
        command = [sys.executable, __file__, "--work", kind, "--threads", str(threads)]
        self.workers = [
            subprocess.Popen(
                [*command, *([archive] if archive else [])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for _ in range(processes)
        ]
        self._wait()

    def _wait(self) -> None:
        for worker in self.workers:
            if not worker.stdout.readline():
                sys.exit(f"A worker of {self.kind} has ended.")

    def repeat(self) -> None:
        started = time.perf_counter()
        for worker in self.workers:
            print(file=worker.stdin, flush=True)
        self._wait()
        self.seconds.append(time.perf_counter() - started)

    def close(self) -> None:
        for worker in self.workers:
            worker.stdin.close()
            worker.wait()


def measure(teams: list[Workers], flop: int) -> None:
    """Let teams work in turns, and print a row for each; the first is the limit."""
    for _ in range(REPETITIONS):
        for team in teams:
            team.repeat()
    for team in teams:
        team.close()
    matrix, own = teams[0], teams[1]
    limit = 2 * SIZE**3 * matrix.processes / statistics.median(matrix.seconds)
    print(f"{'':34}{'images/s':>10}{'ratio':>8}{'of the limit':>14}")
    for team in teams[1:]:
        images = EXAMPLES * team.processes
        rate = images / statistics.median(team.seconds)
        ratio = statistics.median(
            other / mine * team.processes / own.processes
            for other, mine in zip(own.seconds, team.seconds, strict=True)
        )
        name = f"{team.kind}, {team.processes} x {team.threads} threads"
        print(f"{name:34}{rate:>10.0f}{ratio:>8.2f}{rate * flop / limit:>14.2f}")
    print(f"{'limit, GFLOP/s':34}{limit / 1e9:>10.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", nargs="?")
    parser.add_argument("--work", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.archive, arguments.threads)
        return
    images, labels = load(arguments.archive)
    flop = cost(images, int(labels.max()) + 1)
    shape = "x".join(map(str, images.shape[1:]))
    print(f"{shape}, batches of {BATCH}; {flop / 1e6:.0f} MFLOP of matrix products an image")
    kinds = ["matrices", "workflow", "fit"]
    kinds += ["pytorch", "pytorch_fused"] if find_spec("torch") else []
    cores = os.cpu_count()
    measure([Workers(kind, 1, 1, arguments.archive) for kind in kinds], flop)
    if cores > 1:
        # The workflow runs a job of one thread on every core; the others take all threads.
        teams = [
            Workers(kind, *((cores, 1) if kind in kinds[:2] else (1, cores)), arguments.archive)
            for kind in kinds
        ]
        teams += [Workers(kind, cores, 1, arguments.archive) for kind in kinds[3:]]
        measure(teams, flop)


if __name__ == "__main__":
    main()
