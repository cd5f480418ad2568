"""A training job's generation: of all chains of a method, in one phase of an outer fold.

In the search these are the chains of all candidates, on every inner fold; at last the chain of the
selected candidate, on all labeled examples. A chain on a part has the name `CHAIN/PART` in states.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

from self_training.data.split import Split, load_split
from self_training.methods import (
    labeled_so_far,
    noisy_student,
    predictions,
    proposals,
    synthetic,
    teachers,
)
from self_training.methods.labeled_so_far import PseudoLabels
from self_training.methods.noisy_student import Labeling, slice_of
from self_training.methods.parts import parts
from self_training.methods.predictions import Predictions, stack_members
from self_training.methods.states import name_of
from self_training.methods.synthetic import Synthetic, with_synthetic
from self_training.study.candidates import Candidate
from self_training.training.runs import Run, TrainedRun


@dataclass(frozen=True)
class Generation:
    """A generation of chains, between its teachers and its students.

    number: 1, 2, ...
    teachers: predictions after the generation before, of every chain on every part.
    pseudo_labels: those that the students are trained on; of a chain that has ended, its last ones.
    identity: of the outer fold, which seeds come from.
    generated: synthetic examples that students on a part are trained on, too, by the names of
        parts; none of a method without.
    passes: of `noisy_student.students`.
    """

    split: Split
    phase: str
    chains: list[Candidate]
    number: int
    teachers: dict[str, Predictions]
    pseudo_labels: dict[str, PseudoLabels]
    identity: dict
    generated: dict[str, Synthetic] = field(default_factory=dict)
    passes: bool = False

    @cached_property
    def runs(self) -> list[Run]:
        """The runs of the students of every chain that goes on."""
        # Part by part, so that runs that start from the same weights follow each other.
        return [
            with_synthetic(run, self.generated.get(part.name))
            for part in parts(self.split, self.phase)
            for index, chain in enumerate(self.chains)
            if not self.pseudo_labels[name := name_of(index, part.name)].termination
            for run in noisy_student.students(
                self.split,
                part,
                chain,
                self.number,
                self.pseudo_labels[name],
                name=name,
                identity=self.identity,
                passes=self.passes,
            )
        ]

    def predictions(self, trained: list[TrainedRun]) -> dict[str, Predictions]:
        """Return the predictions after this generation: of the students, and where a chain has
        ended those of before.

        Args:
            trained: results of `runs`.
        """
        return self.teachers | stack_members(self.runs, trained)


def label_all(
    split: Split,
    phase: str,
    chains: list[Candidate],
    number: int,
    given: dict[str, Predictions],
    before: dict[str, PseudoLabels],
    how: Labeling,
    identity: dict,
) -> Generation:
    """Return a generation with the pseudo-labels of every chain.

    Args:
        phase: SEARCH or FINAL, of `parts.parts`.
        chains: those of all candidates, or the selected one (see `proposals.chains`).
        number: of the generation: 1, 2, ...
        given: predictions of its teachers: of generation 1 the shared ones, by the names of parts;
            later those after the generation before.
        before: pseudo-labels of the generation before; empty for the first.
        identity: of the outer fold, which seeds come from.
    """
    teachers = of_shared_teachers(split, chains, given) if number == 1 else given
    pseudo_labels = {
        (name := name_of(index, part.name)): noisy_student.label(
            split, part, chain, number, teachers[name], before.get(name), how
        )
        for index, chain in enumerate(chains)
        for part in parts(split, phase)
    }
    made = Generation(split, phase, chains, number, teachers, pseudo_labels, identity)
    return replace(made, passes=how.passes)


def of_shared_teachers(
    split: Split, chains: list[Candidate], given: dict[str, Predictions]
) -> dict[str, Predictions]:
    """Return what every chain takes of the shared teachers: its members, and its first slice.

    Args:
        given: predictions of all their members, by the names of parts.
    """
    taken = {}
    for index, chain in enumerate(chains):
        members, asked = chain.members(0), len(slice_of(split, chain, 1))
        for part, some in given.items():
            assert some.unlabeled is not None
            name = name_of(index, part)
            evaluation, unlabeled = some.evaluation[:members], some.unlabeled[:members, :asked]
            spread = None if some.spread is None else some.spread[:members, :asked]
            taken[name] = Predictions(evaluation, unlabeled, spread=spread)
    return taken


def endings(
    of_parts: dict[str, Synthetic], chains: list[Candidate], classes: int, labels: str
) -> dict[str, PseudoLabels]:
    """Return where chains have ended before their first generation, as they have no synthetic
    examples of a class, by the names of chains on parts.

    Args:
        of_parts: by the names of parts; none of a method without.
        labels: `hard` or `soft`.
    """
    none = labeled_so_far.no_pseudo_labels(classes, labels)
    return {
        name_of(index, part): none._replace(termination=synthetic.NOTHING_GENERATED)
        for index, chain in enumerate(chains)
        for part, some in of_parts.items()
        if chain.generations and not len(some.examples)
    }


def load_generations(files, params, phase: str, number: int) -> list[Generation]:
    """Return a job's generation in each of its outer folds, labeled.

    Args:
        files: of the job: those of `synthetic.load`, and per fold: `splits`; `choices`, of the
            methods that the search takes hyper-parameters from or of the method itself, if any;
            `predictions` of the generation before; `previous`, its pseudo-labels, if it has any;
            `teacher_choices`, of the control that is the teacher of the search, if one is.
        params: `identities` of the folds, `search` of `propose`, `labeling` of `Labeling`,
            `synthetic` of `synthetic.load`.
    """
    choices = proposals.load_choices(files, len(params.identities))
    given = [predictions.load(path) for path in files.predictions]
    if number == 1:
        given = teachers.of_parts(given, files.teacher_choices)
    before = [labeled_so_far.load(path) for path in files.previous]
    splits, how = [load_split(path) for path in files.splits], Labeling(**params.labeling)
    generated = synthetic.load(files, params, phase, splits)
    generations = []
    for fold, identity in enumerate(params.identities):
        candidates = proposals.propose(**params.search, choices=choices[fold], **identity)
        chains, split, of_parts = proposals.chains(candidates), splits[fold], generated[fold]
        labeled = label_all(
            split,
            phase,
            chains,
            number,
            given[fold],
            before[fold] if before else endings(of_parts, chains, split.classes, how.labels),
            how,
            identity,
        )
        generations.append(replace(labeled, generated=of_parts))
    return generations
