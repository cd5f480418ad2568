"""The Excel workbook."""

import json
import textwrap

import pandas as pd
from openpyxl import Workbook
from openpyxl.drawing.image import Image
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from self_training import config as study
from self_training import label_budgets, methods_text, provenance
from self_training.scores import METRICS
from self_training.search import HYPER_PARAMETERS
from self_training.significance import (
    budgets_by_name,
    means_over_budgets,
    means_over_folds,
    paired,
)
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
OWN_PROTOCOL = (
    "Scores are of the outer test folds; hyper-parameters that were searched were selected on "
    "inner folds of the labeled examples alone. "
)
COSTS = {
    "gradient_steps": "Gradient steps per fold",
    "examples_seen": "Examples seen per fold",
    "training_time": "Training time per fold (s)",
    "inference_time": "Inference time per fold (s)",
}
HEADER = Font(bold=True, color="FFFFFF")
HEADER_FILL = PatternFill("solid", start_color="1F4E79")
GOOD_FILL = PatternFill(bgColor="C6EFCE")
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
    figures: dict[str, str],
) -> None:
    """Write a study's workbook.

    Args:
        config: of the study.
        scores, generations, timings: of `tables`.
        statistics: of `significance.compare_methods`.
        figures: title -> PNG file.
    """
    own = scores[scores["source"] == "study"]
    budgets = label_budgets.compare(scores, config, statistics) if statistics["budgets"] else []
    workbook = Workbook()
    _write_summary(workbook.active, config, scores, statistics, budgets)
    _write_means(workbook.create_sheet("Means"), scores)
    if budgets:
        names = label_budgets.references(config, statistics)
        _write_budgets(workbook.create_sheet("Label budgets"), budgets, names)
    _write_folds(workbook.create_sheet("All folds"), scores, config)
    _write_tests(workbook.create_sheet("Tests"), statistics)
    _write_dataset_tests(workbook.create_sheet("Tests per dataset"), statistics)
    if len(own):
        _write_chains(workbook.create_sheet("Chains"), own)
        _write_hyper_parameters(workbook.create_sheet("Hyper-parameters"), own)
        _write_generations(workbook.create_sheet("Pseudo-labels"), generations)
        _write_cost(workbook.create_sheet("Cost"), timings)
    _write_figures(workbook.create_sheet("Figures"), figures)
    _write_methods_text(workbook.create_sheet("Methods text"), config, statistics)
    _write_provenance(workbook.create_sheet("Provenance"), config, timings)
    for sheet in workbook:
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        for cell in (cell for row in sheet for cell in row if cell.data_type == "f"):
            cell.data_type = "s"  # Nothing here is a formula, even where a name begins like one.
    with atomic_path(path) as temporary:
        workbook.save(temporary)


