"""Pretrained transformers are trained as other networks are, and on what a study says alone.

They are small, of random weights, and written here; nothing is fetched. Without PyTorch,
transformers and peft all of it is skipped.
"""

import json
import re
import subprocess
import sys
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pytest
from conftest import ROOT
from self_training.errors import ConfigError, DatasetError
from self_training.study import names
from self_training.text.noise import WORDS
from self_training.training.batches import epochs
from self_training.training.checkpoints import Checkpoints
from self_training.training.runs import Run, TrainingSettings
from tiny_transformers import (
    CLS,
    FIRST,
    KINDS,
    MASK,
    PAD,
    SEP,
    UNK,
    VOCABULARY,
    config_of,
    write_tokenizer,
    write_transformer,
)

torch = pytest.importorskip("torch", reason="torch: transformers are trained by the extra text")
for _name in ("transformers", "peft"):
    pytest.importorskip(_name, reason=f"{_name}: transformers are trained by the extra text")

import transformers  # noqa: E402
from self_training.text import classifier, pretrained, tokens  # noqa: E402
from self_training.training import progress  # noqa: E402
from self_training.training import transformer as trainers  # noqa: E402
from self_training.training.transformer import TransformerTrainer  # noqa: E402

NO_NOISE = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0, "survival": 1}
NOISE = NO_NOISE | {"policy": "self_training.text.noise:WORDS", "magnitude": 20, "dropout": 0.3}
LORA = {"rank": 2, "alpha": 8, "dropout": 0.1, "bias": "all", "target_modules": None}
LENGTH, EXAMPLES = 14, 60


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, str]:
    return {kind: write_transformer(tmp_path_factory.mktemp(kind), kind) for kind in KINDS}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def texts() -> np.ndarray:
    """Texts of 3 to 12 words; the third of the words that the first one is of tells the class."""
    rng = np.random.default_rng(0)
    ids = np.full((EXAMPLES, LENGTH), PAD, np.int32)
    for number, row in enumerate(ids):
        count = rng.integers(3, LENGTH - 1)
        row[: count + 2] = [CLS, *rng.integers(FIRST + 9, VOCABULARY, count), SEP]
        row[1] = FIRST + 3 * (number % 3) + rng.integers(3)
    return ids


IDS = texts()
LABELS = np.arange(EXAMPLES, dtype=np.int32) % 3


def settings(folder: str, lora=None, micro_batch=None, recompute=False, **changes):
    own = {"model": folder, "lora": lora, "micro_batch": micro_batch, "recompute": recompute}
    defaults = {
        "backbone": names.BACKBONES["transformer"],
        "epochs": None,
        "steps": 6,
        "batch_size": 8,
        "learning_rate": 0.003,
        "scaling": "none",
        "l2": 0,
        "weight_decay": 0.01,
        "warmup": 0.1,
        "decay": "linear",
        "ema": 0,
        "loss": "per_example",
        "unlabeled_ratio": None,
        "distillation": 1,
        "label_smoothing": 0,
        "noise": NO_NOISE,
        "threads": 1,
        "transformer": own | {"bfloat16": False, "kept": False},
    }
    return TrainingSettings(**defaults | changes)


def run(examples=24, soft=False, **identity) -> Run:
    targets = LABELS[:examples]
    if soft:
        targets = (np.eye(3, dtype=np.float32)[targets] + 0.1) / np.float32(1.3)
    asked = {"evaluation": np.arange(30, 60), "unlabeled": np.arange(24, 40)}
    return Run({"study": 1, "part": "final"} | identity, np.arange(examples), targets, asked)


def trainer_of(some_run, *where, **changes) -> TransformerTrainer:
    return TransformerTrainer(IDS, 3, settings(*where, **changes), some_run)


def train(some_run, *where, **changes):
    return trainer_of(some_run, *where, **changes).train(some_run)


def assert_same(one, other):
    for name, probabilities in one.probabilities.items():
        np.testing.assert_array_equal(other.probabilities[name], probabilities)


# What is trained.


