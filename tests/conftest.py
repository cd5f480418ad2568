"""Studies that tests run with Snakemake, as a user would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

# As in jobs (workflow/rules/config.smk), and before NumPy is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(config, items):
    """Let the workers of pytest-xdist begin with the longest files, so that they end together.

    What waits for Slurm comes before all of them, as it leaves its core to the others.
    """
    first = ["test_slurm.py", "test_study.py", "test_invariants.py"]
    if hasattr(config, "workerinput"):
        items.sort(
            key=lambda item: (
                first.index(item.path.name) if item.path.name in first else len(first),
                item.get_closest_marker("study") is None,
            )
        )


class Study:
    """A copy of the workflow in a folder of its own, with a config.

    Where it does not matter to a test what trains, `backend` may be jax, which starts in half the
    time.
    """

    def __init__(self, folder: Path, config: dict, backend: str | None = None):
        self.folder, self.config, self.backend = folder, config, backend
        shutil.copytree(
            ROOT / "workflow", folder / "workflow", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copytree(ROOT / "profiles", folder / "profiles")
        shutil.copytree(ROOT / "envs", folder / "envs")
        shutil.copy(ROOT / "Snakefile", folder)
        self.write_config()

    def write_config(self) -> None:
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False))

    @property
    def results(self) -> Path:
        return self.folder / "results" / self.config["study"]

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen:
        backend = {"KERAS_BACKEND": self.backend} if self.backend else {}
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONPATH": ""} | backend,
        )

    def run(self, *arguments: str, succeeds: bool = True) -> str:
        """Run Snakemake and return what it printed."""
        process = self.start(*arguments)
        output, _ = process.communicate()
        assert (process.returncode == 0) == succeeds, output
        return output

    def assert_hidden_labels_change_nothing(self, dataset: str, files: list[Path]) -> None:
        """Permute the hidden labels of a dataset of one split, its first, and make files of
        predictions anew: all they hold must be the same."""
        before = [{name: one[name] for name in one.files} for one in map(np.load, files)]
        split = self.results / f"runs/{dataset}/fold_0/split.npz"
        with np.load(split) as parts:
            hidden = parts["unlabeled_idx"]
        path = self.results / f"datasets/{dataset}/labels.npy"
        labels = np.load(path)
        labels[hidden] = np.random.default_rng(1).permutation(labels[hidden])
        assert (np.load(path) != labels).any()
        np.save(path, labels)
        # The split stays as it is, and everything behind it is made anew.
        self.run("--cores", "1", "--touch", str(split.relative_to(self.folder)))
        for file in files:
            file.unlink()
        self.run("--cores", "2", *(str(file.relative_to(self.folder)) for file in files))
        for file, expected in zip(files, before, strict=True):
            with np.load(file) as found:
                assert set(found.files) == set(expected)
                for name, array in expected.items():
                    np.testing.assert_array_equal(found[name], array)

    def copy(self, folder: Path) -> "Study":
        """Return this study as it is, results and Snakemake's records included."""
        shutil.copytree(self.folder, folder)
        other = object.__new__(Study)
        other.folder, other.config = folder, yaml.safe_load(yaml.safe_dump(self.config))
        other.backend = self.backend
        return other


def tiny_config() -> dict:
    """A study that takes seconds to train: 3 digits, 2 outer folds, 3 methods."""
    return {
        "study": "tiny",
        "seed": 7,
        "threads": 1,
        # None is added: what these tests are about costs less without.
        "controls": "none",
        "outer_folds": 2,
        "inner_folds": 2,
        "training": {"backbone": "original_cnn", "batch_size": 16, "learning_rate": 0.003},
        "datasets": {
            "digits_0_2": {
                "source": "digits",
                "classes": [0, 1, 2],
                "policy": "characters",
                "epochs": 6,
                "labeled_fraction": 0.1,
            },
        },
        "methods": {
            "baseline": {"generations": 0},
            "noisy_student": {
                "unlabeled_fraction": 0.2,
                "threshold": [0.4, 0.6],
                "generations": [1, 2],
                "noise": {"magnitude": 10, "dropout": 0.2},
                "balance": "quota",
            },
            "noisy_student_ensemble": {"inherit": "noisy_student", "ensemble_size": [2, 3]},
        },
    }


@pytest.fixture(scope="session")
def make_study(tmp_path_factory):
    """Return a function that makes a study from a config."""

    def make(config: dict, backend: str | None = None) -> Study:
        return Study(tmp_path_factory.mktemp(config["study"]) / "project", config, backend)

    return make


@pytest.fixture(scope="session")
def tiny_study(make_study) -> Study:
    """The tiny study, finished, run on 2 cores."""
    study = make_study(tiny_config())
    study.first_output = study.run("--cores", "2")
    return study


@pytest.fixture()
def tiny_copy(tiny_study, tmp_path) -> Study:
    """A copy of the finished tiny study that a test may change."""
    return tiny_study.copy(tmp_path / "project")
