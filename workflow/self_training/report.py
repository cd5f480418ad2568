"""The Excel workbook."""

import json
import textwrap

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from self_training import provenance
from self_training.scores import METRICS
from self_training.search import HYPER_PARAMETERS
from self_training.significance import means_over_folds
from self_training.storage import atomic_path

TITLES = {
    "accuracy": "Accuracy",
    "tpr": "TPR",
    "fpr": "FPR",
    "precision": "Precision",
    "auc": "AUC",
    "pr_curve": "PR-Curve",
    "training_time": "Training Time",
    "inference_time": "Inference Time",
}
SCORE, SECONDS, P_VALUE = "0.0000", "0.00", "[<0.0001]0.0E+00;0.0000"
HEADER = Font(bold=True, color="FFFFFF")
HEADER_FILL = PatternFill("solid", start_color="1F4E79")
BEST_FILL = PatternFill("solid", start_color="DDEBF7")
CAUTION_FILL = PatternFill("solid", start_color="FFF2CC")
WRAP = Alignment(wrap_text=True, vertical="top", horizontal="left")


def write(
    path,
    *,
    config: dict,
    scores: pd.DataFrame,
    generations: pd.DataFrame,
    timings: pd.DataFrame,
    statistics: dict,
) -> None:
    """Write a study's workbook.

    Args:
        config: of the study.
        scores, generations, timings: of `tables`.
        statistics: of `significance.compare_methods`.
    """
    workbook = Workbook()
    _write_summary(workbook.active, config, scores, statistics)
    _write_means(workbook.create_sheet("Means"), scores)
    _write_folds(workbook.create_sheet("All folds"), scores, config["outer_folds"])
    _write_chains(workbook.create_sheet("Chains"), scores)
    _write_generations(workbook.create_sheet("Pseudo-labels"), generations)
    _write_tests(workbook.create_sheet("Tests"), statistics)
    _write_cost(workbook.create_sheet("Cost"), timings)
    _write_provenance(workbook.create_sheet("Provenance"), config, timings)
    for sheet in workbook:
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    with atomic_path(path) as temporary:
        workbook.save(temporary)


def _write_summary(sheet, config: dict, scores: pd.DataFrame, statistics: dict) -> None:
    sheet.title = "Summary"
    folds, datasets = scores["fold"].nunique(), statistics["datasets"]
    sheet.append([f"Self-training study: {config['study']}"])
    sheet["A1"].font = Font(bold=True, size=16)
    if "description" in config:
        _append_text(sheet, config["description"].strip(), CAUTION_FILL)
    _append_text(
        sheet,
        f"Methods: {len(statistics['methods'])}. Datasets: {datasets}. Outer folds: {folds}. "
        "Scores are of the outer test folds; hyper-parameters that were searched were selected on "
        "inner folds of the labeled examples alone.",
    )
    for sentence in statistics["reading"]:
        _append_text(sheet, sentence)
    sheet.append([])
    first = statistics["methods"][0]
    headers = ["Method", "Mean accuracy", "Average rank", f"Mean accuracy minus {first}"]
    headers += [f"Datasets better than {first}", "Gradient steps per fold"]
    headers += ["Training time per fold (s)", "Inference time per fold (s)"]
    _set_widths(sheet, [26, 14, 14, 18, 18, 16, 16, 16])
    _append_header(sheet, headers)
    means = means_over_folds(scores)
    costs = scores.groupby("method")[["gradient_steps", "training_time", "inference_time"]].mean()
    for method in statistics["methods"]:
        difference = means[method] - means[first]
        sheet.append(
            [
                method,
                means[method].mean(),
                statistics["average_ranks"][method],
                None if method == first else difference.mean(),
                None if method == first else f"{(difference > 0).sum()} of {len(means)}",
                *costs.loc[method],
            ]
        )
    formats = [None, SCORE, "0.00", "+0.0000;-0.0000", None, "0", SECONDS, SECONDS]
    first_row = sheet.max_row - len(statistics["methods"]) + 1
    _format_columns(sheet, formats, first_row)
    for row in range(first_row, sheet.max_row + 1):
        sheet.cell(row, 5).alignment = Alignment(horizontal="right")
    sheet.append([])
    _append_header(sheet, ["Mean accuracy over folds", *means])
    for dataset, row in means.iterrows():
        _append_scores(sheet, dataset, row.tolist(), SCORE, row.max())
    notes = [
        "Training time is of the final chain's teachers and students, without the search, the "
        "framework's start and tracing."
    ]
    if scores["generations_trained"].max() > 0:
        notes.append(
            "Students take more gradient steps than the baseline. A difference may come from "
            "longer training alone; this study has no control for that."
        )
    sheet.append([])
    for note in notes:
        _append_text(sheet, note)


def _append_scores(sheet, name: str, cells: list, number_format: str, best, every=1) -> None:
    """Append a row of scores; of each `every`-th one, those that equal `best` are marked, unless
    all of them are equal."""
    sheet.append([name, *cells])
    if len(set(cells[::every])) == 1:
        best = None
    for index, score in enumerate(cells):
        cell = sheet.cell(sheet.max_row, index + 2)
        cell.number_format = number_format
        if index % every == 0 and score == best:
            cell.fill, cell.font = BEST_FILL, Font(bold=True)


