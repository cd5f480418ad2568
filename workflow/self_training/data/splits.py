"""Outer folds, the labeled and unlabeled parts of a pool, and inner folds."""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from self_training.data.class_counts import check_class_counts, check_unknown, labels_of_class
from self_training.data.examples import UNKNOWN
from self_training.data.imbalance import keep
from self_training.data.imbalance_counts import ALIKE, check_imbalance
from self_training.data.split import Split
from self_training.errors import DatasetError
from self_training.seeds import derive_seed, generator


def make_splits(
    labels: np.ndarray,
    class_names: list[str],
    *,
    seed: int,
    dataset: str,
    outer_folds: int,
    inner_folds: int,
    inner_repeats: int = 1,
    repeat: int = 0,
    draw: str = "stratified",
    imbalance: float | None = None,
    unlabeled_imbalance: str = ALIKE,
    **budget,
) -> list[Split]:
    """Split a dataset for every outer fold of one repeat of the cross-validation.

    Args:
        labels: (examples,) true labels, UNKNOWN where nobody knows one. No later rule but the
            evaluation reads them. Examples of unknown label are unlabeled in every outer fold.
        class_names: (classes,).
        seed: of the study.
        dataset: its name in the config, whatever the budget: all budgets have the same outer folds.
        inner_folds: 0 for none.
        inner_repeats: partitions of the labeled examples into inner folds.
        repeat: of the outer cross-validation. A later one has other folds, and numbers them on, so
            that what is drawn in them is drawn anew.
        draw: `stratified`, or `random`: which examples are labeled does not depend on labels, given
            the outer folds, which are always stratified.
        imbalance, unlabeled_imbalance: of `imbalance.keep`.
        budget: `labeled_fraction` (of every class in the pool, rounded; of a random draw, of the
            pool, of which examples of unknown label are no part) or `labels_per_class`, perhaps
            `all`. The labels of a smaller one are among those of a larger one.

    Returns: one split per outer fold.
    Raises: DatasetError when a class has too few examples, or a random draw has left it no label.
    """
    known_idx, unknown_idx = np.flatnonzero(labels != UNKNOWN), np.flatnonzero(labels == UNKNOWN)
    counts = np.bincount(labels[known_idx], minlength=len(class_names)).tolist()
    asked: dict = {
        "dataset": dataset,
        "outer_folds": outer_folds,
        "inner_folds": inner_folds,
        "unknown": len(unknown_idx),
    }
    of_classes = dict(zip(class_names, counts, strict=True))
    check_class_counts(of_classes, draw=draw, **asked, **budget)
    unequal: dict = {"imbalance": imbalance, "unlabeled_imbalance": unlabeled_imbalance}
    check_imbalance(of_classes, **unequal, **asked, **budget)
    identity = {"study": seed, "dataset": dataset}
    which = {"repeat": repeat} if repeat else {}
    random_state = derive_seed(purpose="outer folds", **which, **identity)
    folds = StratifiedKFold(outer_folds, shuffle=True, random_state=random_state)
    splits = []
    parted = folds.split(known_idx, labels[known_idx])
    for fold, parts in enumerate(parted, start=repeat * outer_folds):
        pool_idx, test_idx = (known_idx[part] for part in parts)
        identity["outer_fold"] = fold
        order = generator(purpose="labeled", **identity).permutation(pool_idx)
        decks = [order]
        if draw != "random":
            decks = [order[labels[order] == label] for label in range(len(class_names))]
        drawn = [deck[: labels_of_class(len(deck), **budget)] for deck in decks]
        pool = np.union1d(pool_idx, unknown_idx)
        labeled_idx, left_out = keep(drawn, pool, labels, identity, **unequal)
        if draw == "random":
            check_drawn(labels[labeled_idx], class_names, dataset, fold, inner_folds)
        inner = make_inner_folds(labels[labeled_idx], inner_folds, inner_repeats, identity)
        parts_of_pool = (labeled_idx, left_out, pool)
        splits.append(make_split(labels, test_idx, *parts_of_pool, inner, identity, class_names))
    return splits


