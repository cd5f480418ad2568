"""The answer on a single dataset: verdict, sentence, and how many labels a gain is worth."""

from self_training.evaluation.judging import HELPS, HURTS, NO_GAIN, NO_STUDENTS, NOT_TESTED
from self_training.evaluation.significance import FAIR, counts
from self_training.report import findings_of_draws, plain
from self_training.report.words import count


def sentence(row: dict, statistics: dict) -> str:
    """Return the answer on a dataset: verdict, points, examples, and what is over the baseline.

    Args:
        row: of `answers.on_datasets`, with its `verdict`.
        statistics: what `statistics.json` holds (see `findings.describe`).
    """
    parts = [f"{plain.name(row, statistics)}: {row['verdict']}.", _measured(row, statistics)]
    parts += [_over_baseline(row), *_flaws(row)]
    return " ".join(part for part in parts if part)


def _measured(row: dict, statistics: dict) -> str:
    """Say what was measured against the fair control, or why nothing was."""
    if row["verdict"] == NO_STUDENTS:
        return _why_no_students(row)
    if row["control"] is None:
        return "Nothing was trained in the same way without pseudo-labels."
    test = row["over_control"]
    if not test:
        return f"There is no score of its control {row['control']} to compare it with."
    shown = plain.show_points(test)
    if row["verdict"] in (HELPS, HURTS):
        return f"{shown}: {plain.of_examples(test['difference'])}."
    if row["verdict"] == NO_GAIN:
        return f"{shown}: a gain, if any, is below {plain.matters(statistics['rope'])}."
    if row["verdict"] == NOT_TESTED:
        return f"Measured: {shown}, but {_why_not_tested(test, row)}."
    return f"Measured: {shown}.{_looks_like_more(test, statistics)}"


def _why_no_students(row: dict) -> str:
    unit = findings_of_draws.unit(row["is_draws"])
    folds = f"the only {unit}" if row["results"] == 1 else f"all {_folds(row, row['results'])}"
    if row["nothing_selected"] == row["without_students"]:
        why = f"In {folds} no pseudo-label was confident enough"
    elif row["nothing_selected"]:
        why = f"In {folds} the search chose no students, or no pseudo-label was confident enough"
    else:
        why = f"In {folds} the search chose to train no students"
    return f"{why}, so its scores are those of its teacher."


def _folds(row: dict, number: int) -> str:
    """Return such as `3 folds`, or `3 draws of labels`."""
    return f"{number} {findings_of_draws.units(row['is_draws'])}"


def _why_not_tested(test: dict, row: dict) -> str:
    folds = test.get("folds", 0)
    if folds == 0:
        return "means alone do not say how much of it is luck"
    if folds == 1:
        one = findings_of_draws.unit(row["is_draws"])
        return f"one {one} does not say how much of it is luck"
    if row["is_draws"] and "draws" not in test:
        return "which test examples are right is not known of one of them"
    return f"it is the same in all {_folds(row, folds)}, which does not say how much of it is luck"


def _looks_like_more(test: dict, statistics: dict) -> str:
    if test["p_value"] >= statistics["alpha"]:
        return ""
    others = sum(one["family"] == FAIR and counts(one) for one in statistics["per_dataset"])
    return f" By itself it looks like more than luck, but of {others} comparisons some do by luck."


def _over_baseline(row: dict) -> str:
    test = row["over_baseline"]
    if not test or row["verdict"] == NO_STUDENTS:
        return ""
    text = plain.over_baseline(test["difference"], row["baseline"])
    if is_behind(row):
        return f"{text} So pseudo-labels help over the control, but training without is better."
    if row["control"]:
        return text
    return f"{text[:-1]}, which may be longer training, noise or more networks."


def is_behind(row: dict) -> bool:
    """Return whether students help over their control, and the baseline is ahead of them."""
    test = row["over_baseline"]
    return row["verdict"] == HELPS and bool(test) and test["difference"] < 0


def _flaws(row: dict) -> list[str]:
    found = []
    if 0 < row["without_students"] < row["results"]:
        found.append(
            f"In {row['without_students']} of {_folds(row, row['results'])} no student was trained."
        )
    if row["not_learned"]:
        results = count(row["not_learned"], "result")
        found.append(f"{results} of it or its control did not learn anything.")
    return found


def worth(row: dict, statistics: dict) -> str | None:
    """Return how many labels a gain is worth; None where it is not shown, or there is no curve.

    Args:
        row, statistics: as of `sentence`.
    """
    if row["verdict"] != HELPS or row["worth"] is None:
        return None
    found = row["worth"]
    who = plain.name_methods([row["method"]], statistics)
    begin = f"On {row['original']}, {who} with {plain.show_labels(row)} is"
    if row["is_largest"]:
        return (
            f"{begin} better than its control with as many, the largest budget: how many more that "
            "is worth was not measured."
        )
    middle, low, high = (
        plain.show_labels(row, found[name])
        if found[name] is not None
        else f"more than {plain.show_labels(row, found['largest'])}, the largest budget"
        for name in ("labels", "low", "high")
    )
    by_ends = f" (by the ends of the interval: {low} to {high})" if found["low"] else ""
    return f"{begin} as good as its control with {middle}{by_ends}."
