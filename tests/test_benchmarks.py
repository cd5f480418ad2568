"""What benchmarks count and configure; their figures are for people to look at."""

import gc
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from self_training.study import checks, methods
from self_training.training.trainer import build_network


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "benchmarks")])


def test_the_cost_of_a_step_is_that_of_the_networks_products():
    from throughput import cost, settings

    shape, classes = (28, 28, 1), 10
    model = build_network(shape, classes, settings(1), {})
    forward = []
    for layer in model.layers:
        if layer.weights:
            positions = np.prod(layer.output.shape[1:-1], dtype=int)
            forward.append(2 * int(positions) * int(np.prod(layer.kernel.shape)))
    # Backward once for the weights, and once for the inputs of all but the first layer.
    assert cost(np.zeros((1, *shape)), classes) == 3 * sum(forward) - forward[0]


@pytest.mark.parametrize("jobs", ["per_fold", "5", "per_dataset"])
def test_a_study_that_grows_has_the_methods_of_2021(jobs):
    from growth import make_config

    config = make_config(3, jobs)
    checks.validate(config)
    assert len(config["datasets"]) == 3 and len(config["methods"]) == 3
    assert methods.full_space(config, "noisy_student")["generations"] == [1, 2, 3]


def test_the_images_of_a_grid_are_counted():
    from gpu import count_images

    config = {"outer_folds": 2, "inner_folds": 2}
    config["datasets"] = {"d": {"examples": 200, "labeled_fraction": 0.1, "epochs": 3}}
    config["methods"] = {
        "baseline": {"generations": 0},
        "student": {"generations": [1, 2], "unlabeled_fraction": 0.2, "threshold": [0.5, 0.6]},
    }
    # Of a pool of 100: 10 labeled, 5 of them without an inner fold, slices of 20.
    teachers = 10 + 2 * 5
    searched = 2 * 2 * ((5 + 20) + (5 + 40))
    final = (10 + 20) + (10 + 40)
    assert count_images(config) == 2 * 3 * (teachers + searched + final)


def test_simulated_studies_are_judged_as_studies_are():
    """The benchmark takes a short way to the numbers of `compare_methods`: they are the same."""
    import verdicts as benchmark
    from self_training.evaluation import judging, significance

    rng = np.random.default_rng(0)
    for sizes, effect in (((3, 2, 2, 1, 1, 1), 0.05), ((1,) * 9, 0.0)):
        drawn = benchmark.draw(rng, sizes, 0.3, effect, folds=3)
        base = 0.5 + rng.normal(0, 0.1, drawn.folds.shape)
        scores = pd.DataFrame(
            {"dataset": f"d{dataset}", "method": method, "fold": fold, "accuracy": accuracy}
            for method, table in (("control", base), ("student", base + drawn.folds))
            for dataset, row in enumerate(table)
            for fold, accuracy in enumerate(row)
        )
        statistics = significance.compare_methods(
            scores,
            groups={f"d{dataset}": group for dataset, group in enumerate(drawn.groups)},
            fair={"student": "control"},
        ).statistics
        (entry,) = statistics["fair"]
        found = benchmark.compare(drawn)
        for name in ("groups", "p_value", "rank_biserial", "statistic"):
            assert entry[name] == found[name], name
        assert entry["interval"] == pytest.approx(found["interval"], abs=1e-9)
        assert benchmark.judge([[drawn]]) == [[judging.over_groups(entry, 1, significance.ROPE)]]


def test_simulated_differences_have_the_spread_that_is_said():
    from verdicts import BETWEEN_DATASETS, BETWEEN_FOLDS, draw

    rng = np.random.default_rng(0)
    drawn = draw(rng, (2,) * 4000, 0.3, 0.05, folds=5)
    pairs = drawn.true.reshape(-1, 2)
    assert drawn.true.mean() == pytest.approx(0.05, abs=0.001)
    assert drawn.true.std() == pytest.approx(BETWEEN_DATASETS, rel=0.03)
    assert np.corrcoef(pairs.T)[0, 1] == pytest.approx(0.3, abs=0.04)
    noise = drawn.folds - drawn.true[:, None]
    assert noise.std() == pytest.approx(BETWEEN_FOLDS, rel=0.03)
    assert np.corrcoef(noise.T)[0, 1] == pytest.approx(1 / 5, abs=0.04)


@pytest.mark.parametrize("sizes", [(1,) * 7, (8, 4, 2, 2, 2, 1, 1)], ids=["alone", "groups"])
def test_a_method_that_does_not_help_is_seldom_said_to(sizes):
    import verdicts as benchmark

    rng = np.random.default_rng(0)
    studies = [[benchmark.draw(rng, sizes, 0.3, 0, folds=3)] for _ in range(400)]
    # statsmodels collects garbage at every correction.
    gc.freeze()
    try:
        assert benchmark.helps(studies) <= 0.05
        # Datasets that are taken for independent have what the benchmark warns of.
        assert (benchmark.naive(studies) > 0.05) == (max(sizes) > 1)
    finally:
        gc.unfreeze()


@pytest.mark.parametrize(("sizes", "folds", "settings"), [
    ((1,), 3, {}), ((1,) * 5, 5, {"methods": 2}), ((3, 2, 1, 1, 1, 1, 1), 3, {"budgets": 2}),
])  # fmt: skip
def test_nothing_helps_anywhere_where_no_method_differs(sizes, folds, settings):
    """At most 5 %, and three standard errors of 400 simulated studies."""
    import verdicts as benchmark

    gc.freeze()
    try:
        rng = np.random.default_rng(0)
        assert benchmark.anywhere(rng, sizes, folds, 400, **settings) <= 0.05 + 3 * 0.011
    finally:
        gc.unfreeze()


def test_simulated_draws_are_judged_as_draws_are():
    from draws import draw, judge, of_learners, true_accuracy

    rng = np.random.default_rng(0)
    right = draw(rng, 200, 2_000, 0.5, 0.1)
    assert right.mean() == pytest.approx(true_accuracy(0.5, 0.1), abs=0.02)
    ahead, _, _, covers, width, of_mean = judge(right[:, :5], 0, true_accuracy(0.5, 0.1))
    assert bool(ahead) != bool(covers) and width > 0 and of_mean in (0, 1)
    found, overlap = of_learners(rng, 5, 100, 40, 60)
    assert found.shape == (2, 5, 100)
    # Of 60 cards, 5 hands of 40 take 20 four times and 40 three times, which 6 and 3 pairs share.
    assert overlap == pytest.approx((20 * 6 + 40 * 3) / 10 / 40)
