"""Mutants that are tried in CI, and what holds for all: `python tests/mutants` tries every one."""

import ast
import re

import pytest
from conftest import ROOT
from mutants.campaign import PACKAGE, Outcome, judge, mutated
from mutants.mutant import Mutant
from mutants.table import MUTANTS

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
# About a second each.
TRIED = (
    "unlabeled_by_hidden_class",
    "inner_score_on_training_part",
    "copies_ignored",
    "labeled_set_is_one_example",
    "temperature_inverse",
    "best_generation_on_test_labels",
    "controls_of_teachers_seeds",
    "verdict_over_the_baseline",
)


def test_every_mutant_changes_code_that_still_compiles():
    assert len(BY_NAME) == len(MUTANTS) >= 200
    for mutant in MUTANTS:
        text = mutated(mutant)
        compile(text, mutant.file, "exec")
        original = (ROOT / PACKAGE / mutant.file).read_text()
        assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(original)), mutant.name


def test_every_mutant_names_tests_that_there_are():
    for mutant in MUTANTS:
        assert mutant.tests, mutant.name
        for test in mutant.tests:
            file, _, function = test.partition("::")
            text = (ROOT / "tests" / file).read_text()
            # Perhaps of one of its parameters.
            name = function.partition("[")[0]
            assert re.search(rf"^def {name}\(", text, re.MULTILINE), (mutant.name, test)


@pytest.mark.parametrize("name", TRIED)
def test_wrong_science_is_noticed(name):
    verdict = judge(BY_NAME[name])
    assert verdict.outcome == Outcome.KILLED, verdict


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        ("confidence > threshold", "threshold < confidence", Outcome.SURVIVED),
        ("confidence > threshold", "confidence > no_such_name", Outcome.INVALID),
        ("import numpy as np", "import no_such_module", Outcome.INVALID),
    ],
    ids=["no change", "a crash", "no import"],
)
def test_only_what_an_assertion_notices_is_killed(old, new, outcome):
    tests = ("test_pseudo_labels.py::test_selected_when_confidence_is_above_the_threshold",)
    mutant = Mutant("some", "", "methods/pseudo_labels.py", old, new, tests)
    assert judge(mutant).outcome == outcome


def test_a_text_that_is_not_there_once_is_an_error():
    for old in ("no such text", "return"):
        with pytest.raises(ValueError, match="Expected its old text once"):
            mutated(Mutant("some", "", "methods/pseudo_labels.py", old, "", ()))
