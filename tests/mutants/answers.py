"""Mutants of the answer in plain words: verdicts, costs, labels that a gain is worth."""

from mutants.mutant import Mutant

ANSWERS = [
    Mutant(
        "answer_over_baseline",
        "the difference to the baseline is called that to the control",
        "evaluation/answers.py",
        '"over_control": over[0]',
        '"over_control": over[1]',
        ("test_answers.py::test_it_helps_on_one_dataset",),
    ),
    Mutant(
        "answer_not_corrected",
        "a single dataset helps by its p without correction",
        "evaluation/judging.py",
        'if test["p_holm"] < ALPHA:\n        return HELPS',
        'if test["p_value"] < ALPHA:\n        return HELPS',
        ("test_answers.py::test_it_is_corrected_for_all_datasets",),
    ),
    Mutant(
        "points_of_the_next_budget",
        "the more methods there are, the farther points stand from their label budget",
        "report/drawings.py",
        "width = min([step * (methods - 1), *(SPREAD * gaps)])",
        "width = step * (methods - 1)",
        ("test_label_budgets.py::test_points_of_a_budget_stand_close_to_it_however_many_methods",),
    ),
    Mutant(
        "labels_extrapolated",
        "beyond the largest budget a gain is worth its labels",
        "evaluation/worth.py",
        "return math.inf",
        "return points[-1].labels",
        ("test_answers.py::test_labels_are_never_extrapolated",),
    ),
    Mutant(
        "worth_linear",
        "labels between budgets are linear, not logarithmic",
        "evaluation/worth.py",
        "return fewer.labels * (more.labels / fewer.labels) ** share",
        "return fewer.labels + (more.labels - fewer.labels) * share",
        ("test_answers.py::test_labels_that_a_gain_is_worth",),
    ),
    Mutant(
        "worth_ends_swapped",
        "the ends of what a gain is worth are exchanged",
        "evaluation/answers.py",
        'zip(("low", "high"), gain["interval"]',
        'zip(("high", "low"), gain["interval"]',
        ("test_answers.py::test_labels_that_a_gain_is_worth",),
    ),
    Mutant(
        "hurts_hidden",
        "a dataset on which self-training hurts is not named",
        "report/answer.py",
        'told = [row for row in rows if row["verdict"] in (HELPS, HURTS, NO_STUDENTS)]',
        'told = [row for row in rows if row["verdict"] in (HELPS, NO_STUDENTS)]',
        ("test_answers.py::test_a_loss_is_said_beside_a_gain_over_all",),
    ),
    Mutant(
        "cost_without_search",
        "what self-training costs leaves out its search",
        "evaluation/answers.py",
        "known = [part for part in parts if part in rows]",
        "known = [parts[0]]",
        ("test_answers.py::test_costs_have_the_search_in_them",),
    ),
]
