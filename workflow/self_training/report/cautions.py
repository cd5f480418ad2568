"""How sure the findings of a study are, in sentences: what they rest on, and what is missing."""

import pandas as pd

from self_training.evaluation.comparison import budgets_by_name
from self_training.study import fair_controls, methods

OWN_PROTOCOL = (
    "Scores are of the outer test folds; hyper-parameters that were searched were selected on "
    "inner folds of the labeled examples alone. "
)


def not_learned(scores: pd.DataFrame) -> list[str]:
    """Name the results that are no better than none; means contain them."""
    if "not_learned" not in scores:
        return []
    flagged = scores[scores["not_learned"].fillna("") != ""]
    texts = [
        f"{row['dataset']}, {row['method']}, fold {row['fold'] + 1}: {row['not_learned']}"
        for row in flagged.head(10).to_dict("records")
    ]
    if not texts:
        return []
    more = f" and {len(flagged) - 10} more (sheet Chains)" if len(flagged) > 10 else ""
    return [
        f"{len(flagged)} of {len(scores)} results did not learn anything. They are part of the "
        f"means and tests below: {'; '.join(texts)}{more}."
    ]


def no_control(config: dict, scores: pd.DataFrame) -> list[str]:
    """Say what the controls can tell, and which methods with students have none that is fair.

    Args:
        config: of the study.
        scores: of `tables.collect_scores`; nothing is said where no student was trained.
    """
    if "generations_trained" not in scores or not scores["generations_trained"].max() > 0:
        return []
    equal, without, other = [], [], []
    for method in config["methods"]:
        if methods.generations(config, method):
            controls = fair_controls.equal_steps(config, method)
            equal += controls
            if not controls:
                without.append(method)
            elif all(
                fair_controls.trained_otherwise(config, method, control) for control in controls
            ):
                differences = fair_controls.trained_otherwise(config, method, controls[-1])
                other.append(f"{method} ({', '.join(differences)})")
    notes = []
    if equal:
        notes.append(
            "Whether self-training helps is what a comparison with the controls of equal gradient "
            f"steps says ({', '.join(dict.fromkeys(equal))}), more than one with the baseline."
        )
    if without:
        notes.append(
            "No control is known to take as many gradient steps as the last students of "
            f"{', '.join(without)}: a difference may come from longer training alone."
        )
    if other:
        notes.append(
            "No control of equal gradient steps is trained like the students in all else, of "
            f"{', '.join(other)}: a difference may come from that alone."
        )
    return notes


def extent(scores: pd.DataFrame, statistics: dict, complete: int) -> str:
    """Say on how much the findings rest, and what the numbers beside them are.

    Args:
        scores: of `tables.collect_scores`.
        statistics: what `statistics.json` holds (see `findings.describe`).
        complete: how many datasets all methods have scores of.
    """
    datasets = scores["dataset"].nunique()
    same = budgets_by_name(dict.fromkeys(scores["dataset"]))
    units = datasets - sum(len(names) - 1 for names in same.values())
    counted = f" ({datasets} if label budgets are counted)" if same else ""
    folds = scores.groupby("dataset")["fold"].nunique()
    return (
        f"Methods: {len(statistics['methods'])}. Datasets: {units}{counted}. Outer folds: "
        f"{_range(folds)}. "
        + OWN_PROTOCOL
        * bool(len(scores[scores["source"] == "study"]))
        + "Mean accuracies below are over the datasets of which all methods have scores "
        f"({complete}). Tests are over datasets; in this table p is corrected by Holm for the "
        f"comparisons with {statistics['control']}, above for all pairs. Probabilities (Bayesian "
        f"signed-rank test) are of a difference of accuracy beyond \u00b1{statistics['rope']:g}, "
        "and within."
    )


def _range(folds: pd.Series) -> str:
    if folds.max() == 0:
        return "not known, means only"
    return str(folds.max()) if folds.min() == folds.max() else f"{folds.min()} to {folds.max()}"
