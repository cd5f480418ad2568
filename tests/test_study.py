"""The tiny study end to end, as a user runs it."""

import json
import os
import re
import shutil
import signal
import time
from collections import Counter

import numpy as np
import openpyxl
import pandas as pd
import psutil
import pytest
from conftest import tiny_config
from self_training.data.examples import UNKNOWN
from self_training.evaluation.metrics import METRICS

pytestmark = pytest.mark.study

TIMES = re.compile("time|seconds")


def scores_of(study) -> dict:
    """Return all of a study's scores, but the times and the jobs that trained, by file."""
    files = sorted(study.results.glob("runs/*/*/*/scores.json"))
    scores = {str(file.relative_to(study.results)): json.loads(file.read_text()) for file in files}
    for content in scores.values():
        content["provenance"].pop("trained_with")
    return {file: without_times(content) for file, content in scores.items()}


def without_times(content: dict) -> dict:
    """Return scores, and those of generations among them, without what differs from run to run."""
    chain = [
        {key: value for key, value in row.items() if not TIMES.search(key)}
        for row in content["generations_of_chain"]
    ]
    kept = {key: value for key, value in content.items() if not TIMES.search(key)}
    return kept | {"generations_of_chain": chain}


def choices_of(study) -> dict:
    files = sorted(study.results.glob("runs/*/*/*/choice.json"))
    return {str(file.relative_to(study.results)): file.read_text() for file in files}


# What needs all rules once, and costs half of what all methods do.
STUDENT = "results/tiny/runs/digits_0_2/fold_0/noisy_student"


def same_student(study, other, folds: int) -> None:
    """Assert that a method has the same scores and choices in so many folds of two studies."""
    for of in (scores_of, choices_of):
        found, expected = (
            {file: content for file, content in of(some).items() if "/noisy_student/" in file}
            for some in (study, other)
        )
        assert len(found) == folds
        assert found.items() <= expected.items()


def planned(output: str) -> Counter:
    """Return how many jobs of each rule a dry run's table lists."""
    table = re.search(r"Job stats:\n.*?\n-+.*?\n(.*?)\n\n", output, re.S)
    rows = [line.split() for line in table.group(1).splitlines()] if table else []
    return Counter({rule: int(count) for rule, count in rows if rule not in ("all", "total")})


def planned_methods(output: str, rule: str) -> set[str]:
    """Return the methods for which a dry run lists jobs of a rule."""
    jobs = re.findall(rf"rule {rule}:\n(.*?)(?:\n\n|\n\[|\Z)", output, re.S)
    return {re.search(r"method=([^,\n]+)", job).group(1) for job in jobs}


def test_writes_scores_statistics_and_report(tiny_study):
    scores = pd.read_csv(tiny_study.results / "scores.csv")
    assert len(scores) == 1 * 2 * 3
    assert scores["accuracy"].between(1 / 3, 1).all()
    # Every method of a fold has the same labeled, unlabeled and test examples.
    assert (scores.groupby("fold")[["labeled", "unlabeled", "test"]].nunique() == 1).all(axis=None)
    # Each method's AUC comes from its own probabilities.
    assert scores.groupby("method")["auc"].apply(tuple).nunique() == 3
    statistics = json.loads((tiny_study.results / "statistics.json").read_text())
    assert statistics["methods"] == ["baseline", "noisy_student", "noisy_student_ensemble"]
    workbook = openpyxl.load_workbook(tiny_study.results / "report.xlsx")
    sheet = workbook["All folds"]
    headers = [cell.value for cell in sheet[1]]
    assert headers[:5] == [
        "Dataset Name",
        "Algorithm Name",
        "Cross Validation [1-2]",
        "Hyper-Parameters Values",
        "Accuracy",
    ]
    assert headers[4:-2] == [metric.title for metric in METRICS.values()]
    assert headers[-2:] == ["Training Time", "Inference Time"]
    # Those of the table that was published in 2021.
    assert {"Accuracy", "TPR", "FPR", "Precision", "AUC", "PR-Curve"} <= set(headers)
    assert [row[4].value for row in sheet.iter_rows(min_row=2)] == scores["accuracy"].tolist()


def test_second_run_does_nothing(tiny_study):
    assert "Nothing to be done" in tiny_study.run("--cores", "2")


