"""Groups of duplicates: what is said of them, and which examples are dropped."""

from collections.abc import Callable

import numpy as np

from self_training.data import duplicates
from self_training.data.examples import FOREIGN, UNKNOWN
from self_training.errors import DatasetError

REPORT, DROP, ERROR = "report", "drop", "error"
ASKED = (REPORT, DROP, ERROR)  # What a config can ask for.
# Of a dataset, as far as there are any; all members of a part may be dropped.
PARTS = ("labeled", "unlabeled", "foreign", "test")
NAMED = 3  # Groups that an error names, and members of each.


def look_for(
    asked: str,
    dataset: str,
    examples: np.ndarray,
    features: Callable[[np.ndarray], np.ndarray],
    labels: np.ndarray,
    class_names: list[str],
    ids: list[str],
    is_test: np.ndarray | None = None,
) -> tuple[np.ndarray, dict]:
    """Look for duplicates in a dataset, and do what its config asks for.

    Args:
        asked: one of ASKED.
        dataset: its name in the config, for messages.
        examples: (examples, ...), of whatever kind.
        features: function from these to float (examples, features) by which they are compared.
        labels, class_names, ids, is_test: as of `describe`.

    Returns: indices (kept,) of the examples that stay, and the record: what was `asked`, and the
        `groups` that were found (of `describe`).
    Raises: DatasetError, when there are some and the config asks for an error.
    """
    if asked not in ASKED:
        raise DatasetError(
            f"datasets.{dataset}.duplicates: Expected one of {', '.join(ASKED)}. "
            f"Received: {asked!r}."
        )
    same = duplicates.exact(examples)
    group = duplicates.near(features(examples), same)
    groups = describe(same, group, labels, class_names, ids, is_test)
    if asked == ERROR and groups:
        doubtful = sum(some["contradicting"] for some in groups)
        raise DatasetError(
            f"datasets.{dataset}.duplicates: Expected no duplicates and near duplicates, as the "
            f"config says. Received {len(groups)} groups of such"
            + (f", {doubtful} of them with labels that contradict each other" if doubtful else "")
            + f": {'; '.join(map(_name, groups[:NAMED]))}. Remove some, or set duplicates: drop to "
            "keep at most one of each group, beside those of a test file, or report to keep all."
        )
    stays = ~spare(group, labels, is_test) if asked == DROP else np.ones(len(labels), dtype=bool)
    return np.flatnonzero(stays), {"asked": asked, "groups": groups}


def _name(group: dict) -> str:
    members = group["members"]
    named = " = ".join(
        member["id"] + (f" ({member['label']})" if member["label"] is not None else "")
        for member in members[:NAMED]
    )
    return named + (f" and {len(members) - NAMED} more" if len(members) > NAMED else "")


def parts_of(labels: np.ndarray, is_test: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Return the parts of a dataset that examples are in, bool (examples,) each; empty ones are
    left out.

    Args:
        labels: int (examples,), UNKNOWN where an example has none, FOREIGN of a foreign one.
        is_test: bool (examples,), those of the test file; None without.
    """
    test = np.zeros(len(labels), bool) if is_test is None else is_test
    own = labels >= 0, labels == UNKNOWN, labels == FOREIGN
    parts = dict(zip(PARTS, (*(part & ~test for part in own), test), strict=True))
    return {name: part for name, part in parts.items() if part.any()}


def contradicting(group: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which examples are in a group whose known labels differ, bool (examples,).

    Args:
        group: of `near`, or of `exact`.
        labels: int (examples,), UNKNOWN where an example has none.
    """
    known = labels >= 0
    least, most = (np.full(len(group), end) for end in (labels.max(initial=0), UNKNOWN))
    np.minimum.at(least, group[known], labels[known])
    np.maximum.at(most, group[known], labels[known])
    return (least < most)[group]


def spare(group: np.ndarray, labels: np.ndarray, is_test: np.ndarray | None = None) -> np.ndarray:
    """Return which examples are too many, bool (examples,): mostly all but one of each group.

    The one is the first labeled example, or the first where none is labeled. Where the labels of a
    group contradict each other, nobody knows which is right, and its labeled ones are all too many.
    A test example never is: where a group has one, all that could be trained on are.

    Args: of `contradicting`, and of `parts_of`.
    """
    test = np.zeros(len(labels), bool) if is_test is None else is_test
    doubtful = contradicting(group, labels) & (labels >= 0)
    by_preference = np.lexsort([labels < 0, doubtful, ~test])
    _, first = np.unique(group[by_preference], return_index=True)
    keeps = np.zeros(len(group), dtype=bool)
    keeps[by_preference[first]] = True
    return (~keeps | doubtful) & ~test


def describe(
    same: np.ndarray,
    group: np.ndarray,
    labels: np.ndarray,
    class_names: list[str],
    ids: list[str],
    is_test: np.ndarray | None = None,
) -> list[dict]:
    """Return the groups of duplicates, those with contradicting labels first.

    Args:
        same: of `exact`.
        group: of `near`.
        labels: int (examples,), UNKNOWN where an example has none.
        ids: (examples,) by which a person finds them.
        is_test: of `parts_of`.

    Returns: per group of two or more, whether it is `exact` (all have the same bytes) or some are
        only near, whether labels are `contradicting`, and its `members`: of each its index
        (`example`), `id`, `part`, `label` (None where unknown), and whether it is `spare`.
    """
    parts = parts_of(labels, is_test)
    doubtful, too_many = contradicting(group, labels), spare(group, labels, is_test)
    order = np.argsort(group, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    found = [
        {
            "exact": len(set(same[members].tolist())) == 1,
            "contradicting": bool(doubtful[members[0]]),
            "members": [
                {
                    "example": int(index),
                    "id": ids[index],
                    "part": next(name for name, part in parts.items() if part[index]),
                    "label": None if labels[index] < 0 else class_names[labels[index]],
                    "spare": bool(too_many[index]),
                }
                for index in members
            ],
        }
        for members in groups
        if len(members) > 1
    ]
    return sorted(found, key=lambda some: not some["contradicting"])
