"""Words for who knows no statistics: points of accuracy, examples, labels, times."""

from self_training.evaluation.comparison import value_by_name
from self_training.report import axes


def points(difference: float) -> str:
    """Return a difference of accuracies in points, such as `+2.1`; small ones to a hundredth."""
    value = 100 * difference
    text = f"{value:+.1f}"
    if float(text) == 0 and value:
        text = f"{value:+.2f}"
    return text if float(text) else "0.0"


def show_points(test: dict, what: str = "points") -> str:
    """Return such as `+2.1 points over its control (95 % interval +0.5 to +3.7)`.

    Args:
        test: of a method and its fair control, with `difference`, and `interval` if there is one.
        what: what points are called.
    """
    side = "against" if test["difference"] < 0 else "over"
    text = f"{points(test['difference'])} {what} {side} its control"
    if test.get("interval") is None:
        return text
    low, high = test["interval"]
    return f"{text} (95 % interval {points(low)} to {points(high)})"


def of_examples(difference: float) -> str:
    """Return such as `of 100 examples, about 2 more are right`; of more examples where fewer than
    one of 100 would be."""
    for examples in (100, 1_000, 10_000):
        number = int(abs(difference) * examples + 0.5)
        if number:
            more = "more" if difference > 0 else "fewer"
            verb = "is" if number == 1 else "are"
            return f"of {examples:,} examples, about {number} {more} {verb} right"
    return "of 10,000 examples, as many are right"


def matters(rope: float) -> str:
    """Return the difference that is taken for practically none, such as `1 point`."""
    return f"{100 * rope:g} point{'' if rope == 0.01 else 's'}"


def times(ratio: float) -> str:
    """Return such as `3.1 times` and `26 times`."""
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:,.0f} times"


def show_labels(row: dict, labels: float | None = None) -> str:
    """Return how many labels there are: per class where the classes are known, or in all.

    Args:
        row: of `answers.on_datasets`, with known `labels`.
        labels: in all, in place of the row's.
    """
    number = row["labels"] if labels is None else labels
    if row["labels_per_class"] is None:
        return f"{number:,.0f} labels"
    per_class = number * row["labels_per_class"] / row["labels"]
    shown = f"{per_class:,.0f}" if per_class >= 10 else f"{per_class:.2g}"
    return f"{shown} label{'' if shown == '1' else 's'} per class"


def name_dataset(row: dict) -> str:
    """Return a dataset, with its label budget, or value of another axis, where it has several."""
    named = value_by_name(row["dataset"])
    if named is not None:
        return f"{row['original']} with {axes.show(*named)}"
    if not row["budgets"]:
        return row["dataset"]
    return f"{row['original']} with {show_labels(row)}"


def name(row: dict, statistics: dict) -> str:
    """Return a dataset as `name_dataset` does, with the method where there are several."""
    if len(statistics["fair"]) == 1:
        return name_dataset(row)
    return f"{row['method']} on {name_dataset(row)}"


def name_methods(methods: list[str], statistics: dict) -> str:
    """Return what self-training is called, or consistency training: with the methods where the
    study has several."""
    others = [method for method in methods if method in statistics.get("consistency", [])]
    of_students = [method for method in methods if method not in others]
    several = len(statistics["fair"]) > 1
    return " or ".join(
        what + (f" as {' or '.join(some)}" if several else "")
        for what, some in (("self-training", of_students), ("consistency training", others))
        if some
    )


def over_baseline(difference: float, baseline: str) -> str:
    """Return such as `Over the baseline: +5.3 points.`"""
    side = "Against" if difference < 0 else "Over"
    return f"{side} {name_baseline(baseline)}: {points(difference)} points."


def name_baseline(method: str) -> str:
    """Return what a baseline is called in a sentence."""
    return "the baseline" if method == "baseline" else method


def capitalize(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]
