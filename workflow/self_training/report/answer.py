"""The answer to a study's question, for who knows no statistics: does self-training help?

`docs/protocol.md`, The verdict, has the rule. The numbers are those of `evaluation.answers`.
"""

import pandas as pd

from self_training.evaluation import answers
from self_training.evaluation.comparison import over_seeds
from self_training.evaluation.differences import ALPHA, could_show
from self_training.evaluation.significance import FAIR
from self_training.report import advice, answer_of_dataset, findings_of_draws, plain, verdicts
from self_training.report.answer_of_dataset import LUCK, NO_GAIN, NO_STUDENTS, NOT_TESTED
from self_training.report.verdicts import HELPS, HURTS
from self_training.report.words import join

CONTROL = (
    "Its control is trained in the same way, with as many steps and the same noise, but without "
    "pseudo-labels. What self-training gains over it, the pseudo-labels have brought."
)
NOT_ASKED = "Whether self-training helps was not asked: no method here is known to train students."
OF_ACCURACY = "points of accuracy"
# Datasets up to so many are named; of more, it is said how many they are.
NAMED = 3


def of_study(scores: pd.DataFrame, generations: pd.DataFrame, statistics: dict) -> dict:
    """Return the answer of a study (see `give`).

    Args:
        scores, generations: of `evaluation.tables`.
        statistics: what `statistics.json` holds (see `findings.describe`).
    """
    return give(statistics, answers.gather(over_seeds(scores), generations, statistics))


def give(statistics: dict, numbers: dict) -> dict:
    """Return the answer in sentences.

    Args:
        statistics: what `statistics.json` holds (see `findings.describe`).
        numbers: of `answers.gather`.

    Returns: JSON-able: `headlines`, one per method with students; `details`, what they rest on;
        `datasets`, the rows of the numbers, each with its `verdict` and `sentence`; `cost`, `worth`
        and `next`, sentences.
    """
    rows = [row | {"verdict": answer_of_dataset.of_row(row, statistics)}
            for row in numbers["datasets"]]  # fmt: skip
    rows = [row | {"sentence": answer_of_dataset.sentence(row, statistics)} for row in rows]
    said: dict[str, list[str]] = {}
    details = []
    for entry in statistics["fair"]:
        own = [row for row in rows if row["method"] == entry["method"]]
        said.setdefault(_headline(entry, own, statistics), []).append(entry["method"])
        if len({row["original"] for row in own}) > 1:
            details += _over_all(entry, statistics)
    if any(entry["control"] for entry in statistics["fair"]):
        details.append(CONTROL)
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


def over_all(entry: dict, statistics: dict) -> str:
    """Return what is said of a method over all datasets, in the words of a single one's verdict.

    Args:
        entry: of `fair` of the statistics.
    """
    found = verdicts.verdict(entry, verdicts.size_of_family(statistics, FAIR))
    if found in (HELPS, HURTS):
        return found
    if found == verdicts.UNKNOWN:
        return NOT_TESTED
    interval = entry["interval"]
    return NO_GAIN if interval and interval[1] < statistics["rope"] else LUCK


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
    if len(rows) == 1:
        return _say(rows[0]["verdict"], who, "here", rows[0]["over_control"], statistics)
    found = over_all(entry, statistics)
    one = len({row["original"] for row in rows}) == 1
    if one or found == NOT_TESTED:
        return _split(rows, who)
    difference = {"difference": entry["mean_difference"]}
    where = f"over all {entry['datasets']} datasets"
    told = [row for row in rows if row["verdict"] in (HELPS, HURTS)]
    singly = f" {plain.capitalize(_split(told, 'it', len(rows)))}" if told else ""
    return _say(found, who, where, difference, statistics) + singly


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
    for verdict in (HELPS, HURTS, NO_GAIN, LUCK, NOT_TESTED, NO_STUDENTS):
        some = [row for row in rows if row["verdict"] == verdict]
        if some:
            found[verdict] = some
    parts = [f"{verdict} {_where(some, of)}" for verdict, some in found.items()]
    if next(iter(found)) in (LUCK, NOT_TESTED):
        who = f"whether {who} helps"
    return f"{who} {join(parts)}."


def _where(rows: list[dict], of: int) -> str:
    """Return such as `on a and b`, `on all 4 datasets` or `at 2 of 6 label budgets`."""
    unit = "on", "datasets"
    if any(row["budgets"] for row in rows):
        one = len({row["original"] for row in rows}) == 1 and len(rows[0]["budgets"]) == of
        unit = ("at", "label budgets") if one else ("on", "datasets and label budgets")
    if len(rows) == of:
        every = "any of the" if rows[0]["verdict"] in (LUCK, NOT_TESTED) else "all"
        return f"{unit[0]} {every} {of} {unit[1]}"
    if len(rows) > NAMED:
        return f"{unit[0]} {len(rows)} of {of} {unit[1]}"
    names = join(plain.name_dataset(row) for row in rows)
    return f"on {names.replace('{', '{{').replace('}', '}}')}"


def _over_all(entry: dict, statistics: dict) -> list[str]:
    """Say what was measured over all datasets, and why that is not more."""
    if not entry.get("datasets"):
        return []
    groups, datasets = entry["groups"], entry["datasets"]
    sources = "" if groups == datasets else f", of {groups} source{'s' * (groups > 1)}"
    whose = f"{entry['method']}, over" if len(statistics["fair"]) > 1 else "Over"
    test = {"difference": entry["mean_difference"], "interval": entry["interval"]}
    found = over_all(entry, statistics)
    parts = [f"{whose} all {datasets} datasets{sources}: {plain.show_points(test, OF_ACCURACY)}"]
    if found in (HELPS, HURTS):
        parts[0] += f", so {plain.of_examples(test['difference'])}"
    parts[0] += "."
    parts += [_over_baseline(entry["method"], statistics), _but(entry, found, statistics)]
    return [" ".join(part for part in parts if part)]


def _over_baseline(method: str, statistics: dict) -> str:
    baseline = statistics["control"]
    for pair in statistics["pairs"]:
        if {pair["a"], pair["b"]} == {method, baseline} and pair["mean_difference"] is not None:
            sign = 1 if pair["b"] == method else -1
            return plain.over_baseline(sign * pair["mean_difference"], baseline)
    return ""


def _but(entry: dict, found: str, statistics: dict) -> str:
    """Say what keeps the answer over all datasets from being sure, or clear."""
    if found == NOT_TESTED:
        tests = verdicts.size_of_family(statistics, FAIR)
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
