"""The outer folds of a study: what they are called, how they come about, who trains which."""

from typing import NamedTuple

# Of how many folds a job trains, the two that need no number.
PER_FOLD, PER_DATASET = "per_fold", "per_dataset"


class Partition(NamedTuple):
    """A partition of every dataset into outer folds, as networks of one training seed have it.

    A rule makes the splits of each by itself: another repeat, or another training seed, leaves the
    splits of the others as they are, and so what is trained on them.

    Attributes:
        rule: its name.
        repeat: of the outer cross-validation.
        folds: names of its outer folds, which repeats number on.
    """

    rule: str
    repeat: int
    folds: list[str]


class Part(NamedTuple):
    """The outer folds of a dataset that one job trains.

    A rule trains each part, since Snakemake asks a rule's files for the same wildcards.

    Attributes:
        name: of some of the folds, in rules' names and in paths; empty of one fold, or of all.
        folds: their names; empty where a job has one fold, which is its wildcard.
    """

    name: str
    folds: list[str]


def partitions(config: dict) -> list[Partition]:
    """Return the partitions of a study: of its repeats, for every training seed."""
    return [
        _partition(config.get("outer_folds", 0), repeat, seed)
        for seed in range(config.get("seeds", 1))
        for repeat in range(config.get("repeats", 1))
    ]


def _partition(outer_folds: int, repeat: int, seed: int) -> Partition:
    """Return the folds of a repeat, of which every further training seed has one more."""
    of_repeat, of_seed = f"_repeat_{repeat}" if repeat else "", f"_seed_{seed}" if seed else ""
    numbers = range(repeat * outer_folds, (repeat + 1) * outer_folds)
    folds = [f"{fold}{of_seed}" for fold in numbers]
    return Partition(f"make_splits{of_repeat}{of_seed}", repeat, folds)


def parts(config: dict) -> list[Part]:
    """Return what the jobs of a dataset train each: one fold, so many of a partition, or all.

    No part has folds of two partitions, so that another repeat, or another training seed, trains
    none of them again.
    """
    several = partitions(config)
    size = config.get("folds_per_job")
    if size is None:
        per_dataset = config.get("jobs") == PER_DATASET
        return [Part("", [fold for one in several for fold in one.folds] if per_dataset else [])]
    if size == 1:
        return [Part("", [])]
    return [
        _part(partition.folds[start : start + size])
        for partition in several
        for start in range(0, len(partition.folds), size)
    ]


def _part(folds: list[str]) -> Part:
    first = folds[0].partition("_seed_")[0]
    return Part(f"folds_{first}_to_{folds[-1]}", folds)


def rule_of(part: Part, name: str) -> str:
    """Return what a rule is called that trains a part of the folds, or what comes of them."""
    return f"{name}_{part.name}" if part.name else name


def without_part(rule: str) -> str:
    """Return what a rule is called that trains any part of the folds."""
    return rule.partition("_folds_")[0]


def identity_of_fold(name: str) -> dict:
    """Return an outer fold, by its name, as a part of the identity that seeds come from.

    Returns: `outer_fold`, and `training_seed` but for the first one.
    """
    fold, _, seed = name.partition("_seed_")
    return {"outer_fold": int(fold)} | ({"training_seed": int(seed)} if seed else {})
