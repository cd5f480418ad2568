"""What benchmarks count and configure; their figures are for people to look at."""

import sys

import numpy as np
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


@pytest.mark.parametrize("jobs", ["per_fold", "per_dataset"])
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
