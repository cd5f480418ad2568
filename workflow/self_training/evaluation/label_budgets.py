"""With how many labels a method pays: its differences to controls at every label budget."""

import pandas as pd

from self_training.evaluation.comparison import paired
from self_training.study import fair_controls, methods


def references(config: dict, statistics: dict) -> list[str]:
    """Return what methods are compared with: the control, and all controls of equal steps.

    Args:
        config: of the study, expanded (see `study.budgets.expand`).
        statistics: of `significance.Comparison`, or what `statistics.json` holds.
    """
    of_students = [
        control
        for method in config["methods"]
        if methods.generations(config, method)
        for control in fair_controls.equal_steps(config, method)
    ]
    equal_steps = controls_of_equal_steps(config)
    return list(dict.fromkeys([statistics["control"], *equal_steps, *of_students]))


def controls_of_equal_steps(config: dict) -> list[str]:
    """Return the controls that take the steps of one of the methods."""
    return [method for method in config["methods"] if methods.steps_of(config, method)]


def compare(scores: pd.DataFrame, config: dict, statistics: dict) -> list[dict]:
    """Return a row per dataset with several label budgets, budget and method that has a score.

    Args:
        scores: of `tables.collect_scores`.
        config: of the study, expanded (see `study.budgets.expand`).
        statistics: of `significance.Comparison`, or what `statistics.json` holds.

    Returns: `dataset`, `budget` (the dataset's name at it), `labels` (see `count_labels`),
        `method`; of its accuracies on the folds that are compared, `folds` (how many), `mean` and
        `std`; and `against`, per reference but the method itself the `difference` (method minus
        reference), its `interval` and `p_value` by the corrected t-test, and the `reason` of the
        statistics where there is none.
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
    """Return on which side of 0 the interval of a difference is: `ahead`, `behind` or, with 0 in
    it, `neither`; None where nothing is tested."""
    if test["p_value"] is None:
        return None
    low, high = test["interval"]
    return "ahead" if low > 0 else "behind" if high < 0 else "neither"
