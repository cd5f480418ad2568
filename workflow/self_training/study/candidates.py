"""Points of a hyper-parameter search space."""

from dataclasses import asdict, dataclass, replace
from itertools import product

# How a chain goes on; every candidate has these.
OF_CHAINS = ("unlabeled_fraction", "threshold", "generations", "ensemble_size")
# How pseudo-labels are made, and how networks are trained; None where the settings say it.
TEACHER_MEMBERS = "teacher_members"
OF_LABELS = ("temperature", "uncertainty", TEACHER_MEMBERS)
OF_NOISE = ("magnitude", "dropout")
OF_NETWORKS = (
    "learning_rate",
    "l2",
    "weight_decay",
    "label_smoothing",
    "logit_adjustment",
    *OF_NOISE,
    "epochs",
    "steps",
)
# How a method of consistency training learns of unlabeled examples (see `study.consistency`).
OF_CONSISTENCY = ("consistency_threshold", "consistency_weight")
HYPER_PARAMETERS = (*OF_CHAINS, *OF_LABELS, *OF_NETWORKS, *OF_CONSISTENCY)


@dataclass(frozen=True)
class Candidate:
    """A point of the search space: what a chain of teachers and students is run with.

    unlabeled_fraction: examples of a generation's slice of U, as a fraction of the pool |P|; None
        where every generation labels all of U.
    threshold: a pseudo-label is selected when its confidence is above it; None where a curriculum
        says how many are.
    generations: teacher-to-student rounds; with 0 the other two say nothing and are None.
    ensemble_size: members of every teacher and student; where there are teacher_members, of the
        last students.
    temperature: of soft labels; None, as of all below, where it is not searched.
    uncertainty: a pseudo-label is selected when the spread of the teachers' members is below it.
    teacher_members: members of every teacher; None for as many as `ensemble_size`.
    learning_rate, l2, weight_decay, label_smoothing, logit_adjustment, magnitude, dropout, epochs,
        steps: of `training.runs.TrainingSettings`.
    consistency_threshold, consistency_weight: of `training.runs.OF_CONSISTENCY`.
    """

    unlabeled_fraction: float | None
    threshold: float | None
    generations: int
    ensemble_size: int
    temperature: float | None = None
    uncertainty: float | None = None
    teacher_members: int | None = None
    learning_rate: float | None = None
    l2: float | None = None
    weight_decay: float | None = None
    label_smoothing: float | None = None
    logit_adjustment: float | None = None
    magnitude: float | None = None
    dropout: float | None = None
    epochs: int | None = None
    steps: int | None = None
    consistency_threshold: float | None = None
    consistency_weight: float | None = None

    def as_dict(self) -> dict:
        """Return the hyper-parameters by name: those of chains, and those that are searched."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name in OF_CHAINS or value is not None
        }

    def of_networks(self) -> dict:
        """Return what is searched of how networks are trained: `training.runs.Run.settings`."""
        said = self.as_dict()
        found = {name: value for name, value in said.items() if name in OF_NETWORKS}
        return found | {name: value for name, value in said.items() if name in OF_CONSISTENCY}

    def members(self, generation: int) -> int:
        """Return how many networks a generation has: those that teach another one may be more.

        The last ones are the first of as many as had been trained to teach, so that a shorter
        chain's students are among a longer one's.
        """
        teaches = generation < self.generations
        return (self.teacher_members if teaches else None) or self.ensemble_size

    def chain(self, generations: int) -> "Candidate":
        """Return the chain that this candidate is a prefix of."""
        return replace(self, generations=generations)


def grid(space: dict[str, list]) -> list[Candidate]:
    """Return every combination of a search space, without repetition, in the order of the lists.

    Args:
        space: a list of values for each of OF_CHAINS, and of the others for those that are
            searched.
    """
    names = [name for name in HYPER_PARAMETERS if name in space]
    with_students = max(space["generations"]) > 0
    candidates: dict[Candidate, None] = {}
    for values in product(*(space[name] for name in names)):
        candidate = Candidate(**dict(zip(names, values, strict=True)))
        if candidate.generations == 0:
            candidate = replace(candidate, unlabeled_fraction=None, threshold=None)
            if with_students:
                # A chain that trains no student is its teacher, however students were trained.
                candidate = Candidate(None, None, 0, candidate.ensemble_size)
        candidates[candidate] = None
    return list(candidates)
