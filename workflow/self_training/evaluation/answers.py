"""The numbers that answer a study's question, dataset by dataset; `report.answer` has the words.

Per dataset, label budget and method with students: what it gains over its fair control and over the
baseline, what it costs, how many labels the gain is worth, and what more of something would bring.
"""

from collections.abc import Callable

import pandas as pd

from self_training.evaluation import significance, worth
from self_training.evaluation.choice import choose
from self_training.evaluation.comparison import (
    budgets_by_name,
    means_over_folds,
    of_pair,
    value_by_name,
)
from self_training.evaluation.differences import ALPHA
from self_training.study.methods import CHAIN, CONTROL, TEACHER

# What of a method's training costs: of the final chain, and of its search.
COSTS = {"steps": ("gradient_steps", "search_steps"), "time": ("training_time", "search_time")}
NOTHING_SELECTED = "nothing_selected"


def gather(
    scores: pd.DataFrame, generations: pd.DataFrame, statistics: dict, kinds: dict[str, str]
) -> dict:
    """Return all numbers of the answer, JSON-able.

    Args:
        scores, generations, statistics, kinds: as of `on_datasets`.

    Returns: `datasets`, of `on_datasets`; and `cost`, for each method with students how many times
        the training of its control, and of the baseline, its own is, over all datasets.
    """
    cost = {}
    for entry in statistics["fair"]:
        others = dict.fromkeys((entry["control"], statistics["control"]))
        cost[entry["method"]] = {
            other: costs(scores, entry["method"], other)
            for other in others
            if other not in (None, entry["method"])
        }
    return {"datasets": on_datasets(scores, generations, statistics, kinds), "cost": cost}


def on_datasets(
    scores: pd.DataFrame, generations: pd.DataFrame, statistics: dict, kinds: dict[str, str]
) -> list[dict]:
    """Return a row per method with students and dataset it has scores of, at each label budget.

    Args:
        scores: of `tables.collect_scores`, a row per fold (see `comparison.over_seeds`).
        generations: of `tables.collect_generations`.
        statistics: of `significance.Comparison`, or what `statistics.json` holds.
        kinds: of every method that may be deployed (see `study.config.kinds_of_methods`).

    Returns: JSON-able rows: `method`, `control` (None where there is none), `baseline` (the
        control of the statistics), `dataset`, `original` (without its budget), `is_largest` (of
        its budgets, by labels), `labels` and `labels_per_class` (means over folds; None where not
        known); `folds`, `repeats` and whether the folds are draws of labels (`is_draws`);
        `accuracy` of each; `over_control` and `over_baseline` (see `_difference`);
        `results`, and how many of them are `without_students`, of these `nothing_selected`, and
        `not_learned` (of method or control); `cost` (see `costs`); `worth` (see `_worth`);
        `last_step` of the control's curve and `growth` (see `evaluation.worth`), {} for none; and
        `choice` (see `_choice`), None but at the largest budget.
    """
    scores = scores.dropna(subset=["accuracy"])
    joined = budgets_by_name(dict.fromkeys(scores["dataset"]))
    others = {
        dataset: names for dataset, names in joined.items() if None not in map(value_by_name, names)
    }
    # Shares of foreign examples, and ratios of imbalance, are no curve over labels.
    curves = statistics["budgets"] or {
        dataset: names for dataset, names in joined.items() if dataset not in others
    }
    both = curves | others
    original = {name: dataset for dataset, names in both.items() for name in names}
    rows = []
    for entry in statistics["fair"]:
        own = scores[scores["method"] == entry["method"]]
        for dataset in dict.fromkeys(own["dataset"]):
            of_dataset = scores[scores["dataset"] == dataset]
            row = {
                "method": entry["method"],
                "control": entry["control"],
                "baseline": statistics["control"],
                "dataset": dataset,
                "original": original.get(dataset, dataset),
                **_compare(of_dataset, statistics, entry),
                **_flaws(of_dataset, entry),
            }
            budgets = curves.get(row["original"], [dataset]) if "labeled" in scores else [dataset]
            points = worth.curve(scores, budgets, entry["method"]) if len(budgets) > 1 else []
            row["budgets"] = [point.dataset for point in points]
            row["is_largest"] = not points or points[-1].dataset == dataset
            row["worth"] = _worth(scores, row)
            row["choice"] = _choice(scores, statistics, row, kinds) if row["is_largest"] else None
            rows.append(row)
    # Dataset by dataset, methods in their order.
    order = list(dict.fromkeys(scores["dataset"]))
    rows.sort(key=lambda row: order.index(row["dataset"]))
    _add_tests(
        rows,
        "last_step",
        ("original", "control"),
        lambda row: worth.last_step(scores, row["budgets"], row["control"]),
    )
    _add_tests(
        rows,
        "growth",
        ("dataset", "method"),
        lambda row: worth.growth(generations, scores, row["dataset"], row["method"]),
    )
    return rows


def _add_tests(
    rows: list[dict], name: str, keys: tuple[str, str], test: Callable[[dict], dict]
) -> None:
    """Give every row a test, corrected by Holm over all of its name, that rows of the same keys
    share."""
    found: dict[tuple, dict] = {}
    for row in rows:
        key = tuple(row[part] for part in keys)
        if key not in found:
            found[key] = test(row)
        row[name] = found[key]
    significance.correct([test for test in found.values() if test])


