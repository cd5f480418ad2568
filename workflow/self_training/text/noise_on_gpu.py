"""Policies of input noise of words on JAX, as a part of the compiled step.

What is done is drawn by `text.noise`. A policy here is a function that returns noisy copies of
texts:

    inputs: int32 (examples, length), ids of words;
    magnitude: of `text.noise`, which the draws have in them;
    draws: of `text.noise.Policy.draw`.
"""

from typing import Any

from self_training.text.noise import change


def words(inputs: Any, magnitude: float, draws: tuple) -> Any:
    """Return texts of which some words are left out, masked, or have changed places."""
    return change(inputs, *draws)
