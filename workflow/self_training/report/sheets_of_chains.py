"""The sheets of a study's workbook that are about its own training: a function for each."""

import pandas as pd
from openpyxl.worksheet.worksheet import Worksheet

from self_training.report.workbook import (
    SCORE,
    Column,
    append_table,
    append_text,
    freeze,
    set_widths,
)
from self_training.study.candidates import HYPER_PARAMETERS


def chains(sheet: Worksheet, scores: pd.DataFrame) -> None:
    """What was selected on every fold, and how the chain ended."""
    columns = [
        Column("Dataset", "dataset", width=22, text=True),
        Column("Method", "method", width=24, text=True),
        Column("Fold", lambda row: row["fold"] + 1, width=12),
        Column("Training seed", "training_seed", width=12),
        Column("Labeled", "labeled", width=12),
        Column("Unlabeled", "unlabeled", width=12),
        Column("Test", "test", width=12),
        Column("Unlabeled fraction", "unlabeled_fraction", width=12),
        Column("Threshold", "threshold", width=12),
        Column("Generations", "generations", width=12),
        Column("Ensemble size", "ensemble_size", width=12),
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
    """How often each value was selected, and how sure the choices are."""
    columns = [
        Column("Method", "method", width=24, text=True),
        Column("Hyper-parameter", "hyper_parameter", width=22, text=True),
        Column("Value", "value", "General", 12),
        Column("Times selected", "count", "0", 14),
        Column("Share", "share", "0%", 14),
    ]
    rows = [
        {"method": method, "hyper_parameter": name.replace("_", " ")}
        | {"value": value, "count": count, "share": count / len(selected)}
        for method, selected in scores.groupby("method", sort=False)
        for name in HYPER_PARAMETERS
        if name in selected
        for value, count in selected[name].value_counts().sort_index().items()
    ]
    set_widths(sheet, columns)
    append_table(sheet, columns, rows)
    freeze(sheet)
    if "inner_score" in scores and scores["inner_score"].notna().any():
        sheet.append([])
        _choices(sheet, scores.dropna(subset=["inner_score"]))


def _choices(sheet: Worksheet, scores: pd.DataFrame) -> None:
    """How far apart candidates were on the inner folds, beside how noisy their scores are."""
    names = ["candidates", "inner_score", "inner_standard_error", "candidates_within_error"]
    rows = scores.groupby(["method", "dataset"], sort=False)[[*names, "accuracy"]].mean()
    columns = [
        Column("Method", "method", text=True),
        Column("Dataset", "dataset", text=True),
        Column("Candidates", "candidates", "0"),
        Column("Inner score", "inner_score", SCORE),
        Column("Its standard error", "inner_standard_error", SCORE),
        Column("Candidates within one of the best", "candidates_within_error", "0.0", 16),
        Column("Outer score", "accuracy", SCORE, 14),
    ]
    set_widths(sheet, columns)
    append_table(sheet, columns, rows.reset_index().to_dict("records"))
    append_text(
        sheet,
        "Means over outer folds. Where several candidates are within one standard error of the "
        "best, which of them was selected is within noise. The inner score is of the selected "
        "candidate, the largest of several, and so too good.",
    )


def pseudo_labels(sheet: Worksheet, generations: pd.DataFrame) -> None:
    """How many pseudo-labels each generation of the final chains had, and how many were right."""
    columns = [
        Column("Dataset", "dataset", width=22, text=True),
        Column("Method", "method", width=24, text=True),
        Column("Fold", lambda row: row["fold"] + 1, width=12),
        Column("Generation", "generation", width=12),
        Column("Offered", "offered", width=12),
        Column("Selected", "selected", width=12),
        Column("Correct", "correct", width=12),
        Column("Precision", _precision, "0.0%", 12),
        Column("Classes without pseudo-label", "classes_missing", width=28, text=True),
        Column("Trained on", "trained_on", width=12),
        Column("Accuracy of students", "accuracy", SCORE, 12),
    ]
    set_widths(sheet, columns)
    rows = generations[generations["generation"] > 0].to_dict("records")
    append_table(sheet, columns, rows)
    freeze(sheet)


def _precision(row: dict) -> float | None:
    return row["correct"] / row["selected"] if row["selected"] > 0 else None


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


def variance(sheet: Worksheet, components: list[dict]) -> None:
    """What each method's scores vary by: the data of a fold, or the seed of a training.

    Args:
        components: of `evaluation.variance`.
    """
    columns = [
        Column("Dataset", "dataset", width=22, text=True),
        Column("Method", "method", width=24, text=True),
        Column("Folds", "folds", "0", 10),
        Column("Training seeds", "seeds", "0", 12),
        Column("Mean accuracy", "mean", SCORE, 14),
        Column("Std by data", "of_data", SCORE, 14),
        Column("Std by training seed", "of_seeds", SCORE, 14),
        Column("Share of data in the variance", _share_of_data, "0%", 16),
    ]
    set_widths(sheet, columns)
    append_table(sheet, columns, components)
    freeze(sheet)


def _share_of_data(row: dict) -> float | None:
    total = row["of_data"] ** 2 + row["of_seeds"] ** 2
    return row["of_data"] ** 2 / total if total else None
