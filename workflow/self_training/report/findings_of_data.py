"""What was seen of the data before anything was trained, in sentences."""

from self_training.data.data_check import SHOWN
from self_training.data.duplicate_groups import DROP
from self_training.data.shift import LEAST
from self_training.report.words import count, join, shorten

# Of a shift the first sheet tells where it is more than luck and large enough to matter; images
# that are a fifth darker have an AUC of about 0.7.
LEVEL, LEAST_AUC = 0.01, 0.6
FEW = 100  # Examples of each part, with fewer of which a classifier notices large shifts alone.


def is_shifted(shift: dict | None) -> bool:
    """Return whether labeled and unlabeled examples were shown to differ much.

    Args:
        shift: of `shift.compare`, or None.
    """
    if shift is None or shift["auc"] is None:
        return False
    return shift["p_value"] <= LEVEL and shift["auc"] >= LEAST_AUC


def of_first_sheet(data_checks: list[dict], balances: list[dict]) -> list[str]:
    """Return what a reader of results must know of the data; nothing where nothing was found.

    Args:
        data_checks: of `data_check.look`, of each original dataset.
        balances: of `class_balance.compare`.
    """
    found = [check for check in data_checks if check["duplicates"]["counts"]]
    dropping = [check for check in found if check["duplicates"]["asked"] == DROP]
    dropped = [check for check in dropping if check["duplicates"]["spare"]]
    kept = [check for check in found if check not in dropping]
    lines = []
    if kept:
        lines.append(
            f"The data have duplicates: {shorten([_groups(check) for check in kept])}. Where one "
            "of a group is trained on and another is in the test fold, scores are too good. The "
            "sheet Data check names them; `duplicates: drop` keeps at most one of each group, "
            "beside those of a test file."
        )
    if dropped:
        lines.append(
            f"Duplicates were dropped: {shorten([_dropped(check) for check in dropped])} (sheet "
            "Data check)."
        )
    shifted = [
        f"{check['dataset']} (AUC {check['shift']['auc']:.2f}, p = {check['shift']['p_value']:.2g})"
        for check in data_checks
        if is_shifted(check["shift"])
    ]
    if shifted:
        lines.append(
            f"Unlabeled examples are not like labeled ones: {shorten(shifted)}, by a classifier "
            "that tells one from the other. Scores are of labeled examples; pseudo-labels may be "
            "wrong more often than these say (sheet Data check)."
        )
    black = [check["dataset"] for check in data_checks if check.get("black")]
    if black:
        lines.append(
            f"Images are black: {shorten(black)} have no pixel above 1, of 255. Their pixels were "
            "meant to be from 0 to 1: multiply them by 255 before they are made integers."
        )
    return lines + _rarer(balances)


def _groups(check: dict) -> str:
    duplicates = check["duplicates"]
    groups = sum(row["groups"] for row in duplicates["counts"])
    labels = f", {duplicates['contradicting']} with contradicting labels"
    across = sum(
        row["groups"]
        for row in duplicates["counts"]
        if "test" in row["parts"] and len(row["parts"]) > 1
    )
    tested = f", {across} across training and test file"
    return (
        f"{check['dataset']} ({count(groups, 'group')}{labels * bool(duplicates['contradicting'])}"
        f"{tested * bool(across)})"
    )


def _dropped(check: dict) -> str:
    return f"{count(check['duplicates']['spare'], 'example')} of {check['dataset']}"


def _rarer(balances: list[dict]) -> list[str]:
    """Name the classes that are much rarer among pseudo-labels than among labels."""
    rare = [
        f"{row['class']} of {row['dataset']} ({row['method']}: {row['pseudo_share']:.1%} against "
        f"{row['share']:.1%})"
        for row in balances
        if row["rarer"]
    ]
    if not rare:
        return []
    unequal = any(row["rarer"] and row["labels"] is None for row in balances)
    of = " (where classes were made unequal, among the unlabeled)" if unequal else ""
    return [
        f"Classes that are much rarer among pseudo-labels than among labels{of}: {shorten(rare)}. "
        "Either teachers seldom dare to name them, so that students learn to neglect them; or "
        "unlabeled examples have fewer of them (sheet Data check)."
    ]


