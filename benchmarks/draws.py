"""How often the test of draws of labels on one test set is wrong, and what its intervals cover.

    uv run python benchmarks/draws.py [STUDIES]

Of each layout so many datasets (1,000 when left out) are drawn in which neither of two methods is
ahead. Whether a method is right on a test example comes from a normal variable above a threshold:
how hard the example is for both, and for this method; how good the draw of labels is for both, and
for this method; and what neither says. `settings` of a line are the standard deviations of what is
the method's own: by test example, and by draw. The last lines train learners: nearest centroids,
two methods that see ten features of their own, equally good, on labels that are drawn of a pool.

Columns: how often one is said to be ahead (both sides; 0.05 is meant at most), by the test; by a
t-test over draws that knows nothing of the shared test set; by McNemar's test of the first draw,
which knows nothing of draws; how often the interval of the difference holds 0, its half width on
average; and how often that of one method's mean accuracy holds the true one.
"""

import sys
from pathlib import Path

import numpy as np
from scipy import stats

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from self_training.data.draws import deal  # noqa: E402
from self_training.evaluation import draws as of_draws  # noqa: E402

ALPHA = 0.05
DRAWS, SIZES = (5, 10, 20), (200, 1_000, 10_000)
# Of what is a method's own: by test example, and by draw.
SETTINGS = {
    "both": (0.5, 0.1),
    "test examples alone": (0.5, 0.0),
    "draws alone": (0.0, 0.1),
    "neither": (0.0, 0.0),
}
# Of what the methods share: by test example, by draw; and of what is left.
HARD, GOOD, REST = 1.0, 0.1, 0.7
MEAN = 1.0


def draw(
    rng: np.random.Generator, count: int, test: int, by_example: float, by_draw: float
) -> np.ndarray:
    """Return bool (2 methods, draws, test examples): which are right."""
    shape = (2, count, test)
    return (
        MEAN
        + HARD * rng.standard_normal((1, 1, test), np.float32)
        + GOOD * rng.standard_normal((1, count, 1), np.float32)
        + by_example * rng.standard_normal((2, 1, test), np.float32)
        + by_draw * rng.standard_normal((2, count, 1), np.float32)
        + REST * rng.standard_normal(shape, np.float32)
    ) > 0


def true_accuracy(by_example: float, by_draw: float) -> float:
    """Return the mean accuracy of `draw` over all draws and examples that there could be."""
    total = np.sqrt(HARD**2 + GOOD**2 + by_example**2 + by_draw**2 + REST**2)
    return float(stats.norm.cdf(MEAN / total))


def of_learners(
    rng: np.random.Generator, count: int, test: int, labels: int, pool: int
) -> tuple[np.ndarray, float]:
    """Train nearest centroids of ten features each on draws of labels, both methods equally good.

    Args:
        labels: per class, of two.
        pool: examples per class that labels are drawn of.

    Returns: bool (2 methods, draws, test examples), and the share of labels that draws share.
    """
    y = np.arange(test) % 2
    x = rng.normal(size=(2, test, 10)) + 0.25 * y[:, None]
    known = rng.normal(size=(2, 2, pool, 10)) + 0.25 * np.arange(2)[:, None, None]
    hands = [deal(np.arange(pool), count, labels, rng) for _ in range(2)]
    found = np.empty((2, count, test), bool)
    for number in range(count):
        centers = np.stack([known[:, c, hands[c][number]].mean(axis=1) for c in range(2)])
        distances = ((x - centers[:, :, None]) ** 2).sum(axis=3)
        found[:, number] = distances.argmin(axis=0) == y
    shared = [
        len(np.intersect1d(a, b)) for hand in hands for i, a in enumerate(hand) for b in hand[:i]
    ]
    return found, float(np.mean(shared) / labels)


def judge(right: np.ndarray, overlap: float, truth: float | None) -> tuple[float, ...]:
    """Return the columns of one dataset (see the module)."""
    values = right[1].astype(np.float32) - right[0]
    test = of_draws.t_test(values, overlap)
    by_draw = values.mean(axis=1, dtype=float)
    naive = stats.ttest_1samp(by_draw, 0).pvalue if np.ptp(by_draw) else 1.0
    more, fewer = int((values[0] > 0).sum()), int((values[0] < 0).sum())
    once = stats.binomtest(more, more + fewer).pvalue if more + fewer else 1.0
    of_mean = np.nan
    if truth is not None:
        half = of_draws.spread(right[0].astype(np.float32), overlap).half_width()
        of_mean = abs(right[0].mean() - truth) <= half
    if test["interval"] is None:
        return (0, naive < ALPHA, once < ALPHA, np.nan, np.nan, of_mean)
    low, high = test["interval"]
    ahead = test["p_value"] < ALPHA
    return (ahead, naive < ALPHA, once < ALPHA, low <= 0 <= high, (high - low) / 2, of_mean)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    rng = np.random.default_rng(0)
    names = ["ahead", "t over draws", "McNemar", "covers: 0", "half width", "covers: mean"]
    print(f"{'datasets':32}{'draws':>7}{'test':>8}{''.join(f'{name:>14}' for name in names)}")

    def show(name: str, draws: int, test: int, found: list) -> None:
        columns = [column[~np.isnan(column)] for column in np.array(found, float).T]
        shown = "".join(f"{column.mean():>14.4f}" if len(column) else "" for column in columns)
        print(f"{name:32}{draws:>7}{test:>8}{shown}", flush=True)

    for name, (by_example, by_draw) in SETTINGS.items():
        truth = true_accuracy(by_example, by_draw)
        for draws in DRAWS:
            for test in SIZES:
                studies = max(200, count // 5) if test == max(SIZES) else count
                found = [
                    judge(draw(rng, draws, test, by_example, by_draw), 0, truth)
                    for _ in range(studies)
                ]
                show(name, draws, test, found)
    for labels, pool in ((8, 400), (40, 400), (40, 200), (40, 60)):
        for draws in DRAWS:
            for test in SIZES[:2]:
                found = [
                    judge(*of_learners(rng, draws, test, labels, pool), None) for _ in range(count)
                ]
                show(f"learners, {labels} of {pool} per class", draws, test, found)


if __name__ == "__main__":
    main()
