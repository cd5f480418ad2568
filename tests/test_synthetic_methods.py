"""Synthetic examples in runs: which, of what weight, in whose training, and where are none."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT
from self_training import storage
from self_training.data.split import Split, save_split
from self_training.evaluation import synthetic as counting
from self_training.methods import controls, generation, states, synthetic, teachers
from self_training.methods.predictions import Predictions
from self_training.methods.synthetic import Synthetic, choose, with_synthetic
from self_training.training import batches
from self_training.training.runs import Run

IDENTITY = {"study": 1, "dataset": "news", "outer_fold": 0}


def run_of(given=None, soft=False, weights=None) -> Run:
    targets = np.array([0, 1, 1, 0], np.int32)
    return Run(
        IDENTITY,
        np.array([3, 1, 7, 8]),
        np.eye(2, dtype=np.float32)[targets] if soft else targets,
        {"evaluation": np.array([0])},
        given=given,
        weights=None if weights is None else np.array(weights, np.float32),
    )


SYNTHETIC = Synthetic(np.array([20, 21]), np.array([1, 0], np.int32), 0.5)


def test_the_first_ones_of_every_class_are_chosen():
    labels = np.array([1, 0, 0, 1, 0, 1])
    assert choose(labels, 2, 2).tolist() == [0, 1, 2, 3]
    assert choose(labels, 2, 9).tolist() == [0, 1, 2, 3, 4, 5]
    # A teacher leaves out what it gives another class.
    assert choose(labels, 2, 2, np.array([0, 0, 1, 1, 0, 1])).tolist() == [1, 3, 4, 5]
    # Where a class has none, there are none.
    assert choose(labels, 3, 2).tolist() == []
    assert choose(labels, 2, 2, np.zeros(6)).tolist() == []


def test_synthetic_examples_stand_between_labels_and_pseudo_labels():
    found = with_synthetic(run_of(given=2), SYNTHETIC)
    assert found.examples.tolist() == [3, 1, 20, 21, 7, 8]
    assert found.targets.tolist() == [0, 1, 1, 0, 1, 0] and found.given == 4
    assert found.weights.tolist() == [1, 1, 0.5, 0.5, 1, 1]
    assert found.predict == run_of().predict
    soft = with_synthetic(run_of(given=2, soft=True), SYNTHETIC)
    assert soft.targets.argmax(axis=1).tolist() == [0, 1, 1, 0, 1, 0]
    assert soft.targets.dtype == np.float32
    control = with_synthetic(run_of(), SYNTHETIC)
    assert control.examples.tolist() == [3, 1, 7, 8, 20, 21] and control.given is None
    assert with_synthetic(run_of(), SYNTHETIC._replace(weight=1)).weights is None
    # Without any, it is the same run, and in files the same one.
    none = SYNTHETIC._replace(examples=np.zeros(0, np.int64))
    for nothing in (None, none):
        assert with_synthetic(run_of(given=2), nothing).digest() == run_of(given=2).digest()


def test_weights_are_part_of_what_a_run_is():
    assert run_of().digest() != run_of(weights=[1, 1, 1, 1]).digest()
    assert run_of(weights=[1, 1, 1, 1]).digest() != run_of(weights=[1, 1, 1, 0.5]).digest()
    # A literal: a run without weights is what it has been.
    assert run_of().digest()[:12] == "3386fdd50057"


def test_weights_of_examples_by_hand():
    order = np.array([[0, 1, 2, 3], [0, 0, 0, 1]])
    own = run_of(weights=[1, 1, 0.5, 0.5])
    found = batches.weights_of(own, order, "per_example")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[4 / 3, 4 / 3, 2 / 3, 2 / 3], [1, 1, 1, 1]], rtol=1e-6)
    # Of a part, what it has together stays; within it, they share that.
    own = run_of(given=3, weights=[1, 1, 0.5, 1])
    found = batches.weights_of(own, order, "per_part")
    # The labeled part has 2 of 4, divided by 1 : 1 : 0.5.
    np.testing.assert_allclose(found[0], [0.8, 0.8, 0.4, 2], rtol=1e-6)
    np.testing.assert_allclose(batches.weights_of(own, order, "per_example").mean(axis=1), 1)
    # Of one weight for all, whatever it is, nothing remains.
    for given, loss in ((None, "per_example"), (3, "per_part"), (3, "per_example")):
        some = run_of(given=given, weights=[2, 2, 2, 2])
        plain = batches.weights_of(run_of(given=given), order, loss)
        np.testing.assert_array_equal(batches.weights_of(some, order, loss), plain)


TRAINED = """
import sys
import numpy as np
from dataclasses import replace
from self_training.training.one_by_one import OneByOneTrainer
from self_training.training.stacked import StackedTrainer
from self_training.training.runs import Run, TrainingSettings

