"""Whether self-training helps: each method with students against its fair control, in sentences."""

from self_training.evaluation import significance
from self_training.evaluation.differences import ALPHA, smallest_p
from self_training.evaluation.judging import (
    LUCK,
    NO_GAIN,
    NO_STUDENTS,
    NOT_TESTED,
    over_groups,
    size_of_family,
)
from self_training.evaluation.significance import FAIR
from self_training.report import findings_of_draws
from self_training.report.words import count, join, shorten

# What statistics say of a gain that is not shown, whether or not it may be luck.
NOT_SHOWN = "not shown to help"


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
    tests = size_of_family(statistics, FAIR)
    found = over_groups(entry, tests, statistics["rope"])
    if found == NO_STUDENTS:
        unit = findings_of_draws.unit_of(entry["without_students"], statistics)
        return (
            f"{method} did not take place: no {unit} trained a student, so its scores are those of "
            f"teachers, and say nothing of pseudo-labels."
        )
    if entry.get("p_value") is None:
        return (
            f"Whether {method} helps can't be told: no dataset has scores of it and of its fair "
            f"control {control}."
        )
    measured = f"{entry['mean_difference']:+.4f} over its fair control {control}"
    interval = _show(entry["interval"])
    if found != NOT_TESTED:
        numbers = f"{interval}p = {entry['p_holm']:.3g}, {_count_units(entry)}"
        is_found = f"is {NOT_SHOWN}" if found in (NO_GAIN, LUCK) else found
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
    if found in (NO_GAIN, LUCK) and entry["p_holm"] < ALPHA:
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
    counted = [test for test in family if significance.counts(test)]
    own = [
        test for test in counted if {test["a"], test["b"]} == pair and test["p_value"] is not None
    ]
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
    over = f", Holm's correction over {len(counted)} rows" if len(counted) > 1 else ""
    units, test = findings_of_draws.how(own)
    units = units.replace("over folds", "over their folds")
    return (
        f"Of single datasets, {units} ({test}{over}): {'; '.join(parts)}. That "
        "is said of these datasets, and not of others."
    )


def _few(names: list[str]) -> list[str]:
    return names if len(names) <= 5 else [*names[:5], f"{len(names) - 5} more"]
