"""Proposals: the candidates of a search, and the chains that score them."""

from self_training import storage
from self_training.errors import ConfigError
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
        name: [choice["hyper_parameters"].get(name)]
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
