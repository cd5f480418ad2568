"""A look at the data: counts of duplicates, shift, balance of classes, and what is said of them."""

import re

import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import ROOT, tiny_config
from self_training.data import data_check, shift
from self_training.data.data_check import look
from self_training.data.duplicate_groups import describe
from self_training.data.examples import TEST, UNKNOWN
from self_training.evaluation import class_balance, scores, tables
from self_training.image.thumbnails import thumbnails
from self_training.methods.labeled_so_far import PseudoLabels
from self_training.report import findings_of_data, sheets_of_data
from self_training.study.plan import Plan
from sklearn.datasets import load_digits

U = UNKNOWN
IDENTITY = {"study": 1, "dataset": "pets"}


def of_digits(count: int, seed: int) -> np.ndarray:
    """Return thumbnails of real digits, drawn at random."""
    images = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)[..., None]
    drawn = np.random.default_rng(seed).choice(len(images), count, replace=False)
    return thumbnails(images[drawn])


def checked(labels, same, group, asked="report", features=None) -> dict:
    """Look at a dataset of so many examples, of which some are duplicates."""
    labels = np.array(labels)
    ids = [f"{index}.png" for index in range(len(labels))]
    groups = describe(np.array(same), np.array(group), labels, ["cat", "dog"], ids)
    features = np.zeros((len(labels), 3)) if features is None else features
    return look(labels, ["cat", "dog"], features, {"asked": asked, "groups": groups}, IDENTITY)


# Of the groups {0, 4} (same bytes), {1, 5, 6} (5 and 6 the same), {2, 3}, {7, 8} and {9, 10}.
LABELS = [0, 1, 0, 1, 0, 1, U, U, U, U, 1]
SAME = [0, 1, 2, 3, 0, 5, 5, 7, 7, 9, 10]
GROUP = [0, 1, 2, 2, 0, 1, 1, 7, 7, 9, 9]


def test_groups_are_counted_by_the_parts_that_they_lie_in():
    seen = checked(LABELS, SAME, GROUP)
    assert seen["dataset"] == "pets" and seen["parts"] == {"labeled": 7, "unlabeled": 4}
    found = seen["duplicates"]
    assert found["counts"] == [
        {"parts": ["labeled"], "exact": False, "groups": 1, "examples": 2},
        {"parts": ["labeled"], "exact": True, "groups": 1, "examples": 2},
        {"parts": ["labeled", "unlabeled"], "exact": False, "groups": 2, "examples": 5},
        {"parts": ["unlabeled"], "exact": True, "groups": 1, "examples": 2},
    ]
    assert (found["contradicting"], found["spare"], found["asked"]) == (1, 7, "report")
    assert [group["size"] for group in found["shown"]] == [2, 2, 3, 2, 2]
    assert found["shown"][0]["contradicting"]


def test_a_further_part_is_counted_like_the_others():
    groups = [
        {"exact": True, "members": [{"part": "labeled"}, {"part": "test"}]},
        {"exact": True, "members": [{"part": "test"}, {"part": "labeled"}, {"part": "test"}]},
    ]
    (row,) = data_check.count_groups(groups, ["labeled", "unlabeled", "test"])
    assert row == {"parts": ["labeled", "test"], "exact": True, "groups": 2, "examples": 5}


def test_only_some_groups_and_members_are_named():
    count = 3 * data_check.SHOWN
    seen = checked([0] * count, [0] * count, [0] * count)["duplicates"]
    assert len(seen["shown"][0]["members"]) == 20 and seen["shown"][0]["size"] == 60
    assert seen["shown"][0]["kept"] == {"labeled": 60}
    assert findings_of_data.what_was_done(seen["shown"][0]) == "all kept"
    assert findings_of_data.name_members(seen["shown"][0]).endswith("19.png (cat) and 40 more")
    pairs = np.repeat(np.arange(0, count, 2), 2)
    assert len(checked([0] * count, pairs, pairs)["duplicates"]["shown"]) == 20


def test_labels_of_each_class_are_counted_those_that_are_known():
    assert checked([0, 0, 1, U, 0, U], np.arange(6), np.arange(6))["classes"] == [
        {"class": "cat", "labels": 3, "share": 0.75},
        {"class": "dog", "labels": 1, "share": 0.25},
    ]


