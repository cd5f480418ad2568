"""The plan of a study: paths, inputs and parameters of its jobs, without Snakemake."""

from dataclasses import fields
from types import SimpleNamespace

import pytest
from conftest import tiny_config
from self_training.methods.noisy_student import Labeling
from self_training.study import methods, names
from self_training.study.plan import Plan, any_of

RUNS = "results/tiny/runs/{dataset}/fold_{fold}"


def jobs(**wildcards) -> SimpleNamespace:
    return SimpleNamespace(**{"dataset": "digits_0_2", "fold": "1"} | wildcards)


def student(phase: str, generation: int, method: str = "noisy_student") -> SimpleNamespace:
    return jobs(phase=phase, generation=str(generation), method=method)


@pytest.fixture()
def plan() -> Plan:
    return Plan(tiny_config())


@pytest.fixture()
def controls() -> Plan:
    config = tiny_config()
    config["controls"] = "none"
    config["methods"]["equal"] = {"generations": 0, "steps_of": "noisy_student"}
    config["methods"]["bound"] = {"generations": 0, "train_on": "pool", "ensemble_size": 2}
    return Plan(config)


def test_paths_are_those_that_results_have(plan):
    assert plan.fold == RUNS
    assert plan.generation == RUNS + "/{method}/{phase}/generation_{generation}"
    assert (plan.job, plan.method_job) == (
        "{dataset}/fold_{fold}",
        "{dataset}/fold_{fold}/{method}",
    )
    assert plan.examples(jobs()) == "results/tiny/datasets/digits_0_2/examples.npy"
    assert plan.archives() == ["resources/digits.npz"]


def test_no_part_of_the_plan_hides_what_another_gives():
    """A rule of one would silently be given the files of another."""
    # The list of encoders to fetch is made longer.
    shared = {"__module__", "__doc__", "__init__", "encoders_of_hub"}
    given = [set(vars(part)) - shared for part in Plan.__mro__[1:-1]]
    assert sum(map(len, given)) == len(set().union(*given))


def test_a_job_of_all_folds_has_the_files_of_each():
    plan = Plan(tiny_config() | {"jobs": "per_dataset"})
    assert plan.per_fold("a/fold_{fold}/x.npz", "a/fold_{fold}/y.npz") == [
        "a/fold_0/x.npz",
        "a/fold_0/y.npz",
        "a/fold_1/x.npz",
        "a/fold_1/y.npz",
    ]
    assert plan.job == "{dataset}"
    assert [identity["outer_fold"] for identity in plan.identities(jobs())] == [0, 1]


def test_a_job_of_some_folds_is_of_one_repeat_and_one_training_seed():
    some = {"outer_folds": 3, "repeats": 2, "seeds": 2, "folds_per_job": 2}
    plans = Plan(tiny_config() | some).in_parts()
    folds = [plan.part.folds for plan in plans]
    assert folds[:4] == [["0", "1"], ["2"], ["3", "4"], ["5"]]
    assert folds[4:] == [[f"{fold}_seed_1" for fold in of_job] for of_job in folds[:4]]
    assert [plan.rule("select") for plan in plans[:5:2]] == [
        "select_folds_0_to_1",
        "select_folds_3_to_4",
        "select_folds_0_to_1_seed_1",
    ]
    assert [plan.job for plan in plans[1:6:2]] == [
        "{dataset}/folds_2_to_2",
        "{dataset}/folds_5_to_5",
        "{dataset}/folds_2_to_2_seed_1",
    ]
    second = plans[2]
    assert second.per_fold("fold_{fold}/x.npz") == ["fold_3/x.npz", "fold_4/x.npz"]
    assert [identity["outer_fold"] for identity in second.identities(jobs())] == [3, 4]
    assert second.final_histories(student("final", 1))[0].endswith(
        "train_teachers/{dataset}/folds_3_to_4.json"
    )


