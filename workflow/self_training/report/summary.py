"""The first sheet of a study's workbook: what was found, how sure that is, and on how much."""

import pandas as pd
from openpyxl.worksheet.worksheet import Worksheet

from self_training.evaluation import repeats
from self_training.evaluation.comparison import (
    budgets_by_name,
    means_over_budgets,
    means_over_folds,
    paired,
)
from self_training.evaluation.significance import turn
from self_training.report import (
    cautions,
    findings_of_axes,
    findings_of_budgets,
    findings_of_repeats,
    summary_md,
    synthetic_text,
)
from self_training.report.workbook import (
    ANSWER,
    CAUTION_FILL,
    DIFFERENCE,
    P_VALUE,
    PROBABILITY,
    RIGHT,
    SCORE,
    SECONDS,
    TITLE,
    Column,
    append_heading,
    append_table,
    append_text,
    set_widths,
    show_interval,
)
from self_training.study import methods

COSTS = [
    Column("Gradient steps per fold", "gradient_steps", "0", 15),
    Column("Examples seen per fold", "examples_seen", "0", 16),
    Column("Gradient steps of the search per fold", "search_steps", "0", 16),
    Column("Training time per fold (s)", "training_time", SECONDS, 16),
    Column("Inference time per fold (s)", "inference_time", SECONDS, 16),
]
RATIOS = {"gradient_steps": "Steps", "examples_seen": "Examples seen"}


def write(
    sheet: Worksheet,
    config: dict,
    scores: pd.DataFrame,
    statistics: dict,
    answer: dict,
    budgets: list[dict],
    shares: list[dict],
    ratios: list[dict],
    of_data: list[str],
) -> None:
    """Write the first sheet: the answer, then what it rests on, and a row per method.

    Args:
        config, scores, statistics, answer: as of `sheets.write`.
        budgets: of `label_budgets.compare`.
        shares: of `foreign_shares.compare`.
        ratios: of `imbalance_ratios.compare`.
        of_data: of `findings_of_data.of_first_sheet`.
    """
    sheet.title = "Summary"
    accuracies = means_over_folds(paired(scores)[0]).reindex(columns=statistics["methods"])
    same = budgets_by_name(dict.fromkeys(scores["dataset"]))
    complete = means_over_budgets(accuracies, same).dropna()
    columns = _columns(scores, statistics)
    set_widths(sheet, columns)
    _write_answer(sheet, answer)
    append_heading(sheet, f"Self-training study: {config['study']}", TITLE)
    if "description" in config:
        append_text(sheet, config["description"].strip(), CAUTION_FILL)
    append_heading(sheet, "In statistics' words")
    of_budgets = findings_of_budgets.describe(budgets, statistics) if budgets else []
    of_axes = [
        *(findings_of_axes.foreign_examples(shares, statistics) if shares else []),
        *(findings_of_axes.imbalance(ratios, statistics) if ratios else []),
    ]
    for sentence in (*statistics["reading"].splitlines(), *of_budgets, *of_axes):
        append_text(sheet, sentence)
    append_heading(sheet, "How sure that is")
    for note in (
        *of_data,
        *cautions.not_learned(scores),
        *statistics["notes"],
        *findings_of_repeats.describe(
            repeats.means(scores), repeats.differences(scores, statistics["fair"])
        ),
        *synthetic_text.transductive(config),
        *synthetic_text.nothing_generated(scores),
        *cautions.no_students(config, scores),
        *cautions.upper_bounds_of_some_labels(config, scores),
        *cautions.unequal_tuning(config, statistics),
        *cautions.steps_that_a_search_buys(config),
    ):
        append_text(sheet, note, CAUTION_FILL)
    append_text(sheet, cautions.extent(scores, statistics, len(complete)))
    sheet.append([])
    append_table(sheet, columns, _rows(config, scores, statistics))
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
            "Gradient steps, examples seen and training time are of the final chain's teachers and "
            "students, without the search, the framework's start and tracing. Steps and examples "
            "are those of a method divided by those of its fair control.",
        )


