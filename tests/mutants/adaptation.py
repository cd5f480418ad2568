"""Mutants of task-adaptive pretraining: what is learned from, what is masked, what starts where."""

from mutants.mutant import Mutant

_TESTS = "test_adaptation.py::"
_STUDY = "test_adaptation_study.py::"

LEARNED_FROM = [
    Mutant(
        "adapted_to_test_texts",
        "a transformer is adapted to all texts, those that it is tested on among them",
        "training/adaptation.py",
        "pool = np.sort(np.concatenate([split.labeled_idx, split.unlabeled_idx]))",
        "pool = np.arange(len(inputs))",
        (f"{_TESTS}test_neither_labels_nor_test_texts_are_seen",),
    ),
    Mutant(
        "adapted_to_labeled_texts",
        "a transformer is adapted to the texts that have labels alone",
        "training/adaptation.py",
        "pool = np.sort(np.concatenate([split.labeled_idx, split.unlabeled_idx]))",
        "pool = np.sort(split.labeled_idx)",
        (f"{_TESTS}test_neither_labels_nor_test_texts_are_seen",),
    ),
    Mutant(
        "adapted_by_label_budget",
        "which texts have labels decides what a transformer is adapted to",
        "training/adaptation.py",
        "pool = np.sort(np.concatenate([split.labeled_idx, split.unlabeled_idx]))",
        "pool = np.concatenate([split.labeled_idx, split.unlabeled_idx])",
        (f"{_TESTS}test_neither_labels_nor_test_texts_are_seen",),
    ),
]

MASKS = [
    Mutant(
        "special_tokens_asked_for",
        "a language model learns where texts begin and end, and to pad them",
        "text/language_model.py",
        "ordinary = ~np.isin(ids, vocabulary.special)\n    count",
        "ordinary = ids != -1\n    count",
        (f"{_TESTS}test_of_every_text_so_many_tokens_are_asked_for",),
    ),
    Mutant(
        "always_masks",
        "every token that is asked for is masked, as no text is later",
        "text/language_model.py",
        "ASKED, MASKED, RANDOM = 0.15, 0.8, 0.1",
        "ASKED, MASKED, RANDOM = 0.15, 1.0, 0.0",
        (f"{_TESTS}test_of_every_text_so_many_tokens_are_asked_for",),
    ),
    Mutant(
        "first_tokens_masked",
        "of every text the same tokens are masked, the first ones",
        "text/language_model.py",
        "drawn = np.where(ordinary, rng.random(ids.shape), 2)",
        "drawn = np.where(ordinary, rng.random() * np.ones(ids.shape), 2)",
        (f"{_TESTS}test_of_every_text_so_many_tokens_are_asked_for",),
    ),
    Mutant(
        "masks_of_the_first_step",
        "every step masks the same places",
        "training/adaptation.py",
        'generator(purpose="masks", step=step, **run.identity)',
        'generator(purpose="masks", **run.identity)',
        (f"{_TESTS}test_masks_are_drawn_anew_and_by_what_a_step_is",),
    ),
    Mutant(
        "texts_weigh_the_same",
        "a masked token of a long text counts less than one of a short text",
        "training/adaptation.py",
        ".sum(axis=1).astype(np.float32)",
        ".any(axis=1).astype(np.float32)",
        (f"{_TESTS}test_the_loss_is_that_of_the_masked_tokens_alone",),
    ),
]

