"""Outer folds that are draws of labels on one test set, in sentences."""

from collections.abc import Iterable

from self_training.report.words import count

# What a test on a single dataset is of, and its name.
FOLDS = "over folds", "corrected t-test"
DRAWS = "over draws of labels on one test set", "test of draws and test examples"


def describe(statistics: dict) -> list[str]:
    """Return a sentence per dataset that has a test file, at all its label budgets where these are
    alike in that; nothing without.

    Args:
        statistics: what `statistics.json` holds (see `findings.describe`).
    """
    draws = statistics["draws"]
    originals = {
        dataset: original for original, some in statistics["budgets"].items() for dataset in some
    }
    said: dict[str, None] = {}
    for dataset, found in draws.items():
        original = originals.get(dataset, dataset)
        alike = [other for name, other in draws.items() if originals.get(name, name) == original]
        is_one = all(other == found for other in alike)
        said[_describe(original if is_one else dataset, found)] = None
    return list(said)


def _describe(dataset: str, found: dict) -> str:
    shared = "no two have a label in common"
    if found["overlap"]:
        shared = (
            f"two have {max(found['overlap'], 0.01):.0%} of their labels in common on average, "
            "which makes intervals wider"
        )
    return (
        f"{dataset} has a test file, so its outer folds are {count(found['draws'], 'draw')} of "
        f"labels, all scored on the same {found['test']:,} test examples; {shared}. What is more "
        "than luck is judged by how much a difference varies over draws, and over test examples."
    )


def unit(is_draws: bool) -> str:
    """Return what one outer fold is called in a sentence."""
    return "draw of labels" if is_draws else "fold"


def units(is_draws: bool) -> str:
    """Return what outer folds are called in a sentence."""
    return "draws of labels" if is_draws else "folds"


def unit_of(datasets: Iterable[str], statistics: dict) -> str:
    """Return what one outer fold of some datasets is called: of both kinds, if there are both."""
    kinds = dict.fromkeys(unit(name in statistics["draws"]) for name in datasets)
    return " or ".join(kinds) or unit(False)


def how(tests: list[dict]) -> tuple[str, str]:
    """Return what tests on single datasets are over, and what they are called.

    Args:
        tests: of `per_dataset` of the statistics, one or more.
    """
    kinds = list(dict.fromkeys(DRAWS if "draws" in test else FOLDS for test in tests))
    over, name = zip(*kinds, strict=True)
    return " or ".join(over), " or ".join(name)


def protocol(statistics: dict) -> str:
    """Say what scores of a study are of."""
    draws = statistics["draws"]
    names = {name.partition("@")[0] for name in draws}
    others = set(statistics["groups"]) - names
    parts = ["the outer test folds"] * bool(others or not draws)
    parts += ["the test files of those that have one"] * bool(draws)
    return f"Scores are of {' and of '.join(parts)}"
