"""What to do next, by the rule in `docs/protocol.md` (The verdict)."""

from collections.abc import Callable

from self_training.evaluation.answers import is_gain
from self_training.evaluation.comparison import value_by_name
from self_training.evaluation.judging import HELPS, HURTS, LUCK, NO_GAIN, NO_STUDENTS, NOT_TESTED
from self_training.evaluation.worth import half_width
from self_training.report import findings_of_draws, plain
from self_training.report.words import join
from self_training.study.methods import CHAIN, TEACHER

# A row, all rows and the statistics -> where advice holds, or None.
Rule = Callable[[dict, list[dict], dict], str | None]
# Of the outer cross-validation, as far as more of them pay; and how many times as many draws do.
REPEATS = 10
MORE_DRAWS = 3


def give(rows: list[dict], statistics: dict) -> list[str]:
    """Return what to do next: a sentence each, with what it is said of.

    Args:
        rows: of `answers.on_datasets`, each with its `verdict`.
        statistics: what `statistics.json` holds (see `findings.describe`).
    """
    sentences = []
    for text, of_row in RULES.items():
        places = [of_row(row, rows, statistics) for row in rows]
        known = list(dict.fromkeys(place for place in places if place is not None))
        if known:
            sentences.append(f"{text}: {join(_few(known))}.")
    return sentences


def _few(places: list[str]) -> list[str]:
    return places if len(places) <= 6 else [*places[:5], f"{len(places) - 5} more"]


def _did_not_learn(row: dict, rows: list[dict], statistics: dict) -> str | None:
    return plain.name(row, statistics) if row["not_learned"] else None


def _has_no_control(row: dict, rows: list[dict], statistics: dict) -> str | None:
    return row["method"] if row["control"] is None else None


