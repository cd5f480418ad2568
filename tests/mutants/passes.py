"""Mutants of uncertainty of one network: its passes with dropout."""

from mutants.mutant import Mutant

_BY_HAND = ("test_passes.py::test_ten_passes_by_hand",)

PASSES = [
    Mutant(
        "passes_alike",
        "all passes have the masks of the first",
        "training/passes.py",
        "for of_pass in self.masks(number, identity):",
        "for of_pass in self.masks(number, identity)[:1] * PASSES:",
        _BY_HAND,
    ),
    Mutant(
        "passes_not_scaled",
        "what is kept is not made larger by what is dropped",
        "training/passes.py",
        ".astype(np.float32) / (1 - rate)",
        ".astype(np.float32)",
        _BY_HAND,
    ),
    Mutant(
        "passes_of_five",
        "five passes are all",
        "training/passes.py",
        "PASSES = 10",
        "PASSES = 5",
        _BY_HAND,
    ),
    Mutant(
        "passes_of_a_population",
        "the deviation over passes is divided by n",
        "training/passes.py",
        "ddof=1",
        "ddof=0",
        _BY_HAND,
    ),
    Mutant(
        "passes_of_every_batch_alike",
        "every batch of examples has the masks of the first",
        "training/passes.py",
        'purpose="passes", batch=batch,',
        'purpose="passes", batch=0,',
        _BY_HAND,
    ),
    Mutant(
        "passes_of_every_run_alike",
        "all runs have the same masks",
        "training/passes.py",
        "batch=batch, **identity)",
        "batch=batch)",
        _BY_HAND,
    ),
    Mutant(
        "passes_with_stochastic_depth",
        "blocks are left out in passes, too",
        "training/passes.py",
        "isinstance(layer, keras.layers.Dropout) and layer.noise_shape is None",
        "isinstance(layer, keras.layers.Dropout)",
        ("test_passes.py::test_of_images_nothing_but_dropout_is_on",),
    ),
    Mutant(
        "passes_of_no_dropout",
        "a network without dropout has passes that are all alike, and is never uncertain",
        "training/passes.py",
        "        if not self.layers:\n",
        "        if False:\n",
        ("test_passes.py::test_a_backbone_without_dropout_is_an_error_before_it_is_trained",),
    ),
    Mutant(
        "passes_of_stacks_alike",
        "in stacks all runs have the masks of the first",
        "training/stacked.py",
        "self.passes.masks(number, run.identity) for run in runs]",
        "self.passes.masks(number, runs[0].identity) for run in runs]",
        ("test_passes.py::test_in_stacks_on_jax_they_are_the_same",),
    ),
    Mutant(
        "passes_of_another_class",
        "passes are compared by their first class, whatever the label",
        "methods/selection.py",
        "else of_label(passes, labels)",
        "else of_label(passes, 0 * labels)",
        ("test_passes.py::test_what_passes_disagree_about_is_not_selected",),
    ),
    Mutant(
        "passes_nobody_asks_for",
        "uncertainty of one teacher is ignored",
        "methods/selection.py",
        "selected &= apart < uncertainty",
        "selected &= (apart < uncertainty) | (passes is not None)",
        ("test_passes.py::test_what_passes_disagree_about_is_not_selected",),
    ),
    Mutant(
        "passes_of_shared_teachers",
        "shared teachers, which are trained without dropout, are asked for passes",
        "study/checks_of_selection.py",
        "    if taught is None:\n",
        "    if taught is None:\n        return\n    if False:\n",
        ("test_passes.py::test_what_has_no_dropout_is_refused",),
    ),
]
