"""The sheets of a study's workbook that are about its own training: a function for each."""

import pandas as pd
from openpyxl.worksheet.worksheet import Worksheet

from self_training.report.workbook import (
    DIFFERENCE,
    SCORE,
    Column,
    append_heading,
    append_table,
    append_text,
    freeze,
    set_widths,
)
from self_training.study.candidates import (
    HYPER_PARAMETERS,
    OF_CONSISTENCY,
    OF_LABELS,
    OF_NETWORKS,
)


def chains(sheet: Worksheet, scores: pd.DataFrame) -> None:
    """What was selected on every fold, and how the chain ended."""
    columns = [
        Column("Dataset", "dataset", width=22, text=True),
        Column("Method", "method", width=24, text=True),
        Column("Fold", lambda row: row["fold"] + 1, width=12),
        Column("Training seed", "training_seed", width=12),
        Column("Labeled", "labeled", width=12),
        Column("Unlabeled", "unlabeled", width=12),
        *(
            [Column("Of unknown label", "unknown", width=12)]
            if scores.get("unknown", pd.Series()).any()
            else []
        ),
        *([Column("Synthetic", "synthetic", width=12)] if "synthetic" in scores else []),
        *([Column("Foreign", "foreign", width=12)] if "foreign" in scores else []),
        Column("Test", "test", width=12),
        Column("Unlabeled fraction", "unlabeled_fraction", width=12),
        Column("Threshold", "threshold", width=12),
        Column("Generations", "generations", width=12),
        Column("Ensemble size", "ensemble_size", width=12),
        *(
            Column(name.replace("_", " ").capitalize(), name, width=12)
            for name in (*OF_LABELS, *OF_NETWORKS, *OF_CONSISTENCY)
            if name in scores and scores[name].notna().any()
        ),
        Column("Candidates", "candidates", width=12),
        Column("Inner score", "inner_score", SCORE, 12),
        Column("Standard error of it", "inner_standard_error", SCORE, 12),
        Column("Candidates within one of the best", "candidates_within_error", width=14),
        Column("Generations trained", "generations_trained", width=12),
        Column("Termination condition", "termination_condition", width=22),
        Column("Gradient steps", "gradient_steps", width=12),
        Column("Examples seen", "examples_seen", width=12),
        Column("Calibration error (root mean square, debiased)", "calibration_error", width=18),
        Column("Did not learn", "not_learned", width=22),
        Column("Seed", "seed", width=10),
        Column("Config digest", "config", width=15),
        Column("Code digest", "code", width=15),
        Column("Trained at commit", "commits", width=44),
    ]
    set_widths(sheet, columns)
    append_table(sheet, columns, scores.to_dict("records"))
    freeze(sheet)


def hyper_parameters(sheet: Worksheet, scores: pd.DataFrame) -> None:
    """How sure the choices are, and how often each value was selected."""
    choices = [
        Column("Method", "method", width=24, text=True),
        Column("Candidates", "candidates", "General", 22),
        Column("Inner score of the selected", "inner_score", SCORE, 14),
        Column("Its standard error", "inner_standard_error", SCORE, 14),
        Column("Accuracy on outer folds", "accuracy", SCORE, 14),
        Column("Candidates within one standard error of the best", _within, "0.0", 18),
        Column("Remark", _remark, width=60),
    ]
    values = [
        Column("Method", "method", text=True),
        Column("Hyper-parameter", "hyper_parameter", text=True),
        Column("Value", "value", "General"),
        Column("Times selected", "count", "0"),
        Column("Share", "share", "0%"),
    ]
    set_widths(sheet, choices)
    searched = scores[scores["inner_score"].notna()]
    if len(searched):
        names = [column.value for column in choices if column.value in scores]
        names += ["candidates_within_error"]
        means = searched.groupby("method", sort=False)[names[1:]].mean()
        append_table(sheet, choices, means.reset_index().to_dict("records"))
        append_text(
            sheet,
            "Means over folds and datasets. Inner scores are those of the candidates that were "
            "selected by them, so they are too good; standard errors are of a proportion of the "
            "labels. The fewer labels, the more a choice is luck.",
        )
        sheet.append([])
    rows = [
        {"method": method, "hyper_parameter": name.replace("_", " ")}
        | {"value": value, "count": count, "share": count / len(selected)}
        for method, selected in scores.groupby("method", sort=False)
        for name in HYPER_PARAMETERS
        if name in selected
        for value, count in selected[name].value_counts().sort_index().items()
    ]
    append_table(sheet, values, rows)


