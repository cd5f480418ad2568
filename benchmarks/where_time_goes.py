"""Where the time of a study goes, as shares of all cores from the first second to the last.

    uv run python benchmarks/where_time_goes.py [STUDY.yaml] [--cores 2]

Runs the study (config.yaml unless another is named) in a folder of its own, with the archives that
are in resources/, and adds up what its training jobs have recorded and how long the others took.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil

ROOT = Path(__file__).parents[1]
# What a training job records; what is left of it: images, pseudo-labels, starting weights, files.
PARTS = {
    "startup_seconds": "start of Python and the framework",
    "tracing_seconds": "tracing",
    "training_seconds": "training, noise included",
    "prediction_seconds": "prediction",
}
ARITHMETIC = ("select", "evaluate")


def run(study: Path, folder: Path, cores: int) -> tuple[float, float]:
    """Run a study; return its seconds, and the CPU seconds of Snakemake itself."""
    if (ROOT / "resources").exists():
        (folder / "resources").symlink_to(ROOT / "resources")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", str(study), "--workflow-profile", "none", "--quiet"]
    started = time.perf_counter()
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            [*command, "--cores", str(cores)], cwd=folder, stdout=output, stderr=output
        )
        own = 0.0
        while process.poll() is None:
            times = psutil.Process(process.pid).cpu_times()
            own = max(own, times.user + times.system)
            time.sleep(0.2)
    if process.returncode:
        sys.exit((folder / "output").read_text())
    return time.perf_counter() - started, own


def read_jobs(folder: Path) -> pd.DataFrame:
    """Return rule and seconds of every job, as Snakemake has recorded them."""
    records = pd.DataFrame(
        [
            {key: record[key] for key in ("rule", "starttime", "endtime")}
            | {"log": record["log"][0]}
            for record in map(
                json.loads, (path.read_text() for path in folder.glob(".snakemake/metadata/*"))
            )
        ]
    )
    # One record per file; a job has one log.
    jobs = records.groupby(["rule", "log"]).agg({"starttime": "min", "endtime": "max"})
    return (jobs["endtime"] - jobs["starttime"]).rename("seconds").reset_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path, nargs="?", default=ROOT / "config.yaml")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        seconds, own = run(arguments.study.resolve(), folder, arguments.cores)
        jobs = read_jobs(folder)
        timing = pd.DataFrame(
            [
                json.loads(path.read_text())["job"]
                for path in folder.glob("results/*/histories/**/*.json")
            ]
        )
    training = jobs["rule"].str.startswith("train_")
    arithmetic = jobs["rule"].isin(ARITHMETIC)
    rows = {name: timing.get(key, pd.Series()).sum() for key, name in PARTS.items()}
    rows["rest of training jobs"] = jobs["seconds"][training].sum() - sum(rows.values())
    rows["choices, scores"] = jobs["seconds"][arithmetic].sum()
    rows["data, statistics, report"] = jobs["seconds"][~training & ~arithmetic].sum()
    whole = arguments.cores * seconds
    rows["cores without a job"] = whole - sum(rows.values())
    print(f"{len(jobs)} jobs, {seconds:.0f} s on {arguments.cores} cores")
    for name, value in rows.items():
        print(f"{name:36}{value:>10.1f} s{value / whole:>8.1%}")
    print(f"Snakemake itself, beside the jobs: {own:.1f} s of CPU.")


if __name__ == "__main__":
    main()