def test_where_all_labels_are_known_there_is_no_shift_to_look_for():
    seen = checked([0, 1] * 100, np.arange(200), np.arange(200))
    assert seen["shift"] is None and seen["parts"] == {"labeled": 200}


def test_a_planted_shift_is_found_and_a_little_of_it_is_not_said_to_be_large():
    features = of_digits(1200, 0)
    labeled = np.arange(1200) < 200
    none = shift.compare(features, labeled, IDENTITY)
    assert none["compared"] == 200 and none["p_value"] > 0.05
    # On examples that the classifier was not trained on: those that it was, it tells apart.
    assert abs(none["auc"] - 0.5) < 0.06 and abs(none["accuracy"] - 0.5) < 0.06
    assert not findings_of_data.is_shifted(none)
    darker = np.where(labeled[:, None], features, features * 0.8)
    found = shift.compare(darker, labeled, IDENTITY)
    assert found["auc"] > 0.7 and found["accuracy"] > 0.6 and found["p_value"] == 0.01
    assert findings_of_data.is_shifted(found)
    for weak in ({"auc": 0.59, "p_value": 0.01}, {"auc": 0.9, "p_value": 0.02}):
        assert not findings_of_data.is_shifted(found | weak)


def test_what_is_drawn_comes_from_the_identity():
    features, labeled = of_digits(300, 1), np.arange(300) < 60
    first = shift.compare(features, labeled, IDENTITY)
    assert first == shift.compare(features, labeled, IDENTITY)
    assert first != shift.compare(features, labeled, IDENTITY | {"study": 2})


def test_too_few_examples_tell_nothing():
    features = of_digits(200, 2)
    few = shift.compare(features, np.arange(200) < 29, IDENTITY)
    assert few == {"compared": 29, "accuracy": None, "auc": None, "p_value": None}
    assert not findings_of_data.is_shifted(few)
    assert shift.compare(features, np.arange(200) >= 29, IDENTITY)["compared"] == 29
    assert shift.compare(features, np.arange(200) < 30, IDENTITY)["p_value"] > 0


def test_a_shift_that_is_not_there_is_seldom_found(monkeypatch):
    """With 9 permutations p is at most 0.1 in one of 10 samples of 35 and 80 digits."""
    monkeypatch.setattr(shift, "PERMUTATIONS", 9)
    features = thumbnails(np.rint(load_digits().images * 15).astype(np.uint8)[..., None])
    found = 0
    for seed in range(20):
        drawn = np.random.default_rng(seed).choice(len(features), 115, replace=False)
        result = shift.compare(features[drawn], np.arange(115) < 35, IDENTITY | {"seed": seed})
        found += result["p_value"] <= 0.1
    assert found <= 5


def test_copies_of_one_example_are_no_shift():
    """Each labeled example stands there five times, which a classifier would know again."""
    features = of_digits(300, 3)
    index = np.concatenate([np.repeat(np.arange(40), 5), np.arange(40, 300)])
    first = np.unique(index, return_index=True)[1][index]
    labels = np.where(np.arange(len(index)) < 200, 0, U)
    seen = checked(labels, first, first, features=features[index])["shift"]
    assert seen["compared"] == 40 and seen["p_value"] > 0.05
    # Of a labeled example and an unlabeled copy of it, the labeled one is compared.
    index = np.concatenate([np.arange(300), np.arange(40)])
    labels = np.where(np.arange(len(index)) < 40, 0, U)
    seen = checked(labels, index, index, features=features[index])["shift"]
    assert seen["compared"] == 40


def test_what_was_dropped_is_left_out_once():
    """Indices of what was dropped are those of the examples before."""
    labels = [0] * 40 + [U] * 40
    found = {"asked": "drop", "groups": checked(labels, *2 * [[0] * 80])["duplicates"]["shown"]}
    seen = look(np.array(labels), ["cat", "dog"], of_digits(80, 4), found, IDENTITY)
    assert seen["shift"]["compared"] == 40 and seen["duplicates"]["spare"] == 19