def make_split(
    labels: np.ndarray,
    test_idx: np.ndarray,
    labeled_idx: np.ndarray,
    left_out: np.ndarray,
    pool: np.ndarray,
    inner_folds: np.ndarray,
    identity: dict,
    class_names: list[str],
) -> Split:
    """Return the split of an outer fold: what of the pool is neither labeled nor left out is
    unlabeled, in an order of the pool that does not depend on how many are labeled."""
    order = generator(purpose="unlabeled order", **identity).permutation(pool)
    order = order[~np.isin(order, left_out)]
    return Split(
        test_idx=test_idx,
        labeled_idx=labeled_idx,
        labeled_y=labels[labeled_idx],
        unlabeled_idx=order[~np.isin(order, labeled_idx)],
        inner_folds=inner_folds,
        classes=len(class_names),
    )


def make_deployed_split(
    labels: np.ndarray,
    class_names: list[str],
    *,
    identity: dict,
    inner_folds: int,
    inner_repeats: int = 1,
) -> Split:
    """Return the split of a deployed model: all known labels are given, and no example is held out.

    Args:
        labels: (examples,) UNKNOWN where nobody knows it, and TEST of test examples, which a
            deployed model is given no more than others are.
        class_names: (classes,).
        identity: of the deployed model, in the place of an outer fold's.
        inner_folds, inner_repeats: of `make_splits`.

    Returns: a split whose `test_idx` are the unlabeled examples in ascending order: the final chain
        predicts all of them, and nothing is scored on them.
    Raises: DatasetError, when there is no example of unknown label.
    """
    check_unknown(int((labels == UNKNOWN).sum()), identity["dataset"])
    unknown_idx, labeled_idx = np.flatnonzero(labels == UNKNOWN), np.flatnonzero(labels >= 0)
    labeled_y = labels[labeled_idx]
    return Split(
        test_idx=unknown_idx,
        labeled_idx=labeled_idx,
        labeled_y=labeled_y,
        unlabeled_idx=generator(purpose="unlabeled order", **identity).permutation(unknown_idx),
        inner_folds=make_inner_folds(labeled_y, inner_folds, inner_repeats, identity),
        classes=len(class_names),
    )


def check_drawn(
    labeled_y: np.ndarray,
    class_names: list[str],
    dataset: str,
    fold: int,
    inner_folds: int,
    unit: str = "outer fold",
) -> None:
    """Raise DatasetError where a random draw has left a class without a label.

    Args:
        unit: what an outer fold is called.
    """
    counts = np.bincount(labeled_y, minlength=len(class_names))
    wrong = f"datasets.{dataset}.labeled_fraction: Expected"
    remedy = "Use a larger fraction, another seed, or draw: stratified."
    if counts.min() == 0:
        missing = ", ".join(f"'{class_names[label]}'" for label in np.flatnonzero(counts == 0))
        raise DatasetError(
            f"{wrong} a label of every class in every {unit}. Received none of class {missing} "
            f"in {unit} {fold}, by a random draw of {len(labeled_y)} labels. {remedy}"
        )
    if counts.max() < inner_folds:
        raise DatasetError(
            f"{wrong} at least {inner_folds} labels of some class in every {unit}, as "
            f"inner_folds is {inner_folds}. Received at most {counts.max()} of a class in {unit} "
            f"{fold}, by a random draw of {len(labeled_y)} labels. {remedy}"
        )


def make_inner_folds(
    labeled_y: np.ndarray, inner_folds: int, repeats: int, identity: dict
) -> np.ndarray:
    """Return the inner fold of each labeled example in each partition (see `Split`)."""
    inner_fold = np.full((repeats, len(labeled_y)), -1)
    for repeat in range(repeats if inner_folds else 0):
        which = {"repeat": repeat} if repeat else {}
        random_state = derive_seed(purpose="inner folds", **which, **identity)
        folds = StratifiedKFold(inner_folds, shuffle=True, random_state=random_state)
        for fold, (_, held_out) in enumerate(folds.split(labeled_y, labeled_y)):
            inner_fold[repeat, held_out] = fold
    return inner_fold
