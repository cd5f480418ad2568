"""The folder of a deployed model: its networks, and model.json, which says how they predict.

A folder is all that predicts: it can be copied anywhere. A model of texts whose encoder is
`sentence` also needs the folder of the encoder's files. A transformer is a folder in it.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from self_training.errors import ModelError
from self_training.storage import save_json, sha256
from self_training.study.kinds import KINDS

FILE = "model.json"
# What the content of model.json means. One that changes its meaning gets another number.
FORMAT = 3


@dataclass(frozen=True)
class Model:
    """What model.json says.

    format: FORMAT of the version that wrote it.
    kind: of examples: `images`, `vectors` or `texts`.
    study, dataset, method: what the networks come from.
    reason: why this method is deployed, a sentence.
    classes: names, in the order of the networks' outputs.
    shape: of an example that the networks take: height, width and channels (1 or 3) of images,
        features of vectors, what an encoder makes of a text.
    reading: how the study has read files, as far as new ones are read by it: keys of the dataset's
        settings, and names of columns in order. Of each kind see `study.kinds.Kind.reading`.
    members: for each network its `file`, relative to the folder, and the `sha256` of that.
    files: SHA-256 of each other file that predicts, by its name relative to the folder: settings
        and tokenizers of transformers.
    temperature: that confidences are calibrated with; 1 leaves them as they are.
    backend: of Keras that trained; `torch` of transformers.
    threads: of the CPU that trained; results depend on their number.
    batch_size: examples that are predicted at once; results may depend on it.
    provenance: JSON-able; where the networks come from.
    """

    format: int
    kind: str
    study: str
    dataset: str
    method: str
    reason: str
    classes: list[str]
    shape: list[int]
    reading: dict
    members: list[dict[str, str]]
    files: dict[str, str]
    temperature: float
    backend: str
    threads: int
    batch_size: int
    provenance: dict


def member(folder: Path | str, file: str) -> dict[str, str]:
    """Return what model.json says of a network.

    Args:
        folder: of the model.
        file: of the network, relative to it.
    """
    return {"file": file, "sha256": sha256(Path(folder) / file)}


def save(folder: Path | str, model: Model) -> None:
    """Write a model's model.json; its networks must be in the folder already."""
    save_json(Path(folder) / FILE, asdict(model))


def load(folder: Path | str) -> Model:
    """Read a model's model.json.

    Raises: ModelError, when the folder is none of a model, is incomplete, was changed, or was
        written by another version.
    """
    folder = Path(folder)
    if not (folder / FILE).is_file():
        found = "a folder without one" if folder.is_dir() else "no such folder"
        raise ModelError(
            f"{folder}: Expected the folder of a deployed model, with {FILE}. Received {found}."
        )
    model = _read(folder / FILE)
    files = [("network", one["file"], one["sha256"]) for one in model.members]
    files += [("file", name, expected) for name, expected in model.files.items()]
    for what, name, expected in files:
        path = folder / name
        if not path.is_file():
            raise ModelError(
                f"{path}: Expected a {what}, as {FILE} says. Received no such file. Copy the "
                "whole folder of the model."
            )
        received = sha256(path)
        if received != expected:
            raise ModelError(
                f"{path}: Expected the {what} of SHA-256 {expected}, as {FILE} says. Received "
                f"{received}. Copy the whole folder of the model again."
            )
    return model


def _read(path: Path) -> Model:
    """Return what a model.json says, once it is known to be of this version."""
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise ModelError(f"{path}: Expected JSON. Received something else ({error}).") from error
    received = content.get("format") if isinstance(content, dict) else None
    if received != FORMAT:
        raise ModelError(
            f"{path}: Expected a model of format {FORMAT}. Received format {received}. Predict "
            "with the version of the software that wrote it."
        )
    known = {field.name for field in fields(Model)}
    try:
        model = Model(**content)
        assert model.members and all({"file", "sha256"} == set(one) for one in model.members)
        assert isinstance(model.files, dict)
    except (TypeError, AssertionError) as error:
        given = ", ".join(sorted(known ^ set(content))) or "members that are none"
        raise ModelError(
            f"{path}: Expected the keys of a model of format {FORMAT}. Missing or unknown: {given}."
        ) from error
    if model.kind not in KINDS:
        raise ModelError(
            f"{path}: Expected a model of one of {', '.join(KINDS)} (kind). Received: "
            f"{model.kind!r}. Predict with the version of the software that wrote it."
        )
    return model