def _within(row: dict) -> float:
    return row["candidates_within_error"]


def _remark(row: dict) -> str | None:
    if row["candidates_within_error"] < 2:
        return None
    return (
        f"Choices are within noise: on average {row['candidates_within_error']:.1f} of "
        f"{row['candidates']:g} candidates could as well be the best."
    )


def variance(sheet: Worksheet, rows: list[dict]) -> None:
    """How much of the variance of scores is that of the data, and how much of the training seed.

    Args:
        rows: of `evaluation.variance.components`.
    """
    columns = [
        Column("Dataset", "dataset", width=22, text=True),
        Column("Method", "method", width=24, text=True),
        Column("Folds", "folds", "0", 10),
        Column("Training seeds", "seeds", "0", 14),
        Column("Mean accuracy", "mean", SCORE, 14),
        Column("Std of the data", "of_data", SCORE, 14),
        Column("Std of the training seed", "of_seeds", SCORE, 14),
        Column("Share of the seed in the variance", _share_of_seeds, "0%", 16),
    ]
    set_widths(sheet, columns)
    append_table(sheet, columns, rows)
    freeze(sheet)
    sheet.append([])
    append_text(
        sheet,
        "Of the data is what differs between outer folds: test examples, labeled examples, order "
        "of the unlabeled ones. Of the seed: initial weights, order, noise, draws of candidates.",
    )


def _share_of_seeds(row: dict) -> float | None:
    both = row["of_data"] ** 2 + row["of_seeds"] ** 2
    return row["of_seeds"] ** 2 / both if both else None


def repeats(sheet: Worksheet, means: list[dict], differences: list[dict]) -> None:
    """How far apart the repeats of the outer cross-validation are.

    Args:
        means, differences: of `evaluation.repeats`.
    """
    named = [
        Column("Dataset", "dataset", width=22, text=True),
        Column("Method", "method", width=24, text=True),
        Column("Fair control", lambda row: row.get("control"), width=24, text=True),
    ]
    set_widths(sheet, named + _columns_of_repeats(means, SCORE))
    append_heading(sheet, "Mean accuracy over the folds of each repeat")
    append_table(sheet, named[:2] + _columns_of_repeats(means, SCORE), means)
    if differences:
        ahead = Column("Repeats ahead", "ahead", "0", 12)
        sheet.append([])
        append_heading(sheet, "Method minus fair control in each repeat")
        columns = [*named, *_columns_of_repeats(differences, DIFFERENCE), ahead]
        append_table(sheet, columns, differences)
    sheet.append([])
    append_text(
        sheet,
        "Every repeat has another partition into outer folds, other labeled examples and other "
        "initial weights; one of them is what a study without repeats would have seen. Repeats "
        "share all examples of a dataset, so their standard deviation (n - 1) is no standard "
        "error; how sure a difference is, the sheet Tests per dataset says.",
    )


def _columns_of_repeats(rows: list[dict], number_format: str) -> list[Column]:
    of_all = {"mean": "Mean", "std": "Std", "lowest": "Lowest", "highest": "Highest"}
    return [
        *(Column(title, name, number_format, 12) for name, title in of_all.items()),
        *(
            Column(f"Repeat {index + 1}", lambda row, i=index: row["values"][i], number_format, 12)
            for index in range(len(rows[0]["values"]))
        ),
    ]


