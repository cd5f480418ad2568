"""A look at the data before anything is trained: duplicates, shift, and the balance of classes.

It is for people to read. It knows the labels of all examples, hidden ones among them, so nothing
that trains, searches or selects may be given what comes of it.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from self_training.data import shift
from self_training.data.distinct_budgets import check_distinct_budgets
from self_training.data.duplicate_groups import DROP, PARTS, parts_of
from self_training.data.examples import TEST, UNKNOWN
from self_training.errors import DatasetError

SHOWN = 20  # Groups of duplicates, and members of one, that are named.


def look(
    labels: np.ndarray,
    class_names: list[str],
    features: np.ndarray,
    found: dict,
    identity: dict,
    asked: dict | None = None,
) -> dict:
    """Return what there is to know of a dataset before anything is trained on it.

    Args:
        labels: int (examples,), UNKNOWN where an example has none, TEST of test examples, and
            FOREIGN of foreign ones, which are a part of their own.
        class_names: (classes,).
        features: float (examples, features), by which examples are compared.
        found: of `duplicate_groups.look_for`, when the dataset was prepared.
        identity: what the draw of examples comes from, the name of the dataset (`dataset`) in it.
        asked: label budgets and how labels are drawn, as `check_distinct_budgets` takes them; None
            leaves that check out.

    Returns: `dataset`; `parts`, how many examples each has; `duplicates`: what was `asked`,
        `counts` (of `count_groups`), how many groups are `contradicting`, how many examples are
        `spare`, and the first groups (`shown`, with their `size` and how many members were `kept`,
        by parts); `shift` (of `shift.compare`), None without
        unlabeled examples; `classes`, how many labels each has and their share of all.
    Raises: DatasetError, when two label budgets keep as many labels.
    """
    if asked is not None:
        known = np.bincount(labels[labels >= 0], minlength=len(class_names)).tolist()
        of_classes = dict(zip(class_names, known, strict=True))
        check_distinct_budgets(of_classes, dataset=identity["dataset"], **asked)
    is_test = labels == TEST
    parts, groups = parts_of(labels, is_test), found["groups"]
    spare = [member for group in groups for member in group["members"] if member["spare"]]
    single = np.ones(len(labels), dtype=bool)
    if found["asked"] != DROP:
        # A classifier would recognize them. What was dropped is not there any more.
        single[[member["example"] for member in spare]] = False
    labeled, single = labels >= 0, single & ~is_test
    counts = np.bincount(labels[labeled], minlength=len(class_names))
    return {
        "dataset": identity["dataset"],
        "parts": {name: int(part.sum()) for name, part in parts.items()},
        "duplicates": {
            "asked": found["asked"],
            "counts": count_groups(groups, PARTS),
            "contradicting": sum(group["contradicting"] for group in groups),
            "spare": len(spare),
            "shown": [
                group
                | {
                    "members": group["members"][:SHOWN],
                    "size": len(group["members"]),
                    "kept": _count_kept(group["members"], found["asked"]),
                }
                for group in groups[:SHOWN]
            ],
        },
        "shift": None
        if not (labels == UNKNOWN).any()
        else shift.compare(features[single], labeled[single], identity),
        "classes": [
            {"class": name, "labels": int(count), "share": float(count / labeled.sum())}
            for name, count in zip(class_names, counts, strict=True)
        ],
    }


def _count_kept(members: list[dict], asked: str) -> dict[str, int]:
    """Return how many members of a group of duplicates are in the dataset, by their parts."""
    kept = [member for member in members if asked != DROP or not member["spare"]]
    return dict(Counter(member["part"] for member in kept))


def check_sides(dataset: str, shape: tuple[int, ...], least_sides: list[dict]) -> None:
    """Raise DatasetError where images are too small for a network that the study is to train.

    Args:
        dataset: its name in the config.
        shape: of its examples.
        least_sides: of `study.tried`.
    """
    for asked in least_sides:
        least = asked["least"]
        if len(shape) == 4 and min(shape[1:3]) < least:
            raise DatasetError(
                f"datasets.{dataset}: Expected images of at least {least} x {least} pixels for "
                f"{asked['backbone']} ({asked['key']}). Received images of {shape[1]} x {shape[2]}."
                " Set image_size, or take another backbone."
            )


def is_black(examples: np.ndarray) -> bool:
    """Return whether examples are images of which no pixel, from 0 to 255, is above 1.

    Such are black to an eye and to a network: their pixels were meant to be from 0 to 1.

    Args:
        examples: (examples, ...), of whatever kind.
    """
    return examples.dtype == np.uint8 and examples.ndim == 4 and int(examples.max(initial=0)) <= 1


def count_groups(groups: list[dict], parts: Sequence[str]) -> list[dict]:
    """Return how many groups of duplicates lie within each part, and across them.

    Args:
        groups: of `duplicate_groups.describe`.
        parts: names, in the order in which they are listed.

    Returns: rows of `parts` (names of all that the groups have members in), `exact` (whether all
        members have the same bytes), `groups` and their `examples`.
    """
    counts, sizes = Counter[tuple](), Counter[tuple]()
    for group in groups:
        within = {member["part"] for member in group["members"]}
        key = (tuple(name for name in parts if name in within), group["exact"])
        counts[key] += 1
        sizes[key] += len(group["members"])
    return [
        {"parts": list(names), "exact": exact, "groups": count, "examples": sizes[names, exact]}
        for (names, exact), count in sorted(counts.items())
    ]
