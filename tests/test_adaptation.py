"""Transformers are adapted to the texts of a pool: what is masked, what is learned, from what.

They are small, of random weights, and written here; nothing is fetched. Without PyTorch,
transformers and peft all of it is skipped.
"""

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from self_training.data.split import Split, save_split
from self_training.errors import DatasetError
from self_training.seeds import derive_seed
from test_transformer import EXAMPLES, IDS, LABELS, LORA, assert_same, settings
from test_transformer import run as classifier_run
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
from self_training.text import classifier, language_model, tokens  # noqa: E402
from self_training.text.language_model import NOT_ASKED  # noqa: E402
from self_training.training import adaptation, job  # noqa: E402
from self_training.training.adaptation import AdaptationTrainer  # noqa: E402
from self_training.training.checkpoints import Checkpoints  # noqa: E402
from self_training.training.transformer import TransformerTrainer  # noqa: E402

IDENTITY = {"study": 1, "dataset": "news", "outer_fold": 0}
ORDER = np.random.default_rng(5).permutation(EXAMPLES)
LABELED, UNLABELED, TEST = np.sort(ORDER[:12]), ORDER[12:40], np.sort(ORDER[40:])
STEPS = 6


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, str]:
    return {kind: write_transformer(tmp_path_factory.mktemp(kind), kind) for kind in KINDS}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def split_of(labels=LABELS) -> Split:
    none = np.zeros((1, len(LABELED)), int)
    return Split(TEST, LABELED, labels[LABELED], UNLABELED, none, 3)


def vocabulary_of(folder):
    return language_model.vocabulary_of(tokens.load(folder))


def run_of(folder, inputs=IDS):
    return adaptation.run_of(split_of(), inputs, vocabulary_of(folder), IDENTITY)


def trainer_of(folder, inputs=IDS, checkpoints=None, **changes) -> AdaptationTrainer:
    own = settings(folder, **{"steps": STEPS} | changes)
    return AdaptationTrainer(inputs, 1, own, run_of(folder, inputs), checkpoints)


def weights_of(network) -> dict:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def assert_equal(one: dict, other: dict):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


class Given(dict):
    """What a rule is given, as Snakemake hands it to a script."""

    __getattr__ = dict.__getitem__


def adapt(where, folder, ids=IDS, labels=LABELS, split=None, **changes) -> dict:
    """Run the job in a folder; return the adapted weights."""
    where.mkdir(exist_ok=True)
    np.save(where / "examples.npy", ids)
    save_split(where / "split.npz", split or split_of(labels))
    own = settings(folder, **{"steps": STEPS} | changes)
    results = where / "results/some/histories/adapt_encoder/news/fold_0.json"
    snakemake = SimpleNamespace(
        rule="adapt_encoder",
        wildcards={"dataset": "news", "fold": "0"},
        input=Given(examples=where / "examples.npy", split=where / "split.npz"),
        params=Given(identity=IDENTITY, training=asdict(own), code=""),
        output=Given(adapted=where / "adapted", history=results.relative_to(where)),
    )
    adaptation.adapt_job(snakemake)
    from safetensors.torch import load_file

    return load_file(where / "adapted/model.safetensors")


# Masks.


