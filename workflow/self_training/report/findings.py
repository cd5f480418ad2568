"""What the tests of the differences between methods found, and what limits it, in sentences."""

from itertools import combinations

from self_training.evaluation.comparison import Reason, UnsharedFolds
from self_training.evaluation.differences import ALPHA, could_show
from self_training.evaluation.judging import size_of_family
from self_training.evaluation.significance import FAIR, Comparison
from self_training.report import axes, findings_of_draws, verdicts
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
    Reason.ONE_ORDER: (
        "Every dataset ranks the methods the same way: the statistic is infinite, and its p would "
        "be 0 however few datasets there are."
    ),
    Reason.NO_COMMON_DATASET: "No dataset has scores of both.",
    Reason.BOTH_EQUAL: "Both score the same on every dataset.",
    Reason.TOO_FEW_FOLDS: "Needs scores of both methods on at least 2 {units}.",
    Reason.ONE_DIFFERENCE: "The difference is the same on every {unit}.",
    Reason.NO_TEST_EXAMPLES: (
        "Draws of labels share a test set, and a score of one of them does not say which test "
        "examples are right."
    ),
    Reason.NO_FAIR_CONTROL: "The study has no fair control of it.",
    Reason.NO_STUDENTS: "No student was trained: these are scores of teachers.",
}


def describe(comparison: Comparison) -> dict:
    """Return the statistics of a comparison with words: what `statistics.json` holds.

    Returns: the statistics, JSON-able, in which every `reason` is a sentence; with `notes`, which
        say what limits them, and `reading`, the result in a few sentences, one a line.
    """
    statistics = comparison.statistics
    sizes = {"methods": len(statistics["methods"]), "datasets": statistics["datasets"]}
    return statistics | {
        "metric": f"mean {statistics['metric']} over outer folds",
        "omnibus": {
            name: _with_reason(test, sizes) for name, test in statistics["omnibus"].items()
        },
        "fair": [_with_reason(entry, sizes) for entry in statistics["fair"]],
        "pairs": [_with_reason(pair, sizes) for pair in statistics["pairs"]],
        "per_dataset": [_with_reason(test, sizes) for test in statistics["per_dataset"]],
        "notes": notes(comparison),
        "reading": "\n".join(reading(comparison)),
    }


def _with_reason(test: dict, sizes: dict[str, int]) -> dict:
    if "reason" not in test:
        return test
    is_draws = "draws" in test
    words = {
        "unit": findings_of_draws.unit(is_draws),
        "units": findings_of_draws.units(is_draws),
    }
    return test | {"reason": REASONS[test["reason"]].format(**sizes, **words)}


def notes(comparison: Comparison) -> list[str]:
    """Return a sentence for everything that limits what the tests can say."""
    found = [_unshared(unshared) for unshared in comparison.unshared]
    found += [_missing(methods, datasets) for methods, datasets in comparison.missing.items()]
    found += _without_students(comparison.statistics)
    found += _groups(comparison.statistics)
    if comparison.joined:
        found.append(
            f"{axes.of(_names(comparison)).capitalize()} of a dataset "
            f"({shorten(list(comparison.joined))}) are no independent datasets: tests over "
            "datasets take the mean over them, of the methods that have a score at each."
        )
    return found + _limits(comparison.statistics)


def _names(comparison: Comparison) -> list[str]:
    return [name for names in comparison.joined.values() for name in names]


def _unshared(folds: UnsharedFolds) -> str:
    if not folds.shared:
        return (
            f"{folds.dataset}: the methods share no fold, so means are over different ones. Two of "
            "them are compared where they share some."
        )
    return (
        f"{folds.dataset}: all methods share {count(folds.shared, 'fold')}, and not every one has "
        f"a score of {count(folds.others, 'other')}. Two methods are compared on all folds that "
        "both have; means of all of them, and their ranks, are of the shared ones."
    )


def _without_students(statistics: dict) -> list[str]:
    """Say where a method is not compared with its fair control, as it has no students there."""
    return [
        f"{entry['method']}: no {unit} trained a student on {shorten(entry['without_students'])}. "
        f"There it is not compared with its fair control{f' {control}' if control else ''}."
        for entry in statistics["fair"]
        if entry["without_students"]
        for control in [entry["control"]]
        for unit in [findings_of_draws.unit_of(entry["without_students"], statistics)]
    ]


def _groups(statistics: dict) -> list[str]:
    """Say that what is made from one source counts once, if anything is."""
    members: dict[str, list[str]] = {}
    for dataset, group in statistics["groups"].items():
        members.setdefault(group, []).append(dataset)
    several = [f"{group} ({len(some)})" for group, some in members.items() if len(some) > 1]
    if not several:
        return []
    return [
        f"The {len(statistics['groups'])} datasets are {count(len(members), 'group')}: those made "
        f"from one source ({shorten(several)}) are no independent observations. Tests count a "
        "group once, with its mean. Friedman's and Nemenyi's tests, and what is marked so, count "
        "datasets as independent, as the study of 2021 did, and find too much."
    ]


def _missing(methods: tuple[str, ...], datasets: list[str]) -> str:
    return (
        f"No score of {', '.join(methods)} on {shorten(datasets)}. These datasets count only where "
        "two methods that have one are compared, and not in Friedman's and Nemenyi's tests."
    )


