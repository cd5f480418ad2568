"""Whether a backbone can be built, as far as its file says: it isn't imported for that."""

import ast
from pathlib import Path

from self_training import dotted_paths
from self_training.errors import ConfigError
from self_training.study import names

# What a backbone is called with; the first, its inputs, by position.
_ARGUMENTS = ("classes", "dropout", "survival", "seed")


def check_backbone(key: str, name: str) -> None:
    """Forbid a backbone that is none of ours and can't be imported; it isn't imported for that."""
    if name in names.BACKBONES:
        return
    if ":" not in name:
        expected = f"one of {', '.join(names.BACKBONES)}, or your own as package.module:function"
        raise ConfigError.of(key, expected, name)
    module, _, function = name.partition(":")
    if module.endswith(".py") or "/" in module:
        plain = module.removesuffix(".py").strip("./").replace("/", ".")
        raise ConfigError.of(key, f"a module's name, as {plain}:{function}, not its file", name)
    file = dotted_paths.file_of_module(module)
    if file is not None and dotted_paths.source_of(name) is None:
        raise ConfigError.of(key, f"a function that {file} defines{_mistake(file)}", name)
    if file is None:
        expected = "a function in a module that Python finds from the working directory"
        raise ConfigError.of(key, expected, name)
    _check_parameters(key, name, file)


def _mistake(file: Path) -> str:
    """Return where a file is no Python, for a message."""
    try:
        ast.parse(file.read_bytes())
    except SyntaxError as error:
        return f", which is no Python in line {error.lineno} ({error.msg})"
    except (ValueError, OSError) as error:
        return f", which can't be read ({error})"
    return ""


def _check_parameters(key: str, name: str, file: Path) -> None:
    """Raise ConfigError where a function, as its file defines it, can't be called as a backbone is.

    Of what is decorated or assigned nobody knows it before it runs (see `training.outputs`).
    """
    function = name.partition(":")[2]
    for node in ast.parse(file.read_bytes()).body:
        if not (isinstance(node, ast.FunctionDef) and node.name == function):
            continue
        given = node.args
        if node.decorator_list:
            continue
        by_position = [some.arg for some in (*given.posonlyargs, *given.args)]
        by_name = {some.arg for some in (*given.args[not given.posonlyargs :], *given.kwonlyargs)}
        needed = by_position[1 : len(by_position) - len(given.defaults)] + [
            some.arg
            for some, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
            if default is None
        ]
        missing = [] if given.kwarg else [some for some in _ARGUMENTS if some not in by_name]
        if missing or set(needed) - set(_ARGUMENTS) or not (by_position or given.vararg):
            expected = f"a function of inputs, {', '.join(_ARGUMENTS[:-1])} and {_ARGUMENTS[-1]}"
            received = f"{name}({ast.unparse(given)})"
            raise ConfigError.of(key, expected, received)
