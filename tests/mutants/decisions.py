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
    Mutant(
        "teachers_help_over_all",
        "a method that trained no student helps over all datasets, as its teachers are ahead",
        "evaluation/significance.py",
        "frozenset((method, control)): no_students[method]",
        "frozenset((method, control)): []",
        (
            "test_answers.py::test_datasets_without_students_do_not_count_over_all",
            "test_verdicts.py::test_results_without_students_are_no_part_of_the_comparison_with_the_"
            "control",
        ),
    ),
    Mutant(
        "teachers_help_on_a_dataset",
        "a method that trained no student on a dataset has a verdict there",
        "evaluation/comparison.py",
        "return [str(dataset) for dataset in none.index[none]]",
        "return []",
        ("test_answers.py::test_teachers_that_are_ahead_of_the_control_are_no_help",),
    ),
    Mutant(
        "teachers_deployed_as_students",
        "students are deployed where none was trained, since they help over all datasets",
        "evaluation/judging.py",
        "own in (HELPS, HURTS, NO_STUDENTS)",
        "own in (HELPS, HURTS)",
        ("test_decision.py::test_where_no_student_was_trained_there_is_none_to_deploy",),
    ),
    Mutant(
        "tie_called_highest",
        "of methods that are equally good one is said to have the highest accuracy",
        "deployment/decision.py",
        "if len(choice.tied) == 1:",
        "if choice.tied:",
        ("test_decision.py::test_students_that_help_or_what_is_best_on_labels_alone",),
    ),
    Mutant(
        "advice_by_the_verdict_alone",
        "self-training is advised where it helps, though the baseline is better and is deployed",
        "report/advice.py",
        'if not row["choice"] or row["choice"]["method"] != row["method"]:',
        'if row["verdict"] != HELPS:',
        (
            "test_answers.py::test_students_ahead_of_their_control_and_behind_the_baseline",
            "test_answers.py::test_advice_on_a_dataset_is_what_is_deployed",
        ),
    ),
    Mutant(
        "advice_against_what_is_deployed",
        "no pseudo-labels are advised on a dataset where students are deployed",
        "report/advice.py",
        'if not choice or choice["kind"] == CHAIN or choice["may_be_deployed"]:',
        "if not choice:",
        ("test_answers.py::test_advice_on_a_dataset_is_what_is_deployed",),
    ),
    Mutant(
        "behind_the_baseline_hidden",
        "that the baseline is better is not said where students help over their control",
        "report/answer_of_dataset.py",
        'row["verdict"] == HELPS and bool(test) and test["difference"] < 0',
        "False",
        ("test_answers.py::test_students_ahead_of_their_control_and_behind_the_baseline",),
    ),
    Mutant(
        "more_unlabeled_pay_unmeasured",
        "more unlabeled examples are said to pay wherever self-training helps",
        "report/advice.py",
        'if not row["is_largest"] or not is_gain(row["growth"]):',
        'if row["verdict"] == HELPS:\n        return plain.name(row, statistics)\n'
        '    if not is_gain(row["growth"]):',
        ("test_answers.py::test_more_unlabeled_examples_where_students_grew_with_them",),
    ),
    Mutant(
        "more_labels_for_nothing",
        "more labeled examples are asked for where a larger budget shows that there is no gain",
        "report/advice.py",
        'if any(other["verdict"] in (HURTS, NO_GAIN) for other in same):',
        "if False:",
        (
            "test_answers.py::test_more_labeled_examples_are_asked_for_only_where_the_larger_budget_"
            "leaves_it_open",
        ),
    ),
    Mutant(
        "flat_curve_may_gain",
        "a curve that is flat at its end may still gain by more labels",
        "report/advice.py",
        'return interval is not None and interval[1] < statistics["rope"]',
        "return False",
        ("test_answers.py::test_more_labels_where_the_control_still_gains",),
    ),
    Mutant(
        "equal_budgets_pass",
        "two label budgets that keep as many labels are studied as two",
        "data/distinct_budgets.py",
        "if kept[one] == kept[other]:",
        "if False:",
        ("test_config.py::test_two_budgets_that_keep_the_same_labels",),
    ),
    Mutant(
        "budgets_of_repeats_are_datasets",
        "label budgets whose repeats differ are counted as datasets",
        "report/findings_of_repeats.py",
        "if not several:",
        "if True:",
        ("test_repeats.py::test_how_much_one_split_decides_is_said",),
    ),
    Mutant(
        "gain_of_teachers_shown",
        "the page has a gain of self-training where no student was trained",
        "report/summary_md.py",
        'if test and row["verdict"] != NO_STUDENTS else ""',
        'if test else ""',
        ("test_answers.py::test_teachers_that_are_ahead_of_the_control_are_no_help",),
    ),
    Mutant(
        "equal_folds_without_advice",
        "nothing is advised where the difference is the same in all folds",
        "report/advice.py",
        'if row["verdict"] != NOT_TESTED or not test or test.get("folds", 0) < 2:',
        "if True:",
        ("test_answers.py::test_too_little_to_test",),
    ),
]
