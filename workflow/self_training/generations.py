"""Chains of teachers and students, one generation at a time.

The state of all chains after a generation is two trees of arrays, keyed by (chain, part): the
pseudo-labels that its students were trained on, and its students' predictions. A part is what a
chain is run on: the labeled examples without an inner fold (the search), or all of them (the final
chain). A chain that has ended hands its state on unchanged.
"""

from dataclasses import dataclass

import numpy as np

from self_training import pseudo_labels
from self_training.runs import FINAL, Run, TrainedRun
from self_training.search import Candidate
from self_training.search import chains as all_chains

SEARCH = "search"


@dataclass(frozen=True)
class Part:
    """What a chain is trained on and scored on; indices into the dataset.

    labeled_idx, labeled_y: (labeled,) examples with labels to train on.
    evaluation_idx: (evaluation,) the inner fold held out, or the outer test fold.
    """

    name: str
    labeled_idx: np.ndarray
    labeled_y: np.ndarray
    evaluation_idx: np.ndarray


def parts(split: dict, phase: str) -> list[Part]:
    """Return the parts of a phase: one per inner fold for the search, one for the final chain."""
    labeled_idx, labeled_y = split["labeled_idx"], split["labeled_y"]
    inner_fold = split["inner_fold"]
    if phase == FINAL:
        return [Part(FINAL, labeled_idx, labeled_y, split["test_idx"])]
    return [
        Part(
            f"inner_{fold}",
            labeled_idx[inner_fold != fold],
            labeled_y[inner_fold != fold],
            labeled_idx[inner_fold == fold],
        )
        for fold in range(inner_fold.max() + 1)
    ]


def pool_size(split: dict) -> int:
    """Return |P|: the examples outside the outer test fold."""
    return len(split["labeled_idx"]) + len(split["unlabeled_idx"])


def slice_of(split: dict, chain: Candidate, generation: int) -> np.ndarray:
    """Return the unlabeled examples that a generation of a chain asks its teachers about.

    A chain without `unlabeled_fraction` asks about all of them every time.
    """
    if generation > chain.generations:
        return split["unlabeled_idx"][:0]
    if chain.unlabeled_fraction is None:
        return split["unlabeled_idx"]
    start, stop = pseudo_labels.slice_bounds(
        generation, chain.unlabeled_fraction, pool_size(split), len(split["unlabeled_idx"])
    )
    return split["unlabeled_idx"][start:stop]


def teacher_runs(
    split: dict,
    *,
    search_members: int,
    final_members: int,
    unlabeled_fraction: float,
    identity: dict,
) -> list[Run]:
    """Return the runs of generation 0: the members of every inner fold, then the final ones.

    Args:
        search_members, final_members: of the largest ensemble that asks for teachers there; 0 in
            the search when nothing is searched.
        unlabeled_fraction: of the largest first slice that a method asks the teachers about; 1
            for all unlabeled examples.
    """
    first = pseudo_labels.slice_bounds(
        1, unlabeled_fraction, pool_size(split), len(split["unlabeled_idx"])
    )
    searched = parts(split, SEARCH) if search_members else []
    return [
        Run(
            identity=identity | {"part": part.name, "generation": 0, "member": member},
            examples=part.labeled_idx,
            targets=part.labeled_y.astype(np.int32),
            predict={
                "unlabeled": split["unlabeled_idx"][slice(*first)],
                "evaluation": part.evaluation_idx,
            },
        )
        for some, members in ((searched, search_members), (parts(split, FINAL), final_members))
        for part in some
        for member in range(members)
    ]