def pseudo_labels(sheet: Worksheet, generations: pd.DataFrame) -> None:
    """How many pseudo-labels each generation of the final chains had, and how many were right."""
    columns = [
        Column("Dataset", "dataset", width=22, text=True),
        Column("Method", "method", width=24, text=True),
        Column("Fold", lambda row: row["fold"] + 1, width=12),
        Column("Training seed", "training_seed", width=12),
        Column("Generation", "generation", width=12),
        Column("Offered", "offered", width=12),
        Column("Selected", "selected", width=12),
        Column("Of known label", "known", width=12),
        Column("Correct (of known label)", "correct", width=12),
        Column("Precision (over known labels)", _precision, "0.0%", 14),
        Column("Classes without pseudo-label", "classes_missing", width=28, text=True),
        Column("Trained on", "trained_on", width=12),
        Column("Accuracy of students", "accuracy", SCORE, 12),
        *(_of_foreign() if "foreign_offered" in generations else []),
    ]
    set_widths(sheet, columns)
    students = generations[generations["generation"] > 0]
    append_table(sheet, columns, students.to_dict("records"))
    freeze(sheet)
    if (students["known"] < students["selected"]).any():
        sheet.append([])
        append_text(
            sheet,
            "Where the true label of a pseudo-labeled example is not known, nobody can say whether "
            "the pseudo-label is right. Precision is over those whose label was hidden, and blank "
            "where there are none.",
        )


def _of_foreign() -> list[Column]:
    """Columns of what became of foreign examples, whose pseudo-labels are all wrong."""
    return [
        Column("Foreign among the offered", "foreign_offered", width=12),
        Column("Foreign among the selected", "foreign_selected", width=12),
        Column("Mean confidence of foreign ones", "foreign_confidence", "0.000", 14),
        Column("Mean confidence of own ones", "own_confidence", "0.000", 14),
    ]


def _precision(row: dict) -> float | None:
    return row["correct"] / row["known"] if row["known"] > 0 else None


def size_and_speed(sheet: Worksheet, rows: list[dict]) -> None:
    """What teachers and last students take to predict, where they are of another size.

    Args:
        rows: of `evaluation.size_and_speed.compare`.
    """
    columns = [
        Column("Dataset", "dataset", width=22, text=True),
        Column("Method", "method", width=24, text=True),
        Column("Accuracy of teachers", "teacher_accuracy", SCORE, 14),
        Column("Accuracy of students", "accuracy", SCORE, 14),
        Column("Parameters of teachers", "teacher_parameters", "#,##0", 16),
        Column("Parameters of students", "parameters", "#,##0", 16),
        Column("Teachers: examples per second", "teacher_speed", "#,##0", 16),
        Column("Students: examples per second", "speed", "#,##0", 16),
    ]
    set_widths(sheet, columns)
    append_table(sheet, columns, rows)
    freeze(sheet)
    sheet.append([])
    append_text(
        sheet,
        "Means over folds, all members of an ensemble together. Speeds are those of predicting the "
        "test examples, in jobs of the study: blank where that took less than a second, "
        "and nothing to go by where others used the machine.",
    )


def cost(sheet: Worksheet, timings: pd.DataFrame) -> None:
    """Where the seconds of all training jobs went."""
    columns = [
        Column("Rule", "rule", width=26, text=True),
        Column("Jobs", "jobs", "0", 16),
        Column("Networks trained", "runs", "0", 16),
        Column("Start-up (s)", "startup_seconds", "0.0", 16),
        Column("Tracing (s)", "tracing_seconds", "0.0", 16),
        Column("Training (s)", "training_seconds", "0.0", 16),
        Column("Prediction (s)", "prediction_seconds", "0.0", 16),
        Column("Job (s)", "job_seconds", "0.0", 16),
    ]
    groups = timings.groupby("rule", sort=False)
    summed = [column.value for column in columns if column.value not in ("rule", "jobs")]
    sums = groups[summed].sum()
    sums.insert(0, "jobs", groups.size())
    sums.loc["all"] = sums.sum()
    set_widths(sheet, columns)
    append_table(sheet, columns, sums.reset_index().to_dict("records"))
    freeze(sheet)
