"""Mutants of transformers that are deployed: what is kept, put together, loaded and asked."""

from mutants.mutant import Mutant

_TESTS = "test_assembled_transformers.py::"
_SAME = (f"{_TESTS}test_a_deployed_transformer_predicts_what_the_study_does",)
_PLAIN = (f"{_TESTS}test_plain_transformers_load_it",)

DEPLOYED_TRANSFORMERS = [
    Mutant(
        "deployed_transformer_with_dropout",
        "a deployed transformer predicts with the dropout of its files",
        "text/predicting.py",
        "    network.eval()\n",
        "    network.train()\n",
        _SAME,
    ),
    Mutant(
        "adapters_left_out",
        "a deployed transformer has the pretrained weights, and its adapters are gone",
        "text/classifier.py",
        "trained.model.merge_and_unload()",
        "trained.model.unload()",
        _SAME,
    ),
    Mutant(
        "classes_of_others",
        "Hugging Face's libraries call a class by the name of another",
        "deployment/assembly.py",
        "dict(enumerate(classes))",
        "dict(enumerate(classes[::-1]))",
        _PLAIN,
    ),
    Mutant(
        "one_member_again_and_again",
        "all members of a deployed ensemble are its first network",
        "deployment/assembly.py",
        'source / f"{name}.safetensors"',
        'source / "member_0.safetensors"',
        _SAME,
    ),
    Mutant(
        "untrained_transformer",
        "a deployed transformer has the head that it was built with, and no trained weight",
        "text/classifier.py",
        "    trained.restore([found[name] for name in trained._names()])\n",
        "    trained.reset(0)\n",
        _SAME,
    ),
    Mutant(
        "longer_texts_for_others",
        "who loads a deployed transformer gives it more of a text than the study has",
        "deployment/assembly.py",
        "tokenizer.model_max_length = length",
        "tokenizer.model_max_length = 40",
        _PLAIN,
    ),
    Mutant(
        "network_of_another_run",
        "after a kill a run that has ended keeps the network of whatever was trained before",
        "training/transformer.py",
        "            self.network.restore(ended.weights)\n",
        "",
        (f"{_TESTS}test_a_run_that_has_ended_before_a_kill_has_its_network",),
    ),
    Mutant(
        "large_networks_trained_twice",
        "a run whose network is large is trained again after a kill, though it has ended",
        "training/checkpoints.py",
        "if not waiting or together <= WAITING_BYTES:",
        "if together <= WAITING_BYTES:",
        (f"{_TESTS}test_a_run_that_has_ended_before_a_kill_has_its_network",),
    ),
    Mutant(
        "every_fold_keeps_transformers",
        "the folds of a study keep networks that nobody reads, of hundreds of megabytes each",
        "training/transformer.py",
        'self if self.own["kept"] else None',
        "self",
        (f"{_TESTS}test_folds_of_a_study_and_its_search_keep_nothing",),
    ),
    Mutant(
        "any_classes",
        "a network is believed to have the classes of model.json, in their order",
        "deployment/pretrained_networks.py",
        "!= model.classes:",
        "== [*range(99)]:",
        (f"{_TESTS}test_classes_in_another_order_are_an_error",),
    ),
    Mutant(
        "tokenizers_unchecked",
        "files beside a network may have changed since it was deployed",
        "deployment/model.py",
        "for name, expected in model.files.items()]",
        "for name, expected in model.files.items() if not name]",
        (f"{_TESTS}test_files_that_are_not_those_of_the_model_are_named",),
    ),
    Mutant(
        "tokens_of_half_a_text",
        "new texts are cut off earlier than the study's were",
        "text/streams.py",
        'tokens.encode_by(made_by, texts, settings["length"])',
        'tokens.encode_by(made_by, texts, settings["length"] // 2)',
        (f"{_TESTS}test_tables_are_labeled_some_texts_at_a_time",),
    ),
]
