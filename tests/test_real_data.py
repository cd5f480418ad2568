"""Real images: the datasets of studies/twenty_datasets.yaml, and an outer fold of real letters."""

import json
import subprocess
import sys

import numpy as np
import pytest
import yaml
from conftest import ROOT, tiny_config

SHARED = ROOT.parent / "shared" / "data"

pytestmark = [
    pytest.mark.study,
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real data in {SHARED}"),
]


def unpack(folder, *names: str) -> None:
    subprocess.run([sys.executable, SHARED / "unpack.py", folder, *names], check=True)


def test_the_twenty_datasets_are_prepared(make_study):
    """From archives laid into resources/, without a download; their examples are counted."""
    config = yaml.safe_load((ROOT / "studies/twenty_datasets.yaml").read_text())
    assert len(config["datasets"]) == 20
    study = make_study(config)
    unpack(study.folder / "resources", "mnist", "fashion_mnist", "cifar100")
    sources = ("mnist", "fashion_mnist", "cifar100")
    names = [key for key, value in config["datasets"].items() if value["name"] in sources]
    assert len(names) == 13
    folder = study.results / "datasets"
    study.run(
        "--cores", "2", *[f"results/{config['study']}/datasets/{n}/examples.npy" for n in names]
    )
    shapes = {name: np.load(folder / name / "examples.npy", mmap_mode="r").shape for name in names}
    assert shapes["fashion_mnist"] == (60_000, 28, 28, 1)
    assert shapes["mnist_0_4"] == (30_596, 28, 28, 1)
    assert shapes["mnist_5_9"] == (29_404, 28, 28, 1)
    assert {shape for name, shape in shapes.items() if "cifar" in name} == {(5_000, 32, 32, 3)}
    classes = {name: json.loads((folder / name / "classes.json").read_text()) for name in names}
    assert classes["cifar100_90_99"][:3] == ["train", "trout", "tulip"]
    assert classes["mnist_5_9"] == ["5", "6", "7", "8", "9"]
    for name in names:
        counts = np.bincount(np.load(folder / name / "labels.npy"))
        assert len(counts) == len(classes[name]) and counts.sum() == shapes[name][0]
        assert "cifar" not in name or set(counts) == {500}
    # A part of the letters is not the whole.
    unpack(study.folder / "resources", "az_handwritten_subset")
    part = study.folder / "resources/az_handwritten_subset.npz"
    part.rename(study.folder / "resources/az_handwritten.npz")
    file = f"results/{config['study']}/datasets/az_handwritten_0_4/examples.npy"
    output = study.run("--cores", "1", file, succeeds=False)
    assert "az_handwritten_0_4.examples: Expected 67520" in output and "Received 918" in output


def test_one_fold_of_letters(make_study, tmp_path):
    name = "az_handwritten_subset"
    unpack(tmp_path, name)
    config = tiny_config() | {"study": "letters", "outer_folds": 3}
    config["datasets"] = {
        "letters": {
            "source": "npz",
            "path": str(tmp_path / f"{name}.npz"),
            "classes": [0, 1, 2, 3, 4],
            "policy": "characters",
            "epochs": 8,
            "labeled_fraction": 0.1,
        }
    }
    config["methods"]["noisy_student"] |= {"threshold": 0.6, "generations": 2}
    config["methods"].pop("noisy_student_ensemble")
    config.pop("inner_folds")
    study = make_study(config)
    fold = "results/letters/runs/letters/fold_1"
    files = [f"{fold}/{method}/scores.json" for method in config["methods"]]
    study.run("--cores", "2", *files)
    baseline, student = (json.loads((study.folder / file).read_text()) for file in files)
    # Two thirds of the 918 letters A to E; a tenth of these has labels.
    assert baseline["labeled"] + baseline["unlabeled"] + baseline["test"] == 918
    assert baseline["labeled"] == round(0.1 * (918 - baseline["test"]))
    # Well above the share of the largest class.
    assert baseline["accuracy"] > 0.7 and student["accuracy"] > 0.7
    assert [row["generation"] for row in student["generations_of_chain"]] == [0, 1, 2]
    assert not (study.results / "runs/letters/fold_0/teachers").exists()