def test_adapters_of_roberta_base_are_as_many_as_they_should_be():
    """Golden: the weights of a study of 2025, r = 4, all biases, query, key and value."""
    config = transformers.RobertaConfig(
        vocab_size=50_265, max_position_embeddings=514, type_vocab_size=1, num_labels=4
    )
    with torch.device("meta"):
        network = transformers.RobertaForSequenceClassification(config)
    new = {name for name, _ in network.named_parameters() if name.startswith("classifier.")}
    lora = {"rank": 4, "alpha": 64, "dropout": 0.1, "bias": "all"}
    with torch.device("meta"):
        found = classifier.connect(
            network, new, lora | {"target_modules": ["query", "key", "value"]}
        )
    assert (found.trainable, found.parameters) == (916_996, 125_463_560)
    # 12 layers x 3 x 4 x (768 + 768), biases and norms, and the head, of which peft keeps a copy.
    assert found.trainable == 12 * 3 * 4 * 1536 + 102_144 + (768 * 768 + 768 + 768 * 4 + 4)
    scaling = network.roberta.encoder.layer[0].attention.self.query.scaling
    assert scaling == {"default": 16}


@pytest.mark.parametrize("lora", [None, LORA], ids=["all", "adapters"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_architecture_takes_steps_and_predicts(folders, kind, lora):
    trainer = trainer_of(run(), folders[kind], lora)
    model = trainer.network.model
    frozen = {n: p.detach().clone() for n, p in model.named_parameters() if not p.requires_grad}
    trained = trainer.train(run())
    assert trained.record["steps"] == 6 and not trained.record["diverged"]
    # A head and adapters are few, and what is not trained counts, too.
    assert trained.record["parameters"] == sum(some.numel() for some in model.parameters())
    for probabilities in trained.probabilities.values():
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    after = dict(model.named_parameters())
    assert bool(frozen) == bool(lora)
    for name, before in frozen.items():
        assert torch.equal(after[name], before), name
    moved = [name for name, start in trainer.network.starts.items()
             if not torch.equal(after[name], start)]  # fmt: skip
    # Of ModernBERT no layer has a bias.
    assert bool(moved) != (kind == "modernbert" and lora is not None)
    assert len(trainer.network.new) >= 2
    learned = train(run(), folders[kind], lora, steps=60, learning_rate=0.01)
    assert learned.record["losses"][-1] < 0.8 * learned.record["losses"][0]
    found = learned.probabilities["evaluation"].argmax(axis=1)
    assert (found == LABELS[30:]).mean() > (0.8 if lora is None else 0.4)


def test_members_share_what_is_not_trained(folders):
    """One base in memory, whoever is trained on it, and every member starts from it."""
    trainer = trainer_of(run(), folders["bert"], LORA)
    base = trainer.network.model.base_model.model.bert.embeddings.word_embeddings.weight
    where, before = base.data_ptr(), base.detach().clone()
    members = [*trainer.train_all([run(member=member) for member in (0, 1)])]
    assert base.data_ptr() == where and torch.equal(base, before)
    assert (members[0].probabilities["evaluation"] != members[1].probabilities["evaluation"]).any()
    # Beside it there are what is trained, and what that starts from.
    kept = sum(start.numel() for start in trainer.network.starts.values())
    assert kept <= trainer.network.trainable < trainer.network.parameters / 3
    assert_same(members[1], train(run(member=1), folders["bert"], LORA))


def test_a_head_is_new_whatever_the_files_have(folders, tmp_path):
    """A classifier of three other classes is not what a study's networks start from."""
    network = transformers.AutoModelForSequenceClassification.from_pretrained(
        folders["bert"], num_labels=3
    )
    with torch.no_grad():
        network.classifier.weight.fill_(7)
    network.save_pretrained(tmp_path)
    write_tokenizer(tmp_path)
    found = classifier.build(str(tmp_path), 3)
    heads = []
    for seed in (1, 2, 1):
        found.reset(seed)
        heads.append(found.model.classifier.weight.detach().clone())
        assert heads[-1].abs().max() < 1 and found.model.classifier.bias.abs().max() == 0
    assert torch.equal(heads[0], heads[2]) and not torch.equal(heads[0], heads[1])
    # All else is what it was, after it was trained.
    pooler = found.model.bert.pooler.dense.weight
    assert torch.equal(pooler, network.bert.pooler.dense.weight)
    with torch.no_grad():
        pooler.zero_()
    found.reset(1)
    assert torch.equal(pooler, network.bert.pooler.dense.weight)


def test_adapters_change_nothing_at_first(folders):
    plain = classifier.build(folders["bert"], 3)
    adapted = classifier.build(folders["bert"], 3, lora=LORA | {"dropout": 0})
    some = torch.from_numpy(IDS[:4].astype(np.int64))
    outputs = []
    for found in (plain, adapted):
        found.reset(5)
        inner = found.model if found is plain else found.model.base_model.model
        outputs.append(inner.bert(some, attention_mask=(some != PAD).long()).last_hidden_state)
    assert torch.equal(*outputs)


# Steps.


@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
def test_a_step_is_what_it_is_by_hand(folders, soft):
    """The loss, and what AdamW does to a bias of the head, whose gradient is known."""
    given = replace(run(soft=soft), given=6)
    own = settings(folders["bert"], loss="per_part", batch_size=12, warmup=0, decay="none")
    trainer = TransformerTrainer(IDS, 3, own, given)
    trainer.network.reset(1)
    ((batch, *_), *_) = map(list, trainer.batches(given))
    ids = torch.from_numpy(batch.ids.astype(np.int64))
    trainer.network.model.eval()
    with torch.no_grad():
        logits = trainer.network.model(ids, attention_mask=(ids != PAD).long()).logits.numpy()
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = batch.targets if soft else np.eye(3)[batch.targets]
    weights = batch.weights / batch.weights.sum()
    assert len(set(weights.tolist())) == 2  # Labeled and pseudo-labeled ones.
    loss = -(weights * (targets * np.log(probabilities)).sum(axis=1)).sum()
    gradient = (weights[:, None] * (probabilities - targets)).sum(axis=0)
    bias = trainer.network.model.classifier.bias
    with torch.no_grad():
        bias.copy_(torch.tensor([0.5, 0.5, 0.5]))  # Which changes no probability.
    optimizer = torch.optim.AdamW(trainer.network.trained, 1, weight_decay=0.01)
    trainer.network.model.train()
    assert trainer.take_step(optimizer, batch) == pytest.approx(loss, rel=1e-5)
    assert batch.rate == pytest.approx(0.003)
    expected = 0.5 * (1 - 0.003 * 0.01) - 0.003 * np.sign(gradient)
    np.testing.assert_allclose(bias.detach(), expected, rtol=1e-5)


def test_what_is_distilled_is_learned_at_its_temperature():
    """Of pseudo-labels alone, by hand: T squared times the cross-entropy of softened logits."""
    logits = np.array([[1.0, 2.0, 0.0], [3.0, 0.0, 1.0]])
    targets = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    temperatures = np.array([2.0, 1.0])
    softened = np.exp(logits / temperatures[:, None])
    softened /= softened.sum(axis=1, keepdims=True)
    expected = -(temperatures**2) * (targets * np.log(softened)).sum(axis=1)
    given = torch.tensor(np.concatenate([targets, temperatures[:, None]], axis=1))
    shown = torch.tensor(logits, requires_grad=True)
    found = trainers.loss_of(shown, given, distills=True)
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-12)
    # The gradient is T (softened - targets): as large as those of given labels, whatever T is.
    found.sum().backward()
    by_hand = temperatures[:, None] * (softened - targets)
    np.testing.assert_allclose(shown.grad, by_hand, rtol=1e-12)


def test_students_are_distilled(folders):
    some = replace(run(soft=True), given=8)
    plain, distilled = (train(some, folders["bert"], distillation=t) for t in (1, 3))
    assert (plain.probabilities["evaluation"] != distilled.probabilities["evaluation"]).any()
    trainer = trainer_of(some, folders["bert"], distillation=3)
    batch = next(next(trainer.batches(some)))
    assert batch.targets.shape == (8, 4) and set(batch.targets[:, -1]) == {1, 3}


def test_logits_are_adjusted_by_the_shares_of_classes(folders):
    """Menon et al. 2021, equation 10: of 24 labels, of which half are of the first class."""
    some = replace(run(), targets=np.repeat(np.arange(3, dtype=np.int32), (12, 8, 4)))
    trainer = trainer_of(some, folders["bert"], logit_adjustment=2)
    batch = next(next(trainer.batches(some)))
    assert batch.targets.shape == (8, 6)
    trainer.network.model.eval()
    with torch.no_grad():
        logits = trainer.logits(batch.ids).numpy().astype(np.float64)
        found = trainer.losses(batch.ids, batch.targets).numpy()
    adjusted = logits + 2 * np.log(np.array([12, 8, 4]) / 24)
    logs = adjusted - np.log(np.exp(adjusted).sum(axis=1, keepdims=True))
    labels = batch.targets[:, :3].argmax(axis=1)
    np.testing.assert_allclose(found, -logs[np.arange(8), labels], rtol=1e-5)
    # What it predicts, it predicts without.
    predicted = trainer.train(some).probabilities["evaluation"]
    logits = torch.cat([trainer.logits(IDS[some.predict["evaluation"]][at : at + 8])
                        for at in range(0, 30, 8)])  # fmt: skip
    np.testing.assert_allclose(predicted, logits.softmax(1).detach(), atol=1e-5)


def test_a_run_is_what_plain_pytorch_does(folders):
    """Rates, order of examples, and the optimizer's state from step to step."""
    some_run, own = run(), settings(folders["roberta"], steps=5)
    trained = TransformerTrainer(IDS, 3, own, some_run).train(some_run)
    trainer = TransformerTrainer(IDS, 3, own, some_run)
    trainer.network.reset(trainers.derive_seed(purpose="weights", **some_run.identity))
    network = trainer.network.model.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1, weight_decay=0.01)
    for steps in epochs(some_run, own, 3):
        for rows, targets, rate in zip(steps.rows, steps.targets, steps.rates, strict=True):
            longest = (IDS[rows] != PAD).sum(axis=1).max()
            ids = torch.from_numpy(IDS[rows, :longest].astype(np.int64))
            logits = network(ids, attention_mask=(ids != PAD).long()).logits
            wanted = torch.from_numpy(targets.astype(np.int64))
            loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="none").sum() / 8
            optimizer.zero_grad()
            loss.backward()
            optimizer.param_groups[0]["lr"] = float(rate)
            optimizer.step()
    network.eval()
    (asked,) = (some_run.predict[name] for name in ("evaluation",))
    ids = torch.from_numpy(IDS[asked].astype(np.int64))
    with torch.inference_mode():
        found = network(ids, attention_mask=(ids != PAD).long()).logits.softmax(dim=1).numpy()
    np.testing.assert_allclose(trained.probabilities["evaluation"], found, atol=1e-6)


