"""A run: one training, described by indices and targets, not by copied arrays."""

import hashlib
import json
from dataclasses import dataclass, field

import numpy as np

# The part of a fold that a final run is trained on; see `methods.parts.Part`.
FINAL = "final"


@dataclass(frozen=True)
class TrainingSettings:
    """What all runs of a job share.

    backbone: dotted path of a function that builds the network; see `image.backbones`.
    epochs, steps: how long a run is trained: one of them, the other is None.
    batch_size, learning_rate: of Adam. All batches are full; see `batches.passes`.
    unlabeled_ratio: pseudo-labeled examples per given one in every batch; None to take both as
        they come.
    label_smoothing: part of the targets' probability that is spread evenly over all classes.
    noise: of input noise `policy`, the dotted path of an `image.noise.Policy`, `magnitude` and
        `operations`; of model noise `dropout` and `survival` (see `image.backbones`). They act
        while training, never at prediction.
    threads: CPU threads; results depend on their number.
    """

    backbone: str
    epochs: int | None
    steps: int | None
    batch_size: int
    learning_rate: float
    unlabeled_ratio: float | None
    label_smoothing: float
    noise: dict
    threads: int


@dataclass(frozen=True)
class Run:
    """One network to train.

    identity: what the seeds of its weights, its order of examples and its noise come from.
    examples: (n,) indices into the dataset; one that stands twice is trained on twice.
    targets: int32 (n,) labels, or float32 (n, classes) probabilities.
    predict: name -> indices of the examples to predict afterwards.
    given: how many of the examples, the first ones, have given labels; all when None. The others
        have pseudo-labels.
    steps: gradient steps to take; as many as the settings say when None.
    name: of the ensemble that its network is a member of (see `methods.predictions`). It determines
        nothing that is trained, so that runs of several ensembles may be one training.
    """

    identity: dict
    examples: np.ndarray
    targets: np.ndarray
    predict: dict[str, np.ndarray]
    given: int | None = None
    steps: int | None = None
    name: str = ""
    settings: dict = field(default_factory=dict)

    def digest(self) -> str:
        """Return a hash that two runs share when they are the same training with the same use."""
        what = [self.identity, self.given, self.steps]
        sha = hashlib.sha256(json.dumps(what, sort_keys=True).encode())
        for array in (self.examples, self.targets, *self.predict.values()):
            sha.update(f"{array.dtype}{array.shape}".encode())
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()


@dataclass
class TrainedRun:
    """What is left of a run.

    probabilities: name -> float32 (examples, classes), as asked by `Run.predict`.
    record: JSON-able; losses per epoch, gradient steps, examples seen, seconds.
    """

    probabilities: dict[str, np.ndarray]
    record: dict
