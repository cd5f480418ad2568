"""Mutants of synthetic texts: what a generator reads, what is left out, who is trained on it."""

from mutants.mutant import Mutant

_TEXTS = "test_synthetic_texts.py::"
_METHODS = "test_synthetic_methods.py::"
_STUDY = "test_synthetic_study.py::"
_LEAKS = (f"{_TEXTS}test_neither_labels_nor_test_texts_reach_a_generator",)

READ = [
    Mutant(
        "generator_of_all_texts",
        "a generator reads the texts that are tested on",
        "text/pool.py",
        "    if transductive:\n",
        "    if not transductive or transductive:\n",
        (f"{_TEXTS}test_the_pool_has_no_test_text_and_tells_no_label", *_LEAKS),
    ),
    Mutant(
        "labeled_texts_first",
        "the order in which a generator reads texts tells which are labeled",
        "text/pool.py",
        "np.sort(np.concatenate(parts))",
        "np.concatenate(parts)",
        (f"{_TEXTS}test_the_pool_has_no_test_text_and_tells_no_label",),
    ),
    Mutant(
        "prompts_are_kept",
        "a synthetic text begins with its prompt, which names the class",
        "text/generator.py",
        "new = made[:, ids.shape[1] :]",
        "new = made[:, 0:]",
        (f"{_TEXTS}test_only_the_continuation_is_kept_and_its_length_is_bounded",),
    ),
    Mutant(
        "one_seed_for_all_batches",
        "all batches of a generator draw the same numbers",
        "training/generator.py",
        'seeded = identity | {"class": name, "batch": start // batch_size}',
        "seeded = identity",
        (f"{_TEXTS}test_a_batch_has_seeds_of_its_own",),
    ),
    Mutant(
        "adapted_anew_after_a_kill",
        "after a kill a generator goes on with an optimizer that has forgotten its past",
        "training/generator.py",
        'name: one if name == "step" else one.to(device)',
        'name: one if name == "step" else one * 0',
        (f"{_TEXTS}test_jobs_go_on_after_a_kill",),
    ),
]

LEFT_OUT = [
    Mutant(
        "empty_texts_are_kept",
        "a text without words is a training example",
        "text/filters.py",
        "        return EMPTY\n",
        "        return KEPT\n",
        (f"{_TEXTS}test_texts_without_words_and_short_ones_are_left_out",),
    ),
    Mutant(
        "short_texts_are_kept",
        "a text of two words is a training example",
        "text/filters.py",
        "if len(words) < min_words:",
        "if len(words) < min_words - 1:",
        (f"{_TEXTS}test_texts_without_words_and_short_ones_are_left_out",),
    ),
    Mutant(
        "echoes_are_kept",
        "a text that repeats its prompt is a training example",
        "text/filters.py",
        "        return ECHO\n",
        "        return KEPT\n",
        (f"{_TEXTS}test_a_text_that_repeats_its_prompt_is_left_out",),
    ),
    Mutant(
        "duplicates_are_kept",
        "the same text may be trained on many times",
        "text/filters.py",
        "            verdict = TWICE\n",
        "            verdict = KEPT\n",
        (f"{_TEXTS}test_of_texts_with_the_same_words_the_first_is_left",),
    ),
    Mutant(
        "copies_are_kept",
        "what a generator has learned by heart of the pool is called synthetic",
        "text/filters.py",
        "            verdicts[index] = COPY\n",
        "            verdicts[index] = KEPT\n",
        (
            f"{_TEXTS}test_a_text_that_shares_most_of_its_words_in_a_row_with_one_of_the_pool_is_left_out",
        ),
    ),
    Mutant(
        "copies_of_the_whole_pool",
        "a text is a copy whose rows of words stand here and there in the pool",
        "text/filters.py",
        "shared[index][number] += 1",
        "shared[index][0] += 1",
        (
            f"{_TEXTS}test_a_text_that_shares_most_of_its_words_in_a_row_with_one_of_the_pool_is_left_out",
        ),
    ),
    Mutant(
        "teacher_filters_nothing",
        "a text to which the teacher gives another class is kept",
        "methods/synthetic.py",
        "np.ones(len(labels), bool) if predicted is None else predicted == labels",
        "np.ones(len(labels), bool)",
        (f"{_METHODS}test_the_first_ones_of_every_class_are_chosen",),
    ),
    Mutant(
        "one_teacher_filters_for_all_inner_folds",
        "in the search texts are left out by a teacher that has learned the labels to be scored on",
        "methods/synthetic.py",
        "taught[part.name].synthetic",
        "next(iter(taught.values())).synthetic",
        (f"{_METHODS}test_a_teacher_of_each_inner_fold_filters_for_it",),
    ),
    Mutant(
        "final_teachers_filter_in_the_search",
        "in the search texts are left out by the final teachers, which have seen all labels",
        "study/plan_of_synthetic.py",
        'phase = getattr(wildcards, "phase", "final")',
        'phase = "final"',
        (f"{_STUDY}test_teachers_that_filter_are_asked_in_their_phase",),
    ),
]