@pytest.mark.parametrize("lora", [None, LORA | {"dropout": 0}], ids=["all", "adapters"])
def test_a_batch_in_parts_is_the_batch(folders, lora):
    some_run = replace(run(), given=6)
    whole = train(some_run, folders["bert"], lora, loss="per_part")
    parts = train(some_run, folders["bert"], lora, micro_batch=3, loss="per_part")
    np.testing.assert_allclose(parts.record["losses"], whole.record["losses"], rtol=1e-4)
    for name, probabilities in whole.probabilities.items():
        np.testing.assert_allclose(parts.probabilities[name], probabilities, atol=1e-4)
    trainer = trainer_of(some_run, folders["bert"], micro_batch=3)
    rows = trainer._in_parts(IDS[:8])
    assert [len(some) for some in rows] == [3, 3, 2]
    assert sorted(np.concatenate(rows)) == list(range(8))
    lengths = (IDS[:8] != PAD).sum(axis=1)
    assert (np.diff(lengths[np.concatenate(rows)]) <= 0).all()


def test_what_is_recomputed_is_the_same(folders):
    changes = {"noise": NO_NOISE | {"dropout": 0.3}}
    for lora in (None, LORA):
        assert_same(
            train(run(), folders["bert"], lora, **changes),
            train(run(), folders["bert"], lora, recompute=True, **changes),
        )


