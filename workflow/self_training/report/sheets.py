"""A study's Excel workbook, and the sheets that every one has: a function for each."""

import json
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.drawing.image import Image
from openpyxl.worksheet.worksheet import Worksheet

from self_training import provenance
from self_training.evaluation import label_budgets
from self_training.evaluation.comparison import (
    budgets_by_name,
    means_over_budgets,
    means_over_folds,
    paired,
)
from self_training.evaluation.metrics import METRICS
from self_training.report import (
    cautions,
    findings_of_budgets,
    methods_text,
    sheets_of_chains,
    sheets_of_tests,
)
from self_training.report.workbook import (
    CAUTION_FILL,
    DIFFERENCE,
    HEADING,
    P_VALUE,
    PROBABILITY,
    RIGHT,
    SCORE,
    SECONDS,
    TITLE,
    WRAP,
    Column,
    append_heading,
    append_table,
    append_text,
    freeze,
    height,
    set_widths,
    show_interval,
)
from self_training.storage import atomic_path
from self_training.study.candidates import HYPER_PARAMETERS

TIMES = {"training_time": "Training Time", "inference_time": "Inference Time"}
TITLES = {name: metric.title for name, metric in METRICS.items()} | TIMES


def write(
    path: str | Path,
    *,
    config: dict,
    scores: pd.DataFrame,
    generations: pd.DataFrame,
    timings: pd.DataFrame,
    statistics: dict,
    figures: dict[str, str],
) -> None:
    """Write a study's workbook.

    Args:
        config: of the study, expanded (see `study.budgets.expand`).
        scores, generations, timings: of `evaluation.tables`.
        statistics: what `statistics.json` holds.
        figures: title -> PNG file.
    """
    own = scores[scores["source"] == "study"]
    budgets = label_budgets.compare(scores, config, statistics) if statistics["budgets"] else []
    workbook = Workbook()
    summary(workbook.active, config, scores, statistics, budgets)
    means(workbook.create_sheet("Means"), scores)
    if budgets:
        references = label_budgets.references(config, statistics)
        sheets_of_tests.label_budgets(workbook.create_sheet("Label budgets"), budgets, references)
    folds(workbook.create_sheet("All folds"), scores, config)
    sheets_of_tests.tests(workbook.create_sheet("Tests"), statistics)
    sheets_of_tests.dataset_tests(workbook.create_sheet("Tests per dataset"), statistics)
    if len(own):
        sheets_of_chains.chains(workbook.create_sheet("Chains"), own)
        sheets_of_chains.hyper_parameters(workbook.create_sheet("Hyper-parameters"), own)
        sheets_of_chains.pseudo_labels(workbook.create_sheet("Pseudo-labels"), generations)
        sheets_of_chains.cost(workbook.create_sheet("Cost"), timings)
    pictures(workbook.create_sheet("Figures"), figures)
    text_of_methods(workbook.create_sheet("Methods text"), config, statistics)
    origin(workbook.create_sheet("Provenance"), config, timings)
    for sheet in workbook:
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        for cell in (cell for row in sheet for cell in row if cell.data_type == "f"):
            cell.data_type = "s"  # Nothing here is a formula, even where a name begins like one.
    with atomic_path(path) as temporary:
        workbook.save(temporary)


