"""Outer folds, the labeled and unlabeled parts of a pool, and inner folds."""

import numpy as np
from sklearn.model_selection import StratifiedKFold, train_test_split

from self_training.class_counts import check_class_counts
from self_training.seeds import derive_seed, generator


def make_splits(
    labels: np.ndarray,
    class_names: list[str],
    *,
    seed: int,
    dataset: str,
    outer_folds: int,
    inner_folds: int,
    labeled_fraction: float,
) -> list[dict[str, np.ndarray]]:
    """Split a dataset for every outer fold.

    Args:
        labels: (examples,) true labels. No later rule but the evaluation reads them.
        class_names: (classes,).
        seed: of the study.
        inner_folds: 0 for none.

    Returns: one dict per outer fold, of indices into the dataset:
        test_idx: (test,).
        labeled_idx, labeled_y: (labeled,) examples that keep their labels, and these.
        unlabeled_idx: (unlabeled,) in the fixed random order in which slices are taken.
        inner_fold: (labeled,) the inner fold that holds each labeled example out; -1 without.
        classes: () number of classes.
    Raises: DatasetError when a class has too few examples.
    """
    counts = np.bincount(labels, minlength=len(class_names)).tolist()
    check_class_counts(
        dict(zip(class_names, counts, strict=True)),
        dataset=dataset,
        outer_folds=outer_folds,
        inner_folds=inner_folds,
        labeled_fraction=labeled_fraction,
    )
    identity = {"study": seed, "dataset": dataset}
    folds = StratifiedKFold(
        outer_folds, shuffle=True, random_state=derive_seed(purpose="outer folds", **identity)
    )
    splits = []
    for fold, (pool_idx, test_idx) in enumerate(folds.split(labels, labels)):
        identity["outer_fold"] = fold
        labeled_idx, unlabeled_idx = train_test_split(
            pool_idx,
            train_size=round(labeled_fraction * len(pool_idx)),
            stratify=labels[pool_idx],
            random_state=derive_seed(purpose="labeled", **identity),
        )
        labeled_idx = np.sort(labeled_idx)
        labeled_y = labels[labeled_idx]
        order = generator(purpose="unlabeled order", **identity)
        splits.append(
            {
                "test_idx": test_idx,
                "labeled_idx": labeled_idx,
                "labeled_y": labeled_y,
                "unlabeled_idx": order.permutation(np.sort(unlabeled_idx)),
                "inner_fold": _inner_folds(labeled_y, inner_folds, identity),
                "classes": np.array(len(class_names)),
            }
        )
    return splits


def _inner_folds(labeled_y: np.ndarray, inner_folds: int, identity: dict) -> np.ndarray:
    inner_fold = np.full(len(labeled_y), -1)
    if inner_folds:
        random_state = derive_seed(purpose="inner folds", **identity)
        folds = StratifiedKFold(inner_folds, shuffle=True, random_state=random_state)
        for fold, (_, held_out) in enumerate(folds.split(labeled_y, labeled_y)):
            inner_fold[held_out] = fold
    return inner_fold
