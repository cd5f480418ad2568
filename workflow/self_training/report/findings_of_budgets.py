"""With how many labels a method pays, in sentences."""

from self_training.evaluation import label_budgets
from self_training.evaluation.significance import counts
from self_training.report import findings_of_draws
from self_training.report.words import count, join

VERDICTS = {
    "ahead": "ahead with {} labels",
    "behind": "behind with {} labels",
    "neither": "not distinguishable with {} labels",
    None: "not tested with {} labels (sheet Label budgets says why)",
}


def describe(rows: list[dict], statistics: dict) -> list[str]:
    """Return a sentence per dataset and method with students, against its fair control.

    A method without one is compared with the control of the statistics, and the sentence says so.

    Args:
        rows: of `label_budgets.compare`.
        statistics: what `statistics.json` holds (see `findings.describe`).
    """
    sentences = []
    for dataset in statistics["budgets"]:
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
                    f"{dataset}, {method} against {named}: {_verdicts(some, tests)}{how}."
                )
    return sentences


def show_labels(labels: tuple[int, int]) -> str:
    """Return a number of labels, or from where to where it is over the outer folds."""
    low, high = labels
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _verdicts(rows: list[dict], tests: list[dict]) -> str:
    found: dict[str | None, list[str]] = {}
    for row, test in zip(rows, tests, strict=True):
        found.setdefault(label_budgets.verdict(test), []).append(show_labels(row["labels"]))
    return "; ".join(text.format(join(found[name])) for name, text in VERDICTS.items()
                     if name in found)  # fmt: skip


def _how(tests: list[dict], statistics: dict) -> str:
    """Say what the verdicts come from, as the sheet Tests per dataset has it."""
    if all(test["p_holm"] is None for test in tests):
        return ""
    family = tests[0]["family"]
    rows = sum(test["family"] == family and counts(test) for test in statistics["per_dataset"])
    over, test = findings_of_draws.how(tests)
    return f" ({test} {over}, Holm's correction over {count(rows, 'row')})"
