import numpy as np
import pandas as pd
import pytest
from self_training.evaluation.comparison import over_seeds
from self_training.evaluation.variance import components


def table(accuracies: np.ndarray) -> pd.DataFrame:
    """Scores of a method: accuracies (folds, seeds)."""
    return pd.DataFrame(
        {"dataset": "d", "method": "m", "fold": fold, "training_seed": seed, "accuracy": accuracy}
        for (fold, seed), accuracy in np.ndenumerate(accuracies)
    )


def test_variance_by_hand():
    """Within folds 0.0002 and 0.0008, mean 0.0005; between means 0.8 and 0.9 it is 0.005."""
    (row,) = components(table(np.array([[0.79, 0.81], [0.88, 0.92]])))
    assert (row["folds"], row["seeds"]) == (2, 2) and row["mean"] == pytest.approx(0.85)
    assert row["of_seeds"] == pytest.approx(np.sqrt(0.0005))
    assert row["of_data"] == pytest.approx(np.sqrt(0.005 - 0.00025))


def test_what_differs_by_seed_alone_is_not_of_data():
    (row,) = components(table(np.array([[0.7, 0.9], [0.9, 0.7]])))
    assert row["of_data"] == 0 and row["of_seeds"] == pytest.approx(np.sqrt(0.02))


def test_estimates_are_right_on_average():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(300):
        data, seeds = rng.normal(0, 0.03, (10, 1)), rng.normal(0, 0.02, (10, 3))
        (row,) = components(table(0.8 + data + seeds))
        found.append((row["of_data"] ** 2, row["of_seeds"] ** 2))
    assert np.mean(found, axis=0) == pytest.approx([0.03**2, 0.02**2], rel=0.1)


def test_one_seed_says_nothing():
    assert components(table(np.array([[0.7], [0.9]]))) == []
    assert components(table(np.array([[0.7], [0.9]])).drop(columns="training_seed")) == []


def test_what_a_later_seed_did_not_learn_is_said():
    scores = table(np.array([[0.9, 0.1]])).assign(
        not_learned=["", "loss not finite"], gradient_steps=[400, 100], seed=7
    )
    (row,) = over_seeds(scores).to_dict("records")
    assert row["accuracy"] == pytest.approx(0.5) and row["not_learned"] == "loss not finite"
    assert row["gradient_steps"] == 250 and row["seed"] == 7