def _use(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Where the method is what is best to be trained, by the rule of `deploy: auto`."""
    if not row["choice"] or row["choice"]["method"] != row["method"]:
        return None
    why = "" if row["verdict"] == HELPS else " (it helps over all datasets, and is ahead here)"
    return f"{plain.name(row, statistics)}{why}"


def _is_behind(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Where students help, and what is trained on labels alone is as good or better."""
    choice = row["choice"]
    if not choice or choice["kind"] == CHAIN or not choice["may_be_deployed"]:
        return None
    by = plain.points(choice["ahead"]).lstrip("+")
    how = f"{by} points ahead" if choice["ahead"] else "as good"
    return f"{plain.name(row, statistics)} ({plain.name_baseline(choice['method'])} is {how})"


def _does_not_help(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Where that is said of all methods, and none of them is best to be trained all the same."""
    found = {other["verdict"] for other in rows if other["dataset"] == row["dataset"]}
    choice = row["choice"]
    # Students that may be deployed are best, or it is said that others are as good or better.
    if not choice or choice["kind"] == CHAIN or choice["may_be_deployed"]:
        return None
    if not found <= {HURTS, NO_GAIN}:
        return None
    as_what = "" if choice["kind"] == TEACHER else f" (the best is {choice['method']})"
    return f"{plain.name_dataset(row)}{as_what}"


def _if_deployable(of_row: Rule, by_deploy: bool) -> Rule:
    """Return a rule for the rows that `deploy: auto` chooses for, or for the others."""

    def rule(row: dict, rows: list[dict], statistics: dict) -> str | None:
        known = row["choice"] and row["choice"]["by_deploy"] == by_deploy
        return of_row(row, rows, statistics) if known else None

    return rule


def _selects_nothing(row: dict, rows: list[dict], statistics: dict) -> str | None:
    if not row["nothing_selected"]:
        return None
    units = findings_of_draws.units(row["is_draws"])
    return f"{plain.name(row, statistics)} ({row['nothing_selected']} of {row['results']} {units})"


def _chooses_none(row: dict, rows: list[dict], statistics: dict) -> str | None:
    if row["verdict"] != NO_STUDENTS or row["nothing_selected"]:
        return None
    return plain.name(row, statistics)


def _has_one_fold(row: dict, rows: list[dict], statistics: dict) -> str | None:
    test = row["over_control"]
    if row["verdict"] != NOT_TESTED or not test or test.get("folds", 0) > 1:
        return None
    return plain.name(row, statistics)


def _has_equal_folds(row: dict, rows: list[dict], statistics: dict) -> str | None:
    return None if row["is_draws"] else _all_say_the_same(row, statistics)


def _has_equal_draws(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Where they are equal, and not where it is not known which test examples are right."""
    test = row["over_control"]
    is_known = row["is_draws"] and test and "draws" in test
    return _all_say_the_same(row, statistics) if is_known else None


def _all_say_the_same(row: dict, statistics: dict) -> str | None:
    test = row["over_control"]
    if row["verdict"] != NOT_TESTED or not test or test.get("folds", 0) < 2:
        return None
    return plain.name(row, statistics)


def _repeats(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Where the interval would then be narrow enough."""
    return None if row["is_draws"] else _then_enough(row, statistics)


def _more_draws(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Where outer folds are draws of labels, and the interval would then be narrow enough."""
    return _then_enough(row, statistics) if row["is_draws"] else None


def _then_enough(row: dict, statistics: dict) -> str | None:
    if row["verdict"] != LUCK or not _is_enough(row, statistics):
        return None
    now, then = _half_widths(row)
    return f"{plain.name(row, statistics)} (±{now} points of luck, then about ±{then})"


def _examples(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Where repeats would not make the interval narrow enough."""
    return None if row["is_draws"] else _then_not_enough(row, rows, statistics)


def _test_examples(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Where more draws of labels would not make the interval narrow enough."""
    return _then_not_enough(row, rows, statistics) if row["is_draws"] else None


def _then_not_enough(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Not where with more labels, which the study has, it is known that there is no gain."""
    if row["verdict"] != LUCK or _is_enough(row, statistics):
        return None
    same = [
        other
        for other in rows
        if (other["original"], other["method"]) == (row["original"], row["method"])
        and (other["labels"] or 0) > (row["labels"] or 0)
    ]
    if any(other["verdict"] in (HURTS, NO_GAIN) for other in same):
        return None
    return f"{plain.name(row, statistics)} (then still ±{min(_half_widths(row), key=float)} points)"


def _half_widths(row: dict) -> list[str]:
    """Return half of the interval's width as it is, and as it then would be, in points."""
    low, high = row["over_control"]["interval"]
    then = _half_width_then(row)
    return [f"{100 * half:.1f}" for half in ((high - low) / 2, then)]


def _is_enough(row: dict, statistics: dict) -> bool:
    """Return whether REPEATS, where there are fewer, or MORE_DRAWS would show the difference that
    was measured, or one that matters."""
    matters = max(statistics["rope"], abs(row["over_control"]["difference"]))
    return row["repeats"] < REPEATS and _half_width_then(row) <= matters


def _half_width_then(row: dict) -> float:
    times = MORE_DRAWS if row["is_draws"] else REPEATS
    return half_width(row["over_control"], row["folds"] // row["repeats"], times)


def _gains_by_labels(row: dict, rows: list[dict], statistics: dict) -> str | None:
    return _last_step(row) if is_gain(row["last_step"]) else None


def _may_gain_by_labels(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Where no other method's control gains, and this one may gain something that matters."""
    same = [other for other in rows if other["original"] == row["original"]]
    if not row["last_step"] or any(is_gain(other["last_step"]) for other in same):
        return None
    return None if _is_flat(row, statistics) else _last_step(row)


def _gains_little_by_labels(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Where the curves of all controls are flat at the end, however many labels came before."""
    same = [other for other in rows if other["original"] == row["original"]]
    return _last_step(row) if all(_is_flat(other, statistics) for other in same) else None


def _is_flat(row: dict, statistics: dict) -> bool:
    """Return whether the last step of the control's curve has, if any, a gain below the rope."""
    interval = row["last_step"].get("interval")
    return interval is not None and interval[1] < statistics["rope"]


def _last_step(row: dict) -> str | None:
    """Return such as `a (+2.1 points from 20 to 80 labels)`, of the fair control."""
    test = row["last_step"]
    if test["difference"] is None:
        return None
    fewer, more = (plain.show_labels(row, labels) for labels in test["labels"])
    gain = plain.points(test["difference"])
    return f"{row['original']} ({row['control']}: {gain} points from {fewer} to {more})"


def _gains_by_unlabeled(row: dict, rows: list[dict], statistics: dict) -> str | None:
    """Where that was measured: students of later generations, which had more of them, are better.

    That students help, of as many as there are, does not say that more of them would.
    """
    if not row["is_largest"] or not is_gain(row["growth"]):
        return None
    gain = plain.points(row["growth"]["difference"])
    return f"{plain.name(row, statistics)} ({gain} points from the first generation to the last)"


def _has_no_curve(row: dict, rows: list[dict], statistics: dict) -> str | None:
    # One thing is varied at a time.
    if row["budgets"] or row["labels"] is None or value_by_name(row["dataset"]) is not None:
        return None
    return row["original"]


RULES: dict[str, Rule] = {
    "Look first at results that did not learn anything (sheet Chains)": _did_not_learn,
    "Let a control be trained in the same way without pseudo-labels (`controls: last_student`)": (
        _has_no_control
    ),
    "Use self-training (`deploy: auto` trains it on all labels)": _if_deployable(_use, True),
    "Use self-training": _if_deployable(_use, False),
    "Train without pseudo-labels (`deploy: auto` does): that is as good or better, even where they "
    "help over the control": _if_deployable(_is_behind, True),
    "Train without pseudo-labels: that is as good or better, even where they help over the "
    "control": _if_deployable(_is_behind, False),
    "Train without pseudo-labels (`deploy: auto` does)": _if_deployable(_does_not_help, True),
    "Train without pseudo-labels": _if_deployable(_does_not_help, False),
    "Try a lower `threshold` (where there is one, a larger `uncertainty`), or label more examples, "
    "since no pseudo-label was confident enough": _selects_nothing,
    "Leave 0 out of `generations` to see what students do, as the search chose to train none": (
        _chooses_none
    ),
    "Take more outer folds, 3 at least": _has_one_fold,
    f"Repeat the outer folds (`repeats: {REPEATS}`) or label more examples to test on, since all "
    "folds say the same": _has_equal_folds,
    "Draw labels more often (`outer_folds`) or take a larger test file, since all draws say the "
    "same": _has_equal_draws,
    f"Repeat the outer folds (`repeats: {REPEATS}`) to tell from luck what was measured": _repeats,
    f"Add labeled examples, since even {REPEATS} repeats would not tell from luck what was "
    "measured": _examples,
    f"Draw labels {MORE_DRAWS} times as often (`outer_folds`), to tell from luck what was "
    "measured": _more_draws,
    "Take a larger test file, or a larger training file to draw labels of, since even "
    f"{MORE_DRAWS} times as many draws would not tell from luck what was measured": _test_examples,
    "Get more labels, since with the most of them the control still gained": _gains_by_labels,
    "Whether more labels would help can't be told from luck": _may_gain_by_labels,
    "Do not count on more labels: with the most of them the control gained little or nothing": (
        _gains_little_by_labels
    ),
    "Get more unlabeled examples, which pay": _gains_by_unlabeled,
    "To see what more labels bring, and how many a gain is worth, give a list of label budgets "
    "(such as `labels_per_class: [4, 16, 64]`, up to what there is)": _has_no_curve,
}
