"""How sure the findings of a study are, in sentences: what they rest on, and what is missing."""

import pandas as pd

from self_training.evaluation.comparison import budgets_by_name
from self_training.evaluation.differences import LEAST_FOR_PROBABILITIES, outer_folds_of
from self_training.report import axes, findings_of_draws
from self_training.report.words import count, join, shorten
from self_training.study import methods, trainings

OWN_PROTOCOL = (
    "; hyper-parameters that were searched were selected on inner folds of the labeled examples "
    "alone. "
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


def no_students(config: dict, scores: pd.DataFrame) -> list[str]:
    """Name the methods with students of which some folds trained none.

    Args:
        config: of the study, expanded (see `study.budgets.expand`).
        scores: of `tables.collect_scores`.
    """
    found = []
    for name in config.get("methods", {}):
        own = scores[scores["method"] == name]
        if methods.generations(config, name) and len(own):
            without = int((own["generations_trained"] == 0).sum())
            found += [f"{name} ({without} of {len(own)} results)"] if without else []
    if not found:
        return []
    return [
        f"No student was trained, so the scores are of the teacher: {shorten(found)}. Where "
        "students have noise or training of their own, it differs from the fair control in that."
    ]


def unknown_labels(scores: pd.DataFrame) -> dict[str, int]:
    """Return how many examples of unknown label datasets have, label budgets left out, of those
    that have any.

    Args:
        scores: of the study's own methods.
    """
    if "unknown" not in scores:
        return {}
    names = scores["dataset"].str.partition("@")[0]
    largest = scores["unknown"].groupby(names, sort=False).max()
    return {str(name): int(number) for name, number in largest.items() if number > 0}


def upper_bounds_of_some_labels(config: dict, scores: pd.DataFrame) -> list[str]:
    """Name the upper bounds that cannot have the labels of all unlabeled examples.

    Args:
        config: of the study, expanded (see `study.budgets.expand`).
        scores: of `tables.collect_scores`.
    """
    bounds = methods.controls(config)["pool"]
    unknown = unknown_labels(scores)
    if not bounds or not unknown:
        return []
    return [
        f"{join(bounds)} learned from the labels that are known; of {join(unknown)} not all are. "
        "It is no upper bound there of what more labels could give."
    ]


def unequal_tuning(config: dict, statistics: dict) -> list[str]:
    """Name the methods that were chosen among more candidates than their fair controls, or fewer.

    Args:
        config: of the study, expanded (see `study.budgets.expand`).
        statistics: what `statistics.json` holds (see `findings.describe`).
    """
    unequal = [
        f"{entry['method']} ({tried[0]} against {tried[1]})"
        for entry in statistics["fair"]
        if entry["control"] is not None
        for tried in [[methods.tried(config, entry[role]) for role in ("method", "control")]]
        if tried[0] != tried[1]
    ]
    if not unequal:
        return []
    return [
        "Chosen among another number of candidates than the fair control: "
        f"{shorten(unequal)}. A part of the difference may be that of the larger search."
    ]


def steps_that_a_search_buys(config: dict) -> list[str]:
    """Name the methods whose search may have found longer training rather than better labels."""
    confounded = [
        name
        for name in config.get("methods", {})
        if methods.generations(config, name) and trainings.search_buys_steps(config, name)
    ]
    if not confounded:
        return []
    return [
        f"Epochs say how long {join(confounded)} trained, so a larger slice, a lower threshold or "
        "more generations were also more gradient steps: what was selected may be longer training. "
        "`steps` in place of `epochs` tells the two apart."
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
    kinds = axes.of(name for names in same.values() for name in names)
    counted = f" ({datasets} if {kinds} are counted)" if same else ""
    groups = len(set(statistics["groups"].values()))
    grouped = f" in {count(groups, 'group')}" if groups < units else ""
    folds = scores.groupby("dataset")["fold"].nunique()
    each = ", each group once" if grouped else ""
    unknown = unknown_labels(scores)
    labels = ", ".join(f"{number:,} of {dataset}" for dataset, number in unknown.items())
    return (
        f"Methods: {len(statistics['methods'])}. Datasets: {units}{grouped}{counted}. Outer folds: "
        f"{_range(folds, statistics['repeats'])}. "
        + (findings_of_draws.protocol(statistics) + OWN_PROTOCOL)
        * bool(len(scores[scores["source"] == "study"]))
        + f"Examples whose label nobody knows ({labels}) are unlabeled in every fold and never "
        "scored. "
        * bool(unknown)
        + "Mean accuracies below are over the datasets of which all methods have scores "
        f"({complete}){each}; a difference is over all that its two methods share, so it need not "
        "be that of the means. Intervals are t intervals over "
        f"{'groups' if grouped else 'datasets'}, each for itself. p is Wilcoxon's, corrected by "
        "Holm over the comparisons of the same kind: methods with their fair controls; with the "
        "control that the config names; all others. P(better), by the Bayesian signed-rank test, "
        f"is of a difference beyond {statistics['rope']:g}, and not given for fewer than "
        f"{LEAST_FOR_PROBABILITIES} {'groups' if grouped else 'datasets'}, of which it is too sure."
    )


def _range(folds: pd.Series, repeats: int) -> str:
    if folds.max() == 0:
        return "not known, means only"
    repeated = f", repeated {repeats} times" if repeats > 1 else ""
    each = [outer_folds_of(some, repeats) if repeated else some for some in folds]
    return f"{min(each)}{f' to {max(each)}' if min(each) < max(each) else ''}{repeated}"
