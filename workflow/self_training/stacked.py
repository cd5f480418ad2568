"""Training many runs at once, on JAX: parameters stacked along a leading axis, one compiled step.

A small network leaves a GPU idle between the launches of its operations; many of them, trained as
one, do not. Each run gets what it would have got alone, but for the rounding of sums in another
order, which grows as training goes on.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

from self_training.input_noise import draw
from self_training.noise_on_gpu import add_noise
from self_training.runs import FINAL, Run, TrainedRun
from self_training.training import PREDICTION_BATCH, Trainer, scale

# Runs that are trained as one, and steps that they take per call.
STACK = 32
STEPS = 64


class StackedTrainer(Trainer):
    """Trains a batch of runs in stacks, runs of similar length together."""

    def train_all(self, runs: list[Run]):
        """Yield the result of each run, in order, while `model` is its network.

        Of a search no network is kept. Two runs that are the same training are trained once.
        """
        unique = {run.digest(): run for run in runs}
        by_length = sorted(unique, key=lambda digest: -self.count_steps(unique[digest]))
        for start in range(0, len(by_length), self.stack):
            digests = by_length[start : start + self.stack]
            trained = self._train_stack([unique[digest] for digest in digests])
            self.done |= dict(zip(digests, trained, strict=True))
        for run in runs:
            if run.identity["part"] == FINAL:
                self._show(self.weights[run.digest()])
            yield self.done[run.digest()]

    def _compile(self) -> None:
        self.stack = STACK
        self.held_images = jnp.asarray(self.images)
        self.weights: dict[str, list[list[np.ndarray]]] = {}
        self.take_steps = jax.jit(jax.vmap(self._take_steps), donate_argnums=0)
        self.forward = jax.jit(jax.vmap(self._forward))

    def _take_steps(self, state, steps):
        """Take the steps of one run: of each, rows, draws of its noise, targets and weights."""
        return jax.lax.scan(self._take_step, state, steps)

    def _take_step(self, state, step):
        rows, *draws, targets, weights = step
        trainable, others, optimizer = state
        images, noise = self.held_images[rows], self.settings.noise
        if draws:
            images = add_noise(images, noise["policy"], noise["magnitude"], draws)
        x = scale(images)

        def loss_of(trainable):
            outputs, changed = self.model.stateless_call(trainable, others, x, training=True)
            return self.loss(targets, outputs, sample_weight=weights), changed

        (value, others_now), gradients = jax.value_and_grad(loss_of, has_aux=True)(trainable)
        trainable_now, optimizer_now = self.optimizer.stateless_apply(
            optimizer, gradients, trainable
        )
        # A run that has ended waits for the others of its stack.
        goes_on = weights.sum() > 0
        now = jax.tree.map(
            lambda new, old: jnp.where(goes_on, new, old),
            (trainable_now, others_now, optimizer_now),
            state,
        )
        return now, value

    def _forward(self, state, rows):
        trainable, others, _ = state
        outputs, _ = self.model.stateless_call(
            trainable, others, scale(self.held_images[rows]), training=False
        )
        return outputs

    def _train_stack(self, runs: list[Run]) -> list[TrainedRun]:
        started = time.perf_counter()
        state = jax.tree.map(lambda *of_runs: jnp.stack(of_runs), *map(self._starting_state, runs))
        feeds = [self._feed(run) for run in runs]
        losses, seen = [], np.zeros(len(runs), int)
        for _ in range(-(-max(map(self.count_steps, runs)) // STEPS)):
            some = [next(feed) for feed in feeds]
            steps = [np.stack(arrays) for arrays in zip(*some, strict=True)]
            state, values = self.take_steps(state, steps)
            # These are taken while the next ones are prepared.
            losses[-1:] = map(np.asarray, losses[-1:])
            losses.append(values)
            seen += steps[-1].sum(axis=(1, 2)).astype(int)
        losses = np.concatenate(losses, axis=1)
        training_seconds = (time.perf_counter() - started) / len(runs)
        predictions, prediction_seconds = self._predict_stack(state, runs)
        results = []
        for index, run in enumerate(runs):
            own = losses[index, : self.count_steps(run)]
            ends = range(0, len(own), self.steps_per_epoch(run))
            results.append(
                self.record(
                    run,
                    losses=[float(own[end : end + ends.step].mean()) for end in ends],
                    steps=len(own),
                    seen=int(seen[index]),
                    training_seconds=training_seconds,
                    probabilities=predictions[index],
                    prediction_seconds=prediction_seconds,
                )
            )
            if run.identity["part"] == FINAL:
                trainable, others, _ = jax.tree.map(lambda of_runs: of_runs[index], state)  # noqa: B023
                self.weights[run.digest()] = (
                    [*map(np.asarray, trainable)],
                    [*map(np.asarray, others)],
                )
        return results

    def _starting_state(self, run: Run):
        values = [*zip(self.model.variables, self.start(**run.identity), strict=True)]
        trainable = [value for variable, value in values if variable.trainable]
        others = [value for variable, value in values if not variable.trainable]
        return trainable, others, list(self.optimizer_start)

    def _feed(self, run: Run):
        """Yield STEPS steps at a time, for ever: after its last a run takes steps of no weight."""
        waiting = None
        for epoch, (order, weights) in enumerate(self._epochs(run)):
            for _, *part in self._parts(run, epoch, order, weights):
                if waiting is not None:
                    part = [np.concatenate(pair) for pair in zip(waiting, part, strict=True)]
                while len(part[0]) >= STEPS:
                    yield [array[:STEPS] for array in part]
                    part = [array[STEPS:] for array in part]
                waiting = part
        while True:
            missing = STEPS - len(waiting[0])
            yield [
                np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])
                for array in waiting
            ]
            waiting = [array[:0] for array in waiting]

    def _with_noise(self, rows: np.ndarray, rng: np.random.Generator) -> tuple:
        """Return no images, and per step rows of the dataset's and what is done to them."""
        noise = self.settings.noise
        shape = (rows.size, *self.images.shape[1:])
        draws = draw(shape, noise["policy"], noise["magnitude"], noise["operations"], rng)
        return None, rows, *(array.reshape(*rows.shape, *array.shape[1:]) for array in draws)

    def _predict_stack(self, state, runs: list[Run]):
        """Return the predictions of each run by name, and the seconds of a run by name."""
        predictions, seconds = [{} for _ in runs], {}
        for name in runs[0].predict:
            started = time.perf_counter()
            asked = [run.predict[name] for run in runs]
            longest = max(map(len, asked))
            rows = np.stack([np.resize(indices, longest) for indices in asked]).astype(np.int32)
            chunks = [
                np.asarray(self.forward(state, _fill(rows[:, start : start + PREDICTION_BATCH])))
                for start in range(0, longest, PREDICTION_BATCH)
            ]
            for index, indices in enumerate(asked):
                outputs = [chunk[index] for chunk in chunks] or [np.zeros((0, self.classes))]
                outputs = np.concatenate(outputs)[: len(indices)].astype(np.float32)
                predictions[index][name] = outputs
            seconds[name] = (time.perf_counter() - started) / len(runs)
        return predictions, seconds

    def _show(self, weights) -> None:
        """Give `model` the weights of a run."""
        variables = (self.model.trainable_variables, self.model.non_trainable_variables)
        for some, values in zip(variables, weights, strict=True):
            for variable, value in zip(some, values, strict=True):
                variable.assign(value)


def _fill(rows: np.ndarray) -> np.ndarray:
    """Return rows (runs, batch) of a full batch, so that one shape is compiled."""
    return np.pad(rows, ((0, 0), (0, PREDICTION_BATCH - rows.shape[1])), mode="wrap")
