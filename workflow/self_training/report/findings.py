"""What the tests of the differences between methods found, and what limits it, in sentences."""

from itertools import combinations

import pandas as pd

from self_training.evaluation.comparison import Reason, UnsharedFolds
from self_training.evaluation.differences import ALPHA, could_show
from self_training.evaluation.significance import Comparison
from self_training.report.words import count, shorten

# Why there is no statistic or no p. `methods` and `datasets` are how many of them were tested.
REASONS = {
    Reason.TOO_FEW_METHODS: "Friedman's test needs at least 3 methods; this study has {methods}.",
    Reason.TOO_FEW_DATASETS: (
        "Friedman's test needs at least 2 complete datasets; this study has {datasets}."
    ),
    Reason.ALL_METHODS_EQUAL: (
        "All methods score the same on every dataset; there is no difference to test."
    ),
    Reason.ONE_ORDER: ("Every dataset ranks the methods the same way: the statistic is infinite."),
    Reason.NO_COMMON_DATASET: "No dataset has scores of both.",
    Reason.BOTH_EQUAL: "Both score the same on every dataset.",
    Reason.TOO_FEW_FOLDS: "Needs scores of both methods on at least 2 folds.",
    Reason.ONE_DIFFERENCE: "The difference is the same on every fold.",
}


def describe(comparison: Comparison) -> dict:
    """Return the statistics of a comparison with words: what `statistics.json` holds.

    Returns: the statistics, JSON-able, in which every `reason` is a sentence; with `notes`, which
        say what limits them, and `reading`, the result in two or three sentences.
    """
    statistics = comparison.statistics
    sizes = {"methods": len(statistics["methods"]), "datasets": statistics["datasets"]}
    return statistics | {
        "metric": f"mean {statistics['metric']} over outer folds",
        "omnibus": {
            name: _with_reason(test, sizes) for name, test in statistics["omnibus"].items()
        },
        "pairs": [_with_reason(pair, sizes) for pair in statistics["pairs"]],
        "per_dataset": [_with_reason(test, sizes) for test in statistics["per_dataset"]],
        "notes": notes(comparison),
        "reading": "\n".join(reading(comparison)),
    }


def _with_reason(test: dict, sizes: dict[str, int]) -> dict:
    if "reason" not in test:
        return test
    return test | {"reason": REASONS[test["reason"]].format(**sizes)}


def notes(comparison: Comparison) -> list[str]:
    """Return a sentence for everything that limits what the tests can say."""
    found = [_unshared(unshared) for unshared in comparison.unshared]
    found += [_missing(methods, datasets) for methods, datasets in comparison.missing.items()]
    if comparison.joined:
        found.append(
            f"Label budgets of a dataset ({shorten(list(comparison.joined))}) are no independent "
            "datasets: tests over datasets take the mean over them, of the methods that have a "
            "score at each."
        )
    return found + _limits(comparison.statistics)


def _unshared(folds: UnsharedFolds) -> str:
    if not folds.shared:
        return f"{folds.dataset}: the methods share no fold, so means are over different ones."
    return (
        f"{folds.dataset}: compared on {count(folds.shared, 'fold')}; not every method has a "
        f"score of {count(folds.others, 'other')}."
    )


def _missing(methods: tuple[str, ...], datasets: list[str]) -> str:
    return (
        f"No score of {', '.join(methods)} on {shorten(datasets)}. These datasets count only where "
        "two methods that have one are compared, and not in Friedman's and Nemenyi's tests."
    )


