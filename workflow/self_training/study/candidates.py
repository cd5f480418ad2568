"""Points of a hyper-parameter search space."""

from dataclasses import asdict, dataclass
from itertools import product

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
        """Return the hyper-parameters by name."""
        return asdict(self)

    def chain(self, generations: int) -> "Candidate":
        """Return the chain that this candidate is a prefix of."""
        return Candidate(self.unlabeled_fraction, self.threshold, generations, self.ensemble_size)


def grid(space: dict[str, list]) -> list[Candidate]:
    """Return every combination of a search space, without repetition, in the order of the lists.

    Args:
        space: a list of values for each of HYPER_PARAMETERS.
    """
    candidates: dict[Candidate, None] = {}
    for values in product(*(space[name] for name in HYPER_PARAMETERS)):
        candidate = Candidate(*values)
        if candidate.generations == 0:
            candidate = Candidate(None, None, 0, candidate.ensemble_size)
        candidates[candidate] = None
    return list(candidates)
