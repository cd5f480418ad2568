"""Mutants of examples whose label nobody knows: read, split, scored."""

from mutants.mutant import Mutant

HERE = "test_unknown_labels.py::"

UNKNOWN_LABELS = [
    Mutant(
        "unknown_is_a_class",
        "a sub-folder of unlabeled files is a class of that name",
        "data/folders.py",
        "unknown = UNKNOWN_FOLDER in names and UNKNOWN_FOLDER not in (classes or ())",
        "unknown = False",
        (HERE + "test_a_folder_has_a_sub_folder_of_unlabeled_images",),
    ),
    Mutant(
        "unknown_is_the_last_class",
        "of some classes, an example of unknown label is one of the last class",
        "data/examples.py",
        "np.where(y == UNKNOWN, UNKNOWN, renumbered[y])",
        "renumbered[y]",
        (HERE + "test_archives_have_minus_1_or_another_archive",),
    ),
    Mutant(
        "unknown_left_out_with_other_classes",
        "where some classes are kept, examples of unknown label are not",
        "data/examples.py",
        "kept = np.flatnonzero(labels != left_out)",
        "kept = np.flatnonzero(labels >= 0)",
        (HERE + "test_unlabeled_images_may_lie_in_a_folder_of_their_own",),
    ),
    Mutant(
        "unknown_in_outer_folds",
        "examples of unknown label are dealt to outer folds as if they were a class",
        "data/splits.py",
        "known_idx, unknown_idx = np.flatnonzero(labels != UNKNOWN), "
        "np.flatnonzero(labels == UNKNOWN)",
        "known_idx, unknown_idx = np.arange(len(labels)), np.flatnonzero(labels == UNKNOWN)\n"
        "    labels = np.where(labels == UNKNOWN, 0, labels)",
        (HERE + "test_examples_of_unknown_label_are_unlabeled_in_every_fold",),
    ),
    Mutant(
        "unknown_not_in_u",
        "examples of unknown label are left out of U",
        "data/splits.py",
        "pool = np.union1d(pool_idx, unknown_idx)",
        "pool = pool_idx",
        (HERE + "test_examples_of_unknown_label_are_unlabeled_in_every_fold",),
    ),
    Mutant(
        "unknown_last_in_u",
        "U is in two parts: those whose label is hidden, then those whose label nobody knows",
        "data/splits.py",
        'order = generator(purpose="unlabeled order", **identity).permutation(pool)',
        'order = generator(purpose="unlabeled order", **identity).permutation(pool)\n'
        '    order = order[np.argsort(labels[order] == UNKNOWN, kind="stable")]',
        (HERE + "test_unlabeled_examples_of_both_kinds_are_in_one_random_order",),
    ),
    Mutant(
        "unknown_counted_as_wrong",
        "a pseudo-label whose truth nobody knows is a wrong one",
        "evaluation/scores.py",
        "known = now & (true != UNKNOWN)",
        "known = now",
        (HERE + "test_precision_is_over_pseudo_labels_whose_truth_is_known",),
    ),
    Mutant(
        "nobody_knows_is_zero",
        "where no truth is known, no pseudo-label is right",
        "evaluation/scores.py",
        "if known.any() else None",
        "if known.any() else 0",
        (HERE + "test_precision_is_over_pseudo_labels_whose_truth_is_known",),
    ),
    Mutant(
        "unknown_shown_as_wrong",
        "pseudo-labels whose truth nobody knows are shown among the wrong ones",
        "evaluation/scores.py",
        '"label": int(true[index]) if true[index] >= 0 else None',
        '"label": int(true[index])',
        (HERE + "test_precision_is_over_pseudo_labels_whose_truth_is_known",),
    ),
    Mutant(
        "unknown_scored",
        "test examples of unknown label are scored",
        "evaluation/scores.py",
        "if (y_true < 0).any():",
        "if False:",
        (HERE + "test_test_examples_of_unknown_label_are_not_scored",),
    ),
    Mutant(
        "unknown_makes_folds_independent",
        "examples of unknown label count as training examples of a fold in its t-test",
        "evaluation/differences.py",
        ' - rows.get("unknown", 0)',
        "",
        (HERE + "test_they_are_not_counted_as_training_examples_by_the_test",),
    ),
    Mutant(
        "upper_bound_learns_unknown_labels",
        "an upper bound is trained on examples of unknown label",
        "methods/controls.py",
        "pool = pool[labels[pool] != UNKNOWN]",
        "pass",
        (HERE + "test_an_upper_bound_learns_from_known_labels",),
    ),
]
