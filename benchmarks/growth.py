"""How planning, memory and disk grow with a study: datasets x 10 outer folds x 3 methods.

    uv run python benchmarks/growth.py [ARCHIVE.npz] [--studies 20:per_fold 20:5 20:per_dataset]

A study is a number of datasets, and of outer folds that one job does. For each: its jobs, those
that a cluster is handed, time and memory that Snakemake takes to plan it, and time to find that a
finished one is finished; its files are made up for that, empty, and recorded by `--touch`. Then the
bytes that one outer fold leaves behind, search and final chains, really run, for one epoch, on an
archive of images or on digits.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml
from images import load

ROOT = Path(__file__).parents[1]
OUTER_FOLDS = 10
# Larger studies are planned, but not made up: that takes longer than all the rest.
LARGEST_MADE_UP = 100
# Rules that are no local ones.
HANDED = ("prepare_dataset", "check_data", "encode", "train_", "predict")
STUDIES = ("5:per_fold", "20:per_fold", "80:per_fold", "20:5", "20:per_dataset", "1000:per_dataset")


def make_config(datasets: int, jobs: str, source: dict | None = None) -> dict:
    """Return a study with the methods and the search space of 2021.

    Args:
        jobs: of the config, or a number of folds per job.
    """
    twenty = yaml.safe_load((ROOT / "studies/twenty_datasets.yaml").read_text())
    names = ("baseline", "noisy_student", "noisy_student_ensemble")
    source = source or {"source": "digits"}
    source |= {"policy": "characters", "epochs": 1, "labeled_fraction": 0.1}
    kept = ("seed", "threads", "outer_folds", "inner_folds", "training")
    size = {"folds_per_job": int(jobs)} if jobs.isdecimal() else {"jobs": jobs}
    return {key: twenty[key] for key in kept} | {
        "study": "growth",
        **size,
        "datasets": {f"part_{index}": source for index in range(datasets)},
        "methods": {name: twenty["methods"][name] for name in names},
    }


# Snakemake waits for a tenth of a second when it touches the files of a job.
NO_WAITING = (
    "from snakemake import cli; from snakemake.executors import touch; "
    "touch.Executor.SLEEPING_TIME = 0; cli.main()"
)


def snakemake(folder: Path, *arguments: str) -> tuple[str, float, float]:
    """Run Snakemake on a folder's study; return its output, seconds and the peak of memory, GB."""
    command = [sys.executable, "-c", NO_WAITING, "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", "study.yaml", "--workflow-profile", "none", *arguments]
    output = folder / "output"
    started = time.perf_counter()
    with output.open("w") as file:
        process = subprocess.Popen(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        sys.exit(output.read_text())
    return output.read_text(), seconds, usage.ru_maxrss / 2**20


def make_up_results(folder: Path) -> None:
    """Write empty files for all of a study, and let Snakemake record them as made."""
    snakemake(folder, "download_all", "--quiet", "--cores", "1")
    summary, *_ = snakemake(folder, "--summary")
    for line in summary.splitlines():
        path = folder / line.split("\t")[0]
        if not line.startswith("results/"):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch() if path.suffix else path.mkdir()
    snakemake(folder, "--touch", "--forceall", "--quiet", "--cores", "1000")


def measure(datasets: int, jobs: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "study.yaml").write_text(yaml.safe_dump(make_config(datasets, jobs)))
        output, planning, memory = snakemake(folder, "--dry-run", "--quiet", "rules")
        jobs_of = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", output, re.M)}
        count = jobs_of.pop("total")
        handed = sum(number for name, number in jobs_of.items() if name.startswith(HANDED))
        checking = ""
        if datasets <= LARGEST_MADE_UP:
            make_up_results(folder)
            output, seconds, _ = snakemake(folder, "--dry-run")
            assert "Nothing to be done" in output, output
            checking = f"{seconds:.1f}"
    print(
        f"{datasets:>8}{jobs:>16}{count:>9}{handed:>9}{planning:>14.1f}{checking:>14}{memory:>12.2f}",
        flush=True,
    )


def measure_artefacts(archive: str | None) -> None:
    images, labels = load(archive)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        names = [str(label) for label in np.unique(labels)]
        np.savez(folder / "part.npz", x=images, y=labels, class_names=names)
        config = make_config(1, "per_fold", {"source": "npz", "path": "part.npz"})
        (folder / "study.yaml").write_text(yaml.safe_dump(config))
        fold = Path("results/growth/runs/part_0/fold_0")
        scores = [str(fold / method / "scores.json") for method in config["methods"]]
        snakemake(folder, *scores, "--quiet", "--cores", str(os.cpu_count()))
        sizes = {}
        for path in (folder / fold).rglob("*.*"):
            of_search = "search" in path.relative_to(folder / fold).as_posix()
            kind = "models" if path.parent.name == "models" else path.stem
            kind = {"search": "predictions", "final": "predictions"}.get(kind, kind)
            kind = f"{kind}, {'search' if of_search else 'final'}"
            sizes[kind] = sizes.get(kind, 0) + path.stat().st_size
    shape = "x".join(map(str, images.shape))
    print(f"Bytes that an outer fold of {shape} leaves behind:")
    for kind, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{kind:>28}{size:>14,}")
    print(f"{'in all':>28}{sum(sizes.values()):>14,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", nargs="?")
    parser.add_argument("--studies", nargs="*", default=STUDIES, metavar="DATASETS:FOLDS")
    arguments = parser.parse_args()
    columns = (("datasets", 8), ("folds of a job", 16), ("jobs", 9), ("handed", 9))
    columns += (("planning, s", 14), ("checking, s", 14), ("memory, GB", 12))
    print("".join(f"{name:>{width}}" for name, width in columns), flush=True)
    for study in arguments.studies:
        datasets, _, jobs = study.partition(":")
        measure(int(datasets), jobs)
    measure_artefacts(arguments.archive)


if __name__ == "__main__":
    main()
