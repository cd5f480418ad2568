"""Outer folds, the labeled and unlabeled parts of a pool, and inner folds."""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from self_training.data.class_counts import check_class_counts, check_unknown, labels_of_class
from self_training.data.examples import UNKNOWN
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
        budget: `labeled_fraction` (of every class in the pool, rounded; of a random draw, of the
            pool, of which examples of unknown label are no part) or `labels_per_class`, perhaps
            `all`. The labels of a smaller one are among those of a larger one.

    Returns: one split per outer fold.
    Raises: DatasetError when a class has too few examples, or a random draw has left it no label.
    """
    known_idx, unknown_idx = np.flatnonzero(labels != UNKNOWN), np.flatnonzero(labels == UNKNOWN)
    counts = np.bincount(labels[known_idx], minlength=len(class_names)).tolist()
    check_class_counts(
        dict(zip(class_names, counts, strict=True)),
        dataset=dataset,
        outer_folds=outer_folds,
        inner_folds=inner_folds,
        draw=draw,
        unknown=len(unknown_idx),
        **budget,
    )
    identity = {"study": seed, "dataset": dataset}
    which = {"repeat": repeat} if repeat else {}
    random_state = derive_seed(purpose="outer folds", **which, **identity)
    folds = StratifiedKFold(outer_folds, shuffle=True, random_state=random_state)
    splits = []
    parted = folds.split(known_idx, labels[known_idx])
    for fold, parts in enumerate(parted, start=repeat * outer_folds):
        pool_idx, test_idx = (known_idx[part] for part in parts)
        identity["outer_fold"] = fold
        if draw == "random":
            labeled_idx = _draw_at_random(pool_idx, identity, budget)
            check_drawn(labels[labeled_idx], class_names, dataset, fold, inner_folds)
        else:
            labeled_idx = _draw_of_every_class(labels, pool_idx, identity, budget)
        pool = np.union1d(pool_idx, unknown_idx)
        inner = make_inner_folds(labels[labeled_idx], inner_folds, inner_repeats, identity)
        splits.append(make_split(labels, test_idx, labeled_idx, pool, inner, identity, class_names))
    return splits


def make_split(
    labels: np.ndarray,
    test_idx: np.ndarray,
    labeled_idx: np.ndarray,
    pool: np.ndarray,
    inner_folds: np.ndarray,
    identity: dict,
    class_names: list[str],
) -> Split:
    """Return the split of an outer fold: what of the pool is not labeled is unlabeled, in an order
    of the pool that does not depend on how many are labeled."""
    order = generator(purpose="unlabeled order", **identity).permutation(pool)
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


def _draw_of_every_class(labels, pool_idx, identity: dict, budget: dict) -> np.ndarray:
    """Return the first examples of each class, in one random order that no budget changes."""
    order = generator(purpose="labeled", **identity).permutation(pool_idx)
    classes = [order[labels[order] == label] for label in np.unique(labels)]
    drawn = [of_class[: labels_of_class(len(of_class), **budget)] for of_class in classes]
    return np.sort(np.concatenate(drawn))


def _draw_at_random(pool_idx, identity: dict, budget: dict) -> np.ndarray:
    """Return the first examples, of whatever class, in that order."""
    order = generator(purpose="labeled", **identity).permutation(pool_idx)
    return np.sort(order[: labels_of_class(len(order), **budget)])


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
