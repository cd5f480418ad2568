"""Functions and objects by their dotted path, `package.module:name`."""

import ast
import hashlib
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any


def find(path: str) -> Any:
    """Import what a dotted path names.

    Modules are looked for where Python finds them and in the working directory.
    """
    module, _, name = path.partition(":")
    _look_into_working_directory()
    return getattr(import_module(module), name)


def file_of_module(module: str) -> Path | None:
    """Return the file of a module, without running it, or the packages that it is in; None if there
    is none that is Python."""
    _look_into_working_directory()
    path: Sequence[str] | None = None
    spec = None
    for end in range(1, module.count(".") + 2):
        name = ".".join(module.split(".")[:end])
        try:
            spec = PathFinder.find_spec(name, path)
        except (ImportError, ValueError):
            return None
        if spec is None:
            return None
        path = spec.submodule_search_locations or []
    file = spec.origin if spec is not None else None
    return Path(file) if file is not None and file.endswith(".py") else None


def source_of(path: str) -> Path | None:
    """Return the file of a dotted path's module, without running it; None if there is none.

    There is none either when it is no Python, or does not bind the name.
    """
    module, _, name = path.partition(":")
    file = file_of_module(module)
    try:
        tree = ast.parse(file.read_bytes()) if file is not None else None
    except (SyntaxError, ValueError, OSError):
        return None
    if tree is None:
        return None
    names: set[str | None] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        else:
            names.add(getattr(node, "name", None))
    return file if name in names else None


def digest_of(path: str) -> str:
    """Return a hash of the file of a dotted path; what that file imports is left out."""
    file = source_of(path)
    if file is None:
        raise ImportError(f"Expected a module that binds a name, as module:name. Received: {path}.")
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _look_into_working_directory() -> None:
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
