"""A training job: a batch of runs, and the record of what it took."""

import time
from pathlib import Path

import numpy as np
import psutil

from self_training.runs import Run, TrainedRun


def train_batch(
    runs: list[Run], images_path, classes: int, settings: dict, models=None
) -> tuple[list[TrainedRun], dict]:
    """Train the runs of one job.

    Without runs (every chain has ended) no framework is started.

    Args:
        images_path: `.npy` file of the dataset's images, uint8.
        settings: of `training.TrainingSettings`.
        models: folder for the trained networks, `member_{member}.keras`; none are kept without.

    Returns: the trained runs, and the job's history: the record of every run, and the seconds from
        the start of the process that went into start-up, tracing, training and prediction.
    """
    if models is not None:
        Path(models).mkdir(parents=True, exist_ok=True)
    if not runs:
        return [], {"runs": []}
    from self_training import training

    def save_model(run: Run, model) -> None:
        if models is not None and run.identity["part"] == "final":
            model.save(Path(models) / f"member_{run.identity['member']}.keras")

    training_settings = training.TrainingSettings(**settings)
    training.start_framework(training_settings.threads)
    history = {"startup_seconds": time.time() - psutil.Process().create_time()}
    trainer = training.Trainer(
        np.load(images_path, mmap_mode="r"),
        classes,
        training_settings,
        soft=runs[0].targets.ndim == 2,
    )
    trained = list(training.train_runs(trainer, runs, save_model))
    records = {id(run.record): run.record for run in trained}.values()
    history["tracing_seconds"] = trainer.tracing_seconds
    history["training_seconds"] = sum(record["training_seconds"] for record in records)
    history["prediction_seconds"] = sum(
        sum(record["prediction_seconds"].values()) for record in records
    )
    history["job_seconds"] = time.time() - psutil.Process().create_time()
    history["framework"] = training.describe_framework()
    history["runs"] = [run.record for run in trained]
    return trained, history
