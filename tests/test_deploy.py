"""The folder of a deployed model, made of the files of a chain of two networks per generation."""

import json
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from self_training import storage
from self_training.data.split import Split, save_split
from self_training.deployment import deploy, labels, model, model_card
from self_training.evaluation.differences import fold_interval
from self_training.image import wanted
from self_training.methods import states
from self_training.methods.labeled_so_far import PseudoLabels, no_pseudo_labels
from self_training.methods.predictions import Predictions
from self_training.methods.pseudo_labels import targets
from self_training.study.methods import CHAIN, CONTROL, TEACHER
from self_training.training.prediction import predict

CLASSES = ["cat", "dog|wolf"]
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 4, 5, 1), dtype=np.uint8)
UNLABELED = np.array([1, 4, 6, 7, 9])  # All others are labeled.
TEMPERATURE = 1.7


def network(seed: int):
    from self_training.training.framework import keras

    keras.utils.set_random_seed(seed)
    layers = [keras.Input((4, 5, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
    return keras.Sequential(layers)


def save_ensemble(folder, members: int, seed: int) -> np.ndarray:
    """Write networks, and return what they predict of the unlabeled examples."""
    folder.mkdir(parents=True)
    made = [network(seed + member) for member in range(members)]
    for number, some in enumerate(made):
        some.save(folder / f"member_{number}.keras")
    return np.stack([predict(some, IMAGES, UNLABELED, 2) for some in made])


def pseudo_labels(termination: str) -> PseudoLabels:
    """Of examples 4 and 9, which generation 1 and 2 have selected."""
    none = np.zeros(2)
    return PseudoLabels(np.array([9, 4]), none, none, np.array([2, 1]), none, none, termination)


def scores() -> pd.DataFrame:
    rows = [
        {
            "dataset": dataset,
            "method": method,
            "fold": fold,
            "repeat": fold // 3,
            "accuracy": mean + fold / 50,
        }
        | {"tpr": mean + fold / 25, "labeled": 5, "unlabeled": 6, "unknown": 5, "test": 2}
        for dataset, shift in (("pets@4", -0.3), ("pets@all", 0))
        for method, mean in (("baseline", 0.7 + shift), ("fair", 0.75), ("student", 0.8))
        for fold in range(3)
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The files of a study whose chain ended after generation 2 of 3, with the job's parameters."""
    root = tmp_path_factory.mktemp("chain")
    # Teachers of the largest ensemble, of which this method takes two.
    teachers = save_ensemble(root / "0", 3, seed=0)
    first = save_ensemble(root / "1", 2, seed=10)
    second = save_ensemble(root / "2", 2, seed=20)
    (root / "3").mkdir()
    np.save(root / "examples.npy", IMAGES)
    storage.save_json(root / "classes.json", CLASSES)
    storage.save_json(root / "ids.json", [f"photo {number}.png" for number in range(12)])
    storage.save_csv(root / "scores.csv", scores())
    labeled = np.setdiff1d(np.arange(12), UNLABELED)
    y = np.array([0, 0, 0, 0, 0, 1, 1])
    save_split(
        root / "split.npz",
        Split(UNLABELED, labeled, y, UNLABELED[[2, 0, 1, 4, 3]], np.full((1, 7), -1), 2),
    )
    of_student = {"control": "fair", "verdict": "helps", "over_all": "can't be told"}
    decision = {
        "method": "student",
        "reason": "student helps.",
        "asked": "auto",
        "scored_as": "pets@all",
        "methods": [
            {"method": "baseline", "kind": TEACHER, "mean_accuracy": 0.72},
            {"method": "student", "kind": CHAIN, "mean_accuracy": 0.82} | of_student,
            {"method": "fair", "kind": CONTROL, "mean_accuracy": 0.77},
        ],
    }
    storage.save_json(root / "decision.json", decision)
    calibration = {"temperature": TEMPERATURE, "fitted": TEMPERATURE}
    calibration |= {"predictions": 14, "examples": 7}
    duplicates = {"counts": [], "contradicting": 0, "asked": "report"}
    shift = {"compared": 5, "accuracy": None, "auc": None, "p_value": None}
    checked = {"dataset": "pets", "parts": {"labeled": 7, "unlabeled": 5}}
    checked |= {"duplicates": duplicates, "shift": shift}
    storage.save_json(root / "checked.json", checked)
    storage.save_json(root / "calibration.json", calibration | {"before": 0.123, "after": None})
    storage.save_json(root / "choice.json", {"hyper_parameters": {"ensemble_size": 2}})
    framework = {"backend": "tensorflow", "keras": "3.15.1", "commit": "abc"}
    storage.save_json(root / "history.json", {"job": {"framework": framework}})
    storage.save_json(root / "ended.json", {"job": {}})
    # Those of generation 3 are handed on.
    states.save(root / "last.npz", {"0/final": Predictions(second)})
    states.save(root / "pseudo.npz", {"0/final": pseudo_labels("nothing_selected")})
    states.save(root / "teachers.npz", {"final": Predictions(teachers)})
    files = {
        name: str(root / f"{name}.json")
        for name in ("classes", "ids", "checked", "decision", "calibration")
    }
    files |= dict.fromkeys(("examples", "shown"), str(root / "examples.npy"))
    files |= {"scores": str(root / "scores.csv")}
    files |= {"split": str(root / "split.npz"), "choice": [str(root / "choice.json")]}
    files |= {
        "predictions": [str(root / "last.npz")],
        "pseudo_labels": [str(root / "pseudo.npz")],
        "histories": [str(root / "history.json"), str(root / "ended.json")],
        "networks": [str(root / number) for number in "0123"],
    }
    origin = {"settings": {"seed": 7}, "code": {"deploy": "x"}}
    params = {
        "settings": {
            "study": "s",
            "dataset": "pets",
            "source": {"source": "npz", "path": "pets.npz"},
            "outer_folds": 3,
            "backend": "tensorflow",
            "threads": 1,
        },
        "provenance": {"student": origin, "baseline": origin},
    }
    return SimpleNamespace(root=root, files=files, params=params, teachers=teachers, first=first,
                           second=second)  # fmt: skip


@pytest.fixture(scope="module")
def deployed(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "pets"
    deploy.deploy(SimpleNamespace(**made.files), SimpleNamespace(**made.params), folder)
    return folder


def test_what_comes_out(deployed):
    assert sorted(path.name for path in deployed.iterdir()) == [
        "MODEL_CARD.md",
        "label_next.csv",
        "label_next.json",
        "member_0.keras",
        "member_1.keras",
        "model.json",
        "predictions.csv",
    ]
    found = model.load(deployed)
    assert (found.study, found.dataset, found.method) == ("s", "pets", "student")
    assert (found.kind, found.shape, found.reading) == ("images", [4, 5, 1], {})
    assert (found.temperature, found.classes) == (TEMPERATURE, CLASSES)
    assert found.provenance["seed"] == 7 and found.provenance["commits"] == "abc"


def test_the_networks_are_those_that_predicted(made, deployed):
    """The last that were trained, as many as were selected: not the teachers, not generation 1."""
    from self_training.training.framework import keras

    members = [keras.saving.load_model(deployed / f"member_{number}.keras") for number in (0, 1)]
    predicted = np.stack([predict(some, IMAGES, UNLABELED, 2) for some in members])
    np.testing.assert_array_equal(predicted, made.second)
    table = pd.read_csv(deployed / "predictions.csv")
    expected = labels.table([], predicted[:, :0], model.load(deployed))
    assert [*table] == [*[*expected][:4], "selected_in_generation", *CLASSES]
    calibrated = targets(predicted.mean(axis=0, dtype=np.float64), "soft", TEMPERATURE)
    np.testing.assert_allclose(table[CLASSES], calibrated, atol=1e-6)
    np.testing.assert_allclose(table["confidence"], calibrated.max(axis=1), atol=1e-6)
    assert table["label"].tolist() == [CLASSES[label] for label in calibrated.argmax(axis=1)]


def test_all_unlabeled_examples_and_no_others_are_labeled(deployed):
    table = pd.read_csv(deployed / "predictions.csv")
    assert table["id"].tolist() == [f"photo {number}.png" for number in UNLABELED]
    # Blank where it was never selected.
    expected = [np.nan, 1, np.nan, np.nan, 2]
    np.testing.assert_array_equal(table["selected_in_generation"], expected)
    text = (deployed / "predictions.csv").read_text().splitlines()
    assert text[2].split(",")[4] == "1" and text[1].split(",")[4] == ""


def test_a_method_without_students_has_selected_nothing(made, tmp_path):
    storage.save_json(tmp_path / "choice.json", {"hyper_parameters": {"ensemble_size": 1}})
    decision = storage.load_json(made.files["decision"]) | {"method": "baseline"}
    storage.save_json(tmp_path / "decision.json", decision)
    files = made.files | {
        "decision": str(tmp_path / "decision.json"),
        "choice": [str(tmp_path / "choice.json")],
        "predictions": [str(made.root / "teachers.npz")],
        "pseudo_labels": [],
        "networks": [str(made.root / "0")],
    }
    folder = tmp_path / "pets"
    deploy.deploy(SimpleNamespace(**files), SimpleNamespace(**made.params), folder)
    table = pd.read_csv(folder / "predictions.csv")
    assert table["selected_in_generation"].isna().all()
    # Member 0 of the shared teachers, alone.
    assert len(model.load(folder).members) == 1
    calibrated = targets(made.teachers[0].astype(float), "soft", TEMPERATURE)
    np.testing.assert_allclose(table[CLASSES], calibrated, atol=1e-6)
    assert "entropy" in pd.read_csv(folder / "label_next.csv")
    card = (folder / "MODEL_CARD.md").read_text()
    assert "learned from the labeled ones alone" in card and "(its fair control)" not in card


def test_what_to_label_next_is_of_all_unlabeled_examples(made, deployed):
    table = pd.read_csv(deployed / "label_next.csv")
    assert sorted(table["id"]) == sorted(f"photo {number}.png" for number in UNLABELED)
    tasks = storage.load_json(deployed / "label_next.json")
    assert [task["data"]["id"] for task in tasks] == table["id"].tolist()
    filled = [task["predictions"][0]["result"][0]["value"]["choices"] for task in tasks]
    assert filled == [[label] for label in table["label"]]
    assert len({task["data"]["image"] for task in tasks}) == 5


def test_pixel_columns_are_those_of_the_study_s_file(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text("name,p0,kind,p1,p2,p3\na,0,1,2,3,4\n")
    source = {"source": "csv", "path": str(path), "label_column": "kind", "id_column": "name"}
    expected = {"id_column": "name", "pixel_columns": ["p0", "p1", "p2", "p3"]}
    # Of a CSV file it is the size that its pixels have, and nothing is resized.
    assert wanted.reading(source | {"image_size": [2, 2]}) == expected
    source = {"source": "images", "path": str(tmp_path), "image_size": [2, 2]}
    colors = {"color_mode": "rgb"}
    assert wanted.reading(source | colors) == {"image_size": [2, 2]} | colors
    assert wanted.reading({"source": "npz", "path": "a.npz"} | colors) == colors


def test_the_five_lines_of_the_card_run_and_give_calibrated_probabilities(made, deployed):
    """As a reader would run them, but with an image of the study in place of a black one."""
    card = (deployed / model_card.FILE).read_text()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.S)
    assert len(code.splitlines()) == 5
    black = 'np.zeros((1, 4, 5, 1), "float32")'
    assert black in code
    image = (IMAGES[UNLABELED[0]] / 255).tolist()
    code = code.replace(black, f'np.array([{image}], "float32")')
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=deployed, capture_output=True, text=True, check=True
    )
    label, numbers = re.search(r"\['(.*?)'\] \[\[(.*?)\]\]", done.stdout).groups()
    row = pd.read_csv(deployed / "predictions.csv").iloc[0]
    assert label == row["label"]
    printed = [float(number) for number in numbers.split()]
    np.testing.assert_allclose(printed, row[CLASSES].astype(float), atol=1e-5)


def test_the_card_says_what_is_known_and_no_more(deployed):
    card = (deployed / model_card.FILE).read_text()
    headings = re.findall(r"^## (.*)$", card, re.M)
    assert headings == [
        "Model details",
        "How to load it",
        "Intended use",
        "Metrics",
        "Evaluation data",
        "Training data",
        "Quantitative analyses",
        "Caveats and recommendations",
        "Provenance",
    ]
    rows = scores()
    rows = rows[(rows["dataset"] == "pets@all") & (rows["method"] == "student")]
    half = fold_interval(rows)
    accuracy = f"0.820 ({0.82 - half:.3f} to {min(0.82 + half, 1):.3f})"
    balanced = fold_interval(rows.assign(accuracy=rows["tpr"]))
    tpr = f"0.840 ({0.84 - balanced:.3f} to {min(0.84 + balanced, 1):.3f})"
    assert f"| student (deployed) | {accuracy} | {tpr} |" in card
    assert "| fair (its fair control) | 0.770 (" in card and "| baseline | 0.720 (" in card
    assert "chosen among these 3 methods by these very scores" in card
    assert "3 outer folds of pets@all, with 5 labels to train on and 2 test examples each" in card
    assert "**The deployed model has no score of its own**: it was trained on all 7 labels" in card
    assert "5 of unknown label. The networks learned from 2 of these, too, as earlier" in card
    assert "Of examples that the networks learned from" in card
    assert "| cat | 5 |\n| dog\\|wolf | 2 |" in card
    assert "- No duplicates and no near duplicates were found.\n- Whether labeled and" in card
    assert "temperature 1.700, fitted on 14 held-out predictions of the cross" in card
    assert "cross-validation, of 7 examples. Their calibration error" in card
    assert "calibration error is 0.123 before, and not known after" in card
    assert "- Why this method: student helps." in card
    for member in json.loads((deployed / "model.json").read_text())["members"]:
        assert f"- {member['file']}: SHA-256 {member['sha256']}" in card


def test_a_chain_that_selected_nothing_learned_from_labels_alone(made, tmp_path):
    ended = no_pseudo_labels(2, "hard")._replace(termination="nothing_selected")
    states.save(tmp_path / "pseudo.npz", {"0/final": ended})
    files = made.files | {"pseudo_labels": [str(tmp_path / "pseudo.npz")]}
    deploy.deploy(SimpleNamespace(**files), SimpleNamespace(**made.params), tmp_path / "pets")
    card = (tmp_path / "pets" / model_card.FILE).read_text()
    assert "learned from the labeled ones alone: no teacher was confident enough" in card
    assert "Of examples that the networks learned from" not in card


@pytest.mark.parametrize(
    ("calibration", "said"),
    [
        ({"temperature": 1.0, "fitted": 2.5, "after": 0.2}, "temperature 2.500, fitted on 14"),
        ({"temperature": 1.0, "fitted": 1.0, "after": 0.123}, "all 14 held-out .*, were right"),
    ],
)
def test_the_card_says_where_no_temperature_is_used(made, tmp_path, calibration, said):
    before = storage.load_json(made.files["calibration"])
    storage.save_json(tmp_path / "calibration.json", before | calibration)
    files = made.files | {"calibration": str(tmp_path / "calibration.json")}
    deploy.deploy(SimpleNamespace(**files), SimpleNamespace(**made.params), tmp_path / "pets")
    card = (tmp_path / "pets" / model_card.FILE).read_text()
    assert "Confidences are as the networks gave them" in card and re.search(said, card)
    assert "are calibrated by" not in card


def test_the_card_tells_folds_from_repeats(made, tmp_path):
    """Folds are numbered on over repeats."""
    again = scores().assign(repeat=1)
    again["fold"] += 3
    storage.save_csv(tmp_path / "scores.csv", pd.concat([scores(), again]))
    files = made.files | {"scores": str(tmp_path / "scores.csv")}
    deploy.deploy(SimpleNamespace(**files), SimpleNamespace(**made.params), tmp_path / "pets")
    card = (tmp_path / "pets" / model_card.FILE).read_text()
    assert "the study: 3 outer folds, repeated 2 times, of pets@all" in card


def test_a_method_that_was_asked_for_was_not_chosen_by_its_scores(made, tmp_path):
    decision = storage.load_json(made.files["decision"]) | {"asked": "student"}
    storage.save_json(tmp_path / "decision.json", decision)
    files = SimpleNamespace(**made.files | {"decision": str(tmp_path / "decision.json")})
    deploy.deploy(files, SimpleNamespace(**made.params), tmp_path / "pets")
    assert "very scores" not in (tmp_path / "pets" / model_card.FILE).read_text()


def test_a_model_of_vectors_says_how_they_are_read_and_shown(made, tmp_path):
    """Networks are copied as they are; what is said is of the vectors and the file."""
    vectors = np.arange(24, dtype=np.float32).reshape(12, 2) / 10
    np.save(tmp_path / "examples.npy", vectors)
    (tmp_path / "pets.csv").write_text("name,weight,kind,height\nx,1,cat,2\n")
    source = {"kind": "vectors", "source": "csv", "path": str(tmp_path / "pets.csv")}
    source |= {"label_column": "kind", "id_column": "name"}
    files = made.files | dict.fromkeys(("examples", "shown"), str(tmp_path / "examples.npy"))
    params = made.params | {"settings": made.params["settings"] | {"source": source}}
    deploy.deploy(SimpleNamespace(**files), SimpleNamespace(**params), tmp_path / "pets")
    found = model.load(tmp_path / "pets")
    assert (found.kind, found.shape) == ("vectors", [2])
    assert found.reading == {"feature_columns": ["weight", "height"], "id_column": "name"}
    tasks = storage.load_json(tmp_path / "pets/label_next.json")
    shown = {task["data"]["id"]: task["data"]["table"] for task in tasks}
    assert len(shown) == 5
    for example in UNLABELED:
        weight, height = (example * 2) / 10, (example * 2 + 1) / 10
        assert shown[f"photo {example}.png"] == {"weight": weight, "height": height}
    assert {task["predictions"][0]["result"][0]["to_name"] for task in tasks} == {"table"}
    card = (tmp_path / "pets/MODEL_CARD.md").read_text()
    assert "mean probabilities label vectors of 2 features." in card and "pixel" not in card


def test_texts_are_shown_as_they_are_read_and_not_as_words_ids(made, tmp_path):
    np.save(tmp_path / "examples.npy", np.zeros((12, 7), np.int32))
    storage.save_json(tmp_path / "texts.json", [f"text {number}" for number in range(12)])
    source = {"kind": "texts", "source": "jsonl", "path": "a.jsonl", "text_columns": ["body"]}
    source |= {"label_column": "kind", "clean": "web", "encoder": {"name": "ngrams", "length": 7}}
    files = made.files | {
        "examples": str(tmp_path / "examples.npy"),
        "shown": str(tmp_path / "texts.json"),
    }
    params = made.params | {"settings": made.params["settings"] | {"source": source}}
    deploy.deploy(SimpleNamespace(**files), SimpleNamespace(**params), tmp_path / "pets")
    found = model.load(tmp_path / "pets")
    assert (found.kind, found.shape) == ("texts", [7])
    assert found.reading == {key: source[key] for key in ("text_columns", "clean", "encoder")}
    tasks = storage.load_json(tmp_path / "pets/label_next.json")
    shown = {task["data"]["id"]: task["data"]["text"] for task in tasks}
    assert shown == {f"photo {number}.png": f"text {number}" for number in UNLABELED}
    card = (tmp_path / "pets/MODEL_CARD.md").read_text()
    assert "mean probabilities label texts." in card and "A text of none of these" in card
    assert "image" not in card.replace("photo", "") and "pixel" not in card