def control_runs(
    split: dict,
    *,
    members: int,
    identity: dict,
    labels: np.ndarray | None = None,
    histories: list[list[dict]] = (),
) -> list[Run]:
    """Return the runs of a control, which learns from given labels alone.

    Its networks start from the same weights as the shared teachers. A control that changes nothing
    is the baseline.

    Args:
        labels: (dataset,) true labels, for a control that is trained on the whole pool; None for
            one that is trained on the labeled examples.
        histories: records of generation 0, 1, ... of the final chain of the method whose last
            student's gradient steps are taken; empty for the epochs of the settings.
    """
    examples, targets = split["labeled_idx"], split["labeled_y"]
    if labels is not None:
        examples = np.sort(np.concatenate([examples, split["unlabeled_idx"]]))
        targets = labels[examples]
    final = [[record for record in history if record["part"] == FINAL] for history in histories]
    trained = [records for records in final if records]
    return [
        Run(
            identity=identity | {"part": FINAL, "generation": 0, "member": member},
            examples=examples,
            targets=targets.astype(np.int32),
            predict={"evaluation": split["test_idx"]},
            steps=trained[-1][0]["steps"] if trained else None,
        )
        for member in range(members)
    ]


def stack_members(trained: list[TrainedRun], names: list[tuple]) -> dict:
    """Return a tree of predictions, (members, examples, classes), for the members of each name."""
    grouped = {}
    for result, name in zip(trained, names, strict=True):
        grouped.setdefault(name, []).append(result.probabilities)
    return {
        name: {key: np.stack([member[key] for member in members]) for key in members[0]}
        for name, members in grouped.items()
    }


def of_teachers(split: dict, chains: list[Candidate], generation: int, predictions: dict) -> dict:
    """Return the predictions that a generation of every chain starts from.

    Args:
        predictions: for generation 1, those of the shared teachers, (part,) -> predictions of all
            members; later the state after the generation before.

    Returns: (chain, part) -> `unlabeled` (members, slice, classes) and `evaluation` (members,
        evaluation, classes).
    """
    if generation > 1:
        return predictions
    return {
        (str(index), part): {
            "unlabeled": arrays["unlabeled"][
                : chain.ensemble_size, : len(slice_of(split, chain, 1))
            ],
            "evaluation": arrays["evaluation"][: chain.ensemble_size],
        }
        for index, chain in enumerate(chains)
        for (part,), arrays in predictions.items()
    }


def label(
    split: dict,
    chains: list[Candidate],
    generation: int,
    predictions: dict,
    previous: dict,
    *,
    labels: str,
    temperature: float,
    balance: str,
) -> dict:
    """Add a generation's pseudo-labels to those of every chain that goes on.

    In a chain that asks about all unlabeled examples every time they replace the earlier ones.

    Args:
        predictions: state of the predictions after the generation before.
        previous: state of the pseudo-labels after the generation before; empty for the first.
        labels, temperature: of `pseudo_labels.targets`.
        balance: policy of `pseudo_labels.balance`, applied to each generation's selected examples.

    Returns: the new state, (chain, part) ->
        examples, confidence, generation, copies: (selected so far,), or (selected,) where they
            replace the earlier ones.
        targets: int32 (selected so far,) or float32 (selected so far, classes).
        offered: (generations,) unlabeled examples that the teachers were asked about.
        termination: () why the chain ended, or '' while it goes on.
    """
    state = {}
    for name, arrays in predictions.items():
        chain = chains[int(name[0])]
        before = previous.get(name)
        if before is not None and before["termination"]:
            state[name] = before
            continue
        before = before or _no_labels(arrays["evaluation"].shape[2], labels)
        examples = slice_of(split, chain, generation)
        if generation > chain.generations:
            state[name] = before | {"termination": np.array("generations_reached")}
        elif len(examples) == 0:
            state[name] = before | {"termination": np.array("unlabeled_used_up")}
        else:
            probabilities = pseudo_labels.ensemble(arrays["unlabeled"])
            selected = pseudo_labels.select(probabilities, chain.threshold)
            probabilities = probabilities[selected]
            confidence = probabilities.max(axis=1)
            new = {
                "examples": examples[selected],
                "targets": pseudo_labels.targets(probabilities, labels, temperature),
                "confidence": confidence,
                "generation": np.full(len(confidence), generation, dtype=np.int32),
                "copies": pseudo_labels.balance(probabilities.argmax(axis=1), confidence, balance),
            }
            if chain.unlabeled_fraction is not None or not len(confidence):
                new = {key: np.concatenate([before[key], new[key]]) for key in new}
            new["offered"] = np.append(before["offered"], np.int32(len(examples)))
            ended = "" if len(confidence) else "nothing_selected"
            state[name] = new | {"termination": np.array(ended)}
    return state


