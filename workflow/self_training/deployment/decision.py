"""Which method is deployed of a dataset, and why.

By the scores of the cross-validation at the dataset's largest label budget. Students must be shown
to help over their fair control; what is trained on labels alone has nothing to show. Of these the
one with the highest mean accuracy is deployed, and among equals the simplest.
"""

import pandas as pd

from self_training.evaluation import significance
from self_training.evaluation.significance import FAIR
from self_training.report import verdicts
from self_training.report.verdicts import HELPS, HURTS
from self_training.report.words import join
from self_training.study.config import AUTO
from self_training.study.methods import CHAIN, CONTROL, TEACHER

SIMPLEST_FIRST = (TEACHER, CONTROL, CHAIN)


def decide(
    scores: pd.DataFrame,
    statistics: dict,
    *,
    asked: str,
    scored_as: str,
    kinds: dict[str, str],
    fair: dict[str, str | None],
) -> dict:
    """Decide which method is deployed of a dataset.

    Args:
        scores: one row per dataset, method and fold, with `accuracy`.
        statistics: what `statistics.json` holds.
        asked: AUTO, or the method that the config names.
        scored_as: the dataset at its largest label budget.
        kinds: the kind (of `study.methods`) of every method that may be deployed.
        fair: the fair control of each method with students; None where the study has none.

    Returns: `method`; the `reason`, in words; `asked` and `scored_as`; and `methods`, the numbers
        behind: `mean_accuracy` of each, and of students the `difference` to their fair control on
        this dataset with its `interval` and `p_holm`, the `verdict` on the dataset and `over_all`,
        and whether they are shown to help (`helps`).
    """
    rows = scores[scores["dataset"] == scored_as]
    means = rows.groupby("method")["accuracy"].mean().round(12)
    found = [
        {"method": name, "kind": kind, "mean_accuracy": float(means[name])}
        | (_of_students(statistics, scored_as, name, fair[name]) if kind == CHAIN else {})
        for name, kind in kinds.items()
    ]
    if asked == AUTO:
        chosen, reason = _automatic(found, scored_as)
    else:
        chosen = next(one for one in found if one["method"] == asked)
        reason = f"The config asks for {asked}.{_by_the_way(chosen, scored_as)}"
    return {
        "method": chosen["method"],
        "reason": reason,
        "asked": asked,
        "scored_as": scored_as,
        "methods": found,
    }


def _of_students(statistics: dict, dataset: str, method: str, control: str | None) -> dict:
    """Return what is known of a method with students, over its fair control."""
    test = significance.on_dataset(statistics, dataset, method, control) if control else {}
    entry = next(entry for entry in statistics["fair"] if entry["method"] == method)
    tests = verdicts.size_of_family(statistics, FAIR)
    own, over_all = verdicts.on_dataset(statistics, dataset, method), verdicts.verdict(entry, tests)
    difference = test.get("difference")
    # Where a single dataset can't show it, all of them may, if this one does not speak against it.
    shared = over_all == HELPS and own != HURTS and difference is not None and difference > 0
    return {
        "control": control,
        "difference": difference,
        "interval": test.get("interval"),
        "p_holm": test.get("p_holm"),
        "verdict": own,
        "over_all": over_all,
        "helps": own == HELPS or shared,
    }


def _automatic(found: list[dict], dataset: str) -> tuple[dict, str]:
    """Return what is deployed, and why: the best of those that have nothing to show or show it."""
    candidates = [one for one in found if one.get("helps", True)]
    chosen = min(
        candidates,
        key=lambda one: (-one["mean_accuracy"], SIMPLEST_FIRST.index(one["kind"])),
    )
    best = (
        f"{chosen['method']} has the highest mean accuracy on {dataset} "
        f"({chosen['mean_accuracy']:.4f})"
    )
    students = [one["method"] for one in found if one["kind"] == CHAIN]
    helping = [one["method"] for one in found if one.get("helps")]
    if chosen["kind"] == CHAIN:
        among = f"Of the {len(candidates)} methods that may be deployed, {best}."
        return chosen, f"{_shown(chosen, dataset)} {among}"
    if helping:
        verb = "help" if len(helping) > 1 else "helps"
        return chosen, f"{join(helping)} {verb} over a fair control, but {best}, on labels alone."
    if not students:
        return chosen, f"The study has no method with students, and {best}."
    shown = f"{join(students)} {'are' if len(students) > 1 else 'is'} not shown to help over a fair"
    return chosen, (
        f"{shown} control on {dataset}. Of the methods trained on labels alone, {best}."
    )


def _shown(one: dict, dataset: str) -> str:
    where = f"on {dataset}" if one["verdict"] == HELPS else "over all datasets of the study"
    measured = f"{one['difference']:+.4f} on {dataset}{_interval(one)}"
    return f"{one['method']} helps {where}: over its fair control {one['control']}, {measured}."


def _interval(one: dict) -> str:
    if one["interval"] is None:
        return ""
    low, high = one["interval"]
    return f" (95 % interval {low:+.4f} to {high:+.4f})"


def _by_the_way(one: dict, dataset: str) -> str:
    """Say of students that a config asks for whether they help."""
    if one["kind"] != CHAIN:
        return ""
    if one["helps"]:
        return f" {_shown(one, dataset)}"
    return f" It is not shown to help over a fair control on {dataset}."
