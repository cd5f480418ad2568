"""Mutants of datasets on the Hugging Face hub: which files are a split, whether they are whole."""

from mutants.mutant import Mutant


def _test(name: str) -> tuple[str]:
    return (f"test_hub.py::test_{name}",)


HUB = [
    Mutant(
        "damaged_files_of_the_hub_kept",
        "what arrives is used whatever its SHA-256",
        "data/hub.py",
        "    if not _is_whole(part, expected):",
        "    if False:",
        _test("a_damaged_file_is_told_and_not_kept"),
    ),
    Mutant(
        "small_files_of_the_hub_not_checked",
        "a file that git keeps itself is used whatever is in it",
        "data/hub.py",
        "git_hash(file.read_bytes()) == expected.blob_id",
        "True",
        _test("a_small_file_that_git_keeps_is_checked_by_its_hash"),
    ),
    Mutant(
        "downloads_of_the_hub_begin_anew",
        "what a killed download has left is thrown away",
        "data/hub.py",
        "have = part.stat().st_size if part.exists() else 0",
        "part.unlink(missing_ok=True)\n    have = 0",
        _test("what_a_killed_download_has_left_is_used"),
    ),
    Mutant(
        "files_of_any_commit",
        "files of another commit than the config's are used",
        "data/hub.py",
        "if found.sha != repository.revision:",
        "if False:",
        _test("files_of_another_commit_are_none"),
    ),
    Mutant(
        "laid_files_fetched",
        "files that were laid by hand are asked for all the same",
        "data/hub_files.py",
        "if not names or parts.exists()",
        "if True or parts.exists()",
        _test("files_laid_by_hand_are_used_and_nothing_is_downloaded"),
    ),
    Mutant(
        "half_a_split_laid",
        "one of two files that were laid is taken for the whole split",
        "data/hub_files.py",
        " or hub_splits.missing(names):",
        ":",
        _test("without_a_network_it_says_what_to_lay_where"),
    ),
    Mutant(
        "half_a_split_left",
        "what an interrupted download has left is taken for the whole split",
        "data/hub_files.py",
        "if not names or parts.exists() or",
        "if not names or",
        _test("an_interrupted_download_is_not_taken_for_what_was_laid"),
    ),
    Mutant(
        "encoders_in_both_forms",
        "an encoder's weights are fetched in all forms that they have",
        "data/encoders.py",
        "            return named + weights + index",
        "            named = named + weights + index",
        _test("an_encoder_is_downloaded_with_what_it_is_loaded_from"),
    ),
    Mutant(
        "half_an_encoder",
        "an encoder of which weights are missing is taken for a whole one",
        "data/encoders.py",
        "whole = not shards or len(shards) == int(shards[0])",
        "whole = True",
        _test("what_is_no_encoder_or_a_part_of_one_is_told"),
    ),
    Mutant(
        "first_file_of_a_split",
        "of a split in several files the first one is read",
        "text/tables.py",
        "            cells.extend(other.cells[name])",
        "            cells.extend([])",
        _test("a_split_is_downloaded_with_all_its_parts_in_order"),
    ),
    Mutant(
        "files_of_a_split_in_any_order",
        "files of a split are in the order of the hub's answer, and rows with them",
        "data/hub_splits.py",
        "for path in sorted(paths):",
        "for path in paths:",
        _test("files_of_a_split_are_told_by_their_names"),
    ),
    Mutant(
        "files_of_all_subsets",
        "files of several subsets make one split",
        "data/hub_splits.py",
        "    if len(by_subset) > 1:",
        "    if False:",
        _test("files_that_could_be_of_several_subsets_are_told"),
    ),
    Mutant(
        "names_of_other_classes",
        "classes have the first names of the file, whichever of them occur",
        "data/cells.py",
        "[name for name in by_number.values() if name in occur]",
        "list(by_number.values())[: len(occur)]",
        _test("names_of_classes_are_those_of_the_files"),
    ),
    Mutant(
        "test_split_not_a_test_file",
        "a test split is not what is scored on",
        "study/hub.py",
        '"test_split": "test_path"',
        '"test_split": "test_file"',
        _test("a_dataset_is_prepared_with_its_test_and_unlabeled_splits"),
    ),
    Mutant(
        "tested_on_what_is_trained_on",
        "the split that is trained on may be the test split",
        "study/hub.py",
        "        if other != name:",
        "        if False:",
        _test("a_wrong_config_is_told"),
    ),
    Mutant(
        "splits_are_sources",
        "splits of one dataset are units of their own in tests over datasets",
        "study/config.py",
        'default = "/".join(filter(None, (dataset["name"], dataset.get("subset"))))',
        "default = source",
        _test("splits_of_one_dataset_are_one_source"),
    ),
]
