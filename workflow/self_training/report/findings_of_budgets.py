"""With how many labels a method pays, in sentences."""

from collections.abc import Callable
from typing import NamedTuple

from self_training.evaluation import label_budgets
from self_training.evaluation.significance import counts
from self_training.report import findings_of_draws
from self_training.report.words import count, join

VERDICTS = {
    "ahead": "ahead with {} {}",
    "behind": "behind with {} {}",
    "neither": "not distinguishable with {} {}",
    None: "not tested with {} {} (sheet {} says why)",
}


class Axis(NamedTuple):
    """What several datasets that are one differ by.

    Attributes:
        name: of the statistics, which have these datasets.
        show: the value that a row is at, in words.
        noun: what such values are of.
        sheet: that has the rows.
    """

    name: str
    show: Callable[[dict], str]
    noun: str
    sheet: str


def describe(rows: list[dict], statistics: dict, axis: Axis | None = None) -> list[str]:
    """Return a sentence per dataset and method with students, against its fair control.

    A method without one is compared with the control of the statistics, and the sentence says so.

    Args:
        rows: of `label_budgets.compare`.
        statistics: what `statistics.json` holds (see `findings.describe`).
        axis: another one than LABELS.
    """
    axis = axis or LABELS
    sentences = []
    for dataset in statistics[axis.name]:
        for entry in statistics["fair"]:
            method, reference = entry["method"], entry["control"]
            named = reference
            if reference is None:
                reference = statistics["control"]
                named = f"{reference} (no fair control)"
            some = [
                row
                for row in rows
                if (row["dataset"], row["method"]) == (dataset, method)
                and reference in row["against"]
            ]
            if some:
                tests = [row["against"][reference] for row in some]
                how = _how(tests, statistics)
                sentences.append(
                    f"{dataset}, {method} against {named}: {_verdicts(some, tests, axis)}{how}."
                )
    return sentences


def show_labels(labels: tuple[int, int]) -> str:
    """Return a number of labels, or from where to where it is over the outer folds."""
    low, high = labels
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


LABELS = Axis("budgets", lambda row: show_labels(row["labels"]), "labels", "Label budgets")


def _verdicts(rows: list[dict], tests: list[dict], axis: Axis) -> str:
    found: dict[str | None, list[str]] = {}
    for row, test in zip(rows, tests, strict=True):
        found.setdefault(label_budgets.verdict(test), []).append(axis.show(row))
    return "; ".join(
        text.format(join(found[name]), axis.noun, axis.sheet)
        for name, text in VERDICTS.items()
        if name in found
    )


def _how(tests: list[dict], statistics: dict) -> str:
    """Say what the verdicts come from, as the sheet Tests per dataset has it."""
    if all(test["p_holm"] is None for test in tests):
        return ""
    family = tests[0]["family"]
    rows = sum(test["family"] == family and counts(test) for test in statistics["per_dataset"])
    over, test = findings_of_draws.how(tests)
    return f" ({test} {over}, Holm's correction over {count(rows, 'row')})"