noise = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0, "survival": 1}
settings = TrainingSettings(
    "self_training.vector.backbones.linear:build", None, 30, 8, 0.1, "none", 0, 0, 0, "none", 0,
    "per_example", None, 1, 0, noise, 1,
)
rng = np.random.default_rng(0)
x = rng.normal(size=(60, 5)).astype(np.float32)
y = (x[:, 0] > 0).astype(np.int32)
asked = {"evaluation": np.arange(40, 60)}
plain = Run({"study": 1, "part": "search"}, np.arange(40), y[:40], asked)
weights = np.where(np.arange(40) < 20, 1, 0.1).astype(np.float32)
for trainer in (OneByOneTrainer, StackedTrainer):
    runs = [plain, replace(plain, weights=weights * 0 + 3), replace(plain, weights=weights)]
    same, equal, other = (
        one.probabilities["evaluation"] for one in trainer(x, 2, settings, plain).train_all(runs)
    )
    assert np.array_equal(same, equal) and not np.array_equal(same, other), trainer
    # Examples of hardly any weight, whose labels are wrong, teach nothing.
    wrong = np.where(np.arange(40) < 20, y[:40], 1 - y[:40]).astype(np.int32)
    weak = replace(plain, targets=wrong, weights=np.where(weights == 1, 1, 1e-6).astype(np.float32))
    strong = replace(plain, targets=wrong)
    right = [
        (one.probabilities["evaluation"].argmax(axis=1) == y[40:]).mean()
        for one in trainer(x, 2, settings, plain).train_all([weak, strong])
    ]
    assert right[0] > 0.75 > right[1], right