def _write_summary(
    sheet, config: dict, scores: pd.DataFrame, statistics: dict, budgets: list[dict]
) -> None:
    """What was found, how sure that is, and on how much."""
    sheet.title = "Summary"
    methods, control = statistics["methods"], statistics["control"]
    datasets, folds = scores["dataset"].nunique(), scores.groupby("dataset")["fold"].nunique()
    _set_widths(sheet, [26, 22, 16, 18, 24, 15, 15, 15, 15, 15, 15, 16, 16, 16])
    sheet.append([f"Self-training study: {config['study']}"])
    sheet["A1"].font = Font(bold=True, size=16)
    if "description" in config:
        _append_text(sheet, config["description"].strip(), CAUTION_FILL)
    _append_heading(sheet, "What was found")
    for sentence in statistics["reading"].splitlines():
        _append_text(sheet, sentence)
    for sentence in label_budgets.read(budgets, config, statistics) if budgets else []:
        _append_text(sheet, sentence)
    means = means_over_folds(paired(scores)[0]).reindex(columns=methods)
    same = budgets_by_name(dict.fromkeys(scores["dataset"]))
    complete = means_over_budgets(means, same).dropna()
    units = datasets - sum(len(names) - 1 for names in same.values())
    counted = f" ({datasets} if label budgets are counted)" if same else ""
    _append_heading(sheet, "How sure that is")
    for note in [*_not_learned(scores), *statistics["notes"], *_no_control(config, scores)]:
        _append_text(sheet, note, CAUTION_FILL)
    _append_text(
        sheet,
        f"Methods: {len(methods)}. Datasets: {units}{counted}. Outer folds: {_range(folds)}. "
        + OWN_PROTOCOL * bool(len(scores[scores["source"] == "study"]))
        + "Mean accuracies below are over the datasets of which all methods have scores "
        f"({len(complete)}). Tests are over datasets; in this table p is corrected by Holm for the "
        f"comparisons with {control}, above for all pairs. Probabilities (Bayesian signed-rank "
        f"test) are of a difference of accuracy beyond \u00b1{statistics['rope']:g}, and within.",
    )
    sheet.append([])
    costs = [name for name in COSTS if name in scores and scores[name].notna().any()]
    headers = ["Method", "Mean accuracy", "Average rank", f"Minus {control}", "95 % interval"]
    headers += ["Better / equal / worse", "p (Wilcoxon, Holm)"]
    headers += ["P(worse)", "P(equivalent)", "P(better)"]
    _append_header(sheet, headers + [COSTS[name] for name in costs])
    cost_means = scores.groupby("method")[costs].mean()
    first = sheet.max_row + 1
    for method in methods:
        sheet.append(
            [
                method,
                _or_none(complete[method].mean()),
                statistics["average_ranks"][method],
                *_against_control(statistics, method),
                *map(_or_none, cost_means.loc[method]),
            ]
        )
    formats = [None, SCORE, "0.00", "+0.0000;-0.0000", None, None, P_VALUE, *["0.000"] * 3]
    formats += [SECONDS if name.endswith("_time") else "0" for name in costs]
    _format_columns(sheet, formats, first)
    _color_p_values(sheet, "G", first, sheet.max_row)
    for row in range(first, sheet.max_row + 1):
        for column in (5, 6):
            sheet.cell(row, column).alignment = Alignment(horizontal="right")
    sheet.append([])
    _append_header(sheet, ["Mean accuracy over folds", *means])
    for dataset, row in means.iterrows():
        _append_scores(sheet, dataset, row.tolist(), SCORE, row.max())
    if scores["source"].eq("study").any():
        sheet.append([])
        _append_text(
            sheet,
            "Training time is of the final chain's teachers and students, without the search, the "
            "framework's start and tracing.",
        )


def _range(folds: pd.Series) -> str:
    if folds.max() == 0:
        return "not known, means only"
    return str(folds.max()) if folds.min() == folds.max() else f"{folds.min()} to {folds.max()}"


def _not_learned(scores: pd.DataFrame) -> list[str]:
    """Name the results that are no better than none; means contain them."""
    if "not_learned" not in scores:
        return []
    flagged = scores[scores["not_learned"].fillna("") != ""]
    texts = [
        f"{row['dataset']}, {row['method']}, fold {row['fold'] + 1}: {row['not_learned']}"
        for row in flagged.head(10).to_dict("records")
    ]
    if not texts:
        return []
    more = f" and {len(flagged) - 10} more (sheet Chains)" if len(flagged) > 10 else ""
    return [
        f"{len(flagged)} of {len(scores)} results did not learn anything. They are part of the "
        f"means and tests below: {'; '.join(texts)}{more}."
    ]


def _no_control(config: dict, scores: pd.DataFrame) -> list[str]:
    if "generations_trained" not in scores or not scores["generations_trained"].max() > 0:
        return []
    equal, without, other = [], [], []
    for method in config["methods"]:
        if study.generations(config, method):
            controls = study.equal_steps(config, method)
            equal += controls
            if not controls:
                without.append(method)
            elif all(study.trained_otherwise(config, method, control) for control in controls):
                differences = study.trained_otherwise(config, method, controls[-1])
                other.append(f"{method} ({', '.join(differences)})")
    notes = []
    if equal:
        notes.append(
            "Whether self-training helps is what a comparison with the controls of equal gradient "
            f"steps says ({', '.join(dict.fromkeys(equal))}), more than one with the baseline."
        )
    if without:
        notes.append(
            "No control is known to take as many gradient steps as the last students of "
            f"{', '.join(without)}: a difference may come from longer training alone."
        )
    if other:
        notes.append(
            "No control of equal gradient steps is trained like the students in all else, of "
            f"{', '.join(other)}: a difference may come from that alone."
        )
    return notes


