"""Training pretrained transformers, one run after the other, with PyTorch.

A job that does so imports neither TensorFlow nor JAX. Runs, batches, rates, targets and weights of
examples are those of the other trainers.
"""

import logging
import time
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from self_training import dotted_paths
from self_training.errors import ConfigError
from self_training.seeds import derive_seed, generator
from self_training.text import classifier, predicting, tokens
from self_training.text.noise import change
from self_training.training import pytorch, runs
from self_training.training.batches import count_steps, epochs, steps_per_epoch
from self_training.training.checkpoints import Checkpoints, State
from self_training.training.progress import Progress, folder_of
from self_training.training.runs import Run, TrainedRun, TrainingSettings, what_is_compiled

logger = logging.getLogger(__name__)

# What AdamW knows of each weight.
_OF_ADAM = ("step", "exp_avg", "exp_avg_sq")


class Batch(NamedTuple):
    """What a gradient step is about.

    ids: int32 (batch_size, length), of tokens, with noise; padded.
    targets: int32 (batch_size,), float32 (batch_size, classes), or these with columns more (see
        `batches.learned`).
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
        checkpoints: of the job; None to keep nothing for the case of a kill.
        events: folder of the job for TensorBoard, if there is to be one.
    """

    framework = pytorch

    def __init__(
        self,
        inputs: np.ndarray,
        classes: int,
        settings: TrainingSettings,
        like: Run,
        checkpoints: Checkpoints | None = None,
        events: Path | None = None,
    ):
        self.events = events
        self.checkpoints = checkpoints or Checkpoints()
        started = time.perf_counter()
        self.inputs, self.classes, self.settings = inputs, classes, settings
        self.key = what_is_compiled(like, settings)
        compiled = settings.changed(like.settings)
        # That of the run: weights that were adapted to texts are those of an outer fold.
        self.own: dict[str, Any] = compiled.transformer or {}
        self.batch_size, self.distills = compiled.batch_size, compiled.distillation != 1
        self.adjusts = bool(compiled.logit_adjustment)
        self.network = self.build(compiled)
        self.device = pytorch.device()
        self.network.model.to(self.device)
        # Of the folds of a study nobody reads networks of this kind, so none is kept.
        self.model = self if self.own["kept"] else None
        self.bfloat16 = self.own["bfloat16"] and self.device.type == "cuda"
        encoder = tokens.load(self.own["model"])
        self.pad = encoder.tokenizer.pad_token_id
        noisy = compiled.noise["magnitude"]
        self.policy: Any = dotted_paths.find(compiled.noise["policy"]) if noisy else None
        self.words = tokens.words_of(encoder) if noisy else None
        self.done: dict[str, TrainedRun] = {}
        self.tracing_seconds = time.perf_counter() - started

    def build(self, own: TrainingSettings) -> classifier.Classifier:
        """Return the network that is reset for every run.

        Args:
            own: settings of the runs.
        """
        return classifier.build(
            self.own["model"],
            self.classes,
            dropout=own.noise["dropout"],
            lora=self.own["lora"],
            recompute=self.own["recompute"],
        )

    def save(self, path: Path) -> None:
        """Write what is trained of the last run's network (see `classifier.load`)."""
        self.network.save(path, self.own["model"], self.own["lora"])

    def train_all(self, runs: list[Run]) -> Iterator[TrainedRun]:
        """Yield the result of each run, in order."""
        for run in runs:
            yield self.train(run)

    def train(self, run: Run) -> TrainedRun:
        """Train a network from its pretrained weights and predict what the run asks for."""
        digest = run.digest()
        ended = None if digest in self.done else self.checkpoints.ended(digest)
        if ended is not None:
            self.done[digest] = ended.result
            self.network.restore(ended.weights)
        if digest not in self.done:
            try:
                self.done[digest] = self._train(run, digest)
                kept = self.model is not None and run.identity.get("part") == runs.FINAL
                weights = self.network.weights() if kept else []
                self.checkpoints.add(digest, self.done[digest], weights)
            except torch.cuda.OutOfMemoryError as error:
                raise ConfigError(
                    "training.transformer.micro_batch: Expected so few texts at a time that they "
                    f"fit into the GPU's memory. Received: {self._at_once()}, of up to "
                    f"{self.inputs.shape[1]} tokens. Set a smaller one, a shorter encoder.length, "
                    "recompute: true, or lora."
                ) from error
        return self.done[digest]

    def _train(self, run: Run, digest: str) -> TrainedRun:
        assert what_is_compiled(run, self.settings) == self.key
        own = self.settings.changed(run.settings)
        self.network.reset(derive_seed(purpose="weights", **run.identity))
        optimizer = torch.optim.AdamW(
            self.network.trained, own.learning_rate, weight_decay=own.weight_decay
        )
        values, before = self._go_on(digest, optimizer)
        started, total = time.perf_counter() - before, count_steps(run, own)
        begun = len(values)
        progress = Progress(total, begun, folder_of(self.events, run, digest))
        self.network.model.train()
        for step, batch in enumerate(chain.from_iterable(self.batches(run))):
            # Of steps that were taken before a kill nothing is left to do, but to draw their noise.
            if step < begun:
                continue
            # A step's own seed, so that none depends on how many were taken in this process.
            torch.manual_seed(derive_seed(purpose="model noise", step=step, **run.identity))
            values.append(self.take_step(optimizer, batch))
            seconds = time.perf_counter() - started
            self.checkpoints.offer(digest, partial(self._state, optimizer, values, seconds))
            progress.taken(step + 1, values[-1], batch.rate, seconds)
        progress.end()
        seconds = time.perf_counter() - started
        probabilities, prediction_seconds = {}, {}
        for name, indices in run.predict.items():
            started = time.perf_counter()
            probabilities[name] = self.predict(indices)
            prediction_seconds[name] = time.perf_counter() - started
        return self._record(run, values, seconds, probabilities, prediction_seconds)

    def _state(self, optimizer: Any, values: list[float], seconds: float) -> State:
        """Return where a run is between two steps: its weights, and what AdamW knows of each."""
        known = (optimizer.state[one][name] for one in self.network.trained for name in _OF_ADAM)
        arrays = [*self.network.trained, *known]
        about = {"seconds": seconds}
        return State([np.array(values), *(one.detach().cpu().numpy() for one in arrays)], about)

    def _go_on(self, digest: str, optimizer: Any) -> tuple[list[float], float]:
        """Go on with a run that the job had begun before it was killed, if it had.

        Returns: the loss of each step that has been taken, and the seconds that these took.
        """
        state = self.checkpoints.state(digest)
        if state is None:
            return [], 0.0
        values, *arrays = state.arrays
        count = len(self.network.trained)
        with torch.no_grad():
            for index, parameter in enumerate(self.network.trained):
                parameter.copy_(torch.from_numpy(arrays[index]))
                start = count + len(_OF_ADAM) * index
                known = map(torch.from_numpy, arrays[start : start + len(_OF_ADAM)])
                # How many steps it has taken PyTorch keeps where it computes with it: not on a GPU.
                optimizer.state[parameter] = {
                    name: one if name == "step" else one.to(self.device)
                    for name, one in zip(_OF_ADAM, known, strict=True)
                }
        logger.info("This run goes on after %d steps", len(values))
        return values.tolist(), state.about["seconds"]

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
            losses = self.losses(batch.ids[rows], batch.targets[rows])
            part = (losses * weights).sum() / total
            part.backward()
            value += float(part.detach())
        optimizer.step()
        return value

    def losses(self, ids: np.ndarray, targets: np.ndarray) -> torch.Tensor:
        """Return the loss of each of some texts, (texts,)."""
        logits, wanted = self.logits(ids), self._move(targets)
        if self.adjusts:
            # As in `training.logit_adjustment`.
            wanted, adjustments = wanted.chunk(2, dim=1)
            logits = logits + adjustments
        return loss_of(logits, wanted, self.distills)

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
        return predicting.lengths(ids, self.pad)

    def _move(self, targets: np.ndarray) -> torch.Tensor:
        whole = np.issubdtype(targets.dtype, np.integer)
        return torch.from_numpy(targets.astype(np.int64) if whole else targets).to(self.device)

    def logits(self, ids: np.ndarray) -> torch.Tensor:
        """Return the logits of some texts, padded to the longest of them; (texts, classes)."""
        return predicting.logits(self.network.model, ids, self.pad, self.bfloat16)

    def predict(self, indices: np.ndarray) -> np.ndarray:
        """Return the class probabilities of some examples, float32 (examples, classes)."""
        how = self.classes, self.pad, self.bfloat16
        return predicting.predict(self.network.model, self.inputs[indices], *how)

    def _record(
        self,
        run: Run,
        values: list[float],
        seconds: float,
        probabilities: dict[str, np.ndarray],
        prediction_seconds: dict[str, float],
    ) -> TrainedRun:
        """Return a run's result: its probabilities, and its record.

        A network whose loss, or what it predicts, is not finite any more predicts nothing: all
        classes equally probable, as with the other trainers.

        Args:
            values: of the loss in every step.
        """
        steps, of_epoch = len(values), steps_per_epoch(run, self.settings)
        starts = range(0, steps, of_epoch)
        losses = [float(np.mean(values[start : start + of_epoch])) for start in starts]
        diverged = not all(
            np.isfinite(some).all() for some in (np.array(losses), *probabilities.values())
        )
        if diverged:
            logger.warning("%s: loss not finite; use a smaller learning_rate", run.identity)
            for array in probabilities.values():
                array[:] = 1 / self.classes
        record = run.identity | {
            "parameters": self.network.parameters,
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
        return runs.timing(self.tracing_seconds, self.done.values())


def loss_of(logits: torch.Tensor, targets: torch.Tensor, distills: bool = False) -> torch.Tensor:
    """Return the cross-entropy of each example, (examples,).

    Distilled, that of the softmax of a temperature T, times the square of T (Hinton, Vinyals and
    Dean 2015, section 2; see `training.distillation`).

    Args:
        logits: (examples, classes).
        targets: labels (examples,), or probabilities (examples, classes); of what distills with T
            in a column more (see `batches.packed`).
    """
    temperatures = targets[:, -1] if distills else logits.new_ones(len(logits))
    wanted = targets[:, :-1] if distills else targets
    softened = logits / temperatures[:, None]
    losses = torch.nn.functional.cross_entropy(softened, wanted, reduction="none")
    return losses * temperatures.square()