"""


def test_both_trainers_of_keras_weigh_examples():
    pytest.importorskip("jax", reason="jax: one of the trainers")
    environment = {"KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(
        [sys.executable, "-c", TRAINED],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_trainer_of_transformers_weighs_examples(tmp_path):
    for name in ("torch", "transformers", "peft"):
        pytest.importorskip(name, reason=f"{name}: transformers are trained by the extra text")
    from self_training.training.transformer import TransformerTrainer
    from test_transformer import IDS, settings
    from test_transformer import run as run_of_texts
    from tiny_transformers import write_transformer

    plain, own = run_of_texts(), settings(write_transformer(tmp_path))
    weights = np.linspace(0.1, 1, len(plain.examples)).astype(np.float32)
    runs = [plain, replace(plain, weights=weights * 0 + 3), replace(plain, weights=weights)]
    same, equal, other = (
        one.probabilities["evaluation"]
        for one in TransformerTrainer(IDS, 3, own, plain).train_all(runs)
    )
    np.testing.assert_array_equal(same, equal)
    assert not np.array_equal(same, other)


# Jobs: 12 examples of a dataset; 3 synthetic ones of a first fold, 4 of a second.

SPLIT = Split(
    test_idx=np.array([0, 1]),
    labeled_idx=np.arange(2, 6),
    labeled_y=np.array([0, 1, 0, 1]),
    unlabeled_idx=np.arange(6, 12),
    inner_folds=np.array([[0, 0, 1, 1]]),
    classes=2,
)
LABELS = [np.array([0, 1, 1], np.int32), np.array([1, 0, 1, 0], np.int32)]
TAKES = {"per_class": 1, "weight": 0.5}


@pytest.fixture()
def files(tmp_path):
    """Files of a job of two folds."""
    storage.save_array(tmp_path / "examples.npy", np.zeros((12, 3), np.int32))
    found = SimpleNamespace(examples=tmp_path / "examples.npy", get=lambda name: None)
    found.synthetic, found.synthetic_labels, found.splits, found.teachers = [], [], [], []
    found.choices, found.histories, found.previous, found.teacher_choices = [], [], [], []
    for fold, labels in enumerate(LABELS):
        folder = tmp_path / str(fold)
        storage.save_array(folder / "examples.npy", np.zeros((len(labels), 3), np.int32))
        storage.save_array(folder / "labels.npy", labels)
        save_split(folder / "split.npz", SPLIT)
        found.synthetic.append(folder / "examples.npy")
        found.synthetic_labels.append(folder / "labels.npy")
        found.splits.append(folder / "split.npz")
    return found


def params_of(synthetic=TAKES, generations=0):
    space = {"unlabeled_fraction": [None], "threshold": [0 if generations else None]}
    space |= {"generations": [generations], "ensemble_size": [1]}
    return SimpleNamespace(
        identities=[IDENTITY, IDENTITY | {"outer_fold": 1}],
        search={"space": space, "strategy": "fixed", "trials": None, "takes": []},
        asked={},
        whole_chain=False,
        synthetic=synthetic,
        labeling={
            "labels": "hard",
            "temperature": 1,
            "filter": "every_generation",
            "balance": "none",
            "quota": None,
        },
        teachers={"search_members": 1, "final_members": 1, "unlabeled_fraction": 1},
    )


def says(labels: np.ndarray) -> np.ndarray:
    """Return predictions of a teacher of one member."""
    return np.eye(2, dtype=np.float32)[labels][None]


def test_a_control_has_the_synthetic_examples_of_its_fold(files):
    (first, second), classes = controls.load_batch(files, params_of(), "final")
    assert classes == 2 and len(first) == len(second) == 1
    assert first[0].examples.tolist() == [2, 3, 4, 5, 12, 13]
    assert second[0].examples.tolist() == [2, 3, 4, 5, 15, 16]
    assert second[0].targets.tolist() == [0, 1, 0, 1, 1, 0]
    # Nothing that is scored or asked about is synthetic.
    assert all(max(some) < 12 for run in (*first, *second) for some in run.predict.values())
    files.synthetic = files.synthetic_labels = []
    ((first, *_), _), _ = controls.load_batch(files, params_of(None), "final")
    assert first.examples.tolist() == [2, 3, 4, 5] and first.weights is None


def test_a_teacher_of_each_inner_fold_filters_for_it(files, tmp_path):
    """One that has seen an inner fold's labels would tell them."""
    for fold, labels in enumerate(LABELS):
        of_parts = {
            "inner_0": says(labels),
            "inner_1": says(labels if fold else np.array([0, 0, 1])),
        }
        for name, state in {"search": of_parts, "final": {"final": says(1 - labels)}}.items():
            path = tmp_path / str(fold) / f"{name}.npz"
            evaluated = np.zeros((1, 2, 2), np.float32)
            states.save(
                path,
                {part: Predictions(evaluated, evaluated, some) for part, some in state.items()},
            )
    files.teachers = [tmp_path / str(fold) / "search.npz" for fold in range(2)]
    (first, second), _ = controls.load_batch(files, params_of(), "search")
    # In the first fold's second inner fold the teacher gives the first text of class 1 another one.
    assert [run.examples.tolist()[2:] for run in first] == [[12, 13], [12, 14]]
    assert [run.examples.tolist()[2:] for run in second] == [[15, 16], [15, 16]]
    files.teachers = [tmp_path / str(fold) / "final.npz" for fold in range(2)]
    (first, _), _ = controls.load_batch(files, params_of(), "final")
    assert first[0].examples.tolist() == [2, 3, 4, 5] and first[0].weights is None


def test_teachers_are_not_trained_on_synthetic_examples_but_may_be_asked(files):
    (first, second), _ = teachers.load_batch(files, params_of())
    for run in (*first, *second):
        assert set(run.examples) <= set(SPLIT.labeled_idx) and run.weights is None
        assert max(*run.predict["evaluation"], *run.predict["unlabeled"]) < 12
    assert [run.predict["synthetic"].tolist() for run in first] == [[12, 13, 14]] * 3
    assert second[0].predict["synthetic"].tolist() == [15, 16, 17, 18]
    files.synthetic = []
    ((first, *_), _), _ = teachers.load_batch(files, params_of())
    assert set(first.predict) == {"unlabeled", "evaluation"}


