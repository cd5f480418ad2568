"""The answer to a study's question, for who knows no statistics: does self-training help?

`docs/protocol.md`, The verdict, has the rule. The numbers are those of `evaluation.answers`.
"""

import pandas as pd

from self_training.evaluation import answers
from self_training.evaluation.comparison import over_seeds, value_by_name
from self_training.evaluation.differences import ALPHA, could_show
from self_training.evaluation.judging import (
    HELPS,
    HURTS,
    LUCK,
    NO_GAIN,
    NO_STUDENTS,
    NOT_TESTED,
    size_of_family,
    verdict,
)
from self_training.evaluation.significance import FAIR
from self_training.report import advice, answer_of_dataset, axes, findings_of_draws, plain
from self_training.report.answer_of_dataset import is_behind
from self_training.report.words import join

CONTROL = (
    "Its control is trained in the same way, with as many steps and the same noise, but without "
    "pseudo-labels. What self-training gains over it, the pseudo-labels have brought."
)
# Of a study with consistency training, which has no pseudo-labels of its own.
CONTROL_WITHOUT_UNLABELED = (
    "Its control is trained in the same way, with as many steps and the same noise, but without "
    "unlabeled examples. What a method gains over it, these have brought."
)
NOT_ASKED = "Whether self-training helps was not asked: no method here is known to train students."
OF_ACCURACY = "points of accuracy"
# Datasets up to so many are named; of more, it is said how many they are.
NAMED = 3


def of_study(
    scores: pd.DataFrame, generations: pd.DataFrame, statistics: dict, kinds: dict[str, str]
) -> dict:
    """Return the answer of a study (see `give`).

    Args:
        scores, generations: of `evaluation.tables`.
        statistics: what `statistics.json` holds (see `findings.describe`).
        kinds: of every method that may be deployed (see `study.config.kinds_of_methods`).
    """
    return give(statistics, answers.gather(over_seeds(scores), generations, statistics, kinds))


def give(statistics: dict, numbers: dict) -> dict:
    """Return the answer in sentences.

    Args:
        statistics: what `statistics.json` holds (see `findings.describe`).
        numbers: of `answers.gather`.

    Returns: JSON-able: `headlines`, one per method with students; `details`, what they rest on;
        `datasets`, the rows of the numbers, each with its `verdict` and `sentence`; `cost`, `worth`
        and `next`, sentences.
    """
    rows = [row | {"verdict": verdict(statistics, row["method"], row["dataset"])}
            for row in numbers["datasets"]]  # fmt: skip
    rows = [row | {"sentence": answer_of_dataset.sentence(row, statistics)} for row in rows]
    said: dict[str, list[str]] = {}
    details = []
    for entry in statistics["fair"]:
        own = [row for row in rows if row["method"] == entry["method"]]
        said.setdefault(_headline(entry, own, statistics), []).append(entry["method"])
        if len({row["original"] for row in own}) > 1:
            details += _over_all(entry, own, statistics)
    # Without students nothing was gained, by whatever.
    trained = {row["method"] for row in rows if row["verdict"] != NO_STUDENTS}
    if any(entry["control"] and entry["method"] in trained for entry in statistics["fair"]):
        has_others = bool(statistics.get("consistency"))
        details.append(CONTROL_WITHOUT_UNLABELED if has_others else CONTROL)
    details += findings_of_draws.describe(statistics)
    worth = [answer_of_dataset.worth(row, statistics) for row in rows]
    return {
        "headlines": [
            plain.capitalize(headline.format(plain.name_methods(methods, statistics)))
            for headline, methods in said.items()
        ]
        or [NOT_ASKED],
        "details": details,
        "datasets": rows,
        "cost": [
            text for method, ratios in numbers["cost"].items()
            if (text := _cost(method, ratios, statistics))
        ],
        "worth": [text for text in worth if text is not None],
        "next": advice.give(rows, statistics),
    }  # fmt: skip


