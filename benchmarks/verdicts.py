"""How often verdicts are wrong, and what intervals cover, in simulated studies.

    uv run python benchmarks/verdicts.py [STUDIES]

Of each layout of datasets so many studies (500 when left out) are drawn, with a baseline, methods
with students, and a fair control for each. True differences of a method from its fair control on
datasets are normal around the effect, with a standard deviation of 0.02 between datasets, of which
the correlation is what datasets of a group share. A fold's difference has noise of 0.01, correlated
over folds by 1/folds, as Nadeau and Bengio (2003) assume of training sets that overlap. No network
is trained: this is about the tests.

Columns of the first table: how often a method is said to help where none does, of one with students
and of two; how often Wilcoxon's test says so that counts datasets as independent; how often the t
interval over groups, and that of the mixed model, hold the true effect; how often a method is said
to help that does, by each effect.

The second is of single datasets, over the folds of one cross-validation and of several: with that
noise, and of learners that are really trained, on all of a pool or on few labels of it.

The last table is of studies in which no method differs from its fair control on any dataset: how
often one is said to help anywhere in the answer, over all datasets or on a single one.
"""

import gc
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.model_selection import StratifiedKFold

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from self_training.evaluation import judging, significance  # noqa: E402
from self_training.evaluation.differences import (  # noqa: E402
    ALPHA,
    corrected_t_test,
    could_show,
    fold_interval,
    mean_interval,
    rank_biserial,
    t_test_of_folds,
    wilcoxon,
)
from self_training.evaluation.hierarchical import mixed_model  # noqa: E402
from self_training.evaluation.significance import ROPE  # noqa: E402

FOLDS = 5
BETWEEN_DATASETS, BETWEEN_FOLDS = 0.02, 0.01
# Sizes of the groups that datasets are in.
LAYOUTS = {
    **{f"{count} datasets": (1,) * count for count in (3, 5, 7, 10, 20)},
    "10 in 5 groups": (4, 2, 2, 1, 1),
    "20 in 5 groups": (10, 5, 2, 2, 1),
    "20 in 7 groups": (8, 4, 2, 2, 2, 1, 1),
    "20 in 10 groups": (5, 3, 3, 2, 2, 1, 1, 1, 1, 1),
}
CORRELATIONS = (0, 0.3, 0.5)
EFFECTS = (0.01, 0.02, 0.05)

# Of studies in which no method differs.
ANYWHERE: dict[str, dict] = {
    "one method": {},
    "two": {"methods": 2},
    "three budgets": {"budgets": 3},
    "which share half": {"budgets": 3, "shared": 0.5},
}


class Differences(NamedTuple):
    """A method's differences from its fair control in a simulated study.

    Attributes:
        groups: (datasets,) of each dataset.
        true: (datasets,) without the noise of folds.
        folds: (datasets, folds) as measured.
    """

    groups: list[str]
    true: np.ndarray
    folds: np.ndarray


def draw(
    rng: np.random.Generator, sizes: tuple[int, ...], correlation: float, effect: float, folds: int
) -> Differences:
    """Draw a study's differences.

    Args:
        sizes: how many datasets each group has.
        correlation: of the true differences within a group.
        effect: their mean.
    """
    groups = np.repeat(np.arange(len(sizes)), sizes)
    shared, own = rng.normal(size=len(sizes))[groups], rng.normal(size=len(groups))
    spread = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
    true = effect + BETWEEN_DATASETS * spread
    return Differences(list(map(str, groups)), true, true[:, None] + noise(rng, len(true), folds))


def noise(
    rng: np.random.Generator,
    datasets: int,
    folds: int,
    repeats: int = 1,
    correlation: float | None = None,
) -> np.ndarray:
    """Return (datasets, folds of all repeats) noise that folds of a dataset share a part of.

    Args:
        correlation: of folds; 1/folds when None.
    """
    part = 1 / folds if correlation is None else correlation
    shared, own = rng.normal(size=(datasets, 1)), rng.normal(size=(datasets, folds * repeats))
    return BETWEEN_FOLDS * (np.sqrt(part) * shared + np.sqrt(1 - part) * own)


def compare(differences: Differences) -> dict:
    """Return what the verdict on a method comes from, as `significance.compare_methods` has it."""
    on_datasets = differences.folds.mean(axis=1).round(12)
    units = pd.Series(on_datasets).groupby(differences.groups, sort=False).mean().round(12)
    difference = units.to_numpy()
    return {
        "groups": len(difference),
        "mean_difference": float(difference.mean()),
        "interval": mean_interval(difference),
        "rank_biserial": rank_biserial(difference),
        **wilcoxon(difference),
    }


def judge(studies: list[list[Differences]]) -> list[list[str]]:
    """Return the verdict on each method with students of each study."""
    found = []
    for methods in studies:
        entries = [compare(differences) for differences in methods]
        significance.correct(entries)
        found.append([judging.over_groups(entry, len(entries), ROPE) for entry in entries])
    return found


