"""With how many labels a method pays: its differences to controls at every label budget."""

import pandas as pd

from self_training import config as study
from self_training.significance import paired

VERDICTS = {
    "ahead": "ahead with {} labels",
    "behind": "behind with {} labels",
    "neither": "not distinguishable with {} labels",
    None: "not tested with {} labels (sheet Label budgets says why)",
}


def references(config: dict, statistics: dict) -> list[str]:
    """Return what methods are compared with: the control, and all controls of equal steps."""
    equal_steps = [name for name, method in config["methods"].items() if "steps_of" in method]
    of_students = [
        control
        for method in config["methods"]
        if study.generations(config, method)
        for control in study.equal_steps(config, method)
    ]
    return list(dict.fromkeys([statistics["control"], *equal_steps, *of_students]))


def compare(scores: pd.DataFrame, config: dict, statistics: dict) -> list[dict]:
    """Return a row per dataset with several label budgets, budget and method that has a score.

    Args:
        scores: of `tables.collect_scores`.
        config: of the study, expanded (see `config.expand_budgets`).
        statistics: of `significance.compare_methods`.

    Returns: `dataset`, `budget` (the dataset's name at it), `labels` (see `count_labels`),
        `method`; of its accuracies on the folds that are compared, `folds` (how many), `mean` and
        `std`; and `against`, per reference but the method itself the `difference` (method minus
        reference), its `interval` and `p_value` by the corrected t-test, and a `reason` where
        there is none.
    """
    comparable, _ = paired(scores)
    tests = {(test["dataset"], test["a"], test["b"]): test for test in statistics["per_dataset"]}
    rows = []
    for dataset, budgets in statistics["budgets"].items():
        for budget in budgets:
            of_budget = comparable[comparable["dataset"] == budget]
            labels = count_labels(scores[scores["dataset"] == budget])
            for method in statistics["methods"]:
                own = of_budget[of_budget["method"] == method]
                if own.empty:
                    continue
                rows.append(
                    {
                        "dataset": dataset,
                        "budget": budget,
                        "labels": labels,
                        "method": method,
                        "folds": int(own["fold"].notna().sum()),
                        "mean": float(own["accuracy"].mean()),
                        "std": float(own["accuracy"].std()),
                        "against": {
                            other: _minus(tests, budget, method, other)
                            for other in references(config, statistics)
                            if other != method
                        },
                    }
                )
    return rows


def count_labels(rows: pd.DataFrame) -> tuple[int, int]:
    """Return the smallest and the largest number of labels of a dataset's outer folds."""
    return int(rows["labeled"].min()), int(rows["labeled"].max())


def show_labels(labels: tuple[int, int]) -> str:
    low, high = labels
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _minus(tests: dict, budget: str, method: str, other: str) -> dict:
    """Return the test of method minus other, which the statistics may have the other way round."""
    test, sign = tests.get((budget, other, method)), 1
    if test is None:
        test, sign = tests[budget, method, other], -1
    difference, interval = test["difference"], test["interval"]
    return {
        # + 0.0, since there is no use for a zero below zero.
        "difference": None if difference is None else sign * difference + 0.0,
        "interval": None if interval is None else sorted(sign * value + 0.0 for value in interval),
        "p_value": test["p_value"],
        "reason": test.get("reason"),
    }


def verdict(test: dict) -> str | None:
    """Return on which side of 0 the interval of a difference is; None where nothing is tested."""
    if test["p_value"] is None:
        return None
    low, high = test["interval"]
    return "ahead" if low > 0 else "behind" if high < 0 else "neither"


def read(rows: list[dict], config: dict, statistics: dict) -> list[str]:
    """Return a sentence per dataset, method with students, and its control of equal steps.

    A method without one is compared with those of other methods, or else with the control of the
    statistics, and the sentence says so.

    Args:
        rows: of `compare`.
    """
    sentences = []
    for dataset in statistics["budgets"]:
        for method in config["methods"]:
            if not study.generations(config, method):
                continue
            own = study.equal_steps(config, method)
            equal_steps = [name for name, other in config["methods"].items() if "steps_of" in other]
            for reference in own or equal_steps or [statistics["control"]]:
                some = [
                    row
                    for row in rows
                    if (row["dataset"], row["method"]) == (dataset, method)
                    and reference in row["against"]
                ]
                if some:
                    steps_of = config["methods"].get(reference, {}).get("steps_of")
                    named = f"{reference} (with the steps of {steps_of})"
                    if own:
                        named = reference
                    elif steps_of is None:
                        named = f"{reference} (no control of equal steps)"
                    sentences.append(_read(dataset, f"{method} against {named}", reference, some))
    return sentences


def _read(dataset: str, comparison: str, reference: str, rows: list[dict]) -> str:
    found = {}
    for row in rows:
        found.setdefault(verdict(row["against"][reference]), []).append(show_labels(row["labels"]))
    parts = [text.format(_join(found[name])) for name, text in VERDICTS.items() if name in found]
    how = (
        " (95 % intervals of the mean difference over folds, each for itself)"
        if set(found) - {None}
        else ""
    )
    return f"{dataset}, {comparison}: {'; '.join(parts)}{how}."


def _join(items: list[str]) -> str:
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last