def test_of_every_text_so_many_tokens_are_asked_for(folders):
    """15 % of a text's tokens, one at least, and never one that is special or pads."""
    vocabulary = vocabulary_of(folders["bert"])
    assert vocabulary.mask == MASK and vocabulary.special.tolist() == [PAD, UNK, CLS, SEP, MASK]
    assert vocabulary.ordinary.tolist() == list(range(FIRST, VOCABULARY))
    rng = np.random.default_rng(0)
    ids = np.full((400, 60), PAD, np.int32)
    counts = rng.integers(1, 57, len(ids))
    for row, count in zip(ids, counts, strict=True):
        row[: count + 3] = [CLS, UNK, *rng.integers(FIRST, VOCABULARY, count), SEP]
    shown, hidden = language_model.mask(ids, vocabulary, np.random.default_rng(1))
    asked = hidden != NOT_ASKED
    expected = [max(1, round(0.15 * count)) for count in counts]
    assert asked.sum(axis=1).tolist() == expected
    assert not np.isin(ids[asked], [PAD, UNK, CLS, SEP, MASK]).any()
    np.testing.assert_array_equal(hidden[asked], ids[asked])
    np.testing.assert_array_equal(shown[~asked], ids[~asked])
    # 80 % masks, 10 % any word, 10 % what they are.
    masked, same = shown[asked] == MASK, shown[asked] == ids[asked]
    total = asked.sum()
    assert total > 1500
    assert masked.sum() / total == pytest.approx(0.8, abs=0.03)
    # A word in the place of a word may be that word.
    assert same.sum() / total == pytest.approx(0.1 + 0.1 / 16, abs=0.03)
    assert not np.isin(shown[asked][~masked], [PAD, UNK, CLS, SEP, MASK]).any()
    assert len(set(shown[asked][~masked & ~same])) == VOCABULARY - FIRST
    # Wherever a token stands, it is as likely to be asked for.
    full = ids[counts == counts.max()]
    where = language_model.mask(np.repeat(full, 200, 0), vocabulary, np.random.default_rng(2))[1]
    often = (where != NOT_ASKED).mean(axis=0)[2 : 2 + counts.max()]
    assert often.min() > 0.05 and often.max() < 0.3


def test_a_text_without_words_is_left_out(folders):
    nothing = IDS.copy()
    nothing[UNLABELED[0]] = PAD
    nothing[UNLABELED[1], :4] = [CLS, UNK, SEP, PAD]
    nothing[UNLABELED[1], 4:] = PAD
    run = run_of(folders["bert"], nothing)
    pool = np.sort([*LABELED, *UNLABELED])
    assert run.examples.tolist() == [some for some in pool if some not in UNLABELED[:2]]
    assert run.predict == {} and not run.targets.any()
    vocabulary = vocabulary_of(folders["bert"])
    shown, hidden = language_model.mask(nothing[UNLABELED[:2]], vocabulary, np.random.default_rng())
    np.testing.assert_array_equal(shown, nothing[UNLABELED[:2]])
    assert (hidden == NOT_ASKED).all()
    nothing[:, 1:] = PAD
    with pytest.raises(DatasetError, match="adapt: Expected texts with tokens that the encoder's"):
        run_of(folders["bert"], nothing)


def test_masks_are_drawn_anew_and_by_what_a_step_is(folders):
    trainer = trainer_of(folders["bert"], steps=12)
    run = run_of(folders["bert"])
    first, again = ([b for e in trainer.batches(run) for b in e] for _ in range(2))
    assert len(first) == 12
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.targets, other.targets)
    shown = {}
    for batch in first:
        for row, hidden in zip(batch.ids, batch.targets, strict=True):
            text = np.where(hidden == NOT_ASKED, row, hidden)
            shown.setdefault(tuple(text), []).append(tuple(row))
    # Every text of the pool is seen, about as often as any other.
    texts = {tuple(IDS[index]) for index in run.examples}
    assert set(shown) == texts and {len(some) for some in shown.values()} <= {2, 3}
    assert sum(len(set(some)) > 1 for some in shown.values()) > len(shown) / 2
    # Of the same texts they are others in another step.
    one, two = (trainer._masked(run, step, run.examples[:8], 0.1).ids for step in (0, 1))
    assert (one != two).any()
    # Of another outer fold they are others.
    other = replace(run, identity=run.identity | {"outer_fold": 1})
    assert (next(next(trainer.batches(other))).ids != first[0].ids).any()


