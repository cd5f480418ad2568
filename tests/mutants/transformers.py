"""Mutants of pretrained transformers: what starts where, steps, noise, what can't be."""

from mutants.mutant import Mutant

_TESTS = "test_transformer.py::"

STARTS = [
    Mutant(
        "heads_of_the_files",
        "networks start from the head that somebody has trained on other classes",
        "text/classifier.py",
        "lacking(model, network, loaded) | heads,",
        "lacking(model, network, loaded),",
        (f"{_TESTS}test_a_head_is_new_whatever_the_files_have",),
    ),
    Mutant(
        "students_start_from_their_teacher",
        "a network goes on from the weights of the run before it",
        "text/classifier.py",
        "parameters[name].copy_(value)",
        "parameters[name].copy_(parameters[name])",
        (f"{_TESTS}test_a_head_is_new_whatever_the_files_have",),
    ),
    Mutant(
        "members_with_one_head",
        "all members of an ensemble start from one head, and differ in their order alone",
        "text/classifier.py",
        "torch.Generator().manual_seed(seed)",
        "torch.Generator().manual_seed(0)",
        (f"{_TESTS}test_a_head_is_new_whatever_the_files_have",),
    ),
    Mutant(
        "adapters_that_change_at_first",
        "an adapter changes the pretrained network before a step is taken",
        "text/classifier.py",
        'elif "lora_B" in name or name.endswith("bias"):',
        'elif name.endswith("bias"):',
        (f"{_TESTS}test_adapters_change_nothing_at_first",),
    ),
    Mutant(
        "half_a_network",
        "layers whose weights are missing are drawn at random, and called pretrained",
        "text/classifier.py",
        "    if gone:\n",
        "    if len(gone) > 100:\n",
        (f"{_TESTS}test_weights_of_another_size_are_told",),
    ),
]

STEPS = [
    Mutant(
        "parts_weigh_the_same",
        "where a batch is computed in parts, a small part weighs as much as a large one",
        "training/transformer.py",
        "part = (losses * weights).sum() / total",
        "part = (losses * weights).sum() / weights.sum() * len(weights) / len(batch.ids)",
        (f"{_TESTS}test_a_batch_in_parts_is_the_batch",),
    ),
    Mutant(
        "one_rate",
        "the learning rate neither rises nor falls",
        "training/transformer.py",
        'group["lr"] = batch.rate',
        'group["lr"] = 0.003',
        (f"{_TESTS}test_a_run_is_what_plain_pytorch_does",),
    ),
    Mutant(
        "distilled_too_little",
        "soft labels of a high temperature hardly count in a transformer's loss",
        "training/transformer.py",
        "return losses * temperatures.square()",
        "return losses * temperatures",
        (f"{_TESTS}test_what_is_distilled_is_learned_at_its_temperature",),
    ),
    Mutant(
        "moments_lost",
        "after a kill a transformer goes on with an optimizer that has forgotten its past",
        "training/transformer.py",
        'name: one if name == "step" else one.to(self.device)',
        'name: one if name == "step" else one * 0',
        (f"{_TESTS}test_a_killed_run_goes_on_where_it_was",),
    ),
    Mutant(
        "dropout_begins_anew",
        "after a kill dropout leaves out what it has left out in a transformer's first steps",
        "training/transformer.py",
        'purpose="model noise", step=step,',
        'purpose="model noise", step=step - begun,',
        (f"{_TESTS}test_a_killed_run_goes_on_where_it_was",),
    ),
    Mutant(
        "padding_is_read",
        "a text means something else when it is padded",
        "text/predicting.py",
        "attention_mask=(shown != pad).long()",
        "attention_mask=torch.ones_like(shown)",
        (f"{_TESTS}test_what_is_predicted_does_not_depend_on_the_order_it_is_asked_in",),
    ),
    Mutant(
        "transformers_start_keras",
        "a job that trains a transformer imports Keras, too",
        "training/job.py",
        "        return dotted_paths.find(settings.backbone).framework\n",
        "        from self_training.training import framework\n\n"
        "        assert framework\n"
        "        return dotted_paths.find(settings.backbone).framework\n",
        (f"{_TESTS}test_a_job_imports_pytorch_alone",),
    ),
]

DRAWN = [
    Mutant(
        "dropout_of_the_files",
        "teachers have the dropout that a transformer's authors had",
        "text/pretrained.py",
        "setattr(config, key, 0.0 if",
        "dropout and setattr(config, key, 0.0 if",
        (f"{_TESTS}test_dropout_is_what_the_study_says_and_off_at_prediction",),
    ),
    Mutant(
        "noisy_predictions",
        "a transformer predicts with dropout",
        "text/predicting.py",
        "    network.eval()\n",
        "",
        (f"{_TESTS}test_dropout_is_what_the_study_says_and_off_at_prediction",),
    ),
    Mutant(
        "dropout_of_no_seed",
        "what dropout leaves out depends on what the process has drawn before",
        "training/transformer.py",
        'torch.manual_seed(derive_seed(purpose="model noise", step=step, **run.identity))',
        "torch.rand(1)",
        (f"{_TESTS}test_a_run_is_the_same_alone_in_a_job_and_after_a_kill",),
    ),
    Mutant(
        "noise_of_special_tokens",
        "noise leaves out and moves the tokens that a text begins and ends with",
        "text/tokens.py",
        "special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}",
        "special = {tokenizer.pad_token_id}",
        (f"{_TESTS}test_noise_leaves_special_tokens_and_padding_alone",),
    ),
]

CANNOT_BE = [
    Mutant(
        "positions_that_are_not_there",
        "texts may be longer than RoBERTa has positions",
        "text/tokens.py",
        "positions -= config.pad_token_id + 1",
        "positions -= 0",
        (f"{_TESTS}test_texts_are_no_longer_than_there_are_positions",),
    ),
    Mutant(
        "any_tokenizer",
        "a tokenizer may have more tokens than the network has embeddings",
        "text/tokens.py",
        "if len(tokenizer) > config.vocab_size:",
        "if len(tokenizer) > 2**31:",
        (f"{_TESTS}test_a_tokenizer_of_another_transformer_is_told",),
    ),
    Mutant(
        "half_of_the_layers",
        "layers that are not there get no adapters, and nobody is told",
        "text/classifier.py",
        'if not any(name.endswith(f".{some}") for name in found):',
        "if not found:",
        (f"{_TESTS}test_layers_that_are_not_there_are_told",),
    ),
    Mutant(
        "files_of_a_transformer_do_not_count",
        "a transformer's files can change, and nothing is trained anew",
        "study/plan.py",
        '{"files": files, "kept"',
        '{"files": files and None, "kept"',
        ("test_transformer_study.py::test_a_transformer_is_planned",),
    ),
    Mutant(
        "smaller_students_are_as_large",
        "a method's own transformer is left aside: its students are of the encoder's",
        "study/transformers.py",
        "another = method.get(TRANSFORMER)",
        "another = None",
        ("test_transformer_study.py::test_a_method_may_have_another_transformer",),
    ),
    Mutant(
        "other_tokens_are_taken",
        "a student of another tokenizer is given ids that mean other words to it",
        "study/transformers.py",
        "if all(ids) and ids[0] != ids[1]:",
        "if not all(ids) and ids[0] != ids[1]:",
        ("test_transformer_study.py::test_a_method_may_have_another_transformer",),
    ),
]

TRANSFORMERS = [*STARTS, *STEPS, *DRAWN, *CANNOT_BE]