def test_bfloat16_is_of_a_gpu(folders):
    """A CPU takes no notice; where it is taken, losses are of single precision all the same."""
    own = settings(folders["bert"])
    asked = replace(own, transformer=own.transformer | {"bfloat16": True})
    assert_same(
        TransformerTrainer(IDS, 3, asked, run()).train(run()), train(run(), folders["bert"])
    )
    trainer = trainer_of(run(), folders["bert"])
    trainer.network.model.eval()
    exact = trainer.logits(IDS[:5])
    trainer.bfloat16 = True
    rounded = trainer.logits(IDS[:5])
    assert rounded.dtype == torch.float32 and not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded, exact, atol=0.2, rtol=0.1)


def test_batches_are_padded_to_their_longest_text(folders):
    trainer, seen = trainer_of(run(), folders["bert"]), []
    model = trainer.network.model

    def watched(input_ids, attention_mask):
        seen.append((input_ids, attention_mask))
        return model(input_ids, attention_mask)

    watched.device = model.device
    trainer.network.model = watched
    trainer.logits(IDS[:5])
    ((ids, mask),) = seen
    assert ids.shape[1] == (IDS[:5] != PAD).sum(axis=1).max() < LENGTH
    np.testing.assert_array_equal(mask, (ids != PAD).long())
    # A word of the text that is spelled as what pads is none, and hides no other.
    odd = np.array([[CLS, PAD, 7, SEP, PAD, PAD]], np.int32)
    trainer.logits(odd)
    assert seen[1][0].tolist() == [[CLS, PAD, 7, SEP]] and seen[1][1].tolist() == [[1, 0, 1, 1]]


