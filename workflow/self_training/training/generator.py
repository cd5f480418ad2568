"""Jobs of a generator of texts: it learns how the texts of a pool read, and continues prompts.

It is given texts without labels. A job that was killed goes on where it was last saved.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from self_training import storage
from self_training.data.generators import FARTHEST
from self_training.errors import ConfigError, DatasetError
from self_training.seeds import derive_seed
from self_training.seeds import generator as random_numbers
from self_training.text import generator as texts
from self_training.text.generator import Generator
from self_training.text.pool import pool_of
from self_training.training import pytorch
from self_training.training.batches import passes
from self_training.training.checkpoints import Checkpoints, State

logger = logging.getLogger(__name__)

LARGEST_GRADIENT = 1.0  # Norm, of all weights together; larger ones are scaled down.
_OF_ADAM = ("step", "exp_avg", "exp_avg_sq")
_STATE = "generator"


def adapt_job(snakemake) -> None:
    """Train a generator on the texts of a pool, and write it with a record of that.

    Args:
        snakemake: the job: with the inputs `texts`, `split` and `classes`; the parameters
            `identity`, `settings` (of `PlanOfSynthetic.adapting_settings`), `threads`,
            `fingerprint` and `code`; and the outputs `model`, a folder, and `record`.
    """
    params, settings = snakemake.params, snakemake.params.settings
    check_prompts(settings["classes"], storage.load_json(snakemake.input.classes))
    pytorch.start_framework(params.threads)
    started = time.perf_counter()
    generator = texts.load(settings["model"], settings["revision"])
    pool = pool_of(snakemake.input.texts, snakemake.input.split, settings["transductive"])
    with _kept(snakemake, pool) as checkpoints:
        losses = adapt(generator, pool, checkpoints, identity=params.identity, **settings["adapt"])
    folder = Path(snakemake.output.model)
    folder.mkdir(parents=True, exist_ok=True)
    generator.network.save_pretrained(folder)
    generator.tokenizer.save_pretrained(folder)
    record = {"texts": len(pool), "seconds": time.perf_counter() - started, "losses": losses}
    storage.save_json(snakemake.output.record, record | {"framework": _described()})


def adapt(
    generator: Generator,
    pool: list[str],
    checkpoints: Checkpoints,
    *,
    identity: dict,
    steps: int,
    batch_size: int,
    learning_rate: float,
) -> list[float]:
    """Train a generator on some texts, each from its beginning to its end, and return the loss of
    every step.

    By AdamW without weight decay, at a rate that falls linearly to 0, with the dropout of its
    files.
    """
    device = pytorch.device()
    network = generator.network.to(device)
    network.train()
    weights = [one for one in network.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(weights, learning_rate, weight_decay=0)
    losses = _go_on(checkpoints, weights, optimizer, device)
    stream = passes(len(pool), batch_size, learned="generator", **identity)
    batches: Iterator[np.ndarray] = islice(stream, len(losses), steps)
    for step, rows in enumerate(batches, start=len(losses)):
        torch.manual_seed(derive_seed(purpose="adaptation", step=step, **identity))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * (1 - step / steps)
        ids, mask = texts.padded([texts.whole(generator, pool[row]) for row in rows], 0, left=False)
        learned = np.where(mask == 1, ids, texts.NOT_LEARNED)
        given = {"input_ids": ids, "attention_mask": mask, "labels": learned}
        optimizer.zero_grad()
        loss = network(
            **{name: torch.from_numpy(array).to(device) for name, array in given.items()}
        ).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, LARGEST_GRADIENT)
        optimizer.step()
        losses.append(float(loss.detach()))
        checkpoints.offer(_STATE, partial(_state, weights, optimizer, losses))
        if step % 100 == 0 or step == steps - 1:
            logger.info("step %d of %d: loss %.4g", step + 1, steps, losses[-1])
    if not np.isfinite(losses).all():
        raise ConfigError(
            f"generator.adapt.learning_rate: Expected one at which the loss stays finite. Received:"
            f" {learning_rate}. Choose a smaller one."
        )
    return losses


def _state(weights: list, optimizer: Any, losses: list[float]) -> State:
    known = (optimizer.state[one][name] for one in weights for name in _OF_ADAM)
    arrays = [one.detach().cpu().numpy() for one in (*weights, *known)]
    return State([np.array(losses), *arrays], {})


def _go_on(checkpoints: Checkpoints, weights: list, optimizer: Any, device: Any) -> list[float]:
    """Return the losses of the steps that were taken before a kill, and go on from there."""
    state = checkpoints.state(_STATE)
    if state is None:
        return []
    losses, *arrays = state.arrays
    with torch.no_grad():
        for index, parameter in enumerate(weights):
            parameter.copy_(torch.from_numpy(arrays[index]))
            start = len(weights) + len(_OF_ADAM) * index
            known = map(torch.from_numpy, arrays[start : start + len(_OF_ADAM)])
            optimizer.state[parameter] = {
                name: one if name == "step" else one.to(device)
                for name, one in zip(_OF_ADAM, known, strict=True)
            }
    logger.info("Adaptation goes on after %d steps", len(losses))
    return losses.tolist()


def generate_job(snakemake) -> None:
    """Continue prompts of every class, and write what came of it.

    Args:
        snakemake: the job: with the inputs `texts`, `split` and `classes`, and `adapted`, the
            folder of an adapted model, if there is one; the parameters `identity`, `settings`
            (of `PlanOfSynthetic.generating_settings`), `threads`, `fingerprint` and `code`; and the
            output `generated`.
    """
    params, settings = snakemake.params, snakemake.params.settings
    pytorch.start_framework(params.threads)
    started = time.perf_counter()
    classes = storage.load_json(snakemake.input.classes)
    check_prompts(settings["prompts"], classes)
    own = settings["model"], settings["revision"]
    generator = texts.load(*(snakemake.input.adapted or own))
    pool = pool_of(snakemake.input.texts, snakemake.input.split, settings["transductive"])
    if settings["new_tokens"]:
        check_positions(generator, settings["prompts"], **settings["new_tokens"])
    length = settings["new_tokens"] or length_of(generator, pool)
    logger.info("new tokens: mean %(mean).3g, deviation %(deviation).3g", length)
    with _kept(snakemake, pool) as checkpoints:
        rows = generate(
            generator,
            {name: settings["prompts"][name] for name in classes},
            checkpoints,
            identity=params.identity,
            new_tokens=length,
            **{key: settings[key] for key in ("per_class", "batch_size", "sampling")},
        )
    made = {"rows": rows, "new_tokens": length, "seconds": time.perf_counter() - started}
    storage.save_json(snakemake.output.generated, made | {"framework": _described()})


def check_prompts(prompts: Iterable[str], classes: list[str]) -> None:
    """Raise ConfigError where a class has no prompts.

    Args:
        prompts: names of classes that have some.
    """
    lacking = [name for name in classes if name not in prompts]
    if lacking:
        expected = f"prompts of every class ({', '.join(classes)}); none of {', '.join(lacking)}"
        raise ConfigError.of("generator.prompts", expected, sorted(prompts))


def check_positions(
    generator: Generator, prompts: dict[str, list[str]], mean: float, deviation: float
) -> None:
    """Raise ConfigError where a prompt and its continuation may have more tokens than a model has
    positions for."""
    most = round(mean + FARTHEST * deviation)
    for name, some in prompts.items():
        longest = max(some, key=lambda prompt: len(texts.begun(generator, prompt)))
        tokens = len(texts.begun(generator, longest))
        if tokens + most > generator.positions:
            raise ConfigError.of(
                "generator.new_tokens",
                f"at most {generator.positions} tokens with a prompt, for which the model has "
                f"positions: a prompt of {name} has {tokens}, and there are up to {most} new ones",
                {"mean": mean, "deviation": deviation},
            )


def length_of(generator: Generator, pool: list[str]) -> dict[str, float]:
    """Return mean and deviation of how many tokens texts of a pool have."""
    found = texts.lengths(generator, pool)
    return {"mean": float(found.mean()), "deviation": float(found.std())}


def generate(
    generator: Generator,
    prompts: dict[str, list[str]],
    checkpoints: Checkpoints,
    *,
    identity: dict,
    per_class: int,
    batch_size: int,
    new_tokens: dict[str, float],
    sampling: dict[str, Any],
) -> list[dict]:
    """Return texts of every class: rows of `class`, `prompt` and `text`, in order.

    Every batch has seeds of its own, of its class and number: which prompts are continued, by how
    many tokens at most, and what is drawn.

    Args:
        prompts: of each class, by its name.
        per_class: texts of each.
        new_tokens: `mean` and `deviation` of the most tokens of a batch's texts.
        sampling: of `text.generator.continue_all`.

    Raises: DatasetError, where a prompt leaves no room for a new token.
    """
    generator.network.to(pytorch.device())
    state = checkpoints.state(_STATE)
    rows: list[dict] = state.about["rows"] if state else []
    wanted = [(name, start) for name in prompts for start in range(0, per_class, batch_size)]
    done = 0
    for name, start in wanted:
        count = min(batch_size, per_class - start)
        done += count
        if done <= len(rows):
            continue
        seeded = identity | {"class": name, "batch": start // batch_size}
        rng = random_numbers(purpose="prompts", **seeded)
        drawn = [prompts[name][pick] for pick in rng.integers(len(prompts[name]), size=count)]
        room = generator.positions - max(len(texts.begun(generator, one)) for one in prompts[name])
        if room < 1:
            raise DatasetError(
                f"generator.prompts.{name}: Expected prompts of fewer than the "
                f"{generator.positions} tokens that the model has positions for. Received one that "
                "leaves none for its continuation. Shorten it."
            )
        torch.manual_seed(derive_seed(purpose="generation", **seeded))
        most = draw_length(rng, room=room, **new_tokens)
        made = _within_memory(partial(texts.continue_all, generator, drawn, most, sampling), count)
        rows += [
            {"class": name, "prompt": prompt, "text": text}
            for prompt, text in zip(drawn, made, strict=True)
        ]
        checkpoints.offer(_STATE, partial(State, [np.zeros(0)], {"rows": rows}))
        logger.info("%s: %d of %d texts", name, start + count, per_class)
    return rows


def draw_length(rng: np.random.Generator, *, mean: float, deviation: float, room: int) -> int:
    """Return a number of tokens, normal around a mean, at least 1 and at most `room`."""
    drawn = rng.normal(mean, deviation)
    farthest = FARTHEST * deviation
    return int(np.clip(round(np.clip(drawn, mean - farthest, mean + farthest)), 1, room))


def _within_memory(make: Callable[[], list[str]], count: int) -> list[str]:
    try:
        return make()
    except torch.cuda.OutOfMemoryError as error:
        raise ConfigError.of(
            "generator.batch_size", "so few texts that they fit into the GPU's memory", count
        ) from error


@contextmanager
def _kept(snakemake, pool: list[str]) -> Iterator[Checkpoints]:
    """Yield what a job keeps for the case of a kill, in the folder of its study, removed at its
    end."""
    results, study, *job = Path(snakemake.output[0]).parts
    folder, params = Path(results, study, "checkpoints", snakemake.rule, *job), snakemake.params

    def describe() -> dict:
        given = {"settings": dict(params.settings), "identity": dict(params.identity)}
        about = {"code": params.code, "files": params.fingerprint, "threads": params.threads}
        return given | about | {"framework": _described() | {"host": ""}, "pool": pool}

    yield Checkpoints(folder, describe)
    shutil.rmtree(folder, ignore_errors=True)


def _described() -> dict[str, str]:
    return pytorch.describe_framework()
