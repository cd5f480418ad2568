"""The plan of deployed models: an outer fold's, with another split and another identity."""

from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import tiny_config
from self_training.data.examples import UNKNOWN
from self_training.data.splits import make_deployed_split, make_splits
from self_training.digests import SCRIPTS, closure, code_digest
from self_training.errors import ConfigError, DatasetError
from self_training.seeds import generator
from self_training.study import checks, kinds
from self_training.study.plan import Plan
from self_training.study.plan_of_deployment import DeployedPlan

RUNS = "results/tiny/runs/digits_0_2/deployed"
IDENTITY = {"study": 7, "dataset": "digits", "outer_fold": "deployed"}


def config(**changes) -> dict:
    some = tiny_config() | {"deploy": "auto"} | changes
    some["methods"] |= {
        "equal": {"generations": 0, "steps_of": "noisy_student"},
        "bound": {"generations": 0, "train_on": "pool"},
        "tuned": {"generations": 0, "train_on": "labeled", "label_smoothing": [0, 0.3]},
        "taught": {"inherit": "noisy_student", "teacher": "tuned"},
    }
    return some


def with_budgets(**changes) -> dict:
    some = config(**changes)
    dataset = some["datasets"]["digits_0_2"]
    del dataset["labeled_fraction"]
    dataset["labels_per_class"] = [20, "all", 4]
    return some


def at(**wildcards) -> SimpleNamespace:
    return SimpleNamespace(**{"dataset": "digits_0_2"} | wildcards)


@pytest.mark.parametrize("jobs", ["per_fold", "per_dataset"])
def test_jobs_have_the_parameters_of_an_outer_fold_s(jobs):
    """All but identities and paths, whatever a job of the study does."""
    study, deployed = Plan(config(jobs=jobs)), DeployedPlan(config(jobs=jobs))
    assert study.teachers == deployed.teachers
    assert study.controls["labeled"] == deployed.controls["labeled"]
    rules = {
        "teachers": (at(fold="0"), ["training", "teacher_code"]),
        "students": (
            at(fold="0", method="taught", generation="2", phase="search"),
            ["search_settings", "labeling_settings", "training", "student_code"],
        ),
        "final students": (
            at(fold="0", method="noisy_student", generation="1", phase="final"),
            ["search_settings", "labeling_settings", "training", "student_code"],
        ),
        "control": (
            at(fold="0", method="tuned", phase="search"),
            [
                "search_settings",
                "asked_of_control",
                "takes_whole_chain",
                "training",
                "control_code",
            ],
        ),
        "select": (at(fold="0", method="noisy_student_ensemble"), ["search_settings", "selection"]),
    }
    for wildcards, names in rules.values():
        for name in names:
            assert getattr(study, name)(wildcards) == getattr(deployed, name)(wildcards), name
    (one,) = deployed.identities(at())
    assert one == {"study": 7, "dataset": "digits_0_2", "outer_fold": "deployed"}


@pytest.mark.parametrize("jobs", ["per_fold", "per_dataset"])
def test_paths_are_those_of_a_fold_that_is_called_deployed(jobs):
    plan = DeployedPlan(config(jobs=jobs))
    assert plan.per_fold(f"{plan.fold}/split.npz") == [
        "results/tiny/runs/{dataset}/deployed/split.npz"
    ]
    assert plan.generation_job == "{dataset}/deployed/{method}/{phase}_{generation}"
    assert plan.folders() == ["results/tiny/deployed/digits_0_2"]
    found = plan.control_histories(at(method="equal"))
    assert found[-1] == (
        "results/tiny/histories/train_students/{dataset}/deployed/noisy_student/final_2.json"
    )


def test_label_budgets_have_one_deployed_model_with_the_scores_of_the_largest():
    plan = DeployedPlan(with_budgets())
    assert plan.datasets == ["digits_0_2"]
    assert plan.scored_as(at()) == "digits_0_2@all"
    assert plan.split_settings(at())["identity"]["dataset"] == "digits_0_2"
    held_out = plan.held_out("digits_0_2", "noisy_student")
    assert held_out["splits"] == [
        f"results/tiny/runs/digits_0_2@all/fold_{fold}/split.npz" for fold in (0, 1)
    ]
    assert held_out["predictions"][1] == (
        "results/tiny/runs/digits_0_2@all/fold_1/noisy_student/final/generation_2/predictions.npz"
    )
    assert DeployedPlan(config()).scored_as(at()) == "digits_0_2"