def helps(studies: list[list[Differences]]) -> float:
    """Return the share of studies in which a method is said to help."""
    return float(np.mean([judging.HELPS in found for found in judge(studies)]))


def naive(studies: list[list[Differences]]) -> float:
    """Return how often Wilcoxon's test with datasets for units says that a single method helps."""
    found = [methods[0].folds.mean(axis=1).round(12) for methods in studies]
    return float(np.mean([wilcoxon(d)["p_value"] < ALPHA and d.mean() > 0 for d in found]))


def covers(interval: list[float] | None, truth: float) -> float:
    """Return 1 where an interval holds the truth, 0 where it does not, NaN where there is none."""
    return np.nan if interval is None else float(interval[0] <= truth <= interval[1])


def coverage(studies: list[list[Differences]], effect: float) -> tuple[float, float]:
    """Return how often the t interval over groups, and that of the mixed model, hold the effect."""
    found = []
    for differences, *_ in studies:
        on_datasets = differences.folds.mean(axis=1)
        model = mixed_model(on_datasets, differences.groups)
        intervals = (compare(differences)["interval"], model["interval"])
        found.append([covers(interval, effect) for interval in intervals])
    over_groups, of_model = np.array(found).T
    known = of_model[~np.isnan(of_model)]
    return float(np.nanmean(over_groups)), float(known.mean()) if len(known) else np.nan


def of_folds(drawn: list[np.ndarray], folds: int, repeats: int) -> tuple[float, ...]:
    """Look at single datasets, with no difference between two methods.

    Args:
        drawn: of each dataset (2, folds of all repeats) the methods' accuracies, truly 0.8.

    Returns: how often one is said to be ahead; how often the interval of the difference holds 0,
        and half its width on average; how often that of one method's mean accuracy (in figures)
        holds the true one.
    """
    found = []
    for scores in drawn:
        rows = pd.DataFrame(
            {"dataset": "d", "method": method, "fold": fold, "accuracy": accuracy}
            for method, of_method in zip("ab", scores, strict=True)
            for fold, accuracy in enumerate(of_method)
        )
        test = corrected_t_test(rows, "a", "b", folds)
        own = rows[rows["method"] == "a"]
        half, mean = fold_interval(own, repeats), own["accuracy"].mean()
        interval, p_value = test["interval"], test["p_value"]
        ahead = p_value is not None and p_value < ALPHA and test["difference"] > 0
        width = np.nan if interval is None else np.diff(interval)[0] / 2
        found.append((ahead, covers(interval, 0), width, abs(mean - 0.8) <= half))
    return tuple(map(float, np.nanmean(found, axis=0)))


def of_learners(
    rng: np.random.Generator, folds: int, repeats: int, labels: int | None
) -> np.ndarray:
    """Draw a dataset of 200 examples, and cross-validate two learners that are equally good.

    Nearest centroids, each of ten features of its own, alike in all: so neither is truly ahead.

    Args:
        labels: per class, drawn of the pool; None for all of it.

    Returns: (2, folds of all repeats) accuracies.
    """
    y = np.arange(200) % 2
    x = rng.normal(size=(2, 200, 10)) + 0.25 * y[:, None]
    found = []
    for _ in range(repeats):
        parts = StratifiedKFold(folds, shuffle=True, random_state=int(rng.integers(2**31)))
        for pool, test in parts.split(y, y):
            order = rng.permutation(pool)
            drawn = [order[y[order] == label][:labels] for label in (0, 1)]
            centers = np.stack([x[:, some].mean(axis=1) for some in drawn])
            distances = ((x[:, test] - centers[:, :, None]) ** 2).sum(axis=3)
            found.append((distances.argmin(axis=0) == y[test]).mean(axis=1))
    return np.array(found).T


def null_folds(
    rng: np.random.Generator,
    sizes: tuple[int, ...],
    folds: int,
    budgets: int,
    shared: float,
    correlation: float,
) -> np.ndarray:
    """Return (datasets, budgets, folds) differences of a method that differs nowhere.

    Args:
        sizes: how many datasets each group has.
        shared: the part of the noise that label budgets and datasets of a group have in common.
        correlation: of folds.
    """
    groups = np.repeat(np.arange(len(sizes)), sizes)
    of_group = noise(rng, len(sizes), folds, correlation=correlation)[groups][:, None]
    own = noise(rng, len(groups) * budgets, folds, correlation=correlation)
    own = own.reshape(-1, budgets, folds)
    return (np.sqrt(shared) * of_group + np.sqrt(1 - shared) * own).round(12)


