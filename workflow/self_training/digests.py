"""Digests of code: what a rule's numbers come from, as far as this package determines them.

Snakemake sees an edit of a script, but not of a module behind it; rules carry a digest instead.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

from self_training.dotted_paths import digest_of

PACKAGE = Path(__file__).parent
SCRIPTS = PACKAGE.parent / "scripts"
# Modules that determine no number: messages, and records of what was done.
_WITHOUT_NUMBERS = frozenset({"errors", "logs", "provenance"})


@cache
def code_digest(script: str, *used: str) -> str:
    """Return a hash of all modules of this package that a rule's script imports, however deep.

    Comments and docstrings do not count, nor do modules that determine no number.

    Args:
        script: the name of a script.
        used: dotted paths that a job's settings name, and which are looked up only when it runs. Of
            a module outside this package, the user's own, the file itself counts, without what it
            imports.
    """
    sha = hashlib.sha256()
    own = [path for path in used if path.startswith(f"{PACKAGE.name}.")]
    for module in sorted(closure(SCRIPTS / f"{script}.py", *own, without=_WITHOUT_NUMBERS)):
        sha.update(f"{module}\n{_code(file_of(module))}\n".encode())
    for path in sorted(set(used) - set(own)):
        sha.update(f"{path}\n{digest_of(path)}\n".encode())
    return sha.hexdigest()[:16]


def closure(script: Path, *used: str, without: frozenset[str] = frozenset()) -> set[str]:
    """Return the modules of this package behind a script and some dotted paths.

    Args:
        without: modules that are left out, with what only they import.

    Returns: names relative to the package, such as `study.plan`.
    """
    waiting = [path.partition(":")[0].partition(".")[2] for path in used] + [*imports(script)]
    found: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module not in found | without:
            found.add(module)
            waiting.extend(imports(file_of(module)))
    return found


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Return the modules of this package that a file imports, also within functions.

    Returns: names relative to the package, such as `study.plan`; a sub-package's own, such as
        `image.backbones`, only where something is imported that its `__init__.py` defines.
    """
    modules: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            modules += [sub if _is_own(sub) else node.module for sub in submodules]
        elif isinstance(node, ast.ImportFrom):
            raise ImportError(f"{path}: Expected imports by full names. Received a relative one.")
    return tuple(dict.fromkeys(module.partition(".")[2] for module in modules if _is_own(module)))


def _is_own(module: str) -> bool:
    package, _, rest = module.partition(".")
    return package == PACKAGE.name and bool(rest) and file_of(rest).exists()


def file_of(module: str) -> Path:
    """Return the file of a module of this package, by its name relative to it."""
    path = PACKAGE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _code(path: Path) -> str:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body[:] = body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _is_docstring(node) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