def _write_answer(sheet: Worksheet, answer: dict) -> None:
    """Write the answer in large letters, a line per dataset, and what follows from it."""
    for headline in answer["headlines"]:
        append_text(sheet, headline, font=ANSWER)
    for sentence in answer["details"]:
        append_text(sheet, sentence)
    for title, sentences in summary_md.sections(answer).items():
        append_heading(sheet, title)
        for sentence in sentences:
            append_text(sheet, sentence)
    sheet.append([])


def _columns(scores: pd.DataFrame, statistics: dict) -> list[Column]:
    """Return the columns of the table of methods: those that compare with fair controls first."""
    known = [name for name in RATIOS if _is_known(scores, name)]
    fair = [
        Column("Fair control", "fair_control", width=26, text=True),
        *_columns_against("fair control", "fair"),
        *(
            Column(f"{RATIOS[name]}, times fair control's", ("fair", name), "0.00", 15)
            for name in known
        ),
    ]
    return [
        Column("Method", "method", width=26, text=True),
        Column("Mean accuracy", "accuracy", SCORE, 15),
        *(fair if statistics["fair"] else []),
        *_columns_against(statistics["control"], "control"),
        Column("Average rank (datasets)", "rank", "0.00", 12),
        Column("Candidates tried", "tried", "0", 12),
        *(cost for cost in COSTS if _is_known(scores, cost.value)),
    ]


def _is_known(scores: pd.DataFrame, name: str) -> bool:
    return name in scores and bool(scores[name].notna().any())


def _columns_against(reference: str, key: str) -> list[Column]:
    return [
        Column(f"Minus {reference}", (key, "difference"), DIFFERENCE, 18),
        Column("95 % interval", (key, "interval"), width=24, align=RIGHT),
        Column("Datasets better / equal / worse", (key, "outcomes"), width=16, align=RIGHT),
        Column("p (Wilcoxon, Holm)", (key, "p_value"), P_VALUE, 15, p_value=True),
        Column("P(better)", (key, "p_better"), PROBABILITY, 12),
    ]


def _rows(config: dict, scores: pd.DataFrame, statistics: dict) -> list[dict]:
    """Return a row per method, by the keys of `_columns`."""
    numbers = [cost.value for cost in COSTS if _is_known(scores, cost.value)]
    costs = scores.groupby("method")[numbers].mean()
    fair = {entry["method"]: entry for entry in statistics["fair"]}
    control = statistics["control"]
    rows = []
    for method in statistics["methods"]:
        own = fair.get(method, {})
        pair: dict = next(
            (pair for pair in statistics["pairs"] if {pair["a"], pair["b"]} == {method, control}),
            {},
        )
        row = {
            "method": method,
            "accuracy": statistics["mean_accuracies"][method],
            "rank": statistics["average_ranks"][method],
            "fair_control": own.get("control"),
            "tried": methods.tried(config, method) if method in config.get("methods", {}) else None,
            **_against("fair", own),
            **_against("control", pair if pair.get("b") == method else turn(pair)),
            **{name: costs.loc[method, name] for name in numbers},
        }
        for name in set(RATIOS) & set(numbers):
            other = costs[name].get(own.get("control"))
            row["fair", name] = costs.loc[method, name] / other if other else None
        rows.append(row)
    return rows


def _against(key: str, pair: dict) -> dict:
    """Return a comparison's cells, empty where there is none."""
    naive = pair.get("naive")
    return {
        (key, "difference"): pair.get("mean_difference"),
        (key, "interval"): show_interval(pair.get("interval")),
        (key, "outcomes"): naive
        and " / ".join(str(naive[name]) for name in ("wins", "ties", "losses")),
        (key, "p_value"): pair.get("p_holm"),
        (key, "p_better"): pair.get("p_better"),
    }
