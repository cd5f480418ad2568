"""Tests of the differences between methods, over datasets and on each of them.

Over datasets the unit is a dataset's mean over its outer folds, and over its label budgets where it
has several; these share examples and are no independent observations. Primary are Wilcoxon's
signed-rank tests with Holm's correction: what they say of two methods does not depend on who else
is in the study, as the classic mean ranks of Friedman and Nemenyi do (Benavoli, Corani, Mangili
2016, JMLR 17).
"""

from itertools import combinations

import numpy as np
import pandas as pd
from baycomp import SignedRankTest
from scikit_posthocs import posthoc_nemenyi_friedman
from scipy import stats
from statsmodels.stats.multitest import multipletests

from self_training.errors import ScoresError

ALPHA = 0.05
ROPE = 0.01
SEED = 0  # Of bootstrap and posterior samples; statistics are the same today and tomorrow.
BOOTSTRAPS = 9999
POSTERIOR_SAMPLES = 20_000
PER_FOLD = "mean accuracy over outer folds"


def paired(scores: pd.DataFrame, metric: str = "accuracy") -> tuple[pd.DataFrame, list[str]]:
    """Return the scores that can be compared, and what had to be left out.

    On each dataset methods are compared on the folds that all of them have a score of, so that no
    mean is over easier folds than another. A method without any score of a dataset has no mean.

    Args:
        scores: one row per dataset, method and fold, which is missing where only a mean is known.
    """
    scores = scores.dropna(subset=[metric])
    notes, kept = [], []
    for dataset, rows in scores.groupby("dataset", sort=False):
        with_folds = rows.dropna(subset=["fold"])
        folds = {method: set(some["fold"]) for method, some in with_folds.groupby("method")}
        common = set.intersection(*folds.values()) if folds else set()
        dropped = sorted({fold for some in folds.values() for fold in some} - common)
        if dropped and common:
            notes.append(
                f"{dataset}: compared on {_count(len(common), 'fold')}; not every method has a "
                f"score of {_count(len(dropped), 'other')}."
            )
            rows = rows[rows["fold"].isna() | rows["fold"].isin(common)]
        elif dropped:
            notes.append(f"{dataset}: the methods share no fold, so means are over different ones.")
        kept.append(rows)
    return (pd.concat(kept) if kept else scores), notes


