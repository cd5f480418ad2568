"""Search spaces: what a method of a config says of hyper-parameters, as lists of values."""

from collections.abc import Iterable
from typing import Any

from self_training.study import consistency
from self_training.study.budgets import as_list
from self_training.study.candidates import (
    HYPER_PARAMETERS,
    OF_CHAINS,
    OF_NOISE,
    TEACHER_MEMBERS,
)

# How long a network is trained: one of them.
LENGTH = ("epochs", "steps")


def own(method: dict) -> dict[str, list]:
    """Return the values that a method says of hyper-parameters that are searched.

    Those of chains are always among them, and members of teachers. Of the others, which have one
    value as a rule, those that are given as a list.
    """
    said = {**method, **{key: method.get("noise", {}).get(key) for key in OF_NOISE}}
    found = {
        key: as_list(said[key])
        for key in HYPER_PARAMETERS
        if key in said and (key in (*OF_CHAINS, TEACHER_MEMBERS) or isinstance(said[key], list))
    }
    return found | consistency.space(method)


def left_open(method: dict, names: Iterable[str]) -> list[str]:
    """Return those of some hyper-parameters of which a method says nothing itself.

    Who says one thing of noise, or of how long networks are trained, says all of it.
    """
    said = set(method)
    if "noise" in said:
        said |= set(OF_NOISE)
    if {*LENGTH, "steps_of"} & said:
        said |= set(LENGTH)
    return [name for name in names if name not in said]


def single(value: Any) -> Any:
    """Return a setting's value, of several that are searched the largest.

    It stands in the settings of a job, in which every candidate has its own.
    """
    return max(value) if isinstance(value, list) else value
