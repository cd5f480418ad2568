"""Task-adaptive pretraining: a transformer goes on with masked language modeling on the texts of an
outer fold's pool, without labels, before classifiers are trained from its weights.

Gururangan et al. 2020 (ACL, *Don't stop pretraining: Adapt language models to domains and tasks*,
section 4). Batches, rates, checkpoints and records are those of the other trainers.
"""

import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from self_training.data.split import Split, load_split
from self_training.errors import DatasetError
from self_training.provenance import commit
from self_training.seeds import generator
from self_training.storage import load_array, save_json, sha256
from self_training.text import language_model, tokens
from self_training.text.classifier import Classifier
from self_training.text.language_model import Vocabulary
from self_training.training import pytorch
from self_training.training.batches import epochs
from self_training.training.checkpoints import Checkpoints
from self_training.training.job import checkpoints_of, events_of
from self_training.training.runs import Run, TrainedRun, TrainingSettings
from self_training.training.transformer import Batch, TransformerTrainer

logger = logging.getLogger(__name__)

# Of a run's identity, in the place of the part of a fold that a classifier is trained on.
ADAPTATION = "adaptation"


class AdaptationTrainer(TransformerTrainer):
    """A pretrained network that learns to predict masked tokens.

    Its runs have no targets: what is masked is drawn anew for every batch, and asked for.

    Args: of `TransformerTrainer`.
    """

    vocabulary: Vocabulary
    # Where the tokens are that are asked for, of the texts that the network is given; bool (texts,
    # length).
    _asked: torch.Tensor | None = None

    def build(self, own: TrainingSettings) -> Classifier:
        """Return the network, all of whose weights are trained, whatever classifiers train."""
        self.vocabulary = language_model.vocabulary_of(tokens.load(self.own["model"]))
        network = language_model.build(self.own["model"], self.own["recompute"])
        # Its last layers see of a text's places those alone that are asked for, as they take each
        # by itself, and give a number for every token there is.
        network.model.base_model.register_forward_hook(self._those_asked_for)
        return network

    def _those_asked_for(self, _module: Any, _given: Any, outputs: Any) -> Any:
        if self._asked is not None:
            outputs["last_hidden_state"] = outputs["last_hidden_state"][self._asked][None]
        return outputs

    def adapt(self, run: Run) -> TrainedRun:
        """Train the network, which then has the adapted weights."""
        return self._train(run, run.digest())

    def batches(self, run: Run) -> Iterator[Iterator[Batch]]:
        """Yield the batches of each epoch of a run: texts with masks, and what these hide. Examples
        weigh as much as they have of it, so that every masked token of a batch does alike."""
        own, first = self.settings.changed(run.settings), 0
        for steps in epochs(run, own, self.classes):
            yield (
                self._masked(run, first + number, rows, rate)
                for number, (rows, rate) in enumerate(
                    zip(steps.rows, steps.rates.tolist(), strict=True)
                )
            )
            first += len(steps.rows)

    def _masked(self, run: Run, step: int, rows: np.ndarray, rate: float) -> Batch:
        rng = generator(purpose="masks", step=step, **run.identity)
        shown, hidden = language_model.mask(self.inputs[rows], self.vocabulary, rng)
        weights = (hidden != language_model.NOT_ASKED).sum(axis=1).astype(np.float32)
        return Batch(shown, hidden, weights, rate)

    def losses(self, ids: np.ndarray, targets: np.ndarray) -> torch.Tensor:
        """Return the mean cross-entropy of the masked tokens of each of some texts, (texts,).

        Args:
            targets: int32 (texts, length), of `language_model.mask`.
        """
        asked = targets != language_model.NOT_ASKED
        shown = asked[:, : self._lengths(ids).max()]
        self._asked = torch.from_numpy(shown).to(self.device)
        try:
            (logits,) = self.logits(ids)
        finally:
            self._asked = None
        wanted = self._move(targets[asked])
        losses = torch.nn.functional.cross_entropy(logits, wanted, reduction="none")
        return torch.stack([some.mean() for some in losses.split(asked.sum(axis=1).tolist())])

    def save(self, folder: Path | str) -> None:
        """Write the adapted network and its tokenizer, as Hugging Face's libraries do."""
        language_model.save(self.network.model, self.own["model"], folder)


def run_of(split: Split, inputs: np.ndarray, vocabulary: Vocabulary, identity: dict) -> Run:
    """Return the run of an outer fold, on all texts that are not in its test fold.

    Of labels it has none, and which texts have one does not matter. A text without a token to ask
    for is left out.

    Args:
        inputs: int32 (examples, length), of `text.tokens`.
        identity: of the outer fold, which seeds come from.

    Raises: DatasetError, when no text is left.
    """
    pool = np.sort(np.concatenate([split.labeled_idx, split.unlabeled_idx]))
    pool = pool[language_model.has_tokens(inputs[pool], vocabulary)]
    if not len(pool):
        raise DatasetError(
            "training.transformer.adapt: Expected texts with tokens that the encoder's tokenizer "
            "knows. Received none outside the test fold. Take another encoder.model."
        )
    nothing = np.zeros(len(pool), np.int32)
    return Run(identity | {"part": ADAPTATION}, pool, nothing, {}, name=ADAPTATION)


def adapt_job(snakemake) -> None:
    """Adapt a transformer to the texts of an outer fold, and write its files and a history.

    Args:
        snakemake: the job, as its script knows it: with the inputs `examples` and `split`, the
            parameters `identity`, `training` and `code`, and the outputs `adapted`, a folder, and
            `history`.
    """
    started, settings = psutil.Process().create_time(), snakemake.params.training
    own = TrainingSettings(**settings)
    pytorch.start_framework(own.threads)
    timing = {"startup_seconds": time.time() - started}
    examples, folder = snakemake.input.examples, checkpoints_of(snakemake)
    inputs = load_array(examples, memory_mapped=True)
    assert own.transformer is not None
    vocabulary = language_model.vocabulary_of(tokens.load(own.transformer["model"]))
    run = run_of(load_split(snakemake.input.split), inputs, vocabulary, snakemake.params.identity)

    def describe() -> dict:
        made_by = pytorch.describe_framework() | {"host": "", "numpy": np.__version__}
        given = {"settings": settings, "examples": sha256(examples), "framework": made_by}
        return given | {"runs": [run.digest()], "code": snakemake.params.code}

    checkpoints = Checkpoints(folder, describe)
    trainer = AdaptationTrainer(inputs, 1, own, run, checkpoints, events_of(snakemake))
    trained = trainer.adapt(run)
    trainer.save(snakemake.output.adapted)
    seconds = trained.record["training_seconds"]
    timing |= {"tracing_seconds": trainer.tracing_seconds, "training_seconds": seconds}
    job = {"rule": snakemake.rule} | dict(snakemake.wildcards.items()) | timing
    job |= {"prediction_seconds": 0.0, "runs": 1}
    job["job_seconds"] = time.time() - started + checkpoints.seconds_before
    job["framework"] = pytorch.describe_framework() | {"commit": commit()}
    save_json(snakemake.output.history, {"job": job, "folds": [[trained.record]]})
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
