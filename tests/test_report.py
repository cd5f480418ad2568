"""The workbook, the figures and the methods text, of studies of every kind."""

import json

import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import tiny_config
from self_training import storage
from self_training.evaluation import significance, tables
from self_training.image import show
from self_training.report import answer, cautions, figures, findings, methods_text, sheets, style
from self_training.study import config as study
from self_training.study import fair_controls

SHEETS = ["Summary", "Means", "All folds", "Tests", "Tests per dataset"]
OWN_SHEETS = ["Chains", "Hyper-parameters", "Pseudo-labels", "Cost"]
LAST_SHEETS = ["Figures", "Methods text", "Provenance"]


def fake_evaluations() -> list[dict]:
    rng = np.random.default_rng(0)
    generations = [
        {"generation": generation, "offered": 4 * generation, "selected": 2 * generation}
        | {
            "known": generation,
            "correct": generation,
            "trained_on": 2,
            "accuracy": 0.5,
            "parameters": 30,
            "inference_time": 0.5,
            "classes_missing": "1, NA",
        }
        for generation in (0, 1)
    ]
    bins = [{"bin": 9, "count": 5, "correct": 4, "confidence": 4.7}]
    digests = {"seed": 1, "config": "12e4", "code": "0012", "commits": "1e5"}
    return [
        {"dataset": dataset, "method": method, "fold": fold, "training_seed": 0}
        | {"candidates": 4, "inner_score": 0.6, "inner_standard_error": 0.1}
        | {"candidates_within_error": 3}
        | {
            name: float(rng.random())
            for name in (*sheets.TITLES, "gradient_steps", "examples_seen")
        }
        | {"calibration_error": 0.1, "not_learned": ""}
        | {"labeled": 5, "unlabeled": 40, "test": 50}
        | {"unlabeled_fraction": 0.1, "threshold": 0.5, "generations": 1, "ensemble_size": 1}
        | {"generations_trained": 1, "termination_condition": "generations_reached"}
        | {"generations_of_chain": generations, "reliability": bins, "examples": []}
        | {"class_balance": []}
        | {"provenance": digests}
        for dataset in ("NA", "001", "null")
        for method in ("1", "true", "c")
        for fold in (0, 1)
    ]


def write_report(tmp_path, evaluations, external=(), config=None, checks=()) -> openpyxl.Workbook:
    """Write tables, figures and workbook as the rules do, and read the workbook."""
    storage.save_csv(tmp_path / "scores.csv", tables.collect_scores(evaluations, list(external)))
    scores = storage.load_csv(tmp_path / "scores.csv")
    settings = study.statistics(config or tiny_config())
    statistics = findings.describe(significance.compare_methods(scores, **settings))
    statistics = json.loads(json.dumps(statistics, allow_nan=False))
    seconds = ("startup", "tracing", "training", "prediction", "job")
    timing = {"rule": "train_teachers", "runs": 3} | {f"{name}_seconds": 1.5 for name in seconds}
    drawn = {
        "scores": scores,
        "generations": tables.collect_generations(evaluations),
        "reliability": tables.collect_reliability(evaluations),
    }
    own = ["cost", "reliability", "generations", "hyper_parameters"] if evaluations else []
    own += ["learning_curve"] if "budgets" in settings else []
    paths = {}
    for name in ("critical_difference", "accuracy", *own):
        paths[name] = tmp_path / f"{name}.png"
        figure = figures.draw(name, drawn, statistics)
        style.save(figure, tmp_path / f"{name}.svg", paths[name])
    sheets.write(
        tmp_path / "report.xlsx",
        config=config or tiny_config() | {"description": "=1+1"},
        scores=scores,
        generations=drawn["generations"],
        class_balance=tables.collect_class_balance(evaluations),
        data_checks=checks,
        timings=tables.collect_timings([timing, {"rule": "train_students"}] if evaluations else []),
        statistics=statistics,
        answer=answer.of_study(scores, drawn["generations"], statistics, {}),
        figures=paths,
    )
    return openpyxl.load_workbook(tmp_path / "report.xlsx")


def texts(sheet) -> str:
    return "\n".join(str(cell.value) for row in sheet for cell in row if cell.value is not None)