def test_a_score_says_where_it_comes_from(tiny_study):
    path = tiny_study.results / "runs/digits_0_2/fold_1/noisy_student/scores.json"
    score = json.loads(path.read_text())
    origin = score["provenance"]
    assert origin["seed"] == 7
    assert origin["settings"]["method"]["space"]["threshold"] == [0.4, 0.6]
    assert origin["settings"]["dataset"]["classes"] == [0, 1, 2]
    assert {"train_teachers", "train_students", "make_splits"} <= set(origin["code_of_rules"])
    # Teachers and the generations of the choice.
    assert len(origin["trained_with"]) == 1 + score["generations_trained"] > 1
    for framework in origin["trained_with"]:
        assert {"keras", "tensorflow", "host", "device", "commit"} <= set(framework)
    scores = pd.read_csv(tiny_study.results / "scores.csv", dtype=str)
    assert set(scores[scores["method"] == "noisy_student"]["config"]) == {origin["config"]}
    assert scores["config"].nunique() == 3
    # Methods that are trained by the same code say so; no student is behind the baseline's scores.
    students = scores[scores["method"] != "baseline"]
    assert set(students["code"]) == {origin["code"]} != set(scores["code"])
    baseline = tiny_study.results / "runs/digits_0_2/fold_1/baseline/scores.json"
    code = json.loads(baseline.read_text())["provenance"]["code_of_rules"]
    assert set(code) == set(origin["code_of_rules"]) - {"train_students"}


def test_figures_and_html_report(tiny_study):
    names = ["accuracy", "cost", "critical_difference", "generations", "hyper_parameters"]
    names += ["pseudo_labels/digits_0_2", "reliability"]
    for kind in ("svg", "png"):
        files = tiny_study.results.glob(f"figures/**/*.{kind}")
        found = sorted(str(f.relative_to(tiny_study.results / "figures")) for f in files)
        assert found == [f"{name}.{kind}" for name in names]
    tiny_study.run("--report", "report.html")
    html = (tiny_study.folder / "report.html").read_text()
    for text in ("Accuracy per dataset", "Reliability of confidences", "Pseudo-labels"):
        assert text in html
    assert "Mean accuracy against gradient steps of all teachers" in html


def test_scores_from_elsewhere_without_any_training(make_study):
    rng = np.random.default_rng(0)
    rows = [
        f"data {dataset},{method},{fold},{0.7 + gain + rng.normal(0, 0.01):.4f}"
        for dataset in range(8)
        for method, gain in (("theirs", 0), ("ours", 0.05))
        for fold in range(5)
    ]
    study = make_study({"study": "compare", "external_scores": ["default.csv"]})
    path = study.folder / "scores.csv"
    path.write_text("dataset,method,fold,accuracy\n" + "\n".join(rows))
    study.run("--cores", "1", "--config", "external_scores=scores.csv")
    statistics = json.loads((study.results / "statistics.json").read_text())
    assert statistics["average_ranks"] == {"theirs": 2.0, "ours": 1.0}
    assert statistics["post_hoc"]["wilcoxon_holm"]["ours"]["theirs"] == pytest.approx(2 / 2**8)
    assert "ours beats theirs on 8 of 8 datasets" in statistics["reading"]
    assert (study.results / "report.xlsx").exists() and not list(study.results.glob("runs"))
    logs = "".join(log.read_text() for log in study.results.glob("logs/**/*.log"))
    assert "tensorflow" not in logs.lower()
    path.write_text("dataset,method,fold,accuracy\na,x,1,0.5\na,x,1,0.6\n")
    output = study.run("--cores", "1", "--config", "external_scores=scores.csv", succeeds=False)
    assert "scores.csv, row 3: Expected one row per dataset" in output
    assert "Traceback" not in output


def test_cores_and_jobs_do_not_change_scores(tiny_study, make_study):
    """One core and one job per dataset, against two cores and one job per fold."""
    study = make_study(tiny_config() | {"jobs": "per_dataset"})
    study.run("--cores", "1", f"{STUDENT}/scores.json")
    same_student(study, tiny_study, folds=2)


