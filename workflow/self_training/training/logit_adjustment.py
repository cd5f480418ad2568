"""The loss of adjusted logits, for networks that are to predict as if classes were balanced.

Menon et al. 2021 (*Long-tail learning via logit adjustment*, ICLR, equation 10): the cross-entropy
of logits to which tau times the logarithm of each class's share is added. Whoever minimizes it has
the shares in what is added, and not in the logits; these predict alone.
"""

from typing import Any

from self_training.training.framework import keras

# Below this a probability is taken for it: about the least whose inverse is a number, too.
LEAST = 1e-30


class LogitAdjustedLoss(keras.losses.Loss):
    """Cross-entropy of the softmax of logits and of what is added to them.

    A network gives probabilities. Their logarithms are its logits but for a constant, of which no
    softmax takes notice.

    `call` takes targets with what is added to the logits of each (examples, 2 classes; see
    `batches.learned`) and probabilities (examples, classes), and returns (examples,).
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each example."""
        ops = keras.ops
        classes = y_pred.shape[-1]
        targets, adjustments = y_true[..., :classes], y_true[..., classes:]
        logits = ops.log(ops.maximum(y_pred, LEAST)) + adjustments
        return -ops.sum(targets * ops.log_softmax(logits, axis=-1), axis=-1)
