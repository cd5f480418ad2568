"""Mutants of accidents: two who write the same, what can't be written, what is found too late."""

from mutants.mutant import Mutant

PLACES = [
    Mutant(
        "two_make_the_same_study",
        "two that are alive on one machine may write the results of one study",
        "claims.py",
        "if other != here.sign and both and",
        "if False and both and",
        ("test_places.py::test_two_that_make_the_same",),
    ),
    Mutant(
        "another_machine_is_dead",
        "who gave a sign of life on another machine counts as dead",
        "claims.py",
        "other.stat().st_mtime < presence.DEAD_AFTER",
        "other.stat().st_mtime < 0",
        ("test_places.py::test_two_that_make_the_same",),
    ),
    Mutant(
        "a_name_fits_a_wildcard_too",
        "a folder has the place of a file, as a wildcard stands for the names of folders",
        "places.py",
        "fitting = fitting or [place",
        "fitting = fitting + [place",
        ("test_places.py::test_what_stands_at_the_place_of_something_else",),
    ),
    Mutant(
        "what_can_be_read_can_be_written",
        "a folder of somebody else, that can be read, is thought to be writable",
        "places.py",
        "    if not os.access(path, os.W_OK | os.X_OK):",
        "    if not os.access(path, os.R_OK | os.X_OK):",
        ("test_places.py::test_a_folder_of_somebody_else",),
    ),
    Mutant(
        "later_generations_are_not_tried",
        "of a list of backbones only the first is tried before training",
        "study/tried.py",
        "in range(count)\n",
        "in range(1)\n",
        ("test_tried.py::test_only_backbones_of_the_user_s_own_are_tried",),
    ),
    Mutant(
        "a_trial_predicts_nothing",
        "a backbone that gives logits is found when it trains",
        "training/trial.py",
        "        outputs.try_out(settings.backbone, model, inputs)\n",
        "",
        ("test_tried.py::test_a_trial_finds_what_is_wrong",),
    ),
    Mutant(
        "sides_by_their_longest",
        "images that are long enough in one direction are large enough",
        "data/data_check.py",
        "min(shape[1:3]) < least",
        "max(shape[1:3]) < least",
        ("test_tried.py::test_images_that_are_too_small_for_a_method",),
    ),
    Mutant(
        "archives_are_as_large_as_on_the_disk",
        "a compressed archive is thought to take no more memory than its file",
        "data/unpacked.py",
        "member.file_size",
        "member.compress_size",
        ("test_unpacked.py::test_a_compressed_archive_is_as_large_as_what_is_in_it",),
    ),
]
