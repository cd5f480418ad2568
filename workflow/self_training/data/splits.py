"""Outer folds, the labeled and unlabeled parts of a pool, and inner folds."""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from self_training.data.class_counts import check_class_counts, labels_of_class
from self_training.data.split import Split
from self_training.seeds import derive_seed, generator


def make_splits(
    labels: np.ndarray,
    class_names: list[str],
    *,
    seed: int,
    dataset: str,
    outer_folds: int,
    inner_folds: int,
    **budget,
) -> list[Split]:
    """Split a dataset for every outer fold.

    Args:
        labels: (examples,) true labels. No later rule but the evaluation reads them.
        class_names: (classes,).
        seed: of the study.
        dataset: its name in the config, whatever the budget: all budgets have the same outer folds.
        inner_folds: 0 for none.
        budget: `labeled_fraction` (of every class in the pool, rounded) or `labels_per_class`. The
            labels of a smaller one are among those of a larger one.

    Returns: one split per outer fold.
    Raises: DatasetError when a class has too few examples.
    """
    counts = np.bincount(labels, minlength=len(class_names)).tolist()
    check_class_counts(
        dict(zip(class_names, counts, strict=True)),
        dataset=dataset,
        outer_folds=outer_folds,
        inner_folds=inner_folds,
        **budget,
    )
    identity = {"study": seed, "dataset": dataset}
    folds = StratifiedKFold(
        outer_folds, shuffle=True, random_state=derive_seed(purpose="outer folds", **identity)
    )
    splits = []
    for fold, (pool_idx, test_idx) in enumerate(folds.split(labels, labels)):
        identity["outer_fold"] = fold
        labeled_idx = _draw_labeled(labels, pool_idx, identity, budget)
        labeled_y = labels[labeled_idx]
        order = generator(purpose="unlabeled order", **identity).permutation(pool_idx)
        splits.append(
            Split(
                test_idx=test_idx,
                labeled_idx=labeled_idx,
                labeled_y=labeled_y,
                unlabeled_idx=order[~np.isin(order, labeled_idx)],
                inner_fold=_inner_folds(labeled_y, inner_folds, identity),
                classes=len(class_names),
            )
        )
    return splits


def _draw_labeled(labels, pool_idx, identity: dict, budget: dict) -> np.ndarray:
    """Return the first examples of each class, in one random order that no budget changes."""
    order = generator(purpose="labeled", **identity).permutation(pool_idx)
    classes = [order[labels[order] == label] for label in np.unique(labels)]
    drawn = [of_class[: labels_of_class(len(of_class), **budget)] for of_class in classes]
    return np.sort(np.concatenate(drawn))


def _inner_folds(labeled_y: np.ndarray, inner_folds: int, identity: dict) -> np.ndarray:
    inner_fold = np.full(len(labeled_y), -1)
    if inner_folds:
        random_state = derive_seed(purpose="inner folds", **identity)
        folds = StratifiedKFold(inner_folds, shuffle=True, random_state=random_state)
        for fold, (_, held_out) in enumerate(folds.split(labeled_y, labeled_y)):
            inner_fold[held_out] = fold
    return inner_fold