def test_folds_per_job_do_not_change_scores(make_study):
    """Three folds in two jobs, and then in one, which trains them in one stack."""
    student = {"generations": 1, "unlabeled_fraction": 0.5, "threshold": 0.4}
    config = {
        "study": "parts",
        "seed": 7,
        "threads": 1,
        "outer_folds": 3,
        "inner_folds": 2,
        "controls": "none",
        "training": {"backbone": "linear", "batch_size": 16, "learning_rate": 0.02},
        "datasets": {
            "wine": {
                "kind": "vectors",
                "source": "sklearn",
                "name": "wine",
                "steps": 30,
                "labels_per_class": 5,
                "policy": "gaussian",
            }
        },
        "methods": {"student": student | {"noise": {"magnitude": 0.2}}},
    }
    scores = "results/parts/scores.csv"
    in_parts = make_study(config | {"folds_per_job": 2}, "jax")
    said = in_parts.run("--cores", "2", scores)
    for rule in ("train_teachers", "train_final_students", "select", "evaluate"):
        assert re.search(rf"^{rule}_folds_0_to_1 +1$", said, re.M)
        assert re.search(rf"^{rule}_folds_2_to_2 +1$", said, re.M)
    assert set(pd.read_csv(in_parts.results / "timings.csv")["rule"]) == {
        "train_teachers",
        "train_final_students",
    }
    together = make_study(config | {"jobs": "per_dataset"}, "jax")
    together.run("--cores", "2", scores)
    assert len(scores_of(in_parts)) == 3
    assert scores_of(in_parts) == scores_of(together)


def test_killed_and_resumed_gives_the_same_scores(tiny_study, tiny_copy):
    """One fold is finished, of the other nothing but its split; a job that trains is killed."""
    runs = tiny_copy.results / "runs/digits_0_2"
    for folder in runs.glob("fold_0/*/"):
        shutil.rmtree(folder)
    shutil.rmtree(tiny_copy.results / "logs")
    (tiny_copy.results / "scores.csv").unlink()
    log = tiny_copy.results / "logs/train_students/digits_0_2/fold_0/noisy_student/search_2.log"
    process = tiny_copy.start("--cores", "2", f"{STUDENT}/scores.json")
    deadline = time.monotonic() + 300
    while not log.exists():
        assert process.poll() is None and time.monotonic() < deadline, "never got half-way"
        time.sleep(0.1)
    jobs = psutil.Process(process.pid).children(recursive=True)
    assert jobs
    os.kill(process.pid, signal.SIGKILL)
    # No job outlives its Snakemake, to write over what the next one makes.
    assert not psutil.wait_procs(jobs, timeout=20)[1]
    process.communicate()
    # But for what the killed job has written, whole or in part.
    killed = runs / "fold_0/noisy_student/search/generation_2"
    finished = {
        path: path.stat().st_mtime_ns
        for path in runs.glob("*/**/*.npz")
        if killed not in path.parents and not path.name.startswith(".")
    }
    assert {path.parts[-3] for path in finished if path.name == "final.npz"} == {"fold_0", "fold_1"}
    tiny_copy.run("--cores", "2", "--rerun-incomplete", f"{STUDENT}/scores.json")
    same_student(tiny_copy, tiny_study, folds=2)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert not list(runs.glob("**/.*.npz"))


def test_hidden_labels_and_test_labels_are_never_read(tiny_study, tiny_copy):
    """Permuting them, and deleting some of U, leaves every prediction and every choice as it was,
    but not the scores."""
    fold = "runs/digits_0_2/fold_0"
    files = [
        path.relative_to(tiny_study.results)
        for name in ("predictions.npz", "pseudo_labels.npz", "final.npz", "search.npz")
        for path in tiny_study.results.glob(f"{fold}/**/{name}")
        if "noisy_student_ensemble" not in path.parts
    ]
    assert len(files) == 2 + 8
    path = tiny_copy.results / "datasets/digits_0_2/labels.npy"
    with np.load(tiny_copy.results / fold / "split.npz") as split:
        labeled, labeled_y = split["labeled_idx"], split["labeled_y"]
        unlabeled = split["unlabeled_idx"]
    labels = np.load(path)
    assert (labels[labeled] == labeled_y).all()
    labels = np.random.default_rng(0).permutation(labels)
    labels[labeled], labels[unlabeled[::2]] = labeled_y, UNKNOWN
    np.save(path, labels)
    # The split stays as it is, and everything behind it is made anew.
    tiny_copy.run("--cores", "1", "--touch", f"results/tiny/{fold}/split.npz")
    for file in files:
        (tiny_copy.results / file).unlink()
    methods = ("baseline", "noisy_student")
    targets = [f"results/tiny/{fold}/{method}/scores.json" for method in methods]
    tiny_copy.run("--cores", "2", *targets)
    for file in files:
        assert_same_arrays(tiny_copy.results / file, tiny_study.results / file)
    for file, choice in choices_of(tiny_study).items():
        assert choices_of(tiny_copy)[file] == choice
    for method in methods:
        file = f"{fold}/{method}/scores.json"
        assert scores_of(tiny_copy)[file]["accuracy"] < scores_of(tiny_study)[file]["accuracy"]


