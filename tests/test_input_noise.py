"""Input noise keeps what an image is, and comes from its generator alone."""

import numpy as np
import pytest
from PIL import Image
from self_training import dotted_paths
from self_training.image import noise, noise_geometric
from self_training.image.noise_rand_augment import OPERATIONS
from self_training.study.names import POLICIES
from sklearn.datasets import load_digits

DIGITS = np.rint(load_digits().images[:200] * (255 / 16)).astype(np.uint8)[..., None]
COLORS = np.random.default_rng(0).integers(0, 256, (40, 9, 12, 3), dtype=np.uint8)


def noisy(images, policy, magnitude=15, seed=0):
    found = dotted_paths.find(POLICIES[policy])
    return found.add_noise(images, magnitude, 2, np.random.default_rng(seed))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("images", [DIGITS, COLORS], ids=["gray", "color"])
def test_policies_keep_shape_range_and_type(policy, images):
    before = images.copy()
    for magnitude in (1, 15, 30):
        changed = noisy(images, policy, magnitude)
        assert changed.shape == images.shape and changed.dtype == np.uint8
        assert (changed != images).any(axis=(1, 2, 3)).mean() > 0.5
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("policy", POLICIES)
def test_magnitude_0_is_the_identity(policy):
    np.testing.assert_array_equal(noisy(DIGITS, policy, magnitude=0), DIGITS)
    assert len(noisy(DIGITS[:0], policy)) == 0


@pytest.mark.parametrize("policy", POLICIES)
def test_noise_comes_from_the_generator_alone(policy):
    np.testing.assert_array_equal(noisy(DIGITS, policy), noisy(DIGITS, policy))
    assert (noisy(DIGITS, policy) != noisy(DIGITS, policy, seed=1)).any()
    twice = noisy(DIGITS[[3, 3]], policy)
    assert (twice[0] != twice[1]).any()


@pytest.mark.parametrize(("policy", "mirrored"), [("characters", 0), ("clothing", 50)])
def test_only_what_may_be_mirrored_is(policy, mirrored):
    image = np.zeros((1, 8, 8, 1), np.uint8)
    image[0, 2:6, 5:7] = 255
    changed = noisy(np.repeat(image, 100, axis=0), policy, magnitude=1).astype(int)
    to_image = np.abs(changed - image).sum(axis=(1, 2, 3))
    to_mirrored = np.abs(changed - image[:, :, ::-1]).sum(axis=(1, 2, 3))
    assert (to_mirrored < to_image).sum() == pytest.approx(mirrored, abs=min(mirrored, 15))


def test_a_shift_moves_pixels_and_shows_the_background():
    image = np.full((1, 6, 6, 1), 200, np.uint8)
    image[0, 2, 2] = 10
    warp = noise_geometric._warps(6, 6, np.zeros(1), np.ones(1), np.ones(1), 2 * np.ones(1), False)
    background = noise._backgrounds(image)
    assert background == [200]
    moved = np.asarray(noise.warp(Image.fromarray(image[0, ..., 0]), warp[0], 200))
    expected = np.full((6, 6), 200)
    expected[4, 3] = 10
    np.testing.assert_array_equal(moved, expected)


def test_scaling_and_mirroring_keep_the_center():
    scale, side = np.array([2.0]), np.array([True])
    (warp,) = noise_geometric._warps(8, 10, np.zeros(1), scale, np.zeros(1), np.zeros(1), side)
    assert warp == pytest.approx([-0.5, 0, 7.5, 0, 0.5, 2])  # (5, 4) stays.


@pytest.mark.parametrize("name", [n for n in OPERATIONS if n not in ("autocontrast", "equalize")])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_operations_of_no_strength_are_the_identity(name, sign):
    image = Image.fromarray(COLORS[0])
    changed = OPERATIONS[name](image, 0.0, sign, (0, 0, 0))
    np.testing.assert_array_equal(np.asarray(changed), COLORS[0])


@pytest.mark.parametrize("name", [n for n in OPERATIONS if n != "identity"])
def test_operations_change_an_image(name):
    image = Image.fromarray(np.resize(COLORS, (32, 32, 3)) // 2 + 30)
    changed = OPERATIONS[name](image, 1.0, 1.0, (0, 0, 0))
    assert (np.asarray(changed) != np.asarray(image)).any()
