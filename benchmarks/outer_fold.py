"""What an outer fold takes: this project beside the notebook way, with the same choices.

    uv run python benchmarks/outer_fold.py [ARCHIVE.npz] [--examples 6000] [--epochs 5]

The protocol of 2021, without noise: baseline, noisy student with all 45 candidates of its search
space, noisy student with ensembles that inherits its choice, on three inner folds. The workflow
trains one outer fold on one core, and then as many as there are cores side by side, as it is made
to; the notebook (notebook.py) trains the first one in one process, of one thread and of as many as
there are cores. Of one thread it must end in the choices and accuracies of the workflow.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from images import load

ROOT = Path(__file__).parents[1]
OUTER_FOLDS = 10


def make_config(arguments, archive: Path) -> dict:
    return {
        "study": "outer_fold",
        "seed": 2021,
        "threads": 1,
        "outer_folds": OUTER_FOLDS,
        "inner_folds": 3,
        "training": {"backbone": "original_cnn", "batch_size": 32, "learning_rate": 0.001},
        "datasets": {
            "part": {
                "source": "npz",
                "path": str(archive),
                "epochs": arguments.epochs,
                "labeled_fraction": 0.1,
            }
        },
        "methods": {
            "baseline": {"generations": 0},
            "noisy_student": {
                "unlabeled_fraction": [0.05, 0.1, 0.2],
                "threshold": [0.4, 0.5, 0.6, 0.7, 0.8],
                "generations": [1, 2, 3],
                "search": {"strategy": "grid"},
            },
            "noisy_student_ensemble": {"inherit": "noisy_student", "ensemble_size": [2, 3]},
        },
    }


def run_workflow(folder: Path, targets: list[str], cores: int) -> float:
    """Run Snakemake in a folder; return the seconds it took, its own start included."""
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", str(cores), "--quiet"]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "study.yaml"]
    command += ["--workflow-profile", "none"]
    started = time.perf_counter()
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stdout + result.stderr)
    return time.perf_counter() - started


def run_notebook(folder: Path, threads: int) -> dict:
    """Run the notebook on outer fold 0; return what it prints, and its `seconds` of wall time."""
    config = yaml.safe_load((folder / "study.yaml").read_text()) | {"threads": threads}
    (folder / "notebook.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, str(ROOT / "benchmarks/notebook.py"), "notebook.yaml"]
    started = time.perf_counter()
    result = subprocess.run(
        [*command, "results/outer_fold", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    seconds = time.perf_counter() - started
    return json.loads(result.stdout.splitlines()[-1]) | {"seconds": seconds}


def chosen(results: Path, method: str) -> dict:
    """Return choice and accuracy of a method on outer fold 0."""
    run = results / "runs/part/fold_0" / method
    return {
        "choice": json.loads((run / "choice.json").read_text())["hyper_parameters"],
        "accuracy": json.loads((run / "scores.json").read_text())["accuracy"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", nargs="?")
    parser.add_argument("--examples", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--threads", type=int, nargs="*", default=[1, os.cpu_count()])
    arguments = parser.parse_args()
    images, labels = load(arguments.archive)
    images, labels = images[: arguments.examples], labels[: arguments.examples]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        names = [str(label) for label in np.unique(labels)]
        np.savez(folder / "part.npz", x=images, y=labels, class_names=names)
        config = make_config(arguments, folder / "part.npz")
        (folder / "study.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        results = folder / "results/outer_fold"
        first, *others = [
            f"results/outer_fold/runs/part/fold_{fold}" for fold in range(arguments.cores + 1)
        ]
        run_workflow(folder, [f"{fold}/split.npz" for fold in (first, *others)], arguments.cores)
        methods = list(config["methods"])
        alone = run_workflow(folder, [f"{first}/{method}/scores.json" for method in methods], 1)
        together = run_workflow(
            folder,
            [f"{fold}/{method}/scores.json" for fold in others for method in methods],
            arguments.cores,
        )
        timing = pd.DataFrame(
            [
                json.loads(path.read_text())["job"]
                for path in (results / "histories").rglob("*.json")
                if "fold_0" in (path.stem, *path.parts)
            ]
        )
        found = {method: chosen(results, method) for method in methods}
        notebooks = {threads: run_notebook(folder, threads) for threads in arguments.threads}
    shape = "x".join(map(str, images.shape[1:]))
    print(f"{len(images)} images of {shape}, {arguments.epochs} epochs")
    print(f"{'':32}{'networks':>10}{'s a fold':>10}{'ratio':>8}")
    rows = [
        ("workflow, 1 core", timing["runs"].sum(), alone),
        (
            f"workflow, {arguments.cores} folds on {arguments.cores} cores",
            None,
            together / len(others),
        ),
    ]
    for threads, notebook in notebooks.items():
        rows.append((f"notebook, {threads} threads", notebook["networks"], notebook["seconds"]))
    for name, networks, seconds in rows:
        networks = "" if networks is None else f"{networks:.0f}"
        print(f"{name:32}{networks:>10}{seconds:>10.0f}{seconds / alone:>8.2f}")
    parts = ("startup", "tracing", "training", "prediction", "job")
    sums = {part: timing[f"{part}_seconds"].sum() for part in parts}
    print("Seconds of the training jobs of the fold on one core:", end=" ")
    print(", ".join(f"{part} {value:.0f}" for part, value in sums.items()))
    if 1 in notebooks:
        same = notebooks[1]["methods"] == found
        print("Choices and accuracies of workflow and notebook:", "the same" if same else "differ")
        for method in methods:
            for name, by_method in (("workflow", found), ("notebook", notebooks[1]["methods"])):
                print(f"  {method}, {name}: {by_method[method]}")


if __name__ == "__main__":
    main()
