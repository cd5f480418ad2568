"""New texts for a model that is trained, encoded as its study has encoded its own."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from self_training.data.cells import as_text
from self_training.data.csv_stream import ID_COLUMN
from self_training.data.encoders import content_digest, is_folder
from self_training.data.files import check_columns, decode_utf8
from self_training.data.folders import name_files
from self_training.data.new_examples import STANDARD_INPUT, list_examples
from self_training.data.sources import TEXTS
from self_training.data.streams import Chunk, Stream
from self_training.errors import DatasetError
from self_training.study import encoders
from self_training.study.deployed_transformers import FIRST
from self_training.text import ngrams, sentence, tokens
from self_training.text.cleaning import clean
from self_training.text.readers import one_text, read_file, texts_of
from self_training.text.tables import READERS, read_table

# What texts stand in where the study read none of a table.
TEXT_COLUMN = "text"


def reading(settings: dict) -> dict:
    """Return how a study reads texts, as far as new ones are read by it.

    Args:
        settings: of the dataset.

    Returns: `encoder`, its name and settings, of a folder with the SHA-256 of its files (`sha256`);
        of a transformer that was trained, its `model` is in the folder of the deployed one; and
        what there is of `text_columns`, `clean` and `id_column`.
    """
    named = ("text_columns", "clean", "id_column")
    found = {key: settings[key] for key in named if key in settings}
    encoder = encoders.of(settings)
    if encoder["name"] == encoders.SENTENCE and is_folder(encoder["model"]):
        encoder = encoder | {"sha256": content_digest(encoder["model"])}
    if encoder["name"] == encoders.TOKENS:
        encoder = {"name": encoders.TOKENS, "model": FIRST, "length": encoder["length"]}
    return found | {"encoder": encoder}


def text_itself(text: str, name: str, source: dict, reading: dict) -> str:
    """Return what Label Studio shows of a text: the text, whatever it is called."""
    return text


def open_path(path: Path, shape: Sequence[int], reading: dict) -> Stream:
    """Return the texts of a path: a table, which is read as a whole, a text file, a folder, or the
    one text of standard input.

    Args:
        shape: of what an encoder makes of a text.
        reading: of `reading`.

    Raises: DatasetError, naming what is wrong with it, or with the encoder.
    """
    from_input = str(path) == STANDARD_INPUT
    files = [] if from_input else list_examples(path, TEXTS)
    settings = {"text_columns": TEXT_COLUMN} | reading
    source = path.suffix.lower()[1:]
    texts: np.ndarray | None = None
    kept: dict[str, list[str]] = {}
    if from_input:
        content = decode_utf8(sys.stdin.buffer.read(), STANDARD_INPUT)
        texts = np.array([one_text(content, STANDARD_INPUT, settings)], object)
        prefix, ids = "", [STANDARD_INPUT]
    elif path.is_file() and source in READERS:
        texts, ids, kept = _read(path, source, settings)
        prefix = f"{path.as_posix()}:"
    else:
        folder = path if path.is_dir() else path.parent
        prefix, ids = f"{folder.as_posix()}/", list(name_files(files, folder))
    encoded = _load_encoder(json.dumps(reading["encoder"]))

    def chunks(size: int) -> Iterator[Chunk]:
        for start in range(0, len(ids), size):
            part = slice(start, start + size)
            if texts is None:
                some = [read_file(file, settings) for file in files[part]]
            else:
                some = texts[part].tolist()
            others = {name: cells[part] for name, cells in kept.items()}
            yield Chunk(ids[part], encoded(some), others)

    return Stream(prefix, chunks, list(kept), len(ids))


def _read(
    path: Path, source: str, settings: dict
) -> tuple[np.ndarray, list[str], dict[str, list[str]]]:
    """Return the texts of a table, what they are called, and what stands in other columns."""
    table = read_table(path, source)
    columns = settings["text_columns"]
    columns = [columns] if isinstance(columns, str) else columns
    check_columns(path, list(table.cells), dict.fromkeys(columns, "text_columns"))
    texts = texts_of(path, table, settings)
    others = {name: cells for name, cells in table.cells.items() if name not in columns}
    kept = {name: [as_text(cell) for cell in cells] for name, cells in others.items()}
    by_row = [str(row) for row in range(1, len(texts) + 1)]
    ids = kept.pop(settings.get("id_column", ID_COLUMN), by_row)
    return texts, [name.strip() for name in ids], kept


def encode(texts: list[str], reading: dict) -> np.ndarray:
    """Return what the networks of a model take of texts, as they stand in a file.

    Args:
        reading: of `reading`.
    """
    return _load_encoder(json.dumps(reading["encoder"]))(clean(texts, reading.get("clean", "none")))


@cache
def _load_encoder(encoder: str) -> Callable[[list[str]], np.ndarray]:
    """Return a function from texts to what networks take, loaded once.

    Args:
        encoder: of `reading`, as JSON.

    Raises: DatasetError, where the libraries or the files of an encoder are not there, or are
        others than those of the study.
    """
    settings = json.loads(encoder)
    name, expected = settings.pop("name"), settings.pop("sha256", None)
    if name == encoders.NGRAMS:
        return lambda texts: ngrams.encode(texts, **settings)
    if name == encoders.TOKENS:
        made_by = tokens.load(settings["model"])
        tokens.check_length(made_by, settings["model"], settings["length"])
        return lambda texts: tokens.encode_by(made_by, texts, settings["length"])
    received = content_digest(settings["model"]) if expected else None
    if received != expected:
        raise DatasetError(
            f"{settings['model']}: Expected the encoder of SHA-256 {expected}, as model.json says. "
            f"Received {received}. Lay the files there that the study had."
        )
    loaded = sentence.load(**settings)
    return lambda texts: sentence.encode_by(loaded, texts)
