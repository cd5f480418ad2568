"""Tests of the differences between methods, over datasets and on each of them: numbers alone.

The unit is a group of datasets that are made from one source, with its mean over these, over their
label budgets and outer folds: what shares examples is no independent observation. Primary are
Wilcoxon's signed-rank tests with Holm's correction: what they say of two methods does not depend on
who else is in the study, as mean ranks do (Benavoli, Corani, Mangili 2016, JMLR 17).

Every comparison belongs to one family that Holm's correction is over, so it has one corrected p:
methods with their fair controls, which answer the question of a study; then those with the control
that the config names; then all others.
"""

import gc
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from self_training.errors import ScoresError
from self_training.evaluation import draws
from self_training.evaluation.comparison import (
    Reason,
    UnsharedFolds,
    budgets_by_name,
    means_over_budgets,
    means_over_folds,
    means_over_groups,
    of_pair,
    paired,
    without_students,
)
from self_training.evaluation.differences import (
    ALPHA,
    bayesian_signed_rank,
    corrected_t_test,
    mean_interval,
    outer_folds_of,
    rank_biserial,
    wilcoxon,
)
from self_training.evaluation.hierarchical import mixed_model
from self_training.evaluation.omnibus import compare_all

ROPE = 0.01
# Of a method without students against its fair control, over folds: a difference, and no test.
NOT_OF_STUDENTS = {"folds": 0, "interval": None, "p_value": None, "reason": Reason.NO_STUDENTS}
FAIR, WITH_CONTROL, OTHERS = "fair", "control", "others"


class Comparison(NamedTuple):
    """What comes out of comparing methods.

    Attributes:
        statistics: all tests, JSON-able. What cannot be computed is None beside a `reason`, a code
            of `Reason`.
        means: (datasets, methods) the mean accuracies of the tests of all methods at once, with the
            label budgets of a dataset as one row.
        unshared: the datasets of which not every method has a score of every fold.
        missing: methods without a score -> the datasets, each label budget by itself, on which it
            is these that have none.
        joined: dataset -> what it is called at each of its label budgets, if it has several.
    """

    statistics: dict
    means: pd.DataFrame
    unshared: list[UnsharedFolds]
    missing: dict[tuple[str, ...], list[str]]
    joined: dict[str, list[str]]


