"""How sure the findings of a study are, in sentences: what they rest on, and what is missing."""

import pandas as pd

from self_training.evaluation.comparison import budgets_by_name
from self_training.evaluation.differences import LEAST_FOR_PROBABILITIES
from self_training.report.words import count
from self_training.study import methods

# Hyper-parameters that decide how many pseudo-labels students are trained on.
OF_AMOUNT = ("unlabeled_fraction", "threshold", "generations")
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


def steps_of_the_search(config: dict) -> list[str]:
    """Say where a search of pseudo-labels also chooses how long students train.

    Args:
        config: of the study, expanded.
    """
    confounded = [
        name
        for name in config.get("methods", {})
        if methods.generations(config, name)
        and any(len(methods.full_space(config, name)[key]) > 1 for key in OF_AMOUNT)
        and any(methods.training(config, one, name)["epochs"] for one in config["datasets"])
    ]
    if not confounded:
        return []
    return [
        f"The search of {', '.join(confounded)} confounds data with compute: networks are trained "
        "for epochs, so more pseudo-labels are also more gradient steps. With `steps` they are not."
    ]


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
    groups = len(set(statistics["groups"].values()))
    grouped = f" in {count(groups, 'group')}" if groups < units else ""
    folds = scores.groupby("dataset")["fold"].nunique()
    each = ", each group once" if grouped else ""
    return (
        f"Methods: {len(statistics['methods'])}. Datasets: {units}{grouped}{counted}. Outer folds: "
        f"{_range(folds)}. "
        + OWN_PROTOCOL
        * bool(len(scores[scores["source"] == "study"]))
        + "Mean accuracies below are over the datasets of which all methods have scores "
        f"({complete}){each}; a difference is over all that its two methods share, so it need not "
        "be that of the means. Intervals are t intervals over "
        f"{'groups' if grouped else 'datasets'}, each for itself. p is Wilcoxon's, corrected by "
        "Holm over the comparisons of the same kind: methods with their fair controls; with the "
        "control that the config names; all others. P(better), by the Bayesian signed-rank test, "
        f"is of a difference beyond {statistics['rope']:g}, and not given for fewer than "
        f"{LEAST_FOR_PROBABILITIES} {'groups' if grouped else 'datasets'}, of which it is too sure."
    )


def _range(folds: pd.Series) -> str:
    if folds.max() == 0:
        return "not known, means only"
    return str(folds.max()) if folds.min() == folds.max() else f"{folds.min()} to {folds.max()}"