def test_steps_are_taken_exactly(folders):
    by_epochs = train(run(20), folders["bert"], epochs=2, steps=None)
    by_steps = train(replace(run(20), steps=5), folders["bert"], steps=99)
    assert by_epochs.record["steps"] == by_steps.record["steps"] == 5
    assert by_steps.record["examples_seen"] == 40 and by_steps.record["examples"] == 20
    assert_same(by_epochs, by_steps)
    assert len(by_steps.record["losses"]) == 2
    own = train(replace(run(20), settings={"steps": 3}), folders["bert"])
    assert own.record["steps"] == 3


def test_runs_have_settings_of_their_own(folders):
    trainer = trainer_of(run(), folders["bert"], label_smoothing=0.1)
    plain = trainer.train(run())
    smoothed, slower = (
        trainer.train(replace(run(), settings=changes))
        for changes in ({"label_smoothing": 0.2}, {"learning_rate": 1e-5})
    )
    assert_same(smoothed, train(run(), folders["bert"], label_smoothing=0.2))
    assert_same(slower, train(run(), folders["bert"], learning_rate=1e-5, label_smoothing=0.1))
    for other in (smoothed, slower):
        assert (other.probabilities["evaluation"] != plain.probabilities["evaluation"]).any()
    assert smoothed.record["losses"][-1] != plain.record["losses"][-1]
    # One that is asked for twice is trained once.
    assert trainer.train(run()) is plain


def test_mixed_batches_have_one_ratio(folders):
    mixed = replace(run(), given=4)
    trainer = trainer_of(mixed, folders["bert"], unlabeled_ratio=3)
    first = {tuple(row) for row in IDS[:4].tolist()}
    for epoch in trainer.batches(mixed):
        for batch in epoch:
            assert sum(tuple(row) in first for row in batch.ids.tolist()) == 2


# What is drawn.


@pytest.mark.parametrize("lora", [None, LORA], ids=["all", "adapters"])
def test_a_run_is_the_same_alone_in_a_job_and_after_a_kill(folders, lora):
    """Bit for bit, with all that is drawn at random: head, order, noise of words, dropout."""
    some = [replace(run(member=member), given=10) for member in (0, 1, 2)]
    trainer = trainer_of(some[0], folders["bert"], lora, noise=NOISE)
    together = [*trainer.train_all(some)]
    for number in (2, 1):
        torch.manual_seed(number)  # Whatever was drawn before.
        alone = train(some[number], folders["bert"], lora, noise=NOISE)
        assert_same(together[number], alone)
        assert alone.record["losses"] == together[number].record["losses"]


@pytest.mark.parametrize("lora", [None, LORA], ids=["all", "adapters"])
@pytest.mark.parametrize("steps", [0, 1, 4])
def test_a_killed_run_goes_on_where_it_was(folders, tmp_path, monkeypatch, lora, steps):
    """After so many steps, bit for bit what it would have been; nothing is computed twice."""
    some, own = run(), settings(folders["bert"], lora, noise=NOISE)
    expected = TransformerTrainer(IDS, 3, own, some).train(some)
    taken = []

    def kept() -> Checkpoints:
        return Checkpoints(tmp_path / "kept", lambda: {"job": 1})

    def take_step(trainer, optimizer, batch):
        if len(taken) == steps:
            raise KeyboardInterrupt
        taken.append(1)
        return TransformerTrainer.take_step(trainer, optimizer, batch)

    trainer = TransformerTrainer(IDS, 3, own, some, kept())
    monkeypatch.setattr(trainer.checkpoints, "due", lambda: True)
    monkeypatch.setattr(trainer, "take_step", partial(take_step, trainer))
    with pytest.raises(KeyboardInterrupt):
        trainer.train(some)
    again = TransformerTrainer(IDS, 3, own, some, kept())
    monkeypatch.setattr(again.checkpoints, "due", lambda: True)
    counted = []
    monkeypatch.setattr(
        again,
        "take_step",
        lambda *step: counted.append(1) or TransformerTrainer.take_step(again, *step),
    )
    found = again.train(some)
    assert len(counted) == 6 - steps
    assert_same(expected, found)
    assert found.record["losses"] == expected.record["losses"]
    # Nor is a run that has ended trained again.
    last = TransformerTrainer(IDS, 3, own, some, kept())
    monkeypatch.setattr(last, "take_step", None)
    assert_same(expected, last.train(some))


