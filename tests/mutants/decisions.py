"""Mutants of what is concluded: verdicts without students, advice, and what is deployed by them."""

from mutants.mutant import Mutant

DECISIONS = [
    Mutant(
        "equal_folds_are_certain",
        "two methods that differ alike in all folds have an interval of no width, and p = 1",
        "evaluation/differences.py",
        'return result | {"reason": Reason.ONE_DIFFERENCE}',
        'return result | {"interval": [float(mean)] * 2, "p_value": 1.0}',
        (
            "test_significance.py::test_a_difference_that_is_the_same_on_every_fold",
            "test_answers.py::test_too_little_to_test",
        ),
    ),
    Mutant(
        "equal_folds_are_not_corrected_for",
        "comparisons that came out without a p leave fewer to correct for",
        "evaluation/significance.py",
        'return test["p_value"] is not None or test.get("folds", 0) > 1',
        'return test["p_value"] is not None',
        ("test_significance.py::test_a_comparison_that_came_out_without_a_p_is_corrected_for",),
    ),
]
