"""`summary.md`: the answer of a study on a page, in the sentences of the workbook's first sheet."""

from pathlib import Path

from self_training.evaluation.judging import NO_STUDENTS
from self_training.report import plain, synthetic_text
from self_training.storage import atomic_path

ON_DATASETS = "On each dataset"
HEADER = (
    "Dataset",
    "Method",
    "Accuracy",
    "Control",
    "Baseline",
    "Over its control, points",
    "95 % interval",
    "Self-training",
)
WHERE_TO_LOOK = """\
- `report.xlsx`: all of it. Its first sheet has these sentences, then the tests behind them.
- `figures/`: the figures, as SVG and PNG.
- `scores.csv`: a row per dataset, method and outer fold; `generations.csv`: the pseudo-labels.
- `statistics.json`: all tests, with a reading in statistics' words.
- How a verdict comes about: `docs/protocol.md` (The verdict), `docs/statistics.md`."""


def write(path: str | Path, config: dict, answer: dict) -> None:
    """Write the page.

    Args:
        config: of the study.
        answer: of `answer.give`.
    """
    with atomic_path(path) as temporary:
        Path(temporary).write_text(render(config, answer), encoding="utf-8")


def render(config: dict, answer: dict) -> str:
    """Return the page as Markdown; arguments are those of `write`."""
    parts = [f"# {_escape(config['study'])}: does self-training help?"]
    parts += [f"**{_escape(headline)}**" for headline in answer["headlines"]]
    parts += map(_escape, (*answer["details"], *synthetic_text.transductive(config)))
    for title, sentences in sections(answer).items():
        parts += [f"## {title}", "\n".join(f"- {_escape(sentence)}" for sentence in sentences)]
        if title == ON_DATASETS:
            parts.append(_table(answer["datasets"]))
    return "\n\n".join([*parts, "## Where to look", WHERE_TO_LOOK]) + "\n"


def sections(answer: dict) -> dict[str, list[str]]:
    """Return the answer's sentences below its first ones, by title, those that it has."""
    found = {
        ON_DATASETS: [row["sentence"] for row in answer["datasets"]],
        "What it costs": answer["cost"],
        "How many labels it is worth": answer["worth"],
        "What to do next": answer["next"],
    }
    return {title: sentences for title, sentences in found.items() if sentences}


def _table(rows: list[dict]) -> str:
    lines = [HEADER, ["---"] * 2 + ["--:"] * 5 + ["---"], *map(_cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(row: dict) -> list[str]:
    test = row["over_control"]
    accuracy = [
        f"{row['accuracy'][name]:.4f}" if name in row["accuracy"] else ""
        for name in (row["method"], row["control"], row["baseline"])
    ]
    ends = [plain.points(end) for end in test.get("interval") or []]
    return [
        *map(_escape, (plain.name_dataset(row), row["method"])),
        *accuracy,
        # Teachers in the place of students gain nothing by pseudo-labels.
        plain.points(test["difference"]) if test and row["verdict"] != NO_STUDENTS else "",
        " to ".join(ends),
        row["verdict"],
    ]


def _escape(text: str) -> str:
    """Return a text in which names keep what Markdown takes for its own; code stays as it is."""
    for mark in ("\\", "*", "|", "<", "#"):
        text = text.replace(mark, f"\\{mark}")
    return text
