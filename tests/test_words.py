"""Words as ids: hashed the same everywhere, made into n-grams by a network, changed by noise."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from self_training import dotted_paths
from self_training.study import encoders
from self_training.text import noise
from self_training.text.ngrams import IDS, MASK, PAD, encode, word_id
from self_training.text.noise import WORDS, Policy


def test_ids_are_the_same_on_every_machine():
    """Literals: a change of these would change every study of texts."""
    assert [word_id(word) for word in ("stocks", "fell", "café", "2004")] == [
        17911,
        28808,
        29715,
        3300,
    ]
    code = "from self_training.text.ngrams import encode; print(encode(['b a', 'a'], 3).tolist())"
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(ROOT / "workflow"), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
        ).stdout
        for seed in "12"
    ]
    b, a = word_id("b"), word_id("a")
    assert found == [f"[[{b}, {a}, 0], [{a}, 0, 0]]\n"] * 2


def test_words_are_lower_case_and_padded(caplog):
    caplog.set_level("INFO")
    encoded = encode(["The cat, the CAT's 2 ears", "", "… !", "ÉTÉ\nété"], length=5)
    assert encoded.dtype == np.int32 and encoded.shape == (4, 5)
    the, cat, s, two = (word_id(word) for word in ("the", "cat", "s", "2"))
    assert encoded[0].tolist() == [the, cat, the, cat, s] and two != s
    assert encoded[1:3].tolist() == [[PAD] * 5] * 2
    assert encoded[3].tolist() == [word_id("été")] * 2 + [PAD] * 3
    assert "25.0 % of them have more" in caplog.text


def test_ids_are_spread_and_fit_a_bigram_into_32_bits():
    ids = np.array([word_id(f"word{number}") for number in range(200_000)])
    assert ids.min() == 2 and ids.max() == IDS - 1
    # 200,000 balls in 65,534 urns leave about exp(-3.05) of them empty.
    assert len(np.unique(ids)) == pytest.approx(65_534 * (1 - np.exp(-3.052)), rel=0.01)
    assert len({word_id("a"), word_id("b"), PAD, MASK}) == 4


TEXTS = np.zeros((400, 20), np.int32)
for _row, _count in zip(TEXTS, np.resize(range(1, 21), 400), strict=True):
    _row[:_count] = np.arange(2, 2 + _count)


def noisy(examples=TEXTS, policy=WORDS, magnitude=30, seed=0):
    return policy.add_noise(examples, magnitude, 2, np.random.default_rng(seed))


def test_noise_keeps_shape_type_and_words():
    before = TEXTS.copy()
    changed = noisy()
    assert changed.shape == TEXTS.shape and changed.dtype == np.int32
    np.testing.assert_array_equal(TEXTS, before)
    for row, original in zip(changed, TEXTS, strict=True):
        words, was = row[row > MASK], original[original > MASK]
        assert set(words) <= set(was) and len(set(words)) == len(words) > 0
        # Nothing but PAD comes after PAD, and as many words as are gone.
        assert (row[np.count_nonzero(row) :] == PAD).all()
        assert np.count_nonzero(row) <= len(was)
    assert (changed != TEXTS).any(axis=1).mean() > 0.8


def test_noise_comes_from_the_generator_alone():
    np.testing.assert_array_equal(noisy(), noisy())
    assert (noisy() != noisy(seed=1)).any()
    twice = noisy(TEXTS[[19, 19]])
    assert (twice[0] != twice[1]).any()
    np.testing.assert_array_equal(noisy(magnitude=0), TEXTS)
    assert noisy(TEXTS[:0]).shape == (0, 20)


@pytest.mark.parametrize("magnitude", [5, 30])
def test_a_magnitude_is_of_100_words(magnitude):
    texts = np.tile(np.arange(2, 102, dtype=np.int32), (500, 1))
    deleted = noisy(texts, Policy(1, 0, 0), magnitude)
    assert (deleted == PAD).mean() == pytest.approx(magnitude / 100, rel=0.1)
    masked = noisy(texts, Policy(0, 0, 1), magnitude)
    assert (masked == MASK).mean() == pytest.approx(magnitude / 100, rel=0.1)
    np.testing.assert_array_equal(masked[masked > MASK], texts[masked > MASK])
    # Each of three operations has a third of the words that are chosen.
    mixed = noisy(texts, WORDS, magnitude)
    assert (mixed == PAD).mean() == pytest.approx(magnitude / 300, rel=0.15)
    assert (mixed == MASK).mean() == pytest.approx(magnitude / 300, rel=0.15)


def test_words_change_places_with_the_next_one():
    texts = np.tile(np.array([5, 6, 7, 8, PAD, PAD], np.int32), (3000, 1))
    swapped = noisy(texts, Policy(0, 1, 0))
    found = {tuple(row[:4]) for row in swapped.tolist()}
    # Pairs, none of which overlap; the last word has no next one.
    assert found == {(5, 6, 7, 8), (6, 5, 7, 8), (5, 7, 6, 8), (5, 6, 8, 7), (6, 5, 8, 7)}
    assert (swapped[:, 4:] == PAD).all()
    chosen = np.array([[True, False, True, False, False, False]])
    assert noise.swap(texts[:1], chosen).tolist() == [[6, 5, 8, 7, PAD, PAD]]
    chosen[0, 1] = True
    assert noise.swap(texts[:1], chosen).tolist() == [[6, 5, 7, 8, PAD, PAD]]


def test_deleted_words_leave_no_gap():
    deleted = np.array([[True, False, True, False, False]])
    ids = np.array([[5, 6, 7, 8, PAD]], np.int32)
    assert noise.delete(ids, deleted).tolist() == [[6, 8, PAD, PAD, PAD]]


def test_a_text_without_words_is_left_alone():
    texts = np.array([[5, PAD], [PAD, PAD]], np.int32)
    for policy in (Policy(1, 0, 0), Policy(0, 0, 1)):
        for seed in range(20):
            np.testing.assert_array_equal(noisy(texts, policy, 30, seed), texts)


def test_what_is_hashed_fits():
    assert (IDS - 1) * 31_337 + IDS - 1 < 2**31
    assert encoders.of({"encoder": "ngrams"}) == {"name": "ngrams", "length": 128}


def test_jax_does_what_numpy_does():
    import jax

    draws = WORDS.draw(TEXTS.shape, 30, 2, np.random.default_rng(0))
    on_jax = jax.jit(lambda texts, draws: dotted_paths.find(WORDS.on_gpu)(texts, 30, draws))
    found = np.asarray(on_jax(TEXTS, draws))
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, noisy())