def _limits(statistics: dict) -> list[str]:
    """Say what the number of datasets cannot show, however the scores are."""
    pairs = [pair for pair in statistics["pairs"] if pair["p_value"] is not None]
    if not pairs:
        return []
    notes = []
    datasets = max(pair["datasets"] for pair in pairs)
    powerless = [pair for pair in pairs if not could_show(pair["datasets"], len(pairs))]
    if powerless:
        enough = next(n for n in range(1, 99) if could_show(n, len(pairs)))
        whom = (
            "any difference"
            if len(powerless) == len(pairs)
            else "that " + shorten([f"{pair['a']} and {pair['b']} differ" for pair in powerless])
        )
        have = sorted({pair["datasets"] for pair in powerless})
        notes.append(
            f"{' or '.join(map(str, have))} dataset{'s' if have != [1] else ''}: too few for "
            f"Wilcoxon's test with Holm's correction to show {whom} at level {ALPHA}, however "
            f"large; {count(len(pairs), 'pair')} of methods need at least {enough}. That none "
            "shows does not mean that there is none."
        )
    elif datasets < 10:
        notes.append(
            f"{datasets} datasets are few: only very regular differences can show, and that none "
            "shows does not mean that there is none."
        )
    if statistics["omnibus"]["friedman"]["statistic"] is not None and statistics["datasets"] < 10:
        notes.append(
            "Friedman's p is a rough approximation for fewer than 10 datasets (Demsar 2006); the "
            "F-form of Iman and Davenport is the better one."
        )
    return notes


def reading(comparison: Comparison) -> list[str]:
    """Return two or three sentences: who is ahead, what is more than luck, the classic tests."""
    statistics = comparison.statistics
    pairs = [pair for pair in statistics["pairs"] if pair["p_value"] is not None]
    if len(statistics["methods"]) < 2:
        return ["There is one method only; nothing is compared."]
    if not pairs:
        return ["No dataset has scores of two methods; nothing can be compared."]
    if all(pair["ties"] == pair["datasets"] for pair in pairs):
        compared = {name for pair in pairs for name in (pair["a"], pair["b"])}
        which = [name for name in statistics["methods"] if name in compared]
        who = "All methods" if len(which) == len(statistics["methods"]) else " and ".join(which)
        return [f"{who} score the same on every dataset; there is no difference to test."]
    sentences = [_best(statistics, comparison.means), _differences(pairs)]
    if statistics["omnibus"]["friedman"]["statistic"] is not None:
        sentences.append(_mean_ranks(statistics))
    return sentences


def _best(statistics: dict, means: pd.DataFrame) -> str:
    ranks = {name: rank for name, rank in statistics["average_ranks"].items() if rank is not None}
    if not ranks:
        return "No dataset has scores of all methods, so they have no average ranks."
    best = [method for method, rank in ranks.items() if rank == min(ranks.values())]
    averages = means.dropna().mean()
    accuracies = ", ".join(f"{averages[method]:.4f}" for method in best)
    return (
        f"Best average rank over {count(statistics['datasets'], 'dataset')}: {', '.join(best)} "
        f"({ranks[best[0]]:.2f}, where 1 would be always best; mean accuracy {accuracies})."
    )


def _differences(pairs: list[dict]) -> str:
    how = f"Wilcoxon's signed-rank tests, Holm's correction for all pairs, level {ALPHA}"
    apart = sorted((pair for pair in pairs if pair["p_holm"] < ALPHA), key=lambda p: p["p_holm"])
    if apart:
        more = f"; and {len(apart) - 3} more pairs (sheet Tests)" if len(apart) > 3 else ""
        return f"More than luck ({how}): " + "; ".join(map(_difference, apart[:3])) + more + "."
    if not any(could_show(pair["datasets"], len(pairs)) for pair in pairs):
        return (
            "There are too few datasets to tell by Wilcoxon's signed-rank tests whether any "
            "difference is more than luck."
        )
    least = min(pairs, key=lambda pair: pair["p_holm"])
    return (
        f"No difference between two methods was shown to be more than luck ({how}; the smallest p "
        f"is {least['p_holm']:.3g}, of {least['b']} and {least['a']})."
    )


def _difference(pair: dict) -> str:
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


def _mean_ranks(statistics: dict) -> str:
    friedman = statistics["omnibus"]["friedman"]
    found = f"Friedman's Q = {friedman['statistic']:.2f}, p = {friedman['p_value']:.3g}"
    if friedman["p_value"] >= ALPHA:
        return f"The classic tests of mean ranks find no difference ({found})."
    nemenyi = [
        f"{a} and {b}"
        for a, b in combinations(statistics["methods"], 2)
        if statistics["post_hoc"]["nemenyi"][a][b] < ALPHA
    ]
    pairs = shorten(nemenyi) if nemenyi else "no single pair"
    return f"The classic tests of mean ranks find a difference ({found}; Nemenyi: {pairs})."