def _write_means(sheet, scores: pd.DataFrame) -> None:
    """Means and standard deviations over folds of every metric, dataset by method."""
    methods = list(dict.fromkeys(scores["method"]))
    _set_widths(sheet, [26] + [18] * (2 * len(methods)))
    for metric in (*METRICS, "training_time", "inference_time"):
        unit = " (s)" if metric.endswith("time") else ""
        sheet.append([f"{TITLES[metric]}{unit}"])
        sheet.cell(sheet.max_row, 1).font = Font(bold=True, size=13)
        headers = [f"{method} {kind}" for method in methods for kind in ("mean", "std")]
        _append_header(sheet, ["Dataset", *headers])
        table = scores.pivot_table(metric, "dataset", "method", aggfunc=["mean", "std"], sort=False)
        number_format = SECONDS if unit else SCORE
        for dataset, row in table.iterrows():
            cells = [row[kind, method] for method in methods for kind in ("mean", "std")]
            # Seconds depend on what else the machine was doing: none is marked.
            best = None if unit else (min if metric == "fpr" else max)(cells[::2])
            _append_scores(sheet, dataset, cells, number_format, best, every=2)
        sheet.append([])
    _append_text(
        sheet,
        "Standard deviations are over outer folds (n - 1). The best mean of a row is marked. "
        "Seconds depend on the machine and on what else it was doing.",
    )


def _write_folds(sheet, scores: pd.DataFrame, outer_folds: int) -> None:
    """Every outer fold, in the columns of the table published in 2021."""
    _set_widths(sheet, [22, 24, 14, 62] + [11] * len(METRICS) + [14, 14])
    headers = ["Dataset Name", "Algorithm Name", f"Cross Validation [1-{outer_folds}]"]
    _append_header(sheet, [*headers, "Hyper-Parameters Values", *TITLES.values()], text_columns=4)
    for row in scores.to_dict("records"):
        sheet.append(
            [
                row["dataset"],
                row["method"],
                row["fold"] + 1,
                _describe_hyper_parameters(row),
                *(row[name] for name in TITLES),
            ]
        )
    _format_columns(sheet, [None] * 4 + [SCORE] * len(METRICS) + [SECONDS, "0.000"], 2)
    _freeze(sheet)


def _describe_hyper_parameters(row: dict) -> str:
    chosen = {name: row[name] for name in HYPER_PARAMETERS if not pd.isna(row[name])}
    return ", ".join(f"{name}={value:.12g}" for name, value in chosen.items())


def _write_chains(sheet, scores: pd.DataFrame) -> None:
    """What was selected on every fold, and how the chain ended."""
    _set_widths(sheet, [22, 24] + [12] * 9 + [22, 12])
    columns = {
        "dataset": "Dataset",
        "method": "Method",
        "fold": "Fold",
        "labeled": "Labeled",
        "unlabeled": "Unlabeled",
        "test": "Test",
        "unlabeled_fraction": "Unlabeled fraction",
        "threshold": "Threshold",
        "generations": "Generations",
        "ensemble_size": "Ensemble size",
        "generations_trained": "Generations trained",
        "termination_condition": "Termination condition",
        "gradient_steps": "Gradient steps",
    }
    _append_table(sheet, scores.assign(fold=scores["fold"] + 1), columns)


def _write_generations(sheet, generations: pd.DataFrame) -> None:
    """How many pseudo-labels each generation of the final chains had, and how many were right."""
    _set_widths(sheet, [22, 24] + [12] * 7)
    columns = {
        "dataset": "Dataset",
        "method": "Method",
        "fold": "Fold",
        "generation": "Generation",
        "offered": "Offered",
        "selected": "Selected",
        "correct": "Correct",
        "precision": "Precision",
        "trained_on": "Trained on",
    }
    selected = generations["selected"].where(generations["selected"] > 0)
    table = generations.assign(
        fold=generations["fold"] + 1, precision=generations["correct"] / selected
    )
    _append_table(sheet, table, columns)
    _format_columns(sheet, [None] * 7 + ["0.0%", None], 2)


def _write_tests(sheet, statistics: dict) -> None:
    _set_widths(sheet, [46] + [24] * len(statistics["methods"]))
    friedman = statistics["omnibus"]["friedman"]
    for sentence in statistics["reading"]:
        _append_text(sheet, sentence)
    sheet.append([])
    _append_header(sheet, ["Friedman's test over datasets", "Value"])
    sheet.append(["Q", friedman["statistic"]])
    sheet.append(["p", friedman["p_value"]])
    sheet.append(
        ["Nemenyi's critical difference of average ranks", statistics["critical_difference"]]
    )
    for row in range(sheet.max_row - 2, sheet.max_row + 1):
        sheet.cell(row, 2).number_format = P_VALUE
    sheet.append([])
    _append_header(sheet, ["Method", "Average rank"])
    for method, rank in statistics["average_ranks"].items():
        sheet.append([method, rank])
        sheet.cell(sheet.max_row, 2).number_format = "0.00"
    pairs = statistics["post_hoc"]["nemenyi"]
    if pairs is not None:
        sheet.append([])
        _append_header(sheet, ["Nemenyi's test: p of each pair", *pairs])
        for method, others in pairs.items():
            sheet.append([method, *(others.get(other) for other in pairs)])
            for column, other in enumerate(pairs, start=2):
                cell = sheet.cell(sheet.max_row, column)
                cell.number_format = P_VALUE
                if others.get(other, 1) < statistics["alpha"]:
                    cell.font, cell.fill = Font(bold=True), BEST_FILL


