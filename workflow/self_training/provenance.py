"""Where results come from: code, versions, machine."""

import hashlib
import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE = Path(__file__).parent
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