# Steps.


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_that_of_the_masked_tokens_alone(folders, kind):
    """As a whole network gives it, whose last layers see all tokens."""
    trainer = trainer_of(folders[kind])
    trainer.network.reset(3)
    batch = next(next(trainer.batches(run_of(folders[kind]))))
    found = trainer.losses(batch.ids, batch.targets).detach()
    ids = torch.from_numpy(batch.ids.astype(np.int64))
    logits = trainer.network.model(ids, attention_mask=(ids != PAD).long()).logits.detach().numpy()
    assert logits.shape == (8, 14, VOCABULARY)
    chosen = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    for text in range(8):
        places = np.flatnonzero(batch.targets[text] != NOT_ASKED)
        each = [-np.log(chosen[text, place, batch.targets[text, place]]) for place in places]
        assert float(found[text]) == pytest.approx(np.mean(each), rel=1e-4)
        assert batch.weights[text] == len(places) > 0
    # Each masked token weighs the same, however long its text is, and in whatever parts it comes.
    optimizer = torch.optim.AdamW(trainer.network.trained, 1e-9)
    mean = (found.numpy() * batch.weights).sum() / batch.weights.sum()
    assert trainer.take_step(optimizer, batch) == pytest.approx(mean, rel=1e-4)
    in_parts = trainer_of(folders[kind], micro_batch=3, recompute=True)
    in_parts.network.reset(3)
    optimizer = torch.optim.AdamW(in_parts.network.trained, 1e-9)
    assert in_parts.take_step(optimizer, batch) == pytest.approx(mean, rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_every_architecture_learns_to_predict_tokens(folders, kind, tmp_path):
    trainer = trainer_of(folders[kind], steps=60, learning_rate=0.01)
    record = trainer.adapt(run_of(folders[kind])).record
    assert record["steps"] == 60 and record["examples_seen"] == 480 and not record["diverged"]
    assert record["examples"] == 40 and record["part"] == "adaptation"
    assert record["losses"][-1] < 0.95 * record["losses"][0]
    trainer.save(tmp_path)
    # Classifiers start from what was learned.
    plain, adapted = (classifier.build(folder, 3) for folder in (folders[kind], str(tmp_path)))
    assert adapted.new.keys() <= plain.new.keys()
    trained = trainer.network.model.state_dict()
    for name, parameter in adapted.model.named_parameters():
        if name not in plain.new and "pooler" not in name:
            assert torch.equal(parameter, trained[name]), name
            assert not torch.equal(parameter, plain.starts[name]), name


def test_adaptation_is_what_plain_pytorch_does(folders):
    """Rates rise over 6 % of the steps and fall linearly; nothing is dropped out."""
    changes = {"steps": 20, "warmup": 0.1, "weight_decay": 0.01, "learning_rate": 0.005}
    trainer, run = trainer_of(folders["roberta"], **changes), run_of(folders["roberta"])
    trainer.adapt(run)
    other = trainer_of(folders["roberta"], **changes)
    other.network.reset(derive_seed(purpose="weights", **run.identity))
    network = other.network.model.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1, weight_decay=0.01)
    rates = []
    for batch in (batch for epoch in other.batches(run) for batch in epoch):
        ids = torch.from_numpy(batch.ids.astype(np.int64))
        logits = network(ids, attention_mask=(ids != PAD).long()).logits
        wanted = torch.from_numpy(batch.targets.astype(np.int64))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=NOT_ASKED
        ).backward()
        optimizer.param_groups[0]["lr"] = batch.rate
        rates.append(batch.rate)
        optimizer.step()
    expected = 0.005 * np.array([0.5, 1, *np.linspace(1, 0, 18, endpoint=False)])
    np.testing.assert_allclose(rates, expected, rtol=1e-6)
    for name, value in network.state_dict().items():
        # Attention takes no notice of these: their gradient is what is rounded.
        if "key.bias" not in name:
            np.testing.assert_allclose(trainer.network.model.state_dict()[name], value, atol=1e-4)
    assert {module.p for module in network.modules() if type(module).__name__ == "Dropout"} == {0}


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_a_killed_job_goes_on_where_it_was(folders, tmp_path, monkeypatch, steps):
    """After so many steps, bit for bit what it would have been; nothing is computed twice."""
    run, taken, counted = run_of(folders["bert"]), [], []
    whole = trainer_of(folders["bert"])
    record = whole.adapt(run).record

    def kept() -> Checkpoints:
        return Checkpoints(tmp_path / "kept", lambda: {"job": 1})

    def killed(trainer, *step):
        if len(taken) == steps:
            raise KeyboardInterrupt
        taken.append(1)
        return TransformerTrainer.take_step(trainer, *step)

    def count(trainer, *step):
        counted.append(1)
        return TransformerTrainer.take_step(trainer, *step)

    first = trainer_of(folders["bert"], checkpoints=kept())
    monkeypatch.setattr(first.checkpoints, "due", lambda: True)
    monkeypatch.setattr(first, "take_step", partial(killed, first))
    with pytest.raises(KeyboardInterrupt):
        first.adapt(run)
    trainer = trainer_of(folders["bert"], checkpoints=kept())
    monkeypatch.setattr(trainer.checkpoints, "due", lambda: True)
    monkeypatch.setattr(trainer, "take_step", partial(count, trainer))
    found = trainer.adapt(run).record
    assert len(counted) == STEPS - steps
    assert found["losses"] == record["losses"]
    assert_equal(weights_of(whole.network.model), weights_of(trainer.network.model))
    # One that is killed when it has taken all steps has its weights, too, and not the record alone.
    last = trainer_of(folders["bert"], checkpoints=kept())
    monkeypatch.setattr(last, "take_step", None)
    last.adapt(run)
    assert_equal(weights_of(whole.network.model), weights_of(last.network.model))