def _write_cost(sheet, timings: pd.DataFrame) -> None:
    """Where the seconds of all training jobs went."""
    _set_widths(sheet, [26] + [16] * 7)
    kinds = {
        "startup_seconds": "Start-up (s)",
        "tracing_seconds": "Tracing (s)",
        "training_seconds": "Training (s)",
        "prediction_seconds": "Prediction (s)",
        "job_seconds": "Job (s)",
    }
    groups = timings.groupby("rule", sort=False)
    sums = groups[["runs", *kinds]].sum()
    sums.insert(0, "jobs", groups.size())
    sums.loc["all"] = sums.sum()
    columns = {"rule": "Rule", "jobs": "Jobs", "runs": "Networks trained", **kinds}
    _append_table(sheet, sums.reset_index(), columns)
    _format_columns(sheet, [None, "0", "0"] + ["0.0"] * len(kinds), 2)


def _write_provenance(sheet, config: dict, timings: pd.DataFrame) -> None:
    _set_widths(sheet, [44, 100])
    _append_header(sheet, ["What", "Value"], text_columns=2)
    rows = [
        ("study", config["study"]),
        ("seed", config["seed"]),
        ("report made at commit", provenance.commit()),
    ]
    rows += [(f"report made on: {key}", value) for key, value in provenance.machine().items()]
    rows += [
        (
            f"trained with: {column.removeprefix('framework.')}",
            ", ".join(sorted(timings[column].dropna().astype(str).unique())),
        )
        for column in timings
        if column.startswith("framework.")
    ]
    rows += [(f"report made with: {name}", value) for name, value in provenance.versions().items()]
    rows += [
        (f"config: {section}.{name}" if isinstance(content, dict) else f"config: {section}", value)
        for section, content in config.items()
        for name, value in (content.items() if isinstance(content, dict) else [(None, content)])
    ]
    for name, value in rows:
        sheet.append([name, value if isinstance(value, str | int) else json.dumps(value)])
        row = sheet.max_row
        if isinstance(sheet.cell(row, 2).value, str):
            sheet.cell(row, 2).data_type = "s"
        sheet.cell(row, 1).alignment = sheet.cell(row, 2).alignment = WRAP
        sheet.row_dimensions[row].height = _height(str(sheet.cell(row, 2).value), 95)
    _freeze(sheet)


def _append_text(sheet, text: str, fill: PatternFill | None = None) -> None:
    """Append a paragraph, merged over columns A to H and high enough for its words."""
    sheet.append([text])
    row = sheet.max_row
    sheet.cell(row, 1).data_type = "s"  # Text, even where it begins like a formula.
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=8)
    sheet.cell(row, 1).alignment = WRAP
    sheet.row_dimensions[row].height = _height(text, 130)
    if fill is not None:
        sheet.cell(row, 1).fill = fill


def _height(text: str, width: float) -> float:
    """Return the height in points of a text wrapped to a width in characters."""
    return 15 * max(1, len(textwrap.wrap(text, int(width))))


def _append_header(sheet, headers: list[str], text_columns: int = 1) -> None:
    """Append a row of headers; those of the first columns, which hold text, stand on the left."""
    if sheet.max_row == 1 and sheet["A1"].value is None:
        for column, header in enumerate(headers, start=1):
            sheet.cell(1, column, header)
    else:
        sheet.append(headers)
    for column in range(1, len(headers) + 1):
        cell = sheet.cell(sheet.max_row, column)
        cell.font, cell.fill = HEADER, HEADER_FILL
        side = "right" if column > text_columns else "left"
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal=side)
    lines = [
        _height(header, sheet.column_dimensions[get_column_letter(column)].width - 2)
        for column, header in enumerate(headers, start=1)
    ]
    sheet.row_dimensions[sheet.max_row].height = max(lines) + 3


def _append_table(sheet, table: pd.DataFrame, columns: dict[str, str]) -> None:
    text_columns = sum(name in ("dataset", "method", "rule") for name in columns)
    _append_header(sheet, list(columns.values()), text_columns)
    for row in table[list(columns)].itertuples(index=False):
        sheet.append([None if pd.isna(value) else value for value in row])
    _freeze(sheet)


def _format_columns(sheet, formats: list, first_row: int) -> None:
    for row in sheet.iter_rows(min_row=first_row, max_row=sheet.max_row):
        for cell, number_format in zip(row, formats, strict=False):
            if number_format is not None:
                cell.number_format = number_format


def _set_widths(sheet, widths: list[int]) -> None:
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width


def _freeze(sheet) -> None:
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
