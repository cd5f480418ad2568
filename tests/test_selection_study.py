"""A study of unequal classes, whose methods differ in what they select and in who teaches."""

import math

import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import tiny_config
from self_training.methods import labeled_so_far, predictions
from sklearn.datasets import load_digits

pytestmark = pytest.mark.study

METHODS = {
    "baseline": {"generations": 0},
    "curriculum": {"schedule": "all", "curriculum": 0.5, "generations": 2},
    "one": {"schedule": "all", "threshold": 0, "labels": "soft", "teacher_members": 3}
    | {"generations": 1},
    "one_control": {"generations": 0, "control_of": "one"},
    "rest": {"schedule": "rest", "threshold": 0.95, "share": {"at_least": 0.1, "at_most": 0.3}}
    | {"balance": "sample", "align": True, "generations": 2},
}


@pytest.fixture(scope="module")
def finished(make_study):
    """The study, run; 40 of its vectors are of the rarest class, 120 of each of the others."""
    config = tiny_config() | {"study": "selection", "jobs": "per_dataset", "methods": METHODS}
    del config["inner_folds"]
    config["training"] = {"backbone": "linear", "batch_size": 16, "learning_rate": 0.01}
    config["datasets"] = {"some": {"kind": "vectors", "source": "npz", "path": "some.npz"}}
    config["datasets"]["some"] |= {"steps": 60, "labeled_fraction": 0.1}
    study = make_study(config, backend="jax")
    digits = load_digits()
    rows = [
        np.flatnonzero(digits.target == label)[:n] for label, n in ((3, 120), (8, 120), (9, 40))
    ]
    which = np.concatenate(rows)
    classes = np.searchsorted([3, 8, 9], digits.target[which])
    x, names = digits.data[which].astype(np.float32) / 16, np.array(["three", "eight", "nine"])
    np.savez(study.folder / "some.npz", x=x, y=classes, class_names=names)
    study.run("--cores", "1")
    return study


def labels_of(finished, method: str, generation: int):
    folder = finished.results / f"runs/some/fold_0/{method}/final/generation_{generation}"
    (found,) = labeled_so_far.load(folder / "pseudo_labels.npz").values()
    return found


def test_as_many_are_selected_as_methods_say(finished):
    table = pd.read_csv(finished.results / "generations.csv")
    for fold in (0, 1):
        rows = table[table["fold"] == fold].set_index(["method", "generation"])
        half, whole = (rows.loc[("curriculum", number)] for number in (1, 2))
        assert half["selected"] == math.ceil(half["offered"] / 2)
        assert whole["selected"] == whole["offered"] == half["offered"]
        one = rows.loc[("one", 1)]
        assert one["selected"] == one["offered"] == half["offered"]
        for number in (1, 2):
            of_rest = rows.loc[("rest", number)]
            part = of_rest["selected"] / of_rest["offered"]
            assert 0.1 <= part <= math.ceil(0.3 * of_rest["offered"]) / of_rest["offered"]
            assert 0 < of_rest["trained_on"] <= of_rest["selected"]
        learned = rows.loc[("rest", 1)]["trained_on"]
        assert rows.loc[("rest", 2)]["offered"] == half["offered"] - learned


def test_what_was_learned_stays_as_it_was(finished):
    first, second = (labels_of(finished, "rest", number) for number in (1, 2))
    learned = first.copies > 0
    before = second.generation == 1
    kept = second.examples[before].tolist(), second.targets[before].tolist()
    assert set(first.examples[learned]) <= set(kept[0])
    assert set(zip(*kept, strict=True)) <= set(
        zip(first.examples.tolist(), first.targets.tolist(), strict=True)
    )
    assert len(set(second.examples.tolist())) == len(second.examples)


def test_one_student_learns_what_three_teachers_say(finished):
    fold = finished.results / "runs/some/fold_0"
    given = predictions.load(fold / "teachers/final.npz")["final"]
    assert given.unlabeled.shape[0] == 3
    labeled = labels_of(finished, "one", 1)
    np.testing.assert_allclose(labeled.targets, given.unlabeled.mean(axis=0), atol=1e-6)
    models = fold / "one/final/generation_1/models"
    assert [path.name for path in models.glob("*.keras")] == ["member_0.keras"]
    scores = pd.read_csv(finished.results / "scores.csv").set_index(["method", "fold"])
    assert scores.loc[("one", 0), "gradient_steps"] == 4 * 60
    assert scores.loc[("one_control", 0), ["gradient_steps", "ensemble_size"]].tolist() == [60, 1]
    assert scores["teacher_members"].dropna().index.tolist() == [("one", 0), ("one", 1)]


def test_the_rarest_class_and_what_selects_are_in_the_workbook(finished):
    scores = pd.read_csv(finished.results / "scores.csv")
    assert set(scores["rarest_class"]) == {"nine"}
    assert scores["rarest_recall"].between(0, 1).all()
    workbook = openpyxl.load_workbook(finished.results / "report.xlsx")
    folds = [cell.value for cell in workbook["All folds"][1]]
    assert "Recall of the rarest class" in folds
    headers = [cell.value for cell in workbook["Chains"][1]]
    assert "Teacher members" in headers and "Uncertainty" not in headers
    text = " ".join(str(cell.value) for row in workbook["Methods text"] for cell in row)
    assert "Cascante-Bonilla, P., Tan, F., Qi, Y., Ordonez, V. (2021)" in text
    assert (finished.results / "figures/pseudo_labels/some.png").exists()
