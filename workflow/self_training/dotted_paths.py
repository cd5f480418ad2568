"""Functions and objects by their dotted path, `package.module:name`."""

import ast
import hashlib
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def find(path: str) -> Any:
    """Import what a dotted path names.

    Modules are looked for where Python finds them and in the working directory.
    """
    module, _, name = path.partition(":")
    _look_into_working_directory()
    return getattr(import_module(module), name)


def source_of(path: str) -> Path | None:
    """Return the file of a dotted path's module, without running it; None if there is none.

    There is none either when it is no Python, or does not bind the name.
    """
    module, _, name = path.partition(":")
    _look_into_working_directory()
    try:
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            return None
        file = Path(spec.origin)
        tree = ast.parse(file.read_text())
    except Exception:  # A package's own __init__.py may raise whatever it likes.
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