def _against_control(statistics: dict, method: str) -> list:
    """Return the cells of a method's comparison with the control; empty for the control itself."""
    control = statistics["control"]
    pair = next(
        (pair for pair in statistics["pairs"] if {pair["a"], pair["b"]} == {method, control}), None
    )
    if pair is None:
        return [None] * 7
    sign = 1 if pair["b"] == method else -1
    outcomes = [pair["wins"], pair["ties"], pair["losses"]][::sign]
    probabilities = [pair["p_worse"], pair["p_equivalent"], pair["p_better"]][::sign]
    difference = pair["mean_difference"]
    return [
        None if difference is None else sign * difference,
        _describe_interval(pair["interval"], sign),
        " / ".join(map(str, outcomes)),
        pair["p_holm_control"],
        *probabilities,
    ]


def _describe_interval(interval, sign: int = 1) -> str | None:
    if interval is None:
        return None
    low, high = sorted(sign * value for value in interval)
    return f"{low:+.4f} to {high:+.4f}"


def _or_none(value):
    return None if value is None or pd.isna(value) else value


def _append_scores(sheet, name: str, cells: list, number_format: str, best, every=1) -> None:
    """Append a row of scores; of each `every`-th one, those that equal `best` are marked, unless
    all of them are equal."""
    sheet.append([name, *map(_or_none, cells)])
    if len(set(cells[::every])) == 1:
        best = None
    for index, score in enumerate(cells):
        cell = sheet.cell(sheet.max_row, index + 2)
        cell.number_format = number_format
        if index % every == 0 and score == best:
            cell.fill, cell.font = BEST_FILL, Font(bold=True)


def _write_means(sheet, scores: pd.DataFrame) -> None:
    """Means and standard deviations over folds of every metric, dataset by method."""
    methods, datasets = (list(dict.fromkeys(scores[name])) for name in ("method", "dataset"))
    _set_widths(sheet, [26] + [21] * (2 * len(methods)))
    for metric in (name for name in TITLES if name in scores and scores[name].notna().any()):
        unit = " (s)" if metric.endswith("time") else ""
        sheet.append([f"{TITLES[metric]}{unit}"])
        sheet.cell(sheet.max_row, 1).font = Font(bold=True, size=13)
        headers = [f"{method} {kind}" for method in methods for kind in ("mean", "std")]
        _append_header(sheet, ["Dataset", *headers])
        groups = scores.groupby(["dataset", "method"], sort=False)[metric]
        table = groups.agg(["mean", "std"]).unstack("method").reindex(datasets)
        number_format = SECONDS if unit else SCORE
        for dataset, row in table.iterrows():
            cells = [row.get((kind, method)) for method in methods for kind in ("mean", "std")]
            # Seconds depend on what else the machine was doing: none is marked.
            known = [mean for mean in cells[::2] if not pd.isna(mean)]
            best = None if unit or not known else (min if metric == "fpr" else max)(known)
            _append_scores(sheet, dataset, cells, number_format, best, every=2)
        sheet.append([])
    _append_text(
        sheet,
        "Standard deviations are over outer folds (n - 1). The best mean of a row is marked. "
        "Seconds depend on the machine and on what else it was doing.",
    )


