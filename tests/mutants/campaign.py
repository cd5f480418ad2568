"""Tries mutants on copies of the project: never in place, and every one on a copy of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from mutants.mutant import Mutant

ROOT = Path(__file__).parents[2]
PACKAGE = Path("workflow/self_training")
NOT_COPIED = (".*", "__pycache__", "results", "resources")
# How pytest ends when tests were run, and all passed or some did not.
PASSED, FAILED = 0, 1
# A test that notices wrong science says so; code that cannot run at all is no science.
NOTICED = ("assert", "AssertionError", "Failed: DID NOT RAISE")
SECONDS = 600  # Longer than all of the named tests take; a mutant may have no end.


class Outcome(StrEnum):
    """What became of a mutant: only one that an assertion has noticed is killed."""

    KILLED = "killed"
    SURVIVED = "survived"
    INVALID = "invalid"


class Verdict(NamedTuple):
    """What became of a mutant.

    by: the test that has noticed it, without its file; of an invalid mutant, what went wrong.
    """

    mutant: Mutant
    outcome: Outcome
    by: str
    seconds: float


def mutated(mutant: Mutant) -> str:
    """Return the text of a mutant's file with the mutation."""
    text = (ROOT / PACKAGE / mutant.file).read_text()
    if (count := text.count(mutant.old)) != 1:
        raise ValueError(
            f"{mutant.name}: Expected its old text once in {mutant.file}, not {count}."
        )
    return text.replace(mutant.old, mutant.new)


def judge_all(mutants: Iterable[Mutant], jobs: int) -> Iterator[Verdict]:
    """Yield a verdict for each mutant, in order; some are tried at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(judge, mutants)


def judge(mutant: Mutant) -> Verdict:
    """Run the tests that should notice a mutant, up to the first that fails."""
    started = time.perf_counter()

    def verdict(outcome: Outcome, by: str = "") -> Verdict:
        return Verdict(mutant, outcome, by, time.perf_counter() - started)

    with tempfile.TemporaryDirectory() as folder:
        copy = copy_project(folder)
        (copy / PACKAGE / mutant.file).write_text(mutated(mutant))
        try:
            code, failures = run_tests(copy, mutant.tests, "--exitfirst")
        except subprocess.TimeoutExpired:
            return verdict(Outcome.INVALID, f"no end within {SECONDS} s")
    if code == PASSED:
        return verdict(Outcome.SURVIVED)
    if code != FAILED or not failures:
        return verdict(Outcome.INVALID, f"no test was run (pytest ended with {code})")
    test, message = failures[0]
    if not message.startswith(NOTICED):
        return verdict(Outcome.INVALID, f"{test}: {message}")
    return verdict(Outcome.KILLED, test)


def red_without_mutants(mutants: Iterable[Mutant]) -> list[tuple[str, str]]:
    """Return the tests that fail without any mutation, among those that should notice one, and how
    they fail."""
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    with tempfile.TemporaryDirectory() as folder:
        code, failures = run_tests(copy_project(folder), tests)
    if code not in (PASSED, FAILED):
        failures.append((", ".join(tests), f"pytest ended with {code}"))
    return failures


def copy_project(folder: str) -> Path:
    """Copy what tests read into a folder, and return where it is."""
    ignore = shutil.ignore_patterns(*NOT_COPIED)
    return Path(shutil.copytree(ROOT, Path(folder) / "project", ignore=ignore))


def run_tests(copy: Path, tests: Iterable[str], *options: str) -> tuple[int, list[tuple[str, str]]]:
    """Run tests of a copy of the project in a process of their own.

    Args:
        tests: names relative to `tests/`, such as `test_splits.py::test_x`.
        options: of pytest.

    Returns: how pytest ended; and of each failure, the test's name and the message's first line.
    """
    report = copy / "report.xml"
    # What is set for this process, or was compiled for it, is not for that one.
    dropped = ("PYTHONPATH", "PYTEST_ADDOPTS")
    environment = {key: value for key, value in os.environ.items() if key not in dropped}
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not study", "-p", "no:cacheprovider"]
    process = subprocess.run(
        [*command, f"--junitxml={report}", *options, *(f"tests/{test}" for test in tests)],
        cwd=copy,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        timeout=SECONDS,
    )
    cases = ElementTree.parse(report).iter("testcase") if report.exists() else []
    found = []
    for case in cases:
        # An `error` is what a test could not even begin for.
        for problem in (*case.iterfind("failure"), *case.iterfind("error")):
            what = "" if problem.tag == "failure" else "error: "
            message = problem.get("message", "").strip().partition("\n")[0]
            found.append((case.get("name", ""), what + message))
    return process.returncode, found