def test_networks_with_and_without_noise_start_alike(folders):
    """And nothing of a network without noise depends on what another one has."""
    heads = []
    for noise in (NO_NOISE, NOISE):
        trainer = trainer_of(run(), folders["bert"], noise=noise, steps=1, learning_rate=1e-12)
        trainer.train(run())
        heads.append(trainer.network.model.classifier.weight.detach().numpy().copy())
    np.testing.assert_allclose(*heads, atol=1e-9)


def test_noise_leaves_special_tokens_and_padding_alone(folders):
    trainer = trainer_of(run(), folders["bert"], noise=NOISE | {"magnitude": 30})
    batches = [batch.ids for epoch in trainer.batches(run()) for batch in epoch]
    orders = [rows for steps in epochs(run(), settings(folders["bert"]), 3) for rows in steps.rows]
    masked = 0
    for noisy, rows in zip(batches, orders, strict=True):
        for row, was in zip(noisy, IDS[rows], strict=True):
            kept = row[row != PAD]
            assert kept[0] == CLS and kept[-1] == SEP and (row[len(kept) :] == PAD).all()
            assert (kept == CLS).sum() == (kept == SEP).sum() == 1
            assert set(kept) <= {*was, MASK} and len(kept) <= (was != PAD).sum()
            masked += (kept == MASK).sum()
    assert masked > 0 and any((n != IDS[r]).any() for n, r in zip(batches, orders, strict=True))
    # Every time anew.
    again = replace(run(), examples=np.zeros(24, int))
    rows = {tuple(row) for epoch in trainer.batches(again) for some in epoch for row in some.ids}
    assert len(rows) > 10


def test_unknown_words_are_words(folders):
    words = tokens.words_of(tokens.load(folders["bert"]))
    assert words.pad == PAD and words.mask == MASK
    assert sorted(words.others) == [PAD, CLS, SEP, MASK]
    ids = np.array([[CLS, UNK, 7, SEP, PAD]], np.int32)
    assert words.are_in(ids).tolist() == [[False, True, True, False, False]]
    none = np.zeros(ids.shape, bool)
    every = trainers.change(ids, none, none, ~none, words)
    # One that would have no word left stays as it is.
    assert every.tolist() == ids.tolist()
    first = np.array([[True, True, False, True, True]])
    assert trainers.change(ids, first, none, none, words).tolist() == [[CLS, 7, SEP, PAD, PAD]]
    assert trainers.change(ids, none, first, none, words).tolist() == [[CLS, 7, UNK, SEP, PAD]]
    assert trainers.change(ids, none, none, first, words).tolist() == [[CLS, MASK, 7, SEP, PAD]]
    assert trainer_of(run(), folders["bert"], noise=NOISE).policy is WORDS


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_what_the_study_says_and_off_at_prediction(folders, kind):
    """Of the network's own files (0.1 in these kinds) nothing is left."""
    some = torch.from_numpy(IDS[:6].astype(np.int64))
    mask = (some != PAD).long()
    for dropout in (0, 0.5):
        found = classifier.build(folders[kind], 3, dropout=dropout)
        found.reset(1)
        outputs = []
        for training in (True, True, False, False):
            found.model.train(training)
            torch.manual_seed(len(outputs))
            outputs.append(found.model(some, attention_mask=mask).logits)
        assert torch.equal(outputs[2], outputs[3])
        assert torch.equal(outputs[0], outputs[1]) != bool(dropout)
        assert torch.allclose(outputs[0], outputs[2], atol=1e-6) != bool(dropout)
    noisy = trainer_of(run(), folders[kind], noise=NO_NOISE | {"dropout": 0.5})
    noisy.network.model.train()
    twice = [noisy.predict(np.arange(10)) for _ in range(2)]
    np.testing.assert_array_equal(*twice)


