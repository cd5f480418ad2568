"""The loss of students that are distilled: softmax of a temperature on both sides.

Hinton, Vinyals and Dean 2015 (*Distilling the knowledge in a neural network*, section 2): a student
is trained on its teachers' probabilities, softened by a temperature T, with its own softmax at the
same T, and on given labels as ever. Gradients of the former fall with 1 / T squared, so they are
multiplied by T squared, which keeps the parts of the loss in proportion whatever T is.
"""

from typing import Any

from self_training.training.framework import keras


class DistillationLoss(keras.losses.Loss):
    """Cross-entropy at a temperature of each example's own, times the square of it.

    Of what a network gives, probabilities p, the softmax of its logits v, this takes the softmax of
    v / T, which is p to the power of 1 / T, normalized. At temperature 1 it is the categorical
    cross-entropy.

    `call` takes targets with the temperature of each (examples, classes + 1; see `batches.packed`)
    and probabilities (examples, classes), and returns (examples,).
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each example."""
        ops = keras.ops
        targets, temperatures = y_true[..., :-1], y_true[..., -1:]
        logits = ops.log(ops.clip(y_pred, keras.config.epsilon(), 1.0)) / temperatures
        losses = -ops.sum(targets * ops.log_softmax(logits, axis=-1), axis=-1)
        return losses * ops.square(temperatures[..., 0])
