"""A training job: the runs of a rule's job, and the record of what they took."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from self_training import dotted_paths
from self_training.provenance import commit
from self_training.storage import atomic_path, save_json
from self_training.training.runs import FINAL, Run, TrainedRun, TrainingSettings

if TYPE_CHECKING:
    from self_training.training.trainer import Trainer

# Training in stacks needs JAX; a job's code digest covers it where JAX is the backend.
STACKED = "self_training.training.stacked:StackedTrainer"


def train_job(snakemake, batch: list[list[Run]], classes: int) -> list[list[TrainedRun]]:
    """Train the runs of a training rule's job, and write its history.

    Args:
        snakemake: the job, as its script knows it: with the input `images`, the parameter
            `training`, and the outputs `history` and perhaps `models`.
        batch, classes: of `train_batch`.

    Returns: the trained runs of each outer fold.
    """
    models = snakemake.output.get("models")
    trained, job = train_batch(
        batch, snakemake.input.images, classes, snakemake.params.training, models
    )
    job = {"rule": snakemake.rule} | dict(snakemake.wildcards.items()) | job
    folds = [[result.record for result in results] for results in trained]
    save_json(snakemake.output.history, {"job": job, "folds": folds})
    return trained


def train_batch(
    batch: list[list[Run]], images_path, classes: int, settings: dict, models=None
) -> tuple[list[list[TrainedRun]], dict]:
    """Train the runs of one job, which may span several outer folds.

    Without runs (every chain has ended) no framework is started.

    Args:
        batch: the runs of each outer fold.
        images_path: `.npy` file of the dataset's images, uint8.
        settings: of `runs.TrainingSettings`.
        models: for each outer fold, a folder for the networks of its final runs,
            `member_{member}.keras`; none are kept without.

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
    from self_training.training import framework

    training_settings = TrainingSettings(**settings)
    framework.start_framework(training_settings.threads)
    started = psutil.Process().create_time()
    timing = {"startup_seconds": time.time() - started}
    images = np.load(images_path, mmap_mode="r")
    soft = runs[0][0].targets.ndim == 2
    trainer = make_trainer(images, classes, training_settings, soft)
    trained: list[list[TrainedRun]] = [[] for _ in batch]
    results = trainer.train_all([run for run, _ in runs])
    for (run, fold), result in zip(runs, results, strict=True):
        trained[fold].append(result)
        if models and run.identity["part"] == FINAL:
            with atomic_path(models[fold] / f"member_{run.identity['member']}.keras") as path:
                trainer.model.save(path)
    return trained, timing | trainer.timing() | {
        "job_seconds": time.time() - started,
        "framework": framework.describe_framework() | {"commit": commit()},
    }


def make_trainer(
    images: np.ndarray, classes: int, settings: TrainingSettings, soft: bool
) -> "Trainer":
    """Return what trains: stacks of runs on a GPU with JAX, otherwise one run after the other.

    On a CPU a stack was seven times slower than step after step.

    Args: of `trainer.Trainer`.
    """
    from self_training.training.framework import trains_on_gpu_with_jax
    from self_training.training.one_by_one import OneByOneTrainer

    trainer = dotted_paths.find(STACKED) if trains_on_gpu_with_jax() else OneByOneTrainer
    return trainer(images, classes, settings, soft)
