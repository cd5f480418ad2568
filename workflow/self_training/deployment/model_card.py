"""MODEL_CARD.md: what a deployed model is, how good it may be, and what it is not for.

The sections are those of Mitchell et al. 2019, "Model cards for model reporting" (FAT*), as far as
there is something to say. Every number is computed.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from self_training.data.split import Split
from self_training.deployment import how_to_load
from self_training.deployment.kinds_in_words import WORDS
from self_training.deployment.model import Model
from self_training.evaluation.differences import fold_interval
from self_training.evaluation.draws import are_draws
from self_training.report.words import count, join
from self_training.study.config import AUTO
from self_training.study.methods import CHAIN

FILE = "MODEL_CARD.md"
# Scores that are shown, by their columns in scores.csv.
SHOWN = {"accuracy": "accuracy", "tpr": "balanced accuracy"}


class Facts(NamedTuple):
    """What a card is written of.

    Attributes:
        model: what model.json says.
        source: settings of the dataset, of what its examples are.
        decision: of `decision.decide`.
        calibration: of `temperature.calibrate`.
        scores: one row per dataset, method and fold.
        split: that the model was trained on.
        seen: sentences about the data (see `findings_of_data.describe`).
        selected: how many examples of unknown label the last networks learned from.
    """

    model: Model
    source: dict
    decision: dict
    calibration: dict
    scores: pd.DataFrame
    split: Split
    seen: list[str]
    selected: int


def write(facts: Facts) -> str:
    """Return a model card, as Markdown."""
    sections = {
        "Model details": _details(facts),
        "How to load it": how_to_load.lines(facts.model),
        "Intended use": _use(facts.model),
        "Metrics": _metrics(facts),
        "Evaluation data": _evaluation_data(facts),
        "Training data": _training_data(facts),
        "Quantitative analyses": [*_scores(facts), *_calibration(facts)],
        "Caveats and recommendations": _caveats(facts),
        "Provenance": _provenance(facts.model),
    }
    title = f"# {facts.model.dataset}, by {facts.model.method}"
    body = ["\n".join([f"## {name}", "", *lines]) for name, lines in sections.items()]
    return "\n\n".join([title, *body]) + "\n"


def _details(facts: Facts) -> list[str]:
    model = facts.model
    return [
        f"- {count(len(model.members), 'network')} of {how_to_load.framework(model)}, whose mean "
        f"probabilities label {WORDS[model.kind].of_shape(model.shape)}.",
        f"- Classes: {join(map(_plain, model.classes))}.",
        f"- Deployed by the study {model.study} for the dataset {model.dataset}. "
        f"Method: {model.method}.",
        f"- Why this method: {model.reason}",
    ]


def _use(model: Model) -> list[str]:
    words = WORDS[model.kind]
    return [
        f"To label {model.kind} like those of {model.dataset}, and to say how sure that is. It is "
        "not for",
        "",
        f"- {words.others};",
        f"- {words.made_otherwise}. Neither the scores nor the calibration hold there;",
        f"- classes that are none of the {len(model.classes)} above. {words.one} of none of these "
        "gets one of their labels all the same, perhaps with high confidence.",
    ]


# Of outer folds, and of draws of labels on one test set.
_INTERVALS = {
    False: "by the variance over outer folds corrected for their overlap (Nadeau and Bengio 2003)",
    True: "of accuracy alone, by the variance over draws of labels and over the test examples that "
    "they share (Dorfman, Berbaum and Metz 1992)",
}


def _metrics(facts: Facts) -> list[str]:
    method = facts.model.method
    return [
        "Accuracy; balanced accuracy, the mean over classes of the share that is found; and the "
        "calibration error, the root mean square gap of confidence and accuracy, without what "
        "chance adds (Kumar, Liang and Ma 2019; below 0 where the gap is smaller than chance would "
        f"make it). Intervals are of 95 %, {_INTERVALS[are_draws(_rows(facts, method))]}.",
    ]


def _evaluation_data(facts: Facts) -> list[str]:
    rows = _rows(facts, facts.model.method)
    if are_draws(rows):
        return [_of_draws(facts, rows)]
    repeats = rows["repeat"].nunique()
    folds = count(rows["fold"].nunique() // repeats, "outer fold")
    repeated = f", repeated {repeats} times," if repeats > 1 else ""
    return [
        f"The cross-validation of the study: {folds}{repeated} of "
        f"{facts.decision['scored_as']}, with {_number(rows['labeled'])} labels to train on and "
        f"{_number(rows['test'])} test examples each. **The deployed model has no score of its "
        f"own**: it was trained on all {len(facts.split.labeled_idx)} labels, and none is left to "
        "score it on.",
    ]


def _of_draws(facts: Facts, rows: pd.DataFrame) -> str:
    """Say what the scores are of where the dataset has a test file."""
    return (
        f"The test file of {facts.model.dataset} ({facts.source['test_path']}), "
        f"{_number(rows['test'])} examples that nothing was trained or selected on. The scores are "
        f"of {count(rows['fold'].nunique(), 'draw')} of labels of {facts.decision['scored_as']}, "
        f"with {_number(rows['labeled'])} labels to train on each. **The deployed model itself was "
        f"not scored**: it was trained on all {len(facts.split.labeled_idx)} labels of the "
        "training file, which is more than these had, and on none of the test file."
    )


def _training_data(facts: Facts) -> list[str]:
    split, classes = facts.split, facts.model.classes
    counts = np.bincount(split.labeled_y, minlength=len(classes))
    source = {key: value for key, value in facts.source.items() if key != "sha256"}
    return [
        f"{facts.model.dataset} ({', '.join(f'{key}: {source[key]}' for key in source)}): "
        f"{len(split.labeled_idx)} labeled examples and {len(split.unlabeled_idx)} of unknown "
        f"label.{_pseudo_labels(facts)}{_synthetic(facts)}",
        "",
        "| class | labels |",
        "|---|--:|",
        *(f"| {_plain(name)} | {number} |" for name, number in zip(classes, counts, strict=True)),
        "",
        "Seen before anything was trained:",
        "",
        *(f"- {sentence}" for sentence in facts.seen),
    ]


def _pseudo_labels(facts: Facts) -> str:
    if _entry(facts, facts.model.method)["kind"] != CHAIN:
        return " The networks learned from the labeled ones alone."
    if not facts.selected:
        return (
            " The networks learned from the labeled ones alone: no teacher was confident enough of "
            "any other, so these are the teachers."
        )
    return (
        f" The networks learned from {facts.selected} of these, too, as earlier networks labeled "
        "them (`selected_in_generation` in predictions.csv)."
    )


def _synthetic(facts: Facts) -> str:
    """Say that the students were trained on synthetic texts, if they were."""
    settings = facts.model.provenance.get("settings", {})
    own = settings.get("method", {}).get("synthetic")
    if not own or not facts.selected:
        return ""
    return (
        f" They also learned from up to {own['per_class']} texts of every class that the language "
        f"model {settings['dataset']['generator']['model']} has written, with the class of their "
        "prompt."
    )


def _scores(facts: Facts) -> list[str]:
    table = [
        f"| method | {' | '.join(SHOWN.values())} |",
        f"|---|{'--:|' * len(SHOWN)}",
    ]
    deployed = facts.model.method
    control = _entry(facts, deployed).get("control")
    roles = {deployed: " (deployed)", control: " (its fair control)"}
    for entry in facts.decision["methods"]:
        rows, name = _rows(facts, entry["method"]), entry["method"]
        shown = [_mean(rows, column) for column in SHOWN]
        table.append(f"| {name}{roles.get(name, '')} | {' | '.join(shown)} |")
    tried = len(facts.decision["methods"])
    chosen = (
        f"It was chosen among these {count(tried, 'method')} by these very scores, so the deployed "
        "one's score is somewhat too high: the best of several looks better than it is."
    )
    return [*table, "", chosen] if facts.decision["asked"] == AUTO and tried > 1 else table


def _mean(rows: pd.DataFrame, column: str) -> str:
    mean = rows[column].mean()
    if are_draws(rows) and column != "accuracy":
        # How it varies over test examples is not recorded.
        return f"{mean:.3f}"
    half = fold_interval(rows.assign(accuracy=rows[column]))
    if not half:
        return f"{mean:.3f}"
    # It is a share: what is beyond 0 and 1 says nothing.
    return f"{mean:.3f} ({max(mean - half, 0):.3f} to {min(mean + half, 1):.3f})"


def _calibration(facts: Facts) -> list[str]:
    found = facts.calibration
    before, after = (_error(found[name]) for name in ("before", "after"))
    drawn = are_draws(_rows(facts, facts.model.method))
    whose, parts = ("the draws", "part") if drawn else ("the cross-validation", "fold")
    rows = f"{count(found['predictions'], 'held-out prediction')} of {whose}"
    if found["predictions"] > found["examples"]:
        rows += f", of {count(found['examples'], 'example')}"
    errors = (
        f"Their calibration error is {before} before, and {after} after, each {parts} by the "
        f"temperature that the other {parts}s give."
    )
    if found["fitted"] == 1:
        said = (
            f"Confidences are as the networks gave them: all {rows}, were right, so there was "
            f"nothing to fit a temperature to. Their calibration error is {before}."
        )
    elif found["temperature"] == 1:
        said = (
            f"Confidences are as the networks gave them. The temperature {found['fitted']:.3f}, "
            f"fitted on {rows}, is not used, since temperatures fitted so did no good on the other "
            f"{parts}s. {errors}"
        )
    else:
        said = (
            f"Confidences are calibrated by the temperature {found['temperature']:.3f}, fitted on "
            f"{rows}. {errors}"
        )
    return ["", said]


def _error(value: float | None) -> str:
    return "not known" if value is None else f"{value:.3f}"


_LEARNED_FROM = (
    "- Of examples that the networks learned from (`selected_in_generation` in predictions.csv) "
    "confidences may be too high, and members agree more than elsewhere: scores and calibration "
    "are of examples that no network learned from.",
)


def _caveats(facts: Facts) -> list[str]:
    rows = _rows(facts, facts.model.method)
    return [
        f"- The scores are of networks that had {_number(rows['labeled'])} labels; the deployed "
        f"ones had {len(facts.split.labeled_idx)}. The calibration is that of the former, too.",
        "- They say what to expect of unknown examples only where these are like the labeled "
        "ones. Label some at random and compare: label_next.csv is no such sample, it has the "
        "hardest ones.",
        "- Examples of unknown label may be of none of the classes, and have a label in "
        "predictions.csv all the same.",
        *(_LEARNED_FROM if facts.selected else ()),
    ]


def _provenance(model: Model) -> list[str]:
    origin = model.provenance
    frameworks = [
        ", ".join(f"{name} {value}" for name, value in framework.items() if name != "commit")
        for framework in origin["trained_with"]
    ]
    return [
        f"- Study seed {origin['seed']}; settings {origin['config']}, code {origin['code']} "
        "(digests, in full in model.json).",
        f"- Commit of the workflow: {origin['commits'] or 'unknown'}.",
        f"- Trained with: {'; '.join(dict.fromkeys(frameworks))}; threads {model.threads}.",
        *(f"- {one['file']}: SHA-256 {one['sha256']}" for one in model.members),
    ]


def _entry(facts: Facts, method: str) -> dict:
    return next(entry for entry in facts.decision["methods"] if entry["method"] == method)


def _rows(facts: Facts, method: str) -> pd.DataFrame:
    rows = facts.scores[facts.scores["dataset"] == facts.decision["scored_as"]]
    return rows[rows["method"] == method]


def _number(values: pd.Series) -> str:
    """Return a number, or the smallest and the largest where folds differ."""
    low, high = int(values.min()), int(values.max())
    return f"{low}" if low == high else f"{low} to {high}"


def _plain(name: str) -> str:
    return name.replace("|", "\\|")