def means_over_folds(scores: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Return a table (datasets, methods) of means over outer folds, in the order of the scores.

    Rounded, so that the last bits of a mean do not break ties; NaN where there is no score.
    """
    table = scores.pivot_table(metric, "dataset", "method", aggfunc="mean", sort=False)
    methods, datasets = (list(dict.fromkeys(scores[name])) for name in ("method", "dataset"))
    return table.reindex(index=datasets, columns=methods).round(12)


def means_over_budgets(means: pd.DataFrame, budgets: dict[str, list[str]]) -> pd.DataFrame:
    """Return a table (datasets, methods) in which the label budgets of a dataset are one row.

    NaN where a method misses a score at one of them: means are over the same budgets.

    Args:
        means: (datasets, methods), each label budget as a dataset of its own.
        budgets: dataset -> what it is called at each of its label budgets.
    """
    dataset_of = {name: dataset for dataset, names in budgets.items() for name in names}
    units = [dataset_of.get(name, name) for name in means.index]
    groups = means.groupby(units, sort=False)
    return groups.agg(lambda column: column.mean(skipna=False)).round(12)


def budgets_by_name(datasets) -> dict[str, list[str]]:
    """Return, per dataset that occurs with several label budgets, what it is called at each.

    By its name, `DATASET@BUDGET`, as studies call it; scores from elsewhere may have such names.
    """
    found = {}
    for name in datasets:
        found.setdefault(name.partition("@")[0], []).append(name)
    return {dataset: names for dataset, names in found.items() if len(names) > 1}


def compare_methods(
    scores: pd.DataFrame,
    control: str | None = None,
    rope: float = ROPE,
    budgets: dict[str, list[str]] | None = None,
) -> dict:
    """Compare all methods of a study over datasets, and on every dataset.

    Args:
        scores: one row per dataset, method and fold, with `accuracy`; see `paired`.
        control: the method that others are compared with; the first when None.
        rope: differences of accuracy up to this are taken for practically none.
        budgets: of the study's datasets with several label budgets, handed on in the result.

    Returns: JSON-able. What cannot be computed is None beside a `reason`. `reading` says the result
        in words, `notes` what limits it.
    """
    methods = list(dict.fromkeys(scores["method"]))
    control = methods[0] if control is None else control
    if control not in methods:
        raise ScoresError(
            f"statistics.control: Expected one of {', '.join(methods)}. Received: '{control}'."
        )
    comparable, notes = paired(scores)
    means = means_over_folds(comparable).reindex(
        index=list(dict.fromkeys(scores["dataset"])), columns=methods
    )
    notes += _missing(means)
    units = budgets_by_name(means.index)
    means = means_over_budgets(means, units)
    complete = means.dropna()
    if units:
        notes.append(_one_unit(list(units)))
    result = {
        "metric": PER_FOLD,
        "methods": methods,
        "datasets": len(complete),
        "datasets_with_missing_scores": len(means) - len(complete),
        "budgets": budgets or {},
        "control": control,
        "alpha": ALPHA,
        "rope": rope,
        **_mean_ranks(complete),
    }
    pairs = [_compare_pair(means, a, b, rope) for a, b in combinations(methods, 2)]
    _correct(pairs, "p_holm")
    _correct([pair for pair in pairs if control in (pair["a"], pair["b"])], "p_holm_control")
    result["post_hoc"]["wilcoxon_holm"] = _symmetric(methods, pairs, "p_holm")
    result["post_hoc"]["wilcoxon_holm_control"] = {
        ({pair["a"], pair["b"]} - {control}).pop(): pair["p_holm_control"]
        for pair in pairs
        if control in (pair["a"], pair["b"])
    }
    result["pairs"] = pairs
    all_folds = scores.groupby("dataset")["fold"].nunique()
    result["per_dataset"] = [
        {"dataset": dataset, "a": a, "b": b} | corrected_t_test(rows, a, b, all_folds[dataset])
        for dataset, rows in comparable.groupby("dataset", sort=False)
        for a, b in combinations(methods, 2)
    ]
    _correct(result["per_dataset"], "p_holm")
    result["notes"] = notes + _limits(result)
    result["reading"] = "\n".join(_read(result, means))
    return result


def _missing(means: pd.DataFrame) -> list[str]:
    """Say which scores are missing, a sentence for all datasets that miss the same."""
    lacking = {}
    for dataset, row in means.iterrows():
        if row.isna().any():
            lacking.setdefault(", ".join(row.index[row.isna()]), []).append(dataset)
    return [
        f"No score of {methods} on {_shown(names)}. These datasets count only where two methods "
        "that have one are compared, and not in Friedman's and Nemenyi's tests."
        for methods, names in lacking.items()
    ]


def _one_unit(datasets: list[str]) -> str:
    return (
        f"Label budgets of a dataset ({_shown(datasets)}) are no independent datasets: tests over "
        "datasets take the mean over them, of the methods that have a score at each."
    )


def _shown(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _mean_ranks(means: pd.DataFrame) -> dict:
    """Return average ranks, Friedman's test in both forms, and Nemenyi's (Demsar 2006, 3.2).

    Friedman's statistic is corrected for ties; ranks: 1 is best, ties share the mean rank.
    """
    (datasets, k), methods = means.shape, list(means.columns)
    ranks = stats.rankdata(-means.to_numpy(), axis=1).mean(axis=0) if datasets else [None] * k
    nothing = {"statistic": None, "p_value": None}
    result = {
        "average_ranks": {
            method: None if rank is None else float(rank)
            for method, rank in zip(methods, ranks, strict=True)
        },
        "omnibus": {"friedman": nothing, "iman_davenport": nothing},
        "post_hoc": {"nemenyi": None},
        "critical_difference": None,
    }
    if k < 3:
        reason = f"Friedman's test needs at least 3 methods; this study has {k}."
    elif datasets < 2:
        reason = f"Friedman's test needs at least 2 complete datasets; this study has {datasets}."
    elif (means.nunique(axis=1) == 1).all():
        reason = "All methods score the same on every dataset; there is no difference to test."
    else:
        reason = None
    if reason is not None:
        result["omnibus"] = {name: nothing | {"reason": reason} for name in result["omnibus"]}
        return result
    statistic, p_value = (float(value) for value in stats.friedmanchisquare(*means.to_numpy().T))
    result["omnibus"] = {
        "friedman": {"statistic": statistic, "p_value": p_value, "degrees_of_freedom": k - 1},
        "iman_davenport": iman_davenport(statistic, datasets, k),
    }
    # Positions as labels: scikit-posthocs sorts columns by name.
    p_values = posthoc_nemenyi_friedman(means.to_numpy()).to_numpy()
    result["post_hoc"]["nemenyi"] = {
        method: {other: float(p_values[i, j]) for j, other in enumerate(methods) if other != method}
        for i, method in enumerate(methods)
    }
    result["critical_difference"] = critical_difference(k, datasets)
    return result


def iman_davenport(friedman: float, datasets: int, methods: int) -> dict:
    """Return the F-form of Friedman's statistic, which is less conservative (Demsar 2006, 3.2)."""
    first, second = methods - 1, (methods - 1) * (datasets - 1)
    degrees = {"degrees_of_freedom": [first, second]}
    rest = datasets * first - friedman
    if rest <= 1e-9 * friedman:
        reason = "Every dataset ranks the methods the same way: the statistic is infinite."
        return {"statistic": None, "p_value": 0.0, "reason": reason} | degrees
    statistic = (datasets - 1) * friedman / rest
    p_value = stats.f.sf(statistic, first, second)
    return {"statistic": float(statistic), "p_value": float(p_value)} | degrees


def critical_difference(methods: int, datasets: int, alpha: float = ALPHA) -> float:
    """Return Nemenyi's critical difference of average ranks (Demsar 2006, section 3.2.2)."""
    q = stats.studentized_range.ppf(1 - alpha, methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * datasets)))


