"""The hyper-parameter search: how candidates are scored, and which one is selected."""

import numpy as np

from self_training import storage
from self_training.data.split import Split, load_split
from self_training.errors import ConfigError
from self_training.methods import predictions, teachers
from self_training.methods.parts import SEARCH, parts
from self_training.methods.predictions import Predictions, ensemble
from self_training.methods.proposals import chains, load_choices, propose
from self_training.methods.states import name_of
from self_training.study.candidates import Candidate

SELECTIONS = ("best", "one_standard_error")


def score_candidates(
    split: Split, candidates: list[Candidate], searched: list[dict[str, Predictions]]
) -> list[list[float]]:
    """Return each candidate's accuracy on each inner fold, read off the chain it is a prefix of.

    Args:
        searched: predictions of the search: of the teachers by the names of parts, then of every
            chain on every part after generation 1, 2, ...; of a control, those of its candidates
            on every part. Empty when there is nothing to choose.
    """
    if not searched:
        return [[] for _ in candidates]
    label_of = dict(zip(split.labeled_idx.tolist(), split.labeled_y.tolist(), strict=True))
    inner = [
        (part.name, np.array([label_of[example] for example in part.evaluation_idx.tolist()]))
        for part in parts(split, SEARCH)
    ]
    index_of = {chain.chain(0): index for index, chain in enumerate(chains(candidates))}
    scores = []
    for candidate in candidates:
        state, index = searched[candidate.generations], index_of[candidate.chain(0)]
        accuracies = []
        for part, actual in inner:
            # Teachers are those of all chains.
            name = name_of(index, part) if name_of(index, part) in state else part
            members = state[name].evaluation[: candidate.ensemble_size]
            accuracies.append(float(np.mean(ensemble(members).argmax(axis=1) == actual)))
        scores.append(accuracies)
    return scores


def select(
    candidates: list[Candidate], scores: list[list[float]], labels: int, selection: str
) -> dict:
    """Select a candidate by its mean score over the inner folds.

    Args:
        candidates: those proposed.
        scores: for each candidate, its accuracy on each inner fold; empty when there was no
            choice to make.
        labels: how many examples the inner folds have together, which standard errors are of: that
            of a proportion (Breiman et al. 1984, Classification and Regression Trees, 3.4.3).
        selection: `best`, the highest mean; or `one_standard_error`, of the candidates whose mean
            is within one standard error of the highest, the one that costs least. Among equals
            that one, too: fewer generations, then members, then steps, then the first.

    Returns: `hyper_parameters` of the selected one, `selected`, its position, and `candidates`, all
        with their scores and standard errors.
    """
    if selection not in SELECTIONS:
        raise ConfigError.of("selection", f"one of {', '.join(SELECTIONS)}", selection)
    # Rounded, so that the last bits of a mean do not overrule the cost.
    means = [round(float(np.mean(folds)), 12) if folds else None for folds in scores]
    known = [mean or 0.0 for mean in means]
    errors = [float(np.sqrt(mean * (1 - mean) / labels)) for mean in known]
    top = max(known)
    bound = top - (errors[known.index(top)] if selection == "one_standard_error" else 0)

    def cost(index: int) -> tuple:
        candidate = candidates[index]
        length = candidate.steps or candidate.epochs or 0
        members = candidate.ensemble_size, candidate.teacher_members or 0
        return candidate.generations, *members, length, -known[index], index

    best = min((index for index, mean in enumerate(known) if mean >= bound), key=cost)
    return {
        "hyper_parameters": candidates[best].as_dict(),
        "selected": best,
        "candidates": [
            candidate.as_dict()
            | {"mean_accuracy": mean, "accuracies": folds}
            | {"standard_error": None if mean is None else error}
            for candidate, mean, folds, error in zip(candidates, means, scores, errors, strict=True)
        ],
    }


def choose_in_folds(files, params) -> list[dict]:
    """Return the choice of a method in each outer fold of a job (see `select`).

    Args:
        files: of the job, per fold: `splits`; `choices` of the methods that this one takes
            hyper-parameters from, if any; `predictions` of every generation of the search, if
            anything is searched; `teacher_choices` of the control that is the teacher, if one is.
        params: `identities` of the folds, which draws are seeded by; `search` of `propose`;
            `selection` of `select`.
    """
    folds = len(params.identities)
    searched = [
        [predictions.load(path) for path in paths]
        for paths in storage.by_fold(files.predictions, folds)
    ]
    if files.teacher_choices and searched[0]:
        first = teachers.of_parts([some[0] for some in searched], files.teacher_choices)
        searched = [[given, *some[1:]] for given, some in zip(first, searched, strict=True)]
    given = load_choices(files, folds)
    choices = []
    for fold, identity in enumerate(params.identities):
        candidates = propose(**params.search, choices=given[fold], **identity)
        split = load_split(files.splits[fold])
        scores = score_candidates(split, candidates, searched[fold])
        choices.append(select(candidates, scores, len(split.labeled_idx), params.selection))
    return choices