def _headline(entry: dict, rows: list[dict], statistics: dict) -> str:
    """Return the answer in a sentence or two, over all datasets if these can tell.

    In place of the method stands `{}`: of several, the same is said once.
    """
    who = "{}"
    if not rows:
        return f"whether {who} helps can't be told: there is no score of it."
    if entry["control"] is None:
        return (
            f"whether {who} helps can't be told: nothing was trained in the same way without "
            "pseudo-labels."
        )
    if all(row["verdict"] == NO_STUDENTS for row in rows):
        return _say(NO_STUDENTS, who, "", {}, statistics)
    if len(rows) == 1:
        said = _say(rows[0]["verdict"], who, "here", rows[0]["over_control"], statistics)
        return said + _behind(rows, statistics)
    found = verdict(statistics, entry["method"])
    one = len({row["original"] for row in rows}) == 1
    if one or found in (NOT_TESTED, NO_STUDENTS):
        return _split(rows, who) + _behind(rows, statistics)
    difference = {"difference": entry["mean_difference"]}
    where = _over_which(entry, rows)
    told = [row for row in rows if row["verdict"] in (HELPS, HURTS, NO_STUDENTS)]
    singly = f" {plain.capitalize(_split(told, 'it', len(rows)))}" if told else ""
    but = _behind(rows, statistics)
    # The baseline's mean is over all datasets, also over those without students.
    ahead = None if entry["without_students"] else _ahead_of_baseline(entry, statistics)
    if found == HELPS and ahead is not None and ahead < 0:
        but = _is_better(f"on the mean of all datasets it is {_by(ahead)}", statistics, "")
    return _say(found, who, where, difference, statistics) + singly + but


def _behind(rows: list[dict], statistics: dict) -> str:
    """Say where students help over their control, and are still behind the baseline."""
    behind = [row for row in rows if is_behind(row)]
    if not behind:
        return ""
    if len(rows) == 1:
        by = _by(rows[0]["over_baseline"]["difference"])
        return _is_better(f"it is {by}", statistics, " here")
    return _is_better(f"{_where(behind, len(rows))} it is", statistics, " there")


def _by(difference: float) -> str:
    """Return such as `2.1 points`."""
    return f"{plain.points(-difference).lstrip('+')} points"


def _is_better(behind: str, statistics: dict, where: str) -> str:
    baseline = plain.name_baseline(statistics["control"]).replace("{", "{{").replace("}", "}}")
    return f" But {behind} behind {baseline}: training without pseudo-labels is better{where}."


def _over_which(entry: dict, rows: list[dict]) -> str:
    """Return such as `over all 10 datasets`, or over how many of them students were trained."""
    of = len({row["original"] for row in rows})
    if entry["without_students"] and entry["datasets"] < of:
        return f"over the {entry['datasets']} of {of} datasets on which students were trained"
    return f"over all {entry['datasets']} datasets"


def _say(found: str, who: str, where: str, test: dict, statistics: dict) -> str:
    """Return a verdict as a sentence."""
    text = {
        HELPS: f"{who} helps {where}",
        HURTS: f"{who} hurts {where}",
        NO_GAIN: f"{who} does not help {where}: a gain, if any, is below "
        f"{plain.matters(statistics['rope'])}",
        LUCK: f"whether {who} helps can't be told from luck {where}",
        NOT_TESTED: f"whether {who} helps can't be told {where}",
        NO_STUDENTS: f"{who} did not take place: no student was trained",
    }[found]
    if found in (HELPS, HURTS):
        text += f": {plain.show_points({'difference': test['difference']}, OF_ACCURACY)}"
    return f"{text}."


def _split(rows: list[dict], who: str, of: int | None = None) -> str:
    """Say on which datasets a method helps, and on which not.

    Args:
        of: how many datasets there are, where the rows are a part of them.
    """
    of = of or len(rows)
    found: dict[str, list[dict]] = {}
    for name in (HELPS, HURTS, NO_GAIN, LUCK, NOT_TESTED, NO_STUDENTS):
        some = [row for row in rows if row["verdict"] == name]
        if some:
            found[name] = some
    parts = [f"{name} {_where(some, of)}" for name, some in found.items()]
    if next(iter(found)) in (LUCK, NOT_TESTED):
        who = f"whether {who} helps"
    return f"{who} {join(parts)}."