@pytest.mark.parametrize("jobs", ["per_fold", "per_dataset"])
def test_all_folds_and_training_seeds_are_calibrated_on(jobs):
    held_out = DeployedPlan(config(jobs=jobs, seeds=2)).held_out("digits_0_2", "baseline")
    folds = ("0", "1", "0_seed_1", "1_seed_1")
    runs = "results/tiny/runs/digits_0_2"
    assert held_out == {
        "splits": [f"{runs}/fold_{fold}/split.npz" for fold in folds],
        "choices": [f"{runs}/fold_{fold}/baseline/choice.json" for fold in folds],
        "predictions": [f"{runs}/fold_{fold}/teachers/final.npz" for fold in folds],
    }


@pytest.mark.parametrize(
    ("method", "networks"),
    [
        ("baseline", ["teachers/models"]),
        ("equal", ["equal/final/generation_0/models"]),
        (
            "noisy_student",
            ["teachers/models"]
            + [f"noisy_student/final/generation_{number}/models" for number in (1, 2)],
        ),
        (
            "taught",
            ["tuned/final/generation_0/models"]
            + [f"taught/final/generation_{number}/models" for number in (1, 2)],
        ),
    ],
)
def test_a_deployed_model_is_made_of_its_method_s_files_alone(method, networks):
    found = DeployedPlan(config()).chain("digits_0_2", method)
    assert found["networks"] == [f"{RUNS}/{path}" for path in networks]
    assert found["choice"] == [f"{RUNS}/{method}/choice.json"]
    last = networks[-1].replace("models", "predictions.npz")
    expected = "teachers/final.npz" if method == "baseline" else last
    assert found["predictions"] == [f"{RUNS}/{expected}"]
    students = method in ("noisy_student", "taught")
    assert len(found["pseudo_labels"]) == students
    assert len(found["histories"]) == len(networks)
    assert not [path for some in found.values() for path in some if "{" in path]


def test_what_may_be_deployed_is_every_method_but_upper_bounds():
    settings = DeployedPlan(with_budgets()).decision_settings(at())
    assert (settings["asked"], settings["scored_as"]) == ("auto", "digits_0_2@all")
    assert settings["kinds"] == {
        "baseline": "teacher",
        "noisy_student": "chain",
        "noisy_student_ensemble": "chain",
        "equal": "control",
        "tuned": "control",
        "taught": "chain",
    }
    assert settings["fair"] == dict.fromkeys(("noisy_student", "noisy_student_ensemble", "taught"))
    added = DeployedPlan(with_budgets(controls="last_student")).decision_settings(at())
    assert added["fair"]["noisy_student"] == "noisy_student_control"
    assert added["kinds"]["noisy_student_control"] == "control"


def test_no_rule_of_training_is_given_labels():
    plan = DeployedPlan(config())
    assert plan.controls["pool"] == [] and "bound" not in plan.deployable
    assert Plan(config()).controls["pool"] == ["bound"]


def test_provenance_is_of_the_rules_behind_a_deployed_model():
    found = DeployedPlan(config()).provenance(at())
    assert set(found["baseline"]["code"]) == {
        "prepare_dataset",
        "make_deployed_split",
        "select",
        "train_teachers",
        "deploy",
    }
    assert "bound" not in found
    assert found["taught"]["settings"]["dataset"]["labels_per_class"] == "all"


def test_digests_are_of_the_code_of_a_dataset_s_kind():
    """How new examples are opened and shown; not how those of another kind are."""
    used = {}
    for kind in kinds.KINDS:
        plan = DeployedPlan(config())
        plan.sources["digits_0_2"] = {"kind": kind, "source": "csv"}
        used[kind] = plan.predicting_code(at()), plan.deploying_code(at())
        paths = kinds.KINDS[kind]
        assert used[kind][0] == code_digest("predict", paths.open)
        assert used[kind][1] == code_digest("deploy", paths.reading, paths.shown)
        assert plan.provenance(at())["baseline"]["code"]["deploy"] == used[kind][1]
    assert len(set(used.values())) == len(used)
    assert "image.streams" in closure(SCRIPTS / "predict.py", kinds.KINDS["images"].open)
    assert "image.streams" not in closure(SCRIPTS / "predict.py", kinds.KINDS["vectors"].open)


def labels_with_unknown() -> np.ndarray:
    labels = np.repeat([0, 1, 2], 12)
    labels[::3] = UNKNOWN
    return labels


def deployed_split(labels: np.ndarray, **others):
    some = {"identity": IDENTITY, "inner_folds": 2, "inner_repeats": 2} | others
    return make_deployed_split(labels, ["a", "b", "c"], **some)