def _write_budgets(sheet, rows: list[dict], references: list[str]) -> None:
    """With how many labels each method is how far from the controls."""
    _set_widths(sheet, [22, 26, 14, 24, 10, 14, 12] + [16, 22, 12] * len(references) + [60])
    headers = ["Dataset", "With its budget", "Labels", "Method", "Folds", "Mean accuracy"]
    headers += ["Std (n - 1)"]
    for reference in references:
        headers += [f"Minus {reference}", "95 % interval", "p"]
    _append_header(sheet, [*headers, "Remark"], text_columns=4)
    for row in rows:
        cells, remarks = [], []
        for reference in references:
            test = row["against"].get(reference, {})
            interval = _describe_interval(test.get("interval"))
            cells += [test.get("difference"), interval, test.get("p_value")]
            if test.get("reason"):
                remarks.append(f"{reference}: {test['reason']}")
        low, high = row["labels"]
        sheet.append(
            [
                row["dataset"],
                row["budget"],
                low if low == high else label_budgets.show_labels(row["labels"]),
                row["method"],
                row["folds"] or None,
                row["mean"],
                _or_none(row["std"]),
                *cells,
                " ".join(remarks) or None,
            ]
        )
        sheet.cell(sheet.max_row, 3).alignment = Alignment(horizontal="left")
        for column in range(9, 9 + 3 * len(references), 3):
            sheet.cell(sheet.max_row, column).alignment = Alignment(horizontal="right")
    formats = [None, None, "#,##0", None, "0", SCORE, SCORE]
    formats += ["+0.0000;-0.0000", None, P_VALUE] * len(references)
    _format_columns(sheet, formats, 2)
    for column in range(10, 10 + 3 * len(references), 3):
        _color_p_values(sheet, get_column_letter(column), 2, sheet.max_row)
    _freeze(sheet)
    sheet.append([])
    _append_text(
        sheet,
        "Differences are paired over the folds that all methods have a score of; intervals and p "
        "are of the corrected t-test of Nadeau and Bengio, each for itself: of many intervals some "
        "leave 0 out by chance. Sheet Tests per dataset has p with Holm's correction.",
    )


def _write_folds(sheet, scores: pd.DataFrame, config: dict) -> None:
    """Every outer fold, in the columns of the table published in 2021."""
    _set_widths(sheet, [22, 24, 14, 62] + [11] * len(METRICS) + [14, 14])
    folds = f" [1-{config['outer_folds']}]" if "outer_folds" in config else ""
    headers = ["Dataset Name", "Algorithm Name", f"Cross Validation{folds}"]
    _append_header(sheet, [*headers, "Hyper-Parameters Values", *TITLES.values()], text_columns=4)
    for row in scores.to_dict("records"):
        sheet.append(
            [
                row["dataset"],
                row["method"],
                _or_none(_shown_fold(row)),
                _describe_hyper_parameters(row) or None,
                *(_or_none(row.get(name)) for name in TITLES),
            ]
        )
    _format_columns(sheet, [None] * 4 + [SCORE] * len(METRICS) + [SECONDS, "0.000"], 2)
    _freeze(sheet)


def _shown_fold(row: dict):
    """Return the number of a fold: from 1 on for the study's own, as given for those of others."""
    return row["fold"] + 1 if row["source"] == "study" else row["fold"]


def _describe_hyper_parameters(row: dict) -> str:
    chosen = {name: row[name] for name in HYPER_PARAMETERS if not pd.isna(row.get(name))}
    return ", ".join(f"{name}={value:.12g}" for name, value in chosen.items())


def _write_chains(sheet, scores: pd.DataFrame) -> None:
    """What was selected on every fold, and how the chain ended."""
    _set_widths(sheet, [22, 24] + [12] * 9 + [22, 12, 12, 22, 10, 15, 15, 44])
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
        "examples_seen": "Examples seen",
        "calibration_error": "Calibration error",
        "not_learned": "Did not learn",
        "seed": "Seed",
        "config": "Config digest",
        "code": "Code digest",
        "commits": "Trained at commit",
    }
    _append_table(sheet, scores.assign(fold=scores["fold"] + 1), columns)


