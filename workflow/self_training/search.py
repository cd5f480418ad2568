"""The hyper-parameter search: which candidates there are, and which of them is selected."""

from dataclasses import asdict, dataclass
from itertools import product

import numpy as np

from self_training.seeds import generator

HYPER_PARAMETERS = ("unlabeled_fraction", "threshold", "generations", "ensemble_size")


@dataclass(frozen=True)
class Candidate:
    """A point of the search space: what a chain of teachers and students is run with.

    unlabeled_fraction: examples of a generation's slice of U, as a fraction of the pool |P|; None
        where every generation labels all of U.
    threshold: a pseudo-label is selected when its confidence is above it.
    generations: teacher-to-student rounds; with 0 the other two say nothing and are None.
    ensemble_size: members of every teacher and student.
    """

    unlabeled_fraction: float | None
    threshold: float | None
    generations: int
    ensemble_size: int

    def as_dict(self) -> dict:
        return asdict(self)

    def chain(self, generations: int) -> "Candidate":
        """Return the chain that this candidate is a prefix of."""
        return Candidate(self.unlabeled_fraction, self.threshold, generations, self.ensemble_size)


def grid(space: dict[str, list]) -> list[Candidate]:
    """Return every combination of a search space, without repetition, in the order of the lists.

    Args:
        space: a list of values for each of HYPER_PARAMETERS.
    """
    candidates = {}
    for values in product(*(space[name] for name in HYPER_PARAMETERS)):
        candidate = Candidate(*values)
        if candidate.generations == 0:
            candidate = Candidate(None, None, 0, candidate.ensemble_size)
        candidates[candidate] = None
    return list(candidates)


def propose(
    space: dict[str, list], strategy: str, trials: int | None, choice: dict | None, **identity
) -> list[Candidate]:
    """Return the candidates of one method in one outer fold.

    Args:
        space: lists of values; where a choice is given, only for what is searched anew.
        strategy: `grid`, `random` (`trials` points of the grid, without repetition) or `fixed`.
        choice: what `select` has returned for this outer fold, whose hyper-parameters hold for
            what is not in the space; or None.
        identity: what the draw of `random` is seeded by.
    """
    if choice is not None:
        space = {name: [value] for name, value in choice["hyper_parameters"].items()} | space
    candidates = grid(space)
    if strategy == "random" and trials < len(candidates):
        drawn = generator(purpose="candidates", **identity).permutation(len(candidates))[:trials]
        candidates = [candidates[index] for index in sorted(drawn)]
    return candidates


def chains(candidates: list[Candidate]) -> list[Candidate]:
    """Return the chains that score all candidates: candidates that differ in `generations` alone
    share one, as long as the longest of them, so that no prefix is trained twice.
    """
    longest = {}
    for candidate in candidates:
        key = candidate.chain(0)
        longest[key] = max(longest.get(key, 0), candidate.generations)
    return [key.chain(generations) for key, generations in longest.items()]


def select(candidates: list[Candidate], scores: list[list[float]]) -> dict:
    """Select the candidate with the highest mean score over the inner folds.

    Among equals, the one with fewer generations, then members, then the first: what costs less.

    Args:
        candidates: those proposed.
        scores: for each candidate, its accuracy on each inner fold; empty when there was no
            choice to make.

    Returns: `hyper_parameters` of the selected one, and `candidates`, all with their scores.
    """
    means = [float(np.mean(folds)) if folds else None for folds in scores]

    def rank(index: int):
        candidate = candidates[index]
        # Rounded, so that the last bits of a mean do not overrule the cost.
        mean = -round(means[index], 12) if means[index] is not None else 0
        return mean, candidate.generations, candidate.ensemble_size, index

    best = min(range(len(candidates)), key=rank)
    return {
        "hyper_parameters": candidates[best].as_dict(),
        "candidates": [
            candidate.as_dict() | {"mean_accuracy": mean, "accuracies": folds}
            for candidate, mean, folds in zip(candidates, means, scores, strict=True)
        ],
    }