@pytest.mark.parametrize(
    "said", [{}, {"jobs": "per_fold"}, {"folds_per_job": 1}, {"jobs": "per_dataset"}]
)
def test_jobs_of_one_fold_or_of_all_need_no_name(said):
    (plan,) = Plan(tiny_config() | said).in_parts()
    assert plan.rule("train_teachers") == "train_teachers"
    assert plan.job == ("{dataset}" if "per_dataset" in said.values() else "{dataset}/fold_{fold}")
    assert plan.part.folds == (["0", "1"] if "per_dataset" in said.values() else [])


def test_a_job_of_a_fold_has_its_identity_alone(plan):
    assert plan.per_fold("a/fold_{fold}/x.npz") == ["a/fold_{fold}/x.npz"]
    assert plan.identities(jobs()) == [{"study": 7, "dataset": "digits_0_2", "outer_fold": 1}]


def test_training_seeds_share_the_folds_and_nothing_else():
    plan = Plan(tiny_config() | {"seeds": 2, "jobs": "per_dataset"})
    assert plan.folds == ["0", "1", "0_seed_1", "1_seed_1"]
    first, _, again, _ = plan.identities(jobs())
    assert first == {"study": 7, "dataset": "digits_0_2", "outer_fold": 0}
    assert again == first | {"training_seed": 1}
    assert len(plan.all_scores(None)) == 4 * 3
    one = Plan(tiny_config() | {"seeds": 2})
    assert one.identities(jobs(fold="0_seed_1")) == [again]


def test_label_budgets_share_images_and_identity():
    config = tiny_config()
    del config["datasets"]["digits_0_2"]["labeled_fraction"]
    config["datasets"]["digits_0_2"]["labels_per_class"] = [4, 10]
    plan = Plan(config)
    assert plan.datasets == ["digits_0_2@4", "digits_0_2@10"]
    few, many = (jobs(dataset=dataset) for dataset in plan.datasets)
    assert plan.labels(few) == plan.labels(many)
    assert plan.identities(few) == plan.identities(many)
    assert plan.split_settings(few)["labels_per_class"] == 4
    assert plan.split_settings(few)["dataset"] == "digits_0_2"


def test_the_first_generation_asks_the_shared_teachers(plan):
    assert plan.previous_predictions(student("search", 1)) == [RUNS + "/teachers/{phase}.npz"]
    assert plan.previous_pseudo_labels(student("search", 1)) == []
    before = RUNS + "/{method}/{phase}/generation_1/"
    assert plan.previous_predictions(student("final", 2)) == [before + "predictions.npz"]
    assert plan.previous_pseudo_labels(student("final", 2)) == [before + "pseudo_labels.npz"]


def test_choices_are_inherited_by_the_search_and_used_by_the_final_chain(plan):
    assert plan.given_choices(student("search", 1)) == []
    heir = "noisy_student_ensemble"
    assert plan.given_choices(student("search", 1, heir)) == [RUNS + "/noisy_student/choice.json"]
    assert plan.given_choices(student("final", 1, heir)) == [RUNS + "/{method}/choice.json"]
    assert plan.search_settings(student("final", 1))["space"] == {}
    assert plan.search_settings(student("search", 1))["space"]["threshold"] == [0.4, 0.6]


def test_predictions_of_every_generation_are_searched_and_scored(plan):
    chain = jobs(method="noisy_student")
    for files, phase in ((plan.searched_predictions, "search"), (plan.final_predictions, "final")):
        assert files(chain) == [
            RUNS + f"/teachers/{phase}.npz",
            RUNS + f"/{{method}}/{phase}/generation_1/predictions.npz",
            RUNS + f"/{{method}}/{phase}/generation_2/predictions.npz",
        ]
    assert len(plan.final_pseudo_labels(chain)) == 2
    # The baseline has nothing to search, and is the teachers.
    baseline = jobs(method="baseline")
    assert plan.searched_predictions(baseline) == plan.final_pseudo_labels(baseline) == []
    assert plan.final_predictions(baseline) == [RUNS + "/teachers/final.npz"]


