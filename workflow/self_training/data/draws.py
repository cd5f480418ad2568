"""Draws of labels, which are the outer folds of a dataset that has a test file.

All draws are tested on the examples of that file, so what differs between them is which examples of
the training file keep their labels. These are dealt like cards: to each draw in turn one, which no
draw has as long as there is one, and else one that the fewest have.
"""

from dataclasses import replace

import numpy as np

from self_training.data.class_counts import check_class_counts, labels_of_class
from self_training.data.examples import TEST, UNKNOWN
from self_training.data.imbalance import keep
from self_training.data.imbalance_counts import ALIKE, check_imbalance
from self_training.data.split import Split
from self_training.data.splits import check_drawn, make_inner_folds, make_split, make_splits
from self_training.seeds import generator


def make_outer_folds(
    labels: np.ndarray, class_names: list[str], *, repeat: int = 0, **settings
) -> list[Split]:
    """Return the outer folds of a dataset: draws of labels where it has test examples, or else the
    folds of a cross-validation.

    Args:
        labels: (examples,) true labels of the pool; UNKNOWN where nobody knows one, and TEST of
            test examples, whose labels are in another file.
        class_names: (classes,).
        repeat: of the cross-validation; draws are not repeated.
        settings: of `splits.make_splits`.
    """
    if (labels == TEST).any():
        return make_draws(labels, class_names, **settings)
    return make_splits(labels, class_names, repeat=repeat, **settings)


def make_draws(
    labels: np.ndarray,
    class_names: list[str],
    *,
    seed: int,
    dataset: str,
    outer_folds: int,
    inner_folds: int,
    inner_repeats: int = 1,
    draw: str = "stratified",
    imbalance: float | None = None,
    unlabeled_imbalance: str = ALIKE,
    **budget,
) -> list[Split]:
    """Draw labels of the training file, once per outer fold; all are tested on the test file.

    Args:
        labels, class_names: of `make_outer_folds`.
        seed, dataset, inner_folds, inner_repeats, draw, budget: of `splits.make_splits`. The pool
            is all of the training file. The labels of a smaller budget are among those of a larger
            one, in every draw.
        outer_folds: how many draws.
        imbalance, unlabeled_imbalance: of `imbalance.keep`.

    Returns: one split per draw, with the share of its labeled examples that another draw has, too.
    Raises: DatasetError, as `make_splits` does, and where a draw would have all labels of a class.
    """
    test_idx, known_idx = np.flatnonzero(labels == TEST), np.flatnonzero(labels >= 0)
    pool = np.flatnonzero(labels != TEST)
    counts = np.bincount(labels[known_idx], minlength=len(class_names)).tolist()
    asked: dict = {
        "dataset": dataset,
        "outer_folds": outer_folds,
        "inner_folds": inner_folds,
        "unknown": int((labels == UNKNOWN).sum()),
        "has_test": True,
    }
    of_classes = dict(zip(class_names, counts, strict=True))
    check_class_counts(of_classes, draw=draw, **asked, **budget)
    unequal: dict = {"imbalance": imbalance, "unlabeled_imbalance": unlabeled_imbalance}
    check_imbalance(of_classes, **unequal, **asked, **budget)
    identity = {"study": seed, "dataset": dataset}
    # Of all classes, or of each: what is dealt by itself.
    decks = {"all": known_idx}
    if draw != "random":
        decks = {str(label): known_idx[labels[known_idx] == label] for label in range(len(counts))}
    dealt = [
        deal(deck, outer_folds, labels_of_class(len(deck), **budget),
             generator(purpose="labels dealt", deck=name, **identity))
        for name, deck in decks.items()
    ]  # fmt: skip
    kept = [
        keep(list(drawn), pool, labels, identity | {"outer_fold": fold}, **unequal)
        for fold, drawn in enumerate(zip(*dealt, strict=True))
    ]
    of_all = np.concatenate([labeled_idx for labeled_idx, _ in kept])
    times = np.bincount(of_all, minlength=len(labels))
    splits = []
    for fold, (labeled_idx, left_out) in enumerate(kept):
        labeled_y = labels[labeled_idx]
        identity["outer_fold"] = fold
        if draw == "random":
            check_drawn(labeled_y, class_names, dataset, fold, inner_folds, "draw")
        inner = make_inner_folds(labeled_y, inner_folds, inner_repeats, identity)
        parts_of_pool = (labeled_idx, left_out, pool)
        split = make_split(labels, test_idx, *parts_of_pool, inner, identity, class_names)
        overlap = float((times[labeled_idx] - 1).mean() / (outer_folds - 1))
        splits.append(replace(split, overlap=overlap))
    return splits


def deal(cards: np.ndarray, hands: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Deal so many cards to each hand, one at a time to each in turn.

    A hand takes the first card of the deck that it does not have. When there is none, all cards are
    shuffled and laid below what is left. So hands have no card in common as long as there are
    enough, and else every card is in about as many hands. What a hand has been dealt does not
    depend on how many follow.

    Args:
        cards: (cards,) different ones.
        size: up to the number of cards.

    Returns: (hands, size).
    """
    deck: list = []
    held: list[dict] = [{} for _ in range(hands)]
    for _ in range(size):
        for hand in held:
            at = _first_other(deck, hand)
            if at == len(deck):
                deck += rng.permutation(cards).tolist()
                at = _first_other(deck, hand)
            hand[deck.pop(at)] = None
    return np.array([list(hand) for hand in held], dtype=cards.dtype).reshape(hands, size)


def _first_other(deck: list, hand: dict) -> int:
    """Return where the first card lies that a hand does not have; the deck's size if it has all."""
    return next((at for at, card in enumerate(deck) if card not in hand), len(deck))