def test_all_known_labels_are_given_and_nothing_is_held_out():
    labels = labels_with_unknown()
    split = deployed_split(labels)
    np.testing.assert_array_equal(split.labeled_idx, np.flatnonzero(labels != UNKNOWN))
    np.testing.assert_array_equal(split.labeled_y, labels[split.labeled_idx])
    # What is predicted at last is all of U, in the order of the dataset; what is labeled in slices
    # has a random one.
    np.testing.assert_array_equal(split.test_idx, np.flatnonzero(labels == UNKNOWN))
    assert split.unlabeled_idx.tolist() != split.test_idx.tolist()
    np.testing.assert_array_equal(np.sort(split.unlabeled_idx), split.test_idx)
    expected = generator(purpose="unlabeled order", **IDENTITY).permutation(split.test_idx)
    np.testing.assert_array_equal(split.unlabeled_idx, expected)
    assert split.classes == 3


def test_inner_folds_of_a_deployed_model_are_of_all_its_labels():
    split = deployed_split(labels_with_unknown())
    assert split.inner_folds.shape == (2, 24)
    for partition in split.inner_folds:
        for label in range(3):
            counts = np.bincount(partition[split.labeled_y == label])
            assert counts.tolist() == [4, 4]
    assert (split.inner_folds[0] != split.inner_folds[1]).any()
    assert deployed_split(labels_with_unknown(), inner_folds=0).inner_folds.max() == -1


def test_no_label_of_an_unlabeled_example_is_in_a_deployed_split():
    split = deployed_split(labels_with_unknown())
    arrays = [value for value in asdict(split).values() if isinstance(value, np.ndarray)]
    assert len(split.labeled_y) == len(split.labeled_idx) == 24 and UNKNOWN not in split.labeled_y
    assert not set(split.labeled_idx) & set(split.unlabeled_idx)
    assert sum(array.size for array in arrays) == 2 * 24 + 2 * 12 + 2 * 24


def test_a_deployed_split_is_seeded_by_its_own_identity():
    """Not by that of an outer fold, whose order of U it would share."""
    labels = labels_with_unknown()
    again, other = deployed_split(labels), deployed_split(labels, identity=IDENTITY | {"study": 8})
    np.testing.assert_array_equal(again.unlabeled_idx, deployed_split(labels).unlabeled_idx)
    assert again.unlabeled_idx.tolist() != other.unlabeled_idx.tolist()
    budget = {"labels_per_class": "all"}
    folds = make_splits(
        labels, ["a", "b", "c"], seed=7, dataset="digits", outer_folds=2, inner_folds=2, **budget
    )
    unknown = set(again.unlabeled_idx.tolist())
    for fold in folds:
        of_fold = [example for example in fold.unlabeled_idx.tolist() if example in unknown]
        assert of_fold != again.unlabeled_idx.tolist()


def test_a_dataset_without_unknown_examples_is_an_error_that_says_what_to_do():
    message = (
        "datasets.digits: Expected examples of unknown label, .* Received none. Add some "
        r"\(unlabeled: PATH, .*, or leave `deploy` out\."
    )
    with pytest.raises(DatasetError, match=message):
        deployed_split(np.repeat([0, 1, 2], 12))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"deploy": "bound"},
            r"deploy: Expected auto, or a method that .* \(baseline, .*taught\). Received: 'bound'",
        ),
        ({"deploy": "nosy_student"}, "deploy: Expected auto, or .*'nosy_student'"),
        ({"deploy": True}, "deploy: Expected auto, or the name of a method. Received: True"),
    ],
)
def test_what_can_not_be_deployed_is_an_error(changes, message):
    with pytest.raises(ConfigError, match=message):
        checks.validate(config(**changes))


def test_an_added_control_may_be_deployed():
    checks.validate(config(deploy="noisy_student_control", controls="last_student"))


def test_students_alone_are_not_deployed_automatically():
    some = tiny_config() | {"deploy": "auto"}
    del some["methods"]["baseline"]
    with pytest.raises(ConfigError, match=r"deploy: Expected the name of a method, or one that is"):
        checks.validate(some)
    checks.validate(some | {"deploy": "noisy_student"})
    checks.validate(some | {"controls": "last_student"})


def test_a_study_of_scores_alone_has_nothing_to_deploy(tmp_path):
    path = tmp_path / "scores.csv"
    path.touch()
    some = {"study": "s", "external_scores": str(path), "deploy": "auto"}
    with pytest.raises(ConfigError, match="deploy: Expected no value, as there are no datasets"):
        checks.validate(some)


def test_a_dataset_without_unknown_examples_is_found_before_anything_runs():
    from self_training.image import readers

    some = tiny_config()
    checks.check_datasets(some, readers.read)
    with pytest.raises(DatasetError, match="datasets.digits_0_2: Expected examples of unknown"):
        checks.check_datasets(some | {"deploy": "auto"}, readers.read)
