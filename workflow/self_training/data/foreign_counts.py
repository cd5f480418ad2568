"""Whether there are foreign examples enough, for the shares of them that a config asks for."""

import math

from self_training.errors import DatasetError


def count_foreign(unlabeled: int, share: float) -> int:
    """Return how many of so many unlabeled examples are foreign: the share, rounded to the next
    number, half of one up."""
    return math.floor(share * unlabeled + 0.5)


def check_foreign(foreign: int, needed: int, share: float, dataset: str) -> None:
    """Raise DatasetError unless there are foreign examples enough, and some where some are asked
    for.

    Args:
        foreign: how many there are.
        needed: how many an outer fold takes (of `count_foreign`).
        share: of the unlabeled examples.
        dataset: its name in the config.
    """
    key = f"datasets.{dataset}.out_of_class"
    if share and not needed:
        raise DatasetError(
            f"{key}: Expected 0, or a share that is at least one of the unlabeled examples of an "
            f"outer fold. Received: {share:g}, which is none."
        )
    if needed > foreign:
        raise DatasetError(
            f"{key}: Expected a share for which the {foreign:,} examples of the classes that the "
            f"study leaves out are enough. Received: {share:g}, which is {needed:,} of the "
            "unlabeled ones of an outer fold. Use a smaller share, or leave more classes out "
            "(classes)."
        )


def check_unknown_beside(unknown: int, dataset: str) -> None:
    """Raise DatasetError where examples are of unknown label, and could be foreign, too.

    Args:
        unknown: how many.
        dataset: its name in the config.
    """
    if unknown:
        raise DatasetError(
            f"datasets.{dataset}.out_of_class: Expected a known label of every example, as it says "
            f"what share of the unlabeled ones is of no class of the study. Received {unknown} of "
            "unknown label, of which nobody can say that. Leave these out, or out_of_class."
        )
