"""Pseudo-labels to look at, of examples of any kind."""


def by_truth(examples: list[dict]) -> dict[str, list[dict]]:
    """Return pseudo-labels in groups: `right`, `wrong` and, if there are any, `not known`.

    Args:
        examples: of `scores.show_pseudo_labels`.

    Returns: the examples of each group, in their order.
    """
    groups: dict[str, list[dict]] = {"right": [], "wrong": []}
    for row in examples:
        kind = "right" if row["pseudo_label"] == row["label"] else "wrong"
        groups.setdefault("not known" if row["label"] is None else kind, []).append(row)
    return groups