TRAINED = [
    Mutant(
        "teachers_learn_synthetic_texts",
        "teachers that all methods share are trained on synthetic texts",
        "methods/teachers.py",
        "            examples=part.labeled_idx,\n"
        "            targets=part.labeled_y.astype(np.int32),\n",
        "            examples=np.append(part.labeled_idx, 12),\n"
        "            targets=np.append(part.labeled_y, 0).astype(np.int32),\n",
        (f"{_METHODS}test_teachers_are_not_trained_on_synthetic_examples_but_may_be_asked",),
    ),
    Mutant(
        "texts_of_another_fold",
        "a job of several folds trains on the synthetic texts of the first one alone",
        "methods/synthetic.py",
        "        first += len(labels)\n",
        "",
        (f"{_METHODS}test_a_control_has_the_synthetic_examples_of_its_fold",),
    ),
    Mutant(
        "a_class_without_synthetic_texts",
        "where a class has no synthetic text, the others are trained on, out of balance",
        "methods/synthetic.py",
        "if not all(map(len, chosen)):",
        "if not any(map(len, chosen)):",
        (f"{_METHODS}test_the_first_ones_of_every_class_are_chosen",),
    ),
    Mutant(
        "a_chain_goes_on_without_synthetic_texts",
        "a chain that should have synthetic texts, and has none, is scored as if it had",
        "methods/generation.py",
        "if chain.generations and not len(some.examples)",
        "if chain.generations and len(some.examples) < 0",
        (f"{_METHODS}test_a_chain_without_a_synthetic_example_of_a_class_ends",),
    ),
    Mutant(
        "controls_without_synthetic_texts",
        "students with synthetic texts are compared with a control that has none",
        "study/methods.py",
        'left_out = {} if generations(config, liked) else {"synthetic": None}',
        'left_out = {"synthetic": None}',
        (f"{_STUDY}test_controls_are_added_with_synthetic_texts_and_without",),
    ),
    Mutant(
        "controls_of_controls_with_synthetic_texts",
        "a control with synthetic texts is compared with itself",
        "study/methods.py",
        'left_out = {} if generations(config, liked) else {"synthetic": None}',
        "left_out: dict[str, None] = {}",
        (f"{_STUDY}test_controls_are_added_with_synthetic_texts_and_without",),
    ),
    Mutant(
        "controls_of_controls_with_other_seeds",
        "the control of a control that takes a chain's steps starts from other weights than it",
        "methods/controls.py",
        'generation = next(one["generation"] for one in reversed(final) if one is not None)',
        "generation = len(steps) - 1",
        (f"{_METHODS}test_a_control_of_a_control_takes_its_steps_and_seeds",),
    ),
]

WEIGHED = [
    Mutant(
        "synthetic_texts_weigh_as_much",
        "synthetic examples count as much as labeled ones, whatever weight the config gives them",
        "training/batches.py",
        "weights = weights * own * part /",
        "weights = weights * own / own * part /",
        (f"{_METHODS}test_weights_of_examples_by_hand",),
    ),
    Mutant(
        "weights_are_no_part_of_a_run",
        "two runs that differ in the weights of their examples are trained once",
        "training/runs.py",
        "for some in (self.unlabeled, self.weights) if",
        "for some in (self.unlabeled,) if",
        (f"{_METHODS}test_weights_are_part_of_what_a_run_is",),
    ),
    Mutant(
        "pseudo_labels_are_weighed",
        "pseudo-labels have the weight of synthetic examples, and these that of labels",
        "methods/synthetic.py",
        "return np.concatenate([own[:given], others, own[given:]])",
        "return np.concatenate([own, others])",
        (f"{_METHODS}test_synthetic_examples_stand_between_labels_and_pseudo_labels",),
    ),
]

SYNTHETIC = [*READ, *LEFT_OUT, *TRAINED, *WEIGHED]
