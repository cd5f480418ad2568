"""How far apart the repeats of the outer cross-validation are, in sentences."""

from self_training.evaluation.comparison import budgets_by_name
from self_training.report import axes
from self_training.report.words import count


def describe(means: list[dict], differences: list[dict]) -> list[str]:
    """Return a sentence per method with a fair control: what one repeat alone would have said.

    Where no method has a fair control, one of the mean accuracies; none where nothing is repeated.

    Args:
        means, differences: of `evaluation.repeats`.
    """
    of_method: dict[str, list[dict]] = {}
    for row in differences:
        of_method.setdefault(row["method"], []).append(row)
    if of_method:
        return [_of_differences(rows) for rows in of_method.values()]
    return [_of_means(means)] if means else []


def _of_differences(rows: list[dict]) -> str:
    widest, where = _widest(rows)
    repeats = len(widest["values"])
    ahead = f"it is ahead in {widest['ahead']} of them"
    if len(rows) > 1:
        mixed = sum(0 < row["ahead"] < repeats for row in rows)
        ahead = f"{_of_units(mixed, rows)} it is ahead in some repeats and not in others"
    return (
        f"How much one split decides: in {count(repeats, 'repeat')} of the outer folds, each with "
        f"other splits and initial weights, {widest['method']} minus {widest['control']} is "
        f"{widest['lowest']:+.4f} to {widest['highest']:+.4f}{where}; {ahead} (sheet Repeats)."
    )


def _of_units(number: int, rows: list[dict]) -> str:
    """Return such as `on 1 of 2 datasets`; a label budget is called that, and no dataset."""
    several = budgets_by_name(row["dataset"] for row in rows)
    if not several:
        return f"on {number} of {len(rows)} datasets"
    if len(rows) == sum(map(len, several.values())) and len(several) == 1:
        return f"at {number} of {len(rows)} {axes.of(*several.values())}"
    one = axes.one_of(name for names in several.values() for name in names)
    return f"on {number} of {len(rows)} datasets, each {one} by itself,"


def _of_means(rows: list[dict]) -> str:
    widest, where = _widest(rows)
    return (
        f"How much one split decides: in {count(len(widest['values']), 'repeat')} of the outer "
        "folds, each with other splits and initial weights, the mean accuracy of "
        f"{widest['method']} is {widest['lowest']:.4f} to {widest['highest']:.4f}{where} (sheet "
        "Repeats)."
    )


def _widest(rows: list[dict]) -> tuple[dict, str]:
    """Return the row whose repeats are farthest apart, and where that is."""
    widest = max(rows, key=lambda row: row["highest"] - row["lowest"])
    alone = len({row["dataset"] for row in rows}) == 1
    return widest, f" on {widest['dataset']}{'' if alone else ', where they are farthest apart'}"
