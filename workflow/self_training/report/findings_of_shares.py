"""What foreign examples among the unlabeled do, in sentences."""

from self_training.report import findings_of_budgets
from self_training.report.axes import show_share

SHEET = "Foreign examples"
AXIS = findings_of_budgets.Axis(
    "out_of_class", lambda row: show_share(row["share"]), "foreign examples", SHEET
)


def describe(rows: list[dict], statistics: dict) -> list[str]:
    """Return a sentence per dataset and method with students against its fair control, and one of
    which foreign examples were pseudo-labeled.

    Args:
        rows: of `foreign_shares.compare`.
        statistics: what `statistics.json` holds (see `findings.describe`).
    """
    said = findings_of_budgets.describe(rows, statistics, AXIS)
    for dataset in statistics[AXIS.name]:
        for entry in statistics["fair"]:
            own = [
                row for row in rows if (row["dataset"], row["method"]) == (dataset, entry["method"])
            ]
            said += _pseudo_labeled(dataset, entry["method"], own)
    return said


def _pseudo_labeled(dataset: str, method: str, rows: list[dict]) -> list[str]:
    """Say which part of the foreign examples had pseudo-labels, and how sure teachers were."""
    rows = [row for row in rows if row["foreign_part"] is not None]
    if not rows:
        return []
    parts = [
        f"at {show_share(row['share'])}, {_part(row, 'foreign')} of the foreign examples and "
        f"{_part(row, 'own')} of those of the study's classes"
        for row in rows
    ]
    return [f"{dataset}, {method}: pseudo-labeled were, {'; '.join(parts)} (sheet {SHEET})."]


def _part(row: dict, of: str) -> str:
    confidence = row[f"{of}_confidence"]
    sure = "" if confidence is None else f" (mean confidence {confidence:.2f})"
    part = row[f"{of}_part"]
    return "none" if part is None else f"{part:.0%}{sure}"
