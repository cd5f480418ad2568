"""Kill a small study at random moments, and start it again, many times over.

    uv run python tests/campaigns/kills.py --kills 100

Snakemake, a job, or all of them are killed (SIGKILL) or asked to end (SIGTERM), at any moment;
every renaming of a file is slow, so that many moments are within one. After some kills the study is
let run to its end, and another one is begun. Each time its scores must be those of a study that
nobody disturbed, with nothing left behind. Prints what was killed, and how often; ends with an
error at the first difference.
"""

import argparse
import collections
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import Study

# Slow renaming, in every Python that a study starts.
SLOW = """
import os
import time

_replace = os.replace


def replace(*arguments, **names):
    time.sleep(0.2)
    _replace(*arguments, **names)


os.replace = replace
"""
WHOM = ("snakemake", "a job", "all")
HOW = (signal.SIGKILL, signal.SIGTERM)
# What a study is asked for; all of it when empty.
TARGETS: tuple[str, ...] = ()
# Times that a study is disturbed before it is let run to its end.
TIMES = 4
# Seconds within which a moment is drawn; the study takes about so long.
WITHIN = 40.0


def config() -> dict:
    """Return a study of some seconds per job: vectors, two outer folds, a search, an ensemble."""
    return {
        "study": "kills",
        "seed": 3,
        "threads": 1,
        "outer_folds": 2,
        "inner_folds": 2,
        "controls": "none",
        "training": {"backbone": "linear", "batch_size": 16, "learning_rate": 0.02},
        "datasets": {
            "wine": {
                "kind": "vectors",
                "source": "sklearn",
                "name": "wine",
                "steps": 40,
                "labels_per_class": 5,
                "policy": "gaussian",
            }
        },
        "methods": {
            "baseline": {"generations": 0},
            "student": {
                "generations": [1, 2],
                "schedule": "all",
                "threshold": [0, 0.5],
                "noise": {"magnitude": 0.2},
            },
        },
    }


def start(study: Study, slow: Path | None = None) -> subprocess.Popen:
    """Start a study's Snakemake in a session of its own."""
    environment = {**os.environ, "PYTHONPATH": str(slow or "")}
    return subprocess.Popen(
        study.command("--cores", "2", *TARGETS),
        cwd=study.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def disturb(process: subprocess.Popen, whom: str, how: signal.Signals) -> bool:
    """Send a signal to Snakemake, to one of its jobs, or to all of them.

    Returns: whether there was one to send it to.
    """
    try:
        main = psutil.Process(process.pid)
        jobs = [one for one in main.children(recursive=True) if _is_script(one)]
        chosen = {"snakemake": [main], "a job": jobs[:1], "all": [main, *jobs]}[whom]
        for one in chosen:
            one.send_signal(how)
    except psutil.NoSuchProcess:
        return False
    return bool(chosen)


def _is_script(process: psutil.Process) -> bool:
    return ".snakemake/scripts" in " ".join(process.cmdline())


def scores(study: Study) -> pd.DataFrame:
    """Return a study's scores, without the seconds that it took."""
    table = pd.read_csv(study.results / "scores.csv")
    return table.drop(columns=[name for name in table if name.endswith("_time")])


def check(study: Study, expected: pd.DataFrame) -> None:
    """Raise AssertionError unless a study has ended as one that nobody disturbed."""
    process = start(study)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    pd.testing.assert_frame_equal(scores(study), expected)
    left = [path for path in study.folder.rglob("*") if ".part-" in path.name]
    assert not left, left
    again = study.run("--dry-run", "--cores", "1", *TARGETS)
    assert "Nothing to be done" in again, again


def disturb_many_times(
    folder: Path, kills: int, seed: int, within: float = WITHIN, settings: dict | None = None
) -> collections.Counter:
    """Return how often what was disturbed, after so many kills.

    Args:
        within: seconds within which a moment is drawn.
        settings: of the study, instead of `config`.

    Raises: AssertionError, at the first study that ends otherwise than one that nobody disturbed.
    """
    # It starts in a third of the time.
    os.environ["KERAS_BACKEND"] = "jax"
    rng, counts = random.Random(seed), collections.Counter[str]()
    slow = folder / "slow"
    slow.mkdir()
    (slow / "sitecustomize.py").write_text(SLOW)
    calm = Study(folder / "calm", settings or config())
    output, _ = (process := start(calm)).communicate()
    assert process.returncode == 0, output
    expected = scores(calm)
    number = 0
    while sum(counts.values()) < kills:
        study = Study(folder / f"disturbed_{number}", settings or config())
        number += 1
        for _ in range(min(TIMES, kills - sum(counts.values()))):
            process = start(study, slow)
            whom, how = rng.choice(WHOM), rng.choice(HOW)
            until = time.monotonic() + rng.uniform(2, within)
            while process.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            if disturb(process, whom, how):
                counts[f"{whom}, {how.name}"] += 1
                print(f"{sum(counts.values())}: {whom}, {how.name}", flush=True)
            process.communicate()
        check(study, expected)
    return counts


def main() -> None:
    """Kill as often as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts = disturb_many_times(Path(folder), arguments.kills, arguments.seed)
    print(yaml.safe_dump(dict(counts), sort_keys=True), end="")
    print(f"{sum(counts.values())} kills, all scores as those of a study that nobody disturbed.")


if __name__ == "__main__":
    main()
