"""A config by itself: no unknown key, and values of the right kind."""

import math
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from self_training.data.sources import SOURCES
from self_training.errors import ConfigError, shown
from self_training.study.config import compares_only
from self_training.study.encoders import ENCODERS
from self_training.study.names import POLICIES

PATH = Path(__file__).parents[2] / "schemas" / "config.schema.yaml"


def check_schema(config: dict) -> None:
    """Raise ConfigError, naming the first key that is wrong, what it expects and what it got."""
    schema = load_schema()
    if compares_only(config):
        schema["required"] = ["study", "external_scores"]
    errors = sorted(
        _Validator(schema).iter_errors(config), key=lambda error: list(map(str, error.path))
    )
    if errors:
        raise ConfigError(_describe(errors[0]))


def load_schema() -> dict:
    """Return the JSON schema of a config; lists of names come from the tables that have them."""
    schema = yaml.safe_load(PATH.read_text())
    dataset = schema["$defs"]["dataset"]["properties"]
    sources = dict.fromkeys(source for of_kind in SOURCES.values() for source in of_kind)
    tables: list[tuple[dict, Iterable[str]]] = [
        (schema["$defs"]["policy"], POLICIES),
        (schema["$defs"]["encoder"], ENCODERS),
        (dataset["source"], sources),
        (dataset["kind"], SOURCES),
    ]
    for part, names in tables:
        part |= {"enum": list(names), "expected": f"one of {', '.join(names)}"}
    return schema


def _is_integer(_, value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_, value) -> bool:
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


# JSON counts 3.0 as an integer and YAML has .nan; neither is what a setting can be.
_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


def _describe(error: ValidationError) -> str:
    key = ".".join(str(step) for step in error.absolute_path) or "config"
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in known)
        hint = get_close_matches(str(unknown), known, 1)
        return (
            f"{key}: Expected the keys {', '.join(known)}. Received the unknown key "
            f"{shown(unknown)}." + (f" Did you mean '{hint[0]}'?" if hint else "")
        )
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return (
            f"{key}: Expected the keys {', '.join(error.validator_value)}. "
            f"Missing: {', '.join(missing)}."
        )
    expected = error.schema.get("expected", f"another value ({error.message:.300})")
    # Of a value that may be one or a list, the errors are those of both.
    own = (error, *(error.context or ()))
    if any(some.validator == "uniqueItems" for some in own) and "different" not in expected:
        expected += ", which must be different"
    largest = [
        some.validator_value
        for some in own
        if some.validator == "maximum" and _is_number(None, some.instance)
    ]
    if largest and " in (" not in expected and " in [" not in expected:
        expected += f", and of at most {largest[0]}"
    return f"{key}: Expected {expected}. Received: {shown(error.instance)}."