def _compare(rows: pd.DataFrame, statistics: dict, entry: dict) -> dict:
    """Return how a method stands on a dataset: labels, accuracies, differences and costs.

    Args:
        rows: scores of a dataset.
        entry: of `fair` of the statistics.
    """
    method, others = entry["method"], (entry["control"], statistics["control"])
    over = [_difference(rows, statistics, method, other) for other in others]
    means = rows.groupby("method")["accuracy"].mean()
    labels = _mean(rows, "labeled")
    classes = _mean(rows, "classes")
    folds = int(rows["fold"].nunique())
    repeats = int(rows["repeat"].nunique()) if _is_known(rows, "repeat") else 1
    return {
        "folds": folds,
        "is_draws": statistics["draws"].get(rows["dataset"].iloc[0]) is not None,
        "repeats": repeats,
        "labels": labels,
        "labels_per_class": labels / classes if labels and classes else None,
        "accuracy": {
            name: float(means[name])
            for name in dict.fromkeys((method, *others))
            if name is not None and name in means
        },
        "over_control": over[0],
        "over_baseline": over[1] if statistics["control"] not in entry.values() else {},
        "cost": {
            other: costs(rows, method, other) for other in others if other not in (None, method)
        },
    }


def _difference(rows: pd.DataFrame, statistics: dict, method: str, other: str | None) -> dict:
    """Return the dataset's test of method minus other, and their mean `difference` where nothing is
    tested; {} where one of them has no score."""
    if other is None or other == method:
        return {}
    means = means_over_folds(of_pair(rows, other, method)).reindex(columns=[method, other])
    if means.dropna().empty:
        return {}
    test = significance.on_dataset(statistics, rows["dataset"].iloc[0], method, other)
    names = ("difference", "interval", "p_value", "p_holm", "folds", "reason", "draws")
    found = {name: test[name] for name in names if test.get(name) is not None}
    return {"difference": float((means[method] - means[other]).iloc[0])} | found


def _flaws(rows: pd.DataFrame, entry: dict) -> dict[str, int]:
    """Count the results that are no students', or of networks that did not learn."""
    own = rows[rows["method"] == entry["method"]]
    pair = rows[rows["method"].isin((entry["method"], entry["control"]))]
    found = {"results": len(own), "without_students": 0, "nothing_selected": 0, "not_learned": 0}
    if _is_known(own, "generations_trained"):
        without = own[own["generations_trained"] == 0]
        found["without_students"] = len(without)
        selected = without["termination_condition"] != NOTHING_SELECTED
        found["nothing_selected"] = int((~selected).sum())
    if "not_learned" in pair:
        found["not_learned"] = int((pair["not_learned"].fillna("") != "").sum())
    return found


def costs(rows: pd.DataFrame, method: str, other: str) -> dict[str, float]:
    """Return how many times another method's training a method's is, with the search of each.

    Args:
        rows: scores; their sums are compared, over the datasets and folds that both have.

    Returns: `steps` and `time`, those that are known of both.
    """
    rows = of_pair(rows, method, other)
    found = {}
    for name, parts in COSTS.items():
        if not _is_known(rows, parts[0]):
            continue
        known = [part for part in parts if part in rows]
        amounts = rows[known].fillna(0).sum(axis=1).groupby(rows["method"]).sum()
        if amounts.get(other) and method in amounts:
            found[name] = float(amounts[method] / amounts[other])
    return found


def _worth(scores: pd.DataFrame, row: dict) -> dict | None:
    """Return with how many labels the fair control is as good as the method is at its budget.

    Returns: `labels`, and `low` and `high` by the ends of the gain's 95 % interval; None in place
        of more than the largest budget, which is `largest`. None where there is no curve, or no
        gain to speak of: its interval begins at 0 or below.
    """
    gain = row["over_control"]
    if not row["budgets"] or not gain.get("interval") or gain["interval"][0] <= 0:
        return None
    points = worth.curve(scores, row["budgets"], row["control"])
    ends = dict(zip(("low", "high"), gain["interval"], strict=True))
    found = {
        name: worth.labels_for(points, row["dataset"], value)
        for name, value in ({"labels": gain["difference"]} | ends).items()
    }
    known = {name: value if value < float("inf") else None for name, value in found.items()}
    return known | {"largest": points[-1].labels}


def _choice(
    scores: pd.DataFrame, statistics: dict, row: dict, kinds: dict[str, str]
) -> dict | None:
    """Return what is best to be trained on a dataset, by the rule of `deploy: auto`.

    Returns: `method`, its `kind`, how much its mean accuracy is `ahead` of the row's own, whether
        the row's own method `may_be_deployed`, and `by_deploy`, whether `deploy: auto` chooses
        among these methods: not of scores from elsewhere. None where the baseline has no score.
    """
    by_deploy = row["method"] in kinds
    if not by_deploy:
        kinds = {statistics["control"]: TEACHER}
        kinds |= {entry["control"]: CONTROL for entry in statistics["fair"] if entry["control"]}
        kinds |= {entry["method"]: CHAIN for entry in statistics["fair"]}
    found = choose(scores, statistics, row["dataset"], kinds)
    if found is None:
        return None
    return {
        "method": found.method,
        "kind": kinds[found.method],
        "ahead": found.means[found.method] - found.means[row["method"]],
        "may_be_deployed": row["method"] in found.helping,
        "by_deploy": by_deploy,
    }


def is_gain(test: dict) -> bool:
    """Return whether a test's difference is above 0, by its corrected p; {} is none."""
    known = test.get("p_holm") is not None
    return known and test["p_holm"] < ALPHA and test["difference"] > 0


def _is_known(rows: pd.DataFrame, name: str) -> bool:
    return name in rows and bool(rows[name].notna().any())


def _mean(rows: pd.DataFrame, name: str) -> float | None:
    return float(rows[name].mean()) if _is_known(rows, name) else None