def compare_methods(
    scores: pd.DataFrame,
    control: str | None = None,
    rope: float = ROPE,
    budgets: dict[str, list[str]] | None = None,
    groups: dict[str, str] | None = None,
    fair: dict[str, str | None] | None = None,
    repeats: int = 1,
    out_of_class: dict[str, dict[str, float]] | None = None,
    imbalance: dict[str, dict[str, float]] | None = None,
    consistency: list[str] | None = None,
) -> Comparison:
    """Compare all methods of a study over groups of datasets, and on every dataset.

    Args:
        scores: one row per dataset, method and fold, with `accuracy`; see `of_pair`, and where
            folds have several training seeds `over_seeds`.
        control: the method that others are compared with; the first when None.
        rope: differences of accuracy up to this are taken for practically none.
        budgets: of the study's datasets with several label budgets, handed on in the result.
        groups: dataset -> its group; a dataset that is not there is a group by itself.
        fair: method with students -> its fair control (see `study.fair_controls`), or None where it
            has none.
        repeats: of the outer cross-validation, of all scores; their folds are numbered on.
        out_of_class: of the study's datasets with several shares of foreign examples, what each is
            called and its share; handed on in the result where there are some.
        imbalance: so of those with several ratios of unequal classes.
        consistency: methods of consistency training; handed on in the result where there are some.

    Returns: among the statistics `fair`, for each of these methods its comparison with its fair
        control (method minus control), the datasets `without_students`, which are no part of it,
        and whether it `took_place` anywhere; and `pairs`, all of them.
    Raises: ScoresError, when there is no method of the name of the control.
    """
    groups, fair = groups or {}, fair or {}
    methods = list(dict.fromkeys(scores["method"]))
    named, control = control, methods[0] if control is None else control
    if control not in methods:
        raise ScoresError(
            f"statistics.control: Expected one of {', '.join(methods)}. Received: '{control}'."
        )
    comparable, unshared = paired(scores)
    each = means_over_folds(comparable).reindex(
        index=list(dict.fromkeys(scores["dataset"])), columns=methods
    )
    joined = budgets_by_name(each.index)
    means = means_over_budgets(each, joined)
    complete = means.dropna()
    per_group = means_over_groups(means, groups)
    families = {
        frozenset(pair): family
        for family, some in (
            (WITH_CONTROL, [(named, other) for other in methods if named not in (None, other)]),
            (FAIR, [pair for pair in fair.items() if None not in pair]),
        )
        for pair in some
    }
    # Against its fair control a method counts where it has students; others are its teachers.
    no_students = {method: without_students(scores, method) for method in fair}
    left_out = {
        frozenset((method, control)): no_students[method]
        for method, control in fair.items()
        if control is not None
    }
    pairs = [
        {"a": a, "b": b, "family": families.get(frozenset((a, b)), OTHERS)}
        | _compare_pair(
            scores[~scores["dataset"].isin(left_out.get(frozenset((a, b)), []))], a, b, rope, groups
        )
        for a, b in combinations(methods, 2)
    ]
    correct_families(pairs)
    correct([pair["naive"] for pair in pairs])
    all_folds = scores.groupby("dataset")["fold"].nunique()
    per_dataset = [
        {"dataset": dataset, "a": a, "b": b, "family": families.get(frozenset((a, b)), OTHERS)}
        | corrected_t_test(rows, a, b, outer_folds_of(all_folds[dataset], repeats))
        | (NOT_OF_STUDENTS if dataset in left_out.get(frozenset((a, b)), []) else {})
        for dataset, rows in scores.groupby("dataset", sort=False)
        for a, b in combinations(methods, 2)
    ]
    correct_families(per_dataset)
    tests_of_all = compare_all(complete)
    tests_of_all["post_hoc"]["wilcoxon_holm"] = _symmetric(methods, pairs)
    statistics = {
        "metric": "accuracy",
        "methods": methods,
        "datasets": len(complete),
        "datasets_with_missing_scores": len(means) - len(complete),
        "repeats": repeats,
        "draws": draws.describe(scores),
        "groups": {dataset: groups.get(dataset, dataset) for dataset in means.index},
        "budgets": budgets or {},
        **({"out_of_class": out_of_class} if out_of_class else {}),
        **({"imbalance": imbalance} if imbalance else {}),
        **({"consistency": consistency} if consistency else {}),
        "control": control,
        "alpha": ALPHA,
        "rope": rope,
        "fair": [
            _against_fair(pairs, *item) | _of_students(scores, item[0], no_students[item[0]])
            for item in fair.items()
        ],
        "mean_accuracies": {
            method: float(per_group[method].mean()) if len(per_group) else None
            for method in methods
        },
        **tests_of_all,
        "pairs": pairs,
        "per_dataset": per_dataset,
    }
    return Comparison(statistics, means, unshared, _missing(each), joined)


def _missing(means: pd.DataFrame) -> dict[tuple[str, ...], list[str]]:
    """Return the datasets on which scores are missing, by the methods that have none there."""
    lacking: dict[tuple[str, ...], list[str]] = {}
    for dataset, row in means.iterrows():
        if row.isna().any():
            lacking.setdefault(tuple(row.index[row.isna()]), []).append(dataset)
    return lacking


def _compare_pair(
    scores: pd.DataFrame, a: str, b: str, rope: float, groups: dict[str, str]
) -> dict:
    """Compare method b with method a on the folds and datasets that both have scores of.

    Returns: how many `groups` and `datasets`; the mean difference b - a over groups and its 95 %
        t interval; `wins`, `ties` and `losses` of b over groups; Wilcoxon's signed-rank test and
        its effect size, the rank-biserial correlation (Kerby 2014: -1 when b always loses, 1 when
        it always wins); the Bayesian signed-rank test's probabilities that b is worse, practically
        equivalent or better; `model`, of `mixed_model`; and `naive`, outcomes and Wilcoxon's test
        with datasets for units.
    """
    both = means_over_folds(of_pair(scores, a, b)).reindex(columns=[a, b])
    both = means_over_budgets(both, budgets_by_name(both.index)).dropna()
    of_datasets = (both[b] - both[a]).round(12)
    names = [groups.get(dataset, dataset) for dataset in both.index]
    difference = of_datasets.groupby(names, sort=False).mean().round(12).to_numpy()
    on_datasets = of_datasets.to_numpy()
    return {
        "groups": len(difference),
        "datasets": len(on_datasets),
        "mean_difference": float(difference.mean()) if len(difference) else None,
        "interval": mean_interval(difference),
        **_outcomes(difference),
        "rank_biserial": rank_biserial(difference),
        **wilcoxon(difference),
        **bayesian_signed_rank(difference, rope),
        "model": mixed_model(on_datasets, names),
        "naive": _outcomes(on_datasets) | {"p_value": wilcoxon(on_datasets)["p_value"]},
    }


