"""One outer fold of real letters, A-Z Handwritten Alphabets, from a NumPy archive."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT, tiny_config

SHARED = ROOT.parent / "shared" / "data"

pytestmark = [
    pytest.mark.study,
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real data in {SHARED}"),
]


def test_one_fold_of_letters(make_study, tmp_path):
    name = "az_handwritten_subset"
    subprocess.run([sys.executable, SHARED / "unpack.py", tmp_path, name], check=True)
    config = tiny_config() | {"study": "letters", "outer_folds": 3}
    config["datasets"] = {
        "letters": {
            "source": "npz",
            "path": str(tmp_path / f"{name}.npz"),
            "classes": [0, 1, 2, 3, 4],
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
    assert [row["generation"] for row in student["pseudo_labels"]] == [1, 2]
    assert not (study.results / "runs/letters/fold_0/teachers").exists()
