"""What a dataset is called that a study has at several values of one thing, in sentences."""

from collections.abc import Iterable

from self_training.evaluation.comparison import share_by_name

BUDGETS, SHARES = "label budgets", "shares of foreign examples"


def of(names: Iterable[str]) -> str:
    """Return what datasets at several values are: label budgets, shares of foreign examples, or
    both.

    Args:
        names: of the datasets in an expanded config (see `study.budgets.expand`).
    """
    kinds = dict.fromkeys(BUDGETS if share_by_name(name) is None else SHARES for name in names)
    return " and ".join(sorted(kinds))


def one_of(names: Iterable[str]) -> str:
    """Return what one of them is, such as `label budget`."""
    return of(names).replace("budgets", "budget").replace("shares", "share")


def show_share(share: float) -> str:
    """Return a share of foreign examples, such as `25%`."""
    return f"{100 * share:g}%"