def summary(
    sheet: Worksheet, config: dict, scores: pd.DataFrame, statistics: dict, budgets: list[dict]
) -> None:
    """What was found, how sure that is, and on how much."""
    sheet.title = "Summary"
    costs = [
        Column("Gradient steps per fold", "gradient_steps", "0", 15),
        Column("Examples seen per fold", "examples_seen", "0", 16),
        Column("Training time per fold (s)", "training_time", SECONDS, 16),
        Column("Inference time per fold (s)", "inference_time", SECONDS, 16),
    ]
    compared = _columns_of_summary(statistics["control"])
    set_widths(sheet, [*compared, *costs])
    append_heading(sheet, f"Self-training study: {config['study']}", TITLE)
    if "description" in config:
        append_text(sheet, config["description"].strip(), CAUTION_FILL)
    append_heading(sheet, "What was found")
    of_budgets = findings_of_budgets.describe(budgets, config, statistics) if budgets else []
    for sentence in (*statistics["reading"].splitlines(), *of_budgets):
        append_text(sheet, sentence)
    accuracies = means_over_folds(paired(scores)[0]).reindex(columns=statistics["methods"])
    same = budgets_by_name(dict.fromkeys(scores["dataset"]))
    complete = means_over_budgets(accuracies, same).dropna()
    append_heading(sheet, "How sure that is")
    for note in (
        *cautions.not_learned(scores),
        *statistics["notes"],
        *cautions.no_control(config, scores),
    ):
        append_text(sheet, note, CAUTION_FILL)
    append_text(sheet, cautions.extent(scores, statistics, len(complete)))
    sheet.append([])
    known = [cost for cost in costs if cost.value in scores and scores[cost.value].notna().any()]
    mean_costs = scores.groupby("method")[[cost.value for cost in known]].mean()
    rows = [
        {
            "method": method,
            "accuracy": complete[method].mean(),
            "rank": statistics["average_ranks"][method],
            **_against_control(statistics, method),
            **mean_costs.loc[method].to_dict(),
        }
        for method in statistics["methods"]
    ]
    append_table(sheet, [*compared, *known], rows)
    sheet.append([])
    columns = [Column("Mean accuracy over folds", 0, text=True)]
    columns += [
        Column(method, lambda row, method=method: row[1][method], SCORE, best=max)
        for method in accuracies
    ]
    append_table(sheet, columns, accuracies.iterrows())
    if scores["source"].eq("study").any():
        sheet.append([])
        append_text(
            sheet,
            "Training time is of the final chain's teachers and students, without the search, the "
            "framework's start and tracing.",
        )


def _columns_of_summary(control: str) -> list[Column]:
    return [
        Column("Method", "method", width=26, text=True),
        Column("Mean accuracy", "accuracy", SCORE, 22),
        Column("Average rank", "rank", "0.00", 16),
        Column(f"Minus {control}", "difference", DIFFERENCE, 18),
        Column("95 % interval", "interval", width=24, align=RIGHT),
        Column("Better / equal / worse", "outcomes", width=15, align=RIGHT),
        Column("p (Wilcoxon, Holm)", "p_value", P_VALUE, 15, p_value=True),
        Column("P(worse)", "p_worse", PROBABILITY, 15),
        Column("P(equivalent)", "p_equivalent", PROBABILITY, 15),
        Column("P(better)", "p_better", PROBABILITY, 15),
    ]


def _against_control(statistics: dict, method: str) -> dict:
    """Return a method's comparison with the control; of nothing for the control itself."""
    names = ("difference", "interval", "outcomes", "p_value")
    control = statistics["control"]
    pair = next(
        (pair for pair in statistics["pairs"] if {pair["a"], pair["b"]} == {method, control}), None
    )
    if pair is None:
        return dict.fromkeys([*names, "p_worse", "p_equivalent", "p_better"])
    sign = 1 if pair["b"] == method else -1
    outcomes = [pair["wins"], pair["ties"], pair["losses"]][::sign]
    probabilities = [pair["p_worse"], pair["p_equivalent"], pair["p_better"]][::sign]
    difference = pair["mean_difference"]
    return {
        "difference": None if difference is None else sign * difference,
        "interval": show_interval(pair["interval"], sign),
        "outcomes": " / ".join(map(str, outcomes)),
        "p_value": pair["p_holm_control"],
        **dict(zip(("p_worse", "p_equivalent", "p_better"), probabilities, strict=True)),
    }


def means(sheet: Worksheet, scores: pd.DataFrame) -> None:
    """Means and standard deviations over folds of every metric, dataset by method."""
    methods, datasets = (list(dict.fromkeys(scores[name])) for name in ("method", "dataset"))
    set_widths(sheet, _columns_of_means("accuracy", methods))
    for name in TITLES:
        if name not in scores or not scores[name].notna().any():
            continue
        append_heading(sheet, f"{TITLES[name]}{' (s)' if name in TIMES else ''}")
        groups = scores.groupby(["dataset", "method"], sort=False)[name]
        table = groups.agg(["mean", "std"]).unstack("method").reindex(datasets)
        append_table(sheet, _columns_of_means(name, methods), table.iterrows())
        sheet.append([])
    append_text(
        sheet,
        "Standard deviations are over outer folds (n - 1). The best mean of a row is marked. "
        "Seconds depend on the machine and on what else it was doing.",
    )


