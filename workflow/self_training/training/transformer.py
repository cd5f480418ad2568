"""Training pretrained transformers, one run after the other, with PyTorch.

A job that does so imports neither TensorFlow nor JAX. Runs, batches, rates, targets and weights of
examples are those of the other trainers.
"""

import logging
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch

from self_training import dotted_paths
from self_training.errors import ConfigError
from self_training.seeds import derive_seed, generator
from self_training.text import classifier, tokens
from self_training.text.noise import change
from self_training.training import pytorch
from self_training.training.batches import count_steps, epochs
from self_training.training.runs import Run, TrainedRun, TrainingSettings, what_is_compiled

logger = logging.getLogger(__name__)

# Texts that are predicted at a time.
PREDICTION_BATCH = 64
SECONDS_BETWEEN_LINES = 30  # Of the log, on how far a run is.


class Batch(NamedTuple):
    """What a gradient step is about.

    ids: int32 (batch_size, length), of tokens, with noise; padded.
    targets: int32 (batch_size,) or float32 (batch_size, classes).
    weights: float32 (batch_size,) of the examples in the loss.
    rate: the learning rate.
    """

    ids: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    rate: float


class TransformerTrainer:
    """One pretrained network that is reset for every run.

    Two runs that are the same training (several thresholds that select the same examples) are
    trained once.

    Args:
        inputs: int32 (examples, length), of `text.tokens`; may be memory-mapped.
        settings: of the job.
        like: a run; all others must be alike in `runs.what_is_compiled`.
    """

    framework = pytorch
    # No rule reads networks of this kind, so none is kept.
    model = None

    def __init__(self, inputs: np.ndarray, classes: int, settings: TrainingSettings, like: Run):
        started = time.perf_counter()
        assert settings.transformer is not None
        self.inputs, self.classes, self.settings = inputs, classes, settings
        self.key = what_is_compiled(like, settings)
        compiled, self.own = settings.changed(like.settings), settings.transformer
        self.batch_size = compiled.batch_size
        self.network = classifier.build(
            self.own["model"],
            classes,
            dropout=compiled.noise["dropout"],
            lora=self.own["lora"],
            recompute=self.own["recompute"],
        )
        self.device = pytorch.device()
        self.network.model.to(self.device)
        self.bfloat16 = self.own["bfloat16"] and self.device.type == "cuda"
        encoder = tokens.load(self.own["model"])
        self.pad = encoder.tokenizer.pad_token_id
        noisy = compiled.noise["magnitude"]
        self.policy: Any = dotted_paths.find(compiled.noise["policy"]) if noisy else None
        self.words = tokens.words_of(encoder) if noisy else None
        self.done: dict[str, TrainedRun] = {}
        self.tracing_seconds = time.perf_counter() - started

    def train_all(self, runs: list[Run]) -> Iterator[TrainedRun]:
        """Yield the result of each run, in order."""
        for run in runs:
            yield self.train(run)

    def train(self, run: Run) -> TrainedRun:
        """Train a network from its pretrained weights and predict what the run asks for."""
        digest = run.digest()
        if digest not in self.done:
            try:
                self.done[digest] = self._train(run)
            except torch.cuda.OutOfMemoryError as error:
                raise ConfigError(
                    "training.transformer.micro_batch: Expected so few texts at a time that they "
                    f"fit into the GPU's memory. Received: {self._at_once()}, of up to "
                    f"{self.inputs.shape[1]} tokens. Set a smaller one, a shorter encoder.length, "
                    "recompute: true, or lora."
                ) from error
        return self.done[digest]

    def _train(self, run: Run) -> TrainedRun:
        assert what_is_compiled(run, self.settings) == self.key
        own = self.settings.changed(run.settings)
        self.network.reset(derive_seed(purpose="weights", **run.identity))
        optimizer = torch.optim.AdamW(
            self.network.trained, own.learning_rate, weight_decay=own.weight_decay
        )
        started, total = time.perf_counter(), count_steps(run, own)
        self.network.model.train()
        losses, step, said = [], 0, started
        for epoch in self.batches(run):
            values = []
            for batch in epoch:
                # A step's own seed, so that none depends on how many were taken in this process.
                torch.manual_seed(derive_seed(purpose="model noise", step=step, **run.identity))
                values.append(self.take_step(optimizer, batch))
                step += 1
                if time.perf_counter() - said > SECONDS_BETWEEN_LINES:
                    said = time.perf_counter()
                    _log_progress(values[-1], step, total, said - started)
            losses.append(float(np.mean(values)))
        seconds = time.perf_counter() - started
        probabilities, prediction_seconds = {}, {}
        for name, indices in run.predict.items():
            started = time.perf_counter()
            probabilities[name] = self.predict(indices)
            prediction_seconds[name] = time.perf_counter() - started
        return self._record(run, losses, step, seconds, probabilities, prediction_seconds)

    def batches(self, run: Run) -> Iterator[Iterator[Batch]]:
        """Yield the batches of each epoch of a run, with noise if it has some."""
        own = self.settings.changed(run.settings)
        for epoch, steps in enumerate(epochs(run, own, self.classes)):
            rng = generator(purpose="input noise", epoch=epoch, **run.identity)
            yield (
                Batch(self._with_noise(self.inputs[rows], own.noise, rng), *others)
                for rows, *others in zip(
                    steps.rows, steps.targets, steps.weights, steps.rates.tolist(), strict=True
                )
            )

    def _with_noise(self, ids: np.ndarray, noise: dict, rng: np.random.Generator) -> np.ndarray:
        """Return noisy copies of some texts: words are tokens; others and padding stay."""
        if self.words is None:
            return ids
        how = noise["magnitude"], noise["operations"]
        deleted, swapped, masked = self.policy.draw(ids.shape, *how, rng)
        return change(ids, deleted, swapped, masked, self.words)

    def take_step(self, optimizer: torch.optim.Optimizer, batch: Batch) -> float:
        """Take a gradient step, and return its loss: the weighted mean of the batch.

        With a `micro_batch` gradients of some texts at a time are added up, those of about one
        length together.
        """
        for group in optimizer.param_groups:
            group["lr"] = batch.rate
        optimizer.zero_grad()
        total, value = float(batch.weights.sum()), 0.0
        for rows in self._in_parts(batch.ids):
            weights = torch.from_numpy(batch.weights[rows]).to(self.device)
            losses = cross_entropy(self.logits(batch.ids[rows]), self._move(batch.targets[rows]))
            part = (losses * weights).sum() / total
            part.backward()
            value += float(part.detach())
        optimizer.step()
        return value

    def _at_once(self) -> int:
        return self.own["micro_batch"] or self.batch_size

    def _in_parts(self, ids: np.ndarray) -> list[np.ndarray]:
        """Return the rows of a batch that are computed at a time."""
        at_once = self._at_once()
        if at_once >= len(ids):
            return [np.arange(len(ids))]
        by_length = np.argsort(-self._lengths(ids), kind="stable")
        return [by_length[start : start + at_once] for start in range(0, len(ids), at_once)]

    def _lengths(self, ids: np.ndarray) -> np.ndarray:
        """Return how many tokens texts have, up to the last that does not pad."""
        places = np.arange(1, ids.shape[1] + 1)
        return np.where(ids == self.pad, 0, places).max(axis=1)

    def _move(self, targets: np.ndarray) -> torch.Tensor:
        whole = np.issubdtype(targets.dtype, np.integer)
        return torch.from_numpy(targets.astype(np.int64) if whole else targets).to(self.device)

    def logits(self, ids: np.ndarray) -> torch.Tensor:
        """Return the logits of some texts, padded to the longest of them; (texts, classes)."""
        shown = torch.from_numpy(ids[:, : self._lengths(ids).max()].astype(np.int64))
        shown = shown.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            outputs = self.network.model(input_ids=shown, attention_mask=(shown != self.pad).long())
        return outputs.logits.float()

    def predict(self, indices: np.ndarray) -> np.ndarray:
        """Return the class probabilities of some examples, float32 (examples, classes).

        Those of about one length are predicted together, so that little is padded.
        """
        probabilities = np.empty((len(indices), self.classes), np.float32)
        ids = self.inputs[indices]
        order = np.argsort(-self._lengths(ids), kind="stable") if len(ids) else np.arange(0)
        self.network.model.eval()
        with torch.inference_mode():
            for start in range(0, len(order), PREDICTION_BATCH):
                rows = order[start : start + PREDICTION_BATCH]
                probabilities[rows] = self.logits(ids[rows]).softmax(dim=1).cpu().numpy()
        return probabilities

    def _record(
        self,
        run: Run,
        losses: list[float],
        steps: int,
        seconds: float,
        probabilities: dict[str, np.ndarray],
        prediction_seconds: dict[str, float],
    ) -> TrainedRun:
        """Return a run's result: its probabilities, and its record.

        A network whose loss, or what it predicts, is not finite any more predicts nothing: all
        classes equally probable, as with the other trainers.
        """
        diverged = not all(
            np.isfinite(some).all() for some in (np.array(losses), *probabilities.values())
        )
        if diverged:
            logger.warning("%s: loss not finite; use a smaller learning_rate", run.identity)
            for array in probabilities.values():
                array[:] = 1 / self.classes
        record = run.identity | {
            "examples": len(run.examples),
            "steps": steps,
            "examples_seen": steps * self.batch_size,
            "losses": [loss if np.isfinite(loss) else None for loss in losses],
            "diverged": diverged,
            "training_seconds": seconds,
            "prediction_seconds": prediction_seconds,
        }
        logger.info("%s: loss %.4g after %d steps", run.identity, losses[-1], steps)
        return TrainedRun(probabilities, record)

    def timing(self) -> dict[str, float]:
        """Return the seconds that went into loading, training and prediction so far."""
        records = [run.record for run in self.done.values()]
        return {
            "tracing_seconds": self.tracing_seconds,
            "training_seconds": sum(record["training_seconds"] for record in records),
            "prediction_seconds": sum(
                sum(record["prediction_seconds"].values()) for record in records
            ),
            "runs": len(records),
        }


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the loss of each example, (examples,).

    Args:
        logits: (examples, classes).
        targets: labels (examples,), or probabilities (examples, classes).
    """
    return torch.nn.functional.cross_entropy(logits, targets, reduction="none")


def _log_progress(loss: float, step: int, steps: int, seconds: float) -> None:
    speed = step / seconds
    left = (steps - step) / speed / 60
    logger.info(
        "step %d of %d: loss %.4g, %.3g steps/s, %.3g minutes left", step, steps, loss, speed, left
    )