def test_every_dropout_of_a_configuration_is_set():
    config = config_of("distilbert")
    config.encoder_layerdrop = 0.2
    pretrained.set_dropout(config, 0.4)
    assert config.dropout == config.attention_dropout == config.seq_classif_dropout == 0.4
    assert config.encoder_layerdrop == 0
    config = config_of("bert")
    pretrained.set_dropout(config, 0.4)
    assert config.classifier_dropout == config.attention_probs_dropout_prob == 0.4


def test_what_is_predicted_does_not_depend_on_the_order_it_is_asked_in(folders):
    trainer = trainer_of(run(), folders["bert"])
    trainer.train(run())
    found = trainer.predict(np.arange(EXAMPLES))
    np.testing.assert_allclose(trainer.predict(np.arange(EXAMPLES)[::-1])[::-1], found, atol=1e-6)
    one = np.concatenate([trainer.predict(np.array([row])) for row in range(EXAMPLES)])
    np.testing.assert_allclose(one, found, atol=1e-6)
    assert trainer.predict(np.zeros(0, int)).shape == (0, 3)


# What goes wrong.


def test_a_network_whose_loss_is_not_finite_predicts_nothing(folders):
    trainer = trainer_of(run(), folders["bert"])
    before = trainer.train(run())
    wild = trainer.train(replace(run(), settings={"learning_rate": 1e30}))
    assert wild.record["diverged"] and None in wild.record["losses"]
    for probabilities in wild.probabilities.values():
        assert np.ptp(probabilities) == 0
    # Nothing of it is left in the next one.
    trainer.done.clear()
    after = trainer.train(run())
    assert not after.record["diverged"]
    assert_same(before, after)


def test_a_gpu_without_enough_memory_is_told(folders, monkeypatch):
    def take_step(*_):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    trainer = trainer_of(run(), folders["bert"])
    monkeypatch.setattr(trainer, "take_step", take_step)
    with pytest.raises(
        ConfigError, match=r"micro_batch: Expected so few.*Received: 8, of up to 14"
    ):
        trainer.train(run())


def test_a_long_run_says_how_far_it_is(folders, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1)
    train(run(), folders["bert"])
    assert "step 6 of 6: loss " in caplog.text and "steps/s, 0 minutes left" in caplog.text


def copy_of(folder: str, where, *left_out: str, **config):
    """Copy the files of a transformer but some, with another configuration."""
    import shutil

    shutil.copytree(folder, where, ignore=shutil.ignore_patterns(*left_out))
    if config:
        path = where / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return str(where)


def test_a_folder_without_weights_is_told(folders, tmp_path):
    folder = copy_of(folders["bert"], tmp_path / "bare", "*.safetensors")
    for load in (lambda: tokens.load(folder), lambda: classifier.build(folder, 3)):
        with pytest.raises(DatasetError, match="Expected a folder with the files of a transformer"):
            load()
    with pytest.raises(DatasetError, match="encoder.model: Expected an existing folder"):
        classifier.build("./none", 3)


def test_weights_of_another_size_are_told(folders, tmp_path):
    for number, (config, what) in enumerate(
        [
            (
                {"num_hidden_layers": 3},
                "Received '.*', in which 16 are missing or of another shape",
            ),
            ({"intermediate_size": 8}, "whole bert.*bert.encoder.layer.0.intermediate.dense.bias"),
        ]
    ):
        folder = copy_of(folders["bert"], tmp_path / str(number), **config)
        with pytest.raises(DatasetError, match=what):
            classifier.build(folder, 3)


def test_a_tokenizer_of_another_transformer_is_told(folders, tmp_path):
    folder = copy_of(folders["bert"], tmp_path / "other", "tokenizer*")
    write_tokenizer(tmp_path / "other", [f"word{number}" for number in range(100)])
    with pytest.raises(DatasetError, match="at most 21 tokens.*Received one of 105. Lay the token"):
        tokens.encode(["cup"], folder, 8)
    write_tokenizer(tmp_path / "other", pad_token=None)
    with pytest.raises(DatasetError, match="Expected a tokenizer with a token that pads"):
        tokens.encode(["cup"], folder, 8)


