"""What a dataset is called that a study has at several values of one thing, in sentences."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from self_training.evaluation.comparison import value_by_name

BUDGETS = "label budgets"


class Words(NamedTuple):
    """What the values of an axis are called.

    Attributes:
        values: all of them; `value` one.
        show: one of them.
        noun: what it is of.
    """

    values: str
    value: str
    show: Callable[[float], str]
    noun: str


def show_share(share: float) -> str:
    """Return a share of foreign examples, such as `25%`."""
    return f"{100 * share:g}%"


def show_ratio(ratio: float) -> str:
    """Return a ratio of imbalance, such as `10:1`."""
    return f"{ratio:g}:1"


OTHERS = {
    "out_of_class": Words(
        "shares of foreign examples", "share of foreign examples", show_share, "foreign examples"
    ),
    "imbalance": Words("ratios of imbalance", "ratio of imbalance", show_ratio, "imbalance"),
}


def show(axis: str, value: float) -> str:
    """Return such as `25% foreign examples`."""
    return f"{OTHERS[axis].show(value)} {OTHERS[axis].noun}"


def of(names: Iterable[str]) -> str:
    """Return what datasets at several values are: label budgets, shares of foreign examples, ratios
    of imbalance, or several of these.

    Args:
        names: of the datasets in an expanded config (see `study.budgets.expand`).
    """
    found = {_axis(name) for name in names}
    return " and ".join(sorted(OTHERS[axis].values if axis else BUDGETS for axis in found))


def one_of(names: Iterable[str]) -> str:
    """Return what one of them is, such as `label budget`."""
    found = {_axis(name) for name in names}
    return " and ".join(sorted(OTHERS[axis].value if axis else BUDGETS[:-1] for axis in found))


def of_means(statistics: dict) -> str:
    """Return what means of a dataset are over, in parentheses; '' where it has one value.

    Args:
        statistics: what `statistics.json` holds.
    """
    return "".join(
        f" (of one with several {words.values}, the mean over these)"
        for axis, words in OTHERS.items()
        if statistics.get(axis)
    )


def _axis(name: str) -> str:
    named = value_by_name(name)
    return named[0] if named else ""
