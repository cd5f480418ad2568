"""Mutants of logit adjustment: its loss, and the shares of classes in it."""

from mutants.mutant import Mutant

_BY_HAND = ("test_logit_adjustment.py::test_it_trains_as_computed_by_hand",)
_BALANCED = ("test_logit_adjustment.py::test_where_nothing_can_be_seen_classes_are_as_if_balanced",)
_OF_BATCHES = ("test_logit_adjustment.py::test_shares_of_a_student_are_those_of_its_batches",)

ADJUSTMENT = [
    Mutant(
        "adjustment_left_out",
        "nothing is added to logits",
        "training/logit_adjustment.py",
        "LEAST)) + adjustments",
        "LEAST)) + 0 * adjustments",
        _BALANCED,
    ),
    Mutant(
        "adjustment_turned_round",
        "logarithms of shares are taken off the logits: frequent classes are predicted even more",
        "training/logit_adjustment.py",
        "LEAST)) + adjustments",
        "LEAST)) - adjustments",
        _BALANCED,
    ),
    Mutant(
        "adjustment_by_shares",
        "shares are added to logits, and not their logarithms",
        "training/batches.py",
        "return np.log(np.maximum(shares / shares.sum(), 1 / (2 * len(seen))))",
        "return np.maximum(shares / shares.sum(), 1 / (2 * len(seen)))",
        _BALANCED,
    ),
    Mutant(
        "adjustment_without_tau",
        "tau is 1, whatever a method says",
        "training/batches.py",
        "adjustments = settings.logit_adjustment * log_shares(",
        "adjustments = log_shares(",
        _BALANCED,
    ),
    Mutant(
        "adjustment_of_the_job",
        "runs of one job that differ in it are trained as the job says",
        "study/candidates.py",
        '    "logit_adjustment",\n',
        "",
        ("test_logit_adjustment.py::test_values_are_searched_for_the_method_and_for_its_control",),
    ),
    Mutant(
        "adjustment_compiled_once",
        "runs with and without it are trained by one compiled loss",
        "training/runs.py",
        "own.distillation != 1, bool(own.logit_adjustment))",
        "own.distillation != 1)",
        ("test_logit_adjustment.py::test_runs_with_and_without_it_are_compiled_apart",),
    ),
    Mutant(
        "adjustment_clipped",
        "what is almost improbable has no gradient",
        "training/logit_adjustment.py",
        "LEAST = 1e-30",
        "LEAST = 1e-7",
        ("test_logit_adjustment.py::test_a_probability_of_almost_0_can_be_learned",),
    ),
    Mutant(
        "shares_of_examples",
        "shares are of a run's examples, however batches draw them",
        "training/batches.py",
        "        shares = np.bincount(run.targets, seen, classes)",
        "        shares = np.bincount(run.targets, None, classes)",
        _OF_BATCHES,
    ),
    Mutant(
        "shares_of_given_labels_alone",
        "shares of a student are those of its labeled examples",
        "training/batches.py",
        "    if run.targets.ndim == 2:\n        shares = ",
        "    seen[run.given :] = 0\n    if run.targets.ndim == 2:\n        shares = ",
        _OF_BATCHES,
    ),
    Mutant(
        "shares_without_weights",
        "shares take no notice of how examples weigh in the loss",
        "training/batches.py",
        "np.bincount(order.ravel(), weights.ravel(), len(seen))",
        "np.bincount(order.ravel(), None, len(seen))",
        _OF_BATCHES,
    ),
    Mutant(
        "shares_of_soft_labels_rounded",
        "of soft pseudo-labels the most probable class counts alone",
        "training/batches.py",
        "shares = seen @ run.targets",
        "shares = np.bincount(run.targets.argmax(axis=1), seen, classes)",
        ("test_logit_adjustment.py::test_shares_of_soft_pseudo_labels_are_their_means",),
    ),
    Mutant(
        "shares_of_a_missing_class",
        "a class without a label has the logarithm of almost 0",
        "training/batches.py",
        "1 / (2 * len(seen))",
        "1e-30",
        ("test_logit_adjustment.py::test_a_class_without_a_label_counts_as_half_a_label",),
    ),
    Mutant(
        "adjusted_network_asked_with_it",
        "views of unlabeled examples are judged by adjusted probabilities",
        "training/consistency/step.py",
        "ops.stop_gradient(weak), batch.places",
        "ops.softmax(ops.log(ops.stop_gradient(weak)) + batch.targets[:1, weak.shape[-1] :]), "
        "batch.places",
        (
            "test_logit_adjustment.py::"
            "test_consistency_training_adjusts_what_it_learns_of_labels_alone",
        ),
    ),
    Mutant(
        "adjustment_of_transformers_left_out",
        "transformers are trained on logits that nothing is added to",
        "training/transformer.py",
        "logits = logits + adjustments",
        "logits = logits + 0 * adjustments",
        ("test_transformer.py::test_logits_are_adjusted_by_the_shares_of_classes",),
    ),
    Mutant(
        "control_without_adjustment",
        "fair controls are trained without it",
        "study/methods.py",
        '"batch_size", "logit_adjustment",',
        '"batch_size",',
        ("test_logit_adjustment.py::test_a_method_its_students_and_its_fair_control_have_it",),
    ),
    Mutant(
        "adjusted_and_distilled",
        "it is not refused beside distillation",
        "study/checks_of_methods.py",
        '    if adjusted and settings(config, name)["distillation"]:',
        "    if False:",
        ("test_logit_adjustment.py::test_what_can_not_be_is_said_before_anything_is_trained",),
    ),
    Mutant(
        "network_with_its_loss",
        "a file of a network asks whoever loads it for the loss",
        "training/one_by_one.py",
        "trained = keras.Model(model.inputs, model.outputs)",
        "trained = model",
        ("test_logit_adjustment.py::test_it_does_so_in_stacks_and_with_pytorch",),
    ),
]