def _where(rows: list[dict], of: int) -> str:
    """Return such as `on a and b`, `on all 4 datasets` or `at 2 of 6 label budgets`."""
    unit = "on", "datasets"
    varied = [row for row in rows if row["budgets"] or value_by_name(row["dataset"]) is not None]
    if varied:
        alone = len({row["original"] for row in rows}) == 1
        one = alone and len(rows[0]["budgets"]) in (0, of)
        kinds = axes.of(row["dataset"] for row in varied)
        unit = ("at", kinds) if one else ("on", f"datasets and {kinds}")
    if len(rows) == of:
        every = "any of the" if rows[0]["verdict"] in (LUCK, NOT_TESTED) else "all"
        return f"{unit[0]} {every} {of} {unit[1]}"
    if len(rows) > NAMED:
        return f"{unit[0]} {len(rows)} of {of} {unit[1]}"
    names = join(plain.name_dataset(row) for row in rows)
    return f"on {names.replace('{', '{{').replace('}', '}}')}"


def _over_all(entry: dict, rows: list[dict], statistics: dict) -> list[str]:
    """Say what was measured over all datasets, and why that is not more."""
    if not entry.get("datasets"):
        return []
    groups, datasets = entry["groups"], entry["datasets"]
    sources = "" if groups == datasets else f", of {groups} source{'s' * (groups > 1)}"
    test = {"difference": entry["mean_difference"], "interval": entry["interval"]}
    found = verdict(statistics, entry["method"])
    over = f"{_over_which(entry, rows)}{sources}"
    # A method's name stays as it is.
    several = len(statistics["fair"]) > 1
    over = f"{entry['method']}, {over}" if several else plain.capitalize(over)
    parts = [f"{over}: {plain.show_points(test, OF_ACCURACY)}"]
    if found in (HELPS, HURTS):
        parts[0] += f", so {plain.of_examples(test['difference'])}"
    parts[0] += "."
    parts += [_over_baseline(entry, rows, statistics), _but(entry, found, statistics)]
    return [" ".join(part for part in parts if part)]


def _over_baseline(entry: dict, rows: list[dict], statistics: dict) -> str:
    difference = _ahead_of_baseline(entry, statistics)
    if difference is None:
        return ""
    text = plain.over_baseline(difference, statistics["control"])
    # The baseline is compared wherever both have scores, with students or without.
    everywhere = len({row["original"] for row in rows})
    return (
        text if everywhere == entry["datasets"] else f"{text[:-1]}, on all {everywhere} datasets."
    )


def _ahead_of_baseline(entry: dict, statistics: dict) -> float | None:
    """Return how far a method is ahead of the baseline on the mean of all datasets, if both are
    known, and the baseline is not its fair control."""
    method, baseline = entry["method"], statistics["control"]
    for pair in statistics["pairs"]:
        if {pair["a"], pair["b"]} == {method, baseline} and baseline != entry["control"]:
            return pair["mean_difference"] if pair["b"] == method else _negative(pair)
    return None


def _negative(pair: dict) -> float | None:
    return None if pair["mean_difference"] is None else -pair["mean_difference"]


def _but(entry: dict, found: str, statistics: dict) -> str:
    """Say what keeps the answer over all datasets from being sure, or clear."""
    if found == NOT_TESTED:
        tests = size_of_family(statistics, FAIR)
        enough = next(number for number in range(1, 99) if could_show(number, tests))
        return (
            f"Whether that holds for datasets in general can't be told: it takes {enough} of "
            "different sources."
        )
    if found in (LUCK, NO_GAIN) and entry["p_holm"] < ALPHA:
        most, few = ("gain", "lose") if entry["rank_biserial"] > 0 else ("lose", "gain")
        return f"Most of them {most} and a few {few} much, which is no clear answer."
    interval = entry["interval"]
    if found in (HELPS, HURTS) and interval and interval[0] <= 0 <= interval[1]:
        return "It is so on most of them; how much it is on average is not sure."
    return ""


def _cost(method: str, ratios: dict[str, dict], statistics: dict) -> str | None:
    """Say how many times the training of its control, and of the baseline, a method costs."""
    control = next(entry["control"] for entry in statistics["fair"] if entry["method"] == method)
    parts = []
    for kind, what in (("steps", "gradient steps"), ("time", "training time")):
        known = {other: ratio[kind] for other, ratio in ratios.items() if kind in ratio}
        whose = [
            f"{plain.times(ratio)} "
            f"{'its control' if other == control else plain.name_baseline(other)}'s"
            for other, ratio in known.items()
        ]
        if whose:
            parts.append(f"in {what} {join(whose)}")
    if not parts:
        return None
    who = plain.capitalize(plain.name_methods([method], statistics))
    return f"{who} costs {'; '.join(parts)}. The search is included."
