"""A training job: the runs of a rule's job, and the record of what they took."""

import gc
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from self_training import dotted_paths
from self_training.data import pool
from self_training.data.split import load_split
from self_training.provenance import commit
from self_training.storage import atomic_path, load_array, save_json, sha256
from self_training.study.folds import without_part
from self_training.training.checkpoints import Checkpoints
from self_training.training.runs import (
    FINAL,
    STANDARDIZE,
    Run,
    TrainedRun,
    TrainingSettings,
    what_is_compiled,
)

if TYPE_CHECKING:
    from self_training.training.trainer import Trainer

# The file of a transformer's weights, as the library writes it.
WEIGHTS = "model.safetensors"
# Training in stacks needs JAX; a job's code digest covers it where JAX is the backend.
STACKED = "self_training.training.stacked:StackedTrainer"
# Where a job's settings name a method of consistency training.
CONSISTENCY = "self_training.training.consistency.trainer:ConsistencyTrainer"


def train_job(snakemake, batch: list[list[Run]], classes: int) -> list[list[TrainedRun]]:
    """Train the runs of a training rule's job, and write its history.

    Args:
        snakemake: the job, as its script knows it: with the inputs `examples`, `splits` and, of
            transformers that start from weights adapted to texts, `adapted`, a folder for each
            outer fold, and perhaps `synthetic`; the parameter `training`, and the outputs
            `history` and perhaps `models`.
        batch, classes: of `train_batch`.

    Returns: the trained runs of each outer fold.
    """
    models = snakemake.output.get("models")
    splits = map(load_split, snakemake.input.splits)
    pools = [np.concatenate([split.labeled_idx, split.unlabeled_idx]) for split in splits]
    if snakemake.input.get("adapted"):
        batch = from_adapted(batch, snakemake.input.adapted, snakemake.params.training)
    trained, job = train_batch(
        batch,
        snakemake.input.examples,
        classes,
        snakemake.params.training,
        models,
        pools,
        checkpoints_of(snakemake),
        snakemake.params.code,
        snakemake.input.get("synthetic", ()),
        events_of(snakemake),
    )
    job = {"rule": without_part(snakemake.rule)} | dict(snakemake.wildcards.items()) | job
    folds = [[result.record for result in results] for results in trained]
    save_json(snakemake.output.history, {"job": job, "folds": folds})
    return trained


def from_adapted(batch: list[list[Run]], folders, settings: dict) -> list[list[Run]]:
    """Return runs that start from the weights which were adapted to the texts of their outer fold.

    Args:
        batch: the runs of each outer fold.
        folders: for each outer fold, of a transformer.
        settings: of the job.
    """
    starts = [
        settings["transformer"] | {"model": str(folder), "files": sha256(Path(folder, WEIGHTS))}
        for folder in folders
    ]
    return [
        [replace(run, settings=run.settings | {"transformer": start}) for run in runs]
        for runs, start in zip(batch, starts, strict=True)
    ]


def end_job(snakemake) -> None:
    """Remove what a job has kept for the case of a kill, once all its results are written."""
    folder = checkpoints_of(snakemake)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def checkpoints_of(snakemake) -> Path | None:
    """Return the folder of a job's checkpoints, in that of its study as its history is.

    It is no output: Snakemake removes these before it starts a job again.
    """
    return _beside_history(snakemake, "checkpoints")


def events_of(snakemake) -> Path | None:
    """Return the folder of a job of transformers for TensorBoard, if the study asks for it.

    That is no parameter of the job, whose results do not depend on it.
    """
    config = getattr(snakemake, "config", {})
    asked = config.get("training", {}).get("transformer", {}).get("tensorboard", False)
    return _beside_history(snakemake, "logs", "tensorboard") if asked else None


def _beside_history(snakemake, *folder: str) -> Path:
    results, study, histories, *job = Path(snakemake.output.history).parts
    assert histories == "histories"
    return Path(results, study, *folder, *job).with_suffix("")