def test_a_causal_model_is_told(tmp_path):
    sizes = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 32}
    config = transformers.GPT2Config(vocab_size=VOCABULARY, **sizes)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path)
    write_tokenizer(tmp_path)
    message = "Expected a transformer that encodes texts.*a causal language model .GPT2LMHeadModel"
    for load in (tokens.load, lambda folder: classifier.build(folder, 3)):
        with pytest.raises(DatasetError, match=message):
            load(str(tmp_path))


@pytest.mark.parametrize(("kind", "most"), [("bert", 40), ("roberta", 39), ("modernbert", 40)])
def test_texts_are_no_longer_than_there_are_positions(folders, kind, most):
    """Those of RoBERTa begin after the id of padding, here 0."""
    encoded = tokens.encode(["cup " * 100], folders[kind], most)
    assert encoded.shape == (1, most) and encoded[0, -1] == SEP
    TransformerTrainer(encoded, 3, settings(folders[kind]), run()).predict(np.zeros(1, int))
    for length in (2, most + 1):
        with pytest.raises(DatasetError, match=f"encoder.length: Expected 3 to {most} tokens"):
            tokens.encode(["cup"], folders[kind], length)


def test_layers_that_are_not_there_are_told(folders, monkeypatch):
    known = "names of layers: dense, key, query, value"
    for modules in (["lin"], ["query", "lin"]):
        with pytest.raises(ConfigError, match=f"target_modules: Expected {known}. Received: .*lin"):
            classifier.build(folders["bert"], 3, lora=LORA | {"target_modules": modules})
    found = classifier.build(folders["bert"], 3, lora=LORA | {"target_modules": "all-linear"})
    # Of each of 2 layers q, k, v and o, and both of its perceptron; the pooler.
    assert sum("lora_A" in name for name in found.new) == 13
    monkeypatch.setattr(classifier, "_ADAPTED", {})
    with pytest.raises(
        ConfigError, match=f"{known[:15]}, or all-linear, as none are known of bert"
    ):
        classifier.build(folders["bert"], 3, lora=LORA)
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ConfigError, match="Expected the package peft.*uv sync --extra text"):
        classifier.build(folders["bert"], 3, lora=LORA)


# Texts.


def test_texts_become_what_the_transformer_knows_them_as(folders, caplog):
    caplog.set_level("INFO")
    encoded = tokens.encode(["Cup goal", "bank xyz cup cup cup"], folders["bert"], 5)
    bank = FIRST + 5
    assert encoded.dtype == np.int32
    assert encoded.tolist() == [[CLS, 5, 6, SEP, PAD], [CLS, bank, UNK, 5, SEP]]
    assert "1 of them have so many or more" in caplog.text
    assert pretrained.locate(folders["bert"], None) == (folders["bert"], None)


# A job.


def test_a_record_has_what_those_of_other_networks_have(folders):
    """What reads histories does not ask what has trained."""
    expected = {"parameters", "examples", "steps", "examples_seen", "losses", "diverged"}
    expected |= {"training_seconds", "prediction_seconds", "study", "part"}
    assert set(train(run(), folders["bert"]).record) == expected
    source = (ROOT / "workflow/self_training/training/trainer.py").read_text()
    of_others = re.search(r"record = run.identity \| {(.*?)\n        }", source, re.S)[1]
    assert set(re.findall(r'"(\w+)":', of_others)) == expected - {"study", "part"}


def test_a_job_imports_pytorch_alone(folders, tmp_path):
    """Keras with either backend takes seconds to import, which would come to those of PyTorch."""
    np.save(tmp_path / "examples.npy", IDS)
    job = asdict(settings(folders["bert"], steps=2))
    code = f"""
import sys, numpy as np
from self_training.training.job import train_batch
from self_training.training.runs import Run
run = Run({{"part": "final", "member": 0}}, np.arange(9), np.arange(9, dtype=np.int32) % 3,
          {{"all": np.arange(5)}})
(((trained,),), job) = train_batch([[run]], {str(tmp_path / "examples.npy")!r}, 3, {job!r},
                                   models=[{str(tmp_path / "models")!r}])
assert trained.probabilities["all"].shape == (5, 3)
assert job["framework"]["backend"] == "torch" and job["framework"]["torch"], job
assert job["tracing_seconds"] > 0 and job["runs"] == 1
print([name for name in ("keras", "tensorflow", "jax", "torch") if sys.modules.get(name)])
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "workflow"), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['torch']"
    # No rule reads such networks.
    assert [*(tmp_path / "models").iterdir()] == []
