"""Shift: whether a classifier can tell labeled examples from unlabeled ones.

Lopez-Paz and Oquab 2017 (*Revisiting classifier two-sample tests*, ICLR): where two samples come
from one distribution, no classifier does better than chance on examples that it was not trained on.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, permutation_test_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from self_training.seeds import derive_seed, generator

LEAST, MOST = 30, 1000  # Examples of each part; fewer tell nothing, more take longer.
FOLDS = 5
# The smallest p is 1 / (PERMUTATIONS + 1). Folds share training examples, so that the correct ones
# are no binomial sample: a binomial p below 0.05 came up in 8 to 10 % of samples without shift.
PERMUTATIONS = 99
# Strongly regularized: there are often more features than labeled examples.
INVERSE_REGULARIZATION = 0.01


def compare(features: np.ndarray, labeled: np.ndarray, identity: dict) -> dict:
    """Return how well a logistic regression tells labeled from unlabeled examples.

    As many of each are drawn, and scored on folds that it was not trained on.

    Args:
        features: float (examples, features), of examples of which none is a duplicate of another.
        labeled: bool (examples,).
        identity: what the draw and the folds come from.

    Returns: `compared`, how many of each part; mean `accuracy` and `auc` over folds, 0.5 by chance;
        `p_value`, by permutation of the parts, that the AUC is luck. None where fewer than LEAST of
        each part are there.
    """
    parts = [np.flatnonzero(labeled), np.flatnonzero(~labeled)]
    count = min(MOST, *map(len, parts))
    if count < LEAST:
        return {"compared": count, "accuracy": None, "auc": None, "p_value": None}
    rng = generator(purpose="shift", **identity)
    drawn = np.concatenate([np.sort(rng.choice(part, count, replace=False)) for part in parts])
    x, is_labeled = features[drawn], labeled[drawn]
    seed = derive_seed(purpose="folds of shift", **identity)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=INVERSE_REGULARIZATION))
    accuracy = cross_val_score(classifier, x, is_labeled, cv=folds, scoring="accuracy")
    auc, _, p_value = permutation_test_score(
        classifier,
        x,
        is_labeled,
        cv=folds,
        n_permutations=PERMUTATIONS,
        random_state=seed,
        scoring="roc_auc",
    )
    return {
        "compared": count,
        "accuracy": float(accuracy.mean()),
        "auc": float(auc),
        "p_value": float(p_value),
    }