def statistics_of(methods: list[np.ndarray], sizes: tuple[int, ...]) -> dict:
    """Return of the statistics of a study what its answer says `helps` by.

    Args:
        methods: of `null_folds`, one per method with students.
    """
    groups = [str(group) for group, size in enumerate(sizes) for _ in range(size)]
    fair, per_dataset = [], []
    for index, differences in enumerate(methods):
        pair = {"method": f"student_{index}", "control": f"control_{index}"}
        pair |= {"family": significance.FAIR, "datasets": len(groups)}
        fair.append(pair | compare(Differences(groups, differences, differences.mean(axis=1))))
        for dataset, budgets in enumerate(differences):
            for budget, some in enumerate(budgets):
                name = {"dataset": f"d{dataset}@{budget}"}
                ab = {"a": pair["control"], "b": pair["method"], "family": significance.FAIR}
                per_dataset.append(name | ab | t_test_of_folds(some, 1 / (len(some) - 1)))
    significance.correct(fair)
    significance.correct(per_dataset)
    return {"fair": fair, "pairs": fair, "per_dataset": per_dataset, "rope": ROPE}


def helps_anywhere(statistics: dict) -> bool:
    """Return whether an answer says anywhere that a method helps."""
    asked = [(entry["method"], None) for entry in statistics["fair"]]
    asked += [(test["b"], test["dataset"]) for test in statistics["per_dataset"]]
    return any(judging.verdict(statistics, *one) == judging.HELPS for one in asked)


def anywhere(
    rng: np.random.Generator,
    sizes: tuple[int, ...],
    folds: int,
    studies: int,
    methods: int = 1,
    budgets: int = 1,
    shared: float = 0.0,
    correlation: float | None = None,
) -> float:
    """Return the share of studies in which a method is said to help somewhere, though none does.

    Args:
        correlation: of folds; 1/folds when None.
    """
    correlation = 1 / folds if correlation is None else correlation
    found = 0
    for _ in range(studies):
        drawn = [
            null_folds(rng, sizes, folds, budgets, shared, correlation) for _ in range(methods)
        ]
        # The tests in full only where they could come to something: it takes a tenth of the time.
        if _may_help(drawn, len(sizes)):
            found += helps_anywhere(statistics_of(drawn, sizes))
    return found / studies


def _may_help(drawn: list[np.ndarray], groups: int) -> bool:
    """Return False only where no single dataset shows a gain, and groups are too few to."""
    if could_show(groups, len(drawn)):
        return True
    some = np.concatenate([differences.reshape(-1, differences.shape[-1]) for differences in drawn])
    folds = some.shape[1]
    error = some.std(axis=1, ddof=1) * np.sqrt(1 / folds + 1 / (folds - 1))
    return bool((some.mean(axis=1) > stats.t.ppf(1 - ALPHA / 2, folds - 1) * error).any())


def main() -> None:
    # statsmodels collects garbage at every correction; without this it looks through all modules.
    gc.freeze()
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rng = np.random.default_rng(0)
    header = ["helps", "one of two", "naive", "covers: t", "model", *(f"at {e:+}" for e in EFFECTS)]
    print(f"{'layout':18}{'correlation':>12}{''.join(f'{name:>12}' for name in header)}")
    for name, sizes in LAYOUTS.items():
        for correlation in CORRELATIONS if max(sizes) > 1 else (0,):

            def studies(effect: float, methods: int = 1, sizes=sizes, correlation=correlation):
                return [
                    [draw(rng, sizes, correlation, effect, FOLDS) for _ in range(methods)]
                    for _ in range(count)
                ]

            null = studies(0)
            numbers = [helps(null), helps(studies(0, 2)), naive(null), *coverage(null, 0)]
            numbers += [helps(studies(effect)) for effect in EFFECTS]
            print(f"{name:18}{correlation:>12}{''.join(f'{one:>12.3f}' for one in numbers)}")
    names = ["folds", "repeats", "ahead", "covers: 0", "half width", "covers: mean"]
    print(f"\n{'one dataset':24}{''.join(f'{name:>14}' for name in names)}")
    for kind in ("noise", "learners, all labels", "learners, 8 per class"):
        for folds, repeats in ((3, 1), (5, 1), (5, 3), (5, 10), (10, 1)):
            labels = 8 if kind.endswith("class") else None
            drawn = [
                0.8 + noise(rng, 2, folds, repeats)
                if kind == "noise"
                else of_learners(rng, folds, repeats, labels)
                for _ in range(count)
            ]
            *numbers, of_mean = of_folds(drawn, folds, repeats)
            numbers += [of_mean] if kind == "noise" else []
            shown = "".join(f"{number:>14.4f}" for number in numbers)
            print(f"{kind:24}{folds:>14}{repeats:>14}{shown}")
    print(f"\n{'helps anywhere':18}{'folds':>6}{''.join(f'{name:>18}' for name in ANYWHERE)}")
    alone = {f"{number} dataset{'s' * (number > 1)}": (1,) * number for number in (1, 2)}
    for name, sizes in (alone | LAYOUTS).items():
        for folds in (3, 5, 10):
            shares = [
                anywhere(rng, sizes, folds, count, **settings) for settings in ANYWHERE.values()
            ]
            print(f"{name:18}{folds:>6}{''.join(f'{share:>18.3f}' for share in shares)}")


if __name__ == "__main__":
    main()
