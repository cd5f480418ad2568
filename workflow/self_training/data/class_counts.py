"""Whether every class of a dataset has enough examples for the protocol."""

from self_training.errors import DatasetError


def labels_of_class(
    pool: int, *, labeled_fraction: float | None = None, labels_per_class: int | None = None
) -> int:
    """Return how many of a class's examples in a pool keep their labels, by one of the budgets."""
    if labels_per_class is not None:
        return labels_per_class
    if labeled_fraction is not None:
        return round(labeled_fraction * pool)
    raise ValueError("Expected labeled_fraction or labels_per_class. Received neither.")


def check_class_counts(
    counts: dict[str, int], *, dataset: str, outer_folds: int, inner_folds: int, **budget
) -> None:
    """Raise DatasetError unless every outer fold can be split as the protocol asks.

    Args:
        counts: examples per class name.
        dataset: its name in the config.
        outer_folds: each class needs an example in every outer fold.
        inner_folds: each class needs a label in every inner fold; 0 without inner folds.
        budget: of `labels_of_class`. Every class needs an unlabeled example beside its labels, also
            in the fold where its pool (the examples outside the test fold) is smallest.
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
    ((key, value),) = budget.items()
    noun = "fraction" if key == "labeled_fraction" else "number"
    needed = max(1, inner_folds)
    for name, count in counts.items():
        pool = count - -(-count // outer_folds)
        labeled = labels_of_class(pool, **budget)
        if labeled < needed:
            reason = f" (inner_folds: {inner_folds})" if inner_folds else ""
            raise DatasetError(
                f"datasets.{dataset}.{key}: Expected a {noun} that leaves every class at least "
                f"{needed} labeled example{'s' if needed > 1 else ''}{reason}. Received: {value}, "
                f"which leaves {labeled} of class '{name}'. Use a larger {noun}."
            )
        if labeled >= pool:
            raise DatasetError(
                f"datasets.{dataset}.{key}: Expected a {noun} that leaves every class unlabeled "
                f"examples. Received: {value}, which asks for {labeled} of the {pool} examples of "
                f"class '{name}' in a pool. Use a smaller {noun}."
            )
