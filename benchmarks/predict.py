"""What it takes to label new images, beside the loop that one would write with plain Keras.

    uv run python benchmarks/predict.py [IMAGES]

The original CNN on gray images of 28 x 28 pixels, of random weights: so many in a NumPy archive
(100,000 when left out), a tenth of them as PNG files, and one alone for the start. Every row is a
process of its own, the fastest of three; its memory is the most that it had. Images per second are
without the start.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from self_training.deployment import model  # noqa: E402

REPETITIONS, POLL_SECONDS = 3, 0.02
CLASSES = [f"class_{index}" for index in range(10)]
PLAIN = """
import sys
from pathlib import Path
import keras, numpy as np, pandas as pd
from PIL import Image
path = Path(sys.argv[2])
if path.suffix == ".npz":
    x = np.load(path)["x"]
else:
    x = np.stack([np.asarray(Image.open(file)) for file in sorted(path.rglob("*.png"))])[..., None]
network = keras.models.load_model(sys.argv[1] + "/member_0.keras")
probabilities = network.predict(x.astype("float32") / 255, batch_size=128, verbose=0)
pd.DataFrame(probabilities).to_csv(sys.argv[3])
"""


def make_model(folder: Path, threads: int) -> Path:
    """Write the folder of a deployed model of one network."""
    from images import settings
    from self_training.training.prediction import PREDICTION_BATCH
    from self_training.training.trainer import build_network

    folder.mkdir()
    build_network((28, 28, 1), len(CLASSES), settings(), {}).save(folder / "member_0.keras")
    made = model.Model(
        format=model.FORMAT,
        kind="images",
        study="benchmark",
        dataset="random",
        method="baseline",
        reason="",
        classes=CLASSES,
        shape=[28, 28, 1],
        reading={},
        members=[model.member(folder, "member_0.keras")],
        files={},
        temperature=1.0,
        backend="tensorflow",
        threads=threads,
        batch_size=PREDICTION_BATCH,
        provenance={},
    )
    model.save(folder, made)
    return folder


def write_images(folder: Path, count: int) -> dict[str, Path]:
    """Write random images, and return where they are by what they are."""
    from PIL import Image

    images = np.random.default_rng(0).integers(0, 256, (count, 28, 28, 1), dtype=np.uint8)
    np.savez(folder / "all.npz", x=images)
    np.savez(folder / "one.npz", x=images[:1])
    (folder / "png").mkdir()
    for row in range(count // 10):
        Image.fromarray(images[row, ..., 0]).save(folder / f"png/{row:06d}.png")
    return {"one": folder / "one.npz", "npz": folder / "all.npz", "png": folder / "png"}


def measure(*command: str) -> tuple[float, float]:
    """Return the seconds that a process takes, and the most memory that it had, in MB."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    started = time.perf_counter()
    process = psutil.Popen([sys.executable, *command], env=environment, stderr=subprocess.DEVNULL)
    memory = 0
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            memory = max(memory, process.memory_info().rss)
        time.sleep(POLL_SECONDS)
    if process.returncode:
        sys.exit(f"Expected {' '.join(command[:3])} to succeed. Received {process.returncode}.")
    return time.perf_counter() - started, memory / 1e6


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = write_images(folder, count)
        one_thread = make_model(folder / "model", 1)
        ways = {"predict, 1 thread": ("-m", "self_training", "predict", str(one_thread))}
        many = make_model(folder / "many", cores)
        ways[f"predict, {cores} threads"] = ("-m", "self_training", "predict", str(many))
        ways[f"plain Keras, {cores} threads"] = ("-c", PLAIN, str(one_thread))
        print(
            f"{'':28}{'start, s':>10}{'npz, images/s':>15}{'MB':>8}{'png, images/s':>15}{'MB':>8}"
        )
        for name, command in ways.items():
            output = [str(folder / "labels.csv")]
            output = ["--output", *output] if "-m" in command else output
            start, of_npz, of_png = (
                min(measure(*command, str(path), *output) for _ in range(REPETITIONS))
                for path in paths.values()
            )
            speeds = (count / (of_npz[0] - start[0]), count // 10 / (of_png[0] - start[0]))
            print(
                f"{name:28}{start[0]:>10.1f}{speeds[0]:>15.0f}{of_npz[1]:>8.0f}"
                f"{speeds[1]:>15.0f}{of_png[1]:>8.0f}"
            )


if __name__ == "__main__":
    main()