def _limits(statistics: dict) -> list[str]:
    """Say what the number of groups cannot show, however the scores are."""
    pairs = [pair for pair in statistics["pairs"] if pair["p_value"] is not None]
    if not pairs:
        return []
    notes = []
    families = {pair["family"] for pair in pairs}
    sizes = {family: size_of_family(statistics, family) for family in families}
    units = max(pair["groups"] for pair in pairs)
    powerless = [pair for pair in pairs if not could_show(pair["groups"], sizes[pair["family"]])]
    if powerless:
        largest = max(sizes[pair["family"]] for pair in powerless)
        enough = next(n for n in range(1, 99) if could_show(n, largest))
        whom = (
            "any difference"
            if len(powerless) == len(pairs)
            else "that " + shorten([f"{pair['a']} and {pair['b']} differ" for pair in powerless])
        )
        have = sorted({pair["groups"] for pair in powerless})
        notes.append(
            f"{' or '.join(map(str, have))} {unit_of(pairs, one=have == [1])}: too few for "
            f"Wilcoxon's test with Holm's correction to show {whom} at level {ALPHA}, however "
            f"large; {count(largest, 'pair')} of methods need at least {enough}. That none shows "
            "does not mean that there is none."
        )
    elif units < 10:
        notes.append(
            f"{units} {unit_of(pairs)} are few: only very regular differences can show, and that "
            "none shows does not mean that there is none."
        )
    if statistics["omnibus"]["friedman"]["statistic"] is not None and statistics["datasets"] < 10:
        notes.append(
            "For fewer than 10 datasets the chi-squared and F distributions are rough for "
            "Friedman's test (Demsar 2006); its p by permutation is the one to read."
        )
    return notes


def unit_of(pairs: list[dict], one: bool = False) -> str:
    """Return what the tests of pairs count, in the plural unless it is one."""
    alone = all(pair["groups"] == pair["datasets"] for pair in pairs)
    if one:
        return "dataset" if alone else "group of datasets"
    return "datasets" if alone else "groups of datasets"


def reading(comparison: Comparison) -> list[str]:
    """Return the result, a sentence a line: first, does self-training help; then who is ahead, what
    else is more than luck, and the classic tests."""
    statistics = comparison.statistics
    pairs = [pair for pair in statistics["pairs"] if pair["p_value"] is not None]
    sentences = verdicts.describe(statistics)
    if len(statistics["methods"]) < 2:
        return [*sentences, "There is one method only; nothing is compared."]
    if not pairs:
        return [*sentences, "No dataset has scores of two methods; nothing can be compared."]
    if all(pair["naive"]["ties"] == pair["datasets"] for pair in pairs):
        compared = {name for pair in pairs for name in (pair["a"], pair["b"])}
        which = [name for name in statistics["methods"] if name in compared]
        who = "All methods" if len(which) == len(statistics["methods"]) else " and ".join(which)
        return [
            *sentences,
            f"{who} score the same on every dataset; there is no difference to test.",
        ]
    others = [pair for pair in pairs if pair["family"] != FAIR]
    sentences += _differences(others, statistics) if others else []
    sentences.append(_best(statistics))
    if statistics["omnibus"]["friedman"]["statistic"] is not None:
        sentences.append(_mean_ranks(statistics))
    return sentences


def _best(statistics: dict) -> str:
    ranks = {name: rank for name, rank in statistics["average_ranks"].items() if rank is not None}
    if not ranks:
        return "No dataset has scores of all methods, so they have no average ranks."
    best = [method for method, rank in ranks.items() if rank == min(ranks.values())]
    accuracies = ", ".join(f"{statistics['mean_accuracies'][method]:.4f}" for method in best)
    return (
        f"Best average rank over {count(statistics['datasets'], 'dataset')}: {', '.join(best)} "
        f"({ranks[best[0]]:.2f}, where 1 would be always best; mean accuracy {accuracies})."
    )


def _differences(pairs: list[dict], statistics: dict) -> list[str]:
    """Say which pairs differ, other than methods and their fair controls."""
    other = "other " if any(pair["family"] == FAIR for pair in statistics["pairs"]) else ""
    how = f"Wilcoxon's signed-rank tests over {unit_of(pairs)}, Holm's correction, level {ALPHA}"
    apart = sorted((pair for pair in pairs if pair["p_holm"] < ALPHA), key=lambda p: p["p_holm"])
    if apart:
        more = f"; and {len(apart) - 3} more pairs (sheet Tests)" if len(apart) > 3 else ""
        found = "; ".join(map(_difference, apart[:3])) + more
        return [f"{'Among other pairs, more' if other else 'More'} than luck ({how}): {found}."]
    if not any(
        could_show(pair["groups"], size_of_family(statistics, pair["family"])) for pair in pairs
    ):
        return [
            f"There are too few {unit_of(pairs)} to tell by Wilcoxon's signed-rank tests whether "
            f"any {other}difference is more than luck."
        ]
    least = min(pairs, key=lambda pair: pair["p_holm"])
    return [
        f"No {other}difference between two methods was shown to be more than luck ({how}; the "
        f"smallest p is {least['p_holm']:.3g}, of {least['b']} and {least['a']})."
    ]


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
        f"{winner} beats {loser} on {won} of {pair['groups']} {unit_of([pair])}, {by}{interval} "
        f"(p = {pair['p_holm']:.3g})"
    )


def _mean_ranks(statistics: dict) -> str:
    """Say what the tests of the study of 2021 find; the p is that by permutation."""
    friedman = statistics["omnibus"]["friedman_permutation"]
    found = f"Friedman's Q = {friedman['statistic']:.2f}, p = {friedman['p_value']:.3g}"
    who = "The classic tests of mean ranks, with datasets counted as independent, as in 2021,"
    if friedman["p_value"] >= ALPHA:
        return f"{who} find no difference ({found})."
    nemenyi = [
        f"{a} and {b}"
        for a, b in combinations(statistics["methods"], 2)
        if statistics["post_hoc"]["nemenyi"][a][b] < ALPHA
    ]
    pairs = shorten(nemenyi) if nemenyi else "no single pair"
    return f"{who} find a difference ({found}; Nemenyi: {pairs})."