def test_a_shift_does_not_depend_on_labels():
    """Not on which class is known of whom, only on whether any is."""
    features, own = of_digits(150, 5), np.arange(150)
    labels = np.where(own < 50, own % 2, U)
    other = np.where(own < 50, 1 - own // 25 % 2, U)
    first, second = (checked(some, own, own, features=features) for some in (labels, other))
    assert first["shift"] == second["shift"] and first["shift"]["compared"] == 50


# The balance of classes.


def pseudo_labels(targets) -> PseudoLabels:
    count = len(targets)
    return PseudoLabels(
        examples=np.arange(count),
        targets=np.array(targets),
        confidence=np.ones(count),
        generation=np.ones(count, np.int32),
        copies=np.full(count, 7),
        offered=np.array([count]),
        termination="",
    )


@pytest.mark.parametrize(
    "targets", [[1, 1, 0, 1], [[0.1, 0.9, 0], [0.4, 0.6, 0], [0.9, 0.1, 0], [0.2, 0.8, 0]]]
)
def test_pseudo_labels_of_each_class_are_counted_before_balancing(targets):
    assert scores.count_pseudo_labels(["a", "b", "NA"], pseudo_labels(targets)) == [
        {"class": "a", "pseudo_labels": 1},
        {"class": "b", "pseudo_labels": 3},
        {"class": "NA", "pseudo_labels": 0},
    ]


def balance_of(*counts, dataset="pets", method="noisy_student") -> pd.DataFrame:
    """Return the table of a method whose outer folds have so many pseudo-labels of each class."""
    names = ["cat", "dog"]
    evaluations = [
        {"dataset": dataset, "method": method, "fold": fold, "training_seed": 0}
        | {
            "class_balance": [
                {"class": name, "pseudo_labels": number}
                for name, number in zip(names, of_fold, strict=True)
            ]
        }
        for fold, of_fold in enumerate(counts)
    ]
    return tables.collect_class_balance(evaluations)


def test_shares_of_labels_and_pseudo_labels_by_hand():
    check = checked([0] * 30 + [1] * 10, np.arange(40), np.arange(40))
    cat, dog = class_balance.compare([check], balance_of((20, 4), (40, 0), dataset="pets@4"))
    assert cat == {
        "dataset": "pets@4",
        "method": "noisy_student",
        "class": "cat",
        "labels": 30,
        "share": 0.75,
        "pseudo_labels": 30,
        "pseudo_share": 30 / 32,
        "rarer": False,
    }
    assert (dog["share"], dog["pseudo_labels"], dog["pseudo_share"]) == (0.25, 2, 2 / 32)


@pytest.mark.parametrize(
    ("counts", "rarer"),
    [
        # 25 % of 48 are 12, and a third of that is 4.
        ((44, 4), True),
        ((43, 5), False),
        # So few are luck: 25 % of 39 are less than 10.
        ((39, 0), False),
        ((40, 0), True),
        ((0, 0), False),
    ],
)
def test_a_class_that_is_much_rarer_among_pseudo_labels_is_named(counts, rarer):
    check = checked([0] * 30 + [1] * 10, np.arange(40), np.arange(40))
    rows = class_balance.compare([check], balance_of(counts, counts))
    assert [row["rarer"] for row in rows] == [False, rarer]
    lines = findings_of_data.of_first_sheet([check], rows)
    assert bool(lines) == rarer
    if rarer:
        share = f"{counts[1] / sum(counts):.1%}"
        assert f"dog of pets (noisy_student: {share} against 25.0%)" in lines[0]
        assert "Either teachers seldom" in lines[0] and "or unlabeled examples have" in lines[0]


def test_a_study_without_students_has_the_balance_of_labels_alone():
    check = checked([0, 1], np.arange(2), np.arange(2))
    rows = class_balance.compare([check], balance_of())
    assert [(row["class"], row["labels"], row["method"]) for row in rows] == [
        ("cat", 1, None),
        ("dog", 1, None),
    ]


# What is said.

SHIFT = {"compared": 200, "accuracy": 0.81, "auc": 0.9, "p_value": 0.01}


def test_nothing_is_said_on_the_first_sheet_where_nothing_was_found():
    own = np.arange(len(LABELS))
    seen = checked(LABELS, own, own) | {"shift": SHIFT | {"auc": 0.52, "p_value": 0.3}}
    assert findings_of_data.of_first_sheet([seen], []) == []
    parts, duplicates, of_shift = findings_of_data.describe(seen, 5)
    assert parts == "pets: 7 labeled examples, and 4 of unknown label."
    assert duplicates == "No duplicates and no near duplicates were found."
    assert of_shift.startswith("Labeled and unlabeled examples were not told apart, by a class")
    assert "accuracy 0.810, AUC 0.520, where 0.5 is chance, p = 0.3 " in of_shift
    assert "With so few" not in of_shift


def test_what_is_said_of_duplicates():
    seen = checked(LABELS, SAME, GROUP)
    (line,) = findings_of_data.of_first_sheet([seen], [])
    assert line.startswith(
        "The data have duplicates: pets (5 groups, 1 with contradicting labels). Where one of a"
    )
    _, text, of_shift = findings_of_data.describe(seen, 5)
    assert text.startswith(
        "Duplicates: 1 group within labeled (2 examples, hardly different); 1 group within labeled "
        "(2 examples, the same byte by byte); 2 groups across labeled and unlabeled (5 examples, "
        "hardly different); 1 group within unlabeled (2 examples, the same byte by byte). In 1 "
        "group labels contradict each other. They were kept. 5 outer folds part two labeled ones "
        "with a chance of about 80%: one is tested on, and another may be trained on."
    )
    assert text.endswith("may be trained on where a labeled one like them is tested on.")
    # What is not labeled is not tested on.
    alone = findings_of_data.describe(checked([0, U, U], [0, 1, 1], [0, 1, 1]), 5)[1]
    assert alone.endswith("the same byte by byte). They were kept.")
    assert of_shift.startswith("Whether labeled and unlabeled examples differ can't be told: 1 of")


def test_copies_across_a_test_file_are_counted_on_the_first_sheet():
    seen = checked([0, 1], [0, 1], [0, 1])
    rows = [{"parts": ["labeled", "test"], "exact": True, "groups": 1, "examples": 2}]
    seen["duplicates"]["counts"] = rows
    (line,) = findings_of_data.of_first_sheet([seen], [])
    assert line.startswith("The data have duplicates: pets (1 group, 1 across training and test f")


@pytest.mark.parametrize(
    ("examples", "black"),
    [
        (np.array([0, 1], np.uint8).reshape(2, 1, 1, 1), True),
        (np.zeros((2, 1, 1, 3), np.uint8), True),
        (np.array([0, 2], np.uint8).reshape(2, 1, 1, 1), False),
        (np.array([[0], [1]], np.float32), False),
        (np.array([[0], [1]], np.int32), False),
        (np.array(["a", "b"], dtype=object), False),
    ],
)
def test_images_of_zeros_and_ones_are_said_to_be_black(examples, black):
    assert data_check.is_black(examples) is black
    own = np.arange(len(LABELS))
    seen = checked(LABELS, own, own) | {"black": data_check.is_black(examples), "shift": None}
    lines = findings_of_data.of_first_sheet([seen], [])
    assert len(lines) == black
    assert not black or lines[0].startswith("Images are black: pets have no pixel above 1, of 255.")


def test_what_is_said_of_dropped_ones():
    seen = checked(LABELS, SAME, GROUP, asked="drop")
    (line,) = findings_of_data.of_first_sheet([seen], [])
    assert line == "Duplicates were dropped: 7 examples of pets (sheet Data check)."
    text = findings_of_data.describe(seen, 5)[1]
    assert text.endswith(
        "7 examples dropped: all but one of each group, and where labels contradict each other all "
        "that are labeled."
    )


def test_what_was_done_with_each_group_is_counted():
    """Two of contradicting labels, which both go; and one that is a hundred times there."""
    seen = checked([0, 1, *[0] * 100], np.arange(102), [0, 0, *[2] * 100], asked="drop")
    done = [findings_of_data.what_was_done(group) for group in seen["duplicates"]["shown"]]
    assert done == ["none kept", "one kept"]
    # An unlabeled one contradicts nobody.
    seen = checked([0, 1, U], np.arange(3), [0, 0, 0], asked="drop")
    assert findings_of_data.what_was_done(seen["duplicates"]["shown"][0]) == "one kept"
    labels, ids = np.array([0, 0, 0, 0]), [*"abcd"]
    is_test = np.array([False, False, True, True])
    groups = describe(np.zeros(4, int), np.zeros(4, int), labels, ["cat", "dog"], ids, is_test)
    labels = np.array([TEST, TEST])
    found = {"asked": "drop", "groups": groups}
    seen = look(labels, ["cat", "dog"], np.zeros((2, 3)), found, IDENTITY)
    assert findings_of_data.what_was_done(seen["duplicates"]["shown"][0]) == "2 test examples kept"


def test_where_all_labels_are_known_the_parts_are_one():
    seen = checked([0, 1, 0], [0, 1, 0], [0, 1, 0])
    parts, duplicates = findings_of_data.describe(seen, 10)
    assert parts.startswith("pets: the labels of all 3 examples are known, and the study hides")
    assert "1 group within labeled" in duplicates and "about 90%" in duplicates


def test_what_is_said_of_a_shift():
    seen = checked(LABELS, np.arange(11), np.arange(11)) | {"shift": SHIFT}
    (line,) = findings_of_data.of_first_sheet([seen], [])
    assert line.startswith("Unlabeled examples are not like labeled ones: pets (AUC 0.90, p = 0.01")
    assert findings_of_data.describe(seen, 5)[2].startswith("Labeled and unlabeled examples can be")
    small = seen | {"shift": SHIFT | {"auc": 0.55, "compared": 80}}
    assert findings_of_data.of_first_sheet([small], []) == []
    text = findings_of_data.describe(small, 5)[2]
    assert text.startswith("Labeled and unlabeled examples differ a little")
    assert text.endswith("With so few, only a large difference shows.")


def test_the_sheet_has_names_labels_and_shares():
    sheet = openpyxl.Workbook().active
    check = checked(LABELS, SAME, GROUP)
    rows = class_balance.compare([check], balance_of((44, 4)))
    sheets_of_data.data_check(sheet, [check], rows, 5)
    lines = [
        [cell for cell in line if cell is not None] for line in sheet.iter_rows(values_only=True)
    ]
    assert ["pets", "yes", "hardly any", 2, "labeled", "all kept", "2.png (cat) = 3.png (dog)"] in (
        lines
    )
    mixed = ["pets", "hardly any", 2, "labeled, unlabeled", "all kept", "9.png = 10.png (dog)"]
    assert mixed in lines
    assert ["pets", "dog", 4, 4 / 7, "noisy_student", 4, 4 / 48, "much rarer"] in lines


# Who may know.


def rules() -> dict[str, str]:
    """Return the text of every rule, by its name."""
    found = {}
    for path in sorted(ROOT.glob("workflow/rules/*.smk")):
        parts = re.split(r"^ *(?:rule|checkpoint) ?(\w*):$", path.read_text(), flags=re.M)
        # One of a loop has no name here.
        found |= {
            name or f"{path.stem} {number}": text
            for number, (name, text) in enumerate(zip(parts[1::2], parts[2::2], strict=True))
        }
    return found


def test_what_was_seen_of_the_data_is_told_to_the_report_alone():
    """It knows hidden labels: nothing that trains, searches or selects may be given it. A deployed
    model's card repeats it; what is deployed was trained before."""
    named = {name for name, text in rules().items() if "data_check" in text}
    assert named == {"check_data", "report", "deploy"}
    assert {name for name, text in rules().items() if "duplicates" in text} == {
        "prepare_dataset",
        "check_data",
    }
    scripts = {
        path.stem
        for path in ROOT.glob("workflow/scripts/*.py")
        if re.search("data_check|duplicates", path.read_text())
    }
    assert scripts == {"prepare_dataset", "check_data", "report"}
    plan = Plan(tiny_config())
    assert plan.data_checks(None) == ["results/tiny/datasets/digits_0_2/data_check.json"]


def test_label_budgets_share_one_look():
    config = tiny_config()
    del config["datasets"]["digits_0_2"]["labeled_fraction"]
    config["datasets"]["digits_0_2"] |= {"labels_per_class": [4, 10], "duplicates": "drop"}
    plan = Plan(config)
    assert plan.data_checks(None) == ["results/tiny/datasets/digits_0_2/data_check.json"]
    assert plan.sources["digits_0_2"]["duplicates"] == "drop"