def test_a_control_takes_the_steps_of_a_final_chain(controls):
    equal, bound = jobs(method="equal"), jobs(method="bound")
    assert controls.control_histories(equal) == [
        "results/tiny/histories/train_teachers/{dataset}/fold_{fold}.json",
        "results/tiny/histories/train_students/{dataset}/fold_{fold}/noisy_student/final_1.json",
        "results/tiny/histories/train_students/{dataset}/fold_{fold}/noisy_student/final_2.json",
    ]
    assert controls.control_histories(bound) == []
    assert controls.final_predictions(equal) == [
        RUNS + "/{method}/final/generation_0/predictions.npz"
    ]
    assert controls.controls == {"labeled": ["equal"], "pool": ["bound"]}


def test_kinds_of_methods(controls):
    kinds = {name: methods.kind(controls.config, name) for name in controls.methods}
    assert kinds == {
        "baseline": methods.TEACHER,
        "noisy_student": methods.CHAIN,
        "noisy_student_ensemble": methods.CHAIN,
        "equal": methods.CONTROL,
        "bound": methods.CONTROL,
    }
    assert methods.steps_of(controls.config, "equal") == "noisy_student"
    assert methods.steps_of(controls.config, "bound") is None
    assert methods.trained_on(controls.config, "bound") == "pool"


def test_scores_and_histories_of_the_whole_study(controls):
    scores = controls.all_scores(None)
    assert len(scores) == len(set(scores)) == 2 * 5
    assert scores[:2] == [
        f"results/tiny/runs/digits_0_2/fold_{fold}/baseline/scores.json" for fold in (0, 1)
    ]
    histories = controls.all_histories(None)
    # Teachers; two generations of search and final chain of two methods; two controls.
    assert len(histories) == len(set(histories)) == 2 * (1 + 2 * 4 + 2)
    assert not [path for path in scores + histories if "{" in path]
    together = Plan(controls.config | {"jobs": "per_dataset"})
    assert len(together.all_histories(None)) == 1 + 2 * 4 + 2
    in_parts = Plan(controls.config | {"outer_folds": 5, "folds_per_job": 2}).all_histories(None)
    assert len(in_parts) == len(set(in_parts)) == 3 * (1 + 2 * 4 + 2)
    assert not [path for path in in_parts if "{" in path or "/folds_" not in path]
    # What has one candidate is not searched, and no job trains for its search.
    config = tiny_config()
    config["methods"] = {
        "fixed": {"generations": 1, "threshold": 0.5, "unlabeled_fraction": 0.2},
    }
    assert Plan(config | {"jobs": "per_dataset"}).all_histories(None) == [
        "results/tiny/histories/train_teachers/digits_0_2.json",
        "results/tiny/histories/train_students/digits_0_2/fixed/final_1.json",
    ]


def test_what_a_config_says_of_labels_and_draws_reaches_the_jobs():
    config = tiny_config()
    said = {"labels": "soft", "temperature": 0.5, "filter": "once", "balance": "quota", "quota": 9}
    said |= {"share": {"at_least": 0.1, "at_most": 0.9}, "align": True}
    config["methods"]["said"] = {"inherit": "noisy_student", "schedule": "all"} | said
    plan = Plan(config)
    reached = plan.labeling_settings(student("final", 1, "said"))
    said |= {"curriculum": None, "uncertainty": None, "schedule": "all", "passes": False}
    assert reached == said
    assert set(reached) == {field.name for field in fields(Labeling)}
    unsaid = plan.labeling_settings(student("final", 1))
    assert (unsaid["filter"], unsaid["quota"]) == ("every_generation", None)
    # What a job is not told, it does without.
    assert Labeling(**unsaid) == Labeling("hard", 1, "every_generation", "quota", None)
    assert plan.split_settings(jobs())["draw"] == "stratified"
    config["datasets"]["digits_0_2"] |= {"draw": "random", "labeled_fraction": [0.1, 0.2]}
    plan = Plan(config)
    assert plan.split_settings(jobs(dataset="digits_0_2@0.1"))["draw"] == "random"
    assert "draw" not in plan.dataset_settings(jobs(dataset="digits_0_2"))