def generations_of(files, tmp_path, **changes):
    path = tmp_path / "teachers.npz"
    unlabeled, evaluated = says(np.array([0, 1] * 3)), says(np.array([0, 1]))
    states.save(path, {"final": Predictions(evaluated, unlabeled)})
    files.predictions = [path, path]
    return generation.load_generations(files, params_of(generations=1, **changes), "final", 1)


def test_students_have_labels_synthetic_examples_and_pseudo_labels(files, tmp_path):
    first, second = generations_of(files, tmp_path)
    assert first.runs[0].examples.tolist() == [2, 3, 4, 5, 12, 13, *range(6, 12)]
    assert first.runs[0].given == 6
    assert second.runs[0].weights.tolist() == [1] * 4 + [0.5] * 2 + [1] * 6


def test_a_chain_without_a_synthetic_example_of_a_class_ends(files, tmp_path):
    storage.save_array(files.synthetic_labels[0], np.array([1, 1, 1], np.int32))
    first, second = generations_of(files, tmp_path)
    assert first.pseudo_labels["0/final"].termination == synthetic.NOTHING_GENERATED
    assert first.runs == [] and second.pseudo_labels["0/final"].termination == ""
    # It hands on what its teachers predict.
    assert first.predictions([])["0/final"].evaluation.shape == (1, 2, 2)
    # A control is trained on the labels alone.
    (control, _), _ = controls.load_batch(files, params_of(), "final")
    assert control[0].examples.tolist() == [2, 3, 4, 5]


def test_a_control_of_a_control_takes_its_steps_and_seeds():
    """Which are those of another generation, where it takes the steps of a chain."""
    record = {"part": "final", "steps": 30, "generation": 2}
    assert controls.taken_of([[record]], False) == (30, 2)
    chain = [[record | {"generation": number, "steps": 10 * number}] for number in range(1, 3)]
    assert controls.taken_of(chain, False) == (20, 2)
    assert controls.taken_of(chain, True) == (30, 2)


def test_texts_are_counted_by_the_first_reason(tmp_path):
    rows = [
        {"class": name, "prompt": "p", "text": str(number)}
        for number, name in enumerate(["world", "world", "sports", "sports", "sports"])
    ]
    contents = {
        "classes": ["world", "sports"],
        "generated": {"rows": rows, "seconds": 2, "new_tokens": {"mean": 9}},
        "filtered": ["kept", "empty", "kept", "near_copy", "kept"],
        "adapted": {"seconds": 3},
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(json.dumps(content))
    predicted = says(np.array([0, 0, 1]))
    states.save(tmp_path / "t.npz", {"final": Predictions(predicted, predicted, predicted)})
    given = {name: [tmp_path / name] * 2 for name in contents}
    files = SimpleNamespace(**given | {"adapted": [tmp_path / "adapted"]})
    files.teachers = [tmp_path / "t.npz"]
    params = SimpleNamespace(datasets=["a", "b"], folds=["0", "1_seed_2"], filtering=["b"])
    params.adapted = [None, 0]
    counts, shown = counting.collect(files, params)
    found = counts.set_index(["dataset", "class"])
    columns = ["generated", "empty", "near_copy", "other_class", "kept"]
    assert found.loc[("a", "world"), columns].tolist() == [2, 1, 0, 0, 1]
    assert found.loc[("a", "sports"), columns].tolist() == [3, 0, 1, 0, 2]
    assert found.loc[("b", "sports"), columns].tolist() == [3, 0, 1, 1, 1]
    assert found.loc[("b", "world"), ["fold", "training_seed"]].tolist() == [1, 2]
    assert found["adapting_seconds"].tolist() == [0, 0, 3, 3]
    verdicts = [(row["dataset"], row["text"], row["verdict"]) for row in shown]
    assert verdicts[:4] == [
        ("a", "2", "kept"),
        ("a", "4", "kept"),
        ("a", "0", "kept"),
        ("a", "3", "near_copy"),
    ]
    assert ("b", "2", "other_class") in verdicts
