"""A run: one training, described by indices and targets, not by copied arrays."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from self_training.data.pool import Pool

# What a run is asked for of examples beside probabilities: how far apart passes of its network with
# dropout are; see `training.passes`.
SPREAD = "spread"
# The part of a fold that a final run is trained on; see `methods.parts.Part`.
FINAL = "final"
# What `Run.settings` may change of a job's noise.
OF_NOISE = ("magnitude", "dropout")
# And of its consistency training, by what they are called in `Run.settings`.
OF_CONSISTENCY = {"consistency_threshold": "threshold", "consistency_weight": "weight"}
# How vectors are scaled: as they are, or each feature to mean 0 and deviation 1 in the pool.
AS_THEY_ARE, STANDARDIZE = "none", "standardize"
ADAM, SGD = "adam", "sgd"


@dataclass(frozen=True)
class TrainingSettings:
    """How the runs of a job are trained, where a run says nothing else.

    backbone: dotted path of a function that builds the network; see `image.backbones`.
    epochs, steps: how long a run is trained: one of them, the other is None.
    batch_size, learning_rate: of the optimizer. All batches are full; see `batches.passes`.
    scaling: of vectors: AS_THEY_ARE or STANDARDIZE.
    l2: penalty: l2 / 2 times the sum of all squared weights but biases, added to the loss (ridge;
        Hoerl and Kennard 1970); 0 for none.
    weight_decay: part of every weight that is taken off in every step, times the learning rate:
        decoupled from the gradient (AdamW; Loshchilov and Hutter 2019); 0 for none.
    warmup, decay: how the learning rate goes along a run; see `schedules.learning_rates`.
    ema: decay of averaged weights, which predict and are saved; 0 for the last weights. See
        `schedules.momenta`.
    loss: how the examples of a batch are weighed; see `batches.weights_of`.
    unlabeled_ratio: pseudo-labeled examples per given one in every batch; None to take both as
        they come.
    distillation: temperature of the softmax by which soft pseudo-labels are learned (see
        `training.distillation`); 1 for none.
    label_smoothing: part of a hard target's probability that is spread evenly over all classes.
    logit_adjustment: how many times the logarithms of the classes' shares are added to the logits
        in the loss (see `batches.log_shares`); 0 for none.
    noise: of input noise `policy`, the dotted path of a policy (see `image.noise`, `vector.noise`),
        `magnitude` and `operations`; of model noise `dropout` and `survival` (see
        `image.backbones`). They act while training, never at prediction.
    threads: CPU threads; results depend on their number.
    transformer: of a pretrained transformer (see `study.transformers.settings`); None of all other
        backbones.
    optimizer: ADAM or SGD; see `trainer.make_optimizer`.
    consistency: of consistency training: the `method`, a dotted path, the `strong` noise (the weak
        one is `noise`), and its numbers (see `study.consistency`); None of all other training.
    """

    backbone: str
    epochs: int | None
    steps: int | None
    batch_size: int
    learning_rate: float
    scaling: str
    l2: float
    weight_decay: float
    warmup: float
    decay: str
    ema: float
    loss: str
    unlabeled_ratio: float | None
    distillation: float
    label_smoothing: float
    noise: dict
    threads: int
    transformer: dict | None = None
    optimizer: str = ADAM
    consistency: dict | None = None
    logit_adjustment: float = 0

    def changed(self, changes: dict) -> "TrainingSettings":
        """Return these settings with those of a run.

        Args:
            changes: `Run.settings`. One of `epochs` and `steps` replaces both; `magnitude` and
                `dropout` are of `noise`, whose other parts stay; so are OF_CONSISTENCY.
        """
        others = (*OF_NOISE, *OF_CONSISTENCY)
        own = {key: value for key, value in changes.items() if key not in others}
        noise = {key: value for key, value in changes.items() if key in OF_NOISE}
        if {"epochs", "steps"} & set(own):
            own = {"epochs": None, "steps": None} | own
        if self.consistency is not None:
            here = {OF_CONSISTENCY[key]: changes[key] for key in changes if key in OF_CONSISTENCY}
            own["consistency"] = self.consistency | here
        return replace(self, noise=self.noise | noise, **own)


@dataclass(frozen=True)
class Run:
    """One network to train.

    identity: what the seeds of its weights, its order of examples and its noise come from.
    examples: (n,) indices into the dataset; one that stands twice is trained on twice.
    targets: int32 (n,) labels, or float32 (n, classes) probabilities.
    predict: name -> indices of the examples to predict afterwards; of SPREAD, of those whose
        deviations over passes with dropout are asked for.
    given: how many of the examples, the first ones, have given labels; all when None. The others
        have pseudo-labels.
    steps: gradient steps to take; as many as the settings say when None.
    settings: what is not trained as the job's settings say: values of fields of TrainingSettings,
        other than `noise` and `threads`, of noise `magnitude` and `dropout`, and OF_CONSISTENCY;
        JSON-able.
    name: of the ensemble that its network is a member of (see `methods.predictions`). It determines
        nothing that is trained, so that runs of several ensembles may be one training.
    pool: of the outer fold; None where neither scaling nor noise asks for it.
    unlabeled: indices of examples that consistency training learns from without targets; None of
        all other training.
    weights: float32 (n,) of the examples in the loss, relative to each other; None where all have
        the same.
    """

    identity: dict
    examples: np.ndarray
    targets: np.ndarray
    predict: dict[str, np.ndarray]
    given: int | None = None
    steps: int | None = None
    settings: dict = field(default_factory=dict)
    name: str = ""
    pool: Pool | None = None
    unlabeled: np.ndarray | None = None
    weights: np.ndarray | None = None

    def digest(self) -> str:
        """Return a hash that two runs share when they are the same training with the same use."""
        what = [self.identity, self.given, self.steps, self.settings]
        sha = hashlib.sha256(json.dumps(what, sort_keys=True).encode())
        own = [some for some in (self.unlabeled, self.weights) if some is not None]
        arrays = [self.examples, self.targets, *self.predict.values(), *(self.pool or ()), *own]
        for array in arrays:
            sha.update(f"{array.dtype}{array.shape}".encode())
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()


def is_soft(run: Run, own: TrainingSettings) -> bool:
    """Return whether a run, with settings of its own, is trained on probabilities."""
    return run.targets.ndim == 2 or bool(own.label_smoothing or own.logit_adjustment)


def what_is_compiled(run: Run, settings: TrainingSettings) -> tuple:
    """Return what a run is compiled for: equal for runs that one compiled network can train.

    All else (learning rate, length, label smoothing, magnitude of input noise, ...) is read anew
    for every run.

    Args:
        settings: of the job.
    """
    own = settings.changed(run.settings)
    noise = own.noise
    policy = (noise["policy"], noise["operations"]) if noise["magnitude"] else None
    starts = own.transformer and own.transformer["model"]
    network = (own.backbone, starts, noise["dropout"], noise["survival"])
    loss = (is_soft(run, own), own.distillation != 1, bool(own.logit_adjustment))
    step = (own.batch_size, own.weight_decay, own.l2 > 0, own.ema > 0, *loss)
    return policy, *network, *step


@dataclass
class TrainedRun:
    """What is left of a run.

    probabilities: name -> float32 (examples, classes), as asked by `Run.predict`; of SPREAD, the
        deviations of these.
    record: JSON-able; losses per epoch, gradient steps, examples seen, seconds.
    """

    probabilities: dict[str, np.ndarray]
    record: dict


def timing(tracing_seconds: float, trained: Iterable[TrainedRun]) -> dict[str, float]:
    """Return where the seconds of a trainer went: into tracing or loading, training, prediction."""
    records = [run.record for run in trained]
    return {
        "tracing_seconds": tracing_seconds,
        "training_seconds": sum(record["training_seconds"] for record in records),
        "prediction_seconds": sum(sum(record["prediction_seconds"].values()) for record in records),
        "runs": len(records),
    }
