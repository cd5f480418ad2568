"""The balance of classes among labels, beside that among pseudo-labels."""

import pandas as pd

# Of a class that is this many times rarer among pseudo-labels than among labels the report tells,
# where so many pseudo-labels of it per fold were to be expected: of fewer, it is luck.
RARER, EXPECTED = 3, 10


def compare(
    data_checks: list[dict],
    class_balance: pd.DataFrame,
    unequal: dict[str, list[float]] | None = None,
) -> list[dict]:
    """Return, per dataset, method with students and class, shares of labels and pseudo-labels.

    Args:
        data_checks: of `data_check.look`, of each original dataset.
        class_balance: of `tables.collect_class_balance`.
        unequal: dataset whose classes were made unequal -> the share of each among its unlabeled
            examples. It has these in place of shares of all labels, and no numbers of labels.

    Returns: rows of `dataset`, a label budget being one, `method`, `class`, `labels` and their
        `share`, mean `pseudo_labels` per outer fold and their `pseudo_share` (None where there are
        none), and whether the class is much `rarer` among these. `method` and what comes of it is
        None where no method has students.
    """
    none = {"method": None, "pseudo_labels": None, "pseudo_share": None, "rarer": False}
    found = []
    originals = class_balance["dataset"].map(lambda name: name.partition("@")[0])
    for check in data_checks:
        own = class_balance[originals == check["dataset"]]
        for (dataset, method), rows in own.groupby(["dataset", "method"], sort=False):
            means = rows.groupby("class", sort=False)["pseudo_labels"].mean()
            total = means.sum()
            for of_class in _classes(check, (unequal or {}).get(dataset)):
                mean = float(means[of_class["class"]])
                rarer = of_class["share"] * total >= EXPECTED and (
                    mean * RARER <= of_class["share"] * total
                )
                found.append(
                    {"dataset": dataset, "method": method}
                    | of_class
                    | {"pseudo_labels": mean, "pseudo_share": mean / total if total else None}
                    | {"rarer": bool(rarer)}
                )
        if own.empty:
            found += [
                {"dataset": check["dataset"]} | of_class | none for of_class in check["classes"]
            ]
    return found


def _classes(check: dict, shares: list[float] | None) -> list[dict]:
    """Return the classes of a dataset with their labels and shares."""
    if shares is None:
        return check["classes"]
    return [
        of_class | {"labels": None, "share": share}
        for of_class, share in zip(check["classes"], shares, strict=True)
    ]