def assert_same_arrays(path, other) -> None:
    with np.load(path) as arrays, np.load(other) as others:
        assert set(arrays.files) == set(others.files)
        for name in arrays.files:
            np.testing.assert_array_equal(arrays[name], others[name])


def test_hidden_labels_that_are_deleted_train_the_same_networks(tiny_study, make_study, tmp_path):
    """Bit for bit, in the fold that hides them; and the report has no word on what nobody knows."""
    data, fold = tiny_study.results / "datasets/digits_0_2", "runs/digits_0_2/fold_0"
    with np.load(tiny_study.results / fold / "split.npz") as split:
        unlabeled = split["unlabeled_idx"]
    labels = np.load(data / "labels.npy").astype(int)
    labels[unlabeled] = -1
    names = np.array(json.loads((data / "classes.json").read_text()))
    path = tmp_path / "deleted.npz"
    np.savez(path, x=np.load(data / "examples.npy"), y=labels, class_names=names)
    # Starting Keras takes longest, so that one job trains both folds.
    config = tiny_config() | {"study": "deleted", "jobs": "per_dataset"}
    config["datasets"] = {
        "digits_0_2": {"source": "npz", "path": str(path), "labeled_fraction": 1}
        | {key: config["datasets"]["digits_0_2"][key] for key in ("policy", "epochs")}
    }
    study = make_study(config)
    of_study = "results/deleted"
    study.run("--cores", "1", f"{of_study}/{fold}/split.npz")
    splits = sorted(study.results.glob("runs/digits_0_2/*/split.npz"))
    assert len(splits) == 2
    # The other fold has the same examples, too: in its own, ten times as many would be labeled.
    for path in splits:
        with np.load(path) as own:
            assert set(unlabeled) == set(own["unlabeled_idx"])
        shutil.copyfile(tiny_study.results / fold / "split.npz", path)
    study.run(
        "--cores", "1", "--touch", *(f"{of_study}/{p.relative_to(study.results)}" for p in splits)
    )
    study.run("--cores", "2")
    files = [
        path.relative_to(tiny_study.results)
        for name in ("predictions.npz", "pseudo_labels.npz", "final.npz", "search.npz")
        for path in tiny_study.results.glob(f"{fold}/**/{name}")
    ]
    assert len(files) == 2 + 2 * 8
    for file in files:
        assert_same_arrays(tiny_study.results / file, study.results / file)
    table, before = (pd.read_csv(some.results / "scores.csv") for some in (study, tiny_study))
    first = [some[some["fold"] == 0] for some in (table, before)]
    assert first[0]["accuracy"].tolist() == first[1]["accuracy"].tolist()
    assert (table["unknown"] == len(unlabeled)).all()
    generations = pd.read_csv(study.results / "generations.csv")
    students = generations[(generations["generation"] > 0) & (generations["fold"] == 0)]
    assert students["selected"].sum() > 0
    assert (students["known"] == 0).all() and students["correct"].isna().all()
    sheet = openpyxl.load_workbook(study.results / "report.xlsx")["Pseudo-labels"]
    headers = [cell.value for cell in sheet[1]]
    precision = headers.index("Precision (over known labels)")
    rows = [row for row in sheet.iter_rows(min_row=2) if row[2].value == 1]
    assert rows and all(row[precision].value is None for row in rows)


def test_labels_reach_only_splits_and_evaluation(tiny_study):
    """No other rule has the file of labels; what check_data sees goes to the report alone."""
    output = tiny_study.run("--cores", "1", "-n", "--forceall")
    rules = re.findall(r"(?:local)?rule (\w+):\n    input: (.*)\n", output)
    with_labels = {rule for rule, inputs in rules if "/labels.npy" in inputs}
    assert with_labels == {"make_splits", "check_data", "evaluate"}
    assert {"train_teachers", "train_students", "train_final_students", "select"} <= {
        r for r, _ in rules
    }


