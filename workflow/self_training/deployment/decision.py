"""Which method is deployed of a dataset, and why: the rule of `evaluation.choice`, in sentences.

By the scores of the cross-validation at the dataset's largest label budget.
"""

import pandas as pd

from self_training.evaluation import judging, significance
from self_training.evaluation.choice import SIMPLEST_FIRST, Choice, choose, means_of
from self_training.evaluation.judging import HELPS, NO_STUDENTS
from self_training.report.words import join
from self_training.study.config import AUTO
from self_training.study.methods import CHAIN, CONTROL, TEACHER

NAMES = {TEACHER: "the baseline", CONTROL: "controls", CHAIN: "students"}


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
        this dataset with its `interval` and `p_holm`, the `verdict` on the dataset and `over_all`
        (both of `judging.verdict`), and whether they are shown to help (`helps`).
    """
    means = means_of(scores, scored_as, kinds)
    found = [
        {"method": name, "kind": kind, "mean_accuracy": means[name]}
        | (_of_students(statistics, scored_as, name, fair[name]) if kind == CHAIN else {})
        for name, kind in kinds.items()
    ]
    if asked == AUTO:
        choice = choose(scores, statistics, scored_as, kinds)
        assert choice is not None, "the baseline has no score"
        method, reason = choice.method, _why(found, choice, scored_as)
    else:
        chosen = next(one for one in found if one["method"] == asked)
        method, reason = asked, f"The config asks for {asked}.{_by_the_way(chosen, scored_as)}"
    return {
        "method": method,
        "reason": reason,
        "asked": asked,
        "scored_as": scored_as,
        "methods": found,
    }


def _of_students(statistics: dict, dataset: str, method: str, control: str | None) -> dict:
    """Return what is known of a method with students, over its fair control."""
    test = significance.on_dataset(statistics, dataset, method, control) if control else {}
    return {
        "control": control,
        "difference": test.get("difference"),
        "interval": test.get("interval"),
        "p_holm": test.get("p_holm"),
        "verdict": judging.verdict(statistics, method, dataset),
        "over_all": judging.verdict(statistics, method),
        "helps": judging.may_be_deployed(statistics, method, dataset),
    }


def _why(found: list[dict], choice: Choice, dataset: str) -> str:
    """Return why a method is chosen: of students whether they help, then who has the best mean."""
    kinds = {one["method"]: one["kind"] for one in found}
    students = [one for one in found if one["kind"] == CHAIN]
    best = _best(choice, kinds, dataset)
    if kinds[choice.method] == CHAIN:
        shown = _shown(next(one for one in students if one["method"] == choice.method), dataset)
        return f"{shown} Of the {len(choice.candidates)} methods that may be deployed, {best}"
    if choice.helping:
        verb = "help" if len(choice.helping) > 1 else "helps"
        return f"{join(choice.helping)} {verb} over a fair control, but {best}"
    if not students:
        return f"The study has no method with students, and {best}"
    return " ".join(
        [*_not_shown(students, dataset), f"Of the methods trained on labels alone, {best}"]
    )


def _best(choice: Choice, kinds: dict[str, str], dataset: str) -> str:
    """Say that the chosen method has the highest mean accuracy, or shares it, and what is then the
    rule."""
    mean = f"mean accuracy on {dataset} ({choice.means[choice.method]:.4f})"
    alone = choice.helping and kinds[choice.method] != CHAIN
    if len(choice.tied) == 1:
        return f"{choice.method} has the highest {mean}{', on labels alone' * bool(alone)}."
    order = [kind for kind in SIMPLEST_FIRST if kind in {kinds[name] for name in choice.tied}]
    rule = (
        f"among equals {' before '.join(NAMES[kind] for kind in order)}"
        if len(order) > 1
        else "among equals of a kind, the first in the config"
    )
    return (
        f"{join(choice.tied)} are tied for the highest {mean}: {choice.method} is taken ({rule})."
    )


def _not_shown(students: list[dict], dataset: str) -> list[str]:
    """Say that methods are not shown to help, or did not take place."""
    said = []
    for took_place, text in (
        (False, "did not take place on {}: no student was trained."),
        (True, "{verb} not shown to help over a fair control on {}."),
    ):
        names = [one["method"] for one in students if (one["verdict"] != NO_STUDENTS) == took_place]
        if names:
            verb = "are" if len(names) > 1 else "is"
            said.append(f"{join(names)} {text.format(dataset, verb=verb)}")
    return said


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
    if one["verdict"] == NO_STUDENTS:
        return f" It did not take place on {dataset}: no student was trained."
    return f" It is not shown to help over a fair control on {dataset}."
