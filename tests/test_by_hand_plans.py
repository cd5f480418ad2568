"""What jobs are given: files of teachers, controls and searches, by hand."""

import runpy
from types import SimpleNamespace

import numpy as np
from conftest import ROOT, tiny_config
from self_training import logs, storage
from self_training.data.split import load_split
from self_training.data.splits import make_splits
from self_training.study import checks
from self_training.study.plan import Plan

RUNS = "results/tiny/runs/{dataset}/fold_{fold}"
HISTORIES = "results/tiny/histories"
JOB = "{dataset}/fold_{fold}"
ENSEMBLE = "noisy_student_ensemble"


def jobs(**wildcards) -> SimpleNamespace:
    return SimpleNamespace(**{"dataset": "digits_0_2", "fold": "1"} | wildcards)


def tuned_alike(**changes) -> Plan:
    """A study that adds fair controls, which are tuned as their methods are."""
    config = tiny_config() | {"trials": 4, "controls": "last_student"} | changes
    config["methods"]["noisy_student"]["label_smoothing"] = [0, 0.1]
    checks.validate(config)
    return Plan(config)


def test_a_fair_control_takes_what_the_study_says():
    control = jobs(method="noisy_student_control")
    plain = tuned_alike()
    assert not plain.takes_whole_chain(control) and plain.selection(control) == "best"
    assert plain.split_settings(jobs())["inner_repeats"] == 1
    said = {"selection": "one_standard_error", "inner_repeats": 3, "controls": "whole_chain"}
    plan = tuned_alike(**said)
    assert plan.takes_whole_chain(control)
    for method in plan.methods:
        assert plan.selection(jobs(method=method)) == "one_standard_error"
    assert plan.split_settings(jobs())["inner_repeats"] == 3


def test_a_fair_control_is_chosen_by_its_own_search():
    plan, control = tuned_alike(), jobs(method="noisy_student_control", phase="search")
    searched = [RUNS + "/{method}/search/generation_0/predictions.npz"]
    assert plan.searched_predictions(control) == searched
    # Its members are as many as those of the students, and its steps those of their final chain.
    assert plan.given_choices(control) == [RUNS + "/noisy_student/choice.json"]
    assert plan.control_histories(control)[-1] == (
        f"{HISTORIES}/train_students/{JOB}/noisy_student/final_2.json"
    )
    own = [f"{HISTORIES}/train_control/{JOB}/noisy_student_control/search.json"]
    assert plan.search_histories(control) == own
    # The heir's has the choice of its parent's, and no search of its own.
    heir = jobs(method=f"{ENSEMBLE}_control", phase="search")
    assert plan.searched_predictions(heir) == [] and plan.search_histories(heir) == own
    assert plan.given_choices(heir) == [
        f"{RUNS}/{ENSEMBLE}/choice.json",
        f"{RUNS}/noisy_student_control/choice.json",
    ]
    assert plan.search_histories(jobs(method="noisy_student")) == [
        f"{HISTORIES}/train_teachers/{JOB}.json",
        f"{HISTORIES}/train_students/{JOB}/noisy_student/search_1.json",
        f"{HISTORIES}/train_students/{JOB}/noisy_student/search_2.json",
    ]


def test_a_teacher_that_is_a_control_teaches_search_and_final_chain():
    """It has two candidates, of which the inner folds choose one."""
    config = tiny_config()
    config["methods"] = {
        "noisy": {"generations": 0, "train_on": "labeled", "ensemble_size": 3}
        | {"noise": {"dropout": [0.1, 0.2]}}
    } | config["methods"]
    config["methods"]["noisy_student"]["teacher"] = "noisy"
    checks.validate(config)
    plan, chain = Plan(config), jobs(method="noisy_student")
    for phase in ("search", "final"):
        first = jobs(method="noisy_student", phase=phase, generation="1")
        assert plan.previous_predictions(first) == [
            RUNS + "/noisy/{phase}/generation_0/predictions.npz"
        ]
        # Final networks are those of the selected candidate alone.
        chosen = [RUNS + "/noisy/choice.json"] if phase == "search" else []
        assert plan.teacher_choices(first) == chosen
    assert plan.teacher_choices(chain) == [RUNS + "/noisy/choice.json"]
    files = (plan.searched_predictions(chain), plan.final_predictions(chain))
    assert [some[0] for some in files] == [
        f"{RUNS}/noisy/{phase}/generation_0/predictions.npz" for phase in ("search", "final")
    ]
    # What trained it is part of what its students cost, in the search and at last.
    for histories, phase in ((plan.search_histories, "search"), (plan.final_histories, "final")):
        assert histories(chain) == [
            f"{HISTORIES}/train_control/{JOB}/noisy/{phase}.json",
            f"{HISTORIES}/train_students/{JOB}/noisy_student/{phase}_1.json",
            f"{HISTORIES}/train_students/{JOB}/noisy_student/{phase}_2.json",
        ]
    # That it was chosen is charged to students who had no choice of their own, too.
    config["methods"]["noisy_student"] |= {"threshold": 0.5, "generations": 1}
    assert Plan(config).search_histories(chain) == [
        f"{HISTORIES}/train_control/{JOB}/noisy/search.json"
    ]
    # The shared teachers are those of the others.
    assert plan.final_predictions(jobs(method="baseline")) == [RUNS + "/teachers/final.npz"]
    assert plan.teacher_choices(jobs(method="baseline")) == []


def test_training_seeds_have_the_split_of_their_fold(tmp_path, monkeypatch):
    """And every repeat has its own, whose folds are numbered on."""
    plan = Plan(tiny_config() | {"seeds": 3, "repeats": 2})
    labels, classes, settings = np.arange(90) % 3, ["a", "b", "c"], plan.split_settings(jobs())
    paths = {name: tmp_path / f"{name}.npz" for name in plan.folds}
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "foreign.npy", np.zeros(0, int))
    storage.save_json(tmp_path / "classes.json", classes)
    monkeypatch.setattr(logs, "log_to", lambda path: None)
    script = ROOT / "workflow/scripts/make_splits.py"
    for partition in plan.partitions:
        snakemake = SimpleNamespace(
            log=["make_splits.log"],
            input=SimpleNamespace(
                labels=tmp_path / "labels.npy",
                classes=tmp_path / "classes.json",
                foreign=tmp_path / "foreign.npy",
            ),
            params=SimpleNamespace(settings=settings, repeat=partition.repeat),
            output=SimpleNamespace(splits=[paths[name] for name in partition.folds]),
        )
        runpy.run_path(str(script), init_globals={"snakemake": snakemake})
    made = [
        *make_splits(labels, classes, **settings),
        *make_splits(labels, classes, **settings, repeat=1),
    ]
    assert len(paths) == 2 * 2 * 3
    for name, path in paths.items():
        expected = made[int(name[0])]
        for field, array in vars(load_split(path)).items():
            np.testing.assert_array_equal(array, getattr(expected, field))
