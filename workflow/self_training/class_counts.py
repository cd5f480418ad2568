"""Whether every class of a dataset has enough examples for the protocol."""

from self_training.errors import DatasetError


def check_class_counts(
    counts: dict[str, int],
    *,
    dataset: str,
    outer_folds: int,
    inner_folds: int,
    labeled_fraction: float,
) -> None:
    """Raise DatasetError unless every outer fold can be split as the protocol asks.

    Args:
        counts: examples per class name.
        outer_folds: each class needs an example in every outer fold.
        inner_folds: each class needs a label in every inner fold; 0 without inner folds.
        labeled_fraction: part of the pool (the examples outside the test fold) that keeps labels.
            Stratification gives a class its share of the labels, rounded down or up; what is
            checked is the share rounded down, in the fold where it is smallest.
    """
    if len(counts) < 2:
        raise DatasetError(f"datasets.{dataset}: Expected at least 2 classes. Received: {counts}.")
    for name, count in counts.items():
        if count < outer_folds:
            raise DatasetError(
                f"datasets.{dataset}: Expected at least {outer_folds} examples in every class, one "
                f"per outer fold (outer_folds: {outer_folds}). Received: {count} of class "
                f"'{name}'. Use fewer outer folds or leave the class out."
            )
    examples = sum(counts.values())
    smallest_pool = examples - -(-examples // outer_folds)
    largest_pool = examples - examples // outer_folds
    labels = round(labeled_fraction * smallest_pool)
    key = f"datasets.{dataset}.labeled_fraction"
    needed = max(1, inner_folds)
    for name, count in counts.items():
        pool = count - -(-count // outer_folds)
        labeled = labels * pool // largest_pool
        if labeled < needed:
            reason = f" (inner_folds: {inner_folds})" if inner_folds else ""
            raise DatasetError(
                f"{key}: Expected a fraction that leaves every class at least {needed} labeled "
                f"example{'s' if needed > 1 else ''}{reason}. Received: {labeled_fraction}, which "
                f"leaves {labeled} of class '{name}'. Use a larger fraction."
            )
        if pool - labeled < 2:
            raise DatasetError(
                f"{key}: Expected a fraction that leaves every class unlabeled examples. Received: "
                f"{labeled_fraction}, which labels {labeled} of the {pool} examples of class "
                f"'{name}' in a pool. Use a smaller fraction."
            )
