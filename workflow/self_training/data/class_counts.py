"""Whether every class of a dataset has enough examples for the protocol."""

from self_training.errors import ConfigError, DatasetError

# Of labels_per_class: those of all examples that have one.
ALL = "all"

_OR_UNKNOWN = ", or add examples of unknown label (unlabeled: PATH, or labels that are left empty)"
# How examples are drawn that keep their labels: so many of every class, or whatever comes.
DRAWS = ("stratified", "random")


def labels_of_class(
    pool: int, *, labeled_fraction: float | None = None, labels_per_class: int | str | None = None
) -> int:
    """Return how many of a class's examples in a pool keep their labels, by one of the budgets."""
    if labels_per_class is not None:
        return pool if labels_per_class == ALL else int(labels_per_class)
    if labeled_fraction is not None:
        return round(labeled_fraction * pool)
    raise ValueError("Expected labeled_fraction or labels_per_class. Received neither.")


def check_class_counts(
    counts: dict[str, int],
    *,
    dataset: str,
    outer_folds: int,
    inner_folds: int,
    draw: str = "stratified",
    unknown: int = 0,
    has_test: bool = False,
    **budget,
) -> None:
    """Raise DatasetError unless every outer fold can be split as the protocol asks.

    Args:
        counts: examples of known label per class name.
        dataset: its name in the config.
        outer_folds: each class needs an example in every outer fold.
        inner_folds: each class needs a label in every inner fold; 0 without inner folds.
        draw: one of DRAWS. Of a random one, counts tell no more than that there are labels enough
            for one of every class, and unlabeled examples beside them.
        unknown: examples of unknown label. Where there are some, all others may keep theirs.
        has_test: whether outer folds are draws of labels, tested on other examples than those that
            are counted. Then the pool is all that are counted, and no draw has all labels of a
            class: draws that are all the same would not show how much one draw decides.
        budget: of `labels_of_class`. Without any of unknown label, every class needs an unlabeled
            example beside its labels, also in the fold where its pool (the examples of known label
            outside the test fold) is smallest.
    """
    if len(counts) < 2:
        raise DatasetError(
            f"datasets.{dataset}: Expected at least 2 classes. Received: {counts}, and {unknown} "
            "examples of unknown label (an empty label, -1, or a folder 'unlabeled', unless "
            "`classes` names it)."
        )
    for name, count in counts.items():
        if count < outer_folds and not has_test:
            raise DatasetError(
                f"datasets.{dataset}: Expected at least {outer_folds} examples in every class, one "
                f"per outer fold (outer_folds: {outer_folds}). Received: {count} of class "
                f"'{name}'. Use fewer outer folds or leave the class out."
            )
    if draw not in DRAWS:
        raise ConfigError.of("draw", f"one of {', '.join(DRAWS)}", draw)
    if draw == "random":
        _check_random_draw(counts, dataset, outer_folds, unknown, has_test, **budget)
        return
    ((key, value),) = budget.items()
    noun = "fraction" if key == "labeled_fraction" else "number"
    needed = max(1, inner_folds)
    for name, count in counts.items():
        pool = count if has_test else count - -(-count // outer_folds)
        labeled = labels_of_class(pool, **budget)
        if labeled < needed:
            reason = f" (inner_folds: {inner_folds})" if inner_folds else ""
            raise DatasetError(
                f"datasets.{dataset}.{key}: Expected a {noun} that leaves every class at least "
                f"{needed} labeled example{'s' if needed > 1 else ''}{reason}. Received: {value}, "
                f"which leaves {labeled} of class '{name}'. Use a larger {noun}."
            )
        if labeled > pool:
            raise DatasetError(
                f"datasets.{dataset}.{key}: Expected a {noun} that every class has in a pool. "
                f"Received: {value}, and class '{name}' has {pool} labeled examples in a pool. Use "
                f"a smaller {noun}{'' if has_test else ', or labels_per_class: all'}."
            )
        if labeled == pool and has_test:
            raise DatasetError(
                f"datasets.{dataset}.{key}: Expected a {noun} that leaves every class unlabeled "
                f"examples in the training file, as there is a test file (test_path): outer folds "
                f"are draws of labels, which must differ. Received: {value}, which asks for all "
                f"{pool} examples of class '{name}'. Use a smaller {noun}."
            )
        if labeled == pool and not unknown:
            raise DatasetError(
                f"datasets.{dataset}.{key}: Expected a {noun} that leaves every class unlabeled "
                f"examples. Received: {value}, which asks for {labeled} of the {pool} examples of "
                f"class '{name}' in a pool. Use a smaller {noun}{_OR_UNKNOWN}."
            )


def _check_random_draw(
    counts: dict[str, int],
    dataset: str,
    outer_folds: int,
    unknown: int,
    has_test: bool,
    labeled_fraction: float,
) -> None:
    total = sum(counts.values())
    pool = total if has_test else total - -(-total // outer_folds)
    labeled = labels_of_class(pool, labeled_fraction=labeled_fraction)
    if not len(counts) <= labeled < pool + bool(unknown and not has_test):
        remedy = f"smaller fraction{'' if has_test else _OR_UNKNOWN}"
        raise DatasetError(
            f"datasets.{dataset}.labeled_fraction: Expected a fraction that leaves labels for "
            f"{len(counts)} classes, and unlabeled examples. Received: {labeled_fraction}, which "
            f"leaves {labeled} labels of the {pool} examples in a pool. Use a "
            f"{remedy if labeled >= pool else 'larger fraction'}."
        )


def check_unknown(unknown: int, dataset: str) -> None:
    """Raise DatasetError when there is no example that a deployed model could label.

    Args:
        unknown: examples of unknown label.
        dataset: its name in the config.
    """
    if not unknown:
        raise DatasetError(
            f"datasets.{dataset}: Expected examples of unknown label, as `deploy` asks for a model "
            "that labels them. Received none. Add some (unlabeled: PATH, or labels that are left "
            "empty), or leave `deploy` out."
        )
