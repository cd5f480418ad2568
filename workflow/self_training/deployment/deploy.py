"""A deployed model's folder: its networks, the labels of U, what to label next, and its card."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from self_training import dotted_paths, provenance, storage
from self_training.data.prepared import load_examples
from self_training.data.sources import kind_of
from self_training.data.split import Split, load_split
from self_training.deployment import label_next, labels, model, model_card
from self_training.deployment.kept_networks import copy_networks, last_networks
from self_training.deployment.kinds_in_words import WORDS
from self_training.deployment.model import Model
from self_training.evaluation.comparison import over_seeds
from self_training.methods import labeled_so_far, predictions
from self_training.methods.labeled_so_far import PseudoLabels
from self_training.report import findings_of_data
from self_training.study import deployed_transformers, kinds
from self_training.training.prediction import PREDICTION_BATCH


@dataclass(frozen=True)
class Settings:
    """What the study says of a deployed model.

    study, dataset: their names.
    source: settings of the dataset, of what its examples are.
    outer_folds: of the cross-validation.
    backend, threads: that networks are trained with.
    """

    study: str
    dataset: str
    source: dict
    outer_folds: int
    backend: str
    threads: int


def deploy(files, params, folder: Path | str) -> None:
    """Write the folder of a deployed model.

    Args:
        files: of the job: `examples`, as networks take them, and as a person is `shown` them;
            `classes`, `ids`, `checked`, `scores`, `split`, `decision` and `calibration`; and
            `choice`, `predictions`, `pseudo_labels`, `histories` and `networks` of the chain (see
            `study.plan_of_deployment.DeployedPlan.chain`), these of transformers as `assembly`
            leaves them.
        params: `settings` of `Settings`, and `provenance` of every method.
        folder: of the model; what is in it is replaced.
    """
    folder, settings = Path(folder), Settings(**params.settings)
    folder.mkdir(parents=True, exist_ok=True)
    decision, calibration = map(storage.load_json, (files.decision, files.calibration))
    split, classes = load_split(files.split), storage.load_json(files.classes)
    kind = kinds.of(settings.source)
    shape = storage.load_array(files.examples, memory_mapped=True).shape[1:]
    size = storage.load_json(files.choice[0])["hyper_parameters"]["ensemble_size"]

    names, others = copy_networks(last_networks(files.networks), size, folder)
    of_pytorch = settings.backend == deployed_transformers.BACKEND
    jobs = [storage.load_json(path)["job"] for path in files.histories]
    deployed = Model(
        format=model.FORMAT,
        kind=kind_of(settings.source),
        study=settings.study,
        dataset=settings.dataset,
        method=decision["method"],
        reason=decision["reason"],
        classes=classes,
        shape=list(shape),
        reading=dotted_paths.find(kind.reading)(settings.source),
        members=[model.member(folder, name) for name in names],
        files={name: storage.sha256(folder / name) for name in others},
        temperature=calibration["temperature"],
        backend=settings.backend,
        threads=settings.threads,
        batch_size=deployed_transformers.PREDICTION_BATCH if of_pytorch else PREDICTION_BATCH,
        provenance=provenance.of_score(**params.provenance[decision["method"]], jobs=jobs),
    )
    model.save(folder, deployed)

    probabilities = load_last(files.predictions)[:size]
    ids = storage.load_json(files.ids)
    labeled = labels.table([ids[index] for index in split.test_idx], probabilities, deployed)
    pseudo_labels = [_only(labeled_so_far.load(path)) for path in files.pseudo_labels]
    labeled.insert(4, "selected_in_generation", selected_in(split, pseudo_labels))
    storage.save_csv(folder / "predictions.csv", labeled)

    proposed = label_next.propose(labeled, probabilities)
    examples, show = load_examples(files.shown), dotted_paths.find(kind.shown)
    shown = [
        show(examples[split.test_idx[at]], labeled["id"][at], settings.source, deployed.reading)
        for at in proposed.index
    ]
    version = f"{settings.study}/{settings.dataset}/{deployed.method}"
    tasks = label_next.tasks(proposed, shown, version, WORDS[deployed.kind].tag)
    storage.save_csv(folder / "label_next.csv", proposed)
    storage.save_json(folder / "label_next.json", tasks)

    scores = over_seeds(storage.load_csv(files.scores))
    # How many examples there are, the first sentence, the card says anyway.
    _, *seen = findings_of_data.describe(storage.load_json(files.checked), settings.outer_folds)
    selected = int(labeled["selected_in_generation"].notna().sum())
    facts = model_card.Facts(
        deployed, settings.source, decision, calibration, scores, split, seen, selected
    )
    with storage.atomic_path(folder / model_card.FILE) as path:
        path.write_text(model_card.write(facts))


def load_last(paths: list[str]) -> np.ndarray:
    """Return what the last networks of a chain predict, (members, unlabeled, classes)."""
    return _only(predictions.load(paths[0])).evaluation


def selected_in(split: Split, pseudo_labels: list[PseudoLabels]) -> pd.Series:
    """Return for each unlabeled example, in ascending order, the generation in which it was
    selected last; blank where it never was.

    Args:
        pseudo_labels: the last ones of the chain; none of a method without students.
    """
    generation = pd.Series(pd.NA, index=split.test_idx, dtype="Int64")
    for some in pseudo_labels:
        generation[some.examples] = some.generation
    return generation.reset_index(drop=True)


def _only(state: dict):
    (only,) = state.values()
    return only