def _no_labels(classes: int, labels: str) -> dict:
    soft = labels == "soft"
    return {
        "examples": np.zeros(0, dtype=np.int64),
        "targets": np.zeros((0, classes), np.float32) if soft else np.zeros(0, np.int32),
        "confidence": np.zeros(0),
        "generation": np.zeros(0, dtype=np.int32),
        "copies": np.zeros(0, dtype=np.int32),
        "offered": np.zeros(0, dtype=np.int32),
        "termination": np.array(""),
    }


def score_candidates(
    split: dict, candidates: list[Candidate], searched: list[dict]
) -> list[list[float]]:
    """Return each candidate's accuracy on each inner fold, read off the chain it is a prefix of.

    Args:
        searched: predictions of the search: of the shared teachers, then after generation 1, 2,
            ...; empty when there is nothing to choose.
    """
    if not searched:
        return [[] for _ in candidates]
    chains = all_chains(candidates)
    states = [of_teachers(split, chains, 1, searched[0]), *searched[1:]]
    label_of = dict(zip(split["labeled_idx"].tolist(), split["labeled_y"].tolist(), strict=True))
    inner = [
        (part.name, np.array([label_of[example] for example in part.evaluation_idx.tolist()]))
        for part in parts(split, SEARCH)
    ]
    index_of = {chain.chain(0): str(index) for index, chain in enumerate(chains)}
    scores = []
    for candidate in candidates:
        index, state = index_of[candidate.chain(0)], states[candidate.generations]
        scores.append(
            [
                float(np.mean(_predicted(state[index, part]["evaluation"]) == actual))
                for part, actual in inner
            ]
        )
    return scores


def _predicted(members: np.ndarray) -> np.ndarray:
    return pseudo_labels.ensemble(members).argmax(axis=1)


def student_runs(
    split: dict, phase: str, chains: list[Candidate], generation: int, state: dict, identity: dict
) -> list[tuple[Run, tuple]]:
    """Return the runs of a generation, each with the (chain, part) that it is a member of.

    Students are trained from scratch, on the labeled examples of the part, which are never
    relabeled, and on the chain's pseudo-labels. Their seeds leave chain and method out, so that
    candidates and methods are compared with the same random numbers.
    """
    by_name = {part.name: part for part in parts(split, phase)}
    classes = int(split["classes"])
    runs = []
    # Part by part, so that runs that start from the same weights follow each other.
    for name, labeled in sorted(state.items(), key=lambda item: item[0][1]):
        if labeled["termination"]:
            continue
        chain, part = chains[int(name[0])], by_name[name[1]]
        targets = part.labeled_y.astype(np.int32)
        if labeled["targets"].ndim == 2:
            targets = np.eye(classes, dtype=np.float32)[targets]
        copies = labeled["copies"]
        for member in range(chain.ensemble_size):
            run = Run(
                identity=identity | {"part": part.name, "generation": generation, "member": member},
                examples=np.concatenate([part.labeled_idx, np.repeat(labeled["examples"], copies)]),
                targets=np.concatenate([targets, np.repeat(labeled["targets"], copies, axis=0)]),
                predict={
                    "unlabeled": slice_of(split, chain, generation + 1),
                    "evaluation": part.evaluation_idx,
                },
                given=len(part.labeled_idx),
            )
            runs.append((run, name))
    return runs
