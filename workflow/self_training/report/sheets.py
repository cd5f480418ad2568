"""A study's Excel workbook, and the sheets that every one has: a function for each."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.drawing.image import Image
from openpyxl.worksheet.worksheet import Worksheet

from self_training import provenance
from self_training.evaluation import (
    foreign_shares,
    imbalance_ratios,
    label_budgets,
    repeats,
    size_and_speed,
    variance,
)
from self_training.evaluation.class_balance import compare as compare_balance
from self_training.evaluation.comparison import over_seeds
from self_training.evaluation.metrics import METRICS
from self_training.report import (
    cautions,
    findings_of_axes,
    findings_of_data,
    imbalance_text,
    methods_text,
    sheets_of_axes,
    sheets_of_chains,
    sheets_of_data,
    sheets_of_synthetic,
    sheets_of_tests,
    summary,
)
from self_training.report.workbook import (
    HEADING,
    SCORE,
    SECONDS,
    WRAP,
    Column,
    append_heading,
    append_table,
    append_text,
    freeze,
    height,
    set_widths,
)
from self_training.storage import atomic_path
from self_training.study.candidates import HYPER_PARAMETERS

TIMES = {"training_time": "Training Time", "inference_time": "Inference Time"}
# Where classes are of unequal size.
RAREST = {"rarest_recall": "Recall of the rarest class"}
TITLES = {name: metric.title for name, metric in METRICS.items()} | RAREST | TIMES


def write(
    path: str | Path,
    *,
    config: dict,
    scores: pd.DataFrame,
    generations: pd.DataFrame,
    class_balance: pd.DataFrame,
    data_checks: list[dict],
    timings: pd.DataFrame,
    statistics: dict,
    answer: dict,
    figures: dict[str, str],
    synthetic: Sequence[str] = (),
) -> None:
    """Write a study's workbook.

    Args:
        config: of the study, expanded (see `study.budgets.expand`).
        scores, generations, class_balance, timings: of `evaluation.tables`.
        data_checks: of `data_check.look`, of each original dataset.
        statistics: what `statistics.json` holds.
        answer: of `answer.of_study`.
        figures: title -> PNG file.
        synthetic: files of `sheets_of_synthetic.add`.
    """
    own, compared = scores[scores["source"] == "study"], over_seeds(scores)
    budgets = label_budgets.compare(compared, statistics) if statistics["budgets"] else []
    shares = foreign_shares.compare(compared, generations, statistics)
    ratios = imbalance_ratios.compare(compared, statistics)
    workbook = Workbook()
    balances = compare_balance(
        data_checks, class_balance, imbalance_text.shares(config, data_checks)
    )
    seen = findings_of_data.of_first_sheet(data_checks, balances)
    axes = (budgets, shares, ratios)
    summary.write(workbook.active, config, compared, statistics, answer, *axes, seen)
    means(workbook.create_sheet("Means"), compared)
    references = label_budgets.references(statistics)
    if budgets:
        sheets_of_axes.label_budgets(workbook.create_sheet("Label budgets"), budgets, references)
    if shares:
        sheet = workbook.create_sheet(findings_of_axes.FOREIGN.sheet)
        sheets_of_axes.foreign_examples(sheet, shares, references)
    if ratios:
        sheet = workbook.create_sheet(findings_of_axes.IMBALANCE.sheet)
        sheets_of_axes.imbalance(sheet, ratios, references)
    folds(workbook.create_sheet("All folds"), scores, config)
    sheets_of_tests.tests(workbook.create_sheet("Tests"), statistics)
    sheets_of_tests.dataset_tests(workbook.create_sheet("Tests per dataset"), statistics)
    if data_checks:
        sheet = workbook.create_sheet("Data check")
        sheets_of_data.data_check(sheet, data_checks, balances, config["outer_folds"])
    if len(own):
        sheets_of_chains.chains(workbook.create_sheet("Chains"), own)
        sheets_of_chains.hyper_parameters(workbook.create_sheet("Hyper-parameters"), own)
        if parts := variance.components(own):
            sheets_of_chains.variance(workbook.create_sheet("Variance"), parts)
        if of_repeats := repeats.means(compared):
            differences = repeats.differences(compared, statistics["fair"])
            sheets_of_chains.repeats(workbook.create_sheet("Repeats"), of_repeats, differences)
        sheets_of_chains.pseudo_labels(workbook.create_sheet("Pseudo-labels"), generations)
        if sizes := size_and_speed.compare(generations, own):
            sheets_of_chains.size_and_speed(workbook.create_sheet("Size and speed"), sizes)
        sheets_of_chains.cost(workbook.create_sheet("Cost"), timings)
    sheets_of_synthetic.add(workbook, synthetic, config, compared)
    pictures(workbook.create_sheet("Figures"), figures)
    unknown = cautions.unknown_labels(own)
    text_of_methods(workbook.create_sheet("Methods text"), config, statistics, unknown)
    origin(workbook.create_sheet("Provenance"), config, timings)
    for sheet in workbook:
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        for cell in (cell for row in sheet for cell in row if cell.data_type == "f"):
            cell.data_type = "s"  # Nothing here is a formula, even where a name begins like one.
    with atomic_path(path) as temporary:
        workbook.save(temporary)


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
    is_larger_better = name in RAREST or (name not in TIMES and METRICS[name].larger_is_better)
    best = None if name in TIMES else max if is_larger_better else min
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
    repeated = config.get("repeats", 1)
    count = f" [1-{config['outer_folds'] * repeated}]" if "outer_folds" in config else ""
    columns = [
        Column("Dataset Name", "dataset", width=22, text=True),
        Column("Algorithm Name", "method", width=24, text=True),
        Column(f"Cross Validation{count}", _show_fold, width=14, text=True),
        *([Column("Repeat", _show_repeat, width=10)] if repeated > 1 else []),
        *([Column("Training seed", "training_seed", width=10)] if "seeds" in config else []),
        Column("Hyper-Parameters Values", _show_hyper_parameters, width=62, text=True),
        *(
            Column(metric.title, lambda row, name=name: row.get(name), SCORE, 11)
            for name, metric in METRICS.items()
        ),
        *(
            Column(title, lambda row, name=name: row.get(name), SCORE, 14)
            for name, title in RAREST.items()
            if name in scores
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


def _show_repeat(row: dict):
    """Return the number of a repeat, from 1 on; of scores from elsewhere it is not known."""
    return None if pd.isna(row.get("repeat")) else row["repeat"] + 1


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


def text_of_methods(
    sheet: Worksheet, config: dict, statistics: dict, unknown: dict[str, int]
) -> None:
    """A paragraph for a paper, and whom to cite."""
    for letter in "ABCDEFGH":  # Over which texts are merged.
        sheet.column_dimensions[letter].width = 20
    for paragraph in methods_text.write(config, statistics, unknown).split("\n\n"):
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