STARTS = [
    Mutant(
        "adapted_weights_not_written",
        "what is written is what the transformer was before it was adapted",
        "training/adaptation.py",
        "language_model.save(self.network.model,",
        "self.network.reset(0) or language_model.save(self.network.model,",
        (f"{_TESTS}test_every_architecture_learns_to_predict_tokens",),
    ),
    Mutant(
        "pooler_drawn_for_everyone",
        "what a transformer's files lack is drawn once, and taken for pretrained",
        "text/language_model.py",
        'if name not in trained and name not in loaded["missing_keys"]',
        "if name not in trained",
        (f"{_TESTS}test_the_files_are_those_of_a_transformer",),
    ),
    Mutant(
        "weights_of_another_fold",
        "networks of all outer folds of a job start from the weights of the first one's texts",
        "training/runs.py",
        'starts = own.transformer and own.transformer["model"]',
        "starts = None",
        (f"{_TESTS}test_a_job_of_two_folds_starts_each_from_its_own",),
    ),
    Mutant(
        "start_of_no_content",
        "a run that starts from other weights in the same folder is taken for the same run",
        "training/job.py",
        '"files": sha256(Path(folder, WEIGHTS))}',
        '"files": ""}',
        (f"{_TESTS}test_a_job_of_two_folds_starts_each_from_its_own",),
    ),
    Mutant(
        "ended_adaptation_without_weights",
        "a job that is killed before it has written its weights writes those of the files",
        "training/adaptation.py",
        "return self._train(run, run.digest())",
        "return self.train(run)",
        (f"{_TESTS}test_a_killed_job_goes_on_where_it_was",),
    ),
    Mutant(
        "adapted_without_being_asked",
        "networks of a method that says adapt: false start from adapted weights",
        "study/adaptation.py",
        "own = settings[ADAPT] is not False and",
        "own =",
        (f"{_STUDY}test_methods_say_what_their_networks_start_from",),
    ),
    Mutant(
        "control_of_other_weights",
        "the fair control of students of plain weights starts from adapted ones",
        "study/methods.py",
        '"adapt", "transformer",',
        '"transformer",',
        (f"{_STUDY}test_methods_say_what_their_networks_start_from",),
    ),
    Mutant(
        "other_weights_are_fair",
        "a control of adapted weights is taken for the fair one of students of plain ones",
        "study/transformers.py",
        "own[ADAPT] = None if another or method.get(ADAPT) is False else how",
        "own[ADAPT] = how",
        (f"{_STUDY}test_a_control_of_other_weights_is_not_fair",),
    ),
]

CURVES = [
    Mutant(
        "curves_of_killed_steps",
        "steps that a killed job takes again are shown twice",
        "training/progress.py",
        "purge_step=begun + 1",
        "purge_step=None",
        ("test_progress.py::test_a_killed_job_goes_on_in_its_curves",),
    ),
    Mutant(
        "curves_train_anew",
        "who asks for curves trains everything anew",
        "study/transformers.py",
        "own.pop(TENSORBOARD, None)",
        "own.setdefault(TENSORBOARD, None)",
        ("test_progress.py::test_whether_there_are_curves_is_no_setting_of_a_training",),
    ),
    Mutant(
        "curves_by_tensorflow",
        "a job that trains a transformer loads TensorFlow to write curves",
        "training/progress.py",
        'sys.modules.setdefault("tensorboard.compat.notf"',
        'dict(sys.modules).setdefault("tensorboard.compat.notf"',
        ("test_progress.py::test_curves_do_not_load_tensorflow",),
    ),
]

LENGTHS = [
    Mutant(
        "one_length_for_all",
        "every candidate takes as many epochs as the dataset says, whatever is searched",
        "training/runs.py",
        'own = {"epochs": None, "steps": None} | own',
        'own = {"epochs": self.epochs, "steps": self.steps}',
        ("test_transformer_search.py::test_the_number_of_epochs_is_chosen_on_inner_folds",),
    ),
    Mutant(
        "schedule_of_the_longest",
        "a short training has the learning rates that a long one begins with",
        "training/schedules.py",
        "done = np.maximum(0, (step - warm) / max(1, steps - warm))",
        "done = np.maximum(0, (step - warm) / max(1, 2 * steps - warm))",
        ("test_transformer_search.py::test_the_number_of_epochs_is_chosen_on_inner_folds",),
    ),
]

ADAPTATION = [*LEARNED_FROM, *MASKS, *STARTS, *CURVES, *LENGTHS]
