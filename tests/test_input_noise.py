"""Input noise keeps what an image is, and comes from its generator alone."""

import numpy as np
import pytest
from PIL import Image
from self_training import dotted_paths
from self_training.image import noise, noise_geometric, noise_rand_augment
from self_training.image.noise_rand_augment import OPERATIONS
from self_training.study.names import POLICIES_OF
from sklearn.datasets import load_digits

POLICIES = POLICIES_OF["images"]
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


# What the code of Xie et al. gives, by hand. Solarize and posterize run backwards.
@pytest.mark.parametrize(
    ("name", "amounts"),
    {
        # Degrees, parts of a side, factors, bits, levels; at magnitude 5, 10 and 27.
        "rotate": (15, 30, 81),
        "shear_x": (0.15, 0.3, 0.81),
        "shear_y": (0.15, 0.3, 0.81),
        "translate_x": (0.0625, 0.125, 0.3375),
        "translate_y": (0.0625, 0.125, 0.3375),
        "cutout": (0.0625, 0.125, 0.3375),
        "color": (1, 1.9, 4.96),
        "contrast": (1, 1.9, 4.96),
        "brightness": (1, 1.9, 4.96),
        "sharpness": (1, 1.9, 4.96),
        "posterize": (2, 4, 8),
        "solarize": (128, 256, 256),
        "solarize_add": (55, 110, 297),
        "autocontrast": (0, 0, 0),
        "equalize": (0, 0, 0),
        "invert": (0, 0, 0),
    }.items(),
)
def test_magnitudes_are_those_of_the_paper(name, amounts):
    assert len(OPERATIONS) == 16
    at = list(OPERATIONS).index(name)
    found = [noise_rand_augment.amounts_at(magnitude)[at] for magnitude in (5, 10, 27)]
    assert found == pytest.approx(amounts)


NOTHING = dict.fromkeys(("color", "contrast", "brightness", "sharpness"), 1.0)
NOTHING |= {"posterize": 8, "solarize": 256, "solarize_add": 0, "cutout": 0, "rotate": 0}
NOTHING |= dict.fromkeys(noise_rand_augment.MAPS, 0)


@pytest.mark.parametrize(("name", "amount"), NOTHING.items())
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_operations_that_do_nothing_are_the_identity(name, amount, sign):
    image = Image.fromarray(COLORS[0])
    changed = OPERATIONS[name](image, amount, sign, [4, 4])
    np.testing.assert_array_equal(np.asarray(changed), COLORS[0])


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_operations_change_an_image(name, channels):
    pixels = np.resize(COLORS, (32, 32, 3)) // 2 + 30
    image = Image.fromarray(pixels if channels == 3 else pixels[..., 0])
    at = list(OPERATIONS).index(name)
    amount = noise_rand_augment.amounts_at(4)[at]
    changed = np.asarray(OPERATIONS[name](image, amount, 1.0, [9, 9]))
    # An image without colors has none that could be stronger.
    assert (changed != np.asarray(image)).any() == ((name, channels) != ("color", 1))


def operated(name: str, amount: float, pixels, center=(0, 0), sign=1.0) -> list:
    image = Image.fromarray(np.array(pixels, np.uint8))
    return np.asarray(OPERATIONS[name](image, amount, sign, list(center))).tolist()


def test_operations_on_levels_by_hand():
    levels = [[0, 100, 127, 128, 200, 255]]
    assert operated("invert", 0, levels) == [[255, 155, 128, 127, 55, 0]]
    assert operated("solarize", 128, levels) == [[0, 100, 127, 127, 55, 0]]
    assert operated("solarize_add", 110, levels) == [[110, 210, 237, 128, 200, 255]]
    assert operated("solarize_add", 297, levels) == [[255, 255, 255, 128, 200, 255]]
    assert operated("posterize", 2, levels) == [[0, 64, 64, 128, 192, 192]]
    assert operated("brightness", 1.9, levels) == [[0, 190, 241, 243, 255, 255]]


def test_a_square_is_cut_out_around_its_center_and_is_gray():
    white = np.full((16, 16), 255)
    expected = white.copy()
    expected[0:5, 8:12] = 128  # Rows 3 - 2 to 3 + 2 of a half side of 2, without the last.
    expected[0] = 255
    assert operated("cutout", 1 / 8, white, center=(3, 10)) == expected.tolist()
    expected[:] = 255
    expected[14:, :2] = 128
    assert operated("cutout", 1 / 8, white, center=(16, 0)) == expected.tolist()
    colors = np.asarray(operated("cutout", 1 / 8, np.full((16, 16, 3), 255), center=(3, 10)))
    assert (colors[2, 9] == 128).all() and (colors == 128).sum() == 4 * 4 * 3


def test_rotations_are_in_degrees_and_uncover_gray():
    image = np.arange(64).reshape(8, 8)
    assert operated("rotate", 90, image) == np.rot90(image).tolist()
    shifted = operated("translate_x", 0.25, image)
    assert [row[6:] for row in shifted] == [[128, 128]] * 8
    assert [row[:6] for row in shifted] == image[:, 2:].tolist()
    assert operated("rotate", 90, image, sign=-1.0) == np.rot90(image, -1).tolist()
    assert operated("translate_y", 0.25, image, sign=-1.0)[2:] == image[:6].tolist()


def test_images_are_padded_by_their_reflection_and_cropped():
    image = np.arange(16 * 24).reshape(16, 24).astype(np.uint8)

    def cropped(row, column, mirrored=False):
        none = [[], [], []]
        pillow = Image.fromarray(image)
        return noise_rand_augment._apply(pillow, 10, 0, *none, (row, column), mirrored)

    # An eighth of a side: two rows and three columns on each side.
    np.testing.assert_array_equal(cropped(2, 3), image)
    np.testing.assert_array_equal(cropped(2, 3, mirrored=True), image[:, ::-1])
    up_and_left = cropped(0, 0)
    np.testing.assert_array_equal(up_and_left[2:, 3:], image[:-2, :-3])
    assert up_and_left[0, 3:].tolist() == image[2, :-3].tolist()
    assert up_and_left[2, :4].tolist() == image[0, [3, 2, 1, 0]].tolist()
    drawn = noise_rand_augment._draw((2000, 16, 24, 1), 10, 2, np.random.default_rng(0))
    operations, signs, centers, crops, mirrored = drawn
    assert set(operations.ravel()) == set(range(16)) and set(signs.ravel()) == {-1, 1}
    assert crops.min(axis=0).tolist() == [0, 0] and crops.max(axis=0).tolist() == [4, 6]
    assert centers.min() == 0 and centers.max(axis=(0, 1)).tolist() == [15, 23]
    assert mirrored.mean() == pytest.approx(0.5, abs=0.04)