def test_an_edit_of_a_module_reruns_what_depends_on_it(tiny_copy):
    def jobs_after_edit(module: str, before: str, after: str) -> Counter:
        path = tiny_copy.folder / f"workflow/self_training/{module}.py"
        source = path.read_text()
        assert before in source
        path.write_text(source.replace(before, after, 1))
        try:
            return planned(tiny_copy.run("-n"))
        finally:
            path.write_text(source)

    edited = jobs_after_edit("evaluation/differences", "ALPHA = 0.05", "ALPHA = 0.01")
    assert edited == {"test_significance": 1, "plot": 1, "report": 1}
    # Neither comments nor docstrings determine a number.
    assert not jobs_after_edit("training/trainer", '"""What the two', '"""What both')
    trained = jobs_after_edit(
        "training/prediction", "PREDICTION_BATCH = 128", "PREDICTION_BATCH = 64"
    )
    assert trained["train_teachers"] == 2
    assert not {"download", "prepare_dataset", "make_splits"} & set(trained)
    # Teachers have neither pseudo-labels nor noise.
    for module, before, after in (
        ("methods/pseudo_labels", "confidence > threshold", "confidence >= threshold"),
        ("image/noise_geometric", "LARGEST_ROTATION = 45.0", "LARGEST_ROTATION = 40.0"),
    ):
        trained = jobs_after_edit(module, before, after)
        assert trained["train_students"] > 0 and "train_teachers" not in trained
    # What the settings do not name determines nothing: another backbone, policy or trainer.
    for module, before, after in (
        ("image/backbones/small_resnet", "(16, 32, 64)", "(16, 32, 60)"),
        ("image/noise_rand_augment", "1.8 * level", "1.7 * level"),
        ("image/noise_on_gpu", "_ROUNDING = 1e-4", "_ROUNDING = 1e-3"),
        ("training/stacked", "STACK = 32", "STACK = 16"),
    ):
        assert not jobs_after_edit(module, before, after)
    scored = jobs_after_edit("evaluation/metrics", "accuracy_score(", "1 * accuracy_score(")
    assert set(scored) == {
        "evaluate",
        "collect",
        "test_significance",
        "plot",
        "plot_pseudo_labels",
        "report",
    }


def test_an_edit_of_a_method_reruns_that_method(tiny_copy):
    tiny_copy.config["methods"]["noisy_student_ensemble"]["noise"] = {"dropout": 0.3}
    tiny_copy.write_config()
    output = tiny_copy.run("-n")
    jobs = planned(output)
    assert "train_teachers" not in jobs and "make_splits" not in jobs
    for rule in ("train_students", "train_final_students", "evaluate"):
        assert planned_methods(output, rule) == {"noisy_student_ensemble"}, output


def test_more_repeats_and_seeds_leave_what_there_is_alone(tiny_study):
    """Four times as many folds: what the new ones take is done, and nothing else."""
    first = planned(tiny_study.first_output)
    jobs = planned(tiny_study.run("-n", "--config", "repeats=2", "seeds=2"))
    more = [rule for rule in jobs if rule.startswith("make_splits")]
    assert set(more) == {f"make_splits{of}" for of in ("_repeat_1", "_seed_1", "_repeat_1_seed_1")}
    for rule in ("train_teachers", "train_students", "train_final_students", "select", "evaluate"):
        assert jobs[rule] == 3 * first[rule] > 0, rule
    assert not {"prepare_dataset", "make_splits", "plot_pseudo_labels"} & set(jobs)


def test_a_new_method_leaves_the_others_alone(tiny_copy):
    tiny_copy.config["methods"]["without_noise"] = {"inherit": "noisy_student", "noise": {}}
    tiny_copy.write_config()
    output = tiny_copy.run("-n")
    assert "train_teachers" not in planned(output)
    assert planned_methods(output, "train_final_students") == {"without_noise"}
    assert planned_methods(output, "evaluate") == {"without_noise"}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("methods", "noisy_student", "threshold"), 1.3, "Expected a number in [0, 1)"),
        (("datasets", "digits_0_2", "labeled_fraction"), 0.001, "Use a larger fraction"),
    ],
)
def test_a_mistake_ends_in_one_message_before_anything_runs(make_study, path, value, message):
    config = tiny_config()
    config[path[0]][path[1]][path[2]] = value
    study = make_study(config)
    output = study.run("--cores", "2", succeeds=False)
    assert ".".join(path) in output and message in output
    assert "Traceback" not in output
    assert not study.results.exists() and not (study.folder / "resources").exists()


def test_a_job_that_fails_shows_its_message_and_leaves_nothing(make_study):
    config = tiny_config()
    study = make_study(config)
    archive = study.folder / "mine.npz"
    labels = np.repeat([0, 1, 2], 60)
    np.savez(archive, x=np.zeros((180, 8, 8)), y=labels, class_names=np.array(["a", "b", "c"]))
    dataset = config["datasets"]["digits_0_2"]
    config["datasets"]["digits_0_2"] = dataset | {"source": "npz", "path": str(archive)}
    study.write_config()
    output = study.run("--cores", "2", succeeds=False)
    assert f"{archive}: Expected x as uint8" in output and "Traceback" not in output
    assert not list(study.results.glob("datasets/*/*"))