def _write_hyper_parameters(sheet, scores: pd.DataFrame) -> None:
    """How often each value was selected."""
    _set_widths(sheet, [24, 22, 12, 14, 14])
    _append_header(sheet, ["Method", "Hyper-parameter", "Value", "Times selected", "Share"], 2)
    for method, rows in scores.groupby("method", sort=False):
        for name in HYPER_PARAMETERS:
            for value, count in rows[name].value_counts().sort_index().items():
                share = count / len(rows)
                sheet.append([method, name.replace("_", " "), value, count, share])
    _format_columns(sheet, [None, None, "General", "0", "0%"], 2)
    _freeze(sheet)


def _write_generations(sheet, generations: pd.DataFrame) -> None:
    """How many pseudo-labels each generation of the final chains had, and how many were right."""
    _set_widths(sheet, [22, 24] + [12] * 8)
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
        "accuracy": "Accuracy of students",
    }
    generations = generations[generations["generation"] > 0]
    selected = generations["selected"].where(generations["selected"] > 0)
    table = generations.assign(
        fold=generations["fold"] + 1, precision=generations["correct"] / selected
    )
    _append_table(sheet, table, columns)
    _format_columns(sheet, [None] * 7 + ["0.0%", None, SCORE], 2)


def _write_tests(sheet, statistics: dict) -> None:
    """Tests over datasets: of all methods at once, and of pairs."""
    methods = statistics["methods"]
    widths = [46, 12, 14, 24, 20, 14, 12, 12, 14, 16, 12, 14, 12]
    _set_widths(sheet, widths + [16] * (len(methods) + 1 - len(widths)))
    for text in (*statistics["reading"].splitlines(), *statistics["notes"]):
        _append_text(sheet, text)
    sheet.append([])
    _append_header(sheet, ["Over all methods", "Statistic", "p", "Remark"], 1)
    names = {"friedman": "Friedman's test (Q)", "iman_davenport": "Iman and Davenport's F-form"}
    for name, title in names.items():
        test = statistics["omnibus"][name]
        sheet.append([title, test["statistic"], test["p_value"], test.get("reason")])
        sheet.cell(sheet.max_row, 2).number_format = "0.00"
        sheet.cell(sheet.max_row, 3).number_format = P_VALUE
    _color_p_values(sheet, "C", sheet.max_row - 1, sheet.max_row)
    sheet.append(["Nemenyi's critical difference of ranks", statistics["critical_difference"]])
    sheet.cell(sheet.max_row, 2).number_format = SCORE
    sheet.append([])
    _append_header(sheet, ["Method", "Average rank"])
    for method, rank in statistics["average_ranks"].items():
        sheet.append([method, rank])
        sheet.cell(sheet.max_row, 2).number_format = "0.00"
    sheet.append([])
    _append_pairs(sheet, statistics)
    tables = {
        "wilcoxon_holm": "Wilcoxon with Holm's correction: p of each pair",
        "nemenyi": "Nemenyi: p of each pair (depends on all methods)",
    }
    for name, title in tables.items():
        if statistics["post_hoc"][name] is not None:
            sheet.append([])
            _append_matrix(sheet, title, methods, statistics["post_hoc"][name])


def _append_pairs(sheet, statistics: dict) -> None:
    _append_header(
        sheet,
        [
            "Pair (second minus first)",
            "Datasets",
            "Mean difference",
            "95 % interval (bootstrap)",
            "Better / equal / worse",
            "Rank-biserial correlation",
            "Wilcoxon's W",
            "p",
            "p (Holm, all pairs)",
            f"p (Holm, pairs with {statistics['control']})",
            "P(worse)",
            f"P(within \u00b1{statistics['rope']:g})",
            "P(better)",
        ],
    )
    first = sheet.max_row + 1
    for pair in statistics["pairs"]:
        sheet.append(
            [
                f"{pair['a']}, {pair['b']}",
                pair["datasets"],
                pair["mean_difference"],
                _describe_interval(pair["interval"]),
                f"{pair['wins']} / {pair['ties']} / {pair['losses']}",
                pair["rank_biserial"],
                pair["statistic"],
                pair["p_value"],
                pair["p_holm"],
                pair.get("p_holm_control"),
                pair["p_worse"],
                pair["p_equivalent"],
                pair["p_better"],
            ]
        )
    formats = [None, "0", "+0.0000;-0.0000", None, None, "0.00", "0.0", *[P_VALUE] * 3]
    _format_columns(sheet, [*formats, *["0.000"] * 3], first)
    for row in range(first, sheet.max_row + 1):
        for column in (4, 5):
            sheet.cell(row, column).alignment = Alignment(horizontal="right")
    if statistics["pairs"]:
        for column in "HIJ":
            _color_p_values(sheet, column, first, sheet.max_row)