def test_report_of_any_names(tmp_path):
    """Names that a reader of CSV files takes for numbers or missing values stay names."""
    evaluations = fake_evaluations()
    workbook = write_report(tmp_path, evaluations)
    assert workbook.sheetnames == SHEETS + OWN_SHEETS + LAST_SHEETS
    (description,) = (row[0] for row in workbook["Summary"] if row[0].value == "=1+1")
    assert description.data_type == "s"
    rows = list(workbook["Means"].iter_rows(min_row=3, max_row=5, values_only=True))
    assert [row[0] for row in rows] == ["NA", "001", "null"]
    expected = [evaluation["accuracy"] for evaluation in evaluations[:2]]
    assert rows[0][1] == pytest.approx(np.mean(expected))
    assert rows[0][2] == pytest.approx(np.std(expected, ddof=1))
    for digest in ("12e4", "0012", "1e5"):
        assert digest in texts(workbook["Chains"])
    assert "1, NA" in texts(workbook["Pseudo-labels"])
    folds = [row[2] for row in workbook["All folds"].iter_rows(min_row=2, values_only=True)]
    assert folds == [1, 2] * 9
    assert len(workbook["Figures"]._images) == 6
    # Ticks are numbers to read, not the source of a formula.
    assert not [path.name for path in tmp_path.glob("*.svg") if "mathdefault" in path.read_text()]


def test_results_that_did_not_learn_are_on_the_first_sheet(tmp_path):
    evaluations = fake_evaluations()
    evaluations[3]["not_learned"] = "constant predictions"
    text = texts(write_report(tmp_path, evaluations)["Summary"])
    assert "1 of 18 results did not learn" in text
    assert "NA, true, fold 2: constant predictions" in text


def external(methods: dict[str, list]) -> pd.DataFrame:
    rows = [
        {"dataset": f"d{index}", "method": method, "fold": None, "accuracy": accuracy}
        for method, accuracies in methods.items()
        for index, accuracy in enumerate(accuracies)
    ]
    return pd.DataFrame(rows).astype({"fold": "Int64"}).assign(source="scores.csv")


@pytest.mark.parametrize(
    "methods",
    [
        {"a": [0.5, 0.6, 0.7], "b": [0.6, 0.7, 0.9]},
        {"a": [0.5], "b": [0.6], "c": [0.7]},
        {"a": [0.5, np.nan], "b": [0.6, 0.7], "c": [0.7, 0.8]},
        {"a": [0.5, 0.6], "b": [np.nan, np.nan], "c": [0.7, 0.8]},
        {name: [0.5] * 12 for name in "abc"},
        {f"m{index}": list(np.linspace(0.1, 0.9, 30) + index / 100) for index in range(5)},
    ],
    ids=["two methods", "one dataset", "a gap", "a failure", "all equal", "many"],
)
def test_reports_of_scores_from_elsewhere_alone(tmp_path, methods):
    config = {"study": "compare", "external_scores": "scores.csv"}
    workbook = write_report(tmp_path, [], [external(methods)], config)
    assert workbook.sheetnames == SHEETS + LAST_SHEETS
    summary = texts(workbook["Summary"])
    assert all(method in summary for method in methods)
    assert "Gradient steps" not in summary and "nan" not in summary.lower()


def test_names_are_text_whatever_they_look_like(tmp_path):
    """Neither formulas in the workbook nor mathematics in the figures."""
    names = {"=1+1": [0.5, 0.6, 0.7], "a$^$": [0.6, 0.7, 0.9], "@b_{": [0.1, 0.2, 0.3]}
    scores = external(names).assign(dataset=["=d", "$x^", "-y"] * 3)
    config = {"study": "compare", "external_scores": "scores.csv"}
    workbook = write_report(tmp_path, [], [scores], config)
    types = {cell.data_type for sheet in workbook for row in sheet for cell in row}
    assert "f" not in types and "=1+1" in texts(workbook["Summary"])


def test_means_of_methods_are_over_the_same_datasets(tmp_path):
    """A method that has scores of the easiest dataset alone does not look best."""
    methods = {"a": [0.5, 0.6, 0.9], "b": [0.5, 0.7, 0.95], "c": [np.nan, np.nan, 0.8]}
    config = {"study": "compare", "external_scores": "scores.csv"}
    sheet = write_report(tmp_path, [], [external(methods)], config)["Summary"]
    rows = {row[0]: row[1] for row in sheet.iter_rows(values_only=True) if row[0] in methods}
    assert rows == pytest.approx({"a": 0.9, "b": 0.95, "c": 0.8})


def test_own_and_other_scores_in_one_report(tmp_path):
    others = external({"theirs": [0.5, 0.6, 0.7]})
    others["dataset"] = ["NA", "001", "null"]
    workbook = write_report(tmp_path, fake_evaluations(), [others])
    assert "theirs" in texts(workbook["Summary"]) and "theirs" in texts(workbook["All folds"])
    assert "theirs" not in texts(workbook["Chains"])


