"""Where results come from: code, versions, machine."""

import ast
import hashlib
import json
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from self_training.dotted_paths import digest_of

PACKAGE = Path(__file__).parent
SCRIPTS = PACKAGE.parent / "scripts"
REPORTED_PACKAGES = (
    "tensorflow",
    "jax",
    "keras",
    "numpy",
    "scikit-learn",
    "scipy",
    "scikit-posthocs",
    "pandas",
    "openpyxl",
    "statsmodels",
    "baycomp",
    "matplotlib",
    "snakemake",
)


# They determine no number.
_WITHOUT_NUMBERS = frozenset({"errors", "logs", "provenance"})


@cache
def code_digest(script: str, *used: str) -> str:
    """Return a hash of all modules of this package that a rule's script imports, however deep.

    Snakemake sees an edit of a script, but not of a module behind it; rules carry this instead.
    Comments and docstrings do not count, nor do modules that determine no number.

    Args:
        script: the name of a script.
        used: dotted paths that a job's settings name, and which are looked up only when it runs. Of
            a module outside this package, the user's own, the file itself counts, without what it
            imports.
    """
    sha = hashlib.sha256()
    own = [path for path in used if path.startswith(f"{PACKAGE.name}.")]
    for module in sorted(_closure(SCRIPTS / f"{script}.py", *own, without=_WITHOUT_NUMBERS)):
        sha.update(f"{module}\n{_code(_file(module))}\n".encode())
    for path in sorted(set(used) - set(own)):
        sha.update(f"{path}\n{digest_of(path)}\n".encode())
    return sha.hexdigest()[:16]


def _closure(script: Path, *used: str, without: frozenset[str] = frozenset()) -> set[str]:
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
            waiting.extend(imports(_file(module)))
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
    return package == PACKAGE.name and bool(rest) and _file(rest).exists()


def _file(module: str) -> Path:
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


def of_score(settings: dict, code: dict[str, str], jobs: list[dict]) -> dict:
    """Return what a score comes from: settings, code, and what trained its networks where.

    Args:
        settings: of `study.methods.slice_of`.
        code: digests of the rules behind the score.
        jobs: records of the training jobs (see `training.job.train_batch`).

    Returns: also `seed`, and `config` and `code` as one short digest each.
    """
    frameworks = [job["framework"] for job in jobs if "framework" in job]
    return {
        "seed": settings["seed"],
        "config": _digest(settings),
        "code": _digest(code),
        "commits": ", ".join(sorted({framework["commit"] for framework in frameworks})),
        "settings": settings,
        "code_of_rules": code,
        "trained_with": frameworks,
    }


def _digest(content) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages of the process that asks."""
    found = {"python": platform.python_version()}
    for package in REPORTED_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str]:
    """Return what the report was made on."""
    return {
        "host": platform.node(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def commit() -> str:
    """Return the commit of the workflow, marked when files differ from it, or 'unknown'."""
    command = [
        "git",
        "-C",
        str(PACKAGE),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
