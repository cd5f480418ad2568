"""Whether self-training helps: each method with students against its fair control, in sentences."""

from self_training.evaluation import significance
from self_training.evaluation.differences import ALPHA, could_show, smallest_p
from self_training.evaluation.significance import FAIR
from self_training.report import findings_of_draws
from self_training.report.words import count, join, shorten

HELPS, HURTS, NOT_SHOWN, UNKNOWN = "helps", "hurts", "not shown to help", "can't be told"


def verdict(entry: dict, tests: int) -> str:
    """Return what a comparison of a method with its fair control says.

    `helps` or `hurts` where the corrected p is below ALPHA, and mean and ranks agree on the side.

    Args:
        entry: of `fair` of the statistics.
        tests: how many tests Holm's correction is over.
    """
    if entry.get("p_value") is None:
        return UNKNOWN
    if entry["p_holm"] >= ALPHA:
        return NOT_SHOWN if could_show(entry["groups"], tests) else UNKNOWN
    sides = {entry["mean_difference"] > 0, entry["rank_biserial"] > 0}
    return {(True,): HELPS, (False,): HURTS}.get(tuple(sides), NOT_SHOWN)


def on_dataset(statistics: dict, dataset: str, method: str) -> str:
    """Return what a method's folds say of a single dataset, against its fair control.

    `helps` or `hurts` where p of the corrected t-test, by Holm over the comparisons of all methods
    with their fair controls on all datasets, is below ALPHA; UNKNOWN where nothing is tested.

    Args:
        statistics: of `significance.Comparison`, or what `statistics.json` holds.
        dataset: its name; with several label budgets, that at one of them.
        method: one with students.
    """
    control = next(entry["control"] for entry in statistics["fair"] if entry["method"] == method)
    test = significance.on_dataset(statistics, dataset, method, control) if control else {}
    if test.get("p_holm") is None:
        return UNKNOWN
    if test["p_holm"] >= ALPHA:
        return NOT_SHOWN
    return HELPS if test["difference"] > 0 else HURTS


def size_of_family(statistics: dict, family: str) -> int:
    """Return how many tests over datasets Holm's correction of a family is over."""
    pairs = (pair for pair in statistics["pairs"] if pair["family"] == family)
    return sum(pair["p_value"] is not None for pair in pairs)


def describe(statistics: dict) -> list[str]:
    """Return a sentence or more per method with students: does it help, and how sure is that.

    Args:
        statistics: of `significance.Comparison`, or what `statistics.json` holds.
    """
    return [_sentence(entry, statistics) for entry in statistics["fair"]]


def _sentence(entry: dict, statistics: dict) -> str:
    method, control = entry["method"], entry["control"]
    if control is None:
        return (
            f"Whether {method} helps can't be told: the study has no fair control of it, one that "
            "is trained like its students in all but the pseudo-labels. What it is ahead of others "
            "may come from longer training, noise or more members alone."
        )
    if entry.get("p_value") is None:
        return (
            f"Whether {method} helps can't be told: no dataset has scores of it and of its fair "
            f"control {control}."
        )
    tests = size_of_family(statistics, FAIR)
    found = verdict(entry, tests)
    measured = f"{entry['mean_difference']:+.4f} over its fair control {control}"
    interval = _show(entry["interval"])
    if found != UNKNOWN:
        numbers = f"{interval}p = {entry['p_holm']:.3g}, {_count_units(entry)}"
        is_found = f"is {found}" if found == NOT_SHOWN else found
        return f"{method} {is_found}: {measured} ({numbers}).{_but(entry, found)}"
    smallest = min(1, tests * smallest_p(entry["groups"]))
    corrected = f", corrected for {tests} tests" if tests > 1 else ""
    model = entry["model"]
    by_model = (
        f" A mixed model of all datasets, which takes differences for normally distributed, has "
        f"{model['difference']:+.4f} ({_show(model['interval'])}p = {model['p_value']:.3g})."
        if model["p_value"] is not None
        else ""
    )
    return (
        f"Whether {method} helps can't be told over datasets: {_units(entry, statistics)}, so no "
        f"signed-rank test could show anything (smallest possible p {smallest:.3g}{corrected}). "
        f"Measured: {measured}{f' ({interval[:-2]})' if interval else ''}.{by_model} "
        f"{_on_datasets(entry, statistics)}"
    )


def _show(interval: list[float] | None) -> str:
    """Return an interval before other numbers; '' for none."""
    if interval is None:
        return ""
    low, high = interval
    return f"95 % interval {low:+.4f} to {high:+.4f}; "


def _but(entry: dict, found: str) -> str:
    """Say where the mean and the ranks are of two minds."""
    if found == NOT_SHOWN and entry["p_holm"] < ALPHA:
        ahead = entry["mean_difference"] > 0
        side = "behind" if ahead else "ahead"
        return f" In most groups it is {side}; few large differences make the mean."
    return ""


def _count_units(entry: dict) -> str:
    if entry["groups"] == entry["datasets"]:
        return count(entry["datasets"], "dataset")
    return f"{count(entry['groups'], 'group')} of {entry['datasets']} datasets"


def _units(entry: dict, statistics: dict) -> str:
    """Return such as `4 datasets of 1 group (made from one source)`."""
    groups, datasets = entry["groups"], entry["datasets"]
    if groups == datasets:
        return f"{_count_units(entry)} {'is' if datasets == 1 else 'are'} too few"
    return (
        f"its {datasets} datasets are {count(groups, 'group')} "
        f"({shorten(list(dict.fromkeys(statistics['groups'].values())))})"
    )


def _on_datasets(entry: dict, statistics: dict) -> str:
    """Say what the folds of each dataset show, of that dataset alone."""
    pair = {entry["method"], entry["control"]}
    family = [test for test in statistics["per_dataset"] if test["family"] == FAIR]
    tested = [test for test in family if test["p_value"] is not None]
    own = [test for test in tested if {test["a"], test["b"]} == pair]
    if not own:
        return "Its folds are too few to test it on single datasets."
    found: dict[str, list[str]] = {"ahead": [], "behind": [], "not shown to differ": []}
    for test in own:
        sign = 1 if test["b"] == entry["method"] else -1
        difference = sign * test["difference"]
        side = "ahead" if difference > 0 else "behind"
        name = "not shown to differ" if test["p_holm"] >= ALPHA else side
        found[name].append(f"{test['dataset']} ({difference:+.4f}, p = {test['p_holm']:.3g})")
    parts = [f"{name} on {join(_few(some))}" for name, some in found.items() if some]
    over = f", Holm's correction over {len(tested)} rows" if len(tested) > 1 else ""
    units, test = findings_of_draws.how(own)
    units = units.replace("over folds", "over their folds")
    return (
        f"Of single datasets, {units} ({test}{over}): {'; '.join(parts)}. That "
        "is said of these datasets, and not of others."
    )


def _few(names: list[str]) -> list[str]:
    return names if len(names) <= 5 else [*names[:5], f"{len(names) - 5} more"]