# What is learned from.


def test_neither_labels_nor_test_texts_are_seen(folders, tmp_path, monkeypatch):
    """Permuted labels, other test texts and another label budget: the same weights, bit for bit."""
    monkeypatch.chdir(tmp_path)
    folder = folders["bert"]
    expected = adapt(tmp_path / "a", folder)
    record = json.loads(
        (tmp_path / "results/some/histories/adapt_encoder/news/fold_0.json").read_text()
    )
    ((of_run,),) = record["folds"]
    assert of_run["examples"] == 40 and of_run["steps"] == STEPS
    assert record["job"]["rule"] == "adapt_encoder" and record["job"]["runs"] == 1
    assert record["job"]["framework"]["backend"] == "torch"
    assert not (tmp_path / "results/some/checkpoints").exists() or not [
        *(tmp_path / "results/some/checkpoints").rglob("*.npz")
    ]
    permuted = np.random.default_rng(1).permutation(LABELS)
    assert (permuted[LABELED] != LABELS[LABELED]).any()
    assert_equal(expected, adapt(tmp_path / "b", folder, labels=permuted))
    other_tests = IDS.copy()
    other_tests[TEST, 1:4] = other_tests[TEST][::-1, 1:4]
    assert (other_tests != IDS).any()
    assert_equal(expected, adapt(tmp_path / "c", folder, other_tests))
    fewer = replace(
        split_of(),
        labeled_idx=LABELED[:4],
        labeled_y=LABELS[LABELED[:4]],
        unlabeled_idx=np.concatenate([LABELED[4:], UNLABELED[::-1]]),
        inner_folds=np.zeros((1, 4), int),
    )
    assert_equal(expected, adapt(tmp_path / "d", folder, split=fewer))
    # Texts with labels are learned from, and so are those without.
    for number, some in enumerate((LABELED, UNLABELED)):
        changed = IDS.copy()
        changed[some[0], 1] = FIRST if changed[some[0], 1] != FIRST else FIRST + 1
        found = adapt(tmp_path / f"e{number}", folder, changed)
        assert any(not torch.equal(found[name], expected[name]) for name in expected)


def test_the_files_are_those_of_a_transformer(folders, tmp_path, monkeypatch):
    """What nobody adapts stays: tokenizer, configuration, and BERT's pooler."""
    monkeypatch.chdir(tmp_path)
    adapt(tmp_path / "a", folders["bert"])
    folder = str(tmp_path / "a/adapted")
    assert tokens.encode(["cup goal"], folder, 6).tolist() == [[CLS, 5, 6, SEP, PAD, PAD]]
    before, after = (
        json.loads(Path(some, "config.json").read_text()) for some in (folders["bert"], folder)
    )
    assert before == after and after["hidden_dropout_prob"] == 0.1
    plain, adapted = (classifier.build(f, 3) for f in (folders["bert"], folder))
    assert plain.new.keys() == adapted.new.keys() == {"classifier.weight", "classifier.bias"}
    differ = {
        name for name, some in plain.starts.items() if not torch.equal(some, adapted.starts[name])
    }
    assert differ == {name for name in plain.starts if "pooler" not in name}
    # Of files without a pooler none is made up: it is drawn by the seed of every run, as ever.
    bare = tmp_path / "bare"
    network = transformers.AutoModelForMaskedLM.from_pretrained(folders["bert"])
    network.save_pretrained(bare)
    write_tokenizer(bare)
    adapt(tmp_path / "b", str(bare))
    new = classifier.build(str(tmp_path / "b/adapted"), 3).new
    assert new.keys() == classifier.build(str(bare), 3).new.keys()
    assert "bert.pooler.dense.weight" in new