def _append_matrix(sheet, title: str, methods: list[str], p_values: dict) -> None:
    _append_header(sheet, [title, *methods])
    first = sheet.max_row + 1
    for method in methods:
        sheet.append([method, *(p_values[method].get(other) for other in methods)])
        for column in range(2, len(methods) + 2):
            sheet.cell(sheet.max_row, column).number_format = P_VALUE
    for column in range(2, len(methods) + 2):
        _color_p_values(sheet, get_column_letter(column), first, sheet.max_row)


def _write_dataset_tests(sheet, statistics: dict) -> None:
    """Nadeau and Bengio's corrected t-test of every pair on every dataset."""
    _set_widths(sheet, [24, 24, 24, 10, 14, 26, 12, 14, 60])
    headers = ["Dataset", "First", "Second", "Folds", "Second minus first", "95 % interval"]
    _append_header(sheet, [*headers, "p", "p (Holm, all rows)", "Remark"], text_columns=3)
    for test in statistics["per_dataset"]:
        sheet.append(
            [
                test["dataset"],
                test["a"],
                test["b"],
                test["folds"],
                test["difference"],
                _describe_interval(test["interval"]),
                test["p_value"],
                test["p_holm"],
                test.get("reason"),
            ]
        )
        sheet.cell(sheet.max_row, 6).alignment = Alignment(horizontal="right")
    _format_columns(sheet, [None] * 3 + ["0", "+0.0000;-0.0000", None, P_VALUE, P_VALUE], 2)
    if sheet.max_row > 1:
        for column in "GH":
            _color_p_values(sheet, column, 2, sheet.max_row)
    _freeze(sheet)


def _color_p_values(sheet, column: str, first: int, last: int) -> None:
    """Color p values below the level, and those not far from it."""
    cells = f"{column}{first}:{column}{last}"
    for limit, fill in ((0.05, GOOD_FILL), (0.1, CAUTION_FILL)):
        formula = [f"AND(ISNUMBER({column}{first}),{column}{first}<{limit})"]
        rule = FormulaRule(formula=formula, fill=fill, stopIfTrue=True)
        sheet.conditional_formatting.add(cells, rule)


def _write_figures(sheet, figures: dict[str, str]) -> None:
    row = 1
    for title, path in figures.items():
        sheet.cell(row, 1, title).font = Font(bold=True, size=13)
        picture = Image(path)
        # Drawn at more dots per inch than a screen has.
        picture.width, picture.height = picture.width * 0.6, picture.height * 0.6
        sheet.add_image(picture, f"A{row + 1}")
        row += 3 + int(picture.height / 20)


def _write_methods_text(sheet, config: dict, statistics: dict) -> None:
    _set_widths(sheet, [20] * 8)
    for paragraph in methods_text.write(config, statistics).split("\n\n"):
        _append_text(sheet, paragraph)
        sheet.append([])


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


def _append_heading(sheet, text: str) -> None:
    sheet.append([text])
    sheet.cell(sheet.max_row, 1).font = Font(bold=True, size=13)


def _append_text(sheet, text: str, fill: PatternFill | None = None) -> None:
    """Append a paragraph, merged over columns A to H and high enough for its words."""
    sheet.append([text])
    row = sheet.max_row
    sheet.cell(row, 1).data_type = "s"  # Text, even where it begins like a formula.
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=8)
    sheet.cell(row, 1).alignment = WRAP
    sheet.row_dimensions[row].height = _height(text, 140)
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
