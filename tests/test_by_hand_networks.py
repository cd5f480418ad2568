"""Networks: what they start from, and when noise acts."""

from dataclasses import asdict, replace

import numpy as np
from self_training.image.noise_geometric import CHARACTERS
from self_training.seeds import generator
from self_training.training import framework, job
from self_training.training.batches import orders
from self_training.training.one_by_one import OneByOneTrainer
from self_training.training.prediction import scale
from self_training.training.trainer import build_network
from test_training import IMAGES, NO_NOISE, run, settings

TEACHER = {"part": "final", "generation": 0, "member": 0}
STUDENT = {"part": "final", "generation": 1, "member": 0}


def weights(model) -> list[np.ndarray]:
    return [variable.numpy() for variable in model.trainable_variables]


def start(identity: dict) -> list[np.ndarray]:
    return weights(build_network(IMAGES.shape[1:], 10, settings(), {"study": 1} | identity))


def test_a_student_starts_from_scratch():
    """Not from its teacher, nor from any network that was trained before it."""
    trainer = OneByOneTrainer(IMAGES, 10, settings(epochs=1), run(64))
    trainer.train(run(64, **TEACHER))
    taught = weights(trainer.model)
    trainer.reset(run(64, **STUDENT))
    for one, other, teacher in zip(weights(trainer.model), start(STUDENT), taught, strict=True):
        np.testing.assert_array_equal(one, other)
        assert (one != teacher).any()
    trainer.train(run(96, **TEACHER))
    student = trainer.train(run(64, **STUDENT))
    alone = OneByOneTrainer(IMAGES, 10, settings(epochs=1), run(64)).train(run(64, **STUDENT))
    for name, probabilities in alone.probabilities.items():
        np.testing.assert_array_equal(student.probabilities[name], probabilities)


def test_a_job_s_networks_know_no_earlier_ones(tmp_path, monkeypatch):
    """Though these are kept beside its own."""
    monkeypatch.setattr(framework, "start_framework", lambda threads: None)
    np.save(tmp_path / "examples.npy", IMAGES)
    chosen = settings(epochs=1)
    for number, identity in enumerate((TEACHER, STUDENT)):
        batch, folder = [[run(64, **identity)]], tmp_path / f"generation_{number}"
        ((result,),), _ = job.train_batch(
            batch, tmp_path / "examples.npy", 10, asdict(chosen), [folder]
        )
        assert (folder / "member_0.keras").exists()
        alone = OneByOneTrainer(IMAGES, 10, chosen, run(64)).train(run(64, **identity))
        for name, probabilities in alone.probabilities.items():
            np.testing.assert_array_equal(result.probabilities[name], probabilities)


def test_members_start_from_weights_of_their_own():
    kernels = [start(STUDENT | {"member": member})[0] for member in (0, 1, 0)]
    assert (kernels[0] != kernels[1]).any()
    np.testing.assert_array_equal(kernels[0], kernels[2])


def test_predictions_are_without_noise():
    noise = NO_NOISE | {"policy": "characters", "magnitude": 15, "dropout": 0.5}
    trainer = OneByOneTrainer(IMAGES, 10, settings(epochs=1, noise=noise), run(64))
    found = trainer.train(run(64)).probabilities["evaluation"]
    quiet = trainer.model(scale(IMAGES[1300:1500]), training=False)
    np.testing.assert_allclose(found, quiet, atol=1e-5)


def test_input_noise_is_new_for_every_image_and_epoch():
    """One image, 32 times in each of two epochs."""
    noise = NO_NOISE | {"policy": "characters", "magnitude": 15}
    trainer = OneByOneTrainer(IMAGES, 10, settings(epochs=2, noise=noise), run(32))
    some_run = run(32)
    some_run.examples[:] = 0
    epochs = [part.inputs for part, _ in trainer.parts(some_run)]
    assert [len(images) for images in epochs] == [32, 32]
    changed = np.concatenate(epochs).reshape(64, -1)
    assert len(np.unique(changed, axis=0)) > 60


def test_nothing_of_a_run_is_left_for_the_next():
    """Neither its weights and their averages, nor what the optimizer has gathered."""
    chosen = settings(epochs=1, ema=0.9, weight_decay=1)
    trainer = OneByOneTrainer(IMAGES, 10, chosen, run(64))
    trainer.train(run(64, **TEACHER))
    after = trainer.train(run(64, **STUDENT))
    alone = OneByOneTrainer(IMAGES, 10, chosen, run(64)).train(run(64, **STUDENT))
    for name, probabilities in alone.probabilities.items():
        np.testing.assert_array_equal(after.probabilities[name], probabilities)


def test_settings_of_a_run_by_hand():
    """Steps replace epochs and the other way round; of noise, what is not said stays."""
    noise = NO_NOISE | {"policy": "characters", "magnitude": 10, "operations": 3, "survival": 0.8}
    of_job = settings(epochs=None, steps=7, noise=noise)
    assert of_job.changed({}) == of_job
    own = of_job.changed({"dropout": 0.5, "epochs": 4, "learning_rate": 0.1})
    assert (own.epochs, own.steps, own.learning_rate) == (4, None, 0.1)
    assert own.noise == of_job.noise | {"dropout": 0.5}
    own = settings(epochs=2).changed({"steps": 5, "magnitude": 3})
    assert (own.epochs, own.steps, own.noise) == (None, 5, NO_NOISE | {"magnitude": 3})
    assert of_job.noise["dropout"] == 0 and of_job.steps == 7


def test_every_run_of_a_job_has_its_own_settings():
    """Length, learning rate and magnitude of one; those of the job in the runs before and after."""
    noise = NO_NOISE | {"policy": "characters", "magnitude": 10}
    trainer = OneByOneTrainer(IMAGES, 10, settings(epochs=2, noise=noise), run(64))
    for changes, steps, rate, magnitude in (
        ({}, 4, 0.002, 10),
        ({"learning_rate": 0.01}, 4, 0.01, 10),
        ({"steps": 3, "magnitude": 3}, 3, 0.002, 3),
        ({"epochs": 1}, 2, 0.002, 10),
        ({}, 4, 0.002, 10),
    ):
        some_run = replace(run(64), settings=changes)
        parts = [part for part, _ in trainer.parts(some_run)]
        rates = np.concatenate([part.rates for part in parts])
        np.testing.assert_allclose(rates, [rate] * steps, rtol=1e-6)
        (first, *_) = orders(some_run, settings())
        rng = generator(purpose="input noise", epoch=0, **some_run.identity)
        noisy = CHARACTERS.add_noise(IMAGES[first.ravel()], magnitude, 2, rng)
        np.testing.assert_array_equal(parts[0].inputs, noisy)
    smoothing = OneByOneTrainer(IMAGES, 10, settings(label_smoothing=0.1), run(64))
    for changes, largest in (({}, 0.91), ({"label_smoothing": 0.2}, 0.82), ({}, 0.91)):
        part, _ = next(smoothing.parts(replace(run(64), settings=changes)))
        np.testing.assert_allclose(part.targets.max(axis=2), largest, rtol=1e-6)
