"""Steps and batches of a run, by hand."""

import numpy as np
import pytest
from self_training.training.batches import count_steps, mixed_batches, orders
from self_training.training.runs import Run, TrainingSettings


def settings(**changes) -> TrainingSettings:
    names = TrainingSettings.__dataclass_fields__
    chosen = {"epochs": 2, "batch_size": 32, "learning_rate": 0.001, "label_smoothing": 0}
    return TrainingSettings(**dict.fromkeys(names) | chosen | changes)


def run(examples: int, **changes) -> Run:
    return Run(
        {"study": 1, "member": 0}, np.arange(examples), np.zeros(examples, int), {}, **changes
    )


def test_as_many_steps_as_asked_for():
    assert count_steps(run(64), settings(epochs=5)) == 5 * 2
    assert count_steps(run(70), settings(epochs=1)) == 3
    assert count_steps(run(64), settings(epochs=None, steps=7)) == 7
    assert count_steps(run(64, steps=9), settings(epochs=5)) == 9
    assert count_steps(run(64, steps=9), settings(epochs=None, steps=7)) == 9
    for length in ({"epochs": 5}, {"epochs": None, "steps": 7}):
        taken = sum(len(order) for order, _ in orders(run(64), settings(**length)))
        assert taken == count_steps(run(64), settings(**length))


def test_every_epoch_has_all_examples_in_another_order():
    epochs = [order.ravel().tolist() for order, _ in orders(run(64), settings(epochs=3))]
    assert [sorted(order) for order in epochs] == [list(range(64))] * 3
    assert len({tuple(order) for order in epochs}) == 3


def test_no_example_is_left_out():
    seen = np.concatenate(
        [order[weights > 0] for order, weights in orders(run(70), settings(epochs=1))]
    )
    assert set(seen.tolist()) == set(range(70))


@pytest.mark.parametrize(("ratio", "given"), [(3, 8), (1, 16), (1 / 3, 24)])
def test_a_batch_has_so_many_pseudo_labels_per_given_one(ratio, given):
    order, _ = mixed_batches(200, 50, 32, ratio, np.random.default_rng(0))
    assert ((order < 50).sum(axis=1) == given).all()
    students = run(200, given=50)
    for order, _ in orders(students, settings(unlabeled_ratio=ratio)):
        assert ((order < 50).sum(axis=1) == given).all()
