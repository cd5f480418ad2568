"""Numbers and names in sentences."""

from collections.abc import Iterable


def count(number: int, noun: str) -> str:
    """Return such as `1 fold` and `2 folds`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def join(items: Iterable) -> str:
    """Return such as `a`, `a and b`, or `a, b and c`."""
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last


def shorten(names: list[str]) -> str:
    """Return the first five names and how many more there are."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def either(values: Iterable[float]) -> str:
    """Return such as `0.5`, or `0.5 or 0.7`."""
    return " or ".join(f"{value:g}" for value in values)