def test_a_language_model_of_the_files_is_where_it_begins(folders, tmp_path):
    """And where they have none its last layers are new, by a seed, the last one tied to tokens."""
    found = language_model.build(folders["bert"])
    decoder = found.model.cls.predictions.decoder.weight
    assert decoder is found.model.bert.embeddings.word_embeddings.weight
    layer = "cls.predictions.transform.dense.weight"
    assert layer in found.new and not any("bert." in name for name in found.new)
    drawn = []
    for seed in (1, 2, 1):
        found.reset(seed)
        drawn.append(found.new[layer].detach().clone())
    assert torch.equal(drawn[0], drawn[2]) and not torch.equal(drawn[0], drawn[1])
    found.model.save_pretrained(tmp_path)
    write_tokenizer(tmp_path)
    again = language_model.build(str(tmp_path))
    assert again.new == {} and torch.equal(again.starts[layer], drawn[0])


# What starts from it.


@pytest.mark.parametrize("lora", [None, LORA], ids=["all", "adapters"])
def test_a_job_of_two_folds_starts_each_from_its_own(folders, tmp_path, monkeypatch, lora):
    monkeypatch.chdir(tmp_path)
    starts = []
    for fold in (0, 1):
        adapt(tmp_path / f"fold_{fold}", folders["bert"], learning_rate=0.001 * (1 + fold))
        starts.append(str(tmp_path / f"fold_{fold}/adapted"))
    own = settings(folders["bert"], lora)
    runs = [classifier_run(outer_fold=fold) for fold in (0, 1)]
    batch = job.from_adapted([[runs[0]], [runs[1]]], starts, asdict(own))
    np.save(tmp_path / "examples.npy", IDS)
    trained, _ = job.train_batch(batch, tmp_path / "examples.npy", 3, asdict(own))
    for fold, (result,) in enumerate(trained):
        alone = TransformerTrainer(IDS, 3, settings(starts[fold], lora), runs[fold])
        assert_same(alone.train(runs[fold]), result)
        base = TransformerTrainer(IDS, 3, own, runs[fold]).train(runs[fold])
        assert (base.probabilities["evaluation"] != result.probabilities["evaluation"]).any()
    # Adapters are of the adapted network, which is frozen.
    if lora:
        frozen = alone.network.model.base_model.model.bert.embeddings.word_embeddings.weight
        from safetensors.torch import load_file

        name = "bert.embeddings.word_embeddings.weight"
        assert torch.equal(frozen, load_file(f"{starts[1]}/model.safetensors")[name])
    # What a run is, it is from these weights, whatever their folder is called.
    digests = [run.digest() for run in (runs[0], batch[0][0])]
    (tmp_path / "fold_0/adapted/model.safetensors").write_bytes(b"others")
    ((again,), _) = job.from_adapted([[runs[0]], [runs[1]]], starts, asdict(own))
    assert len({*digests, again.digest()}) == 3


# What can't be.


def test_a_transformer_that_predicts_no_tokens_is_told(folders, tmp_path):
    config = config_of("bert").to_dict() | {"model_type": "xlnet"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "vocab.txt").write_text("")
    message = "Expected a transformer with a masked language model.*modernbert.*of kind xlnet. Take"
    with pytest.raises(DatasetError, match=message):
        language_model.build(str(tmp_path))
    known = transformers.models.auto.modeling_auto
    kinds = adaptation.language_model.encoders.PREDICT_TOKENS
    assert set(kinds) <= set(known.MODEL_FOR_MASKED_LM_MAPPING_NAMES)
    assert set(kinds) <= set(known.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES)
    assert set(KINDS) <= set(kinds)


def test_a_tokenizer_without_a_mask_is_told(tmp_path):
    folder = write_transformer(tmp_path)
    write_tokenizer(tmp_path, mask_token=None)
    with pytest.raises(DatasetError, match="adapt: Expected a tokenizer with a token that masks"):
        vocabulary_of(folder)
