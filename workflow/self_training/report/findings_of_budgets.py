"""With how many labels a method pays, in sentences."""

from self_training.evaluation import label_budgets
from self_training.report.words import join
from self_training.study import fair_controls, methods

VERDICTS = {
    "ahead": "ahead with {} labels",
    "behind": "behind with {} labels",
    "neither": "not distinguishable with {} labels",
    None: "not tested with {} labels (sheet Label budgets says why)",
}


def describe(rows: list[dict], config: dict, statistics: dict) -> list[str]:
    """Return a sentence per dataset, method with students, and its control of equal steps.

    A method without one is compared with those of other methods, or else with the control of the
    statistics, and the sentence says so.

    Args:
        rows: of `label_budgets.compare`.
        config: of the study, expanded (see `study.budgets.expand`).
        statistics: what `statistics.json` holds (see `findings.describe`).
    """
    sentences = []
    for dataset in statistics["budgets"]:
        for method in config["methods"]:
            if not methods.generations(config, method):
                continue
            own = fair_controls.equal_steps(config, method)
            others = label_budgets.controls_of_equal_steps(config)
            for reference in own or others or [statistics["control"]]:
                some = [
                    row
                    for row in rows
                    if (row["dataset"], row["method"]) == (dataset, method)
                    and reference in row["against"]
                ]
                if some:
                    named = reference if own else _name_foreign(config, reference)
                    comparison = f"{method} against {named}"
                    sentences.append(_sentence(dataset, comparison, reference, some))
    return sentences


def show_labels(labels: tuple[int, int]) -> str:
    """Return a number of labels, or from where to where it is over the outer folds."""
    low, high = labels
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _name_foreign(config: dict, reference: str) -> str:
    """Name a reference that is no control of the method itself; it may be from elsewhere."""
    known = reference in config["methods"]
    steps_of = methods.steps_of(config, reference) if known else None
    if steps_of is None:
        return f"{reference} (no control of equal steps)"
    return f"{reference} (with the steps of {steps_of})"


def _sentence(dataset: str, comparison: str, reference: str, rows: list[dict]) -> str:
    found: dict[str | None, list[str]] = {}
    for row in rows:
        verdict = label_budgets.verdict(row["against"][reference])
        found.setdefault(verdict, []).append(show_labels(row["labels"]))
    parts = [text.format(join(found[name])) for name, text in VERDICTS.items() if name in found]
    how = (
        " (95 % intervals of the mean difference over folds, each for itself)"
        if set(found) - {None}
        else ""
    )
    return f"{dataset}, {comparison}: {'; '.join(parts)}{how}."