def describe(check: dict, outer_folds: int) -> list[str]:
    """Return what was seen of a dataset: its parts, duplicates, and the shift between parts.

    Args:
        check: of `data_check.look`.
    """
    labeled, unlabeled, test = (
        check["parts"].get(name, 0) for name in ("labeled", "unlabeled", "test")
    )
    tested = f" A test file has {test} others." if test else ""
    foreign = check["parts"].get("foreign", 0)
    if foreign:
        tested += (
            f" Of classes that are left out there are {foreign} examples, of which foreign ones "
            "among the unlabeled are taken."
        )
    name, shift = check["dataset"], check["shift"]
    if not unlabeled:
        parts = (
            f"{name}: the labels of all {labeled} examples are known, and the study hides some of "
            f"them. So there is one part, and no shift to look for.{tested}"
        )
        return [parts, _duplicates(check, outer_folds)]
    parts = f"{name}: {labeled} labeled examples, and {unlabeled} of unknown label.{tested}"
    return [parts, _duplicates(check, outer_folds), _shift(shift)]


def _duplicates(check: dict, outer_folds: int) -> str:
    duplicates, has_test = check["duplicates"], "test" in check["parts"]
    if not duplicates["counts"]:
        return "No duplicates and no near duplicates were found."
    where = [
        f"{count(row['groups'], 'group')} {'within' if len(row['parts']) == 1 else 'across'} "
        f"{join(row['parts'])} ({row['examples']} examples, "
        f"{'the same byte by byte' if row['exact'] else 'hardly different'})"
        for row in duplicates["counts"]
    ]
    found = f"Duplicates: {'; '.join(where)}."
    if duplicates["contradicting"]:
        found += f" In {count(duplicates['contradicting'], 'group')} labels contradict each other."
    if duplicates["asked"] == DROP:
        return f"{found} {_what_was_dropped(duplicates)}"
    found += " They were kept."
    parts = [row["parts"] for row in duplicates["counts"]]
    if any("test" in names and len(names) > 1 for names in parts):
        found += " Those across the test file may be trained on and are tested on."
    if any("labeled" in names for names in parts) and not has_test:
        found += (
            f" {outer_folds} outer folds part two labeled ones with a chance of about "
            f"{1 - 1 / outer_folds:.0%}: one is tested on, and another may be trained on."
        )
    if any(len(names) > 1 for names in parts) and not has_test:
        found += " Unlabeled ones may be trained on where a labeled one like them is tested on."
    return found


def _what_was_dropped(duplicates: dict) -> str:
    """Return what `drop` did to groups like those that there are."""
    if not duplicates["spare"]:
        return "None was dropped, as test examples stay."
    text = f"{count(duplicates['spare'], 'example')} dropped: all but one of each group"
    if duplicates["contradicting"]:
        text += ", and where labels contradict each other all that are labeled"
    if any("test" in row["parts"] for row in duplicates["counts"]):
        text += "; of a group with test examples all others, while these stay"
    return f"{text}."


def what_was_done(group: dict) -> str:
    """Return what became of a group of duplicates, such as `one kept`.

    Args:
        group: one of those that are `shown` by `data_check.look`.
    """
    kept = sum(group["kept"].values())
    if kept == group["size"]:
        return "all kept"
    if "test" in group["kept"]:
        return f"{count(kept, 'test example')} kept"
    return {0: "none kept", 1: "one kept"}[kept]


def _shift(shift: dict) -> str:
    if shift["auc"] is None:
        return (
            f"Whether labeled and unlabeled examples differ can't be told: {shift['compared']} of "
            f"each (without duplicates) are too few; at least {LEAST} are needed."
        )
    numbers = (
        f"by a classifier of {shift['compared']} examples of each part: accuracy "
        f"{shift['accuracy']:.3f}, AUC {shift['auc']:.3f}, where 0.5 is chance, p = "
        f"{shift['p_value']:.2g} (permutation test, cross-validated)"
    )
    few = " With so few, only a large difference shows." if shift["compared"] < FEW else ""
    if is_shifted(shift):
        return (
            f"Labeled and unlabeled examples can be told apart, {numbers}. They may come from "
            "other sources, or have other classes or another balance of them."
        )
    if shift["p_value"] <= LEVEL:
        return f"Labeled and unlabeled examples differ a little, {numbers}.{few}"
    return f"Labeled and unlabeled examples were not told apart, {numbers}.{few}"


def name_members(group: dict) -> str:
    """Return the ids and labels of a group of duplicates, such as `a.png (cat) = b.png`."""
    named = [
        member["id"] + (f" ({member['label']})" if member["label"] is not None else "")
        for member in group["members"]
    ]
    more = f" and {group['size'] - SHOWN} more" if group["size"] > SHOWN else ""
    return " = ".join(named) + more