def _compare_pair(means: pd.DataFrame, a: str, b: str, rope: float) -> dict:
    """Compare method b with method a on the datasets that both have scores of.

    Returns: the mean difference b - a and its 95 % interval (bootstrap over datasets, BCa); wins,
        ties and losses of b; Wilcoxon's signed-rank test; its effect size, the rank-biserial
        correlation (Kerby 2014: -1 when b always loses, 1 when it always wins); and the Bayesian
        signed-rank test's probabilities that b is worse, practically equivalent or better.
    """
    both = means[[a, b]].dropna()
    difference = (both[b] - both[a]).round(12).to_numpy()
    pair = {
        "a": a,
        "b": b,
        "datasets": len(difference),
        "mean_difference": float(difference.mean()) if len(difference) else None,
        "interval": mean_interval(difference),
        "wins": int((difference > 0).sum()),
        "ties": int((difference == 0).sum()),
        "losses": int((difference < 0).sum()),
        "rank_biserial": rank_biserial(difference),
        **wilcoxon(difference),
    }
    return pair | bayesian_signed_rank(difference, rope)


def mean_interval(difference: np.ndarray) -> list[float] | None:
    """Return the 95 % bootstrap interval (BCa) of a mean, or None for fewer than 3 values."""
    if len(difference) < 3:
        return None
    if np.ptp(difference) == 0:
        return [float(difference[0])] * 2
    interval = stats.bootstrap(
        (difference,),
        np.mean,
        n_resamples=BOOTSTRAPS,
        method="BCa",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return [float(interval.low), float(interval.high)]


def wilcoxon(difference: np.ndarray) -> dict:
    """Return Wilcoxon's signed-rank test, two-sided; zeros count half (Demsar 2006, 3.1.3).

    Exact for up to 50 differences, or 13 if there are ties or zeros; otherwise by the normal
    approximation.

    Returns: `statistic`, the smaller sum of ranks, and `p_value`.
    """
    nothing = {"statistic": None, "p_value": None}
    if len(difference) == 0:
        return nothing | {"reason": "No dataset has scores of both."}
    if not difference.any():
        return nothing | {"p_value": 1.0, "reason": "Both score the same on every dataset."}
    test = stats.wilcoxon(difference, zero_method="zsplit", method="auto")
    return {"statistic": float(test.statistic), "p_value": float(test.pvalue)}


def rank_biserial(difference: np.ndarray) -> float | None:
    """Return the matched-pairs rank-biserial correlation (Kerby 2014), 0 when all are equal."""
    nonzero = difference[difference != 0]
    if len(nonzero) == 0:
        return 0.0 if len(difference) else None
    ranks = stats.rankdata(np.abs(nonzero))
    return float((ranks * np.sign(nonzero)).sum() / ranks.sum())


def bayesian_signed_rank(difference: np.ndarray, rope: float) -> dict:
    """Return the probabilities that b is worse than a, equivalent within the rope, or better.

    Benavoli, Mangili, Corani, Zaffalon, Ruggeri 2014 (ICML), by baycomp.

    Args:
        difference: (datasets,) b - a, rounded; one as large as the rope counts as within it.
    """
    names = ("p_worse", "p_equivalent", "p_better")
    if len(difference) < 2:
        return dict.fromkeys(names)
    if rope == 0 and not difference.any():
        return dict(zip(names, (0.5, 0.0, 0.5), strict=True))
    # Its cost grows with the square of the datasets; the samples' error, at most 0.011, does not.
    samples = POSTERIOR_SAMPLES if len(difference) <= 200 else POSTERIOR_SAMPLES // 10
    probabilities = SignedRankTest.probs(
        np.zeros(len(difference)),
        difference,
        rope + 1e-9 if rope else 0,
        nsamples=samples,
        random_state=SEED,
    )
    if rope == 0:
        probabilities = (probabilities[0], 0.0, probabilities[1])
    return dict(zip(names, map(float, probabilities), strict=True))


def corrected_t_test(rows: pd.DataFrame, a: str, b: str, all_folds: int) -> dict:
    """Test the difference b - a on one dataset, over its outer folds (Nadeau & Bengio 2003).

    The folds' training sets overlap, so the variance of the mean is taken as
    (1/n + n_test/n_train) times that of the differences, with n - 1 degrees of freedom. Scores from
    elsewhere are taken for those of a cross-validation with all the folds of the dataset:
    n_test/n_train = 1 / (folds - 1).

    Args:
        rows: scores of a dataset on the folds that are compared.
        all_folds: the dataset's folds, those that are not compared among them.

    Returns: mean difference, its 95 % interval and the two-sided p; None with a reason where the
        folds are too few or not known.
    """
    table = rows.dropna(subset=["fold"]).pivot(index="fold", columns="method", values="accuracy")
    differences = (
        (table[b] - table[a]).dropna().round(12).to_numpy() if {a, b} <= set(table) else np.zeros(0)
    )
    folds = len(differences)
    result = {"folds": folds, "difference": None, "interval": None, "p_value": None}
    if folds < 2:
        return result | {"reason": "Needs scores of both methods on at least 2 folds."}
    ratio = _test_to_train(rows, all_folds)
    mean, variance = differences.mean(), differences.var(ddof=1)
    result["difference"] = float(mean)
    if np.ptp(differences) == 0:
        reason = "The difference is the same on every fold."
        certain = {"p_value": 1.0} if mean == 0 else {}
        return result | certain | {"interval": [float(mean)] * 2, "reason": reason}
    error = np.sqrt((1 / folds + ratio) * variance)
    half = stats.t.ppf(1 - ALPHA / 2, folds - 1) * error
    result["interval"] = [float(mean - half), float(mean + half)]
    result["p_value"] = float(2 * stats.t.sf(abs(mean) / error, folds - 1))
    return result


def _test_to_train(rows: pd.DataFrame, folds: int) -> float:
    """Return n_test / n_train of outer folds; of scores from elsewhere by their number."""
    ratio = 1 / (folds - 1)
    if {"test", "labeled", "unlabeled"} <= set(rows):
        train = rows["labeled"] + rows["unlabeled"]
        ratio = float(np.nan_to_num((rows["test"] / train).mean(), nan=ratio))
    return ratio


def fold_interval(rows: pd.DataFrame) -> float:
    """Return half the width of the 95 % interval of one method's mean over the folds of a dataset.

    With the variance of `corrected_t_test`; 0 where the folds are too few or not known.
    """
    values = rows.dropna(subset=["fold"])["accuracy"].to_numpy()
    if len(values) < 2:
        return 0.0
    error = np.sqrt((1 / len(values) + _test_to_train(rows, len(values))) * values.var(ddof=1))
    return float(stats.t.ppf(1 - ALPHA / 2, len(values) - 1) * error)


def _correct(tests: list[dict], name: str) -> None:
    """Add p values with Holm's correction over all tests that have one."""
    for test in tests:
        test[name] = None
    tested = [test for test in tests if test["p_value"] is not None]
    if tested:
        corrected = multipletests([test["p_value"] for test in tested], ALPHA, "holm")[1]
        for test, p_value in zip(tested, corrected, strict=True):
            test[name] = float(p_value)


def _symmetric(methods: list[str], pairs: list[dict], name: str) -> dict:
    table = {method: {} for method in methods}
    for pair in pairs:
        table[pair["a"]][pair["b"]] = table[pair["b"]][pair["a"]] = pair[name]
    return {method: {other: table[method][other] for other in methods if other != method}
            for method in methods}  # fmt: skip


def smallest_p(datasets: int) -> float:
    """Return the smallest p that Wilcoxon's two-sided test can give for so many differences."""
    return min(1.0, 2 / 2**datasets)


def _could_show(pair: dict, pairs: list[dict]) -> bool:
    """Return whether a pair has enough datasets to differ at ALPHA, as one of so many pairs."""
    return smallest_p(pair["datasets"]) * len(pairs) < ALPHA


def _limits(result: dict) -> list[str]:
    """Say what the number of datasets cannot show, however the scores are."""
    pairs = [pair for pair in result["pairs"] if pair["p_value"] is not None]
    notes = []
    if not pairs:
        return notes
    datasets = max(pair["datasets"] for pair in pairs)
    powerless = [pair for pair in pairs if not _could_show(pair, pairs)]
    if powerless:
        enough = next(n for n in range(1, 99) if smallest_p(n) * len(pairs) < ALPHA)
        whom = (
            "any difference"
            if len(powerless) == len(pairs)
            else "that " + _shown([f"{pair['a']} and {pair['b']} differ" for pair in powerless])
        )
        have = sorted({pair["datasets"] for pair in powerless})
        notes.append(
            f"{' or '.join(map(str, have))} dataset{'s' if have != [1] else ''}: too few for "
            f"Wilcoxon's test with Holm's correction to show {whom} at level {ALPHA}, however "
            f"large; {_count(len(pairs), 'pair')} of methods need at least {enough}. That none "
            "shows does not mean that there is none."
        )
    elif datasets < 10:
        notes.append(
            f"{datasets} datasets are few: only very regular differences can show, and that none "
            "shows does not mean that there is none."
        )
    if result["omnibus"]["friedman"]["statistic"] is not None and result["datasets"] < 10:
        notes.append(
            "Friedman's p is a rough approximation for fewer than 10 datasets (Demsar 2006); the "
            "F-form of Iman and Davenport is the better one."
        )
    return notes


def _read(result: dict, means: pd.DataFrame) -> list[str]:
    """Return two or three sentences: who is ahead, what is more than luck, the classic tests."""
    pairs = [pair for pair in result["pairs"] if pair["p_value"] is not None]
    if len(result["methods"]) < 2:
        return ["There is one method only; nothing is compared."]
    if not pairs:
        return ["No dataset has scores of two methods; nothing can be compared."]
    if all(pair["ties"] == pair["datasets"] for pair in pairs):
        compared = {name for pair in pairs for name in (pair["a"], pair["b"])}
        which = [name for name in result["methods"] if name in compared]
        who = "All methods" if len(which) == len(result["methods"]) else " and ".join(which)
        return [f"{who} score the same on every dataset; there is no difference to test."]
    reading = [_read_best(result, means), _read_pairs(pairs)]
    friedman = result["omnibus"]["friedman"]
    if friedman["statistic"] is not None:
        reading.append(_read_mean_ranks(result, friedman))
    return reading


def _read_best(result: dict, means: pd.DataFrame) -> str:
    ranks = {name: rank for name, rank in result["average_ranks"].items() if rank is not None}
    if not ranks:
        return "No dataset has scores of all methods, so they have no average ranks."
    best = [method for method, rank in ranks.items() if rank == min(ranks.values())]
    averages = means.dropna().mean()
    accuracies = ", ".join(f"{averages[method]:.4f}" for method in best)
    return (
        f"Best average rank over {_count(result['datasets'], 'dataset')}: {', '.join(best)} "
        f"({ranks[best[0]]:.2f}, where 1 would be always best; mean accuracy {accuracies})."
    )


def _read_pairs(pairs: list[dict]) -> str:
    how = f"Wilcoxon's signed-rank tests, Holm's correction for all pairs, level {ALPHA}"
    apart = sorted((pair for pair in pairs if pair["p_holm"] < ALPHA), key=lambda p: p["p_holm"])
    if apart:
        more = f"; and {len(apart) - 3} more pairs (sheet Tests)" if len(apart) > 3 else ""
        return f"More than luck ({how}): " + "; ".join(map(_read_pair, apart[:3])) + more + "."
    if not any(_could_show(pair, pairs) for pair in pairs):
        return (
            "There are too few datasets to tell by Wilcoxon's signed-rank tests whether any "
            "difference is more than luck."
        )
    least = min(pairs, key=lambda pair: pair["p_holm"])
    return (
        f"No difference between two methods was shown to be more than luck ({how}; the smallest p "
        f"is {least['p_holm']:.3g}, of {least['b']} and {least['a']})."
    )


def _read_pair(pair: dict) -> str:
    sign = 1 if pair["rank_biserial"] > 0 else -1
    winner, loser = (pair["b"], pair["a"])[::sign]
    won = pair["wins"] if sign > 0 else pair["losses"]
    difference = sign * pair["mean_difference"]
    interval = ""
    if pair["interval"]:
        low, high = sorted(sign * value for value in pair["interval"])
        interval = f", 95 % interval {low:+.4f} to {high:+.4f}"
    by = (
        f"by {difference:+.4f} accuracy on average"
        if difference > 0
        else f"though its mean accuracy is {-difference:.4f} lower, by few large losses"
    )
    return (
        f"{winner} beats {loser} on {won} of {pair['datasets']} datasets, {by}{interval} "
        f"(p = {pair['p_holm']:.3g})"
    )


def _read_mean_ranks(result: dict, friedman: dict) -> str:
    found = f"Friedman's Q = {friedman['statistic']:.2f}, p = {friedman['p_value']:.3g}"
    if friedman["p_value"] >= ALPHA:
        return f"The classic tests of mean ranks find no difference ({found})."
    nemenyi = [
        f"{a} and {b}"
        for a, b in combinations(result["methods"], 2)
        if result["post_hoc"]["nemenyi"][a][b] < ALPHA
    ]
    pairs = _shown(nemenyi) if nemenyi else "no single pair"
    return f"The classic tests of mean ranks find a difference ({found}; Nemenyi: {pairs})."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
