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


@cache
def code_digest(script: str) -> str:
    """Return a hash of all modules of this package that a rule's script imports, however deep.

    Snakemake sees an edit of a script, but not of a module behind it; rules carry this instead.
    Comments and docstrings do not count, nor do logging and provenance: they determine no score.
    """
    sha = hashlib.sha256()
    for module in sorted(_closure(SCRIPTS / f"{script}.py") - {"logs", "provenance"}):
        sha.update(f"{module}\n{_code(PACKAGE / f'{module}.py')}\n".encode())
    return sha.hexdigest()[:16]


def _closure(path: Path) -> set[str]:
    found, waiting = set(), list(_imports(path))
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting.extend(_imports(PACKAGE / f"{module}.py"))
    return found


@cache
def _imports(path: Path) -> tuple[str, ...]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "self_training":
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("self_training."):
            names.append(node.module.removeprefix("self_training."))
    return tuple(names)


@cache
def _code(path: Path) -> str:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            node.body = body[1:] or [ast.Pass()]
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
        settings: of `config.slice_of`.
        code: digests of the rules behind the score.
        jobs: records of the training jobs (see `batch.train_batch`).

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