def _columns_of_means(name: str, methods: list[str]) -> list[Column]:
    """Columns of a table of rows (dataset, {(mean or std, method): value})."""
    columns = [Column("Dataset", 0, width=26, text=True)]
    number_format = SECONDS if name in TIMES else SCORE
    # Seconds depend on what else the machine was doing: none is marked.
    best = None if name in TIMES else max if METRICS[name].larger_is_better else min
    for method in methods:
        for kind in ("mean", "std"):
            columns.append(
                Column(
                    f"{method} {kind}",
                    lambda row, key=(kind, method): row[1].get(key),
                    number_format,
                    21,
                    best=best if kind == "mean" else None,
                )
            )
    return columns


def folds(sheet: Worksheet, scores: pd.DataFrame, config: dict) -> None:
    """Every outer fold, in the columns of the table published in 2021."""
    count = f" [1-{config['outer_folds']}]" if "outer_folds" in config else ""
    columns = [
        Column("Dataset Name", "dataset", width=22, text=True),
        Column("Algorithm Name", "method", width=24, text=True),
        Column(f"Cross Validation{count}", _show_fold, width=14, text=True),
        Column("Hyper-Parameters Values", _show_hyper_parameters, width=62, text=True),
        *(
            Column(metric.title, lambda row, name=name: row.get(name), SCORE, 11)
            for name, metric in METRICS.items()
        ),
        Column(TIMES["training_time"], lambda row: row.get("training_time"), SECONDS, 14),
        Column(TIMES["inference_time"], lambda row: row.get("inference_time"), "0.000", 14),
    ]
    set_widths(sheet, columns)
    append_table(sheet, columns, scores.to_dict("records"))
    freeze(sheet)


def _show_fold(row: dict):
    """Return the number of a fold: from 1 on for the study's own, as given for those of others."""
    return row["fold"] + 1 if row["source"] == "study" else row["fold"]


def _show_hyper_parameters(row: dict) -> str | None:
    chosen = {name: row[name] for name in HYPER_PARAMETERS if not pd.isna(row.get(name))}
    return ", ".join(f"{name}={value:.12g}" for name, value in chosen.items()) or None


def pictures(sheet: Worksheet, figures: dict[str, str]) -> None:
    """All figures, one below the other."""
    row = 1
    for title, path in figures.items():
        sheet.cell(row, 1, title).font = HEADING
        picture = Image(path)
        # Drawn at more dots per inch than a screen has.
        picture.width, picture.height = picture.width * 0.6, picture.height * 0.6
        sheet.add_image(picture, f"A{row + 1}")
        row += 3 + int(picture.height / 20)


def text_of_methods(sheet: Worksheet, config: dict, statistics: dict) -> None:
    """A paragraph for a paper, and whom to cite."""
    for letter in "ABCDEFGH":  # Over which texts are merged.
        sheet.column_dimensions[letter].width = 20
    for paragraph in methods_text.write(config, statistics).split("\n\n"):
        append_text(sheet, paragraph)
        sheet.append([])


def origin(sheet: Worksheet, config: dict, timings: pd.DataFrame) -> None:
    """Where the numbers come from: commit, machine, versions, and all of the config."""
    columns = [
        Column("What", 0, width=44, text=True, align=WRAP),
        Column("Value", lambda row: _show(row[1]), width=100, text=True, align=WRAP),
    ]
    rows = [("study", config["study"]), ("report made at commit", provenance.commit())]
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
    set_widths(sheet, columns)
    append_table(sheet, columns, rows)
    for line, (_, value) in enumerate(rows, start=2):
        cell = sheet.cell(line, 2)
        if isinstance(cell.value, str):
            cell.data_type = "s"
        sheet.row_dimensions[line].height = height(str(_show(value)), 95)
    freeze(sheet)


def _show(value) -> str | int:
    return value if isinstance(value, str | int) else json.dumps(value)
