"""Titles and captions of the figures; apart from these, so that planning loads no Matplotlib."""

TITLES = {
    "critical_difference": "Average ranks and critical difference",
    "accuracy": "Accuracy per dataset",
    "generations": "Learning by generation",
    "hyper_parameters": "Selected hyper-parameters",
    "cost": "Accuracy against training cost",
    "reliability": "Reliability of confidences",
}
CAPTIONS = {
    "critical_difference": (
        "Average ranks of the methods over all complete datasets; 1 is best. Methods that a bar "
        "joins do not differ by Nemenyi's test at 0.05; CD is the critical difference of ranks."
    ),
    "accuracy": (
        "Mean accuracy over outer folds, and its 95 % interval with the variance of Nadeau and "
        "Bengio (2003), which allows for overlapping training sets. Compare methods by the tests, "
        "which are paired, rather than by the overlap of intervals."
    ),
    "generations": (
        "After each generation of the final chains: accuracy of the students on the outer test "
        "fold (generation 0: the teachers), coverage (selected of the offered unlabeled examples) "
        "and precision of the pseudo-labels. Thin lines are datasets, thick ones their mean. "
        "Folds whose chain has ended are no longer in a mean."
    ),
    "hyper_parameters": "How often each value was selected, over all datasets and outer folds.",
    "cost": (
        "Mean accuracy against gradient steps of all teachers and students of a final chain, "
        "without the search. Thin lines join the methods of a dataset."
    ),
    "reliability": (
        "Accuracy of predictions on the outer test folds against their confidence, all datasets "
        "together. On the diagonal, confidence is right; below it, too high. Larger marks are of "
        "more predictions."
    ),
}
PSEUDO_LABELS = (
    "Pseudo-labels of outer fold 0, right ones above and wrong ones below, each from the least to "
    "the most confident. The first name is the pseudo-label, the one in brackets is true."
)
