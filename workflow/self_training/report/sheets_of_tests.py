"""The sheets of a study's workbook that hold tests: a function for each."""

from openpyxl.worksheet.worksheet import Worksheet

from self_training.report.workbook import (
    DIFFERENCE,
    P_VALUE,
    PROBABILITY,
    RIGHT,
    SCORE,
    Column,
    append_table,
    append_text,
    freeze,
    set_widths,
    show_interval,
)

OMNIBUS = {
    "friedman_permutation": "Friedman's test (Q), by permutation",
    "friedman": "Friedman's test (Q), by the chi-squared distribution",
    "iman_davenport": "Iman and Davenport's F-form",
}
POST_HOC = {
    "wilcoxon_holm": "Wilcoxon over groups with Holm's correction: p of each pair",
    "nemenyi": "Nemenyi, datasets counted as independent: p of each pair (depends on all methods)",
}
FAMILIES = {"fair": "fair controls", "control": "the control", "others": "others"}


def tests(sheet: Worksheet, statistics: dict) -> None:
    """Tests over groups of datasets, of pairs; and of all methods at once, over datasets."""
    pairs, naive = _columns_of_pairs(statistics), _columns_of_naive_pairs()
    matrices = {
        name: _columns_of_matrix(title, statistics["methods"], statistics["post_hoc"][name])
        for name, title in POST_HOC.items()
        if statistics["post_hoc"][name] is not None
    }
    for columns in (*matrices.values(), naive, pairs):
        set_widths(sheet, columns)
    for text in (*statistics["reading"].splitlines(), *statistics["notes"]):
        append_text(sheet, text)
    sheet.append([])
    append_table(sheet, pairs, statistics["pairs"])
    for columns in matrices.values():
        sheet.append([])
        append_table(sheet, columns, statistics["methods"])
    sheet.append([])
    append_text(sheet, "Datasets counted as independent, as in 2021")
    append_table(sheet, naive, statistics["pairs"])
    sheet.append([])
    omnibus = [
        Column("Over all methods", lambda row: OMNIBUS[row[0]], text=True),
        Column("Statistic", lambda row: row[1]["statistic"], "0.00"),
        Column("p", lambda row: row[1]["p_value"], P_VALUE, p_value=True),
        Column("Remark", lambda row: row[1].get("reason")),
    ]
    append_table(sheet, omnibus, [(name, statistics["omnibus"][name]) for name in OMNIBUS])
    sheet.append(["Nemenyi's critical difference of ranks", statistics["critical_difference"]])
    sheet.cell(sheet.max_row, 2).number_format = SCORE
    sheet.append([])
    ranks = [Column("Method", 0, text=True), Column("Average rank", 1, "0.00")]
    append_table(sheet, ranks, statistics["average_ranks"].items())


def _name_pair(pair: dict) -> str:
    return f"{pair['a']}, {pair['b']}"


def _outcomes(pair: dict) -> str:
    return f"{pair['wins']} / {pair['ties']} / {pair['losses']}"


def _columns_of_pairs(statistics: dict) -> list[Column]:
    rope = statistics["rope"]
    return [
        Column("Pair (second minus first)", _name_pair, width=46, text=True),
        Column("Groups", "groups", "0", 12),
        Column("Datasets", "datasets", "0", 12),
        Column("Mean difference", "mean_difference", DIFFERENCE, 14),
        Column(
            "95 % interval (t, over groups)",
            lambda pair: show_interval(pair["interval"]),
            width=24,
            align=RIGHT,
        ),
        Column("Groups better / equal / worse", _outcomes, width=20, align=RIGHT),
        Column("Rank-biserial correlation", "rank_biserial", "0.00", 14),
        Column("Wilcoxon's W", "statistic", "0.0", 12),
        Column("p", "p_value", P_VALUE, 12, p_value=True),
        Column("p (Holm, in its family)", "p_holm", P_VALUE, 14, p_value=True),
        Column("Family: pairs with", lambda pair: FAMILIES[pair["family"]], width=16, text=True),
        Column("P(worse)", "p_worse", PROBABILITY, 12),
        Column(f"P(within \u00b1{rope:g})", "p_equivalent", PROBABILITY, 14),
        Column("P(better)", "p_better", PROBABILITY, 12),
        Column("Mixed model: difference", lambda pair: pair["model"]["difference"], DIFFERENCE, 14),
        Column(
            "95 % interval (mixed model)",
            lambda pair: show_interval(pair["model"]["interval"]),
            width=24,
            align=RIGHT,
        ),
        Column("p (mixed model)", lambda pair: pair["model"]["p_value"], P_VALUE, 14, p_value=True),
        Column("Correlation in a group", lambda pair: pair["model"]["correlation"], "0.00", 14),
    ]


def _columns_of_naive_pairs() -> list[Column]:
    """Columns of Wilcoxon's test with datasets for units."""
    return [
        Column("Pair (second minus first)", _name_pair, text=True),
        Column("Datasets", "datasets", "0"),
        Column("Better / equal / worse", lambda pair: _outcomes(pair["naive"]), align=RIGHT),
        Column("p (Wilcoxon)", lambda pair: pair["naive"]["p_value"], P_VALUE, p_value=True),
        Column("p (Holm, all pairs)", lambda pair: pair["naive"]["p_holm"], P_VALUE, p_value=True),
    ]


def _columns_of_matrix(title: str, methods: list[str], p_values: dict) -> list[Column]:
    """Columns of a table whose rows are the methods."""
    return [
        Column(title, lambda method: method, text=True),
        *(
            Column(
                other,
                lambda method, other=other: p_values[method].get(other),
                P_VALUE,
                16,
                p_value=True,
            )
            for other in methods
        ),
    ]


def dataset_tests(sheet: Worksheet, statistics: dict) -> None:
    """Nadeau and Bengio's corrected t-test of every pair on every dataset, or that of draws."""
    columns = [
        Column("Dataset", "dataset", width=24, text=True),
        Column("First", "a", width=24, text=True),
        Column("Second", "b", width=24, text=True),
        Column("Folds", "folds", "0", 10),
        Column("Second minus first", "difference", DIFFERENCE, 14),
        Column(
            "95 % interval", lambda test: show_interval(test["interval"]), width=26, align=RIGHT
        ),
        Column("p", "p_value", P_VALUE, 12, p_value=True),
        Column("p (Holm, in its family)", "p_holm", P_VALUE, 14, p_value=True),
        Column("Family: rows with", lambda test: FAMILIES[test["family"]], width=16, text=True),
        Column("Remark", lambda test: test.get("reason"), width=60),
    ]
    if statistics["draws"]:
        columns[4:4] = _columns_of_draws()
    set_widths(sheet, columns)
    append_table(sheet, columns, statistics["per_dataset"])
    freeze(sheet)


def _columns_of_draws() -> list[Column]:
    """Columns of what outer folds are, and of a mean difference's standard deviations by source."""

    def of_draws(test: dict, name: str) -> float | None:
        variance = test.get("draws", {}).get(name)
        return None if variance is None else variance**0.5

    return [
        Column("Folds are", lambda test: "draws" if "draws" in test else "folds", width=12),
        Column("Std by draws", lambda test: of_draws(test, "of_draws"), SCORE, 12),
        Column("Std by test examples", lambda test: of_draws(test, "of_test"), SCORE, 14),
    ]
