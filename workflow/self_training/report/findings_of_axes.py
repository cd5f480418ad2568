"""What foreign examples among the unlabeled do, and unequal classes, in sentences."""

from self_training.report import findings_of_budgets
from self_training.report.axes import OTHERS, show_ratio, show_share


def _axis(name: str, sheet: str) -> findings_of_budgets.Axis:
    words = OTHERS[name]
    return findings_of_budgets.Axis(name, lambda row: words.show(row["value"]), words.noun, sheet)


FOREIGN, IMBALANCE = _axis("out_of_class", "Foreign examples"), _axis("imbalance", "Imbalance")


def foreign_examples(rows: list[dict], statistics: dict) -> list[str]:
    """Return a sentence per dataset and method with students against its fair control, and one of
    which foreign examples were pseudo-labeled.

    Args:
        rows: of `foreign_shares.compare`.
        statistics: what `statistics.json` holds (see `findings.describe`).
    """
    said = findings_of_budgets.describe(rows, statistics, FOREIGN)
    for (dataset, method), own in _by_method(rows, statistics).items():
        said += _pseudo_labeled(dataset, method, own)
    return said


def imbalance(rows: list[dict], statistics: dict) -> list[str]:
    """Return a sentence per dataset and method with students against its fair control, and one of
    how the rarest class fares.

    Args:
        rows: of `imbalance_ratios.compare`.
        statistics: what `statistics.json` holds (see `findings.describe`).
    """
    said = findings_of_budgets.describe(rows, statistics, IMBALANCE)
    for (dataset, method), own in _by_method(rows, statistics).items():
        said += _rarest(dataset, method, own)
    return said


def _by_method(rows: list[dict], statistics: dict) -> dict[tuple[str, str], list[dict]]:
    """Return the rows of each dataset and method with students."""
    compared = {entry["method"] for entry in statistics["fair"]}
    found: dict[tuple[str, str], list[dict]] = {}
    for row in rows:
        if row["method"] in compared:
            found.setdefault((row["dataset"], row["method"]), []).append(row)
    return found


def _rarest(dataset: str, method: str, rows: list[dict]) -> list[str]:
    """Say which part of the rarest class was found, by the method and by its fair control."""
    rows = [row for row in rows if row["rarest_recall"] is not None]
    if not rows:
        return []
    parts = []
    for row in rows:
        control = row["fair_rarest_recall"]
        beside = "" if control is None else f" (its fair control: {control:.1%})"
        parts.append(f"{row['rarest_recall']:.1%}{beside} at {show_ratio(row['value'])}")
    return [f"{dataset}, {method}: of the rarest class were found {'; '.join(parts)}."]


def _pseudo_labeled(dataset: str, method: str, rows: list[dict]) -> list[str]:
    """Say which part of the foreign examples had pseudo-labels, and how sure teachers were."""
    rows = [row for row in rows if row["foreign_part"] is not None]
    if not rows:
        return []
    parts = [
        f"at {show_share(row['value'])}, {_part(row, 'foreign')} of the foreign examples and "
        f"{_part(row, 'own')} of those of the study's classes"
        for row in rows
    ]
    return [
        f"{dataset}, {method}: pseudo-labeled were, {'; '.join(parts)} (sheet {FOREIGN.sheet})."
    ]


def _part(row: dict, of: str) -> str:
    confidence = row[f"{of}_confidence"]
    sure = "" if confidence is None else f" (mean confidence {confidence:.2f})"
    part = row[f"{of}_part"]
    return "none" if part is None else f"{part:.0%}{sure}"