def test_training_names_become_dotted_paths(plan):
    teachers = plan.training(jobs())
    assert teachers["backbone"] == names.BACKBONES["original_cnn"]
    assert teachers["noise"]["policy"] is None
    students = plan.training(student("final", 1))
    assert students["noise"]["policy"] == names.POLICIES["characters"]
    assert names.backbone_path("my_models:build") == "my_models:build"


def test_code_is_that_of_the_settings(plan):
    """A policy, a backbone or a backend that is not used changes no digest; one that is, does."""
    code = plan.student_code(student("final", 1))

    def of(backend="tensorflow", **changes):
        config = tiny_config()
        config["methods"]["noisy_student"] |= changes
        other = Plan(config, backend)
        return other.teacher_code(jobs()), other.student_code(student("final", 1))

    assert of() == (plan.teacher_code(jobs()), code)
    assert of(threshold=[0.5], balance="none") == of()
    for changes in ({"noise": {}}, {"backbone": "small_resnet"}, {"backend": "jax"}):
        teachers, students = of(**changes)
        assert students != code
        assert (teachers == of()[0]) == (changes != {"backend": "jax"})
    rand_augment = {"noise": {"magnitude": 3, "policy": "rand_augment"}}
    assert of(**rand_augment)[1] not in (code, of(noise={})[1])
    # Without noise JAX needs no noise of its own.
    assert of("jax", noise={})[1] != of("jax")[1]


def test_a_score_s_code_is_what_its_method_was_trained_by(controls):
    def code(method):
        return set(controls.score_provenance(jobs(method=method))["code"])

    always = {"prepare_dataset", "make_splits", "select", "evaluate"}
    assert code("baseline") == always | {"train_teachers"}
    assert code("noisy_student") == always | {"train_teachers", "train_students"}
    assert code("bound") == always | {"train_control"}
    # It takes the steps of students, and so depends on all that trains these.
    assert code("equal") == code("noisy_student") | code("bound")


def test_what_is_inherited_is_behind_a_score_too():
    """An heir's choice was made by its parent's networks, whatever its own are."""

    def behind(method, **parent):
        config = tiny_config()
        config["methods"]["noisy_student"] |= parent
        config["methods"]["heir"] = {
            "inherit": "noisy_student",
            "backbone": "original_cnn",
            "noise": {},
        }
        config["methods"]["control"] = {"generations": 0, "steps_of": "heir"}
        return Plan(config).score_provenance(jobs(method=method))

    for method in ("noisy_student", "heir", "control"):
        before, after = behind(method), behind(method, backbone="small_resnet")
        assert before["code"]["train_students"] != after["code"]["train_students"]
        assert before["code"]["train_teachers"] == after["code"]["train_teachers"]
        assert before["settings"] != after["settings"]
    assert behind("baseline") == behind("baseline", backbone="small_resnet")


def test_pictures_are_of_the_first_method_with_students(plan):
    figures = plan.report_figures({"accuracy": "Accuracy"})
    assert figures == {
        "Accuracy": "results/tiny/figures/accuracy.png",
        "Pseudo-labels of noisy_student on digits_0_2": (
            "results/tiny/figures/pseudo_labels/digits_0_2.png"
        ),
    }
    alone = Plan({"study": "compare", "external_scores": "scores.csv"})
    assert alone.report_figures({}) == {} and alone.shown_method() is None
    assert alone.all_scores(None) == alone.all_histories(None) == alone.archives() == []


def test_archives_that_are_there_are_not_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = Plan(tiny_config())
    assert plan.missing_archives() == ["digits"]
    settings = {"classes": [0, 1, 2], "source": "digits"}
    assert plan.archive_settings(SimpleNamespace(archive="digits")) == settings
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources/digits.npz").touch()
    assert plan.missing_archives() == []


def test_a_constraint_of_no_names_matches_nothing():
    assert any_of(["a.b", "c"]) == r"a\.b|c"
    assert any_of([]) == "(?!)"
