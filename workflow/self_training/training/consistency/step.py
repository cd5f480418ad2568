"""A step of consistency training: one loss for all methods, on TensorFlow and on JAX."""

from collections.abc import Callable
from typing import Any, NamedTuple

from self_training.training.consistency.method import Method
from self_training.training.framework import keras
from self_training.training.trainer import penalized

# Parts of a run, of each of which is recorded how many unlabeled examples were learned.
PARTS = 20


class Batch(NamedTuple):
    """What a step is given.

    labeled, weak, strong: what the network takes, (labeled, ...) and twice (unlabeled, ...).
    targets, weights: of the labeled examples (see `training.batches.Steps`).
    places: of the unlabeled examples (see `views.Views`).
    """

    labeled: Any
    weak: Any
    strong: Any
    targets: Any
    weights: Any
    places: Any


class Values(NamedTuple):
    """What a step changes: lists of arrays, or of variables.

    trainable, others: of the network.
    optimizer: of the optimizer.
    averages: of the network's weights, in the order of `model.weights`.
    state: of the method; and at last how many unlabeled examples were learned, (PARTS,) sums over
        steps of their mean weight.
    """

    trainable: list
    others: list
    optimizer: list
    averages: list
    state: list


def make_objective(model: Any, loss: Callable, method: Method) -> Callable:
    """Return the loss of a step: a function of `Values`, a `Batch` and the settings of the method.

    It returns the loss, and beside it what the network's other variables and the method's state
    then are. Of the settings it takes `weight` of the unlabeled examples' loss, `penalty` (see
    `TrainingSettings.l2`), `done`, the share of the steps that has been taken, and `part`, (PARTS,)
    of which that is 1 in which the step is.
    """
    ops = keras.ops

    def objective(trainable: list, values: Values, batch: Batch, own: dict) -> tuple:
        labeled, unlabeled = batch.labeled.shape[0], batch.strong.shape[0]
        seen = [batch.labeled, batch.strong]
        if not method.by_average:
            seen.append(batch.weak)
        outputs, others, losses = model.stateless_call(
            trainable, values.others, ops.concatenate(seen), training=True, return_losses=True
        )
        strong, weak = outputs[labeled : labeled + unlabeled], outputs[labeled + unlabeled :]
        if method.by_average:
            weak, _ = model.stateless_call(*averaged(model, values), batch.weak, training=False)
        judged = method.judge(ops.stop_gradient(weak), batch.places, values.state[:-1], own)
        value = loss(batch.targets, outputs[:labeled], sample_weight=batch.weights)
        value += own["weight"] * method.rise(own) * method.learn(strong, judged, own)
        value += sum(losses)
        value += own["penalty"] / 2 * sum(ops.sum(kernel**2) for kernel in penalized(trainable))
        learned = values.state[-1] + own["part"] * ops.mean(judged.weights)
        return value, (others, [*judged.state, learned])

    return objective


def averaged(model: Any, values: Values) -> tuple[list, list]:
    """Return the averages of a network's weights, trainable ones and others; of what has none, such
    as the state of what noise is drawn by, the value itself."""
    at = {id(weight): mean for weight, mean in zip(model.weights, values.averages, strict=True)}

    def of(variables: list, some: list) -> list:
        return [at.get(id(one), value) for one, value in zip(variables, some, strict=True)]

    return (
        of(model.trainable_variables, values.trainable),
        of(model.non_trainable_variables, values.others),
    )


def _mixed(model: Any, averages: list, trainable: list, others: list, momentum: Any) -> list:
    """Return the averages of a network's weights after a step; none where there are none."""
    if not averages:
        return []
    variables = [*model.trainable_variables, *model.non_trainable_variables]
    now = {id(v): value for v, value in zip(variables, [*trainable, *others], strict=True)}
    return [
        momentum * average + (1 - momentum) * now[id(weight)]
        for weight, average in zip(model.weights, averages, strict=True)
    ]


def with_jax(model: Any, optimizer: Any, objective: Callable) -> Callable:
    """Return a compiled step: a function of `Values`, a `Batch`, settings, the learning rate and
    the momentum of averages, to the next values and the loss."""
    import jax

    rate_at = [variable is optimizer.learning_rate for variable in optimizer.variables].index(True)
    gradients_of = jax.value_and_grad(objective, has_aux=True)

    def step(values: Values, batch: Batch, own: dict, rate: Any, momentum: Any) -> tuple:
        (value, (others, state)), gradients = gradients_of(values.trainable, values, batch, own)
        before = [*values.optimizer]
        before[rate_at] = rate
        trainable, after = optimizer.stateless_apply(before, gradients, values.trainable)
        averages = _mixed(model, values.averages, trainable, others, momentum)
        return Values(trainable, others, after, averages, state), value

    return jax.jit(step)


def with_tensorflow(model: Any, optimizer: Any, objective: Callable, held: Values) -> Callable:
    """Return a compiled step that changes variables: a function of a `Batch`, settings, the
    learning rate and the momentum of averages, to the loss.

    TensorFlow's optimizers change nothing but variables.

    Args:
        held: the variables.
    """
    import tensorflow as tf

    def step(batch: Batch, own: dict, rate: Any, momentum: Any) -> Any:
        values = Values(*([tf.convert_to_tensor(one) for one in some] for some in held))
        with tf.GradientTape() as tape:
            tape.watch(values.trainable)
            value, (others, state) = objective(values.trainable, values, batch, own)
        gradients = tape.gradient(value, values.trainable)
        optimizer.learning_rate.assign(rate)
        optimizer.apply(gradients, held.trainable)
        trainable = [tf.convert_to_tensor(one) for one in held.trainable]
        averages = _mixed(model, values.averages, trainable, others, momentum)
        for variables, some in ((held.others, others), (held.averages, averages)):
            _assign(variables, some)
        _assign(held.state, state)
        return value

    return tf.function(step)


def _assign(variables: list, values: list) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