def test_repeats_of_scores_from_elsewhere_are_not_known(tmp_path):
    """Alone, and beside those of the study."""
    others = external({"theirs": [0.5, 0.6, 0.7], "more": [0.6, 0.6, 0.8]})
    config = {"study": "compare", "external_scores": "scores.csv", "repeats": 2}
    workbook = write_report(tmp_path, [], [others], config)
    assert "theirs" in texts(workbook["All folds"])
    others["dataset"] = ["NA", "001", "null"] * 2
    own = [evaluation | {"repeat": 0} for evaluation in fake_evaluations()]
    sheet = write_report(tmp_path, own, [others], tiny_config() | {"repeats": 2})["All folds"]
    repeat = [cell.value for cell in sheet[1]].index("Repeat")
    found = {row[1]: row[repeat] for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert found["theirs"] is None and set(found.values()) == {None, 1}


def test_figures_are_the_same_files_every_time(tmp_path):
    scores = external({"a": [0.5, 0.6, 0.7], "b": [0.6, 0.7, 0.9], "c": [0.6, 0.8, 0.85]})
    statistics = findings.describe(significance.compare_methods(scores))
    contents = []
    for attempt in ("first", "second"):
        paths = [tmp_path / f"{attempt}.{kind}" for kind in ("svg", "png")]
        style.save(figures.draw("accuracy", {"scores": scores}, statistics), *paths)
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("wrong", [0, 2])
def test_pictures_of_pseudo_labels(tmp_path, channels, wrong):
    images = np.zeros((5, 8, 8, channels), np.uint8)
    examples = [
        {"example": index, "generation": 1, "confidence": 0.9, "pseudo_label": 0}
        | {"label": int(index < wrong)}
        for index in range(5)
    ]
    with style.in_style():
        figure = show.draw_pseudo_labels(examples, images, ["cat", "dog"])
    shown = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(shown) == 5 and sum("(dog)" in title for title in shown) == wrong
    style.save(figure, tmp_path / "a.svg", tmp_path / "a.png")


def test_methods_text_says_how_the_optimizer_was_set():
    config = tiny_config()
    scores = external({"a": [0.1, 0.2], "b": [0.2, 0.3], "c": [0.3, 0.4]})
    statistics = findings.describe(significance.compare_methods(scores))
    text = methods_text.write(config, statistics, {})
    assert "weight decay" not in text and "Loshchilov" not in text
    config["training"] |= {"weight_decay": 0.01, "loss": "per_part"}
    config["methods"]["noisy_student"] |= {"learning_rate": 0.01, "decay": "cosine", "ema": 0.9}
    text = methods_text.write(config, statistics, {})
    for part in (
        "batches of 16, decoupled weight decay 0.01, loss per part) for",
        "dropout 0.2, learning rate 0.01, learning-rate decay: cosine, weights averaged with a "
        "decay of 0.9",
        "Loshchilov, I.",
    ):
        assert part in text, part


def test_methods_text_says_what_was_done():
    config = tiny_config()
    scores = external({"a": [0.1, 0.2], "b": [0.2, 0.3], "c": [0.3, 0.4]})
    statistics = findings.describe(significance.compare_methods(scores))
    text = methods_text.write(config, statistics, {})
    for part in (
        "2-fold stratified cross-validation",
        "10% of the examples",
        "learning rate 0.003, batches of 16",
        "confidence above 0.4 or 0.6",
        "with input noise (characters) of magnitude 10 of 30 and dropout 0.2",
        "2 inner folds",
        "selected for noisy_student",
        "Xie, Q., Luong",
        "scipy",
    ):
        assert part in text, part
    config["methods"]["equal_steps"] = {"generations": 0, "steps_of": "noisy_student"}
    text = methods_text.write(config, statistics, {})
    assert "as many gradient steps as the last student of noisy_student took, without noise" in text
    assert "Cubuk" not in text and "Huang" not in text
    noise = {"policy": "rand_augment", "magnitude": 9, "survival": 0.8}
    config["methods"]["larger"] = {
        "inherit": "noisy_student",
        "schedule": "all",
        "filter": "once",
        "quota": 20,
        "noise": noise,
        "steps": 50,
        "backbone": ["small_resnet", "efficientnet_b0"],
    }
    text = methods_text.write(config, statistics, {})
    for part in (
        "labeled all unlabeled examples anew",
        "input noise (rand_augment) of magnitude 9 of 30 (of rand_augment, 10 is the nominal "
        "maximum) and stochastic depth (survival 0.8), for 50 gradient steps, as small_resnet, "
        "then efficientnet_b0",
        "those of which the first teachers had a confidence above 0.4 or 0.6 were given hard "
        "pseudo-labels, which were balanced once by a quota of 20 for every class, with duplicates "
        "of rare classes",
        "Cubuk, E. D.",
        "Huang, G.",
        "He, K.",
        "Tan, M.",
    ):
        assert part in text, part
    assert "stratified by class" in text and "without regard" not in text
    config["datasets"]["digits_0_2"]["draw"] = "random"
    text = methods_text.write(config, statistics, {})
    assert "drawn without regard to class" in text and "stratified by class" not in text
    config["methods"] = {"baseline": {"generations": 0}}
    text = methods_text.write(config, statistics, {})
    assert "Xie" not in text and "one network, trained on the labeled examples alone" in text
    config = {"study": "compare", "external_scores": "a.csv"}
    text = methods_text.write(config, statistics, {})
    assert "a.csv" in text and "Adam" not in text and "tensorflow" not in text
    assert "Friedman" in text and "t-test" not in text, "there are no folds"
    scores = external({"a": [0.1, 0.2], "b": [0.2, 0.3]})
    statistics = findings.describe(significance.compare_methods(scores))
    assert "Friedman" not in methods_text.write(config, statistics, {})


def fair_study() -> tuple[dict, list[dict]]:
    """A study of one method with students that has a fair control, and one that has none."""
    config = tiny_config()
    noise = config["methods"]["noisy_student"]["noise"]
    control = {"generations": 0, "steps_of": "noisy_student", "noise": noise}
    config["methods"]["supervised"] = control
    template = fake_evaluations()[0]
    mean = {"baseline": 0.5, "noisy_student": 0.65, "noisy_student_ensemble": 0.7}
    evaluations = [
        template
        | {"dataset": "digits_0_2", "method": method, "fold": fold}
        | {"accuracy": mean.get(method, 0.6) + fold * (0.01 + 0.02 * (method == "supervised"))}
        | {"gradient_steps": 300 if "student" in method else 200, "search_steps": 50}
        | {"examples_seen": 900 if "student" in method else 200}
        for method in config["methods"]
        for fold in (0, 1)
    ]
    return config, evaluations


def test_the_first_sheet_begins_with_fair_controls(tmp_path):
    config, evaluations = fair_study()
    sheet = write_report(tmp_path, evaluations, config=config)["Summary"]
    lines = [row for row in sheet.iter_rows(values_only=True) if any(row)]
    first = lines.index(next(row for row in lines if row[0] == "In statistics' words")) + 1
    assert lines[first][0].startswith(
        "Whether noisy_student helps can't be told over datasets: 1 dataset is too few, so no "
        "signed-rank test could show anything (smallest possible p 1). Measured: +0.0400 over its "
        "fair control supervised. Of single datasets"
    )
    assert lines[first + 1][0].startswith("Whether noisy_student_ensemble helps can't be told: the")
    at = next(index for index, row in enumerate(lines) if row[0] == "Method")
    header = lines[at]
    rows = {row[0]: dict(zip(header[2:8], row[2:8], strict=True)) for row in lines[at + 1 : at + 5]}
    assert header[2:4] == ("Fair control", "Minus fair control")
    assert rows["noisy_student"]["Minus fair control"] == pytest.approx(0.04)
    assert rows["noisy_student"]["Datasets better / equal / worse"] == "1 / 0 / 0"
    assert set(rows["noisy_student_ensemble"].values()) == {None}
    columns = {name: index for index, name in enumerate(header) if name}
    student = lines[at + 2]
    assert student[columns["Minus baseline"]] == pytest.approx(0.15)
    assert student[columns["Steps, times fair control's"]] == 1.5
    assert student[columns["Examples seen, times fair control's"]] == 4.5
    assert student[columns["Gradient steps of the search per fold"]] == 50
    assert list(columns).index("Minus fair control") < list(columns).index("Minus baseline")


def test_sheets_do_not_contradict_each_other(tmp_path):
    """The corrected p of a comparison is the same wherever it stands."""
    config, evaluations = fair_study()
    rng = np.random.default_rng(0)
    several = [
        row | {"dataset": f"d{index}", "accuracy": row["accuracy"] + rng.normal(0, 0.01)}
        for index in range(8)
        for row in evaluations
    ]
    workbook = write_report(tmp_path, several, config=config)

    def table(sheet: str, first: str) -> list[dict]:
        rows = list(workbook[sheet].iter_rows(values_only=True))
        at = next(index for index, row in enumerate(rows) if row[0] == first)
        found = []
        for row in rows[at + 1 :]:
            if row[0] is None:
                break
            found.append(dict(zip(rows[at], row, strict=True)))
        return found

    pair = next(
        row
        for row in table("Tests", "Pair (second minus first)")
        if row["Pair (second minus first)"] == "noisy_student, supervised"
    )
    summary = list(workbook["Summary"].iter_rows(values_only=True))
    header = next(row for row in summary if row[0] == "Method")
    student = next(row for row in summary if row[0] == "noisy_student")
    assert student[header.index("p (Wilcoxon, Holm)")] == pair["p (Holm, in its family)"]
    assert pair["Family: pairs with"] == "fair controls"
    lines = texts(workbook["Summary"]).splitlines()
    words = lines.index("In statistics' words") + 1
    assert lines[words].startswith("noisy_student helps: +0.0")
    # The answer above it is the same, in plain words.
    assert lines[0].startswith("Self-training as noisy_student helps over all 8 datasets: +3.")


def test_no_two_methods_look_alike():
    styles = style.of_methods([str(number) for number in range(49)])
    assert len(set(styles.values())) == 49


def test_methods_text_names_the_tests_that_were_done():
    scores = external({"a": list(np.linspace(0.1, 0.5, 9)), "b": list(np.linspace(0.2, 0.7, 9))})
    config = {"study": "compare", "external_scores": "a.csv"}

    def text(some: pd.DataFrame, **settings) -> str:
        comparison = significance.compare_methods(some, **settings)
        return methods_text.write(config, findings.describe(comparison), {})

    many = text(scores)
    for part in ("over datasets", "95 % t intervals", "Holm, S. (1979)", "Bayesian signed-rank"):
        assert part in many, part
    assert "mixed model" not in many and "fair controls" not in many
    few = text(scores[scores["dataset"].isin(["d0", "d1"])])
    assert "Bayesian" not in few and "Benavoli, A., Mangili" not in few
    grouped = text(scores, groups={"d0": "x", "d1": "x"}, fair={"b": "a"})
    assert "over groups of datasets made from one source" in grouped
    assert "by linear mixed models of all datasets" in grouped and "Laird, N. M." in grouped
    assert "of methods with their fair controls" in grouped


def test_the_methods_text_names_all_values_that_were_searched():
    config = tiny_config() | {"trials": 4, "selection": "one_standard_error", "seeds": 2}
    del config["controls"]
    config["methods"]["noisy_student"] |= {
        "learning_rate": [0.001, 0.003],
        "weight_decay": [0, 0.01],
        "steps": [30, 60],
        "noise": {"magnitude": [0, 10], "dropout": [0.2, 0.5]},
    }
    config = fair_controls.add(config)
    statistics = findings.describe(
        significance.compare_methods(fake_scores(), **study.statistics(tiny_config()))
    )
    student, control = (
        next(part for part in text.split("\n\n") if part.startswith(f"{name}:"))
        for text in [methods_text.write(config, statistics, {})]
        for name in ("noisy_student", "noisy_student_control")
    )
    for part in (student, control):
        assert "of magnitude 0 or 10 of 30" in part and "dropout 0.2 or 0.5" in part
        assert "learning rate 0.001 or 0.003" in part and "weight decay 0 or 0.01" in part
        assert "4 random candidates were compared" in part
    assert "for 30 or 60 gradient steps" in student
    assert "as many gradient steps as the last student of noisy_student took" in control
    assert "from the same initial weights" in control
    text = methods_text.write(config, statistics, {})
    assert "trained with 2 seeds (Bouthillier et al. 2021)" in text
    assert "Bouthillier, X." in text and "Breiman, L." in text


def fake_scores() -> pd.DataFrame:
    return tables.collect_scores(fake_evaluations(), [])


def test_results_of_teachers_are_said_to_be_that():
    config = tiny_config()
    scores = fake_scores()
    scores["method"] = scores["method"].replace({"1": "baseline", "true": "noisy_student"})
    assert cautions.no_students(config, scores) == []
    first = (scores["method"] == "noisy_student") & (scores["dataset"] == "NA")
    scores.loc[first | (scores["method"] == "baseline"), "generations_trained"] = 0
    said = " ".join(cautions.no_students(config, scores))
    assert "scores are of the teacher: noisy_student (2 of 6 results)" in said