def _outcomes(difference: np.ndarray) -> dict[str, int]:
    signs = {"wins": difference > 0, "ties": difference == 0, "losses": difference < 0}
    return {name: int(some.sum()) for name, some in signs.items()}


def _against_fair(pairs: list[dict], method: str, control: str | None) -> dict:
    """Return a method's comparison with its fair control, the numbers of method minus control."""
    named = {"method": method, "control": control}
    if control is None:
        return named | {"reason": Reason.NO_FAIR_CONTROL}
    pair = next((pair for pair in pairs if {pair["a"], pair["b"]} == {method, control}), None)
    if pair is None:
        return named | {"reason": Reason.NO_COMMON_DATASET}
    turned = pair if pair["b"] == method else turn(pair)
    return named | {key: value for key, value in turned.items() if key not in ("a", "b")}


def _of_students(scores: pd.DataFrame, method: str, without: list[str]) -> dict:
    """Return on which datasets a method has no students, and whether it has any: it `took_place`.

    A method without any score is not one without students.
    """
    own = set(scores.loc[scores["method"] == method, "dataset"])
    took_place = not own or own > set(without)
    found = {"without_students": without, "took_place": took_place}
    return found if took_place else found | {"reason": Reason.NO_STUDENTS}


def turn(pair: dict) -> dict:
    """Return a pair's numbers the other way round: a - b in place of b - a."""
    turned = dict(pair)
    for one, other in (("a", "b"), ("wins", "losses"), ("p_better", "p_worse")):
        if one in pair:
            turned |= {one: pair[other], other: pair[one]}
    for name in ("difference", "mean_difference", "rank_biserial"):
        if pair.get(name) is not None:
            # + 0.0, since there is no use for a zero below zero.
            turned[name] = -pair[name] + 0.0
    if pair.get("interval") is not None:
        turned["interval"] = [-value + 0.0 for value in reversed(pair["interval"])]
    return turned | {name: turn(pair[name]) for name in ("model", "naive") if name in pair}


def on_dataset(statistics: dict, dataset: str, method: str, other: str) -> dict:
    """Return the test of one dataset of `per_dataset`, as method minus other; {} if there is none.

    Args:
        statistics: of `Comparison`, or what `statistics.json` holds.
        dataset: its name; with several label budgets, that at one of them.
    """
    for test in statistics["per_dataset"]:
        if test["dataset"] == dataset and {test["a"], test["b"]} == {method, other}:
            return test if test["b"] == method else turn(test)
    return {}


def correct_families(tests: list[dict]) -> None:
    """Add `p_holm` to tests that have a `family`: p with Holm's correction over its tests."""
    for family in dict.fromkeys(test["family"] for test in tests):
        correct([test for test in tests if test["family"] == family])


def correct(tests: list[dict]) -> None:
    """Add `p_holm` to tests: p with Holm's correction over all that count (`counts`)."""
    for test in tests:
        test["p_holm"] = None
    tested = [test for test in tests if counts(test)]
    if tested:
        p_values = [1.0 if test["p_value"] is None else test["p_value"] for test in tested]
        corrected = _holm(p_values)
        for test, p_value in zip(tested, corrected, strict=True):
            test["p_holm"] = None if test["p_value"] is None else float(p_value)


def _holm(p_values: list[float]) -> np.ndarray:
    """Return p with Holm's correction, as statsmodels has it.

    That looks for garbage in the whole process first, which takes a thousand times longer than the
    correction; what is frozen meanwhile is not looked through.
    """
    gc.freeze()
    try:
        return multipletests(p_values, ALPHA, "holm")[1]
    finally:
        gc.unfreeze()


def counts(test: dict) -> bool:
    """Return whether Holm's correction is over a test, among others.

    One over several folds that came out without a p, as all of them differ alike, was a comparison
    too: were it left out, the others would be corrected for fewer because of how scores came out.
    """
    return test["p_value"] is not None or test.get("folds", 0) > 1


def _symmetric(methods: list[str], pairs: list[dict]) -> dict:
    table: dict[str, dict] = {method: {} for method in methods}
    for pair in pairs:
        table[pair["a"]][pair["b"]] = table[pair["b"]][pair["a"]] = pair["p_holm"]
    return {method: {other: table[method][other] for other in methods if other != method}
            for method in methods}  # fmt: skip
