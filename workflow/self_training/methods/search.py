"""The hyper-parameter search: which candidates are proposed, scored and selected."""

import numpy as np

from self_training import storage
from self_training.data.split import Split, load_split
from self_training.errors import ConfigError
from self_training.methods import predictions
from self_training.methods.parts import SEARCH, parts
from self_training.methods.predictions import Predictions, ensemble
from self_training.methods.states import name_of
from self_training.seeds import generator
from self_training.study.candidates import Candidate, grid

STRATEGIES = ("grid", "random", "fixed")


def propose(
    space: dict[str, list],
    strategy: str,
    trials: int | None,
    takes: list[list[str]],
    choices: list[dict],
    **identity,
) -> list[Candidate]:
    """Return the candidates of one method in one outer fold.

    Args:
        space: lists of values, of what is searched anew.
        strategy: `grid`, `random` (`trials` points of the grid, without repetition) or `fixed`.
        takes: for each of the choices, the hyper-parameters that are taken from it, where they are
            not in the space.
        choices: what `select` has returned for this outer fold of other methods, or of this one.
        identity: what the draw of `random` is seeded by.
    """
    if strategy not in STRATEGIES:
        raise ConfigError.of("search.strategy", f"one of {', '.join(STRATEGIES)}", strategy)
    taken = {
        name: [choice["hyper_parameters"][name]]
        for names, choice in zip(takes, choices, strict=True)
        for name in names
    }
    candidates = grid(taken | space)
    if strategy == "random" and trials is not None and trials < len(candidates):
        drawn = generator(purpose="candidates", **identity).permutation(len(candidates))[:trials]
        candidates = [candidates[index] for index in sorted(drawn)]
    return candidates


def load_choices(files, folds: int) -> list[list[dict]]:
    """Return, per outer fold of a job, what was selected for other methods, or for this one.

    Args:
        files: of the job: `choices`, as many per fold as `propose` takes hyper-parameters from.
    """
    paths = storage.by_fold(files.choices, folds)
    return [[storage.load_json(path) for path in some] for some in paths]


def chains(candidates: list[Candidate]) -> list[Candidate]:
    """Return the chains that score all candidates: candidates that differ in `generations` alone
    share one, as long as the longest of them, so that no prefix is trained twice.
    """
    longest: dict[Candidate, int] = {}
    for candidate in candidates:
        key = candidate.chain(0)
        longest[key] = max(longest.get(key, 0), candidate.generations)
    return [key.chain(generations) for key, generations in longest.items()]


def score_candidates(
    split: Split, candidates: list[Candidate], searched: list[dict[str, Predictions]]
) -> list[list[float]]:
    """Return each candidate's accuracy on each inner fold, read off the chain it is a prefix of.

    Args:
        searched: predictions of the search: of the shared teachers by the names of parts, then of
            every chain on every part after generation 1, 2, ...; empty when there is nothing to
            choose.
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
            name = name_of(index, part) if candidate.generations else part
            members = state[name].evaluation[: candidate.ensemble_size]
            accuracies.append(float(np.mean(ensemble(members).argmax(axis=1) == actual)))
        scores.append(accuracies)
    return scores


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

    def rank(index: int) -> tuple[float, int, int, int]:
        candidate, mean = candidates[index], means[index]
        # Rounded, so that the last bits of a mean do not overrule the cost.
        score = round(mean, 12) if mean is not None else 0
        return -score, candidate.generations, candidate.ensemble_size, index

    best = min(range(len(candidates)), key=rank)
    return {
        "hyper_parameters": candidates[best].as_dict(),
        "candidates": [
            candidate.as_dict() | {"mean_accuracy": mean, "accuracies": folds}
            for candidate, mean, folds in zip(candidates, means, scores, strict=True)
        ],
    }


def choose_in_folds(files, identities: list[dict], search: dict) -> list[dict]:
    """Return the choice of a method in each outer fold of a job (see `select`).

    Args:
        files: of the job, per fold: `splits`; `choices` of the methods that this one takes
            hyper-parameters from, if any; `predictions` of every generation of the search, if
            anything is searched.
        identities: of the folds, which draws are seeded by.
        search: `space`, `strategy`, `trials` and `takes` of `propose`.
    """
    searched = storage.by_fold(files.predictions, len(identities))
    given = load_choices(files, len(identities))
    choices = []
    for fold, identity in enumerate(identities):
        candidates = propose(**search, choices=given[fold], **identity)
        found = [predictions.load(path) for path in searched[fold]]
        split = load_split(files.splits[fold])
        choices.append(select(candidates, score_candidates(split, candidates, found)))
    return choices
