"""The file of a config, before anything of it is believed: plain data, every key once.

Snakemake evaluates expressions in a YAML file that says `__use_yte__`. The default config is looked
at before Snakemake reads it; one of --configfile is read by Snakemake before any code of a workflow
runs (docs/running.md).
"""

import json
import re
from pathlib import Path

import yaml

from self_training.errors import ConfigError

# What makes Snakemake run what stands in a file.
_RUNS_CODE = "__use_yte__"
# Bytes of a file, and values in it when every alias is replaced by what it stands for.
LARGEST_FILE, MOST_VALUES = 2**20, 100_000


def check_file(path: Path | str) -> None:
    """Raise ConfigError, naming file and line, unless a file is a mapping in JSON or YAML that has
    every key once and nothing that would be run."""
    path = Path(path)
    text = _read(path)
    try:
        found = json.loads(text, object_pairs_hook=lambda pairs: _once(path, pairs))
    except ConfigError:
        raise
    except (ValueError, RecursionError):
        found = _read_yaml(path, text)
    if not isinstance(found, dict):
        raise ConfigError(
            f"{path}: Expected keys and their values, such as 'study: my_study'. Received "
            f"{'nothing' if found is None else 'something else'}."
        )


def _read(path: Path) -> str:
    if not path.is_file():
        received = "a folder" if path.is_dir() else "no file"
        raise ConfigError(f"{path}: Expected the file of a config. Received {received}.")
    if path.stat().st_size > LARGEST_FILE:
        raise ConfigError(
            f"{path}: Expected a config of at most {LARGEST_FILE} bytes. Received "
            f"{path.stat().st_size}."
        )
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}, line {line}: Expected UTF-8. Received a byte that is none there. Save the "
            "file as UTF-8."
        ) from None


def _once(path: Path, pairs: list[tuple]) -> dict:
    """Return the mapping of pairs in JSON, of which a key that stands twice is an error."""
    found: dict = {}
    for key, value in pairs:
        if key in found:
            raise ConfigError(f"{path}: Expected every key once. Received '{key}' again.")
        _check_key(str(path), key)
        found[key] = value
    return found


def _check_key(where: str, key) -> None:
    if key == _RUNS_CODE:
        raise ConfigError(
            f"{where}: Expected a config of plain values. Received '{_RUNS_CODE}', which makes "
            "Snakemake run expressions in the file. Remove the key, and write what they give."
        )


def _read_yaml(path: Path, text: str):
    """Return what a text in YAML says.

    Snakemake's own message of a mistake names neither file nor line.
    """
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        if node is not None:
            _check_node(path, node, {})
        return yaml.load(text, yaml.SafeLoader)
    except ConfigError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        said = getattr(error, "problem", None) or str(error)
        hint = ""
        if mark and re.match(r"[^\S\n]*\t", text.split("\n")[mark.line]):
            hint = " Indent by blanks, not by tabs."
        raise ConfigError(
            f"{where}: Expected YAML. Received a mistake in it ({said}).{hint}"
        ) from None
    except RecursionError:
        raise ConfigError(
            f"{path}: Expected a config of some levels. Received hundreds of them."
        ) from None
    except ValueError as error:
        # Of a date that is none, for one.
        raise ConfigError(f"{path}: Expected YAML. Received a value that is none ({error}).") from (
            None
        )


def _check_node(path: Path, node: yaml.Node, known: dict[int, int | None]) -> int:
    """Return how many values a part of a YAML file has, aliases replaced by what they stand for.

    Args:
        known: of the parts that were looked at; None of one that is being looked at.
    """
    at = id(node)
    if at in known:
        count = known[at]
        if count is None:
            line = node.start_mark.line + 1
            raise ConfigError(f"{path}, line {line}: Expected values. Received an alias of itself.")
        return count
    known[at] = None
    parts = node.value if isinstance(node, yaml.CollectionNode) else []
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key_node, _ in node.value:
            where = f"{path}, line {key_node.start_mark.line + 1}"
            _check_key(where, key_node.value)
            if key_node.tag != "tag:yaml.org,2002:merge":
                key = (key_node.tag, str(key_node.value))
                if key in seen:
                    raise ConfigError(
                        f"{where}: Expected every key once. Received '{key_node.value}' again."
                    )
                seen.add(key)
        parts = [part for pair in node.value for part in pair]
    count = 1 + sum(_check_node(path, part, known) for part in parts)
    if count > MOST_VALUES:
        line = node.start_mark.line + 1
        raise ConfigError(
            f"{path}, line {line}: Expected at most {MOST_VALUES} values. Received more, aliases "
            "replaced by what they stand for."
        )
    known[at] = count
    return count
