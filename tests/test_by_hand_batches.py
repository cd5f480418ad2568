"""Steps and batches of a run, by hand."""

import numpy as np
import pytest
from self_training.training.batches import count_steps, epochs, orders, steps_per_epoch
from self_training.training.runs import Run, TrainingSettings


def settings(**changes) -> TrainingSettings:
    names = TrainingSettings.__dataclass_fields__
    chosen = {"epochs": 2, "batch_size": 32, "learning_rate": 0.001, "label_smoothing": 0, "l2": 0}
    chosen |= {"distillation": 1}
    chosen |= {"warmup": 0, "decay": "none", "ema": 0, "loss": "per_example"}
    return TrainingSettings(**dict.fromkeys(names) | chosen | changes)


def run(examples: int, **changes) -> Run:
    return Run(
        {"study": 1, "member": 0}, np.arange(examples), np.zeros(examples, int), {}, **changes
    )


def test_as_many_steps_as_asked_for():
    assert count_steps(run(64), settings(epochs=5)) == 5 * 2
    # Batches go on into the next epoch: 350 examples are 11 of them, and not five times three.
    assert count_steps(run(70), settings(epochs=1)) == 3
    assert count_steps(run(70), settings(epochs=5)) == 11
    assert count_steps(run(64), settings(epochs=None, steps=7)) == 7
    assert count_steps(run(64, steps=9), settings(epochs=5)) == 9
    assert count_steps(run(64, steps=9), settings(epochs=None, steps=7)) == 9
    for length in ({"epochs": 5}, {"epochs": None, "steps": 7}):
        for examples in (64, 70):
            taken = sum(len(order) for order in orders(run(examples), settings(**length)))
            assert taken == count_steps(run(examples), settings(**length))
    assert steps_per_epoch(run(70), settings()) == 3


def test_every_epoch_has_all_examples_in_another_order():
    found = [order.ravel().tolist() for order in orders(run(64), settings(epochs=3))]
    assert [sorted(order) for order in found] == [list(range(64))] * 3
    assert len({tuple(order) for order in found}) == 3


def test_no_example_is_left_out():
    """Whatever does not fill a batch comes in the next one: 70 examples, then 70 others."""
    seen = np.concatenate([*orders(run(70), settings(epochs=2))]).ravel()
    assert len(seen) == 5 * 32
    for start in (0, 70):
        assert sorted(seen[start : start + 70]) == list(range(70))
    (one,) = orders(run(70), settings(epochs=1))
    assert set(one.ravel().tolist()) == set(range(70))


@pytest.mark.parametrize(("ratio", "given"), [(3, 8), (1, 16), (1 / 3, 24)])
def test_a_batch_has_so_many_pseudo_labels_per_given_one(ratio, given):
    students = run(200, given=50)
    for order in orders(students, settings(unlabeled_ratio=ratio)):
        assert order.shape[1] == 32
        assert ((order < 50).sum(axis=1) == given).all()


def test_rates_and_momenta_go_along_the_whole_run():
    """Of 8 steps in 4 epochs: warmed up in the first half of the run, at rest in the second."""
    chosen = settings(epochs=4, learning_rate=2, warmup=0.5, decay="linear", ema=0.99)
    of_epochs = [*epochs(run(64), chosen, 10)]
    assert [len(steps.rows) for steps in of_epochs] == [2] * 4
    rates, momenta = (
        np.concatenate([getattr(steps, name) for steps in of_epochs])
        for name in ("rates", "momenta")
    )
    np.testing.assert_allclose(rates, [0.5, 1, 1.5, 2, 2, 1.5, 1, 0.5])
    np.testing.assert_allclose(momenta, [(1 + t) / (10 + t) for t in range(8)], rtol=1e-6)


def test_steps_are_about_the_examples_of_the_run():
    """Its targets in the order of its batches; smoothing and weights as the settings say."""
    some = Run({"study": 1}, np.arange(100, 164), np.arange(64) % 4, {}, given=16)
    chosen = settings(epochs=1, label_smoothing=0.4, loss="per_part")
    ((order,), (steps,)) = [*orders(some, chosen)], [*epochs(some, chosen, 4)]
    np.testing.assert_array_equal(steps.rows, 100 + order)
    expected = np.full((2, 32, 4), 0.1)
    for step, row in np.ndindex(2, 32):
        expected[step, row, order[step, row] % 4] += 0.6
    np.testing.assert_allclose(steps.targets, expected, rtol=1e-6)
    # In every batch half of the weight is that of the given labels.
    given = order < 16
    for weights, which in zip(steps.weights, given, strict=True):
        assert weights[which].sum() == pytest.approx(16) == weights[~which].sum()