def train_batch(
    batch: list[list[Run]],
    examples_path,
    classes: int,
    settings: dict,
    models=None,
    pools: Sequence[np.ndarray] = (),
    kept_in: Path | None = None,
    code: str = "",
    appended: Sequence[Path | str] = (),
    events: Path | None = None,
) -> tuple[list[list[TrainedRun]], dict]:
    """Train the runs of one job, which may span several outer folds.

    Without runs (every chain has ended) no framework is started.

    Args:
        batch: the runs of each outer fold.
        examples_path: `.npy` file of the dataset's examples (see `prediction.scale`).
        settings: of `runs.TrainingSettings`; a run may have some of its own.
        models: for each outer fold, a folder for the networks of its final runs,
            `member_{member}` and the framework's suffix; none are kept without.
        pools: for each outer fold, the indices of all examples that are not in the test fold;
            scaling and noise of vectors need them.
        kept_in: folder of checkpoints, to go on from after a kill; none are written without.
        code: what the results depend on beside these arguments: a digest.
        appended: files of more examples, which follow those of the dataset, in this order.
        events: of `transformer.TransformerTrainer`.

    Returns: the trained runs of each outer fold, and a record of the job: where its seconds went,
        from the start of the process on (start-up, tracing, training, prediction), and what
        trained; empty without runs.
    """
    models = [Path(folder) for folder in models or []]
    for folder in models:
        folder.mkdir(parents=True, exist_ok=True)
    runs = [(run, fold) for fold, some in enumerate(batch) for run in some]
    if not runs:
        return [[] for _ in batch], {}
    training_settings = TrainingSettings(**settings)
    framework = framework_of(training_settings)
    framework.start_framework(training_settings.threads)
    started = psutil.Process().create_time()
    timing = {"startup_seconds": time.time() - started}
    inputs = load_array(examples_path, memory_mapped=True)
    if appended:
        inputs = np.concatenate([inputs, *map(load_array, appended)])
    if training_settings.scaling == STANDARDIZE or _has_noise_of_vectors(training_settings, inputs):
        described = pool.describe_all(inputs, pools)
        runs = [(replace(run, pool=described[fold]), fold) for run, fold in runs]

    def describe() -> dict:
        made_by = framework.describe_framework() | {"host": "", "numpy": np.__version__}
        of_runs = sorted(run.digest() for run, _ in runs)
        given = {"settings": settings, "classes": classes, "examples": sha256(examples_path)}
        more = {"appended": [*map(sha256, appended)]} if appended else {}
        return given | more | {"runs": of_runs, "code": code, "framework": made_by}

    checkpoints = Checkpoints(kept_in, describe)
    # What must be compiled anew is another trainer.
    alike: dict[tuple, list[int]] = {}
    for index, (run, _) in enumerate(runs):
        alike.setdefault(what_is_compiled(run, training_settings), []).append(index)
    found: dict[int, TrainedRun] = {}
    for indices in alike.values():
        # A trainer holds the examples, and is held by itself.
        if found:
            gc.collect()
        like = runs[indices[0]][0]
        trainer = make_trainer(inputs, classes, training_settings, like, checkpoints, events)
        results = trainer.train_all([runs[index][0] for index in indices])
        for index, result in zip(indices, results, strict=True):
            found[index] = result
            run, fold = runs[index]
            if models and trainer.model is not None and run.identity["part"] == FINAL:
                name = f"member_{run.identity['member']}{framework.NETWORK}"
                with atomic_path(models[fold] / name) as path:
                    trainer.model.save(path)
        timing |= {key: timing.get(key, 0) + value for key, value in trainer.timing().items()}
        del trainer, results
    trained: list[list[TrainedRun]] = [[] for _ in batch]
    for index, (_, fold) in enumerate(runs):
        trained[fold].append(found[index])
    return trained, timing | {
        "job_seconds": time.time() - started + checkpoints.seconds_before,
        "framework": framework.describe_framework() | {"commit": commit()},
    }


def framework_of(settings: TrainingSettings) -> Any:
    """Return the module that starts what trains, and describes it: PyTorch of transformers, whose
    backbone is their trainer; Keras of all else. A job imports one of them."""
    if settings.transformer is not None:
        return dotted_paths.find(settings.backbone).framework
    from self_training.training import framework

    return framework


def _has_noise_of_vectors(settings: TrainingSettings, inputs: np.ndarray) -> bool:
    strong = settings.consistency["strong"]["magnitude"] if settings.consistency else 0
    return bool(settings.noise["magnitude"] or strong) and inputs.dtype.kind == "f"


def make_trainer(
    inputs: np.ndarray,
    classes: int,
    settings: TrainingSettings,
    like: Run,
    checkpoints: Checkpoints | None = None,
    events: Path | None = None,
) -> "Trainer":
    """Return what trains: of a transformer, and of consistency training, its own; stacks of runs
    with JAX, of images on a GPU alone; otherwise one run after the other.

    On a CPU a stack of small CNNs was seven times slower than step after step; one of networks that
    take vectors was fourteen times faster (docs/running.md).

    Args:
        inputs, classes, settings, like, checkpoints: of `trainer.Trainer`.
        events: of `transformer.TransformerTrainer`.
    """
    if settings.transformer is not None:
        trainer = dotted_paths.find(settings.backbone)
        return trainer(inputs, classes, settings, like, checkpoints, events)
    from self_training.training import framework
    from self_training.training.one_by_one import OneByOneTrainer

    if settings.consistency is not None:
        trainer = dotted_paths.find(CONSISTENCY)
        return trainer(inputs, classes, settings, like, checkpoints)
    of_vectors = inputs.dtype.kind == "f"
    in_stacks = framework.trains_with_jax() and (of_vectors or framework.has_gpu())
    trainer = dotted_paths.find(STACKED) if in_stacks else OneByOneTrainer
    return trainer(inputs, classes, settings, like, checkpoints)
