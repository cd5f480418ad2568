"""Scores of one method on one outer fold."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from self_training import storage
from self_training.data.examples import FOREIGN, UNKNOWN
from self_training.data.split import Split, load_split
from self_training.evaluation import draws, foreign, metrics, rarest
from self_training.evaluation.calibration import calibration_error, reliability
from self_training.methods import labeled_so_far, predictions, synthetic
from self_training.methods.labeled_so_far import PseudoLabels
from self_training.methods.predictions import ensemble
from self_training.study.candidates import TEACHER_MEMBERS
from self_training.training.runs import FINAL

EXAMPLES = 8  # Pseudo-labels that are shown, right ones, wrong ones and those of neither each.


def not_learned(y_true: np.ndarray, probabilities: np.ndarray, records: list[dict]) -> str:
    """Return why a result is no better than none, or ''.

    At chance level is what could as well come from always naming the largest class: the one-sided
    binomial test of the accuracy against that class's share does not reject at 0.05.
    """
    if any(record["diverged"] for record in records):
        return "loss not finite"
    predicted = probabilities.argmax(axis=1)
    if len(np.unique(predicted)) == 1:
        return "constant predictions"
    share = np.bincount(y_true).max() / len(y_true)
    correct = int((predicted == y_true).sum())
    if binomtest(correct, len(y_true), share, alternative="greater").pvalue > 0.05:
        return "at chance level"
    return ""


def score_generations(
    labels: np.ndarray,
    class_names: list[str],
    chain: list[PseudoLabels],
    accuracies: list[float],
) -> list[dict]:
    """Return, per generation from 0 on, how good its pseudo-labels and its students were.

    The only place where labels of U are read, with `show_pseudo_labels`: after the fact, and
    nothing trains on the result.

    Args:
        labels: (dataset,) true labels, UNKNOWN where nobody knows one, and FOREIGN of foreign
            examples, whose pseudo-labels are known to be wrong.
        class_names: (classes,).
        chain: a final chain's pseudo-labels after generation 1, 2, ...; empty without any.
        accuracies: on the outer test fold, of generation 0, 1, ... as far as any was trained.

    Returns: per generation: `offered` to the teachers; `selected` by confidence; of these those
        whose label is `known`, and how many of the known ones are `correct`, None where none is
        known; `classes_missing`, the names of those that no selected one has, or ''; `trained_on`
        after class balancing; `accuracy` of the students, None when there were none.
    """
    none = {"offered": 0, "selected": 0, "known": 0, "correct": None, "classes_missing": ""}
    rows: list[dict] = [{"generation": 0} | none | {"trained_on": 0}]
    if chain:
        asked = chain[-1].offered.tolist()
        for generation, (offered, given) in enumerate(zip(asked, chain, strict=False), start=1):
            pseudo_labels = _labels_of(given)
            true = labels[given.examples]
            now = given.generation == generation
            known = now & (true != UNKNOWN)
            missing = np.setdiff1d(np.arange(len(class_names)), pseudo_labels[now])
            rows.append(
                {
                    "generation": generation,
                    "offered": offered,
                    "selected": int(now.sum()),
                    "known": int(known.sum()),
                    "correct": int((pseudo_labels == true)[known].sum()) if known.any() else None,
                    "classes_missing": ", ".join(class_names[label] for label in missing),
                    "trained_on": int(given.copies[now].sum()),
                }
            )
    return [
        row | {"accuracy": accuracies[row["generation"]] if row["generation"] < len(accuracies)
               else None}
        for row in rows
    ]  # fmt: skip


def count_pseudo_labels(class_names: list[str], pseudo_labeled: PseudoLabels) -> list[dict]:
    """Return how many pseudo-labels of each class the last students were trained on, before the
    classes were balanced: rows of `class` and `pseudo_labels`."""
    counts = np.bincount(_labels_of(pseudo_labeled), minlength=len(class_names)).tolist()
    return [
        {"class": name, "pseudo_labels": count}
        for name, count in zip(class_names, counts, strict=True)
    ]


def _labels_of(pseudo_labeled: PseudoLabels) -> np.ndarray:
    targets = pseudo_labeled.targets
    return targets.argmax(axis=1) if targets.ndim == 2 else targets


def show_pseudo_labels(labels: np.ndarray, pseudo_labeled: PseudoLabels) -> list[dict]:
    """Return pseudo-labels to look at: right ones, wrong ones, and those of which nobody knows it,
    evenly from the least confident on.

    Returns: `example` (index into the dataset), `generation`, `confidence`, `pseudo_label` and the
        true `label`, None where it is not known; and of foreign examples, which are shown by
        themselves and have none, that they are `foreign`.
    """
    pseudo_labels, true = _labels_of(pseudo_labeled), labels[pseudo_labeled.examples]
    right, unknown, of_none = pseudo_labels == true, true == UNKNOWN, true == FOREIGN
    shown = []
    for group in map(np.flatnonzero, (right, ~right & (true >= 0), unknown, of_none)):
        ordered = group[np.argsort(pseudo_labeled.confidence[group], kind="stable")]
        picks = np.unique(np.linspace(0, len(ordered) - 1, min(EXAMPLES, len(ordered))).round())
        shown.extend(ordered[picks.astype(int)].tolist())
    return [
        {
            "example": int(pseudo_labeled.examples[index]),
            "generation": int(pseudo_labeled.generation[index]),
            "confidence": float(pseudo_labeled.confidence[index]),
            "pseudo_label": int(pseudo_labels[index]),
            "label": int(true[index]) if true[index] >= 0 else None,
        }
        | ({"foreign": True} if of_none[index] else {})
        for index in shown
    ]


@dataclass(frozen=True)
class FinalChain:
    """What is left of a method's final chain in one outer fold.

    predictions: float32 (members, test, classes) on the outer test fold: of the shared teachers,
        then after generation 1, 2, ... of a method that has generations.
    pseudo_labels: after generation 1, 2, ...; empty without.
    choice: of `search.select`: the selected candidate, and how it was chosen.
    histories: records of the final runs of generation 0, 1, ...; teachers that the method does not
        use among them.
    search: records of the jobs that trained for the choice; none where nothing was searched.
    synthetic: how many synthetic examples networks were trained on; None of a method without.
    thinned: whether classes of the dataset were made unequal (see `data.imbalance`).
    """

    split: Split
    predictions: list[np.ndarray]
    pseudo_labels: list[PseudoLabels]
    choice: dict
    histories: list[list[dict]]
    search: list[list[dict]]
    synthetic: int | None = None
    thinned: bool = False


def load_final_chains(files, params) -> list[FinalChain]:
    """Return the final chains of a method in each outer fold of a job.

    Args:
        files: of the job: per fold `splits`, `choices`, and of each generation `predictions` and
            `pseudo_labels`; per generation `histories`; `search_histories`; and those of
            `methods.synthetic.load`.
        params: `synthetic`, of the same, and `thinned`.
    """
    folds = len(files.splits)
    predicted = storage.by_fold(files.predictions, folds)
    pseudo_labels = storage.by_fold(files.pseudo_labels, folds)
    histories, search = (
        [storage.load_json(path)["folds"] for path in paths]
        for paths in (files.histories, files.search_histories)
    )
    splits = [load_split(path) for path in files.splits]
    generated = synthetic.load(files, params, FINAL, splits, first=0)
    return [
        FinalChain(
            splits[fold],
            [_only(predictions.load(path)).evaluation for path in predicted[fold]],
            [_only(labeled_so_far.load(path)) for path in pseudo_labels[fold]],
            storage.load_json(files.choices[fold]),
            [history[fold] for history in histories],
            [history[fold] for history in search],
            len(generated[fold][FINAL].examples) if generated[fold] else None,
            params.thinned,
        )
        for fold in range(folds)
    ]


def _only(state: dict):
    """Return what a state of final chains has, of which there is one."""
    (only,) = state.values()
    return only


def describe_choice(choice: dict) -> dict:
    """Return how a candidate was chosen.

    Returns: `candidates`, how many there were; `inner_score`, the mean accuracy of the selected one
        on the inner folds; its `inner_standard_error`; and `candidates_within_error`, how many
        scored within one standard error of the best, which is among them. None where there was
        nothing to choose.
    """
    candidates = choice["candidates"]
    means = [candidate["mean_accuracy"] for candidate in candidates]
    if None in means:
        names = ("inner_score", "inner_standard_error", "candidates_within_error")
        return {"candidates": len(candidates)} | dict.fromkeys(names)
    best = max(candidates, key=lambda candidate: candidate["mean_accuracy"])
    bound = best["mean_accuracy"] - best["standard_error"]
    selected = candidates[choice["selected"]]
    return {
        "candidates": len(candidates),
        "inner_score": selected["mean_accuracy"],
        "inner_standard_error": selected["standard_error"],
        "candidates_within_error": sum(mean >= bound for mean in means),
    }


def of_fold(identity: dict, outer_folds: int) -> dict:
    """Return which outer fold, repeat and training seed a score is of, all from 0 on.

    Args:
        identity: of the outer fold, which seeds come from.
        outer_folds: of one repeat; later ones number them on.
    """
    fold = identity["outer_fold"]
    return {
        "fold": fold,
        "repeat": fold // outer_folds,
        "training_seed": identity.get("training_seed", 0),
    }


def _size_and_speed(trained: list[list[dict]]) -> dict:
    """Return what a generation's networks take, all members together.

    Args:
        trained: of the generation, records of its members' runs; empty where none were trained.
    """
    if not trained:
        return {"parameters": None, "inference_time": None}
    (members,) = trained
    return {
        "parameters": sum(record["parameters"] for record in members),
        "inference_time": sum(record["prediction_seconds"]["evaluation"] for record in members),
    }


def evaluate(labels: np.ndarray, class_names: list[str], chain: FinalChain) -> dict:
    """Score a method's final chain on the outer test fold.

    Args:
        labels: (dataset,) true labels, UNKNOWN where nobody knows one, FOREIGN of foreign examples.
        class_names: (classes,).

    Returns: metrics, of unequal classes what `rarest` returns, seconds, gradient steps and
        examples seen (of all teachers and students that the method needs), `search_steps` and
        `search_time` (of all networks that were trained for the choice), sizes, hyper-parameters,
        termination condition, why nothing was learned if so, how many `synthetic` examples, of a
        method that takes such, of a draw of labels its `overlap` and which test examples are
        `right` (see `draws.pack`), of a dataset with foreign examples their share (see
        `foreign.of_fold`), and lists: `generations_of_chain`, `class_balance` (of
        `count_pseudo_labels`), `reliability` and `examples` of pseudo-labels.
    """
    split, hyper_parameters = chain.split, chain.choice["hyper_parameters"]
    # Those of every generation, of which some may have been there to teach alone.
    ensemble_size = hyper_parameters["ensemble_size"]
    most = max(ensemble_size, hyper_parameters.get(TEACHER_MEMBERS) or 0)
    records = [
        [record for record in history if record["part"] == FINAL and record["member"] < most]
        for history in chain.histories
    ]
    searched = [record for job in chain.search for record in job if record["part"] != FINAL]
    trained = [generation for generation in records if generation]
    # A chain that has ended hands its state on; the last one trained is the last that counts.
    *before, members = chain.predictions[: len(trained)]
    probabilities = [ensemble(some[:most]) for some in before] + [ensemble(members[:ensemble_size])]
    used = trained[:-1]
    used += [[record for record in trained[-1] if record["member"] < ensemble_size]]
    pseudo_labels = chain.pseudo_labels
    termination = pseudo_labels[-1].termination if pseudo_labels else ""
    of_synthetic = {} if chain.synthetic is None else {"synthetic": chain.synthetic}
    if chain.synthetic == 0 and not pseudo_labels:
        termination = synthetic.NOTHING_GENERATED
    y_true, last = labels[split.test_idx], probabilities[-1]
    if (y_true < 0).any():
        raise ValueError("Expected test examples of known label. Received some of unknown label.")
    bins = reliability(y_true, last)
    # Of draws that share their test examples, tests must know which of these are right.
    of_draw = (
        {}
        if split.overlap is None
        else {"overlap": split.overlap, "right": draws.pack(last.argmax(axis=1) == y_true)}
    )
    accuracies = [float(np.mean(some.argmax(axis=1) == y_true)) for some in probabilities]
    return {
        **metrics.score(y_true, last),
        **rarest.score(labels, class_names, y_true, last, chain.thinned),
        **rarest.left_out(labels, split, chain.thinned),
        "calibration_error": calibration_error(bins),
        "not_learned": not_learned(y_true, last, used[-1]),
        "training_time": sum(record["training_seconds"] for group in trained for record in group),
        "inference_time": sum(record["prediction_seconds"]["evaluation"] for record in used[-1]),
        "gradient_steps": sum(record["steps"] for group in trained for record in group),
        "examples_seen": sum(record["examples_seen"] for group in trained for record in group),
        "search_steps": sum(record["steps"] for record in searched),
        "search_time": sum(record["training_seconds"] for record in searched),
        "classes": len(class_names),
        "labeled": len(split.labeled_idx),
        "unlabeled": len(split.unlabeled_idx),
        "unknown": int((labels[split.unlabeled_idx] == UNKNOWN).sum()),
        "test": len(split.test_idx),
        **of_synthetic,
        **of_draw,
        **foreign.of_fold(labels, split),
        **hyper_parameters,
        **describe_choice(chain.choice),
        # Consistency training has none, and is no teacher either.
        "generations_trained": None if "unlabeled_seen" in trained[0][0] else len(trained) - 1,
        "termination_condition": termination or "generations_reached",
        "generations_of_chain": [
            row
            | _size_and_speed(used[row["generation"] : row["generation"] + 1])
            | foreign.of_generation(
                labels,
                split,
                pseudo_labels,
                hyper_parameters["unlabeled_fraction"],
                row["generation"],
            )
            for row in score_generations(labels, class_names, pseudo_labels, accuracies)
        ],
        "class_balance": count_pseudo_labels(class_names, pseudo_labels[-1])
        if pseudo_labels
        else [],
        "reliability": bins,
        "examples": show_pseudo_labels(labels, pseudo_labels[-1]) if pseudo_labels else [],
    }
